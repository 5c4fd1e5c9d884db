#include <math.h>

#include "check.h"

enum { N = 1 << 16, ALL = QRNG_CONTEXT_LOOK };

static double uniform(uint64_t *rng) {
    return (double)(test_random(rng) >> 11) * 0x1p-53;
}

/* A sum of products, which no parity of few bits follows; one bit in ten is flipped. */
static void nonlinear(uint8_t *packed, int n, int from, uint64_t *rng) {
    static uint8_t x[4 * N];
    for (int t = 0; t < n; t++) {
        x[t] = test_random(rng) & 1;
        if (t >= from)
            x[t] = x[t - 8] ^ x[t - 3] ^ (x[t - 1] & x[t - 2]) ^ (x[t - 4] & x[t - 5]) ^
                   (x[t - 6] & x[t - 7]) ^ (uniform(rng) < 0.1);
    }
    CHECK(qrng_bits_pack8(packed, x, (uint64_t)n, 1) == QRNG_OK);
}

static void *made(uint32_t lanes, double g, uint64_t every) {
    void *state = malloc(qrng_context_state_bytes());
    CHECK(qrng_context_init(state, lanes, g, every) == QRNG_OK);
    return state;
}

static void a_nonlinear_rule_is_found_however_the_stream_is_cut(void) {
    static uint8_t bits[4 * N / 8];
    const size_t bytes = qrng_context_state_bytes();
    const uint64_t every[3] = {ALL, 1 << 14, 1 << 14};
    for (int round = 0; round < 3; round++) {
        const int lanes = round < 2 ? 1 : 20, from = N / 2;
        uint64_t rng = 5;
        nonlinear(bits, 4 * N, from, &rng);
        void *whole = made(lanes, 0.5, every[round]), *cut = made(lanes, 0.5, every[round]);
        uint64_t at = qrng_context_scan(whole, bits, 0, 4 * N, 0x1p40), i = 0;
        CHECK(at > (uint64_t)from && at < (uint64_t)from + (round ? 150000 : 4000));
        for (uint64_t take; i <= at; i += take) {
            take = 1 + test_random(&rng) % 9000;
            take = take < at + 1 - i ? take : at + 1 - i;
            uint64_t hit = qrng_context_scan(cut, bits, i, take, 0x1p40);
            CHECK(hit == (i + take == at + 1 ? take - 1 : take));
        }
        CHECK(qrng_context_check(cut, bytes) == QRNG_OK && memcmp(whole, cut, bytes) == 0);
        qrng_evidence found;
        qrng_context_leader(whole, &found);
        CHECK(found.total >= 0x1p40 && found.feature <= 15 && found.quiet <= at);
        CHECK(found.quiet + 1000 > (uint64_t)from);
        free(whole), free(cut);
    }
}

/* An echo from 4001 bits back with a tenth of the bits flipped: nothing else foretells it. */
static void a_noisy_echo_is_found_by_the_match(void) {
    static uint8_t x[N], packed[N / 8];
    uint64_t rng = 6;
    for (int t = 0; t < N; t++)
        x[t] = t < N / 2 ? test_random(&rng) & 1 : (uint8_t)(x[t - 4001] ^ (uniform(&rng) < 0.1));
    CHECK(qrng_bits_pack8(packed, x, N, 1) == QRNG_OK);
    void *state = made(1, 0.5, ALL);
    uint64_t at = qrng_context_scan(state, packed, 0, N, 0x1p40);
    CHECK(at > N / 2 && at < N / 2 + 2000);
    qrng_evidence found;
    qrng_context_leader(state, &found);
    CHECK(found.feature == 15 && found.quiet + 500 > N / 2);
    free(state);
}

/* The last symbol of the first look that wins nothing is followed by bits that are only counted, one new bet
 * each. */
static void what_is_not_watched_is_counted(void) {
    static uint8_t bits[N / 8];
    uint64_t rng = 7;
    test_fill(&rng, bits, sizeof bits);
    void *state = made(1, 0.5, N), *same = made(1, 0.5, N);
    qrng_evidence then, now;
    CHECK(qrng_context_scan(state, bits, 0, ALL, INFINITY) == ALL);
    qrng_context_leader(state, &then);
    CHECK(qrng_context_scan(state, bits, ALL, 50000, INFINITY) == 50000);
    qrng_context_leader(state, &now);
    CHECK(fabs(now.total - then.total - 50000) < 1e-6);
    CHECK(qrng_context_scan(same, bits, 0, ALL, INFINITY) == ALL);
    CHECK(qrng_context_scan(same, bits, ALL, 50000, now.total) == 49999);
    free(state), free(same);
}

