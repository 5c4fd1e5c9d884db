#include <math.h>

#include "check.h"

enum { N = 1 << 18 };

static uint8_t *fair(uint64_t seed, uint64_t bits) {
    uint8_t *x = malloc(bits / 8 + 16);
    test_fill(&seed, x, bits / 8 + 16);
    return x;
}

static void *begun(double g) {
    void *state = malloc(qrng_replay_state_bytes());
    CHECK(state && qrng_replay_init(state, g) == QRNG_OK);
    return state;
}

static double total_of(const void *state) {
    qrng_evidence found;
    qrng_replay_leader(state, &found);
    return found.total;
}

/* Bits of delay from a repetition's first bit on, with all places of earlier bits to come from. */
static uint64_t delay(void *state, const uint8_t *x, uint64_t n, uint64_t from, uint64_t length,
                      double threshold) {
    CHECK(qrng_replay_scan(state, x, 0, n, INFINITY) == n);
    uint64_t at = qrng_replay_scan(state, x, from, length, threshold);
    return at < length ? at + 1 : length + 1;
}

static int by_size(const void *a, const void *b) {
    return *(const uint64_t *)a < *(const uint64_t *)b ? -1 : 1;
}

static void any_part_of_the_past_is_known_again(void) {
    enum { RUNS = 40 };
    uint64_t rng = 1, seen[RUNS];
    for (int run = 0; run < RUNS; run++) {
        void *state = begun(0.5);
        uint8_t *x = fair(100 + (uint64_t)run, N);
        uint64_t from = test_random(&rng) % (N - 2000), n = N - 64 + test_random(&rng) % 64;
        seen[run] = delay(state, x, n, from, 1000, 0x1p34);
        qrng_evidence found;
        qrng_replay_leader(state, &found);
        CHECK(found.feature == n - from);
        CHECK(found.quiet + 2 >= n - 32 && found.quiet < n + 200);
        free(x), free(state);
    }
    qsort(seen, RUNS, sizeof *seen, by_size);
    CHECK(seen[RUNS / 2] < 93 && seen[RUNS - 1] < 400);
}

/* At the farthest lag, over the end of what is kept, and no farther. */
static void two_to_the_24_bits_are_kept(void) {
    const uint64_t n = (1u << 24) + 5000;
    uint8_t *x = fair(7, n);
    for (int k = 0; k < 2; k++) {
        void *state = begun(0.5);
        uint64_t lag = (1u << 24) - (k ? 0 : 6000);
        uint64_t found = delay(state, x, n, n - lag, 4000, 0x1p34);
        CHECK(k ? found > 4000 : found < 400);
        free(state);
    }
    free(x);
}

static void the_same_however_cut_and_after_a_rebuild(void) {
    uint64_t rng = 3;
    for (int round = 0; round < 6; round++) {
        void *whole = begun(round % 2 ? 0.5 : 0.6), *cut = begun(round % 2 ? 0.5 : 0.6);
        uint8_t *x = fair(50 + (uint64_t)round, N);
        for (int part = 0; part < 8; part++) { /* stretches that stood before, some with a bit turned */
            uint64_t to = (uint64_t)(part + 1) * (N / 8 / 22), from = test_random(&rng) % (to - 100);
            memcpy(x + to, x + from, 14);
            x[to + 9] ^= (uint8_t)(part % 2 << part % 8);
        }
        CHECK(qrng_replay_scan(whole, x, 0, N, INFINITY) == N);
        for (uint64_t at = 0; at < N;) {
            uint64_t most = at % 7 ? 50 : 5000, take = 1 + test_random(&rng) % most;
            take = take < N - at ? take : N - at;
            CHECK(qrng_replay_scan(cut, x, at, take, INFINITY) == take);
            at += take;
            if (test_random(&rng) % 100 == 0) {
                qrng_replay_rebuild(cut);
                CHECK(qrng_replay_check(cut, qrng_replay_state_bytes()) == QRNG_OK);
            }
        }
        CHECK(total_of(whole) == total_of(cut) && total_of(whole) > 0);
        CHECK(memcmp(whole, cut, qrng_replay_state_bytes()) == 0);
        free(x), free(whole), free(cut);
    }
}

/* Nothing is staked until a window is known: the total is the bits seen. Then each of two bets becomes (M +
 * 1) q / g with a right bit; the first believes 97 % of what is open, the second 1 - 2/68, or 1 - 3/68 after
 * a miss. */
