/* Toeplitz products by the additive FFT: see toeplitz_fft.c. */
#ifndef QRNG_GF2_TOEPLITZ_FFT_H
#define QRNG_GF2_TOEPLITZ_FFT_H

#include <stddef.h>
#include <stdint.h>

#include "gf2/toeplitz.h"

#include "gf2/additive_fft.h"

/* Cycles for one vector. */
double qrng_toeplitz_fft_cost(const qrng_fft *k, uint64_t n, uint64_t m);
size_t qrng_toeplitz_fft_state_bytes(const qrng_fft *k, uint64_t n, uint64_t m);
size_t qrng_toeplitz_fft_scratch_bytes(const qrng_fft *k, uint64_t n, uint64_t m);
void qrng_toeplitz_fft_prepare(const qrng_fft *k, uint8_t *state, uint64_t n, uint64_t m,
                               const qrng_toeplitz_string *t);
void qrng_toeplitz_fft_multiply(const qrng_fft *k, const uint8_t *state, uint64_t n, uint64_t m,
                                const uint8_t *raw, uint64_t raw_bit, uint64_t step, uint8_t *out,
                                uint64_t out_bit, uint64_t blocks, uint8_t *scratch);
/* See qrng_toeplitz_parts in toeplitz.h. */
unsigned qrng_toeplitz_fft_most_parts(const qrng_fft *k, uint64_t n, uint64_t m);
size_t qrng_toeplitz_fft_parts_bytes(const qrng_fft *k, uint64_t n, uint64_t m, unsigned parts);
void qrng_toeplitz_fft_part(const qrng_fft *k, const uint8_t *state, uint64_t n, uint64_t m,
                            const uint8_t *raw, uint64_t raw_bit, unsigned phase, unsigned part,
                            unsigned parts, uint8_t *scratch);
void qrng_toeplitz_fft_finish(const qrng_fft *k, uint64_t n, uint64_t m, uint8_t *out, uint64_t out_bit,
                              const uint8_t *scratch);

/* These with `kernel` filled in, as a method of the given name. */
#define QRNG_TOEPLITZ_FFT_METHOD(method, kernel)                                                             \
    static size_t method##_state_bytes(uint64_t n, uint64_t m) {                                             \
        return qrng_toeplitz_fft_state_bytes(&(kernel), n, m);                                               \
    }                                                                                                        \
    static size_t method##_scratch_bytes(uint64_t n, uint64_t m) {                                           \
        return qrng_toeplitz_fft_scratch_bytes(&(kernel), n, m);                                             \
    }                                                                                                        \
    static void method##_prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t) {    \
        qrng_toeplitz_fft_prepare(&(kernel), state, n, m, t);                                                \
    }                                                                                                        \
    static void method##_multiply(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw,          \
                                  uint64_t raw_bit, uint64_t step, uint8_t *out, uint64_t out_bit,           \
                                  uint64_t blocks, uint8_t *scratch) {                                       \
        qrng_toeplitz_fft_multiply(&(kernel), state, n, m, raw, raw_bit, step, out, out_bit, blocks,         \
                                   scratch);                                                                 \
    }                                                                                                        \
    static unsigned method##_most(uint64_t n, uint64_t m) {                                                  \
        return qrng_toeplitz_fft_most_parts(&(kernel), n, m);                                                \
    }                                                                                                        \
    static size_t method##_parts_bytes(uint64_t n, uint64_t m, unsigned parts) {                             \
        return qrng_toeplitz_fft_parts_bytes(&(kernel), n, m, parts);                                        \
    }                                                                                                        \
    static void method##_part(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw,              \
                              uint64_t raw_bit, unsigned phase, unsigned part, unsigned parts,               \
                              uint8_t *scratch) {                                                            \
        qrng_toeplitz_fft_part(&(kernel), state, n, m, raw, raw_bit, phase, part, parts, scratch);           \
    }                                                                                                        \
    static void method##_finish(uint64_t n, uint64_t m, uint8_t *out, uint64_t out_bit,                      \
                                const uint8_t *scratch) {                                                    \
        qrng_toeplitz_fft_finish(&(kernel), n, m, out, out_bit, scratch);                                    \
    }                                                                                                        \
    static const qrng_toeplitz_parts method##_parts = {method##_most, method##_parts_bytes, method##_part,   \
                                                       method##_finish};                                     \
    static const qrng_toeplitz_method method = {                                                             \
        #method,          method##_state_bytes, method##_scratch_bytes,                                      \
        method##_prepare, method##_multiply,    &method##_parts}

#endif
