"""Products of polynomials over GF(2): three forms, one product, on every kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qrng import _native, gf2
from qrng.errors import ParameterError

LEVELS = [level for level, here in _native.kernel_levels().items() if here]


@pytest.fixture(params=LEVELS)
def kernel(request):
    _native.force_kernel(request.param)
    yield request.param
    _native.force_kernel("auto")


def by_definition(a: int, b: int) -> int:
    """Shift and add."""
    total = 0
    for i in range(b.bit_length()):
        if b >> i & 1:
            total ^= a << i
    return total


@pytest.mark.parametrize(
    ("a", "b", "product"),
    [
        (0b111, 0b11, 0b1001),  # (z^2 + z + 1)(z + 1) = z^3 + 1
        (0b11, 0b11, 0b101),  # (z + 1)^2 = z^2 + 1
        (0b1011, 0b1101, 0b1111111),  # (z^3 + z + 1)(z^3 + z^2 + 1) = (z^7 + 1)/(z + 1)
        (0, 5, 0),
        (1, 5, 5),
        (0, 0, 0),
    ],
)
def test_small_products(kernel, a, b, product):
    assert gf2.multiply(a, b) == gf2.multiply(b, a) == product


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=st.integers(0, 2**3000), b=st.integers(0, 2**700))
def test_products_of_ints_equal_shift_and_add(kernel, a, b):
    assert gf2.multiply(a, b) == by_definition(a, b)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=st.binary(max_size=200), b=st.binary(max_size=200))
def test_bytes_are_little_endian(kernel, a, b):
    out = gf2.multiply(a, bytearray(b))
    assert isinstance(out, bytearray)
    assert len(out) == len(a) + len(b)
    assert int.from_bytes(out, "little") == by_definition(int.from_bytes(a, "little"), int.from_bytes(b, "little"))


# Around the sizes at which methods change: leaves, digits, splits, transforms, pieces of the longer factor.
@pytest.mark.parametrize(
    ("a_words", "b_words"),
    [(1, 1), (9, 8), (64, 64), (65, 64), (640, 130), (4096, 4096), (4097, 4097), (20_000, 700), (12_001, 11_999)],
)
def test_every_kernel_gives_the_same_words(a_words, b_words):
    random = np.random.default_rng(a_words)
    a, b = (random.integers(0, 2**64, size, np.uint64) for size in (a_words, b_words))
    results = {}
    for level in LEVELS:
        _native.force_kernel(level)
        results[level] = gf2.multiply(a, b)
    _native.force_kernel("auto")
    first = results[LEVELS[0]]
    assert first.dtype == np.uint64
    assert first.shape == (a_words + b_words,)
    assert all(np.array_equal(first, other) for other in results.values())
    assert first[0] & np.uint64(1) == a[0] & b[0] & np.uint64(1)


@pytest.mark.parametrize(("a_words", "b_words"), [(1 << 18, 1 << 18), (300_000, 200_000), (1 << 20, 70_000)])
def test_long_products_are_right_modulo_a_small_polynomial(a_words, b_words):
    """Modulo z^61 + z^5 + z^2 + z + 1, which has no factor in common with either but by chance of about 2^-61."""
    modulus, degree = (1 << 61) | 0b100111, 61
    random = np.random.default_rng(b_words)
    a, b = (random.integers(0, 2**64, size, np.uint64) for size in (a_words, b_words))

    def remainder(value: int) -> int:
        while (excess := value.bit_length() - 1 - degree) >= 0:
            value ^= modulus << excess
        return value

    def residue(words):
        """Words to residues, then halves of pairs together: value + z^(64 2^k) value, in round k."""
        high = words >> np.uint64(degree)
        values = words & np.uint64((1 << degree) - 1) ^ high ^ high << np.uint64(1)
        values ^= high << np.uint64(2) ^ high << np.uint64(5)
        power = remainder(1 << 64)
        while len(values) > 1:
            values = np.append(values, np.zeros(len(values) % 2, np.uint64))
            low, high = values[0::2].copy(), values[1::2]
            for i in range(degree):
                low ^= (high >> np.uint64(i) & np.uint64(1)) * np.uint64(remainder(power << i))
            values, power = low, remainder(by_definition(power, power))
        return int(values[0])

    out = gf2.multiply(a, b)
    assert residue(out) == remainder(by_definition(residue(a), residue(b)))


def test_a_factor_without_bits_is_zero():
    assert gf2.multiply(b"", b"abc") == bytes(3)
    assert gf2.multiply(b"", b"") == b""
    assert gf2.multiply(np.zeros(0, np.uint64), np.ones(2, np.uint64)).tolist() == [0, 0]


def test_any_memory_will_do_and_stays_as_it_is():
    memory = bytearray(range(1, 101))
    view = memoryview(memory)[3:77]  # not aligned to words
    expected = by_definition(int.from_bytes(view, "little"), int.from_bytes(view, "little"))
    assert int.from_bytes(gf2.multiply(view, view), "little") == expected
    assert memory == bytes(range(1, 101))
    words = np.arange(1, 40, dtype=np.uint64)[::3]
    words.setflags(write=False)
    assert np.array_equal(gf2.multiply(words, words), gf2.multiply(words.copy(), words.copy()))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (-1, 3),
        (True, 3),
        (3, b"3"),
        (3.0, 3),
        ("ab", b"ab"),
        (None, b"ab"),
        ([1], [1]),
        (np.ones(2, np.int64), np.ones(2, np.int64)),
        (np.ones(2, np.uint64), b"ab"),
        (np.ones((2, 2), np.uint64), np.ones((2, 2), np.uint64)),
    ],
)
def test_what_is_no_polynomial_is_refused(a, b):
    with pytest.raises(ParameterError):
        gf2.multiply(a, b)


def test_more_than_2_to_the_30_coefficients_are_refused():
    words = np.zeros(2**24 + 1, np.uint64)
    with pytest.raises(ParameterError, match="at most 1073741824"):
        gf2.multiply(words, np.ones(1, np.uint64))
