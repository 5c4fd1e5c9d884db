#include <math.h>

#include "check.h"

/* The histograms and detectors written apart: counts gathered anew for every block from the whole past. */
enum { B = 256, N = 12 * B + 77 };

/* What the three streams see of symbol t. */
static void residuals(uint32_t y[3][N], const uint8_t *x, uint32_t symbols) {
    double tap[8] = {0}, past[8] = {0}, mean = 0;
    for (int t = 0; t < N; t++) {
        double guess = mean, power = 1;
        for (int i = 0; i < 8; i++)
            guess += tap[i] * past[i], power += past[i] * past[i];
        y[0][t] = x[t];
        y[1][t] = (uint32_t)(x[t] - (t ? x[t - 1] : 0)) % symbols;
        y[2][t] = (uint32_t)(x[t] - (int)floor(guess + 0.5)) % symbols;
        for (int i = 0; i < 8; i++)
            tap[i] += 1.0 / 128 * (x[t] - guess) * past[i] / power;
        mean += 1.0 / 1024 * (x[t] - mean);
        for (int i = 7; i > 0; i--)
            past[i] = past[i - 1];
        past[0] = x[t] - mean;
    }
}

static double plain(const uint8_t *x, uint32_t symbols, double g) {
    const double keep[] = {1 - 1.0 / 8, 1 - 1.0 / 64, 1 - 1.0 / 1024};
    static uint32_t seen[3][N];
    double total = 0;
    residuals(seen, x, symbols);
    for (int stream = 0; stream < 3; stream++)
        for (int speed = 0; speed < 3; speed++) {
            double m = 0, payoff[256], belief[256];
            for (int t = 0; t < N; t++) {
                if (t % B == 0) {
                    double sum = 0;
                    for (uint32_t v = 0; v < symbols; v++)
                        belief[v] = 1;
                    for (int a = 0; a < t; a++) {
                        belief[seen[stream][a]] += pow(keep[speed], t / B - 1 - a / B);
                    }
                    for (uint32_t v = 0; v < symbols; v++)
                        sum += belief[v];
                    for (uint32_t v = 0; v < symbols; v++)
                        belief[v] /= sum;
                    CHECK(qrng_payoff(payoff, belief, symbols, g) == QRNG_OK);
                }
                m = (m + 1) * payoff[seen[stream][t]];
            }
            total += m / 9;
        }
    return total;
}

static void equals_its_definition_however_cut(void) {
    uint64_t state = 21;
    for (int round = 0; round < 6; round++) {
        uint32_t symbols = (uint32_t[]){4, 16, 256}[round % 3];
        double g = round < 3 ? exp2(-0.9 * log2(symbols)) : 0.4;
        uint8_t x[N];
        for (int i = 0; i < N; i++)
            x[i] = (uint8_t)((test_random(&state) % symbols) & (test_random(&state) % 30 ? 255 : 2));
        size_t bytes = qrng_kary_state_bytes();
        void *whole = malloc(bytes), *cut = malloc(bytes);
        CHECK(qrng_kary_init(whole, symbols, g) == QRNG_OK && qrng_kary_init(cut, symbols, g) == QRNG_OK);
        CHECK(qrng_kary_scan(whole, x, N, INFINITY) == N);
        for (uint64_t at = 0; at < N;) {
            uint64_t take = 1 + test_random(&state) % 500;
            take = take < N - at ? take : N - at;
            CHECK(qrng_kary_scan(cut, x + at, take, INFINITY) == take &&
                  qrng_kary_check(cut, bytes) == QRNG_OK);
            at += take;
        }
        CHECK(memcmp(whole, cut, bytes) == 0);
        qrng_evidence found;
        qrng_kary_leader(whole, &found);
        double expected = plain(x, symbols, g);
        CHECK(fabs(found.total - expected) <= 1e-6 * expected);
        free(whole), free(cut);
    }
}

static void a_lost_bit_and_a_walk_are_found(void) {
    uint64_t state = 22;
    enum { LONG = 1 << 16 };
    static uint8_t x[LONG];
    void *b = malloc(qrng_kary_state_bytes());
    qrng_evidence found;
    for (int kind = 0; kind < 2; kind++) {
        for (int i = 0; i < LONG; i++) {
            unsigned r = (unsigned)(test_random(&state) >> 32);
            x[i] = (uint8_t)(i < LONG / 2 ? r : kind ? x[i - 1] + r % 64 : r & 0xfe);
        }
        CHECK(qrng_kary_init(b, 256, exp2(-7.5)) == QRNG_OK);
        uint64_t at = qrng_kary_scan(b, x, LONG, 0x1p64);
        CHECK(at > LONG / 2 && at < LONG / 2 + 6000);
        qrng_kary_leader(b, &found);
        CHECK((kind == 0 || found.feature == 1) && found.quiet + 2000 > LONG / 2 && found.quiet <= at);
    }
    free(b);
}

static void what_cannot_be_used_is_refused(void) {
    size_t bytes = qrng_kary_state_bytes();
    void *b = calloc(1, bytes);
    CHECK(qrng_kary_check(b, bytes) == QRNG_EINVAL);
    CHECK(qrng_kary_init(b, 3, 0.5) == QRNG_EINVAL && qrng_kary_init(b, 512, 0.5) == QRNG_EINVAL);
    CHECK(qrng_kary_init(b, 16, 1.0 / 17) == QRNG_EINVAL && qrng_kary_init(b, 16, 1) == QRNG_EINVAL);
    CHECK(qrng_kary_init(b, 16, 1.0 / 16) == QRNG_OK && qrng_kary_check(b, bytes) == QRNG_OK);
    CHECK(qrng_kary_check(b, bytes - 8) == QRNG_EINVAL);
    free(b);
}

static void all(void) {
    equals_its_definition_however_cut();
    a_lost_bit_and_a_walk_are_found();
    what_cannot_be_used_is_refused();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
