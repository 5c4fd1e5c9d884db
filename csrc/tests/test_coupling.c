#include <math.h>

#include "check.h"

enum { N = 1 << 17, ALL = QRNG_COUPLING_LOOK };

static double uniform(uint64_t *rng) {
    return (double)(test_random(rng) >> 11) * 0x1p-53;
}

/* From bit `from` on the third lane (of 2: the second) is the parity of the two before it, or copies the
 * first, with probability p. */
static void coupled(uint8_t *packed, int n, int lanes, int from, int parity, double p, uint64_t *rng) {
    static uint8_t x[N];
    const int lane = lanes > 2 ? 2 : 1;
    for (int t = 0; t < n; t++) {
        x[t] = test_random(rng) & 1;
        if (t >= from && t % lanes == lane)
            x[t] = x[t - lane] ^ (parity ? x[t - 1] : 0) ^ (uniform(rng) >= p);
    }
    CHECK(qrng_bits_pack8(packed, x, (uint64_t)n, 1) == QRNG_OK);
}

static void *made(uint32_t lanes, double g, uint64_t every) {
    void *state = malloc(qrng_coupling_state_bytes(lanes));
    CHECK(qrng_coupling_init(state, lanes, g, every) == QRNG_OK);
    return state;
}

static void coupled_lanes_are_found_and_named_however_the_stream_is_cut(void) {
    static uint8_t bits[N / 8];
    const struct {
        uint32_t lanes;
        int parity;
        uint64_t every;
        uint32_t feature;
    } cases[5] = {{5, 1, ALL, 2 | 1 << 16},
                  {20, 0, ALL, 2},
                  {20, 1, 3 * ALL, 2 | 1 << 16},
                  {2, 0, 2 * ALL, 1},
                  {QRNG_COUPLING_PAIRED + 1, 0, ALL, 2}};
    for (int c = 0; c < 5; c++) {
        const uint32_t lanes = cases[c].lanes;
        const size_t bytes = qrng_coupling_state_bytes(lanes);
        const int from = N / 8;
        uint64_t rng = 5;
        coupled(bits, N, (int)lanes, from, cases[c].parity, 0.9, &rng);
        void *whole = made(lanes, 0.5, cases[c].every), *cut = made(lanes, 0.5, cases[c].every);
        uint64_t at = qrng_coupling_scan(whole, bits, 0, N, 0x1p40), i = 0;
        CHECK(at > (uint64_t)from && at < N);
        for (uint64_t take; i <= at; i += take) {
            take = 1 + test_random(&rng) % (c % 2 ? 9000 : 7);
            take = take < at + 1 - i ? take : at + 1 - i;
            uint64_t hit = qrng_coupling_scan(cut, bits, i, take, 0x1p40);
            CHECK(hit == (i + take == at + 1 ? take - 1 : take));
        }
        CHECK(qrng_coupling_check(cut, bytes) == QRNG_OK && memcmp(whole, cut, bytes) == 0);
        qrng_evidence found;
        qrng_coupling_leader(whole, &found);
        CHECK(found.total >= 0x1p40 && found.quiet <= at && found.quiet + 4000 > (uint64_t)from);
        CHECK(found.bet == 0 || found.bet == (lanes > 2 ? 3 : 2));
        CHECK(found.feature == cases[c].feature);
        free(whole), free(cut);
    }
}

/* The last symbol of the first look that wins nothing is followed by bits that are only counted, one new bet
 * each. */
static void what_is_not_watched_is_counted(void) {
    static uint8_t bits[N / 8];
    uint64_t rng = 7;
    test_fill(&rng, bits, sizeof bits);
    void *state = made(20, 0.5, N), *same = made(20, 0.5, N);
    qrng_evidence then, now;
    CHECK(qrng_coupling_scan(state, bits, 0, ALL, INFINITY) == ALL);
    qrng_coupling_leader(state, &then);
    CHECK(qrng_coupling_scan(state, bits, ALL, 50000, INFINITY) == 50000);
    qrng_coupling_leader(state, &now);
    CHECK(fabs(now.total - then.total - 50000) < 1e-6 * now.total);
    CHECK(qrng_coupling_scan(same, bits, 0, ALL, INFINITY) == ALL);
    CHECK(qrng_coupling_scan(same, bits, ALL, 50000, now.total) == 49999);
    free(state), free(same);
}

