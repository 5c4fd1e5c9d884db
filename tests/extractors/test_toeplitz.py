"""The Toeplitz hash against its definition, on every kernel, and what its plan promises."""

from __future__ import annotations

import copy
import json
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qrng import _native, bits
from qrng.claim import EntropyClaim
from qrng.errors import BudgetError, ClosedError, ParameterError
from qrng.extractors import Circulant, ModifiedToeplitz, Toeplitz, extractor_class, extractor_names
from qrng.extractors.seeds import PreparedSeed, file_seed, system_seed

# extractor_vectors.json, "known_answers": cryptomite 0.3.0 and randextract 0.2.2 agree on both.
KNOWN_ANSWERS = [
    (5, 3, "11010", "1011001", "010"),
    (12, 8, "100110101101", "0110100110010111010", "00011011"),
]


def by_definition(n: int, m: int, raw: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """y_i = XOR over j of s[(i-j) mod (n+m-1)] x_j, on one bit a byte."""
    i, j = np.ogrid[:m, :n]
    return (seed[(i - j) % (n + m - 1)] & raw).sum(axis=1).astype(np.uint8) & 1


@pytest.mark.parametrize(("n", "m", "raw", "seed", "out"), KNOWN_ANSWERS)
def test_known_answers(kernel, packed, text, n, m, raw, seed, out):
    assert text(Toeplitz(n, m).extract(packed(raw), packed(seed)), m) == out


@pytest.mark.parametrize(
    ("n", "m", "raw", "seed", "out"),
    # extractor_vectors.json, "known_answers", modified_toeplitz (randextract 0.2.2).
    [(5, 3, "11010", "1011", "001"), (12, 8, "100110101101", "11010011101", "11000100")],
)
def test_known_answers_of_the_modified_form(kernel, packed, text, n, m, raw, seed, out):
    assert text(ModifiedToeplitz(n, m).extract(packed(raw), packed(seed)), m) == out


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), n=st.integers(2, 300), blocks=st.integers(1, 70), entropy=st.integers(0, 2**32))
def test_the_modified_form_is_toeplitz_plus_the_last_bits(kernel, data, n, blocks, entropy):
    m = data.draw(st.integers(1, n - 1))
    random = np.random.default_rng(entropy)
    raw = random.integers(0, 2, (blocks, n), np.uint8)
    seed = random.integers(0, 2, n - 1, np.uint8)
    expected = np.concatenate([by_definition(n - m, m, x[: n - m], seed) ^ x[n - m :] for x in raw])
    out = ModifiedToeplitz(n, m).extract_blocks(bits.pack(raw.ravel()), bits.pack(seed), blocks=blocks)
    assert bytes(out) == bits.pack(expected).tobytes()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), n=st.integers(2, 700), blocks=st.integers(1, 4), entropy=st.integers(0, 2**32))
def test_a_stream_of_blocks_equals_the_definition(kernel, data, n, blocks, entropy):
    m = data.draw(st.integers(1, n - 1))
    random = np.random.default_rng(entropy)
    raw = random.integers(0, 2, (blocks, n), np.uint8)
    seed = random.integers(0, 2, n + m - 1, np.uint8)
    expected = np.concatenate([by_definition(n, m, block, seed) for block in raw])
    out = Toeplitz(n, m).extract_blocks(bits.pack(raw.ravel()), bits.pack(seed), blocks=blocks)
    assert bytes(out) == bits.pack(expected).tobytes()


