#include "health/bank.h"

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("popcnt"))) void qrng_bank_count_popcnt(uint32_t *count, const uint64_t *x,
                                                              const uint64_t (*far)[BANK_WORDS]) {
    bank_count_words(count, x, far, BANK_WORDS);
}

__attribute__((target("avx2"))) void qrng_bank_wealth_avx2(double *m, double *sum, const double *table,
                                                           const uint32_t *count, size_t features,
                                                           const double *start, size_t step) {
    __m256d acc[2][4];
    for (int i = 0; i < 8; i++)
        acc[i / 4][i % 4] = _mm256_loadu_pd(sum + 4 * i);
    for (size_t f = 0; f < features; f += 2)
        for (size_t odd = 0; odd < 2 && f + odd < features; odd++, m += BANK_BETS) {
            const double *row = table + (size_t)count[f + odd] * BANK_BETS;
            const __m256d s = _mm256_broadcast_sd(start + (f + odd) * step);
            for (int k = 0; k < 4; k++) {
                __m256d v =
                    _mm256_mul_pd(_mm256_add_pd(_mm256_loadu_pd(m + 4 * k), s), _mm256_loadu_pd(row + 4 * k));
                _mm256_storeu_pd(m + 4 * k, v);
                acc[odd][k] = _mm256_add_pd(acc[odd][k], v);
            }
        }
    for (int i = 0; i < 8; i++)
        _mm256_storeu_pd(sum + 4 * i, acc[i / 4][i % 4]);
}

__attribute__((target("avx2"))) void qrng_bank_quiet_avx2(double *quiet, const double *m, const double *rate,
                                                          size_t features, const double *limit, size_t step,
                                                          double seen) {
    bank_quiet(quiet, m, rate, features, limit, step, seen);
}
#endif
