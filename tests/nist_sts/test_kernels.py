"""Every kernel level counts the same, and so does counting bit by bit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nist_sts import Sequence, kernels, spectrum
from qrng import _native

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
    words, blocks = sequence.pointer, n // block
    found: list[Any] = [sequence.ones, sequence.walk, sequence.cycles.number]
    found += [sequence.cycles.visits.tolist(), sequence.cycles.classes.tolist()]
    found += [kernels.longest_runs(words, blocks, block, 9).tolist(), sequence.patterns(min(n, 6)).tolist()]
    found += [kernels.complexities(words, blocks, block).tolist(), kernels.ranks(words, n // 35, 5, 7).tolist()]
    found += [kernels.block_patterns(words, blocks, block, min(block, 4)).tolist()]
    counts, far = kernels.gaps(words, 3, n // 9, n // 3 - n // 9, 12)
    return [*found, counts.tolist(), far]


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