@pytest.mark.parametrize(("n", "m"), [(1024, 512), (4096, 2048), (4099, 1025), (20_011, 9_973), (120_000, 50_001)])
def test_large_blocks_are_the_same_on_every_kernel(n, m):
    random = np.random.default_rng(n)
    raw, seed = random.bytes(bits.bytes_for(3 * n)), random.bytes(bits.bytes_for(n + m - 1))
    results = set()
    for level, here in _native.kernel_levels().items():
        if here:
            _native.force_kernel(level)
            results.add(bytes(Toeplitz(n, m).extract_blocks(raw, seed)))
    _native.force_kernel("auto")
    assert len(results) == 1


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_share_the_blocks_of_any_size(kernel, threads):
    ext = Toeplitz(101, 37)
    seed, raw = system_seed(ext.seed_bytes), system_seed(bits.bytes_for(101 * 300))
    assert ext.extract_blocks(raw, seed, blocks=300, threads=threads) == ext.extract_blocks(raw, seed, blocks=300)
    with pytest.raises(ParameterError, match="threads"):
        ext.extract_blocks(raw, seed, threads=0)


@pytest.mark.parametrize("cls", [Toeplitz, ModifiedToeplitz, Circulant])
@pytest.mark.parametrize("blocks", [1, 2])
def test_threads_share_one_long_block(kernel, cls, blocks):
    """Lengths that are no whole bytes, so that a second block starts inside one."""
    n, m = 700_002, 300_001
    ext = cls(n, m)
    raw = np.random.default_rng(6).bytes(bits.bytes_for(blocks * n))
    with ext.prepare(np.random.default_rng(7).bytes(ext.seed_bytes)) as seed:
        assert ext._most_parts(seed.state) > 1  # or this would test nothing
        one = ext.extract_blocks(raw, seed, blocks=blocks)
        for threads in (2, 3, 64):
            assert ext.extract_blocks(raw, seed, blocks=blocks, threads=threads) == one
        if blocks == 1:
            assert ext.extract(raw, seed, threads=2) == one


def test_working_space_of_threads_is_wiped(monkeypatch):
    wiped = []
    monkeypatch.setattr("qrng.extractors.linear.wipe", lambda buffer: wiped.append(len(buffer)))
    ext = Toeplitz(700_002, 300_001)
    with ext.prepare(system_seed) as seed:
        ext.extract(bytes(87_501), seed, threads=2)
        assert wiped == [_native.lib.qrng_linear_parts_bytes(seed.state, 2)]


def test_the_map_is_linear(kernel):
    random = np.random.default_rng(5)
    a, b = (random.integers(0, 256, 100, np.uint8) for _ in range(2))
    with Toeplitz(800, 300).prepare(random.bytes(138)) as seed:
        first, second, both = (Toeplitz(800, 300).extract(x, seed) for x in (a, b, a ^ b))
    assert bytes(np.frombuffer(first, np.uint8) ^ np.frombuffer(second, np.uint8)) == bytes(both)


def test_pad_bits_are_ignored_on_input_and_zero_on_output(kernel):
    ext = Toeplitz(13, 5)  # raw 13 bits in 2 bytes, seed 17 in 3, output 5 in 1
    plain = ext.extract(bytes([0xA5, 0xC8]), bytes([0x3C, 0x91, 0x80]))
    padded = ext.extract(bytes([0xA5, 0xCF]), bytes([0x3C, 0x91, 0xFF]))
    assert plain == padded
    assert plain[0] & 0x07 == 0
    out = bytearray(b"\xff")
    assert ext.extract_blocks(bytes([0xA5, 0xC8]), bytes([0x3C, 0x91, 0x80]), out, blocks=1) is out
    assert out == plain


def test_blocks_are_counted_in_bits_across_byte_borders():
    ext = Toeplitz(5, 2)
    seed = b"\xa4"
    assert len(ext.extract_blocks(bytes(5), seed)) == 2  # 40 bits: 8 blocks, 16 bits out
    assert len(ext.extract_blocks(bytes(4), seed)) == 2  # 32 bits: 6 blocks and 2 bits of padding, 12 bits out
    with pytest.raises(ParameterError, match="not 5 blocks of 5 bits"):
        ext.extract_blocks(bytes(5), seed, blocks=5)
    with pytest.raises(ParameterError, match="whole blocks of 1000 bits"):
        Toeplitz(1000, 500).extract_blocks(bytes(126), bytes(188))
    with pytest.raises(ParameterError, match="whole blocks"):
        Toeplitz(1000, 500).extract_blocks(b"", bytes(188))


