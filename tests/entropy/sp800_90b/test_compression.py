import math

import numpy as np
import pytest

from qrng.entropy.sp800_90b.compression import estimate
from qrng.entropy.sp800_90b.estimate import NotApplicable
from qrng.entropy.sp800_90b.sequence import bit_string
from qrng.samples import Samples


def coin(p: float, n: int, seed: int = 1) -> Samples:
    return Samples.from_symbols((np.random.default_rng(seed).random(n) < p).astype(np.uint8))


def distances(samples: Samples) -> list[int]:
    """Steps 1 to 4 of section 6.3.4: blocks since the same 6 bits, after 1000 blocks that are only learned."""
    symbols = samples.symbols().tolist()
    last: dict[tuple[int, ...], int] = {}
    found = []
    for i in range(1, len(symbols) // 6 + 1):
        block = tuple(symbols[6 * i - 6 : 6 * i])
        if i > 1000:
            found.append(i - last.get(block, 0))
        last[block] = i
    return found


def expected_mean(p: float, blocks: int) -> float:
    """Step 7 term by term: G(p) + 63 G(q), F(z, t, u) = z²(1−z)^(u−1), z(1−z)^(t−1) for u = t."""

    def g(z: float) -> float:
        total = 0.0
        for t in range(1001, blocks + 1):
            u = np.arange(1, t)
            total += float(np.sum(np.log2(u) * z * z * (1 - z) ** (u - 1)))
            total += math.log2(t) * z * (1 - z) ** (t - 1)
        return total / (blocks - 1000)

    return g(p) + 63 * g((1 - p) / 63)


@pytest.mark.parametrize("p", [0.5, 0.8, 0.97])
def test_the_mean_is_that_of_the_distances(p):
    samples = coin(p, 9005)
    found = np.log2(distances(samples))
    details = estimate(bit_string(samples)).details
    assert details["v"] == found.size
    assert details["x_bar"] == pytest.approx(found.mean(), abs=1e-12)
    sigma = 0.5907 * math.sqrt((found**2).sum() / (found.size - 1) - found.mean() ** 2)
    assert details["sigma_hat"] == pytest.approx(sigma, abs=1e-10)


@pytest.mark.parametrize("p", [0.6, 0.8, 0.97])
def test_p_solves_the_equation_of_the_standard(p):
    samples = coin(p, 7200)
    details = estimate(bit_string(samples)).details
    assert expected_mean(details["p"], 1200) == pytest.approx(details["x_bar_prime"], abs=1e-9)


def test_a_mean_above_that_of_fair_bits_gives_one_bit():
    # Every 6-bit block in turn: each distance is 64 blocks, log2 = 6, above the 5.2 of fair bits.
    blocks = np.tile(np.arange(64), 40)
    bits = np.unpackbits(blocks.astype(np.uint8)[:, None], axis=1)[:, 2:].ravel()
    result = estimate(bit_string(Samples.from_symbols(bits)))
    assert result.details["x_bar"] == 6.0
    assert result.min_entropy == 1.0


def test_constant_bits_have_no_entropy():
    assert estimate(bit_string(Samples.from_symbols(np.zeros(12_000, np.uint8)))).min_entropy == 0.0


def test_fewer_than_1002_blocks_are_too_few():
    with pytest.raises(NotApplicable, match="6012 bits"):
        estimate(bit_string(coin(0.5, 6011)))
    assert estimate(bit_string(coin(0.5, 6012))).details["v"] == 2
