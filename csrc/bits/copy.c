#include "qrng.h"
#include "bits/bits.h"
#include "cpu/kernels.h"

/* Replace the n (1..8) bits of *p that start at bit `skip` by the low n bits of v; skip + n <= 8. */
static void put(uint8_t *p, unsigned skip, unsigned n, unsigned v) {
    unsigned shift = 8 - skip - n, mask = ((1u << n) - 1) << shift;
    *p = (uint8_t)((*p & ~mask) | ((v << shift) & mask));
}

void qrng_bits_copy(uint8_t *dst, uint64_t dst_bit, const uint8_t *src, uint64_t src_bit, uint64_t n) {
    if (n == 0)
        return;
    dst += dst_bit / 8;
    unsigned skip = (unsigned)(dst_bit % 8);
    if (skip) { /* up to the destination's next byte border */
        unsigned head = 8 - skip;
        if (head > n)
            head = (unsigned)n;
        put(dst, skip, head, (unsigned)qrng_bits_get(src, src_bit, head));
        src_bit += head;
        n -= head;
        dst++;
    }
    uint64_t whole = n / 8;
    src += src_bit / 8;
    unsigned s = (unsigned)(src_bit % 8);
    if (s == 0) {
        memcpy(dst, src, whole);
    } else {
        uint64_t i = 0;
        /* Nine source bytes hold the 64 bits wanted; i + 8 < whole keeps the ninth inside the source. */
        for (; i + 8 < whole; i += 8)
            qrng_store_be64(dst + i, qrng_load_be64(src + i) << s | (uint64_t)src[i + 8] >> (8 - s));
        for (; i < whole; i++)
            dst[i] = (uint8_t)(src[i] << s | src[i + 1] >> (8 - s));
    }
    unsigned tail = (unsigned)(n % 8);
    if (tail)
        put(dst + whole, 0, tail, (unsigned)qrng_bits_get(src, 8 * whole + s, tail));
}

uint64_t qrng_bits_count(const uint8_t *src, uint64_t src_bit, uint64_t n) {
    uint64_t ones = 0;
    unsigned skip = (unsigned)(src_bit % 8);
    if (skip && n) {
        unsigned head = 8 - skip;
        if (head > n)
            head = (unsigned)n;
        ones += (uint64_t)__builtin_popcountll(qrng_bits_get(src, src_bit, head));
        src_bit += head;
        n -= head;
    }
    src += src_bit / 8;
    ones += qrng_kernels_get()->popcount(src, n / 8);
    if (n % 8)
        ones += (uint64_t)__builtin_popcountll(qrng_bits_get(src, n - n % 8, (unsigned)(n % 8)));
    return ones;
}

uint64_t qrng_popcount_portable(const uint8_t *src, size_t bytes) {
    uint64_t ones = 0;
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
        uint64_t v;
        memcpy(&v, src + i, 8);
        ones += (uint64_t)__builtin_popcountll(v);
    }
    for (; i < bytes; i++)
        ones += (uint64_t)__builtin_popcount(src[i]);
    return ones;
}

void qrng_bits_reverse_bytes(uint8_t *dst, const uint8_t *src, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        unsigned v = src[i];
        v = (v >> 4 & 0x0f) | (v & 0x0f) << 4;
        v = (v >> 2 & 0x33) | (v & 0x33) << 2;
        v = (v >> 1 & 0x55) | (v & 0x55) << 1;
        dst[i] = (uint8_t)v;
    }
}