@pytest.mark.parametrize(("n", "m"), [(8, 8), (8, 9), (1, 1), (0, 0), (8, 0), (-8, 2), (2**33, 8), (8.0, 4), (True, 1)])
def test_sizes_that_make_no_extractor_are_refused(n, m):
    with pytest.raises(ParameterError):
        Toeplitz(n, m)


def test_seeds_of_the_wrong_length_are_refused_never_padded():
    ext = Toeplitz(64, 32)
    assert (ext.seed_bits, ext.seed_bytes) == (95, 12)
    for size in (0, 11, 13):
        with pytest.raises(ParameterError, match="95 bits, packed in 12 bytes"):
            ext.prepare(bytes(size))
        with pytest.raises(ParameterError, match="95 bits, packed in 12 bytes"):
            ext.prepare(lambda _, size=size: bytes(size))


@pytest.mark.parametrize(
    "raw",
    [
        "text",
        None,
        8,
        [0] * 8,
        np.zeros(8, bool),
        np.zeros(8, np.int64),
        np.zeros(16, np.uint8)[::2],
        bytes(7),
        bytes(9),
    ],
)
def test_raw_input_that_is_not_packed_bytes_of_one_block_is_refused(raw):
    with pytest.raises(ParameterError, match="raw"):
        Toeplitz(64, 32).extract(raw, bytes(12))


def test_output_buffers_that_are_read_only_short_or_overlapping_are_refused():
    ext, seed = Toeplitz(64, 32), bytes(12)
    with pytest.raises(ParameterError, match="read-only"):
        ext.extract_blocks(bytes(8), seed, bytes(4))
    with pytest.raises(ParameterError, match="out holds 5"):
        ext.extract_blocks(bytes(8), seed, bytearray(5))
    memory = bytearray(16)
    view = memoryview(memory)
    with pytest.raises(ParameterError, match="overlap"):
        ext.extract_blocks(view[:8], seed, view[7:11])
    with pytest.raises(ParameterError, match="overlap"):
        ext.extract_blocks(view[:8], seed, view[2:6])
    ext.extract_blocks(view[:8], seed, view[8:12])


def test_seeds_come_from_bytes_callables_files_and_prepared(tmp_path):
    ext = Toeplitz(256, 100)
    seed, raw = system_seed(ext.seed_bytes), system_seed(32)
    (tmp_path / "seed").write_bytes(seed)
    asked = []
    expected = ext.extract(raw, seed)
    assert ext.extract(raw, lambda size: (asked.append(size), seed)[1]) == expected
    assert asked == [ext.seed_bytes]
    assert ext.extract(raw, file_seed(tmp_path / "seed")) == expected
    with ext.prepare(seed) as prepared:
        assert ext.extract(raw, prepared) == expected
    (tmp_path / "seed").write_bytes(seed + b"x")
    with pytest.raises(ParameterError, match="seed"):
        ext.extract(raw, file_seed(tmp_path / "seed"))


def test_a_prepared_seed_is_wiped_and_unusable_once_closed():
    ext = Toeplitz(256, 100)
    prepared = ext.prepare(b"\xff" * ext.seed_bytes)
    memory = _native.ffi.buffer(prepared.state)
    assert any(bytes(memory))
    prepared.close()
    assert not any(bytes(memory))
    prepared.close()
    with pytest.raises(ClosedError):
        ext.extract(bytes(32), prepared)


def test_a_prepared_seed_is_wiped_when_it_is_forgotten():
    prepared = Toeplitz(256, 100).prepare(b"\xff" * 45)
    state = prepared.state
    del prepared
    assert not any(bytes(_native.ffi.buffer(state)))


