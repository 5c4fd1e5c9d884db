"""A degraded source in a running `qrng stream`: exit code 4, and each byte that came out traced to its raw bits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qrng import open_source
from qrng.extractors import Toeplitz
from qrng.faults import inject, parse

N, M = 65_536, 58_752  # m = k + 2 + 2 (-64 - 32), a whole number of bytes
CLAIM = (M + 190) / N
SOURCE, FAULT_AT, START_UP, QUARANTINE = "sim:?qubits=8&seed=7", 3_000_000, 1024, 65_536
SEED = b"\xa5"

# The command itself, with an operating system that always gives the same bytes: the extractor's seed is known.
RUN = f"import os; os.urandom = lambda n: {SEED!r} * n; from qrng.cli import main; main()"


@pytest.mark.parametrize(
    "fault",
    [
        f"stuck_lane:lane=3,start={FAULT_AT}",
        f"burst:start={FAULT_AT},length=60",
        f"bias:start={FAULT_AT},amount=0.4",
        f"copy_lane:lane=5,source=2,start={FAULT_AT}",
    ],
)
def test_no_byte_of_the_degraded_stretch_comes_out(fault: str, tmp_path: Path) -> None:
    options = ["--pure", "--replay", "--no-allowance", "--claim", repr(CLAIM), "--bytes", "10000000"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, "stream", "--source", SOURCE, "--fault", fault, *options],
        capture_output=True,
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if not key.startswith("QRNG_")},
        timeout=120,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert b"alarmed at sample" in done.stderr

    total = FAULT_AT + 2 * QUARANTINE
    degraded = inject(open_source(SOURCE), parse(fault)).read(total).symbols()
    healthy = open_source(SOURCE).read(total).symbols()
    (differs,) = np.nonzero(degraded != healthy)
    assert FAULT_AT <= differs[0] < FAULT_AT + 64
    extractor = Toeplitz(N, M)
    seed = SEED * extractor.seed_bytes

    def block(i: int) -> bytes:
        """What raw bits START_UP + i N to START_UP + (i + 1) N of the degraded source become."""
        at = START_UP + i * N
        return bytes(extractor.extract(np.packbits(degraded[at : at + N]), seed))

    # Byte k of the output is made of block k // (M / 8) alone, and of no other raw bit.
    blocks = -(-len(done.stdout) // (M // 8))
    assert blocks > 20
    assert done.stdout == b"".join(map(block, range(blocks)))[: len(done.stdout)]
    last_raw_bit = START_UP + blocks * N - 1
    alarm = int(done.stderr.split(b"alarmed at sample ")[1].split()[0].rstrip(b",;:."))
    assert differs[0] <= alarm
    assert last_raw_bit < FAULT_AT
    assert last_raw_bit + QUARANTINE <= alarm  # each was followed by a quarantine without an alarm
    # The test can fail: the first block with a degraded bit would have looked different.
    touched = (int(differs[0]) - START_UP) // N
    at = START_UP + touched * N
    assert block(touched) != bytes(extractor.extract(np.packbits(healthy[at : at + N]), seed))
