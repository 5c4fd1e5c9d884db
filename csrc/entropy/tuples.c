/* From the repeats of a text to the t-tuple and LRS proportions, SP 800-90B sections 6.3.5 and 6.3.6. */
#include <math.h>

#include "qrng.h"

enum { CUTOFF = 35 }; /* t-tuple, step 1: the largest t whose most common tuple occurs at least 35 times */

void qrng_entropy_tuple_proportions(qrng_tuples *out, uint64_t *largest, uint64_t *pairs, uint64_t longest,
                                    uint64_t n) {
    /* A set that shares L symbols shares every shorter prefix. */
    for (uint64_t i = longest; i > 1; i--) {
        if (largest[i - 1] < largest[i])
            largest[i - 1] = largest[i];
        pairs[i - 1] += pairs[i];
    }
    uint64_t u = 1;
    while (u <= longest && largest[u] >= CUTOFF)
        u++;
    long double tuple = 0, repeat = 0;
    for (uint64_t i = 1; i < u; i++) {
        long double p = powl((long double)largest[i] / (long double)(n - i + 1), 1.0L / (long double)i);
        tuple = p > tuple ? p : tuple;
    }
    /* Of millions of lengths, the longest first, only those are raised to their powers whose logarithm in
     * double comes near the largest so far. */
    double best = -INFINITY;
    for (uint64_t i = longest; i >= u; i--) {
        long double choices = (long double)(n - i) * (long double)(n - i + 1) / 2;
        long double share = (long double)pairs[i] / choices;
        double near = log2((double)share) / (double)i;
        if (near < best - 1e-9)
            continue;
        best = near > best ? near : best;
        long double p = powl(share, 1.0L / (long double)i);
        repeat = p > repeat ? p : repeat;
    }
    *out = (qrng_tuples){.u = u, .tuple = (double)tuple, .repeat = (double)repeat};
}
