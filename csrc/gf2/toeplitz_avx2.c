/* The avx2 level: split products with PCLMULQDQ, in words as tmvp_avx512.c has them, two at a time. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "gf2/tmvp_words.h"
#include "gf2/toeplitz_fft.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx2,pclmul")))
#define INLINE static inline __attribute__((always_inline))

enum { BASE_MIN = 4, BASE_MAX = 12 };

/* Sides are even, so that x is whole registers. */
TARGET INLINE void leaf_product(uint64_t *y, const uint64_t *q, const uint64_t *x, const size_t b, int add) {
    __m128i p[BASE_MAX + 1];
    QRNG_UNROLL
    for (size_t w = 0; w <= b; w++)
        p[w] = _mm_setzero_si128();
    QRNG_UNROLL
    for (size_t j = 0; j < b; j += 2) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(x + j));
        QRNG_UNROLL
        for (size_t w = 0; w <= b; w++) {
            __m128i t = _mm_loadu_si128((const __m128i *)(const void *)(q + b - w + j));
            p[w] = _mm_xor_si128(p[w], _mm_clmulepi64_si128(a, t, 0x00));
            p[w] = _mm_xor_si128(p[w], _mm_clmulepi64_si128(a, t, 0x11));
        }
    }
    QRNG_UNROLL
    for (size_t w = 0; w < b; w += 2) {
        /* (low P_w, low P_(w+1)) + (high P_(w+1), high P_(w+2)) */
        __m128i v = _mm_xor_si128(_mm_unpacklo_epi64(p[w], p[w + 1]), _mm_unpackhi_epi64(p[w + 1], p[w + 2]));
        __m128i *to = (__m128i *)(void *)(y + w);
        _mm_storeu_si128(to, add ? _mm_xor_si128(v, _mm_loadu_si128(to)) : v);
    }
}

#define CASE(b)                                                                                              \
    case b:                                                                                                  \
        leaf_product(y, q, x, b, add);                                                                       \
        break;

TARGET static void product(uint64_t *y, const uint64_t *q, const uint64_t *x, size_t base, int add) {
    switch (base) {
        CASE(4)
        CASE(6)
        CASE(8)
        CASE(10)
        CASE(12)
    }
}

TARGET static void sum(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words) {
    size_t i = 0;
    for (; i + 4 <= words; i += 4) {
        __m256i left = _mm256_loadu_si256((const __m256i *)(const void *)(a + i));
        __m256i right = _mm256_loadu_si256((const __m256i *)(const void *)(b + i));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_xor_si256(left, right));
    }
    for (; i < words; i++)
        out[i] = a[i] ^ b[i];
}

static void leaf(uint8_t *out, const uint8_t *q, size_t base) {
    memcpy(out, q, 16 * base);
}

/* Cycles on Zen 5: a word product every two cycles. */
static double leaf_cost(size_t base) {
    return 10 + (double)(2 * base * (base + 1));
}

static const qrng_tmvp_kernel kernel = {
    .costs = {BASE_MIN, BASE_MAX, 2, leaf_cost, .join_fixed = 20, .join_unit = 0.8},
    .leaf_words_per_unit = 2,
    .swap = 1,
    .leaf = leaf,
    .product = product,
    .sum = sum,
};

QRNG_TMVP_WORDS_METHOD(clmul, kernel);
QRNG_TOEPLITZ_FFT_METHOD(fft, qrng_fft_avx2);

const qrng_toeplitz_method *qrng_toeplitz_choose_avx2(uint64_t n, uint64_t m) {
    return qrng_tmvp_words_cost(&kernel, n, m) <= qrng_toeplitz_fft_cost(&qrng_fft_avx2, n, m) ? &clmul
                                                                                               : &fft;
}

#else

typedef int qrng_not_on_this_processor;

#endif
