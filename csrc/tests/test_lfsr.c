#include <math.h>

#include "check.h"
#include "cpu/kernels.h"

/* The shortest register that makes the bits, by trying every length and every tap set: the definition. */
static uint32_t plain_complexity(const uint8_t *packed, uint32_t n) {
    for (uint32_t length = 0; length < n; length++)
        for (uint32_t taps = 0; taps < 1u << length; taps++) {
            uint32_t t = length;
            for (; t < n; t++) {
                unsigned sum = 0;
                for (uint32_t i = 1; i <= length; i++)
                    sum ^= (taps >> (i - 1) & 1) & test_bit(packed, t - i);
                if (sum != test_bit(packed, t))
                    break;
            }
            if (t == n)
                return length;
        }
    return n;
}

static void complexity_is_that_of_the_shortest_register(void) {
    uint64_t state = 1, taps[5];
    for (int round = 0; round < 300; round++) {
        uint8_t x[2];
        uint32_t n = 1 + (uint32_t)(test_random(&state) % 12);
        test_fill(&state, x, 2);
        CHECK(qrng_lfsr_complexity(x, n, 256, taps) == plain_complexity(x, n));
    }
    uint8_t zeros[32] = {0}, last_one[32] = {0};
    last_one[31] = 1;
    CHECK(qrng_lfsr_complexity(zeros, 256, 256, taps) == 0 && taps[0] == 1 && taps[1] == 0);
    CHECK(qrng_lfsr_complexity(last_one, 256, 96, taps) == 97);
    CHECK(qrng_lfsr_complexity(last_one, 256, 256, taps) == 256);
}

/* Of random windows and of those of registers of 36 to 44 bits the batch finds those that one by one are
 * short. */
static void a_batch_finds_the_windows_of_short_registers(void) {
    uint64_t rng = 4, taps[5];
    int shorts = 0;
    for (int round = 0; round < 400; round++) {
        uint64_t high[LFSR_BATCH], low[LFSR_BATCH];
        uint32_t expected = 0;
        for (uint32_t k = 0; k < LFSR_BATCH; k++) {
            uint8_t x[12], bits[96];
            const uint32_t length = 36 + (uint32_t)(test_random(&rng) % 9);
            const uint64_t state = test_random(&rng), made = test_random(&rng) % 3;
            for (uint32_t i = 0; i < 96; i++) {
                bits[i] = test_random(&rng) & 1;
                for (uint32_t j = 1; made && i >= length && j <= length; j++)
                    bits[i] = (uint8_t)((j == 1 ? 0 : bits[i]) ^ (bits[i - j] & (state >> j & 1)));
            }
            CHECK(qrng_bits_pack8(x, bits, 96, 1) == QRNG_OK);
            high[k] = low[k] = 0;
            for (int i = 0; i < 8; i++)
                high[k] = high[k] << 8 | x[i];
            for (int i = 8; i < 12; i++)
                low[k] |= (uint64_t)x[i] << (56 - 8 * (i - 8));
            expected |= (uint32_t)(qrng_lfsr_complexity(x, 96, 40, taps) <= 40) << k;
        }
        CHECK(qrng_kernels_get()->lfsr_short(high, low) == expected);
        shorts += __builtin_popcount(expected);
    }
    CHECK(shorts > 400 && shorts < 400 * LFSR_BATCH - 400);
}

static void the_register_found_makes_the_bits(void) {
    uint64_t state = 2, taps[5];
    for (int round = 0; round < 200; round++) {
        uint8_t x[32];
        test_fill(&state, x, 32);
        uint32_t length = qrng_lfsr_complexity(x, 256, 256, taps);
        CHECK(length > 100 && length < 156); /* 128 within a dozen for random bits */
        for (uint32_t t = length; t < 256; t++) {
            unsigned sum = 0;
            for (uint32_t i = 0; i <= length; i++)
                sum ^= (unsigned)(taps[i / 64] >> i % 64 & 1) & test_bit(x, t - i);
            CHECK(sum == 0);
        }
    }
}

/* The register begins with bits that it did not make; the first windows that are its own begin at bit 4128 =
 * 43 * 96 and at bit 4096. Two blocks more bring over 2^70. */
static void a_register_is_caught_in_the_blocks_after_it_is_seen(void) {
    static uint8_t bits[8192], packed[1024];
    for (int kind = 0; kind < 2; kind++) {
        const int from = 4100, near = kind ? 38 : 3, far = kind ? 89 : 31;
        const uint64_t seen = kind ? 4096 + 256 : 4128 + 96;
        uint64_t rng = 3;
        for (int i = 0; i < 8192; i++)
            bits[i] = i < from ? test_random(&rng) & 1 : bits[i - near] ^ bits[i - far];
        CHECK(qrng_bits_pack8(packed, bits, 8192, 1) == QRNG_OK);
        size_t bytes = qrng_lfsr_state_bytes();
        void *whole = malloc(bytes), *cut = malloc(bytes);
        CHECK(qrng_lfsr_init(whole, 0.5) == QRNG_OK && qrng_lfsr_init(cut, 0.5) == QRNG_OK);
        CHECK(qrng_lfsr_init(whole, 0.4) == QRNG_EINVAL);
        uint64_t at = qrng_lfsr_scan(whole, packed, 0, 8192, 0x1p70);
        CHECK(at == seen + 64 - 1);
        for (uint64_t i = 0; i <= at; i += 37) {
            uint64_t take = at + 1 - i < 37 ? at + 1 - i : 37,
                     hit = qrng_lfsr_scan(cut, packed, i, take, 0x1p70);
            CHECK(hit == (i + take == at + 1 ? take - 1 : take));
        }
        CHECK(memcmp(whole, cut, bytes) == 0 && qrng_lfsr_check(cut, bytes) == QRNG_OK);
        CHECK(qrng_lfsr_check(cut, bytes - 8) == QRNG_EINVAL);
        qrng_evidence found;
        qrng_lfsr_leader(whole, &found);
        CHECK(found.total >= 0x1p70 && found.quiet == seen - (kind ? 256 : 96) &&
              found.bet == (uint32_t)kind);
        free(whole), free(cut);
    }
}

/* Worked by hand: the register x_t = x_(t-1), q = .5 + .97 / 2; 31 bits right and the last wrong. */
static void a_missed_bit_costs_and_drops_the_register(void) {
    uint8_t ones[24];
    memset(ones, 255, sizeof ones);
    ones[15] = 254; /* bit 127 */
    size_t bytes = qrng_lfsr_state_bytes();
    void *state = malloc(bytes);
    CHECK(qrng_lfsr_init(state, 0.5) == QRNG_OK);
    CHECK(qrng_lfsr_scan(state, ones, 0, 160, INFINITY) == 160);
    qrng_evidence found;
    qrng_lfsr_leader(state, &found);
    double m = (96 + 32) * pow(0.985 / 0.5, 31) * (0.015 / 0.5) + 32; /* then nothing is staked */
    CHECK(fabs(found.total - (m + 160) / 2) < 1e-9 * m);              /* the other tier never staked */
    free(state);
}

static void all(void) {
    complexity_is_that_of_the_shortest_register();
    a_batch_finds_the_windows_of_short_registers();
    the_register_found_makes_the_bits();
    a_register_is_caught_in_the_blocks_after_it_is_seen();
    a_missed_bit_costs_and_drops_the_register();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
