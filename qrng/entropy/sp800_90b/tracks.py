"""Which estimators of SP 800-90B see which sequence, and how their results become one number (section 3.1.3).

non-iid: literal samples and, if they have more than two symbols, their bit string.
conditioned: output of a conditioning component: the bit string alone (section 3.1.5.2).
iid: for samples that pass the tests of section 5, the most common value estimate alone; none is awarded otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from qrng.entropy.sp800_90b import iid, registry
from qrng.entropy.sp800_90b.estimate import Estimate, Estimator, NotApplicable, Skipped
from qrng.entropy.sp800_90b.permutation import GROUPS
from qrng.entropy.sp800_90b.sequence import BITSTRING, LITERAL, MAX_BITS, bit_string, literal
from qrng.errors import ParameterError
from qrng.parallel import ordered
from qrng.samples import Samples

__all__ = ["SHUFFLES", "TRACKS", "Outcome", "Progress", "run"]

TRACKS = ("non-iid", "iid", "conditioned")
SHUFFLES = "permutation tests"
"""What progress names each round of shuffles, of which it has no more to tell than the values that are settled."""

Progress = Callable[[int, int, str], None]
"""Called after each estimator with: estimators done, estimators in all, name of the one just done; on the iid track
after each round of shuffles too, with: values settled, values in all, `SHUFFLES`."""


@dataclass(frozen=True)
class Outcome:
    """Result of a track.

    Attributes:
        alphabet_size: distinct symbols in the samples.
        estimates: one an estimator and sequence that gave a result, in the standard's order.
        skipped: those that gave none, with the reason.
        h_original: smallest estimate on the literal samples, at most the width; None on the conditioned track.
        h_bitstring: smallest estimate on the bit string, at most 1; None where the bit string is not tested.
        min_entropy: min(width, h_original, width · h_bitstring), bits a symbol; 0 where the IID tests failed.
        iid: result of the IID tests; None on the other tracks and for one symbol.
    """

    alphabet_size: int
    estimates: tuple[Estimate, ...]
    skipped: tuple[Skipped, ...]
    h_original: float | None
    h_bitstring: float | None
    min_entropy: float
    iid: iid.IidVerdict | None = None


def run(
    samples: Samples,
    track: str = "non-iid",
    progress: Progress | None = None,
    *,
    seed: int | None = None,
    workers: int = 1,
    all_rounds: bool = False,
) -> Outcome:
    """Run every estimator of a track, and the IID tests where the track asks for them.

    `seed` names the shuffles of the IID tests (None draws one), which `all_rounds` has ranked beyond what the verdict
    needs; `workers` is a number of threads, on which the result does not depend.

    Samples of one symbol only get 0 bits, as the standard's reference tool awards; no estimator is run.

    Raises:
        ParameterError: no samples or more than 2^31 − 2 bits of them, symbols of more than 8 bits, or a track that
            does not exist.
    """
    if track not in TRACKS:
        raise ParameterError(f"no track named {track!r}: choose one of {', '.join(TRACKS)}")
    if samples.count == 0:
        raise ParameterError("there are no samples to assess")
    if samples.bit_length > MAX_BITS:
        raise ParameterError(f"{samples.bit_length} bits at once: at most {MAX_BITS}; assess shorter segments")
    symbols = literal(samples)
    k, width = symbols.alphabet_size, samples.bits_per_symbol
    sequences = {}
    if track != "conditioned":
        sequences[LITERAL] = symbols
    if track == "conditioned" or k > 2:
        sequences[BITSTRING] = bit_string(samples)

    plan = [
        (estimator, on)
        for estimator in (registry.IID if track == "iid" else registry.NON_IID)
        for on, sequence in sequences.items()
        if sequence.alphabet_size <= 2 or not estimator.binary_only
    ]
    if k == 1:
        skipped = tuple(Skipped(e.name, on, "all samples are the same symbol: no entropy") for e, on in plan)
        return Outcome(
            1, (), skipped, 0.0 if LITERAL in sequences else None, 0.0 if BITSTRING in sequences else None, 0.0
        )

    verdict = None
    if track == "iid":
        verdict = _iid_tests(samples, seed, workers, all_rounds, progress)
        if not verdict.passed:
            refused = tuple(Skipped(e.name, on, "the samples are not IID") for e, on in plan)
            return Outcome(k, (), refused, None, None, 0.0, verdict)

    def attempt(task: tuple[Estimator, str]) -> Estimate | Skipped:
        estimator, on = task
        try:
            return estimator.estimate(sequences[on])
        except NotApplicable as reason:
            return Skipped(estimator.name, on, str(reason))

    longest_first = sorted(plan, key=lambda task: -task[0].time_on(sequences[task[1]]))
    found: dict[tuple[Estimator, str], Estimate | Skipped] = {}
    with ThreadPoolExecutor(workers) as pool:
        results = ordered(attempt, longest_first, pool if workers > 1 else None, len(plan))
        for task, result in zip(longest_first, results, strict=True):
            found[task] = result
            if progress:
                progress(len(found), len(plan), result.name)
    estimates = [result for task in plan if isinstance(result := found[task], Estimate)]
    left_out = [result for task in plan if isinstance(result := found[task], Skipped)]

    def smallest(on: str, most: float) -> float | None:
        if on not in sequences:
            return None
        bounds = [e.min_entropy for e in estimates if e.on == on]
        return min(most, *bounds) if bounds else 0.0

    h_original, h_bitstring = smallest(LITERAL, float(width)), smallest(BITSTRING, 1.0)
    totals = [float(width)]
    totals += [h_original] if h_original is not None else []
    totals += [width * h_bitstring] if h_bitstring is not None else []
    return Outcome(k, tuple(estimates), tuple(left_out), h_original, h_bitstring, min(totals), verdict)


def _iid_tests(
    samples: Samples, seed: int | None, workers: int, all_rounds: bool, progress: Progress | None
) -> iid.IidVerdict:
    total = sum(map(len, GROUPS.values()))

    def settled(values: int) -> None:
        if progress:
            progress(values, total, SHUFFLES)

    return iid.test(samples, seed=seed, workers=workers, exhaustive=all_rounds, progress=settled)
