/* What a converter with a fault would deliver: beliefs over its codes, made from what it delivered before,
 * and the e-detectors' step. See converter.c. */
#ifndef QRNG_HEALTH_CONVERTER_H
#define QRNG_HEALTH_CONVERTER_H

#include <stdint.h>

enum {
    CONVERTER_MOST = 256, /* codes */
    CONVERTER_BITS = 8,   /* of a code */
    CONVERTER_SHARES = 2, /* of the codes in which a bit is held */
    CONVERTER_HELD = CONVERTER_BITS * CONVERTER_SHARES,
    CONVERTER_STEPS = 15, /* steps of 3, 5 and 7 with each of their offsets */
    CONVERTER_RAILS = 6,  /* low, high and both, with two shares */
    CONVERTER_SCALES = 3, /* of the spread about the mean */
    CONVERTER_FIXED =
        56, /* columns of a row: bits held at 0, bits held at 1, then the others in this order */
    CONVERTER_SPREADS = 16, /* of Gaussians about a prediction */
    CONVERTER_EXPERTS = 136
};

/* What codes came how often, as a distribution: the counts, and as often as there are codes a Gaussian of
 * their mean and spread. */
void converter_reference(double *reference, const double *counts, uint32_t symbols);
/* table[code * CONVERTER_FIXED + c]: payoff of belief c, rounded down; 0 for one that this width doesn't
 * have. */
void converter_fixed(float *table, const double *reference, uint32_t symbols, double g);
/* Bits of a code. */
uint32_t converter_width(uint32_t symbols);
/* table[(code - prediction) % symbols * CONVERTER_SPREADS + c]: Gaussians narrower than the one whose
 * likeliest code has probability g. */
void converter_gaussians(float *table, uint32_t symbols, double g);
/* Shares of the reference's bits, as counted below. */
void converter_healthy(double *healthy, const double *reference, uint32_t symbols);
/* Each bit of a code given the one above it, as counted, and `weight` times as in the reference: counted[4 *
 * bit + 2 * the one above + what it is]. */
void converter_tree(float *payoff, const double *counted, double weight, const double *healthy,
                    const double *reference, uint32_t symbols, double g);

typedef struct {
    /* m <- (m + 1) payoff for each expert; the weighted sum */
    double (*pay)(double *m, const double *weight, const float *payoff);
    /* sum of tap[i] past[i], i below order, a multiple of 8 */
    double (*foretell)(const double *tap, const double *past, int order);
    /* product[i] moves by `share` of its way to now past[i] */
    void (*learn)(double *product, const double *past, int order, double now, double share);
} converter_steps;
extern const converter_steps qrng_converter_portable_steps;
#if defined(__x86_64__)
extern const converter_steps qrng_converter_avx2_steps, qrng_converter_avx512_steps;
#endif

#endif
