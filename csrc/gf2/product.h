/* Products of polynomials over GF(2): what a kernel level provides. See product.c for the choice between
 * them. */
#ifndef QRNG_GF2_PRODUCT_H
#define QRNG_GF2_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

#include "gf2/additive_fft.h"

enum {
    QRNG_LEAF_WORDS = 8,
    QRNG_DIGIT_WORDS = 64,  /* Karatsuba's method takes 8, 16 or 32 words, or a multiple of this */
    QRNG_DIGIT_LEAVES = 28, /* 27, and one that fills the last group of four */
    QRNG_DIGIT_WORK = QRNG_DIGIT_LEAVES * 4 * QRNG_LEAF_WORDS
};

typedef struct qrng_gf2_products {
    /* out = a b, of 2 words and `words` words. Buffers don't overlap; work has
     * qrng_karatsuba_work(words) words. */
    void (*karatsuba)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words, uint64_t *work);
    double digit_cycles; /* estimated time of a product of 64 words */
    const qrng_fft *fft;
} qrng_gf2_products;

/* Four times the longer half at each split down to a digit, and what a digit takes. */
static inline size_t qrng_karatsuba_work(size_t words) {
    size_t sum = QRNG_DIGIT_WORK;
    for (size_t digits = words / QRNG_DIGIT_WORDS; digits > 1; digits = (digits + 1) / 2)
        sum += 4 * QRNG_DIGIT_WORDS * ((digits + 1) / 2);
    return sum;
}

extern const qrng_gf2_products qrng_gf2_products_portable;
#if defined(__x86_64__)
extern const qrng_gf2_products qrng_gf2_products_avx2, qrng_gf2_products_avx512;
#elif defined(__aarch64__)
extern const qrng_gf2_products qrng_gf2_products_neon;
#endif

#endif
