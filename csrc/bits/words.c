/* Bit strings at any offset, a word at a time: added, turned round. */
#include "qrng.h"
#include "bits/bits.h"

/* 1..64 bits, right-aligned, to bit `at`; other bits are kept. */
static void put(uint8_t *dst, uint64_t at, uint64_t v, unsigned n) {
    uint8_t word[8];
    qrng_store_be64(word, v << (64 - n));
    qrng_bits_copy(dst, at, word, 0, n);
}

void qrng_bits_xor(uint8_t *dst, uint64_t dst_bit, const uint8_t *src, uint64_t src_bit, uint64_t n) {
    if (dst_bit % 8 == 0 && src_bit % 8 == 0) {
        uint8_t *to = dst + dst_bit / 8;
        const uint8_t *from = src + src_bit / 8;
        for (size_t i = 0; i < (size_t)(n / 8); i++)
            to[i] ^= from[i];
        dst_bit += n / 8 * 8;
        src_bit += n / 8 * 8;
        n %= 8;
    }
    while (n) {
        unsigned part = n < 64 ? (unsigned)n : 64;
        put(dst, dst_bit, qrng_bits_get(dst, dst_bit, part) ^ qrng_bits_get(src, src_bit, part), part);
        dst_bit += part;
        src_bit += part;
        n -= part;
    }
}

static uint64_t reversed(uint64_t v) {
    v = (v >> 1 & 0x5555555555555555u) | (v & 0x5555555555555555u) << 1;
    v = (v >> 2 & 0x3333333333333333u) | (v & 0x3333333333333333u) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0fu) | (v & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(v);
}

void qrng_bits_reverse(uint8_t *dst, uint64_t dst_bit, const uint8_t *src, uint64_t src_bit, uint64_t n) {
    while (n) {
        unsigned part = n < 64 ? (unsigned)n : 64;
        n -= part;
        put(dst, dst_bit, reversed(qrng_bits_get(src, src_bit + n, part)) >> (64 - part), part);
        dst_bit += part;
    }
}
