#include <math.h>

#include "check.h"

/* The learned bettor written apart from the kernel: sums kept as sums over the past, bit by bit. */
enum {
    B = 64,
    S = QRNG_LEARNED_SCALES,
    T = QRNG_LEARNED_TAPS,
    H = QRNG_LEARNED_HIDDEN,
    I = S + T,
    BLOCKS = 160 /* past two turns of the buffer of taps */
};

static unsigned bit(const uint8_t *x, long i) {
    return i < 0 ? 0 : test_bit(x, (uint64_t)i);
}

static unsigned parity(const uint8_t *x, long t, int stream, long n) {
    const long lags[6][2] = {{0, 0}, {1, 0}, {2, 0}, {8, 0}, {n, 0}, {1, 2}};
    return bit(x, t) ^ (lags[stream][0] ? bit(x, t - lags[stream][0]) : 0) ^
           (lags[stream][1] ? bit(x, t - lags[stream][1]) : 0);
}

static float softsign(float v) {
    return v / (1 + fabsf(v));
}

/* In single precision, the taps before the scales; the hidden units fold in halves. */
static float stake_of(const float *z, const double *w) {
    float u[H];
    for (int h = 0; h < H; h++) {
        float v = 0;
        for (int k = 0; k < I; k++) {
            int i = (S + k) % I;
            v += (float)w[h * I + i] * z[i];
        }
        u[h] = softsign(v) * (float)w[H * I + h];
    }
    for (int half = H / 2; half; half /= 2)
        for (int h = 0; h < half; h++)
            u[h] += u[h + half];
    return 0.49f * softsign(u[0]);
}

static double plain(const uint8_t *x, uint32_t lanes, double g, const double *w) {
    double total = 0;
    for (int stream = 0; stream < 6; stream++) {
        double m[3] = {0};
        float z[I] = {0}, change[BLOCKS];
        for (int b = 0; b < BLOCKS; b++) {
            const float stake = stake_of(z, w);
            int ones = 0;
            for (int i = 0; i < B; i++)
                ones += (int)parity(x, b * B + i, stream, lanes > 1 ? (long)lanes : 16);
            change[b] = (float)(2 * ones - B);
            for (int k = 0; k < 3; k++) {
                const double root[] = {0.7071067811865476, 1, 1.4142135623730951};
                double level = fmin(floorf(0.5f + 127 * sqrtf(fabsf(stake) / 0.49f) * (float)root[k]), 127);
                double q = 0.5 + 0.49 * level * level / (127 * 127), right = stake > 0 ? ones : B - ones;
                double e = q > g ? pow(q / g, right) * pow((1 - q) / (1 - g), B - right) : 1;
                m[k] = e * (m[k] + B);
            }
            for (int s = 0; s < S; s++) {
                double keep = 1 - pow(2, -s);
                z[s] = z[s] * (float)keep + change[b] * (float)(1 / sqrt(64 / (1 - keep * keep)));
            }
            for (int k = 0; k < T; k++)
                z[S + k] = b - 1 - k >= 0 ? change[b - 1 - k] / 8 : 0;
        }
        total += (m[0] + m[1] + m[2]) / 18;
    }
    return total;
}

static void equals_its_definition_however_cut(void) {
    uint64_t state = 11;
    double w[QRNG_LEARNED_WEIGHTS];
    for (int i = 0; i < QRNG_LEARNED_WEIGHTS; i++)
        w[i] = ((double)(test_random(&state) >> 11) * 0x1p-53 - 0.5) * 0.3;
    for (int round = 0; round < 8; round++) {
        const uint32_t lanes = (uint32_t[]){1, 2, 32, 100}[round % 4];
        const double g = round < 4 ? 0.5 : exp2(-0.97);
        const uint64_t n = B * BLOCKS + 13;
        uint8_t x[B * (BLOCKS + 1) / 8];
        test_fill(&state, x, sizeof x);
        size_t bytes = qrng_learned_state_bytes(lanes);
        void *whole = malloc(bytes), *cut = malloc(bytes);
        CHECK(qrng_learned_init(whole, lanes, g, w, QRNG_LEARNED_WEIGHTS) == QRNG_OK);
        memcpy(cut, whole, bytes);
        CHECK(qrng_learned_scan(whole, x, 0, n, INFINITY) == n);
        for (uint64_t at = 0; at < n;) {
            uint64_t take = 1 + test_random(&state) % 150;
            take = take < n - at ? take : n - at;
            CHECK(qrng_learned_scan(cut, x, at, take, INFINITY) == take);
            CHECK(qrng_learned_check(cut, bytes) == QRNG_OK);
            at += take;
        }
        CHECK(memcmp(whole, cut, bytes) == 0);
        qrng_evidence found;
        qrng_learned_leader(whole, &found);
        double expected = plain(x, lanes, g, w);
        CHECK(fabs(found.total - expected) <= 1e-6 * expected);
        free(whole), free(cut);
    }
}

static void what_cannot_be_used_is_refused(void) {
    double w[QRNG_LEARNED_WEIGHTS] = {0};
    size_t bytes = qrng_learned_state_bytes(1);
    void *state = calloc(1, bytes);
    CHECK(qrng_learned_check(state, bytes) == QRNG_EINVAL);
    CHECK(qrng_learned_init(state, 1, 0.5, w, QRNG_LEARNED_WEIGHTS - 1) == QRNG_EINVAL);
    CHECK(qrng_learned_init(state, 1, 0.4, w, QRNG_LEARNED_WEIGHTS) == QRNG_EINVAL);
    w[7] = NAN;
    CHECK(qrng_learned_init(state, 1, 0.5, w, QRNG_LEARNED_WEIGHTS) == QRNG_EINVAL);
    w[7] = 1;
    CHECK(qrng_learned_init(state, 1, 0.5, w, QRNG_LEARNED_WEIGHTS) == QRNG_OK);
    CHECK(qrng_learned_check(state, bytes) == QRNG_OK && qrng_learned_check(state, bytes - 8) == QRNG_EINVAL);
    free(state);
}

static void all(void) {
    equals_its_definition_however_cut();
    what_cannot_be_used_is_refused();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
