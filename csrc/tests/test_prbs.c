#include <math.h>

#include "check.h"
#include "cpu/kernels.h"

enum { N = 1 << 17, PATTERNS = 11, LONGEST = 31 };

/* As the standards have them, by the powers of x. */
static const int powers[PATTERNS][4] = {{7, 6},   {9, 5},  {10, 7},  {11, 9},  {13, 12, 2, 1}, {15, 14},
                                        {17, 14}, {20, 3}, {23, 18}, {29, 27}, {31, 28}};

/* Check 2 p is of pattern p, 2 p + 1 of its reverse: the sum of bit t and those before it, a byte a bit. */
static unsigned check_of(const uint8_t *bits, uint64_t t, int check) {
    const int *power = powers[check / 2], size = power[0];
    unsigned sum = 0;
    for (int k = 0; k < 4 && power[k]; k++) {
        const uint64_t lag = (uint64_t)(check % 2 == 0 ? power[k] : size - power[k]);
        sum ^= t >= lag ? bits[t - lag] : 0;
    }
    const uint64_t last = check % 2 == 0 ? 0 : (uint64_t)size;
    return sum ^ (t >= last ? bits[t - last] : 0);
}

/* The pattern from bit `from` on, a byte a bit. */
static void play(uint8_t *bits, uint64_t from, uint64_t to, int check, unsigned inverted) {
    for (uint64_t t = from; t < to; t++) {
        bits[t] = 0;
        bits[t] = (uint8_t)(check_of(bits, t, check) ^ inverted);
    }
}

static uint8_t *packed(const uint8_t *bits, uint64_t n) {
    uint8_t *out = calloc(n / 8 + 16, 1);
    CHECK(out && qrng_bits_pack8(out, bits, n, 1) == QRNG_OK);
    return out;
}

static uint8_t *fair(uint64_t seed, uint64_t n) {
    uint8_t *bits = malloc(n);
    CHECK(bits);
    for (uint64_t t = 0; t < n; t++)
        bits[t] = test_random(&seed) & 1;
    return bits;
}

static void *begun(double g) {
    void *state = calloc(1, qrng_prbs_state_bytes());
    CHECK(state && qrng_prbs_init(state, g) == QRNG_OK);
    return state;
}

static double total_of(const void *state) {
    qrng_evidence found;
    qrng_prbs_leader(state, &found);
    return found.total;
}

/* The definition: the evidence after each bit. */
static void plain(const uint8_t *bits, uint64_t n, double g, double *totals) {
    typedef struct {
        double m, held;
        uint64_t run, missed;
        unsigned last, value, foretold;
    } two;
    two all[2 * PATTERNS] = {0};
    double sum = 0;
    for (int i = 0; i < 2 * PATTERNS; i++)
        sum += 2 * exp2(powers[i / 2][0] / 2.0);
    for (uint64_t t = 0; t < n; t++) {
        totals[t] = 0;
        for (int i = 0; i < 2 * PATTERNS; i++) {
            two *x = &all[i];
            const unsigned now = check_of(bits, t, i);
            if (x->foretold) {
                const double q = 1 - (__builtin_popcountll(x->missed) + 0.5) / (x->foretold + 1);
                x->held *= q <= g ? 1 : now == x->value ? q / g : (1 - q) / (1 - g);
                x->missed = x->missed << 1 | (now != x->value);
                x->foretold = x->foretold < 64 ? x->foretold + 1 : 64;
                if (x->held < exp2(powers[i / 2][0] / 2.0) / sum || __builtin_popcountll(x->missed) > 24)
                    x->foretold = 0, x->held = 0;
            }
            x->run = now == x->last ? x->run + 1 : 1;
            x->m = ((x->run > 1 ? x->m : 0) + exp2(powers[i / 2][0] / 2.0) / sum) / g;
            x->last = now;
            if (x->run == 25) {
                x->m /= 2;
                if (!x->foretold || x->value != now)
                    x->held = 0, x->missed = 0, x->foretold = 25, x->value = now;
                x->held += x->m;
            }
            totals[t] += x->m + x->held;
        }
    }
}

/* Fair bits with patterns in them, some with errors, at any place and of any length. */
static uint8_t *mixed(uint64_t seed) {
    uint8_t *bits = fair(seed, N);
    for (uint64_t t = 200; t + 2000 < N; t += 1 + test_random(&seed) % (seed % 3 ? 3000 : 30000)) {
        const uint64_t length = 50 + test_random(&seed) % 300, noisy = test_random(&seed) % 3;
        const int check = (int)(test_random(&seed) % (2 * PATTERNS));
        play(bits, t, t + length, check, test_random(&seed) & 1);
        for (uint64_t i = t; noisy && i < t + length; i++)
            bits[i] ^= (uint8_t)(test_random(&seed) % 30 == 0);
        t += length;
    }
    return bits;
}

