"""Bounds of captures whose side data say at which random settings each symbol was taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from qrng.accounting.account import Account, Keys, settings_of
from qrng.claim import EntropyClaim
from qrng.entropy.physical.chsh import BellCounts, chsh, z_score
from qrng.entropy.physical.dimension_witness import dimension_witness, witness
from qrng.entropy.physical.entropy_accumulation import entropy_accumulation
from qrng.entropy.physical.mermin import mermin, mermin_value
from qrng.entropy.physical.probability_estimation import EstimationFactors, isotropic, probability_estimation
from qrng.entropy.physical.source_independent import source_independent
from qrng.errors import EntropyError, ParameterError
from qrng.samples import Samples

__all__ = [
    "account_accumulation",
    "account_chsh",
    "account_estimation",
    "account_mermin",
    "account_source_independent",
    "account_witness",
]

_SHARED = "shots that share their settings count as independent trials"

Table = npt.NDArray[np.int64]


def _table(samples: Samples, width: int, settings: int, needs: str) -> Table:
    """Counts, array [setting, symbol], all lanes together."""
    chosen = settings_of(samples, width, settings, needs)
    cells = np.bincount((chosen * 2**width) + samples.symbols(), minlength=settings * 2**width)
    return cells.reshape(settings, 2**width).astype(np.int64)


def _bell_counts(samples: Samples) -> BellCounts:
    needs = "a Bell bound needs two-bit symbols (outcomes a, b) with the side data 'settings' (2x + y) of each"
    return BellCounts(_table(samples, 2, 4, needs).reshape(2, 2, 2, 2))


def _bell(name: str, samples: Samples, keys: Keys, certify: Callable[..., EntropyClaim]) -> Account:
    counts = _bell_counts(samples)
    claim = certify(counts, keys.pop("log2_error"), keys.pop("limit", 5.0), keys.pop("threshold", None))
    return _with_counts(name, claim, counts)


def _with_counts(name: str, claim: EntropyClaim, counts: BellCounts) -> Account:
    facts = {
        "trials": counts.trials,
        "s": counts.s,
        "win": counts.win,
        "worst_signalling_z": counts.worst_signalling(),
    }
    return Account(name, replace(claim, assumptions=(*claim.assumptions, _SHARED)), facts=facts)


def account_chsh(samples: Samples, keys: Keys) -> Account:
    """CHSH after Pironio et al."""
    return _bell("chsh", samples, keys, chsh)


def account_accumulation(samples: Samples, keys: Keys) -> Account:
    """CHSH by entropy accumulation."""
    return _bell("entropy-accumulation", samples, keys, entropy_accumulation)


def account_estimation(samples: Samples, keys: Keys) -> Account:
    """CHSH by probability estimation, the factors chosen for an S that was expected before the data were taken."""
    counts = _bell_counts(samples)
    if "expected" not in keys:
        raise ParameterError(
            "probability-estimation: needs expected, the S that was expected before the data were taken: the factors "
            "are chosen for it, and must not be chosen by the data that they certify"
        )
    expected, error, limit = keys.pop("expected"), keys.pop("log2_error"), keys.pop("limit", 5.0)
    if not 2 < expected < 8**0.5:
        raise ParameterError(f"probability-estimation: the expected S lies between 2 and 2√2, not {expected}")
    factors = EstimationFactors.plan(isotropic(expected), counts.trials, error)
    return _with_counts("probability-estimation", probability_estimation(counts, factors, error, limit), counts)


# which settings of XXX, XYY, YXY, YYX measure the same on the qubit, so that its marginal must agree
_SAME = ((0, (0, 1)), (0, (2, 3)), (1, (0, 2)), (1, (1, 3)), (2, (0, 3)), (2, (1, 2)))


def account_mermin(samples: Samples, keys: Keys) -> Account:
    """Mermin: triples of outcomes, two of whose three bits count."""
    needs = "mermin needs three-bit symbols with the side data 'settings' (0 XXX, 1 XYY, 2 YXY, 3 YYX) of each"
    table = _table(samples, 3, 4, needs)
    runs = table.sum(axis=1)
    if not runs.all():
        raise ParameterError("mermin needs runs at each of the four settings")
    parity = np.array([bin(symbol).count("1") % 2 for symbol in range(8)])
    even = table[:, parity == 0].sum(axis=1)
    ones = [table[:, [k for k in range(8) if k & bit]].sum(axis=1) for bit in (4, 2, 1)]
    worst = max(abs(z_score(ones[qubit][list(pair)], runs[list(pair)])) for qubit, pair in _SAME)
    limit = keys.pop("limit", 5.0)
    if worst > limit:
        raise EntropyError(
            f"the marginals signal: z = {worst:.1f}, more than {limit:g}. Crosstalk or drift breaks what a Bell bound "
            "stands on; a higher limit is your decision"
        )
    passed, run = even.tolist(), runs.tolist()
    claim = mermin(passed, run, keys.pop("log2_error"))
    words = (*claim.assumptions, f"worst no-signalling z-score {worst:.1f}", _SHARED)
    facts = {"runs": float(runs.sum()), "m": mermin_value(passed, run), "worst_signalling_z": worst}
    return Account("mermin", replace(claim, assumptions=words, bits_per_symbol=3), facts=facts)


def account_witness(samples: Samples, keys: Keys) -> Account:
    """Prepare and measure, the message being one qubit."""
    needs = "dimension-witness needs one-bit symbols with the side data 'settings' (2x + y, x of 4, y of 2) of each"
    table = _table(samples, 1, 8, needs)
    shots = table.sum(axis=1).reshape(4, 2)
    if not shots.all():
        raise ParameterError("dimension-witness needs shots at each of the eight settings")
    ones = table[:, 1].reshape(4, 2)
    claim = dimension_witness(ones, shots, keys.pop("log2_error"))
    facts = {"shots": float(shots.sum()), "w": witness(ones / shots)}
    return Account("dimension-witness", claim, facts=facts)


def account_source_independent(samples: Samples, keys: Keys) -> Account:
    """Random X and Z measurements of all lanes and shots together; per symbol, those measured in X counted with them.

    The claim's error is 2√ε_θ, as a distance, so that ε_θ is the square of half of 2^log2_error.
    """
    needs = (
        "source-independent needs one-bit symbols with the side data 'settings' (0 measured Z, 1 measured X) of each"
    )
    table = _table(samples, 1, 2, needs)
    rounds, x_rounds, errors = int(table.sum()), int(table[1].sum()), int(table[1, 1])
    if not 0 < x_rounds < rounds:
        raise ParameterError("source-independent needs rounds measured in X and rounds measured in Z")
    found = source_independent(rounds, x_rounds, errors, 2 * (keys.pop("log2_error") - 1))
    claim = found.claim
    words = (
        *claim.assumptions[:-1],
        "counted over all rounds of the run together",
        f"the choice of bases took {found.seed_bits:.1f} bits of seed; net of it {found.net_bits:.1f} bits remain",
    )
    facts = {
        "rounds": rounds,
        "x_rounds": x_rounds,
        "x_errors": errors,
        "theta": found.theta,
        "min_entropy_bits": found.min_entropy,
        "seed_bits": found.seed_bits,
        "net_bits": found.net_bits,
    }
    spread = replace(claim, bits_per_sample=found.min_entropy / rounds, assumptions=words, symbols=rounds)
    return Account("source-independent", spread, facts=facts)
