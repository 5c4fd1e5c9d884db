"""BB84 on a simulated link: the generator chooses, an eavesdropper is seen, a reconciled key is shortened at both ends.

Bennett and Brassard 1984; the length of the key follows Tomamichel, Lim, Gisin and Renner, Nat. Commun. 3, 634 (2012).

    python examples/bb84.py
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

import qrng
from qrng import bits
from qrng.extractors import Toeplitz

PHOTONS = 200_000
NOISE = 0.02  # flips of the link itself
HEALTHY, ATTACKED = 0.03, 0.11  # error rates: what the link promises, what the watch bets on
ALARM_LOG2 = 40  # false alarms: at most T / 2^40 in T test bits
HASH_BITS = 64  # disclosed to see that both keys are equal
LOG2_ERROR = -64  # distance of the key from a perfect one: half for the hash, half for the sampling


@dataclass
class Sifted:
    """What both ends keep where their bases agree: one basis makes the key, the other is compared in public."""

    alice: np.ndarray
    bob: np.ndarray
    test_errors: np.ndarray


def exchange(choices: np.random.Generator, eavesdropper: bool) -> Sifted:
    """Send PHOTONS photons. `choices` decides what the two people decide; the rest is nature, and simulated."""
    nature = np.random.default_rng()

    def measure(sent: np.ndarray, sent_basis: np.ndarray, basis: np.ndarray) -> np.ndarray:
        """In the same basis what was sent, in the other one nothing but chance."""
        return np.where(sent_basis == basis, sent, nature.integers(2, size=sent.size, dtype=np.uint8))

    sent, alice_basis, bob_basis = choices.integers(2, size=(3, PHOTONS), dtype=np.uint8)
    flying, flying_basis = sent, alice_basis
    if eavesdropper:  # intercept and resend: measures in a basis of her own, and sends what she saw
        eve_basis = nature.integers(2, size=PHOTONS, dtype=np.uint8)
        flying, flying_basis = measure(flying, flying_basis, eve_basis), eve_basis
    received = measure(flying, flying_basis, bob_basis) ^ (nature.random(PHOTONS) < NOISE)
    key = (alice_basis == 0) & (bob_basis == 0)
    test = (alice_basis == 1) & (bob_basis == 1)
    return Sifted(sent[key], received[key], sent[test] != received[test])


def watch(errors: np.ndarray) -> int | None:
    """Test bits until the alarm, or None: a Shiryaev-Roberts e-detector of error rates above HEALTHY.

    It may be read at any time: while the rate is at most HEALTHY its expectation after T bits is at most T.
    """
    evidence = 0.0
    for at, error in enumerate(errors, 1):
        evidence = (evidence + 1) * (ATTACKED / HEALTHY if error else (1 - ATTACKED) / (1 - HEALTHY))
        if evidence >= 2**ALARM_LOG2:
            return at
    return None


def reconcile(alice: np.ndarray, bob: np.ndarray, error_rate: float) -> tuple[np.ndarray, int]:
    """Bob's bits with the errors found by comparing parities (Brassard, Salvail 1993), and how many were disclosed.

    The orders are public, so they may be computed from a seed that one end draws and tells the other.
    """
    orders = np.random.Generator(np.random.PCG64DXSM(qrng.SeedSequence()))
    bob, disclosed, quiet = bob.copy(), 0, 0
    size = max(2, round(0.73 / max(error_rate, 0.001)))
    while quiet < 30:  # rounds without an error: one left over is missed with probability 2^-30
        order, found = orders.permutation(bob.size), False
        for block in np.array_split(order, max(2, bob.size // size)):
            disclosed += 1
            if not np.bitwise_xor.reduce(alice[block] ^ bob[block]):
                continue
            while block.size > 1:  # an odd number of errors: halve until one is left
                half, rest = np.array_split(block, 2)
                disclosed += 1
                block = half if np.bitwise_xor.reduce(alice[half] ^ bob[half]) else rest
            bob[block] ^= 1
            found = True
        quiet = 0 if found else quiet + 1
        size = min(2 * size, bob.size)
    return bob, disclosed


def secret_bits(n: int, errors: int, tests: int, disclosed: int) -> float:
    """Smooth min-entropy of n key bits given all that Eve may know: n (1 − h(Q + μ)) less what was disclosed."""
    smoothing = 2.0 ** (LOG2_ERROR - 2)
    mu = math.sqrt((n + tests) / (n * tests) * (tests + 1) / tests * math.log(1 / smoothing))
    q = min(0.5, errors / tests + mu)
    return n * (1 + q * math.log2(q) + (1 - q) * math.log2(1 - q)) - disclosed


def shorten(alice: np.ndarray, bob: np.ndarray, secret: float) -> tuple[bytearray, bytearray]:
    """Each end hashes its own key with the same seed, which is public."""
    at_alice, at_bob = (Toeplitz.plan(alice.size, min_entropy=secret, log2_error=LOG2_ERROR - 1) for _ in range(2))
    seed = qrng.random_bytes(at_alice.seed_bytes)
    return at_alice.extract(bits.pack(alice, 1), seed), at_bob.extract(bits.pack(bob, 1), seed)


def same(alice: np.ndarray, bob: np.ndarray) -> bool:
    """Compare HASH_BITS bits of a hash chosen at random: unequal keys pass with probability 2^-HASH_BITS."""
    check = Toeplitz(alice.size, HASH_BITS)
    seed = qrng.random_bytes(check.seed_bytes)
    return check.extract(bits.pack(alice, 1), seed) == check.extract(bits.pack(bob, 1), seed)


def run(eavesdropper: bool) -> tuple[bytearray, bytearray] | None:
    """One exchange, told step by step; the key of each end, or None."""
    sifted = exchange(qrng.Generator(), eavesdropper)
    tests, errors = sifted.test_errors.size, int(sifted.test_errors.sum())
    print(f"  error rate (QBER)   {errors / tests:.0%} of the test bits")
    alarm = watch(sifted.test_errors)
    if alarm is not None:
        print(f"  ALARM after {alarm} test bits: more errors than the link makes by itself. No key.")
        return None
    print("  watch               no alarm")
    corrected, disclosed = reconcile(sifted.alice, sifted.bob, errors / tests)
    if not same(sifted.alice, corrected):
        print("  the keys still differ: thrown away. No key.")
        return None
    n = sifted.alice.size
    secret = secret_bits(n, errors, tests, disclosed + HASH_BITS)
    print(f"  reconciled          {n} bits, equal at both ends; {disclosed + HASH_BITS} bits told in public on the way")
    print(f"  still secret        {secret:.0f} bits at least, whatever Eve did")
    keys = shorten(sifted.alice, corrected, secret)
    equal = "the same" if keys[0] == keys[1] else "different ones"
    print(f"  shortened           to {len(keys[0])} bytes with a public seed; the ends hold {equal}")
    return keys


if __name__ == "__main__":
    print("SIMULATED: photons, noise and eavesdropper are computed. Only the choices come from the generator.")
    print("Nobody listens:")
    run(eavesdropper=False)
    print("Eve measures every photon and sends on what she saw:")
    run(eavesdropper=True)