static void evidence_is_that_of_the_definition_however_the_stream_is_cut(void) {
    static double totals[N];
    uint64_t rng = 1;
    for (int round = 0; round < 4; round++) {
        const double g = round % 2 ? 0.5 : 0.62;
        uint8_t *bits = mixed(10 + (uint64_t)round), *x = packed(bits, N);
        void *whole = begun(g), *cut = begun(g);
        plain(bits, N, g, totals);
        CHECK(qrng_prbs_scan(whole, x, 0, N, INFINITY) == N);
        for (uint64_t at = 0; at < N;) {
            const uint64_t most = at / 1000 % 4 == 0 ? 3 : at % 7 ? 300 : 70000;
            uint64_t take = 1 + test_random(&rng) % most;
            take = take < N - at ? take : N - at;
            CHECK(qrng_prbs_scan(cut, x, at, take, INFINITY) == take);
            at += take;
            CHECK(fabs(total_of(cut) / totals[at - 1] - 1) < 1e-9);
            CHECK(qrng_prbs_check(cut, qrng_prbs_state_bytes()) == QRNG_OK);
        }
        CHECK(memcmp(whole, cut, qrng_prbs_state_bytes()) == 0);
        for (int k = 0; k < 6; k++) { /* and so is the place of an alarm, at thresholds high and low */
            const double threshold = exp2(20 + 7 * k);
            uint64_t expected = 0, found = 0;
            while (expected < N && totals[expected] < threshold)
                expected++;
            void *state = begun(g);
            for (uint64_t at = 0; at < N && found == at; at += 20011)
                found += qrng_prbs_scan(state, x, at, N - at < 20011 ? N - at : 20011, threshold);
            CHECK(found == expected && (k > 2 || found < N));
            free(state);
        }
        free(bits), free(x), free(whole), free(cut);
    }
}

/* Runs just long enough to be followed, or one bit too short, that end at any place of a block: found by a
 * look at the whole piece as by looks at parts so small that the kernel has no part in it. */
static void no_run_is_passed_over_wherever_it_ends(void) {
    enum { PIECE = 64 * 40, PIECES = 64 * 9 };
    static uint8_t bits[PIECE * PIECES];
    uint64_t rng = 8;
    for (int i = 0; i < PIECE * PIECES; i++)
        bits[i] = test_random(&rng) & 1;
    for (uint64_t i = 0; i < PIECES; i++) {
        const uint64_t end = PIECE * i + 64 * 20 + i % 64;
        play(bits, end - 24 - i / 64, end, (int)(test_random(&rng) % (2 * PATTERNS)), test_random(&rng) & 1);
    }
    uint8_t *x = packed(bits, PIECE * PIECES);
    void *whole = begun(0.5), *parts = begun(0.5);
    for (uint64_t at = 0; at < PIECE * PIECES; at += PIECE) {
        CHECK(qrng_prbs_scan(whole, x, at, PIECE, INFINITY) == PIECE);
        for (uint64_t i = 0; i < PIECE; i += 128)
            CHECK(qrng_prbs_scan(parts, x, at + i, 128, INFINITY) == 128);
        CHECK(memcmp(whole, parts, qrng_prbs_state_bytes()) == 0);
    }
    free(x), free(whole), free(parts);
}

/* Whatever the next bit's chance to be 1 in [1 - g, g], evidence grows by at most 1 on average. */
static void the_mean_of_a_step_is_within_the_claim(void) {
    const size_t size = qrng_prbs_state_bytes();
    for (int round = 0; round < 3; round++) {
        const double g = round == 0 ? 0.5 : round == 1 ? 0.6 : 0.9;
        uint8_t *bits = mixed(30 + (uint64_t)round), *x = packed(bits, N);
        const uint8_t other[2] = {0, 255};
        void *state = begun(g), *copy = begun(g);
        for (uint64_t t = 0; t < 20000; t++) {
            double after[2];
            for (int bit = 0; bit < 2; bit++) {
                memcpy(copy, state, size);
                CHECK(qrng_prbs_scan(copy, &other[bit], 0, 1, INFINITY) == 1);
                after[bit] = total_of(copy);
            }
            const double before = total_of(state), worst = after[0] > after[1] ? after[0] : after[1],
                         least = after[0] + after[1] - worst;
            CHECK(g * worst + (1 - g) * least <= (before + 1) * (1 + 1e-12));
            CHECK(qrng_prbs_scan(state, x, t, 1, INFINITY) == 1);
        }
        free(bits), free(x), free(state), free(copy);
    }
}

