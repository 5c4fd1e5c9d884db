"""Primes of which 2 is a primitive root: the sizes at which circulant hashes are universal."""

from __future__ import annotations

from qrng.errors import ParameterError

__all__ = ["has_primitive_root_2", "is_prime", "next_length", "order_of_2"]

_LARGEST = 1 << 31


def _factors(number: int) -> set[int]:
    """Prime factors, by trial division: numbers are below 2**31."""
    found = set()
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.add(divisor)
            number //= divisor
        divisor += 1 if divisor == 2 else 2
    if number > 1:
        found.add(number)
    return found


def is_prime(number: int) -> bool:
    """Whether a number below 2**31 is prime."""
    if number < 2 or number > _LARGEST:
        return False
    # Deterministic below 3,215,031,751 (Pomerance, Selfridge, Wagstaff 1980).
    for base in (2, 3, 5, 7):
        if number % base == 0:
            return number == base
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7):
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def has_primitive_root_2(prime: int) -> bool:
    """Whether the powers of 2 run through all residues but 0 of a prime."""
    if prime == 2:
        return False
    return all(pow(2, (prime - 1) // factor, prime) != 1 for factor in _factors(prime - 1))


def order_of_2(prime: int) -> int:
    """The least o >= 1 with 2^o = 1 mod an odd prime."""
    order = prime - 1
    for factor in _factors(order):
        while order % factor == 0 and pow(2, order // factor, prime) == 1:
            order //= factor
    return order


def next_length(least: int) -> int:
    """The least prime from `least` on of which 2 is a primitive root."""
    number = max(3, least) | 1
    while number < _LARGEST:
        # 2 must be a non-residue, so the prime is 3 or 5 mod 8.
        if number % 8 in (3, 5) and is_prime(number) and has_primitive_root_2(number):
            return number
        number += 2
    raise ParameterError(f"no length from {least} on below 2**31 works")
