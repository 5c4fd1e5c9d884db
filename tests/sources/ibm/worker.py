"""A process that submits and collects one job after another with the true client, until it is killed.

Started by test_kills.py: it imports the client once, then forks a child for each line on stdin, whose number it prints;
the child prints one line when it begins.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def service(url: str, key: str, crn: str) -> Any:
    from qiskit_ibm_runtime import QiskitRuntimeService

    from qrng.sources.ibm import client

    client.prepare()
    with client.guarded("connecting"):
        return QiskitRuntimeService(
            channel="ibm_quantum_platform", token=key, instance=crn, url=url, url_resolver=lambda *_: url
        )


def work(url: str, key: str, crn: str, folder: Path) -> None:
    """Jobs that were left over first, then new ones, for ever."""
    from qrng.container import ContainerWriter
    from qrng.files import atomic_write
    from qrng.sources.ibm import jobs
    from qrng.sources.ibm.ledger import Ledger
    from qrng.sources.ibm.source import IbmSource

    ledger = Ledger(folder / "jobs.sqlite")
    with IbmSource("ibm_loop", shots=40, ledger=str(ledger.path), service=service(url, key, crn)) as source:
        while True:
            jobs.reconcile(source.service, ledger)
            for entry in [entry for entry in ledger.entries() if entry.state == "submitted"]:
                samples = jobs.collect(source.service, entry, ledger)
                path = folder / f"{entry.job}.qrng"
                with atomic_write(str(path)) as stream:
                    writer = ContainerWriter(stream, 1, samples.lanes, samples.provenance)
                    writer.write(samples)
                    writer.finish()
                ledger.close(entry.tag, "collected", path.name)
            source.submit()


def main() -> None:
    url, key, crn, folder = sys.argv[1:]
    service(url, key, crn)  # everything is imported before the first fork
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            os.write(1, b"begun\n")
            work(url, key, crn, Path(folder))
        os.write(1, f"{child}\n".encode())
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
