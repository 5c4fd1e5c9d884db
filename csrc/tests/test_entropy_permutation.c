/* The statistics of SP 800-90B 5.1 as the standard writes them, and what a shuffle must keep. */
#include "check.h"

enum { LONGEST = 700 };

static void make(uint64_t *state, uint8_t *s, uint64_t n, unsigned alphabet, int runs) {
    for (uint64_t i = 0; i < n; i++)
        s[i] = (uint8_t)(runs && i && test_random(state) % 20 ? s[i - 1] : test_random(state) % alphabet);
}

static void runs_of(const int *signs, uint64_t n, uint64_t *number, uint64_t *longest) {
    uint64_t run = 0;
    *number = *longest = 0;
    for (uint64_t i = 0; i < n; i++) {
        int new_run = i == 0 || signs[i] != signs[i - 1];
        *number += (unsigned)new_run;
        run = new_run ? 1 : run + 1;
        *longest = run > *longest ? run : *longest;
    }
}

static void check_runs(const uint8_t *s, uint64_t n) {
    int signs[LONGEST];
    uint64_t number, longest, up = 0, out[5];
    for (uint64_t i = 0; i + 1 < n; i++) {
        signs[i] = s[i] > s[i + 1] ? -1 : 1;
        up += signs[i] > 0;
    }
    runs_of(signs, n - 1, &number, &longest);
    qrng_entropy_directional_runs(out, s, n);
    CHECK(out[0] == number && out[1] == longest && out[2] == (up > n - 1 - up ? up : n - 1 - up));
    for (uint64_t i = 0; i < n; i++)
        signs[i] = s[i] < 3 ? -1 : 1;
    runs_of(signs, n, &number, &longest);
    qrng_entropy_median_runs(out, s, n, 3);
    CHECK(out[0] == number && out[1] == longest);
}

static void check_collisions_and_lags(const uint8_t *s, uint64_t n) {
    static const uint64_t lags[] = {1, 2, 8, 16, 32};
    uint64_t number = 0, sum = 0, longest = 0, start = 0, out[5];
    for (uint64_t i = 0; i < n; i++)
        if (i > start && memchr(s + start, s[i], i - start)) {
            number++;
            sum += i - start + 1;
            longest = i - start + 1 > longest ? i - start + 1 : longest;
            start = i + 1;
        }
    qrng_entropy_times_to_collision(out, s, n);
    CHECK(out[0] == number && out[1] == sum && out[2] == longest);
    uint64_t same[5] = {0}, products[5] = {0};
    for (unsigned l = 0; l < 5; l++)
        for (uint64_t i = 0; i + lags[l] < n; i++) {
            same[l] += s[i] == s[i + lags[l]];
            products[l] += (uint64_t)s[i] * s[i + lags[l]];
        }
    qrng_entropy_periodicity(out, s, n);
    CHECK(memcmp(out, same, sizeof same) == 0);
    qrng_entropy_covariance(out, s, n);
    CHECK(memcmp(out, products, sizeof products) == 0);
}

static void check_shuffle(const uint8_t *s, uint64_t n) {
    uint8_t a[LONGEST], b[LONGEST];
    uint64_t before[256], after[256];
    qrng_entropy_shuffle(a, s, n, 7, 1);
    qrng_entropy_shuffle(b, s, n, 7, 1);
    CHECK(memcmp(a, b, n) == 0);
    qrng_entropy_histogram(before, s, n);
    qrng_entropy_histogram(after, a, n);
    CHECK(memcmp(before, after, sizeof before) == 0);
}

/* Every order of four symbols comes up equally often: 24 cells, chi-square below 65 (p < 1e-5 of exceeding
 * it). */
static void shuffles_are_uniform(void) {
    enum { ROUNDS = 48000 };
    uint32_t seen[256] = {0};
    const uint8_t in[4] = {0, 1, 2, 3};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint8_t out[4];
        qrng_entropy_shuffle(out, in, 4, 99, round);
        seen[out[0] << 6 | out[1] << 4 | out[2] << 2 | out[3]]++;
    }
    double distance = 0;
    unsigned cells = 0;
    for (unsigned i = 0; i < 256; i++)
        if (seen[i]) {
            double d = seen[i] - ROUNDS / 24.0;
            distance += d * d / (ROUNDS / 24.0);
            cells++;
        }
    CHECK(cells == 24);
    CHECK(distance < 65);
}

int main(void) {
    uint64_t state = 8;
    uint8_t s[LONGEST];
    for (int round = 0; round < 400; round++) {
        uint64_t n = 1 + test_random(&state) % LONGEST;
        make(&state, s, n, round % 2 ? 6 : 256, round % 3 == 0);
        check_runs(s, n);
        check_collisions_and_lags(s, n);
        check_shuffle(s, n);
    }
    uint8_t bits[] = {1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0}, ones[2], bytes[2];
    qrng_entropy_conversions(ones, bytes, bits, sizeof bits);
    CHECK(ones[0] == 4 && ones[1] == 2 && bytes[0] == 0xb1 && bytes[1] == 0xc0);
    CHECK(qrng_entropy_excursion(bits, 4, 0.5, 0, 1) == 1.0);
    CHECK(qrng_entropy_excursion(bits, 2, 10.0, 5, 10) == 5.0);
    shuffles_are_uniform();
    return 0;
}
