/* State and packing for the word-product kernels: see toeplitz_clmul.h. */
#include "gf2/toeplitz_clmul.h"

#include <string.h>

#include "qrng.h"
#include "bits/bits.h"

size_t qrng_toeplitz_clmul_state_bytes(uint64_t n, uint64_t m) {
    return qrng_toeplitz_words_for(n, m).r * 8;
}

/* x, y, and the 128-bit sums P. */
size_t qrng_toeplitz_clmul_scratch_bytes(uint64_t n, uint64_t m) {
    qrng_toeplitz_words w = qrng_toeplitz_words_for(n, m);
    return (w.x + w.y + 2 * (w.y + 1)) * 8;
}

void qrng_toeplitz_clmul_prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t) {
    qrng_toeplitz_words w = qrng_toeplitz_words_for(n, m);
    size_t used = (size_t)((n + 63) / 64) + w.y;
    memset(state, 0, w.r * 8);
    qrng_toeplitz_string_copy(state, (n + 63) / 64 * 64 - n, t);
    for (size_t i = 0, j = used - 1; i <= j && j < used; i++, j--) {
        uint64_t a = qrng_load_be64(state + 8 * i), b = qrng_load_be64(state + 8 * j);
        memcpy(state + 8 * i, &b, 8);
        memcpy(state + 8 * j, &a, 8);
    }
}

void qrng_toeplitz_load(uint64_t *words, size_t count, const uint8_t *bits, uint64_t at, uint64_t n) {
    words[n / 64] = 0;
    qrng_bits_copy((uint8_t *)words, 0, bits, at, n);
    size_t used = (size_t)((n + 63) / 64);
    for (size_t i = 0; i < used; i++)
        words[i] = __builtin_bswap64(words[i]);
    for (size_t i = used; i < count; i++)
        words[i] = 0;
}

void qrng_toeplitz_store(uint8_t *bits, uint64_t at, uint64_t n, uint64_t *words) {
    for (size_t i = 0; i < (size_t)((n + 63) / 64); i++)
        words[i] = __builtin_bswap64(words[i]);
    qrng_bits_copy(bits, at, (const uint8_t *)words, 0, n);
}
