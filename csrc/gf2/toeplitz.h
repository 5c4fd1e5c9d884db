/* Toeplitz matrix-vector products over GF(2), many vectors by one matrix.
 *
 * The n x m matrix is given by the string t of n + m - 1 bits: y_i = XOR over j of t[n-1-j+i] x_j, that is, y
 * is the window of m coefficients from n - 1 on of the product t(z) x(z) (Golub and Van Loan, Matrix
 * Computations, section 4.7). A method prepares t once and then multiplies streams of vectors. No method
 * branches on, or addresses memory by, a bit of t, x or y. */
#ifndef QRNG_GF2_TOEPLITZ_H
#define QRNG_GF2_TOEPLITZ_H

#include <stddef.h>
#include <stdint.h>

/* t, as two pieces of the caller's seed: t = first ‖ second. */
typedef struct qrng_toeplitz_string {
    const uint8_t *bits;
    uint64_t first, first_bits;   /* where the first n - 1 bits of t are */
    uint64_t second, second_bits; /* where its last m are */
} qrng_toeplitz_string;

/* One vector in pieces that may be worked on at once: every part of phase 0, then every part of phase 1, then
 * finish. The parts share `scratch`, 64-byte aligned. */
typedef struct qrng_toeplitz_parts {
    unsigned (*most)(uint64_t n, uint64_t m); /* parts beyond this have nothing to do */
    size_t (*scratch_bytes)(uint64_t n, uint64_t m, unsigned parts);
    void (*part)(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw, uint64_t raw_bit,
                 unsigned phase, unsigned part, unsigned parts, uint8_t *scratch);
    void (*finish)(uint64_t n, uint64_t m, uint8_t *out, uint64_t out_bit, const uint8_t *scratch);
} qrng_toeplitz_parts;

typedef struct qrng_toeplitz_method {
    const char *name;
    /* Bytes of the prepared matrix and of working space; both blocks of memory are 64-byte aligned. */
    size_t (*state_bytes)(uint64_t n, uint64_t m);
    size_t (*scratch_bytes)(uint64_t n, uint64_t m);
    void (*prepare)(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t);
    /* Vector b is the n bits from raw_bit + b step on, its product the m bits from out_bit + b m on. */
    void (*multiply)(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw, uint64_t raw_bit,
                     uint64_t step, uint8_t *out, uint64_t out_bit, uint64_t blocks, uint8_t *scratch);
    const qrng_toeplitz_parts *parts; /* NULL where vectors are too short to be worth it */
} qrng_toeplitz_method;

/* Bits of t into dst from bit `at` on. */
void qrng_toeplitz_string_copy(uint8_t *dst, uint64_t at, const qrng_toeplitz_string *t);
/* The bits from `from` on, as many as there are up to `bits`, into dst from bit `at` on; other bits of dst
 * are kept. */
void qrng_toeplitz_string_part(uint8_t *dst, uint64_t at, const qrng_toeplitz_string *t, uint64_t from,
                               uint64_t bits);

/* What each kernel level takes for a size. */
const qrng_toeplitz_method *qrng_toeplitz_choose_portable(uint64_t n, uint64_t m);
#if defined(__x86_64__)
const qrng_toeplitz_method *qrng_toeplitz_choose_avx2(uint64_t n, uint64_t m);
const qrng_toeplitz_method *qrng_toeplitz_choose_avx512(uint64_t n, uint64_t m);
#elif defined(__aarch64__)
const qrng_toeplitz_method *qrng_toeplitz_choose_neon(uint64_t n, uint64_t m);
#endif

#endif
