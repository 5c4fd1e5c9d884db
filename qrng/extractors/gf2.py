"""Polynomials over GF(2) as whole numbers, bit i the coefficient of z^i: which of them are irreducible."""

from __future__ import annotations

import functools

from qrng.errors import ParameterError

__all__ = ["irreducible", "is_irreducible"]


def _remainder(value: int, polynomial: int) -> int:
    degree = polynomial.bit_length() - 1
    while (excess := value.bit_length() - 1 - degree) >= 0:
        value ^= polynomial << excess
    return value


def _square(value: int, polynomial: int) -> int:
    square = int(format(value, "b"), 4)  # base 4 puts a 0 between the bits
    degree = polynomial.bit_length() - 1
    tail = polynomial ^ 1 << degree
    if tail.bit_count() > 8:
        return _remainder(square, polynomial)
    terms = [i for i in range(tail.bit_length()) if tail >> i & 1]
    while high := square >> degree:  # z^degree = tail, all of what is above at once
        square &= (1 << degree) - 1
        for i in terms:
            square ^= high << i
    return square


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, _remainder(a, b)
    return a


def is_irreducible(polynomial: int) -> bool:
    """Rabin's test: z^(2^l) = z, and z^(2^(l/p)) - z has no factor in common for any prime p of l."""
    degree = polynomial.bit_length() - 1
    primes = {p for p in range(2, degree + 1) if degree % p == 0 and all(p % q for q in range(2, p))}
    power = 2  # z
    for i in range(1, degree + 1):
        power = _square(power, polynomial)
        if i < degree and degree % i == 0 and degree // i in primes and _gcd(polynomial, power ^ 2) != 1:
            return False
    return power == 2


@functools.cache
def irreducible(degree: int) -> int:
    """The irreducible polynomial z^degree + tail with the fewest terms, then the least tail; as bits, z^0 lowest.

    The tail's degree is at most degree / 2 and below 64, as the C core asks.
    """
    most = min(degree // 2, 63)
    for a in range(1, most + 1):
        candidate = 1 << degree | 1 << a | 1
        if is_irreducible(candidate):
            return candidate
    for a in range(3, most + 1):
        for b in range(2, a):
            for c in range(1, b):
                candidate = 1 << degree | 1 << a | 1 << b | 1 << c | 1
                if is_irreducible(candidate):
                    return candidate
    raise ParameterError(f"no polynomial of degree {degree} found")
