"""A monitor that outlives its process: everything it knows as bytes, and a monitor from those bytes.

Evidence, windows, runs, start-up, alarms and the state go on where they were, so that no guarantee is lost
and nothing is forgiven by stopping a process: FAILED stays FAILED. The bytes hold the last raw bits of the
stream, up to 2^24: keep them as raw bits are kept. They are checked by a hash, which finds damage and no
forgery.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from qrng.errors import HealthFailure
from qrng.health.base import Alarm, Setting
from qrng.health.monitor import Monitor
from qrng.health.registry import Maker
from qrng.health.startup import Startup
from qrng.health.states import Latch

__all__ = ["load", "save"]

_SCHEMA = "qrng.health.state/1"


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def save(monitor: Monitor) -> bytes:
    """Everything that `load` needs to go on.

    Raises:
        ParameterError: a health test in force can't be saved: a plug-in's own `HealthTest` without a `save`.
    """
    setting = monitor.setting
    content = {
        "schema": _SCHEMA,
        "setting": {
            "bits_per_symbol": setting.bits_per_symbol,
            "lanes": monitor.lanes.total,
            "claim_bits": str(setting.claim_bits),
            "alpha_log2": setting.alpha_log2,
            "run_length_log2": setting.run_length_log2,
            "side_data": list(setting.side_data),
            "every_bit": setting.every_bit,
        },
        "dropped": monitor.lanes.dropped,
        "before": monitor._before,
        "samples": monitor.samples,
        "runs": monitor.runs,
        "startup": [monitor.startup.symbols, monitor.startup.left],
        "alarms": [alarm.as_dict() for alarm in monitor.alarms],
        "latch": monitor.latch.as_dict(),
        "tests": [[test.name, base64.b64encode(test.save()).decode()] for test in monitor.tests],
    }
    return json.dumps(content | {"sha256": _digest(content)}).encode()


def load(data: bytes, more: Sequence[Maker] = ()) -> Monitor:
    """The monitor that `save` wrote, to be given the symbol after the last.

    Args:
        data: what `save` gave.
        more: makers of the tests that ran beside those in force, the same as then: the state of a model is taken up
            by that model alone.

    Raises:
        HealthFailure: the bytes are damaged, of another version, or the health tests in force are not the
        same.
    """
    try:
        content = json.loads(data)
        if content.pop("sha256") != _digest(content) or content["schema"] != _SCHEMA:
            raise ValueError("damaged, or of another version")
        given = content["setting"]
        setting = Setting(
            **(given | {"claim_bits": Fraction(given["claim_bits"]), "side_data": tuple(given["side_data"])})
        )
        monitor = Monitor(setting, content["startup"][0], more, without=map(int, content["dropped"]))
        if [test.name for test in monitor.tests] != [name for name, _ in content["tests"]]:
            raise ValueError("other health tests are in force now")
        for test, (_, state) in zip(monitor.tests, content["tests"], strict=True):
            test.restore(base64.b64decode(state, validate=True))
        monitor.startup = Startup(content["startup"][0])
        monitor.startup.take(content["startup"][0] - content["startup"][1])
        bound, samples, runs = content["before"]
        monitor._before = (float(bound), int(samples), int(runs))
        monitor.samples, monitor.runs = int(content["samples"]), int(content["runs"])
        monitor.alarms = [Alarm(**alarm) for alarm in content["alarms"]]
        monitor.latch = Latch.from_dict(content["latch"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HealthFailure(f"a saved health monitor can't be taken up ({error}): begin a new one") from error
    return monitor
