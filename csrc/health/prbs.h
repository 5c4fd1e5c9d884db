/* The test patterns' checks, and their kernel: where a run of equal check bits may lie. See prbs.c. */
#ifndef QRNG_HEALTH_PRBS_H
#define QRNG_HEALTH_PRBS_H

#include <stdint.h>

enum {
    PRBS_CHECKS = 22,
    PRBS_ROW = 8, /* blocks of 64 bits side by side */
    PRBS_BLOCKS = 64 * PRBS_ROW,
    PRBS_EVEN = 16 /* check bits in a row that don't change: that many make a block one to look at */
};

/* Of each pattern and of its reverse the lags that add up to 0, or to 1 where it is inverted: bit k is lag k.
 */
extern const uint32_t qrng_prbs_checks[PRBS_CHECKS];

/* bits: eight bytes, then PRBS_BLOCKS blocks. found[k], bit 63 - i: some check changes nowhere in PRBS_EVEN
 * bits that end with a byte of block PRBS_ROW i + k. */
typedef void prbs_even_fn(const uint8_t *bits, uint64_t *found);
prbs_even_fn qrng_prbs_even_portable;
#if defined(__x86_64__)
prbs_even_fn qrng_prbs_even_avx2;
prbs_even_fn qrng_prbs_even_avx512;
#endif

#endif
