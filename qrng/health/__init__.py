"""Health tests of the raw bits, and the gate that they guard.

SP 800-90B section 4. `Gate` stands in a running generator, `scan` judges a finite capture before it is used;
both run the tests that registry.py lists.
"""

from qrng.health.base import Alarm, HealthTest, Setting
from qrng.health.gate import Gate
from qrng.health.scan import HealthReport, scan
from qrng.health.states import State

__all__ = ["Alarm", "Gate", "HealthReport", "HealthTest", "Setting", "State", "scan"]
