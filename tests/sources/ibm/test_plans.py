"""Jobs are sized to the limits of platform and backend, and costed by what they execute."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.errors import ParameterError
from qrng.sources.ibm.circuits import KNOWN_ANSWERS
from qrng.sources.ibm.plans import JobPlan, Limits, cost, limits_of, make_plans

FEZ = Limits(shots=100_000, circuits=300, rep_delay=(0.0, 5e-4), default_rep_delay=2.5e-4)


def test_a_job_takes_what_the_platform_executes_at_once() -> None:
    (plan,) = make_plans(tuple(range(156)), 25_000)
    assert (plan.hadamards, plan.shots) == (3, math.ceil(25_000 / 3))
    assert make_plans((0,), 7)[0].shots == 7
    make_plans((0,), 9_980_000)
    for shots in (0, 10_000_000):
        with pytest.raises(ParameterError):
            make_plans((0,), shots)
    with pytest.raises(ParameterError, match="mode=batch"):
        make_plans((0,), 10_000_000)
    assert len(make_plans((0,), 10_000_000, mode="batch")) == 2


def test_shots_a_setting_are_as_asked_for_where_circuits_suffice() -> None:
    def plan(group: int | None, limits: Limits | None = None) -> JobPlan:
        return make_plans((0, 1), 10_000, circuit="chsh", group=group, limits=limits)[0]

    assert (plan(None).hadamards, plan(16).hadamards, plan(16).shots) == (64, 625, 16)
    assert (plan(16, FEZ).hadamards, plan(16, FEZ).shots) == (298, 34)


@given(
    shots=st.integers(1, 30_000_000),
    most_shots=st.integers(100, 200_000),
    circuits=st.none() | st.integers(3, 2000),
    circuit=st.sampled_from(["hadamard", "chsh"]),
)
def test_no_plan_breaks_a_limit_and_all_bring_the_shots(
    shots: int, most_shots: int, circuits: int | None, circuit: str
) -> None:
    limits = Limits(shots=most_shots, circuits=circuits)
    plans = make_plans((0, 1), shots, circuit=circuit, mode="batch", limits=limits)
    assert sum(plan.hadamards * plan.shots for plan in plans) >= shots
    for plan in plans:
        assert 1 <= plan.shots <= most_shots
        assert plan.hadamards >= 1
        assert (plan.hadamards + KNOWN_ANSWERS) * plan.shots <= limits.executions
        assert circuits is None or plan.hadamards + KNOWN_ANSWERS <= circuits


def test_limits_come_from_the_backend(ibm_extra: None) -> None:
    from qiskit_ibm_runtime.fake_provider import FakeFez

    backend: Any = FakeFez()
    found = limits_of(backend)
    assert (found.shots, found.circuits, found.executions) == (100_000, 300, 10_000_000)
    assert found.rep_delay == pytest.approx((0.0, 5e-4))
    assert found.default_rep_delay == pytest.approx(2.5e-4)
    assert found.readout == pytest.approx(1.56e-6)


@pytest.mark.parametrize("delay", [-1e-6, 6e-4, math.nan, math.inf])
def test_a_delay_that_the_backend_can_not_hold_is_refused_before_anything_is_sent(delay: float) -> None:
    make_plans((0,), 10, 3e-4, limits=FEZ)
    with pytest.raises(ParameterError, match="rep_delay"):
        make_plans((0,), 10, delay, limits=FEZ)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mode": "session"}, "job, batch"),
        ({"circuit": "w"}, "hadamard, chsh"),
        ({"circuit": "chsh"}, "even number"),
        ({"qubits": ()}, "no qubits"),
        ({"group": 4}, "chsh circuits"),
        ({"group": 0, "circuit": "chsh", "qubits": (0, 1)}, "at least one shot"),
        ({"limits": Limits(circuits=2)}, "no room"),
    ],
)
def test_what_can_not_be_planned_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        make_plans(**{"qubits": (0, 1, 2), "shots": 10, **options})


def test_the_cost_is_executions_times_the_time_of_a_shot() -> None:
    plans = [JobPlan(tuple(range(100)), 8, 1000)] * 2
    found = cost(plans, 2.5e-4, 1.5e-6, 0.5e-6, 0.5)
    assert found.executions == 2 * 10 * 1000
    assert found.shot == pytest.approx(252e-6)
    assert found.seconds == pytest.approx(5.04)
    assert found.raw_bits == 2 * 8 * 1000 * 100
    assert found.per_raw_megabit == pytest.approx(5.04 / 1.6)
    assert found.per_megabit == pytest.approx(2 * 5.04 / 1.6)
    own_delay = cost([JobPlan((0,), 8, 1000, rep_delay=0.0)], 2.5e-4, 1e-6)
    assert (own_delay.seconds, own_delay.per_megabit) == (pytest.approx(0.01), None)
    for times in ((0, 0, 0), (-1, 1, 1), (math.nan, 1, 1), (math.inf, 1, 1)):
        with pytest.raises(ParameterError):
            cost(plans, *times)
    for entropy in (0, 1.01, math.nan):
        with pytest.raises(ParameterError):
            cost(plans, 1, 1, 1, entropy)
    with pytest.raises(ParameterError):
        cost([], 1, 1)
