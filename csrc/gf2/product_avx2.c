/* Products of polynomials with PCLMULQDQ. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "gf2/product.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx2,pclmul")))
#define INLINE static inline __attribute__((always_inline))

TARGET INLINE void in(__m128i digits[4], const uint64_t *from) {
    QRNG_UNROLL
    for (int i = 0; i < 4; i++)
        digits[i] = _mm_loadu_si128((const __m128i *)(const void *)(from + 2 * i));
}

TARGET INLINE void out_lane(uint64_t *to, const __m128i digits[8]) {
    QRNG_UNROLL
    for (int i = 0; i < 8; i++)
        _mm_storeu_si128((__m128i *)(void *)(to + 2 * i), digits[i]);
}

#define V __m128i
#define ZERO _mm_setzero_si128()
#define XOR _mm_xor_si128
#define XOR3(a, b, c) _mm_xor_si128(_mm_xor_si128(a, b), c)
#define LOWS(a, b) _mm_clmulepi64_si128(a, b, 0x00)
#define HIGHS(a, b) _mm_clmulepi64_si128(a, b, 0x11)
#define SWAP(a) _mm_shuffle_epi32(a, 0x4e)
#define ACROSS(a, b) _mm_alignr_epi8(a, b, 8)
#define IN in
#define OUT out_lane

#include "gf2/karatsuba_leaf.inc"

TARGET INLINE void leaves(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        leaf(out + 16 * i, a + 8 * i, b + 8 * i);
}

#define VECTOR 32
#define PUBLIC qrng_gf2_products_avx2
#define FFT qrng_fft_avx2
#define DIGIT_CYCLES 2000

#include "gf2/karatsuba.inc"

#else

typedef int qrng_not_on_this_processor;

#endif
