#include "health/bank.h"

const uint8_t qrng_bank_pairs[BANK_PAIRS][2] = {
    {1, 2}, {1, 3}, {1, 4}, {1, 5}, {1, 6}, {1, 7}, {1, 8}, {2, 3}, {2, 4}, {2, 5},
    {2, 6}, {2, 7}, {2, 8}, {3, 4}, {3, 5}, {3, 6}, {3, 7}, {3, 8}, {4, 5}, {4, 6},
    {4, 7}, {4, 8}, {5, 6}, {5, 7}, {5, 8}, {6, 7}, {6, 8}, {7, 8},
};

void qrng_bank_count_portable(uint32_t *count, const uint64_t *x, const uint64_t (*far)[BANK_WORDS]) {
    bank_count_words(count, x, far, BANK_WORDS);
}

void qrng_bank_wealth_portable(double *m, double *sum, const double *table, const uint32_t *count,
                               size_t features, const double *start, size_t step) {
    for (size_t f = 0; f < features; f++) {
        const double *row = table + (size_t)count[f] * BANK_BETS;
        for (int k = 0; k < BANK_BETS; k++) {
            m[k] = (m[k] + *start) * row[k];
            sum[f % 2 * BANK_BETS + k] += m[k];
        }
        m += BANK_BETS;
        start += step;
    }
}

void qrng_bank_quiet_portable(double *quiet, const double *m, const double *rate, size_t features,
                              const double *limit, size_t step, double seen) {
    bank_quiet(quiet, m, rate, features, limit, step, seen);
}
