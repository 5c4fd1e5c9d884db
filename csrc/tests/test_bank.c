#include <math.h>

#include "check.h"

/* The bank written apart from the kernels: bit by bit, in the order of the definition. */
enum { BLOCK = 256, FEATURES = 95, BETS = 16, PAIR0 = 67 };
static const double sizes[] = {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 0.97};
static const double of_64[] = {5, 6, 6, 5, 5, 3, 1, 1};

static unsigned bit(const uint8_t *x, long i) {
    return i < 0 ? 0 : test_bit(x, (uint64_t)i);
}

static unsigned feature(const uint8_t *x, long t, int f, uint32_t lanes) {
    if (f == 0)
        return bit(x, t);
    if (f <= 64)
        return bit(x, t) ^ bit(x, t - f);
    if (f < PAIR0) {
        long lag = lanes > 1 ? (f - 64) * (long)lanes : f == 65 ? 96 : 128;
        return bit(x, t) ^ bit(x, t - lag);
    }
    int k = f - PAIR0, i = 1, j;
    while (k >= 8 - i)
        k -= 8 - i++;
    j = i + 1 + k;
    return bit(x, t) ^ bit(x, t - i) ^ bit(x, t - j);
}

/* Lags by 1 / lag, the lane's own last bits as lags 1 and 2; pairs by 1 / longer lag, shared. */
static double weight(int f, uint32_t lanes) {
    double lags = lanes > 1 ? 1.5 : 1.0 / 96 + 1.0 / 128, octaves = 0;
    for (int k = 1; k <= 64; k++)
        lags += 1.0 / k;
    for (int j = 2; j <= 8; j++)
        octaves += 1.0 / j;
    if (f == 0)
        return 1.0 / 8;
    if (f < PAIR0) {
        const int lag = f <= 64 ? f : lanes > 1 ? f - 64 : f == 65 ? 96 : 128;
        return 7.0 / 16 / lag / lags;
    }
    int k = f - PAIR0, i = 1;
    while (k >= 8 - i)
        k -= 8 - i++;
    const int j = i + 1 + k;
    return 7.0 / 16 / j / octaves / (j - 1);
}

static double payoff(int k, unsigned y, double g) {
    double q = g + (1 - g) * sizes[k / 2];
    return (y == 1) == (k % 2 == 0) ? q / g : (1 - q) / (1 - g);
}

static uint32_t leading_feature, leading_bet; /* of the largest weighted value, as plain_bank left them */

/* Blocks of 64 bits once 2^16 times the evidence would be the threshold; *at: where it is reached, or n. */
static double plain_bank(const uint8_t *x, long n, uint32_t lanes, double g, double threshold, long *at) {
    static double m[FEATURES][BETS];
    double total = 0;
    memset(m, 0, sizeof m);
    for (long start = 0, size = BLOCK; start + size <= n;) {
        double most = -1;
        total = 0;
        for (int f = 0; f < FEATURES; f++)
            for (int k = 0; k < BETS; k++) {
                double e = 1;
                for (long t = start; t < start + size; t++)
                    e *= payoff(k, feature(x, t, f, lanes), g);
                m[f][k] = e * (m[f][k] + (double)size);
                const double value = weight(f, lanes) * of_64[k / 2] / 64 * m[f][k];
                total += value;
                if (value > most) {
                    most = value;
                    leading_feature = (uint32_t)f;
                    leading_bet = (uint32_t)k;
                }
            }
        start += size;
        *at = start - 1;
        if (total >= threshold)
            return total;
        if (start % BLOCK == 0)
            size = total * 65536 >= threshold ? 64 : BLOCK;
    }
    *at = n;
    return total;
}

static int close_to(double a, double b) {
    return fabs(a - b) <= 1e-9 * fabs(b);
}

static double totals[2][64]; /* of the portable level, which runs first */

