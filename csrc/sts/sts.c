/* SP 800-22: loading a sequence, and the exported names of the kernels in force. */
#include "qrng.h"
#include "bits/bits.h"
#include "cpu/kernels.h"
#include "sts/kernels.h"

uint64_t qrng_sts_words(uint64_t n) {
    return (n + 63) / 64 + QRNG_STS_SPARE;
}

void qrng_sts_load(uint64_t *words, const uint8_t *src, uint64_t src_bit, uint64_t n) {
    uint64_t i = 0, whole = n / 64, last_byte = (src_bit + n + 7) / 8;
    unsigned skip = (unsigned)(src_bit % 8);
    const uint8_t *p = src + src_bit / 8;
    /* A word at a bit offset takes nine bytes; the last ones may not have the ninth. */
    for (; i < whole && src_bit / 8 + 8 * i + 9 <= last_byte; i++)
        words[i] = qrng_load_be64(p + 8 * i) << skip | (uint64_t)p[8 * i + 8] >> (8 - skip);
    for (; i < whole; i++)
        words[i] = qrng_bits_get(p, 64 * i + skip, 64);
    if (n % 64) {
        words[i] = qrng_bits_get(p, 64 * i + skip, (unsigned)(n % 64)) << (64 - n % 64);
        i++;
    }
    for (unsigned k = 0; k < QRNG_STS_SPARE; k++)
        words[i + k] = 0;
}

static const qrng_sts_kernels *kernels(void) {
    return qrng_kernels_get()->sts;
}

uint64_t qrng_sts_ones(const uint64_t *words, uint64_t n) {
    return kernels()->ones(words, n);
}

uint64_t qrng_sts_block_squares(const uint64_t *words, uint64_t blocks, uint64_t length) {
    return kernels()->block_squares(words, blocks, length);
}

uint64_t qrng_sts_transitions(const uint64_t *words, uint64_t n) {
    return kernels()->transitions(words, n);
}

void qrng_sts_walk(const uint64_t *words, uint64_t n, int64_t *extremes) {
    kernels()->walk(words, n, extremes);
}
