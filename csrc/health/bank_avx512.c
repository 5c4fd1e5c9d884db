#include "health/bank.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,popcnt")))
enum { XOR3 = 0x96 };

/* Eight features at a time, one 64-bit word of the block after the other: the vector holds eight shift
 * counts. */
TARGET static inline __m512i lagged(__m512i w, __m512i p, __m512i lag) {
    /* The two shifted parts share no bit, and a count of 64 shifts all out: lag 64 is the word before. */
    return _mm512_or_si512(_mm512_srlv_epi64(w, lag),
                           _mm512_sllv_epi64(p, _mm512_sub_epi64(_mm512_set1_epi64(64), lag)));
}

TARGET static inline void store(uint32_t *count, __m512i v) {
    _mm256_storeu_si256((__m256i *)count, _mm512_cvtepi64_epi32(v));
}

TARGET void qrng_bank_count_avx512(uint32_t *count, const uint64_t *x, const uint64_t (*far)[BANK_WORDS]) {
    enum { VECTORS = BANK_LAGS / 8, PAIR_VECTORS = (BANK_PAIRS + 7) / 8 };
    __m512i lags[VECTORS], i_lag[PAIR_VECTORS], j_lag[PAIR_VECTORS];
    __m512i n[VECTORS], pairs[PAIR_VECTORS];
    uint32_t ones = 0, far_ones[BANK_FAR] = {0};
    for (int v = 0; v < VECTORS; v++) {
        lags[v] = _mm512_add_epi64(_mm512_set_epi64(8, 7, 6, 5, 4, 3, 2, 1), _mm512_set1_epi64(8 * v));
        n[v] = _mm512_setzero_si512();
    }
    for (int v = 0; v < PAIR_VECTORS; v++) {
        uint64_t i[8] = {0}, j[8] = {0};
        for (int k = 0; k < 8 && 8 * v + k < BANK_PAIRS; k++) {
            i[k] = qrng_bank_pairs[8 * v + k][0];
            j[k] = qrng_bank_pairs[8 * v + k][1];
        }
        i_lag[v] = _mm512_loadu_si512(i);
        j_lag[v] = _mm512_loadu_si512(j);
        pairs[v] = _mm512_setzero_si512();
    }
    for (int t = 0; t < BANK_WORDS; t++) {
        const __m512i w = _mm512_set1_epi64((long long)x[t]), p = _mm512_set1_epi64((long long)x[t - 1]);
        ones += (uint32_t)__builtin_popcountll(x[t]);
        for (int k = 0; k < BANK_FAR; k++)
            far_ones[k] += (uint32_t)__builtin_popcountll(x[t] ^ far[k][t]);
        for (int v = 0; v < VECTORS; v++)
            n[v] = _mm512_add_epi64(n[v], _mm512_popcnt_epi64(_mm512_xor_si512(w, lagged(w, p, lags[v]))));
        for (int v = 0; v < PAIR_VECTORS; v++) {
            __m512i y = _mm512_ternarylogic_epi64(w, lagged(w, p, i_lag[v]), lagged(w, p, j_lag[v]), XOR3);
            pairs[v] = _mm512_add_epi64(pairs[v], _mm512_popcnt_epi64(y));
        }
    }
    uint32_t last[8];
    count[0] = ones;
    for (int v = 0; v < VECTORS; v++)
        store(count + 1 + 8 * v, n[v]);
    for (int k = 0; k < BANK_FAR; k++)
        count[1 + BANK_LAGS + k] = far_ones[k];
    for (int v = 0; v < PAIR_VECTORS - 1; v++)
        store(count + BANK_PAIR0 + 8 * v, pairs[v]);
    store(last, pairs[PAIR_VECTORS - 1]);
    for (int k = 8 * (PAIR_VECTORS - 1); k < BANK_PAIRS; k++)
        count[BANK_PAIR0 + k] = last[k % 8];
}

TARGET void qrng_bank_wealth_avx512(double *m, double *sum, const double *table, const uint32_t *count,
                                    size_t features, const double *start, size_t step) {
    __m512d acc[2][2];
    for (int i = 0; i < 4; i++)
        acc[i / 2][i % 2] = _mm512_loadu_pd(sum + 8 * i);
    for (size_t f = 0; f < features; f += 2)
        for (size_t odd = 0; odd < 2 && f + odd < features; odd++, m += BANK_BETS) {
            const double *row = table + (size_t)count[f + odd] * BANK_BETS;
            const __m512d s = _mm512_set1_pd(start[(f + odd) * step]);
            for (int half = 0; half < 2; half++) {
                __m512d v = _mm512_mul_pd(_mm512_add_pd(_mm512_loadu_pd(m + 8 * half), s),
                                          _mm512_loadu_pd(row + 8 * half));
                _mm512_storeu_pd(m + 8 * half, v);
                acc[odd][half] = _mm512_add_pd(acc[odd][half], v);
            }
        }
    for (int i = 0; i < 4; i++)
        _mm512_storeu_pd(sum + 8 * i, acc[i / 2][i % 2]);
}

__attribute__((target("avx512f,avx512vl,avx512dq"))) void
qrng_bank_quiet_avx512(double *quiet, const double *m, const double *rate, size_t features,
                       const double *limit, size_t step, double seen) {
    bank_quiet(quiet, m, rate, features, limit, step, seen);
}
#endif