/* Sources that meet the claim exactly and couple their lanes, the way these bets like it best: E M <= bits
 * seen, so that the mean over many streams of M / bits is at most 1, within three deviations of it. */
static void the_mean_of_the_evidence_is_at_most_the_bits_seen(void) {
    static uint8_t x[4096], packed[512];
    const double claims[3] = {0.5, 0.55, 0.8};
    uint64_t rng = 8;
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0;
        const int runs = 200, lanes = 6;
        for (int run = 0; run < runs; run++) {
            for (int t = 0; t < 4096; t++) {
                const unsigned likely = t < 6 ? 0 : t % 2 ? x[t - 1] ^ x[t - 5] : x[t - 6];
                x[t] = (uint8_t)(likely ^ (uniform(&rng) >= claims[c]));
            }
            CHECK(qrng_bits_pack8(packed, x, 4096, 1) == QRNG_OK);
            void *state = made((uint32_t)lanes, claims[c], ALL);
            CHECK(qrng_coupling_scan(state, packed, 0, 4096, INFINITY) == 4096);
            qrng_evidence found;
            qrng_coupling_leader(state, &found);
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
    const uint32_t lanes[3] = {20, 32, 33};
    const double known[3] = {0x1.b9ce2934bd085p+198, 0x1.278c663cd803p+73, 0x1.4a340cf0ffa29p+101};
    for (int round = 0; round < 3; round++) {
        uint64_t rng = 11;
        coupled(bits, N / 4, (int)lanes[round], N / 8, 0, 0.95, &rng);
        void *state = made(lanes[round], round == 1 ? 0.55 : 0.5, ALL);
        CHECK(qrng_coupling_scan(state, bits, 0, N / 4, INFINITY) == N / 4);
        qrng_evidence found;
        qrng_coupling_leader(state, &found);
        CHECK(found.total == known[round]);
        free(state);
    }
}

static void what_cannot_be_used_is_refused(void) {
    const uint32_t most = QRNG_COUPLING_MOST;
    const size_t bytes = qrng_coupling_state_bytes(20);
    for (uint32_t lanes = 2; lanes <= most; lanes++)
        CHECK(qrng_coupling_state_bytes(lanes) <= 1 << 19);
    uint64_t *state = calloc(1, qrng_coupling_state_bytes(most));
    CHECK(qrng_coupling_check(state, bytes) == QRNG_EINVAL);
    CHECK(qrng_coupling_init(state, 1, 0.5, ALL) == QRNG_EINVAL);
    CHECK(qrng_coupling_init(state, most + 1, 0.5, ALL) == QRNG_EINVAL);
    CHECK(qrng_coupling_init(state, 20, 0.4, ALL) == QRNG_EINVAL);
    CHECK(qrng_coupling_init(state, 20, 1, ALL) == QRNG_EINVAL);
    CHECK(qrng_coupling_init(state, 20, 0.5, ALL - 1) == QRNG_EINVAL);
    CHECK(qrng_coupling_init(state, most, 0.5, ALL) == QRNG_OK);
    CHECK(qrng_coupling_check(state, qrng_coupling_state_bytes(most)) == QRNG_OK);
    CHECK(qrng_coupling_init(state, 20, 0.5, ALL) == QRNG_OK);
    CHECK(qrng_coupling_check(state, bytes) == QRNG_OK &&
          qrng_coupling_check(state, bytes - 8) == QRNG_EINVAL);
    CHECK(qrng_coupling_check(state, 64) == QRNG_EINVAL);
    ((float *)state)[600] = 2; /* in the table of the logistic function */
    CHECK(qrng_coupling_check(state, bytes) == QRNG_EINVAL);
    free(state);
}

int main(void) { /* one kernel: nothing here depends on the level */
    coupled_lanes_are_found_and_named_however_the_stream_is_cut();
    what_is_not_watched_is_counted();
    the_mean_of_the_evidence_is_at_most_the_bits_seen();
    the_evidence_is_the_same_everywhere();
    what_cannot_be_used_is_refused();
    return 0;
}
