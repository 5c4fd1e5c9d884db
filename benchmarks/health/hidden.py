"""Degradations that no fixed parity of few bits shows: nonlinear, noisy, far back, or spread over lanes.

All are held out: nothing was trained on them. The makers are as those of `families`. A rule that gives each bit with
probability p has divergence kl(p) whatever the rule; which rule it is can't be counted, so nothing stands for it in
`unknown`. The place of a recording or an echo is one of 2^24, as a replay's. A recording is fair bits when it comes for
the first time, and so is what an echo repeats of bits that came before the onset unseen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks.health.divergence import Bits, common_lean, kl
from benchmarks.health.divergence import after_runs as after_runs_divergence
from benchmarks.health.families import LANES, Family, draw, lag, least

Make = Callable[[int, int, np.random.Generator], Bits]
Rule = Callable[[npt.NDArray[np.uint8], int], npt.NDArray[np.uint8]]


def fed_back(rule: Rule, p: float, reach: int = 64) -> Make:
    """Each bit is what a rule makes of those before it, with probability p; else the other."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        out = draw(0.5, runs, n + reach, rng).T.copy()
        flip = draw(1 - p, runs, n + reach, rng).T
        for t in range(reach, n + reach):
            out[t] = rule(out, t) ^ flip[t]
        return np.ascontiguousarray(out[reach:].T)

    return make


def majority(*lags: int) -> Rule:
    return lambda x, t: (sum(x[t - k].astype(np.int64) for k in lags) * 2 > len(lags)).astype(np.uint8)


def products(linear: tuple[int, ...], *pairs: tuple[int, ...]) -> Rule:
    """Parity of bits and of ANDs of bits."""

    def rule(x: Bits, t: int) -> Bits:
        out = np.zeros_like(x[t])
        for k in linear:
            out = out ^ x[t - k]
        for group in pairs:
            out = out ^ np.bitwise_and.reduce([x[t - k] for k in group])
        return out

    return rule