def test_a_prepared_seed_keeps_its_kernel():
    ext = Toeplitz(512, 256)
    seed, raw = system_seed(ext.seed_bytes), system_seed(64)
    prepared = ext.prepare(seed)
    try:
        _native.force_kernel("portable")
        assert ext.extract(raw, prepared) == ext.extract(raw, seed)
    finally:
        _native.force_kernel("auto")


def test_a_prepared_seed_fits_only_its_own_map_and_can_not_be_copied():
    prepared = Toeplitz(256, 100).prepare(bytes(45))
    assert isinstance(prepared, PreparedSeed)
    assert repr(prepared) == "<PreparedSeed for toeplitz(256, 100)>"
    with pytest.raises(ParameterError, match="does not fit"):
        Toeplitz(256, 101).extract(bytes(32), prepared)
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="can't be copied"):
            duplicate(prepared)


def test_a_plan_carries_its_theorem_and_figures():
    ext = Toeplitz.plan(1000, min_entropy=800, log2_error=-64)
    assert (ext.n, ext.m, ext.seed_bits, ext.blocks_left) == (1000, 674, 1673, 1)
    plan = ext.planned
    assert plan.min_entropy == 800
    assert "leftover hash" in plan.theorem
    assert json.loads(json.dumps(plan.as_dict()))["log2_error"] == -64
    assert Toeplitz(1000, 674).planned is None
    assert Toeplitz(1000, 674).blocks_left is None


@pytest.mark.parametrize(
    ("n", "k", "log2_error", "m"),
    # extractor-theory: "ours", which equals randextract 0.2.2's Toeplitz output length in every row.
    [
        (1000, 800, -64, 674),
        (1000, 800, -20, 762),
        (1000, 300, -32, 238),
        (10_000, 5000, -64, 4874),
        (10_000, 9900, -100, 9702),
        (100, 90, -10, 72),
        (256, 200, -64, 74),
        (1_000_000, 900_000, -128, 899_746),
        # randextract loses a bit to floats here (376).
        (1001, 503, -64, 377),
    ],
)
def test_output_lengths_of_both_forms(n, k, log2_error, m):
    assert Toeplitz.plan(n, k, log2_error).m == m
    modified = ModifiedToeplitz.plan(n, k, log2_error)
    assert (modified.m, modified.seed_bits) == (m, n - 1)


def test_output_never_exceeds_the_min_entropy():
    assert Toeplitz.plan(100, 10, 0).m == 10


def test_a_weak_seed_of_the_modified_form_costs_its_deficit():
    # extractor_vectors.json, weak_seed_toeplitz: a deficit of 100 or 300 bits gives 574 and 374.
    assert ModifiedToeplitz.plan(1000, 800, -64, seed_min_entropy=899).m == 574
    assert ModifiedToeplitz.plan(1000, 800, -64, seed_min_entropy=699).m == 374
    assert ModifiedToeplitz.plan(1000, 800, -64, seed_min_entropy=999).m == 674
    with pytest.raises(ParameterError, match="seed_min_entropy"):
        ModifiedToeplitz.plan(1000, 800, -64, seed_min_entropy=1000)


def test_plans_take_exact_numbers_of_any_kind_and_claims():
    assert Toeplitz.plan(1000, min_entropy=Fraction(1601, 2), log2_error=-64.25).m == 674
    claim = EntropyClaim(0.8, None, ("none",), "test")
    assert Toeplitz.plan(1000, min_entropy=claim, log2_error=-64).m == 674
    below = EntropyClaim(0.7999999999999999, None, ("none",), "test")
    assert Toeplitz.plan(1000, min_entropy=below, log2_error=-64).m == 673
    half = EntropyClaim(0.8, -65.0, ("none",), "test")  # leaves 2^-65
    assert Toeplitz.plan(1000, min_entropy=half, log2_error=-64).m == 672
    sure = EntropyClaim(0.8, -math.inf, ("none",), "test")
    assert Toeplitz.plan(1000, min_entropy=sure, log2_error=-64).m == 674
    with pytest.raises(ParameterError, match="log2_error above -60, such as -59"):
        Toeplitz.plan(1000, min_entropy=EntropyClaim(0.8, -60.0, ("none",), "test"), log2_error=-64)