static void every_pattern_is_found_and_named(void) {
    const double threshold = 0x1p40;
    uint64_t rng = 5;
    for (int check = 0; check < 2 * PATTERNS; check++)
        for (unsigned inverted = 0; inverted < 2; inverted++) {
            const uint64_t from = 3000 + test_random(&rng) % 1000;
            const int size = powers[check / 2][0];
            uint8_t *bits = fair(100 + (uint64_t)check, from + 200);
            play(bits, from, from + 200, check, inverted);
            uint8_t *x = packed(bits, from + 200);
            void *state = begun(0.5);
            const uint64_t at = qrng_prbs_scan(state, x, 0, from + 200, threshold);
            qrng_evidence found;
            qrng_prbs_leader(state, &found);
            CHECK(found.total >= threshold && at >= from + 25 && at < from + 43 + 24 + (uint64_t)size / 2);
            CHECK(found.feature == (uint32_t)(size + check % 2 * 256) && found.bet % 2 == inverted);
            CHECK(found.quiet <= from && found.quiet + 40 >= from);
            free(bits), free(x), free(state);
        }
}

/* One bit in a hundred wrong leaves stretches that are long enough; of one in ten, which makes a check wrong
 * one time in four, a run that is followed comes about every 3000 bits. */
static void a_pattern_with_errors_is_found_between_them_or_across(void) {
    for (uint64_t one_in = 100; one_in >= 10; one_in /= 10) {
        uint64_t rng = one_in, delays = 0, bearing = 0;
        for (int run = 0; run < 10; run++) {
            uint8_t *bits = fair(200 + (uint64_t)run, N);
            play(bits, 1000, N, 20, run % 2);
            for (uint64_t t = 1000; t < N; t++)
                bits[t] ^= (uint8_t)(test_random(&rng) % one_in == 0);
            uint8_t *x = packed(bits, N);
            void *state = begun(0.5);
            const uint64_t at = qrng_prbs_scan(state, x, 0, N, 0x1p40);
            qrng_evidence found;
            qrng_prbs_leader(state, &found);
            CHECK(at < N && found.feature == 31 && found.bet % 2 == (unsigned)run % 2);
            delays += at - 1000;
            bearing += found.bet / 2;
            free(bits), free(x), free(state);
        }
        CHECK(delays / 10 < (one_in == 100 ? 200 : 5000));
        CHECK(one_in == 100 || bearing > 5);
    }
}

/* Blocks with an even stretch, by the definition. */
static void plain_even(const uint8_t *bits, uint64_t *found) {
    memset(found, 0, PRBS_ROW * sizeof *found);
    for (uint64_t end = 8; end <= 64 * PRBS_BLOCKS; end += 8)
        for (int c = 0; c < 2 * PATTERNS; c++) {
            const uint64_t block = (end - 1) / 64, t = 64 + end;
            uint64_t even = 0;
            while (even < PRBS_EVEN && check_of(bits, t - 1 - even, c) == check_of(bits, t - 2 - even, c))
                even++;
            if (even == PRBS_EVEN)
                found[block % PRBS_ROW] |= (uint64_t)1 << (63 - block / PRBS_ROW);
        }
}

static void the_kernel_finds_the_blocks_of_the_definition(void) {
    enum { BITS = 64 + 64 * PRBS_BLOCKS };
    uint64_t expected[PRBS_ROW], found[PRBS_ROW], blocks = 0;
    for (uint64_t round = 0; round < 6; round++) {
        uint8_t *bits = round % 2 ? mixed(300 + round) : fair(300 + round, N), *x = packed(bits, BITS);
        plain_even(bits, expected);
        qrng_kernels_get()->prbs_even(x, found);
        CHECK(memcmp(expected, found, sizeof found) == 0);
        for (int k = 0; k < PRBS_ROW; k++)
            blocks += (uint64_t)__builtin_popcountll(found[k]);
        free(bits), free(x);
    }
    CHECK(blocks > 6 && blocks < 6 * PRBS_BLOCKS / 4);
}

static void what_cannot_be_a_state_is_refused(void) {
    const size_t bytes = qrng_prbs_state_bytes();
    void *state = begun(0.5);
    CHECK(qrng_prbs_check(state, bytes) == QRNG_OK && qrng_prbs_check(state, bytes - 1) == QRNG_EINVAL);
    memset((uint8_t *)state + bytes - 80, 255, 80);
    CHECK(qrng_prbs_check(state, bytes) == QRNG_EINVAL);
    CHECK(qrng_prbs_init(state, 0.49) == QRNG_EINVAL && qrng_prbs_init(state, 1) == QRNG_EINVAL);
    free(state);
}

static void all(void) {
    evidence_is_that_of_the_definition_however_the_stream_is_cut();
    no_run_is_passed_over_wherever_it_ends();
    the_mean_of_a_step_is_within_the_claim();
    every_pattern_is_found_and_named();
    a_pattern_with_errors_is_found_between_them_or_across();
    the_kernel_finds_the_blocks_of_the_definition();
    what_cannot_be_a_state_is_refused();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