static void bank_equals_its_definition_however_cut(void) {
    uint64_t state = 3;
    for (int round = 0; round < 12; round++) {
        const uint32_t lanes = (uint32_t[]){1, 2, 20, 32, 100, 157}[round % 6];
        const double g = round % 2 ? 0.5 : exp2(-0.9);
        const long n = BLOCK * 9 + 57;
        uint8_t x[BLOCK * 10 / 8];
        test_fill(&state, x, sizeof x);
        for (long i = 0; round >= 6 && i < n; i++) /* ones everywhere every other time */
            if (test_random(&state) % 3 == 0)
                x[i / 8] |= (uint8_t)(128 >> i % 8);
        size_t bytes = qrng_bank_state_bytes(lanes);
        void *whole = malloc(bytes), *cut = malloc(bytes);
        CHECK(qrng_bank_init(whole, lanes, g) == QRNG_OK && qrng_bank_init(cut, lanes, g) == QRNG_OK);
        CHECK(qrng_bank_scan(whole, x, 0, (uint64_t)n, INFINITY) == (uint64_t)n);
        for (long at = 0; at < n;) {
            long take = 1 + (long)(test_random(&state) % 700);
            take = take < n - at ? take : n - at;
            CHECK(qrng_bank_scan(cut, x, (uint64_t)at, (uint64_t)take, INFINITY) == (uint64_t)take);
            void *copy = malloc(bytes); /* the state is plain data: a copy resumes */
            memcpy(copy, cut, bytes);
            free(cut);
            cut = copy;
            CHECK(qrng_bank_check(cut, bytes) == QRNG_OK);
            at += take;
        }
        CHECK(memcmp(whole, cut, bytes) == 0);
        qrng_evidence found;
        qrng_bank_leader(whole, &found);
        long at;
        CHECK(close_to(found.total, plain_bank(x, n, lanes, g, INFINITY, &at)));
        CHECK(found.feature == leading_feature && found.bet == leading_bet);
        if (strcmp(qrng_kernel_name(), "portable") == 0)
            totals[0][round] = found.total;
        CHECK(found.total == totals[0][round]);
        for (int factor = 1; factor <= 64; factor *= 8) { /* in short blocks, to an alarm or without one */
            const double threshold = found.total / 16 * factor * (1 + 1e-6);
            const double total = plain_bank(x, n, lanes, g, threshold, &at);
            CHECK(qrng_bank_init(whole, lanes, g) == QRNG_OK && qrng_bank_init(cut, lanes, g) == QRNG_OK);
            CHECK(qrng_bank_scan(whole, x, 0, (uint64_t)n, threshold) == (uint64_t)at);
            uint64_t i = 0, hit = 0, take = 1;
            for (; hit == (i ? take : 0) && i < (uint64_t)n; i += hit) {
                take = 1 + test_random(&state) % 90;
                take = take < (uint64_t)n - i ? take : (uint64_t)n - i;
                hit = qrng_bank_scan(cut, x, i, take, threshold);
                CHECK(qrng_bank_check(cut, bytes) == QRNG_OK);
            }
            CHECK(i == (uint64_t)at && memcmp(whole, cut, bytes) == 0);
            qrng_evidence now;
            qrng_bank_leader(whole, &now);
            CHECK(close_to(now.total, total));
        }
        free(whole), free(cut);
    }
}

/* As plain_bank, in blocks of 32 and of 4 rows. */
static double plain_lanes(const uint8_t *x, long n, uint32_t lanes, double g, double threshold, long *at) {
    const double prior[] = {3.0 / 8, 3.0 / 8, 1.0 / 8, 1.0 / 8};
    double *m = calloc(4 * (size_t)lanes * BETS, sizeof *m), total = 0;
    *at = n;
    for (long row = 0, rows = 32; (row + rows) * lanes <= n;) {
        total = 0;
        for (int f = 0; f < 4; f++)
            for (uint32_t lane = 0; lane < lanes; lane++)
                for (int k = 0; k < BETS; k++) {
                    double e = 1, *cell = m + ((size_t)f * lanes + lane) * BETS + k;
                    for (long r = row; r < row + rows; r++) {
                        long t = r * lanes + lane, before = t - (f == 0   ? 0
                                                                 : f == 1 ? 1
                                                                          : (f - 1) * (long)lanes);
                        unsigned y = f == 0 ? x[t] : x[t] ^ (before < 0 ? 0 : x[before]);
                        e *= payoff(k, y, g);
                    }
                    *cell = e * (*cell + (double)rows * lanes);
                    total += prior[f] / lanes * of_64[k / 2] / 64 * *cell;
                }
        row += rows;
        if (total >= threshold) {
            *at = row * lanes - 1;
            break;
        }
        if (row % 32 == 0)
            rows = total * 65536 >= threshold ? 4 : 32;
    }
    free(m);
    return total;
}

