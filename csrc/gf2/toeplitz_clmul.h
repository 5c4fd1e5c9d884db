/* The product by carry-less multiplication of 64-bit words: what the kernels of all instruction sets share.
 *
 * A word holds 64 bits of a string with the first one highest. So words multiply as polynomials in 1/z: the
 * coefficient 64 k + c of a product of strings is bit 126 - c of the 128-bit sum P_k of the word products
 * x_j t_(k-j). With t moved up by 64 N - n bits, N = ceil(n/64), y starts at coefficient 64 N - 1, and word w
 * of y is low(P_(N-1+w)) xor high(P_(N+w)): no shift, and only word products that y needs. The state holds
 * the words of t backwards, R[a] = t_(N+M-1-a), M = ceil(m/64), so that P_(N-1+w) = XOR over j of x_j
 * R[M-w+j] reads both factors upwards. */
#ifndef QRNG_GF2_TOEPLITZ_CLMUL_H
#define QRNG_GF2_TOEPLITZ_CLMUL_H

#include <stddef.h>
#include <stdint.h>

#include "gf2/toeplitz.h"

/* Words of x are padded with zeros to a multiple of this: one 512-bit register. */
enum { QRNG_TOEPLITZ_STEP = 8 };

typedef struct qrng_toeplitz_words {
    size_t x, y, r; /* words of x (padded), of y, of R (padded) */
} qrng_toeplitz_words;

static inline qrng_toeplitz_words qrng_toeplitz_words_for(uint64_t n, uint64_t m) {
    qrng_toeplitz_words w;
    w.x = (size_t)((n + 63) / 64 + QRNG_TOEPLITZ_STEP - 1) / QRNG_TOEPLITZ_STEP * QRNG_TOEPLITZ_STEP;
    w.y = (size_t)((m + 63) / 64);
    w.r = w.x + w.y;
    return w;
}

size_t qrng_toeplitz_clmul_state_bytes(uint64_t n, uint64_t m);
size_t qrng_toeplitz_clmul_scratch_bytes(uint64_t n, uint64_t m);
void qrng_toeplitz_clmul_prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t);

/* Bits as words, first bit highest, and back; `words` covers them, the padding is zero. */
void qrng_toeplitz_load(uint64_t *words, size_t count, const uint8_t *bits, uint64_t at, uint64_t n);
void qrng_toeplitz_store(uint8_t *bits, uint64_t at, uint64_t n, uint64_t *words);

#endif
