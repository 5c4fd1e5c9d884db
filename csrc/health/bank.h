/* The parametric bank: fixed bets on fixed parities of the raw bits, as Shiryaev-Roberts e-detectors.
 *
 * Under the claim P(next bit = v | past) <= g a bet that stakes on belief q > g in the bit v pays q/g if
 * right and (1-q)/(1-g) if wrong, on average at most 1. A feature is a bit that is known before it: y = x_t
 * xor (bits before); it pays on y = 1 or y = 0. Each bet on each feature is an e-detector M <- E (M + B) at
 * the end of a block of B bits, E its payoff over the block: E[M] <= bits seen (Shin, Ramdas, Rinaldo,
 * "E-detectors"), and so is the mean of their weighted sum. */
#ifndef QRNG_HEALTH_BANK_H
#define QRNG_HEALTH_BANK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "qrng.h"

enum {
    BANK_BETS = 16,            /* 8 sizes, each for y = 1 and for y = 0 */
    BANK_SUMS = 2 * BANK_BETS, /* even and odd features apart, for the adder's latency */
    BANK_BLOCK = 256,          /* bits between two evaluations of the stream's features */
    BANK_FINE = 64,            /* the same near the threshold */
    BANK_WORDS = BANK_BLOCK / 64,
    BANK_LAGS = 64,
    BANK_FAR = 2, /* lags n and 2n for n lanes */
    BANK_REACH = 8,
    BANK_PAIRS = BANK_REACH * (BANK_REACH - 1) / 2,
    BANK_FEATURES = 1 + BANK_LAGS + BANK_FAR + BANK_PAIRS,
    BANK_PAIR0 = 1 + BANK_LAGS + BANK_FAR,
    LANE_ROWS = 32, /* symbols of each lane between two evaluations of the lanes' features */
    LANE_FINE = 4,  /* the same near the threshold */
    LANE_FEATURES = 4
};

/* Ones of every feature over one block. x: the block's words, first bit on top, x[-1] the word before it;
 * far: the same words n and 2n bits earlier. */
typedef void bank_count_fn(uint32_t *count, const uint64_t *x, const uint64_t (*far)[BANK_WORDS]);
/* One block for `features` e-detectors of BANK_BETS bets, each kept times its prior weight: m = (m + start) *
 * table[count], added to the BANK_SUMS sums; start is the weight of the block's bits, that of feature f at f
 * * step. */
typedef void bank_wealth_fn(double *m, double *sum, const double *table, const uint32_t *count,
                            size_t features, const double *start, size_t step);

/* Note the time for every bet of `features` features that has no evidence worth the name: with nothing to
 * find an e-detector hovers around 1 / rate. */
typedef void bank_quiet_fn(double *quiet, const double *m, const double *rate, size_t features,
                           const double *limit, size_t step, double seen);

bank_count_fn qrng_bank_count_portable;
bank_wealth_fn qrng_bank_wealth_portable;
bank_quiet_fn qrng_bank_quiet_portable;
#if defined(__x86_64__)
bank_count_fn qrng_bank_count_popcnt;
bank_count_fn qrng_bank_count_avx512;
bank_wealth_fn qrng_bank_wealth_avx2;
bank_wealth_fn qrng_bank_wealth_avx512;
bank_quiet_fn qrng_bank_quiet_avx2;
bank_quiet_fn qrng_bank_quiet_avx512;
#endif

/* Shared by its kernels, each compiled for its vectors. */
static inline __attribute__((always_inline)) void bank_quiet(double *quiet, const double *m,
                                                             const double *rate, size_t features,
                                                             const double *limit, size_t step, double seen) {
    for (size_t f = 0; f < features; f++, m += BANK_BETS, quiet += BANK_BETS, limit += step)
        for (int k = 0; k < BANK_BETS; k++)
            quiet[k] = m[k] * rate[k] <= *limit ? seen : quiet[k];
}

/* The pairs (i, j), 1 <= i < j <= BANK_REACH, in the order of their features. */
extern const uint8_t qrng_bank_pairs[BANK_PAIRS][2];

/* The first words of a block; shared by the portable kernel and the one compiled for POPCNT. */
static inline __attribute__((always_inline)) void
bank_count_words(uint32_t *count, const uint64_t *x, const uint64_t (*far)[BANK_WORDS], const int words) {
    for (int f = 0; f < BANK_FEATURES; f++)
        count[f] = 0;
    for (int i = 0; i < words; i++) {
        uint64_t w = x[i], p = x[i - 1], near[BANK_REACH + 1] = {0};
        count[0] += (uint32_t)__builtin_popcountll(w);
        for (int lag = 1; lag < 64; lag++) {
            uint64_t y = w ^ (w >> lag | p << (64 - lag));
            if (lag <= BANK_REACH)
                near[lag] = y;
            count[lag] += (uint32_t)__builtin_popcountll(y);
        }
        count[64] += (uint32_t)__builtin_popcountll(w ^ p);
        for (int k = 0; k < BANK_FAR; k++)
            count[1 + BANK_LAGS + k] += (uint32_t)__builtin_popcountll(w ^ far[k][i]);
        for (int k = 0; k < BANK_PAIRS; k++) /* x^x_i ^ x^x_j ^ x = x ^ x_i ^ x_j */
            count[BANK_PAIR0 + k] +=
                (uint32_t)__builtin_popcountll(near[qrng_bank_pairs[k][0]] ^ near[qrng_bank_pairs[k][1]] ^ w);
    }
}

#endif
