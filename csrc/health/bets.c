#include <math.h>
#include <string.h>

#include "health/bets.h"

/* Share of the room between g and 1 that a bet believes in: doubling, so that some bet is within a factor of
 * sqrt(2) of the truth and earns at least 0.83 of what the best could; the last is for a stuck bit. */
static const double sizes[BANK_BETS / 2] = {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 0.97};

/* Of 64, for each value: a bit of evidence more costs a large bet few bits of the stream. */
#define BOTH(n) (n) / 64.0, (n) / 64.0
const double bets_prior[BANK_BETS] = {BOTH(5), BOTH(6), BOTH(6), BOTH(5), BOTH(5), BOTH(3), BOTH(1), BOTH(1)};

void bets_fill(double *table, double *rate, uint32_t block, double g) {
    for (int k = 0; k < BANK_BETS; k++) {
        double q = g + (1 - g) * sizes[k / 2];
        double right = log(q / g), wrong = log((1 - q) / (1 - g));
        rate[k] = q * right + (1 - q) * wrong;
        for (uint32_t c = 0; c <= block; c++) {
            double hits = k % 2 ? block - c : c; /* odd bets stake on y = 0 */
            table[(size_t)c * BANK_BETS + k] = exp(hits * right + (block - hits) * wrong);
        }
    }
}

typedef double eight __attribute__((vector_size(64)));

double bets_sum(const double *sum) {
    eight v[BANK_SUMS / 8], w[2];
    memcpy(v, sum, sizeof v);
    memcpy(w, bets_prior, sizeof w);
    v[0] = (v[0] + v[2]) * w[0] + (v[1] + v[3]) * w[1];
    return ((v[0][0] + v[0][4]) + (v[0][2] + v[0][6])) + ((v[0][1] + v[0][5]) + (v[0][3] + v[0][7]));
}

void bets_leader(qrng_evidence *found, double *best, const double *m, const double *quiet, uint32_t from,
                 uint32_t to) {
    for (uint32_t f = from; f < to; f++)
        for (uint32_t k = 0; k < BANK_BETS; k++)
            if (m[f * BANK_BETS + k] * bets_prior[k] > *best) {
                *best = m[f * BANK_BETS + k] * bets_prior[k];
                found->feature = f;
                found->bet = k;
                found->quiet = (uint64_t)quiet[f * BANK_BETS + k];
            }
}
