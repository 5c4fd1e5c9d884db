/* Toeplitz products by the additive FFT: see toeplitz_fft.c. */
#ifndef QRNG_GF2_TOEPLITZ_FFT_H
#define QRNG_GF2_TOEPLITZ_FFT_H

#include <stddef.h>
#include <stdint.h>

#include "gf2/toeplitz.h"

/* Cycles for one vector. */
double qrng_toeplitz_fft_cost(uint64_t n, uint64_t m);
size_t qrng_toeplitz_fft_state_bytes(uint64_t n, uint64_t m);
size_t qrng_toeplitz_fft_scratch_bytes(uint64_t n, uint64_t m);
void qrng_toeplitz_fft_prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t);
void qrng_toeplitz_fft_multiply(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw,
                                uint64_t raw_bit, uint64_t step, uint8_t *out, uint64_t out_bit,
                                uint64_t blocks, uint8_t *scratch);

#endif
