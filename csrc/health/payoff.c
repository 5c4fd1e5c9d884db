/* Payoffs of bets against a claim of min-entropy: mean at most 1 whenever no symbol has probability above g.
 * The log-optimal e-variable against that null: Larsson, Ramdas, Ruf, arXiv 2402.18810. */
#include <math.h>
#include <string.h>

#include "qrng.h"

typedef double two __attribute__((vector_size(16)));
typedef int64_t chosen __attribute__((vector_size(16)));

/* How many beliefs lie above a limit, and the sum of the others; by fours, so that no sum waits for the last.
 */
static double above_and_others(const double *belief, uint32_t k, double limit, double *others) {
    two sum[2] = {{0}}, v;
    chosen above[2] = {{0}};
    const uint32_t whole = k / 4 * 4;
    for (uint32_t x = 0; x < whole; x += 4)
        for (uint32_t i = 0; i < 2; i++) {
            memcpy(&v, belief + x + 2 * i, sizeof v);
            const chosen over = v > limit;
            above[i] -= over;
            sum[i] += (two)((chosen)v & ~over);
        }
    double count = (double)(above[0][0] + above[0][1] + above[1][0] + above[1][1]);
    *others = (sum[0][0] + sum[0][1]) + (sum[1][0] + sum[1][1]);
    for (uint32_t x = whole; x < k; x++)
        if (belief[x] > limit)
            count++;
        else
            *others += belief[x];
    return count;
}

int qrng_payoff(double *payoff, const double *belief, uint32_t k, double g) {
    double total = 0;
    for (uint32_t x = 0; x < k; x++)
        payoff[x] = 1;
    if (k < 2 || !(g < 1) || !(g * k >= 1))
        return QRNG_EINVAL;
    double strange = 0;
    for (uint32_t x = 0; x < k; x++)
        strange += belief[x] >= 0 && belief[x] <= 1 ? 0 : 1;
    if (strange > 0 || above_and_others(belief, k, 1, &total) > 0 || !(fabs(total - 1) <= 1e-9))
        return QRNG_EINVAL;
    /* p*(x) = min(g, c belief(x)) with sum 1: the symbols capped at g are found from none up; capping one
     * more raises c, so the set only grows. */
    double c = 1, capped_before = -1;
    for (;;) {
        double free_belief;
        const double capped = above_and_others(belief, k, g / c, &free_belief);
        if (capped <= capped_before) /* fewer only by rounding */
            break;
        capped_before = capped;
        if (!(free_belief > 0))
            c = INFINITY;
        else
            c = (1 - capped * g) / free_belief;
    }
    const double each = 1 / g, floor = 1 / c;
    for (uint32_t x = 0; x < k; x++) {
        const double direct = belief[x] * each;
        payoff[x] = direct > floor ? direct : floor;
    }
    return QRNG_OK;
}
