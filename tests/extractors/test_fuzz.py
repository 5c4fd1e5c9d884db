"""Any arguments at all: a documented error, or a result that is right. Short here, long in `make trial`."""

from __future__ import annotations

import contextlib
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qrng import bits
from qrng.claim import EntropyClaim
from qrng.errors import BudgetError, ParameterError
from qrng.extractors import (
    Circulant,
    Dodis,
    Elias,
    ModifiedToeplitz,
    Peres,
    Raz,
    Toeplitz,
    Trevisan,
    VonNeumann,
)

SEEDED = [Toeplitz, ModifiedToeplitz, Circulant, Dodis, Trevisan, Raz]
TRIAL = 4000

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.floats(),
    st.complex_numbers(max_magnitude=9),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.builds(object),
)
lengths = st.one_of(
    st.integers(-2, 40),
    st.integers(41, 3000),
    st.sampled_from([7, 17, 127, 997, 1001, 1018, 1019, 2**30 - 1, 2**30, 2**30 + 1, 2**33, 2**64, -(2**63)]),
    junk,
)
numbers = st.one_of(
    st.integers(-5, 4000), st.floats(), st.fractions(min_value=-3, max_value=4000, max_denominator=99), junk
)
powers = st.one_of(st.integers(-300, 2), st.floats(-500, 1), st.floats(), junk)
claims = st.builds(
    lambda share, error: EntropyClaim(share, error, ("none",), "fuzz"),
    st.floats(0.001, 1),
    st.one_of(st.none(), st.just(-math.inf), st.floats(-200, 0)),
)


@st.composite
def plans(draw):
    """A class and the arguments of its plan: mostly of the right kind, often impossible, sometimes nonsense."""
    cls = draw(st.sampled_from(SEEDED))
    arguments = {
        "n": draw(lengths),
        "min_entropy": draw(st.one_of(numbers, claims)),
        "log2_error": draw(powers),
    }
    if draw(st.booleans()) and isinstance(arguments["n"], int) and arguments["n"] > 0:
        arguments["min_entropy"] = arguments["n"] * Fraction(draw(st.integers(1, 100)), 100)
        arguments["log2_error"] = draw(st.integers(-40, 0))
    optional = {
        "blocks": st.one_of(st.integers(-1, 5), st.sampled_from([2**32, 2**70]), junk),
        "seed_min_entropy": st.one_of(st.none(), numbers),
        "quantum_proof": st.booleans(),
        "log2_smoothing": st.one_of(st.none(), powers),
        "log2_seed_error": st.one_of(st.none(), powers),
        "log2_pass_error": st.one_of(st.none(), powers),
        "log2_event": st.one_of(st.none(), powers),
        "leaked_bits": numbers,
        "whole": st.one_of(st.booleans(), junk),
    }
    if cls is Circulant:
        optional["size"] = st.one_of(st.none(), lengths)
    if cls in (Dodis, Raz):
        optional["theorem"] = st.sampled_from(["derived", "published", "other", ""])
    if cls is Trevisan:
        optional["sources"] = st.sampled_from(["markov", "product", "other", ""])
    if cls is Raz:
        optional["second_bits"] = st.one_of(st.none(), lengths)
        optional["trinomial"] = st.one_of(st.none(), st.just((127, 7)), st.tuples(lengths, lengths), junk)
    for name in draw(st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True)):
        arguments[name] = draw(optional[name])
    return cls, arguments


def check_plan(cls, arguments):
    try:
        ext = cls.plan(**arguments)
    except ParameterError as refusal:
        assert len(str(refusal)) > 10
        return
    plan = ext.planned
    assert 1 <= ext.m < ext.n == arguments["n"]
    assert ext.m <= plan.min_entropy <= ext.n
    assert plan.seed_bits == ext.seed_bits >= 1
    assert 0 <= plan.seed_min_entropy <= plan.seed_bits
    assert plan.log2_error <= 0
    assert plan.as_dict()["extractor"] == cls.name
    # Never more than the leftover hash lemma gives a uniform seed: m <= k + 2 + 2 log2 e on each block.
    assert ext.m <= float(plan.min_entropy) + 2 * (1 + float(plan.log2_error) - math.log2(plan.blocks)) + 1e-6
    with contextlib.suppress(ParameterError):  # a larger error or more min-entropy never gives less
        more = cls.plan(**{**arguments, "log2_error": min(0, plan.log2_error + 1)})
        assert more.m >= ext.m


