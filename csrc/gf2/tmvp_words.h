/* Split Toeplitz products of one vector at a time, with 64-bit words as units: what a kernel provides, and
 * the walk over the split, which all kernels share. See tmvp.h for the split itself. */
#ifndef QRNG_GF2_TMVP_WORDS_H
#define QRNG_GF2_TMVP_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "gf2/tmvp.h"

typedef struct qrng_tmvp_kernel {
    qrng_tmvp_costs costs;
    size_t leaf_words_per_unit; /* a leaf of side b takes this times b words */
    int swap; /* words are loaded with their first bit highest; else bytes stay as they lie */
    /* Write a leaf from its 2 base words of string. */
    void (*leaf)(uint8_t *out, const uint8_t *q, size_t base);
    /* y = T x, or y += T x. */
    void (*product)(uint64_t *y, const uint64_t *leaf, const uint64_t *x, size_t base, int add);
    /* sum = a + b; sum may be a or b. */
    void (*sum)(uint64_t *sum, const uint64_t *a, const uint64_t *b, size_t words);
} qrng_tmvp_kernel;

double qrng_tmvp_words_cost(const qrng_tmvp_kernel *k, uint64_t n, uint64_t m);
size_t qrng_tmvp_words_state_bytes(const qrng_tmvp_kernel *k, uint64_t n, uint64_t m);
size_t qrng_tmvp_words_scratch_bytes(const qrng_tmvp_kernel *k, uint64_t n, uint64_t m);
void qrng_tmvp_words_prepare(const qrng_tmvp_kernel *k, uint8_t *state, uint64_t n, uint64_t m,
                             const qrng_toeplitz_string *t);
void qrng_tmvp_words_multiply(const qrng_tmvp_kernel *k, const uint8_t *state, uint64_t n, uint64_t m,
                              const uint8_t *raw, uint64_t raw_bit, uint64_t step, uint8_t *out,
                              uint64_t out_bit, uint64_t blocks, uint8_t *scratch);

/* The five functions above with `kernel` filled in, as a method of the given name. */
#define QRNG_TMVP_WORDS_METHOD(method, kernel)                                                               \
    static size_t method##_state_bytes(uint64_t n, uint64_t m) {                                             \
        return qrng_tmvp_words_state_bytes(&(kernel), n, m);                                                 \
    }                                                                                                        \
    static size_t method##_scratch_bytes(uint64_t n, uint64_t m) {                                           \
        return qrng_tmvp_words_scratch_bytes(&(kernel), n, m);                                               \
    }                                                                                                        \
    static void method##_prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t) {    \
        qrng_tmvp_words_prepare(&(kernel), state, n, m, t);                                                  \
    }                                                                                                        \
    static void method##_multiply(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw,          \
                                  uint64_t raw_bit, uint64_t step, uint8_t *out, uint64_t out_bit,           \
                                  uint64_t blocks, uint8_t *scratch) {                                       \
        qrng_tmvp_words_multiply(&(kernel), state, n, m, raw, raw_bit, step, out, out_bit, blocks, scratch); \
    }                                                                                                        \
    static const qrng_toeplitz_method method = {                                                             \
        #method, method##_state_bytes, method##_scratch_bytes, method##_prepare, method##_multiply, NULL}

#endif
