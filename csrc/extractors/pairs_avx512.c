/* Pairs of bits with PEXT. Only at the avx512 level: earlier processors that have PEXT may take a time for it
 * that depends on the mask (AMD before Zen 3). */
#if defined(__x86_64__)

#include <immintrin.h>

#include "extractors/seedless.h"

#define COMPRESS _pext_u64

__attribute__((target("bmi2,popcnt"))) void qrng_pairs_avx512(qrng_bit_writer *unequal, qrng_bit_writer *sums,
                                                              qrng_bit_writer *equal, const uint8_t *raw,
                                                              uint64_t raw_bit, uint64_t n)
#include "extractors/pairs.inc"

#else

typedef int qrng_not_on_this_processor;

#endif