/* Sources that meet the claim exactly and depend on what came before, the way these bets like it best: E M <=
 * bits seen, so that the mean over many streams of M / bits is at most 1, within three deviations of it. */
static void the_mean_of_the_evidence_is_at_most_the_bits_seen(void) {
    static uint8_t x[4096], packed[512];
    const double claims[3] = {0.5, 0.55, 0.8};
    uint64_t rng = 8;
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0;
        const int runs = 40;
        for (int run = 0; run < runs; run++) {
            for (int t = 0; t < 4096; t++) {
                const unsigned likely = t < 3 ? 0 : (x[t - 1] & x[t - 2]) ^ x[t - 3];
                x[t] = (uint8_t)(likely ^ (uniform(&rng) >= claims[c]));
            }
            CHECK(qrng_bits_pack8(packed, x, 4096, 1) == QRNG_OK);
            void *state = made(1, claims[c], ALL);
            CHECK(qrng_context_scan(state, packed, 0, 4096, INFINITY) == 4096);
            qrng_evidence found;
            qrng_context_leader(state, &found);
            sum += found.total / 4096, squares += found.total * found.total / (4096.0 * 4096);
            free(state);
        }
        const double mean = sum / runs, deviation = sqrt((squares / runs - mean * mean) / runs);
        CHECK(mean > 0 && mean <= 1 + 3 * deviation);
    }
}

/* What gcc made of it on x86-64: every compiler and processor comes to the same evidence, to the last bit. */
static void the_evidence_is_the_same_everywhere(void) {
    static uint8_t bits[N / 8];
    for (int round = 0; round < 2; round++) {
        uint64_t rng = 11;
        nonlinear(bits, N, N - 1500, &rng);
        void *state = made(round ? 20 : 1, round ? 0.55 : 0.5, ALL);
        CHECK(qrng_context_scan(state, bits, 0, N, INFINITY) == N);
        qrng_evidence found;
        qrng_context_leader(state, &found);
        CHECK(found.total == (round ? 0x1.04f1f1004a4e6p+16 : 0x1.710f0a976456dp+19));
        free(state);
    }
}

static void what_cannot_be_used_is_refused(void) {
    const size_t bytes = qrng_context_state_bytes();
    CHECK(bytes <= 4 << 20);
    void *state = calloc(1, bytes);
    CHECK(qrng_context_check(state, bytes) == QRNG_EINVAL);
    CHECK(qrng_context_init(state, 0, 0.5, ALL) == QRNG_EINVAL);
    CHECK(qrng_context_init(state, QRNG_HEALTH_MAX_LANES + 1, 0.5, ALL) == QRNG_EINVAL);
    CHECK(qrng_context_init(state, 1, 0.4, ALL) == QRNG_EINVAL);
    CHECK(qrng_context_init(state, 1, 1, ALL) == QRNG_EINVAL);
    CHECK(qrng_context_init(state, 1, 0.5, ALL - 1) == QRNG_EINVAL);
    CHECK(qrng_context_init(state, QRNG_HEALTH_MAX_LANES, 0.5, ALL) == QRNG_OK);
    CHECK(qrng_context_check(state, bytes) == QRNG_OK && qrng_context_check(state, bytes - 8) == QRNG_EINVAL);
    ((uint8_t *)state)[99] = 0; /* a history of no length */
    CHECK(qrng_context_check(state, bytes) == QRNG_EINVAL);
    free(state);
}

int main(void) { /* one kernel: nothing here depends on the level */
    a_nonlinear_rule_is_found_however_the_stream_is_cut();
    a_noisy_echo_is_found_by_the_match();
    what_is_not_watched_is_counted();
    the_mean_of_the_evidence_is_at_most_the_bits_seen();
    the_evidence_is_the_same_everywhere();
    what_cannot_be_used_is_refused();
    return 0;
}