static void pays_what_its_definition_says(void) {
    const double g = 0.55, q = g + 0.97 * (1 - g), loose = 1 - 2 / 68.0, noisy = 1 - 3 / 68.0;
    uint8_t x[64] = {0};
    for (int i = 0; i < 48; i++)
        x[i] = (uint8_t)"\x96\x13\xa7\x5c\x11\xd2\x4e\x81\x36\xf9\x0b\x63"[i % 12];
    void *state = begun(g);
    double m[2] = {0}, idle = 0;
    int second = 0;
    uint64_t started = 0;
    for (uint64_t i = 0; i < 192; i++) {
        CHECK(qrng_replay_scan(state, x, i, 1, INFINITY) == 1);
        if (!started && total_of(state) == idle + 1) {
            idle++;
            continue;
        }
        if (!started)
            m[0] = m[1] = idle;
        started = started ? started : i;
        m[0] = q / g * (m[0] + 1);
        if (!second &&
            total_of(state) == (m[0] + (m[1] + 1)) / 2) { /* 64 bits don't stand there before yet */
            m[1]++;
            continue;
        }
        second = 1;
        m[1] = total_of(state) * 2 - m[0] > m[1] * 1.3 ? total_of(state) * 2 - m[0] : -1;
        CHECK(m[1] > 0);
    }
    CHECK(started > 96 + 31 && started < 96 + 60 && second);
    const unsigned expected = test_bit(x, 96);
    uint8_t other = expected ? 0 : 255;
    CHECK(qrng_replay_scan(state, &other, 0, 1, INFINITY) == 1);
    m[0] = (1 - q) / (1 - g) * (m[0] + 1), m[1] = (1 - loose) / (1 - g) * (m[1] + 1);
    CHECK(fabs(total_of(state) / ((m[0] + m[1]) / 2) - 1) < 1e-12);
    CHECK(qrng_replay_scan(state, x, 97, 1, INFINITY) == 1);
    m[0] = m[0] + 1, m[1] = noisy / g * (m[1] + 1); /* the miss has ended the first */
    CHECK(fabs(total_of(state) / ((m[0] + m[1]) / 2) - 1) < 1e-12);
    free(state);
}

/* A recording of which every tenth bit, on average, is another now: 32 right in a row come once in some 500
 * bits. */
static void a_noisy_recording_is_known_again(void) {
    enum { RUNS = 20 };
    uint64_t rng = 9, seen[RUNS], bearing = 0;
    for (int run = 0; run < RUNS; run++) {
        void *state = begun(0.5);
        uint8_t *x = fair(300 + (uint64_t)run, N);
        CHECK(qrng_replay_scan(state, x, 0, N, INFINITY) == N);
        for (uint64_t i = 0; i < N; i++)
            x[i / 8] ^= (uint8_t)((test_random(&rng) % 10 == 0) << (7 - i % 8));
        uint64_t at = qrng_replay_scan(state, x, 0, 1 << 14, 0x1p40);
        CHECK(at < 1 << 14);
        seen[run] = at + 1;
        qrng_evidence found;
        qrng_replay_leader(state, &found);
        CHECK(found.feature == N && found.quiet + 64 >= N && found.quiet < N + at);
        bearing += found.bet;
        free(x), free(state);
    }
    qsort(seen, RUNS, sizeof *seen, by_size);
    CHECK(seen[RUNS / 2] < 1000 && bearing > RUNS * 3 / 4);
}

static void what_cannot_be_a_state_is_refused(void) {
    size_t bytes = qrng_replay_state_bytes();
    void *state = begun(0.5);
    CHECK(qrng_replay_check(state, bytes) == QRNG_OK && qrng_replay_check(state, bytes - 1) == QRNG_EINVAL);
    memset(state, 255, qrng_replay_kept_at());
    CHECK(qrng_replay_check(state, bytes) == QRNG_EINVAL);
    CHECK(qrng_replay_init(state, 0.49) == QRNG_EINVAL && qrng_replay_init(state, 1) == QRNG_EINVAL);
    free(state);
}

int main(void) { /* one kernel: nothing here depends on the level */
    any_part_of_the_past_is_known_again();
    two_to_the_24_bits_are_kept();
    the_same_however_cut_and_after_a_rebuild();
    pays_what_its_definition_says();
    a_noisy_recording_is_known_again();
    what_cannot_be_a_state_is_refused();
    return 0;
}
