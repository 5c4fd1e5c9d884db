/* The methods of the avx512 level, which it puts together by size and number of blocks. */
#ifndef QRNG_GF2_TOEPLITZ_AVX512_H
#define QRNG_GF2_TOEPLITZ_AVX512_H

#include <stddef.h>
#include <stdint.h>

#include "gf2/tmvp_words.h"

extern const qrng_tmvp_kernel qrng_tmvp_avx512;

/* Cycles for a group of 64 vectors. */
double qrng_toeplitz_gfni_cost(uint64_t n, uint64_t m);
size_t qrng_toeplitz_gfni_state_bytes(uint64_t n, uint64_t m);
size_t qrng_toeplitz_gfni_scratch_bytes(uint64_t n, uint64_t m);
void qrng_toeplitz_gfni_prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t);
void qrng_toeplitz_gfni_multiply(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw,
                                 uint64_t raw_bit, uint64_t step, uint8_t *out, uint64_t out_bit,
                                 uint64_t blocks, uint8_t *scratch);

#endif
