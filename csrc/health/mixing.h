/* What the tests that mix beliefs share: a logistic function without libm, what a belief is paid, and looks:
 * a stretch of bits watched, then a gap, unless bets were won. Only integers, and +, -, *, / and comparisons
 * in a fixed order. */
#ifndef QRNG_HEALTH_MIXING_H
#define QRNG_HEALTH_MIXING_H

#include <stdint.h>
#include <string.h>

enum {
    MIXING_RANGE = 12, /* beyond which the logistic function is taken for constant */
    MIXING_GRID = 64,  /* its steps a unit */
    MIXING_STEPS = 2 * MIXING_RANGE * MIXING_GRID + 2,
    MIXING_WIDE = 16,
    MIXING_QUIET = 4096 /* evidence beyond that of new bets below which nothing was amiss */
};

typedef float mixing_inputs __attribute__((vector_size(4 * MIXING_WIDE)));

/* e^x for |x| <= MIXING_RANGE, to a millionth. */
static inline double mixing_exponential(double x) {
    x /= 4096;
    x = 1 + x * (1 + x * (0.5 + x / 6));
    for (int i = 0; i < 12; i++)
        x *= x;
    return x;
}

static inline void mixing_fill(float *squash) {
    for (int i = 0; i < MIXING_STEPS; i++)
        squash[i] = (float)(1 / (1 + mixing_exponential(-((double)i / MIXING_GRID - MIXING_RANGE))));
}

/* Whether a saved table may be used. */
static inline int mixing_filled(const float *squash) {
    for (int i = 0; i < MIXING_STEPS; i++)
        if (!(squash[i] > 0 && squash[i] < 1))
            return 0;
    return 1;
}

static inline float mixing_squashed(const float *squash, float x) {
    const float most = MIXING_RANGE - 0.01f;
    x = x < most ? x : most; /* what is no number, too */
    x = x > -most ? x : -most;
    const float at = (x + MIXING_RANGE) * MIXING_GRID;
    const int i = (int)at;
    return squash[i] + (squash[i + 1] - squash[i]) * (at - (float)i);
}

static inline float mixing_sum(const mixing_inputs *v) {
    typedef float half __attribute__((vector_size(32)));
    typedef float quarter __attribute__((vector_size(16)));
    half low, high;
    quarter first, second;
    memcpy(&low, v, sizeof low);
    memcpy(&high, (const char *)v + sizeof low, sizeof high);
    low += high;
    memcpy(&first, &low, sizeof first);
    memcpy(&second, (const char *)&low + sizeof first, sizeof second);
    first += second;
    return (first[0] + first[2]) + (first[1] + first[3]);
}

/* What a stake of that share of the belief q in a one pays: of mean 1 at most if no bit is likelier than g.
 */
static inline double mixing_paid(float q, double share, unsigned bit, double g) {
    const double off = (double)q - 0.5, size = __builtin_fabs(off);
    const double for_it = off * (2.0 * bit - 1),
                 top[2] = {1 - g, g}; /* above 0: right; no branch on a fair bit */
    const double paid = (0.5 + share * for_it) / top[for_it > 0];
    return 0.5 + share * size > g ? paid : 1;
}

typedef struct {
    uint64_t length, every; /* bits watched, of so many */
    uint64_t seen, left;    /* bits so far, and still to watch or, with `skipping`, to skip */
    uint64_t idle;          /* bits since the last one watched, each a new bet not yet staked */
    uint64_t skipping;
    double total, before; /* before: the total with which this look began, its new bets included */
} mixing_looks;

static inline void mixing_begin(mixing_looks *l, uint64_t length, uint64_t every) {
    *l = (mixing_looks){.length = length, .every = every, .left = length, .before = (double)length};
}

static inline int mixing_looks_valid(const mixing_looks *l, uint64_t length) {
    return l->length == length && l->every >= length && l->left >= 1 && l->left <= l->every;
}

/* A look ends: on, if what was won is more than a healthy source lets win once in four looks. */
static inline void mixing_decide(mixing_looks *l) {
    l->skipping = l->every > l->length && l->total < 4 * l->before;
    l->left = l->skipping ? l->every - l->length : l->length;
    l->before = l->total + (double)l->length;
    if (l->skipping)
        l->before += (double)l->left;
}

static inline void mixing_resume(mixing_looks *l) {
    l->skipping = 0;
    l->left = l->length;
}

/* n bits of those left that nobody looks at, or those up to the one with which the total reaches the
 * threshold; m: the total without new bets. */
static inline uint64_t mixing_skip(mixing_looks *l, double m, uint64_t n, double threshold) {
    n = l->left < n ? l->left : n;
    if (m + (double)(l->idle + n) >= threshold) {
        uint64_t few = 1;
        while (m + (double)(l->idle + few) < threshold)
            few++;
        n = few;
    }
    l->idle += n;
    l->seen += n;
    l->left -= n;
    l->total = m + (double)l->idle;
    return n;
}

#endif
