"""What a statistical test is: name, section of SP 800-22, parameters, a function from bits to p-values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from nist_sts.kernels import Request
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError

__all__ = ["MODES", "Mode", "NotApplicable", "Outcome", "Parameters", "StatisticalTest"]

Mode = Literal["nist", "corrected"]
"""nist: the p-values of NIST STS 2.1.2. corrected: the known defects of its laws mended, test by test."""

MODES: tuple[Mode, ...] = get_args(Mode)

Parameters = Mapping[str, Any]


class NotApplicable(Exception):
    """The test says nothing about this sequence; the message is the reason."""


@dataclass(frozen=True)
class Outcome:
    """What one test found in one sequence.

    Attributes:
        p_values: one for each label of the test, in [0, 1].
        statistics: the quantities that SP 800-22 computes on the way, under its own names.
    """

    p_values: tuple[float, ...]
    statistics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StatisticalTest:
    """One test of SP 800-22.

    Attributes:
        name: its name in reports, as docs and scripts know it.
        section: of SP 800-22 revision 1a.
        evaluate: sequence, mode, parameters to Outcome; raises NotApplicable.
        minimum: mode, parameters to the shortest sequence, in bits, that the battery gives to this test.
        parameters: names and default values.
        check: raises ParameterError for parameters that make no test.
        labels: names of the p-values, in order; one empty name for a test with a single p-value.
        correction: what corrected mode mends, with its reference; empty where nothing is wrong.
        attained: x and n to P(p-value < x) in corrected mode, for an exact p-value on a coarse lattice; None where
            that is close to x.
        requests: n, mode, parameters to what `evaluate` asks of the kernels for n >= minimum, so that the battery can
            ask for all tests at once.
    """

    name: str
    section: str
    evaluate: Callable[[Sequence, Mode, Parameters], Outcome]
    minimum: Callable[[Mode, Parameters], int]
    parameters: Parameters = field(default_factory=dict)
    check: Callable[[Parameters], None] = lambda parameters: None
    labels: Callable[[Parameters], tuple[str, ...]] = lambda parameters: ("",)
    correction: str = ""
    attained: Callable[[float, int], float] | None = None
    requests: Callable[[int, Mode, Parameters], tuple[Request, ...]] = lambda n, mode, parameters: ()

    def with_defaults(self, given: Parameters) -> dict[str, Any]:
        """All parameters: those given, defaults for the rest. ParameterError for an unknown one."""
        for name, value in given.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise ParameterError(f"{self.name} has no parameter {name!r}; it has: {known}")
            default = self.parameters[name]
            if type(value) is not type(default):
                raise ParameterError(f"{self.name}.{name} must be {type(default).__name__}, not {value!r}")
        merged = {**self.parameters, **given}
        self.check(merged)
        return merged

    def __call__(self, sequence: Sequence, mode: Mode = "corrected", **given: Any) -> Outcome:
        """Evaluate one sequence, however short. NotApplicable where the statistic does not exist for it."""
        return self.evaluate(sequence, mode, self.with_defaults(given))
