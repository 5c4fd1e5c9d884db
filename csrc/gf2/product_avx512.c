/* Products of polynomials with VPCLMULQDQ: four leaves at a time, one in each 128-bit lane. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "gf2/product.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq,pclmul")))
#define INLINE static inline __attribute__((always_inline))

/* A 4 x 4 matrix of 128-bit lanes transposed. */
TARGET INLINE void transpose4(__m512i r[4]) {
    __m512i a = _mm512_shuffle_i64x2(r[0], r[1], 0x88), b = _mm512_shuffle_i64x2(r[0], r[1], 0xdd);
    __m512i c = _mm512_shuffle_i64x2(r[2], r[3], 0x88), d = _mm512_shuffle_i64x2(r[2], r[3], 0xdd);
    r[0] = _mm512_shuffle_i64x2(a, c, 0x88);
    r[1] = _mm512_shuffle_i64x2(b, d, 0x88);
    r[2] = _mm512_shuffle_i64x2(a, c, 0xdd);
    r[3] = _mm512_shuffle_i64x2(b, d, 0xdd);
}

TARGET INLINE void in(__m512i digits[4], const uint64_t *from) {
    QRNG_UNROLL
    for (int i = 0; i < 4; i++)
        digits[i] = _mm512_loadu_si512(from + 8 * i);
    transpose4(digits);
}

TARGET INLINE void out_lanes(uint64_t *to, __m512i digits[8]) {
    transpose4(digits);
    transpose4(digits + 4);
    QRNG_UNROLL
    for (int i = 0; i < 4; i++) {
        _mm512_storeu_si512(to + 16 * i, digits[i]);
        _mm512_storeu_si512(to + 16 * i + 8, digits[4 + i]);
    }
}

#define V __m512i
#define ZERO _mm512_setzero_si512()
#define XOR _mm512_xor_si512
#define XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define LOWS(a, b) _mm512_clmulepi64_epi128(a, b, 0x00)
#define HIGHS(a, b) _mm512_clmulepi64_epi128(a, b, 0x11)
#define SWAP(a) _mm512_shuffle_epi32(a, 0x4e)
#define ACROSS(a, b) _mm512_alignr_epi8(a, b, 8)
#define IN in
#define OUT out_lanes

#include "gf2/karatsuba_leaf.inc"

/* A last group is filled with zeros. */
TARGET INLINE void leaves(uint64_t *out, uint64_t *a, uint64_t *b, size_t count) {
    for (size_t i = count; i % 4; i++) {
        _mm512_storeu_si512(a + 8 * i, ZERO);
        _mm512_storeu_si512(b + 8 * i, ZERO);
    }
    for (size_t i = 0; i < count; i += 4)
        leaf(out + 16 * i, a + 8 * i, b + 8 * i);
}

#define VECTOR 64
#define PUBLIC qrng_gf2_products_avx512
#define FFT qrng_fft_avx512
#define DIGIT_CYCLES 620

#include "gf2/karatsuba.inc"

#else

typedef int qrng_not_on_this_processor;

#endif
