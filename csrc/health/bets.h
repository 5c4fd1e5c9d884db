/* The fixed bets that the stream's and the lanes' bank share: their payoffs over a block, and who leads. */
#ifndef QRNG_HEALTH_BETS_H
#define QRNG_HEALTH_BETS_H

#include "health/bank.h"

enum {
    BETS_QUIET_EVERY = 32, /* blocks between two looks for quiet bets */
    BETS_NEAR = 1 << 16    /* of a threshold this part is near it */
};

/* table[c * BANK_BETS + k]: payoff of bet k over a block of `block` bits of which c are ones; rate[k]: growth
 * of its log wealth, in nats a bit, if its belief is right. */
void bets_fill(double *table, double *rate, uint32_t block, double g);
/* x^n by squaring: the same on every machine. */
static inline double bets_power(double x, uint32_t n) {
    double out = 1;
    for (; n; n >>= 1, x *= x)
        if (n & 1)
            out *= x;
    return out;
}
/* Prior of each bet; those on y = 0 are every other one. */
extern const double bets_prior[BANK_BETS];
/* Mean over the bets by their prior, always in the same order. */
double bets_sum(const double *sum);
/* Whether shorter blocks are worth their time: they change nothing in the guarantee, as the past alone
 * decides on them, and an alarm needn't wait for the end of a long one. */
static inline int bets_near(double total, double threshold) {
    return total * BETS_NEAR >= threshold;
}
/* The largest e-detector of features from..to, if above *best. */
void bets_leader(qrng_evidence *found, double *best, const double *m, const double *quiet, uint32_t from,
                 uint32_t to);

#endif
