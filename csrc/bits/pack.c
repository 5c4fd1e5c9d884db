#include "qrng.h"
#include "bits/bits.h"

/* Eight bits to eight bytes of 0 or 1: the multiplication puts bit 7-k of v at the top of byte k. */
static uint64_t spread8(uint64_t v) {
    uint64_t at_top = (v * 0x8040201008040201u) & 0x8080808080808080u;
    return __builtin_bswap64(at_top >> 7);
}

int qrng_bits_unpack8(uint8_t *symbols, const uint8_t *src, uint64_t src_bit, uint64_t n, unsigned width) {
    if (width < 1 || width > 8)
        return QRNG_EINVAL;
    uint64_t i = 0;
    if (width == 8 && src_bit % 8 == 0) {
        memcpy(symbols, src + src_bit / 8, n);
        return QRNG_OK;
    }
    if (width == 1 && src_bit % 8 == 0)
        for (; i + 8 <= n; i += 8) {
            uint64_t v = __builtin_bswap64(spread8(src[(src_bit + i) / 8]));
            memcpy(symbols + i, &v, 8);
        }
    if (width == 1)
        for (; i + 8 <= n; i += 8) {
            uint64_t v = __builtin_bswap64(spread8(qrng_bits_get(src, src_bit + i, 8)));
            memcpy(symbols + i, &v, 8);
        }
    for (; i < n; i++)
        symbols[i] = (uint8_t)qrng_bits_get(src, src_bit + i * width, width);
    return QRNG_OK;
}

int qrng_bits_unpack32(uint32_t *symbols, const uint8_t *src, uint64_t src_bit, uint64_t n, unsigned width) {
    if (width < 1 || width > 32)
        return QRNG_EINVAL;
    for (uint64_t i = 0; i < n; i++)
        symbols[i] = (uint32_t)qrng_bits_get(src, src_bit + i * width, width);
    return QRNG_OK;
}

/* One packing loop for both symbol sizes: bits gather at the low end of a word, whole bytes leave at its top.
 */
#define PACK(TYPE)                                                                                           \
    uint64_t bad = 0;                                                                                        \
    for (uint64_t i = 0; i < n; i++)                                                                         \
        bad |= (uint64_t)symbols[i] >> width;                                                                \
    if (bad)                                                                                                 \
        return QRNG_EINVAL;                                                                                  \
    uint64_t held = 0;                                                                                       \
    unsigned bits = 0;                                                                                       \
    for (uint64_t i = 0; i < n; i++) {                                                                       \
        held = held << width | symbols[i];                                                                   \
        bits += width;                                                                                       \
        while (bits >= 8) {                                                                                  \
            bits -= 8;                                                                                       \
            *dst++ = (uint8_t)(held >> bits);                                                                \
        }                                                                                                    \
    }                                                                                                        \
    if (bits)                                                                                                \
        *dst = (uint8_t)(held << (8 - bits));                                                                \
    return QRNG_OK

int qrng_bits_pack8(uint8_t *dst, const uint8_t *symbols, uint64_t n, unsigned width) {
    if (width < 1 || width > 8)
        return QRNG_EINVAL;
    PACK(uint8_t);
}

int qrng_bits_pack32(uint8_t *dst, const uint32_t *symbols, uint64_t n, unsigned width) {
    if (width < 1 || width > 32)
        return QRNG_EINVAL;
    PACK(uint32_t);
}
