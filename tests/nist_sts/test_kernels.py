"""Every kernel level counts the same, and so does counting bit by bit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nist_sts import Sequence, kernels, spectrum
from qrng import _native
from qrng.errors import ParameterError

LEVELS = [level for level, here in _native.kernel_levels().items() if here]


@contextmanager
def forced(level: str) -> Iterator[None]:
    _native.force_kernel(level)
    try:
        yield
    finally:
        _native.force_kernel("auto")


@st.composite
def sequences(draw: st.DrawFn) -> tuple[bytes, int, int]:
    """Packed bytes, a first bit and a length; often with long constant stretches."""
    pieces = st.one_of(
        st.binary(min_size=1, max_size=100),
        st.builds(lambda byte, n: bytes([byte]) * n, st.sampled_from([0, 255, 0xAA]), st.integers(1, 60)),
    )
    packed = b"".join(draw(st.lists(pieces, min_size=1, max_size=6)))
    start = draw(st.integers(0, min(70, 8 * len(packed) - 1)))
    return packed, start, draw(st.integers(1, 8 * len(packed) - start))


def statistics(packed: bytes, start: int, n: int, block: int) -> list[Any]:
    sequence = Sequence(packed, n, start)
    blocks = n // block
    found: list[Any] = [sequence.ones, sequence.walk, sequence.cycles.number]
    found += [sequence.cycles.visits.tolist(), sequence.cycles.classes.tolist()]
    requests = (
        kernels.TRANSITIONS,
        kernels.block_squares(blocks, block),
        kernels.longest_runs(blocks, block, 9),
        kernels.patterns(min(n, 6), min(n, 4)),
        kernels.complexities(blocks, block),
        kernels.ranks(n // 35, 5, 7),
        kernels.block_patterns(blocks, block, min(block, 4)),
        kernels.gaps(3, n // 9, n // 3 - n // 9, 12),
    )
    answers = kernels.measure(sequence.words, n, requests)
    return [*found, *((answer.value, answer.sum, answer.counts.tolist()) for answer in answers)]


@settings(max_examples=60, deadline=None)
@given(sequences(), st.integers(1, 300))
def test_levels_agree_on_every_count(drawn: tuple[bytes, int, int], block: int) -> None:
    packed, start, n = drawn
    results = []
    for level in LEVELS:
        with forced(level):
            results.append(statistics(packed, start, n, block))
    assert all(result == results[0] for result in results)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([1024, 1296, 2025, 3200, 10_000]), st.integers(0, 2**32), st.floats(0.3, 0.7))
def test_levels_agree_on_spectra(n: int, seed: int, share: float) -> None:
    bits = np.random.default_rng(seed).random(n) < share
    sequence = Sequence(np.packbits(bits), n)
    power = np.abs(np.fft.fft(2.0 * bits - 1)[: n // 2]) ** 2
    for threshold in (n * np.log(20), float(np.median(power)) * 1.01):
        for level in LEVELS:
            with forced(level):
                assert spectrum.peaks_below(sequence, threshold) == int(np.sum(power < threshold))


def test_together_and_alone_the_answers_are_the_same() -> None:
    sequence = Sequence(np.random.default_rng(4).bytes(5000))
    requests = (kernels.gaps(6, 640, 100, 90), kernels.ONES, kernels.ranks(9, 32, 32), kernels.peaks_below(40_000, 1e5))
    together = kernels.measure(sequence.words, sequence.n, requests)
    for request, answer in zip(requests, together, strict=True):
        (alone,) = kernels.measure(sequence.words, sequence.n, (request,))
        assert (alone.value, alone.sum, alone.counts.tolist()) == (answer.value, answer.sum, answer.counts.tolist())


@pytest.mark.parametrize(
    "request_",
    [
        kernels.patterns(0, 0),
        kernels.patterns(3, 4),
        kernels.patterns(33, 2),
        kernels.patterns(20, 20)._replace(entries=10),
        kernels.run_counts(2, 20, 65, 3),
        kernels.block_patterns(1, 20, 33)._replace(entries=10),
        kernels.gaps(33, 1, 1, 1)._replace(entries=10),
        kernels.ranks(1, 3, 65),
        kernels.complexities(1, 1 << 17),
        kernels.WALK._replace(entries=2),
        kernels.Request(99),
        kernels.peaks_below(100, 1.0),
    ],
)
def test_requests_out_of_range_are_refused(request_: kernels.Request) -> None:
    sequence = Sequence(bytes(13), 100)
    with pytest.raises(ParameterError, match="100 bits"):
        kernels.measure(sequence.words, sequence.n, (kernels.ONES, request_))


def test_working_memory_beyond_what_a_thread_keeps_is_let_go() -> None:
    small = kernels._scratch(1000)
    assert kernels._scratch(900) is small
    assert kernels._scratch(kernels._KEPT + 1).size == kernels._KEPT + 1
    assert kernels._scratch(1000) is small
