/* The kernel table: one per level, chosen once. A family adds its slots here and fills them in kernels.c;
 * a level without a kernel of its own for a slot takes the next lower one's. */
#ifndef QRNG_CPU_KERNELS_H
#define QRNG_CPU_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "health/bank.h"
#include "health/converter.h"
#include "health/learned.h"
#include "health/lfsr.h"
#include "health/prbs.h"
#include "health/sine.h"
#include "sts/kernels.h"

#include "extractors/seedless.h"
#include "extractors/trevisan.h"

struct qrng_gf2_products;
struct qrng_toeplitz_method;

typedef struct qrng_kernels {
    const char *name;
    uint32_t needs; /* QRNG_CPU_* */
    /* bits: ones in whole bytes */
    uint64_t (*popcount)(const uint8_t *src, size_t bytes);
    /* extractors: pairs of bits, for von Neumann and Peres; see extractors/seedless.h */
    qrng_pairs *pairs;
    /* extractors: values of a polynomial over GF(2^l); see extractors/trevisan.h */
    qrng_rsh_values *rsh_values;
    /* gf2: the fastest method of this level for n x m Toeplitz matrices */
    const struct qrng_toeplitz_method *(*toeplitz)(uint64_t n, uint64_t m);
    /* gf2: products of polynomials */
    const struct qrng_gf2_products *products;
    /* health: ones of each feature of the bank over a block; the block's payoffs into the e-detectors; bets
     * without evidence; a block of the learned bettor; steps of the converter test; an octave of
     * the sine bank, and its short swings; windows of a short register;
     * blocks where a test pattern may begin */
    bank_count_fn *bank_count;
    bank_wealth_fn *bank_wealth;
    bank_quiet_fn *bank_quiet;
    learned_block_fn *learned_block;
    const converter_steps *converter;
    sine_octave_fn *sine_octave;
    sine_short_fn *sine_short;
    lfsr_short_fn *lfsr_short;
    prbs_even_fn *prbs_even;
    /* sts: the family's own table */
    const qrng_sts_kernels *sts;
} qrng_kernels;

/* The table in force; the first call picks the best that runs here. */
const qrng_kernels *qrng_kernels_get(void);

#endif
