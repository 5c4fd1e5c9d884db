/* Bit strings in bytes, most significant bit first: what other families need of the bits family. */
#ifndef QRNG_BITS_H
#define QRNG_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

uint64_t qrng_popcount_portable(const uint8_t *src, size_t bytes);

/* Eight bytes as a word whose highest bit is the first bit of the string. */
static inline uint64_t qrng_load_be64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}

static inline void qrng_store_be64(uint8_t *p, uint64_t v) {
    v = __builtin_bswap64(v);
    memcpy(p, &v, 8);
}

/* 1..64 bits from bit `at`, right-aligned; reads only the bytes that hold them. */
static inline uint64_t qrng_bits_get(const uint8_t *src, uint64_t at, unsigned n) {
    const uint8_t *p = src + at / 8;
    unsigned skip = (unsigned)(at % 8), have = 8 - skip;
    uint64_t v = *p & (0xffu >> skip);
    if (have >= n)
        return v >> (have - n);
    while (have + 8 <= n) {
        v = v << 8 | *++p;
        have += 8;
    }
    if (have < n)
        v = v << (n - have) | (uint64_t)*++p >> (8 - (n - have));
    return v;
}

#endif
