/* Word products with PCLMULQDQ, two words at a time: see toeplitz_clmul.h. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "gf2/toeplitz_clmul.h"

#define TARGET __attribute__((target("avx2,pclmul")))

/* `count` sums P from index w on, in registers over the whole of x. */
TARGET static inline __attribute__((always_inline)) void
sums(uint64_t *p, const uint64_t *x, const uint64_t *r, qrng_toeplitz_words n, size_t w, size_t count) {
    __m128i acc[8];
    for (size_t i = 0; i < count; i++)
        acc[i] = _mm_setzero_si128();
    for (size_t j = 0; j < n.x; j += 2) {
        __m128i a = _mm_loadu_si128((const __m128i *)(x + j));
        for (size_t i = 0; i < count; i++) {
            __m128i b = _mm_loadu_si128((const __m128i *)(r + (n.y - w - i) + j));
            acc[i] = _mm_xor_si128(acc[i], _mm_clmulepi64_si128(a, b, 0x00));
            acc[i] = _mm_xor_si128(acc[i], _mm_clmulepi64_si128(a, b, 0x11));
        }
    }
    for (size_t i = 0; i < count; i++)
        _mm_storeu_si128((__m128i *)(p + 2 * (w + i)), acc[i]);
}

TARGET static void multiply(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw,
                            uint64_t raw_bit, uint8_t *out, uint64_t out_bit, uint64_t blocks,
                            uint8_t *scratch) {
    qrng_toeplitz_words size = qrng_toeplitz_words_for(n, m);
    const uint64_t *r = (const uint64_t *)(const void *)state;
    uint64_t *x = (uint64_t *)(void *)scratch, *y = x + size.x, *p = y + size.y;
    for (uint64_t b = 0; b < blocks; b++) {
        qrng_toeplitz_load(x, size.x, raw, raw_bit + b * n, n);
        size_t w = 0;
        for (; w + 8 <= size.y + 1; w += 8)
            sums(p, x, r, size, w, 8);
        for (; w + 3 <= size.y + 1; w += 3)
            sums(p, x, r, size, w, 3);
        for (; w < size.y + 1; w++)
            sums(p, x, r, size, w, 1);
        for (w = 0; w < size.y; w++)
            y[w] = p[2 * w] ^ p[2 * (w + 1) + 1];
        qrng_toeplitz_store(out, out_bit + b * m, m, y);
    }
}

static const qrng_toeplitz_method clmul = {
    "clmul",  qrng_toeplitz_clmul_state_bytes, qrng_toeplitz_clmul_scratch_bytes, qrng_toeplitz_clmul_prepare,
    multiply,
};

const qrng_toeplitz_method *qrng_toeplitz_choose_avx2(uint64_t n, uint64_t m) {
    (void)n, (void)m;
    return &clmul;
}

#else

typedef int qrng_not_on_this_processor;

#endif
