/* Payoffs of bets against a claim of min-entropy: mean at most 1 whenever no symbol has probability above g.
 * The log-optimal e-variable against that null: Larsson, Ramdas, Ruf, arXiv 2402.18810. */
#include <math.h>

#include "qrng.h"

int qrng_payoff(double *payoff, const double *belief, uint32_t k, double g) {
    double total = 0;
    for (uint32_t x = 0; x < k; x++)
        payoff[x] = 1;
    if (k < 2 || !(g < 1) || !(g * k >= 1))
        return QRNG_EINVAL;
    for (uint32_t x = 0; x < k; x++) {
        if (!(belief[x] >= 0 && belief[x] <= 1))
            return QRNG_EINVAL;
        total += belief[x];
    }
    if (!(fabs(total - 1) <= 1e-9))
        return QRNG_EINVAL;
    /* p*(x) = min(g, c belief(x)) with sum 1: the symbols capped at g are found from none up; capping one
     * more raises c, so the set only grows. */
    double c = 1, capped_before = -1;
    for (;;) {
        double capped = 0, free_belief = 0;
        for (uint32_t x = 0; x < k; x++)
            if (c * belief[x] > g)
                capped += 1;
            else
                free_belief += belief[x];
        if (capped <= capped_before) /* fewer only by rounding */
            break;
        capped_before = capped;
        if (!(free_belief > 0))
            c = INFINITY;
        else
            c = (1 - capped * g) / free_belief;
    }
    for (uint32_t x = 0; x < k; x++) {
        double direct = belief[x] / g, floor = 1 / c;
        payoff[x] = direct > floor ? direct : floor;
    }
    return QRNG_OK;
}