def test_blocks_shorten_the_output_by_twice_their_logarithm():
    assert Toeplitz.plan(2**16, min_entropy=60_000, log2_error=-64, blocks=2**32).m == 60_000 + 2 - 128 - 64
    assert Toeplitz.plan(1000, min_entropy=800, log2_error=-64, blocks=3).m == math.floor(674 - 2 * math.log2(3))


def test_a_weak_seed_shortens_the_output():
    uniform = Toeplitz.plan(1000, min_entropy=800, log2_error=-64, seed_min_entropy=1673)
    assert uniform.m == 674
    for rate in (Fraction(1), Fraction(99, 100), Fraction(9, 10)):
        # The page's closed form for a seed of rate a: floor((k + 2 - 2 log(1/e) - (1-a)(n-1)) / (2-a)).
        expected = math.floor((674 - (1 - rate) * 999) / (2 - rate))
        ext = Toeplitz.plan(1000, 800, -64, seed_min_entropy=rate * (1000 + expected - 1))
        assert ext.m == expected
    with pytest.raises(ParameterError, match="too weak"):
        Toeplitz.plan(1000, 800, -64, seed_min_entropy=300)
    with pytest.raises(ParameterError, match="seed_min_entropy"):
        Toeplitz.plan(1000, 800, -64, seed_min_entropy=1674)


def test_a_plan_without_output_says_what_would_work():
    with pytest.raises(ParameterError, match="min_entropy of at least 127") as refusal:
        Toeplitz.plan(256, min_entropy=100, log2_error=-64)
    assert "log2_error of at least -50" in str(refusal.value)
    assert Toeplitz.plan(256, min_entropy=127, log2_error=-64).m == 1
    assert Toeplitz.plan(256, min_entropy=100, log2_error=-50).m >= 1
    with pytest.raises(ParameterError, match="below n"):
        Toeplitz.plan(256, min_entropy=256, log2_error=0)


def test_a_plan_counts_blocks_and_refuses_past_its_budget():
    ext = Toeplitz.plan(512, min_entropy=400, log2_error=-32, blocks=5)
    seed = ext.prepare(system_seed)
    ext.extract_blocks(bytes(3 * 64), seed)
    ext.extract(bytes(64), system_seed)
    with pytest.raises(BudgetError, match="pays for 5 blocks, 1 are left and 2 were asked"):
        ext.extract_blocks(bytes(2 * 64), seed)
    assert ext.blocks_left == 1  # a refusal spends nothing
    with pytest.raises(ParameterError):
        ext.extract(bytes(63), seed)
    with pytest.raises(ParameterError):
        ext.extract(bytes(64), bytes(3))
    assert ext.blocks_left == 1  # nor does an error
    ext.extract(bytes(64), seed)
    with pytest.raises(BudgetError):
        ext.extract(bytes(64), seed)


def test_threads_can_not_overspend_a_budget():
    ext = Toeplitz.plan(512, min_entropy=400, log2_error=-32, blocks=100)
    seed = ext.prepare(system_seed)

    def spend(_: int) -> int:
        try:
            ext.extract(bytes(64), seed)
        except BudgetError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(150))) == 100


def test_the_registry_finds_extractors_by_either_name():
    assert extractor_class("toeplitz") is Toeplitz
    assert extractor_class("Toeplitz") is Toeplitz
    assert "toeplitz" in extractor_names()
    with pytest.raises(ParameterError, match="choose one of toeplitz"):
        extractor_class("sponge")


def test_other_packages_register_by_entry_point(tmp_path, monkeypatch):
    info = tmp_path / "third_party-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[qrng.extractors]\nthird_hash = third_party:ThirdHash\n")
    (tmp_path / "third_party.py").write_text("class ThirdHash:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "third_hash" in extractor_names()
    assert extractor_class("ThirdHash").__name__ == "ThirdHash"