def check_extract(cls, data, raw_bytes, n, m, seed_delta, threads, blocks, kind):
    """Bare maps with any lengths and buffers of any kind."""
    arguments = (n, m, 17 + len(data)) if cls is Trevisan else (n, m)
    try:
        ext = cls(*arguments)
    except ParameterError as refusal:
        assert len(str(refusal)) > 10
        return
    raw = np.frombuffer(data.ljust(raw_bytes, b"\x5a")[:raw_bytes], np.uint8)
    seeds = 1 if ext.strong or not isinstance(blocks, int) else max(1, min(blocks, 9))
    seed = bytes(i * 37 & 255 for i in range(max(0, bits.bytes_for(ext.seed_bits * seeds) + seed_delta)))
    buffers = {
        "bytes": raw.tobytes(),
        "array": raw.copy(),
        "pieces": [raw[: raw_bytes // 3].tobytes(), raw[raw_bytes // 3 :].tobytes()],
        "wide": raw[: raw_bytes // 8 * 8].view(np.uint64),
        "strided": np.repeat(raw, 2)[::2],
        "text": "10110",
        "numbers": [1, 0, 1],
        "none": None,
    }
    try:
        out = ext.extract_blocks(buffers[kind], seed, blocks=blocks, threads=threads)
        out = b"".join(out) if kind == "pieces" else bytes(out)
    except ParameterError as refusal:
        assert len(str(refusal)) > 10
        return
    assert kind in ("bytes", "array", "pieces") or raw_bytes == 1  # one byte is contiguous however it is cut
    assert seed_delta == 0
    count = 8 * raw_bytes // n if blocks is None else blocks
    assert bits.bytes_for(count * n) == raw_bytes
    assert len(out) == bits.bytes_for(count * m)
    if count * m % 8:
        assert out[-1] & (0xFF >> count * m % 8) == 0
    # Linear in the raw bits, for those that are: no bits give none.
    assert cls is Raz or not any(ext.extract_blocks(bytes(raw_bytes), seed, blocks=count))
    planned = bits.unpack(raw.tobytes(), n * count)
    first = ext.extract(bits.pack(planned[:n]), seed if ext.strong else first_seed(seed, ext.seed_bits))
    assert bits.unpack(bytes(first), m).tolist() == bits.unpack(out, count * m)[:m].tolist()


def first_seed(seed, count):
    return bits.pack(bits.unpack(seed, count))


extractions = {
    "cls": st.sampled_from(SEEDED),
    "data": st.binary(max_size=60),
    "raw_bytes": st.integers(0, 60),
    "n": st.one_of(st.integers(2, 80), lengths),
    "m": st.one_of(st.integers(1, 40), lengths),
    "seed_delta": st.sampled_from([0, 0, 0, 0, -1, 1, 5]),
    "threads": st.one_of(st.just(1), st.integers(-1, 3), junk),
    "blocks": st.one_of(st.none(), st.integers(-1, 9), junk),
    "kind": st.sampled_from(["bytes", "bytes", "array", "pieces", "wide", "strided", "text", "numbers", "none"]),
}


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(asked=plans())
def test_any_plan_is_refused_or_right(asked):
    check_plan(*asked)


@settings(deadline=None, max_examples=120)
@given(**extractions)
def test_any_extraction_is_refused_or_right(**arguments):
    check_extract(**arguments)


@settings(deadline=None, max_examples=150)
@given(
    ext=st.one_of(st.just(VonNeumann()), st.integers(2, 64).map(Elias), st.integers(1, 32).map(Peres)),
    raw=st.one_of(st.binary(max_size=40), junk),
    n=st.one_of(st.none(), st.integers(-1, 330), junk),
    m=st.one_of(st.integers(-1, 40), junk),
)
def test_any_seedless_extraction_is_refused_or_right(ext, raw, n, m):
    from qrng.errors import EntropyError

    try:
        out, count = ext.extract(raw, n)
        total = 8 * len(raw) if n is None else n
        assert 0 <= count <= total
        assert len(out) == bits.bytes_for(count)
        first = ext.extract_exactly(m, raw, n)
        assert bits.unpack(bytes(first), m).tolist() == bits.unpack(bytes(out), count)[:m].tolist()
    except (ParameterError, EntropyError) as refusal:
        assert len(str(refusal)) > 10


@pytest.mark.trial
@settings(deadline=None, max_examples=TRIAL, suppress_health_check=[HealthCheck.too_slow])
@given(asked=plans())
def test_many_plans(asked):
    check_plan(*asked)


@pytest.mark.trial
@settings(deadline=None, max_examples=TRIAL * 3)
@given(**extractions)
def test_many_extractions(**arguments):
    check_extract(**arguments)


@pytest.mark.parametrize("cls", SEEDED)
def test_a_spent_budget_stops_buffers_and_streams(cls):
    n = 2000
    ext = cls.plan(n, 1990, -10, blocks=2)
    raw, seed = bytes(250), bytes(ext.seed_bytes)
    for _ in range(2):
        ext.extract(raw, seed)
    assert ext.blocks_left == 0
    with pytest.raises(BudgetError):
        ext.extract(raw, seed)
    if ext.strong:
        with pytest.raises(BudgetError):
            list(ext.extract_blocks([raw], seed))


@pytest.mark.parametrize("cls", SEEDED)
@pytest.mark.parametrize("n", [0, -1, 2**30 + 1, 2**33, 2**64])
def test_lengths_beyond_what_there_is_are_refused_by_maps_and_plans(cls, n):
    with pytest.raises(ParameterError, match=r"n = .*outside 1 to 1073741824"):
        cls(n, 8)
    with pytest.raises(ParameterError, match=r"n = .*outside 1 to 1073741824"):
        cls.plan(n, 8, -1)


@pytest.mark.parametrize("cls", SEEDED)
def test_output_that_is_no_shorter_is_refused_by_maps_and_plans(cls):
    for m in (100, 101):
        with pytest.raises(ParameterError, match="below n"):
            cls(100, m)
    if cls in (Toeplitz, ModifiedToeplitz, Circulant):
        with pytest.raises(ParameterError, match="below n"):
            cls.plan(100, 100, 0)


@pytest.mark.parametrize("cls", SEEDED)
def test_seeds_of_another_length_are_refused_by_all(cls):
    ext = cls.plan(2000, 1990, -10)
    raw = bytes(250)
    for size in (0, ext.seed_bytes - 1, ext.seed_bytes + 1):
        with pytest.raises(ParameterError, match="seed"):
            ext.extract(raw, bytes(size))
        with pytest.raises(ParameterError, match="seed"):
            ext.prepare(bytes(size))
    assert ext.blocks_left == 1


@pytest.mark.parametrize("cls", SEEDED)
def test_output_buffers_are_checked_by_all(cls):
    ext = cls.plan(2000, 1990, -10)
    size, seed = bits.bytes_for(ext.m), bytes(ext.seed_bytes)
    memory = memoryview(bytearray(250 + size))
    with pytest.raises(ParameterError, match="overlap"):
        ext.extract_blocks(memory[:250], seed, memory[249 : 249 + size])
    with pytest.raises(ParameterError, match="read-only"):
        ext.extract_blocks(memory[:250], seed, memory[250:].toreadonly())
    for wrong in (size - 1, size + 1):
        with pytest.raises(ParameterError, match="out holds"):
            ext.extract_blocks(memory[:250], seed, bytearray(wrong))
    assert ext.blocks_left == 1
    assert ext.extract_blocks(memory[:250], seed, memory[250:]) == memory[250:]
