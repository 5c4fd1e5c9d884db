/* Reading packed bit strings for the estimators. */
#ifndef QRNG_ENTROPY_PACKED_H
#define QRNG_ENTROPY_PACKED_H

#include "bits/bits.h"

/* Bits `at` to `at`+63 of n packed bits, first bit highest; zeros past the end. at < n. */
static inline uint64_t packed_word(const uint8_t *packed, uint64_t n, uint64_t at) {
    const uint8_t *p = packed + at / 8;
    unsigned skip = (unsigned)(at % 8);
    if (at - skip + 72 <= n)
        return skip ? qrng_load_be64(p) << skip | (uint64_t)p[8] >> (8 - skip) : qrng_load_be64(p);
    unsigned have = n - at < 64 ? (unsigned)(n - at) : 64;
    return qrng_bits_get(packed, at, have) << (64 - have);
}

#endif
