/* Trevisan's extractor: the one-bit step over GF(2^l), which has a kernel per level. */
#ifndef QRNG_EXTRACTORS_TREVISAN_H
#define QRNG_EXTRACTORS_TREVISAN_H

#include <stddef.h>
#include <stdint.h>

enum { QRNG_TREVISAN_LANES = 8, QRNG_TREVISAN_WORDS = 6 };

/* GF(2)[z] / (z^l + tail), tail of degree at most l/2 and below 64; elements are words, z^0 lowest. */
typedef struct qrng_rsh_field {
    unsigned l, words;
    uint64_t tail;
} qrng_rsh_field;

/* For each of eight lanes: the value at alpha[lane] of the polynomial whose coefficients are x[0..count),
 * highest first. */
typedef void qrng_rsh_values(uint64_t *values, const qrng_rsh_field *f, const uint64_t *x, size_t count,
                             const uint64_t *alpha);

qrng_rsh_values qrng_rsh_values_portable;
#if defined(__x86_64__)
qrng_rsh_values qrng_rsh_values_clmul;
qrng_rsh_values qrng_rsh_values_avx512;
#endif

#endif