def echo(lag: int, p: float) -> Make:
    """Each bit is the one `lag` before with probability p."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        out = np.empty((runs, n + lag), np.uint8)
        out[:, :lag] = draw(0.5, runs, lag, rng)
        for at in range(lag, n + lag, lag):
            size = min(lag, n + lag - at)
            out[:, at : at + size] = out[:, at - lag : at - lag + size] ^ draw(1 - p, runs, size, rng)
        return np.ascontiguousarray(out[:, lag:])

    return make


def noisy_replay(length: int, flipped: float) -> Make:
    """A recording of fair bits, then the recording again and again, each time with other bits flipped."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        recording = draw(0.5, runs, length, rng)
        out = np.tile(recording, (1, -(-n // length)))[:, :n]
        return out ^ draw(flipped, runs, n, rng)

    return make


def noisy_pattern(flipped: float) -> Make:
    """The test pattern of 31 bits with errors in it."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        return lag(1.0, 28, 31)(runs, n, rng) ^ draw(flipped, runs, n, rng)

    return make


def after_runs(length: int, p: float) -> Make:
    """After `length` equal bits the other one comes with probability p: a comparator that recovers."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        out, change = draw(0.5, runs, n, rng).T.copy(), draw(p, runs, n, rng).T
        run = np.ones(runs, np.int64)
        for t in range(1, n):
            out[t] = np.where(run >= length, out[t - 1] ^ change[t], out[t])
            run = np.where(out[t] == out[t - 1], run + 1, 1)
        return np.ascontiguousarray(out.T)

    return make


def congruential(bit: int, modulus_log2: int = 31) -> Make:
    """One bit of x <- 1103515245 x + 12345 mod 2^31."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        mask, x = np.uint64((1 << modulus_log2) - 1), rng.integers(0, 1 << modulus_log2, runs, dtype=np.uint64)
        out = np.empty((n, runs), np.uint8)
        for t in range(n):
            x = (x * np.uint64(1103515245) + np.uint64(12345)) & mask
            out[t] = (x >> np.uint64(bit)) & np.uint64(1)
        return np.ascontiguousarray(out.T)

    return make


def moving_markov(size: float, period: float) -> Make:
    """A Markov source whose correlation swings as a sine."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        phase = np.arange(n) / period + rng.random((runs, 1))
        change = draw(0.5 - size * np.sin(2 * np.pi * phase), runs, n, rng)
        return np.bitwise_xor.accumulate(change, axis=1)

    return make


def shots(rule: Callable[[Bits, np.random.Generator], None]) -> Make:
    """Fair shots of LANES bits that a rule then works on: (runs, shots, LANES)."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        count = -(-n // LANES)
        out = draw(0.5, runs, count * LANES, rng).reshape(runs, count, LANES)
        rule(out, rng)
        return np.ascontiguousarray(out.reshape(runs, -1)[:, :n])

    return make


def coupled(p: float, *pairs: tuple[int, int]) -> Make:
    """Lane b copies lane a of its shot with probability p, for each pair (a, b)."""

    def rule(x: Bits, rng: np.random.Generator) -> None:
        for a, b in pairs:
            x[:, :, b] = x[:, :, a] ^ (rng.random(x.shape[:2]) >= p)

    return shots(rule)


def pair_parity(p: float) -> Make:
    """Lane 12 is the parity of lanes 3 and 7 of its shot with probability p."""

    def rule(x: Bits, rng: np.random.Generator) -> None:
        x[:, :, 12] = x[:, :, 3] ^ x[:, :, 7] ^ (rng.random(x.shape[:2]) >= p)

    return shots(rule)


def common_mode(size: float) -> Make:
    """In each shot all lanes lean the same way, this or that, by `size`."""

    def rule(x: Bits, rng: np.random.Generator) -> None:
        lean = rng.choice([-size, size], (*x.shape[:2], 1))
        x[:] = rng.random(x.shape) < 0.5 + lean

    return shots(rule)


PLACE = 24.0
"""log2 of the bits that a replay may come from."""
_SWING = 0.5 + 0.1 * np.sin(np.arange(10_000) / 10_000 * 2 * np.pi)

HIDDEN = [
    *(
        Family(
            f"recording of 2^15, .{100 * flipped:02.0f} flipped",
            False,
            noisy_replay(1 << 15, flipped),
            kl(2 * flipped * (1 - flipped)),  # of the second playing from the first: both have bits flipped
            unknown=PLACE,
            fair=1 << 15,
        )
        for flipped in (0.05, 0.10)
    ),
    *(
        Family(
            f"PRBS31, .{100 * flipped:02.0f} flipped",
            False,
            noisy_pattern(flipped),
            kl(flipped),
            least(1 - flipped),
            unknown=31,
        )
        for flipped in (0.05, 0.10)
    ),
    *(
        Family(f"echo of 5003 bits, {p:.2g}".replace("0.", "."), False, echo(5003, p), kl(p), least(p), 1, PLACE, 5003)
        for p in (0.9, 0.75)
    ),
    Family(
        "nonlinear register of 16 bits, .95",
        False,
        fed_back(products((16,), (3, 7), (5, 12)), 0.95),
        kl(0.95),
        least(0.95),
    ),
    Family(
        "nonlinear register of 20 bits, .9",
        False,
        fed_back(products((20, 13), (3, 7), (5, 12), (9, 18)), 0.9),
        kl(0.9),
        least(0.9),
    ),
    Family("majority of 5 bits, .6", False, fed_back(majority(3, 7, 12, 18, 25), 0.6), kl(0.6), least(0.6)),
    Family(
        "majority of 7 far bits, .7",
        False,
        fed_back(majority(67, 71, 83, 90, 97, 101, 110), 0.7, 128),
        kl(0.7),
        least(0.7),
    ),
    Family(
        "bent rule on 8 bits, .7", False, fed_back(products((8, 3), (1, 2), (4, 5), (6, 7)), 0.7), kl(0.7), least(0.7)
    ),
    Family(
        "bent rule on 11 bits, .7",
        False,
        fed_back(products((11, 9), (1, 2), (3, 4), (5, 6), (7, 8)), 0.7),
        kl(0.7),
        least(0.7),
    ),
    Family("after 5 equal bits the other, .75", False, after_runs(5, 0.75), after_runs_divergence(5, 0.75)),
    Family("bit 12 of an LCG", False, congruential(12), 1.0, 0.0),
    Family("bit 30 of an LCG", False, congruential(30), 1.0, 0.0),
    Family("Markov, swinging by .1 in 20,000", False, moving_markov(0.1, 20_000), kl(_SWING)),
    Family("3 lanes copy others, .6", False, coupled(0.6, (0, 9), (4, 13), (2, 17)), 3 * kl(0.6) / LANES, None, LANES),
    Family("parity of 2 lanes, .7", False, pair_parity(0.7), kl(0.7) / LANES, None, LANES),
    Family("common mode .1", False, common_mode(0.1), common_lean(0.1, LANES), None, LANES),
    Family("common mode .05", False, common_mode(0.05), common_lean(0.05, LANES), None, LANES),
]