static void lanes_equal_their_definition_however_cut(void) {
    uint64_t state = 4;
    for (int round = 0; round < 8; round++) {
        const uint32_t lanes = (uint32_t[]){2, 7, 32, 65}[round % 4];
        const long n = 32L * lanes * 3 + 11;
        const double g = round % 2 ? 0.5 : exp2(-0.8);
        uint8_t *x = malloc((size_t)n);
        for (long i = 0; i < n; i++)
            x[i] = test_random(&state) & 1;
        size_t bytes = qrng_lanes_state_bytes(lanes);
        void *whole = malloc(bytes), *cut = malloc(bytes);
        CHECK(qrng_lanes_init(whole, lanes, g) == QRNG_OK && qrng_lanes_init(cut, lanes, g) == QRNG_OK);
        CHECK(qrng_lanes_scan(whole, x, (uint64_t)n, INFINITY) == (uint64_t)n);
        for (long at = 0; at < n;) {
            long take = 1 + (long)(test_random(&state) % 200);
            take = take < n - at ? take : n - at;
            CHECK(qrng_lanes_scan(cut, x + at, (uint64_t)take, INFINITY) == (uint64_t)take);
            CHECK(qrng_lanes_check(cut, bytes) == QRNG_OK);
            at += take;
        }
        CHECK(memcmp(whole, cut, bytes) == 0);
        qrng_evidence found;
        qrng_lanes_leader(whole, &found);
        long at;
        CHECK(close_to(found.total, plain_lanes(x, n, lanes, g, INFINITY, &at)));
        if (strcmp(qrng_kernel_name(), "portable") == 0)
            totals[1][round] = found.total;
        CHECK(found.total == totals[1][round]);
        for (int factor = 1; factor <= 64; factor *= 8) {
            const double threshold = found.total / 16 * factor * (1 + 1e-6);
            const double total = plain_lanes(x, n, lanes, g, threshold, &at);
            CHECK(qrng_lanes_init(whole, lanes, g) == QRNG_OK && qrng_lanes_init(cut, lanes, g) == QRNG_OK);
            CHECK(qrng_lanes_scan(whole, x, (uint64_t)n, threshold) == (uint64_t)at);
            uint64_t i = 0, hit = 0, take = 1;
            for (; hit == (i ? take : 0) && i < (uint64_t)n; i += hit) {
                take = 1 + test_random(&state) % 90;
                take = take < (uint64_t)n - i ? take : (uint64_t)n - i;
                hit = qrng_lanes_scan(cut, x + i, take, threshold);
                CHECK(qrng_lanes_check(cut, bytes) == QRNG_OK);
            }
            CHECK(i == (uint64_t)at && memcmp(whole, cut, bytes) == 0);
            qrng_evidence now;
            qrng_lanes_leader(whole, &now);
            CHECK(close_to(now.total, total));
        }
        free(x), free(whole), free(cut);
    }
}

static void trouble_is_found_and_named(void) {
    uint64_t state = 5;
    enum { N = 1 << 16, LANES = 20 };
    static uint8_t bits[N], packed[N / 8];
    for (int i = 0; i < N; i++)
        bits[i] = i >= N / 2 && test_random(&state) % 5 ? (i < 7 ? 0 : bits[i - 7]) : test_random(&state) & 1;
    CHECK(qrng_bits_pack8(packed, bits, N, 1) == QRNG_OK);
    void *bank = malloc(qrng_bank_state_bytes(1));
    CHECK(qrng_bank_init(bank, 1, 0.5) == QRNG_OK);
    uint64_t at = qrng_bank_scan(bank, packed, 0, N, 0x1p40);
    CHECK(at > N / 2 && at < N / 2 + 2048 && at % 64 == 63);
    qrng_evidence found;
    qrng_bank_leader(bank, &found);
    CHECK(found.feature == 7 && found.bet % 2 == 1 && found.total >= 0x1p40);
    CHECK(found.quiet <= N / 2 + 256 && found.quiet + 3 * 8192 >= N / 2);
    free(bank);

    for (int i = 0; i < N; i++)
        bits[i] = i >= N / 2 && i % LANES == 13 ? 1 : test_random(&state) & 1;
    void *lanes = malloc(qrng_lanes_state_bytes(LANES));
    CHECK(qrng_lanes_init(lanes, LANES, 0.5) == QRNG_OK);
    at = qrng_lanes_scan(lanes, bits, N, 0x1p40);
    CHECK(at > N / 2 && at < N / 2 + 2000);
    qrng_lanes_leader(lanes, &found);
    CHECK(found.feature == 13 && found.bet == 14);
    free(lanes);
}

static void what_cannot_be_a_state_is_refused(void) {
    size_t bytes = qrng_bank_state_bytes(3), lane_bytes = qrng_lanes_state_bytes(3);
    uint8_t *state = calloc(1, bytes), *lanes = calloc(1, lane_bytes);
    CHECK(qrng_bank_check(state, bytes) == QRNG_EINVAL && qrng_lanes_check(lanes, lane_bytes) == QRNG_EINVAL);
    CHECK(qrng_bank_init(state, 0, 0.5) == QRNG_EINVAL && qrng_bank_init(state, 3, 0.4) == QRNG_EINVAL);
    CHECK(qrng_bank_init(state, 3, 1) == QRNG_EINVAL && qrng_bank_init(state, 3, NAN) == QRNG_EINVAL);
    CHECK(qrng_lanes_init(lanes, 1, 0.5) == QRNG_EINVAL);
    CHECK(qrng_bank_init(state, 3, 0.5) == QRNG_OK && qrng_lanes_init(lanes, 3, 0.5) == QRNG_OK);
    CHECK(qrng_bank_check(state, bytes) == QRNG_OK && qrng_bank_check(state, bytes - 8) == QRNG_EINVAL);
    CHECK(qrng_lanes_check(lanes, lane_bytes) == QRNG_OK && qrng_lanes_check(lanes, 8) == QRNG_EINVAL);
    state[0] ^= 1;
    CHECK(qrng_bank_check(state, bytes) == QRNG_EINVAL);
    free(state), free(lanes);
}

