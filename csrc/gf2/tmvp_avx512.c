/* Split products of single vectors with VPCLMULQDQ.
 *
 * A word holds 64 bits of a string with the first one highest, so words multiply as polynomials in 1/z. With
 * P_w = XOR over j of x_j Q[b-w+j], 128 bits each, word w of y is low(P_w) xor high(P_(w+1)): no shift, no
 * bit reversal, and no word product that y does not need. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "gf2/toeplitz_avx512.h"
#include "gf2/tmvp_words.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq,pclmul")))
#define INLINE static inline __attribute__((always_inline))

enum { BASE_MIN = 4, BASE_MAX = 16 };

/* Word w of the result from the sums P_w and P_(w+1), not yet added over the register: eight words of it. */
TARGET INLINE __m512i add_across(const __m512i p[9]) {
    __m512i u[8], pair[4], four[2];
    QRNG_UNROLL
    for (int i = 0; i < 8; i++)
        u[i] = _mm512_mask_blend_epi64(0xaa, p[i], p[i + 1]);
    QRNG_UNROLL
    for (int i = 0; i < 4; i++)
        pair[i] = _mm512_xor_si512(_mm512_unpacklo_epi64(u[2 * i], u[2 * i + 1]),
                                   _mm512_unpackhi_epi64(u[2 * i], u[2 * i + 1]));
    QRNG_UNROLL
    for (int i = 0; i < 2; i++)
        four[i] = _mm512_xor_si512(_mm512_shuffle_i64x2(pair[2 * i], pair[2 * i + 1], 0x88),
                                   _mm512_shuffle_i64x2(pair[2 * i], pair[2 * i + 1], 0xdd));
    return _mm512_xor_si512(_mm512_shuffle_i64x2(four[0], four[1], 0x88),
                            _mm512_shuffle_i64x2(four[0], four[1], 0xdd));
}

TARGET INLINE void leaf_product(uint64_t *y, const uint64_t *q, const uint64_t *x, const size_t b, int add) {
    __m512i p[BASE_MAX + 1];
    const __mmask8 low = (__mmask8)(b < 8 ? (1u << b) - 1 : 0xff),
                   high = (__mmask8)(b > 8 ? (1u << (b - 8)) - 1 : 0);
    __m512i x0 = _mm512_maskz_loadu_epi64(low, x), x1 = _mm512_setzero_si512();
    if (b > 8)
        x1 = _mm512_maskz_loadu_epi64(high, x + 8);
    QRNG_UNROLL
    for (size_t w = 0; w <= BASE_MAX; w++) {
        if (w > b) {
            p[w] = _mm512_setzero_si512();
            continue;
        }
        __m512i t = _mm512_loadu_si512(q + b - w);
        p[w] = _mm512_xor_si512(_mm512_clmulepi64_epi128(x0, t, 0x00), _mm512_clmulepi64_epi128(x0, t, 0x11));
        if (b > 8) {
            t = _mm512_loadu_si512(q + b - w + 8);
            p[w] = _mm512_ternarylogic_epi64(p[w], _mm512_clmulepi64_epi128(x1, t, 0x00),
                                             _mm512_clmulepi64_epi128(x1, t, 0x11), 0x96);
        }
    }
    __m512i y0 = add_across(p);
    if (add)
        y0 = _mm512_xor_si512(y0, _mm512_maskz_loadu_epi64(low, y));
    _mm512_mask_storeu_epi64(y, low, y0);
    if (b > 8) {
        __m512i y1 = add_across(p + 8);
        if (add)
            y1 = _mm512_xor_si512(y1, _mm512_maskz_loadu_epi64(high, y + 8));
        _mm512_mask_storeu_epi64(y + 8, high, y1);
    }
}

#define CASE(b)                                                                                              \
    case b:                                                                                                  \
        leaf_product(y, q, x, b, add);                                                                       \
        break;

TARGET static void product(uint64_t *y, const uint64_t *q, const uint64_t *x, size_t base, int add) {
    switch (base) {
        CASE(4)
        CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14) CASE(15) CASE(16)
    }
}

TARGET static void sum(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words) {
    size_t i = 0;
    for (; i + 8 <= words; i += 8)
        _mm512_storeu_si512(out + i, _mm512_xor_si512(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i)));
    if (i < words) {
        __mmask8 mask = (__mmask8)((1u << (words - i)) - 1);
        __m512i left = _mm512_maskz_loadu_epi64(mask, a + i), right = _mm512_maskz_loadu_epi64(mask, b + i);
        _mm512_mask_storeu_epi64(out + i, mask, _mm512_xor_si512(left, right));
    }
}

static void leaf(uint8_t *out, const uint8_t *q, size_t base) {
    memcpy(out, q, 16 * base);
}

/* Cycles on Zen 5: a word product in four lanes every two cycles. */
static double leaf_cost(size_t base) {
    return 20 + (double)(4 * (base + 1) * ((base + 7) / 8));
}

const qrng_tmvp_kernel qrng_tmvp_avx512 = {
    .costs = {BASE_MIN, BASE_MAX, 1, leaf_cost, .join_fixed = 20, .join_unit = 0.4},
    .leaf_words_per_unit = 2,
    .swap = 1,
    .leaf = leaf,
    .product = product,
    .sum = sum,
};

#else

typedef int qrng_not_on_this_processor;

#endif
