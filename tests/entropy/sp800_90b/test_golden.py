"""Every estimator against the reference tool: integers exact, reals within 1e-12."""

import numpy as np
import pytest

from qrng.entropy.sp800_90b.registry import NON_IID
from qrng.entropy.sp800_90b.tracks import run
from qrng.samples import Samples

TOLERANCE = 1e-12
BUILT = [estimator.name for estimator in NON_IID]
SEQUENCES = [
    "bits_fair",
    "bits_060",
    "bits_markov_060",
    "sym3_gaps",
    "sym4_geometric",
    "sym8_bell",
    "sym8_uniform",
    "sym8_short",
]

# How the reference tool's printed names map to ours, and which of its values are counts.
TITLES = {
    "Most Common Value": "most_common_value",
    "Collision": "collision",
    "Markov": "markov",
    "Compression": "compression",
    "t-Tuple": "t_tuple",
    "LRS": "lrs",
    "MultiMCW Prediction": "multi_mcw",
    "Lag Prediction": "lag",
    "MultiMMC Prediction": "multi_mmc",
    "LZ78Y Prediction": "lz78y",
}
DETAILS = {
    "Mode count": "mode",
    "p-hat": "p_hat",
    "p_u": "p_u",
    "v": "v",
    "Sum t_i": "sum_t",
    "X-bar": "x_bar",
    "sigma-hat": "sigma_hat",
    "X-bar'": "x_bar_prime",
    "p": "p",
    "P_0": "p_0",
    "P_1": "p_1",
    "P_{0,0}": "p_00",
    "P_{0,1}": "p_01",
    "P_{1,0}": "p_10",
    "P_{1,1}": "p_11",
    "p-hat_max": "p_hat_max",
    "t": "t",
    "u": "u",
    "C": "C",
    "r": "r",
    "N": "N",
    "P_global": "p_global",
    "P_global'": "p_global_prime",
    "P_local": "p_local",
}


def samples(symbols: np.ndarray) -> Samples:
    return Samples.from_symbols(symbols, int(symbols.max()).bit_length())


@pytest.mark.parametrize("name", SEQUENCES)
def test_generated_sequences_get_the_reference_estimates(name, recipe, expected):
    want = expected[name]
    outcome = run(samples(recipe(name)))
    seen = {(estimate.on, estimate.name): estimate.min_entropy for estimate in outcome.estimates}
    for on in ("literal", "bitstring"):
        for estimator, value in want.get(on, {}).items():
            if estimator in BUILT:
                assert seen.pop((on, estimator)) == pytest.approx(value, abs=TOLERANCE, rel=0), (on, estimator)
    assert not seen, "an estimator ran where the reference tool runs none"


@pytest.mark.parametrize("track", ["non-iid", "conditioned"])
@pytest.mark.parametrize(
    "name",
    ["truerand_1bit.bin", "truerand_8bit.bin", "normal.bin", "rand1_short.bin", "rand4_short.bin", "rand8_short.bin"],
)
def test_reference_samples_get_the_reference_estimates_and_intermediates(name, track, reference_samples):
    symbols, golden = reference_samples(name)
    want = golden["non_iid_initial(-i -a)" if track == "non-iid" else "non_iid_conditioned(-c -a)"]
    outcome = run(samples(symbols), track)
    seen = {(estimate.on, estimate.name): estimate for estimate in outcome.estimates}
    for title, by_sequence in want["estimators"].items():
        for on, values in by_sequence.items():
            if TITLES[title] not in BUILT:
                continue
            estimate = seen.pop((on.lower(), TITLES[title]))
            assert estimate.min_entropy == pytest.approx(float(values.pop("min entropy")), abs=TOLERANCE, rel=0)
            values.pop("notes", None)
            for key, text in values.items():
                value = estimate.details[DETAILS[key]]
                if text.isdigit():
                    assert value == int(text), (title, on, key)
                else:
                    assert value == pytest.approx(float(text), abs=TOLERANCE, rel=0), (title, on, key)
    assert not seen, "an estimator ran where the reference tool runs none"