/* Examples computed by hand from f = max(p/g, 1/c). */
static void payoffs_are_the_numeraire(void) {
    double e[4];
    CHECK(qrng_payoff(e, (double[]){.6, .4}, 2, .5) == QRNG_OK && close_to(e[0], 1.2) && close_to(e[1], .8));
    CHECK(qrng_payoff(e, (double[]){.8, .2}, 2, exp2(-.9)) == QRNG_OK);
    CHECK(fabs(e[0] - 1.49285279) < 1e-8 && fabs(e[1] - .43092929) < 1e-8);
    CHECK(qrng_payoff(e, (double[]){.5, .3, .1, .1}, 4, .3) == QRNG_OK);
    CHECK(close_to(e[0], 5. / 3) && close_to(e[1], 1) && close_to(e[2], .5) && close_to(e[3], .5));
    const double bad[][2] = {{NAN, 1}, {-.1, 1.1}, {1, 1}, {INFINITY, 0}, {.5, .4}};
    for (int i = 0; i < 5; i++)
        CHECK(qrng_payoff(e, bad[i], 2, .5) == QRNG_EINVAL && e[0] == 1 && e[1] == 1);
    CHECK(qrng_payoff(e, (double[]){.5, .5}, 2, .4) == QRNG_EINVAL && e[0] == 1);
}

static void payoffs_have_mean_at_most_one(void) {
    uint64_t state = 6;
    for (int round = 0; round < 3000; round++) {
        double belief[16], p[16], e[16], sum = 0, mean = 0, left = 1;
        uint32_t k = 2 + (uint32_t)(test_random(&state) % 15);
        double g = 1.0 / k + (1 - 1.0 / k) * 0.999 * ((double)(test_random(&state) >> 11) * 0x1p-53);
        for (uint32_t x = 0; x < k; x++)
            sum += belief[x] =
                round % 3 ? pow((double)(test_random(&state) >> 11) * 0x1p-53, 6) + (round % 2) * 1e-9
                          : test_random(&state) % 3 == 0;
        if (!(sum > 0))
            continue;
        for (uint32_t x = 0; x < k; x++)
            belief[x] /= sum;
        CHECK(qrng_payoff(e, belief, k, g) == QRNG_OK);
        /* The worst source of the null puts g on the largest payoffs. */
        for (uint32_t x = 0; x < k; x++)
            p[x] = 0;
        while (left > 0) {
            uint32_t top = k;
            for (uint32_t x = 0; x < k; x++)
                if (p[x] == 0 && (top == k || e[x] > e[top]))
                    top = x;
            if (top == k)
                break;
            p[top] = left < g ? left : g;
            left -= p[top];
        }
        for (uint32_t x = 0; x < k; x++)
            mean += p[x] * e[x];
        CHECK(mean <= 1 + 1e-12);
    }
}

/* A claim of full entropy leaves nothing to win; rounding must neither pay nor keep the search for c going.
 */
static void a_full_claim_pays_one_whatever_is_believed(void) {
    uint64_t state = 8;
    for (int round = 0; round < 2000; round++) {
        double belief[64], e[64], sum = 0;
        uint32_t k = 2u << test_random(&state) % 6;
        for (uint32_t x = 0; x < k; x++)
            sum += belief[x] = 1 + (double)(test_random(&state) % 300) / (round % 2 ? 100 : 1e9);
        for (uint32_t x = 0; x < k; x++)
            belief[x] /= sum;
        CHECK(qrng_payoff(e, belief, k, 1.0 / k) == QRNG_OK);
        double mean = 0;
        for (uint32_t x = 0; x < k; x++)
            mean += e[x] / k;
        CHECK(mean <= 1 + 1e-12);
    }
}

static void all(void) {
    bank_equals_its_definition_however_cut();
    lanes_equal_their_definition_however_cut();
    trouble_is_found_and_named();
    what_cannot_be_a_state_is_refused();
    payoffs_are_the_numeraire();
    payoffs_have_mean_at_most_one();
    a_full_claim_pays_one_whatever_is_believed();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
