"""qrng.secrets stands in for the standard module: the same names, types, ranges and errors."""

from __future__ import annotations

import base64
import inspect
import secrets as standard
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from qrng import default, secrets
from qrng.errors import HealthAlarm, ParameterError


@pytest.fixture(autouse=True)
def default_generator(fixed_bytes: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(default, "_generator", fixed_bytes)
    return fixed_bytes


CALLS: list[Callable[[Any], Any]] = [
    lambda s: s.token_bytes(),
    lambda s: s.token_bytes(0),
    lambda s: s.token_bytes(5),
    lambda s: s.token_hex(),
    lambda s: s.token_hex(5),
    lambda s: s.token_urlsafe(),
    lambda s: s.token_urlsafe(5),
    lambda s: s.token_urlsafe(6),
    lambda s: s.randbelow(1),
    lambda s: s.randbelow(1000),
    lambda s: s.randbits(0),
    lambda s: s.randbits(17),
    lambda s: s.choice("x"),
    lambda s: s.choice([7]),
    lambda s: s.SystemRandom().random(),
    lambda s: s.compare_digest(b"a", b"a"),
    lambda s: s.compare_digest(b"a", b"b"),
]


def test_every_name_of_the_standard_module_is_there_with_its_parameters() -> None:
    assert sorted(secrets.__all__) == sorted(standard.__all__)
    for name in ("randbelow", "token_bytes", "token_hex", "token_urlsafe"):
        ours, theirs = (list(inspect.signature(getattr(m, name)).parameters) for m in (secrets, standard))
        assert ours == theirs
    assert secrets.DEFAULT_ENTROPY == standard.DEFAULT_ENTROPY


@pytest.mark.parametrize("call", CALLS)
def test_results_have_the_type_and_length_of_the_standard_ones(call: Callable[[Any], Any]) -> None:
    ours, theirs = call(secrets), call(standard)
    assert type(ours) is type(theirs)
    if isinstance(ours, (str, bytes)):
        assert len(ours) == len(theirs)
    if isinstance(ours, bool):
        assert ours == theirs


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.randbelow(0),
        lambda s: s.randbelow(-3),
        lambda s: s.randbelow("a"),
        lambda s: s.randbits(-1),
        lambda s: s.token_bytes(-1),
        lambda s: s.token_bytes("a"),
        lambda s: s.token_bytes(1.5),
        lambda s: s.choice([]),
    ],
)
def test_misuse_raises_what_the_standard_module_raises(call: Callable[[Any], Any]) -> None:
    with pytest.raises(Exception) as error:
        call(standard)
    with pytest.raises(error.type):
        call(secrets)


@pytest.mark.parametrize("bound", [0, -1])
def test_an_empty_range_is_refused_in_our_words(bound: int) -> None:
    with pytest.raises(ParameterError, match="upper bound must be positive"):
        secrets.randbelow(bound)


def test_tokens_are_the_bytes_of_the_default_generator(default_generator: Any) -> None:
    wanted = type(default_generator)()
    first, second, third = (wanted.random_bytes(n) for n in (20, 10, 7))
    assert secrets.token_bytes(20) == first
    assert secrets.token_hex(10) == second.hex()
    assert base64.urlsafe_b64decode(secrets.token_urlsafe(7) + "==") == third


def test_numbers_stay_in_range_and_reach_both_ends() -> None:
    below = {secrets.randbelow(5) for _ in range(200)}
    assert below == set(range(5))
    assert {secrets.randbits(2) for _ in range(200)} == set(range(4))
    assert {secrets.choice("abc") for _ in range(200)} == set("abc")


@pytest.mark.parametrize("call", [c for i, c in enumerate(CALLS) if i not in (1, 8, 10, 12, 13, 15, 16)])
def test_an_alarm_is_raised_by_everything_that_draws(default_generator: Any, call: Callable[[Any], Any]) -> None:
    default_generator.stop_after = 0
    with pytest.raises(HealthAlarm):
        call(secrets)
