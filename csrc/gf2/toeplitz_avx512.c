/* Word products with VPCLMULQDQ, eight words at a time: see toeplitz_clmul.h. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "gf2/toeplitz_clmul.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq,pclmul")))

/* `count` sums P from index w on, in registers over the whole of x; the four lanes are added at the end. */
TARGET static inline __attribute__((always_inline)) void
sums(uint64_t *p, const uint64_t *x, const uint64_t *r, qrng_toeplitz_words n, size_t w, size_t count) {
    __m512i acc[8];
    for (size_t i = 0; i < count; i++)
        acc[i] = _mm512_setzero_si512();
    for (size_t j = 0; j < n.x; j += 8) {
        __m512i a = _mm512_loadu_si512(x + j);
        for (size_t i = 0; i < count; i++) {
            __m512i b = _mm512_loadu_si512(r + (n.y - w - i) + j);
            acc[i] = _mm512_ternarylogic_epi64(acc[i], _mm512_clmulepi64_epi128(a, b, 0x00),
                                               _mm512_clmulepi64_epi128(a, b, 0x11), 0x96);
        }
    }
    for (size_t i = 0; i < count; i++) {
        __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(acc[i]), _mm512_extracti64x4_epi64(acc[i], 1));
        __m128i sum = _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
        _mm_storeu_si128((__m128i *)(p + 2 * (w + i)), sum);
    }
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

const qrng_toeplitz_method *qrng_toeplitz_choose_avx512(uint64_t n, uint64_t m) {
    (void)n, (void)m;
    return &clmul;
}

#else

typedef int qrng_not_on_this_processor;

#endif
