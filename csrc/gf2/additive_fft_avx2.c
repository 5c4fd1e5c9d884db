/* The additive FFT with PCLMULQDQ, two coefficients to a register. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "gf2/additive_fft.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx2,pclmul")))
#define INLINE static inline __attribute__((always_inline))

/* Products of two pairs. What goes past 64 bits comes down times z^4 + z^3 + z + 1, by shifts; of what goes
 * past again, four bits, the product by a table in a register. */
TARGET INLINE __m128i multiply(__m128i a, __m128i b) {
    const __m128i four = _mm_set_epi64x((long long)0xc3d8eef59982b4af, 0x6c77415a362d1b00);
    __m128i p = _mm_clmulepi64_si128(a, b, 0x00), q = _mm_clmulepi64_si128(a, b, 0x11);
    __m128i low = _mm_unpacklo_epi64(p, q), high = _mm_unpackhi_epi64(p, q);
    __m128i past = _mm_shuffle_epi8(four, _mm_srli_epi64(high, 60));
    __m128i sum = _mm_xor_si128(_mm_xor_si128(low, high), _mm_xor_si128(_mm_slli_epi64(high, 1), past));
    return _mm_xor_si128(sum, _mm_xor_si128(_mm_slli_epi64(high, 3), _mm_slli_epi64(high, 4)));
}

#define V __m128i
#define LANES 2
#define LOAD(p) _mm_load_si128((const __m128i *)(const void *)(p))
#define STORE(p, v) _mm_store_si128((__m128i *)(void *)(p), v)
#define LOAD_ANY(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define STORE_ANY(p, v) _mm_storeu_si128((__m128i *)(void *)(p), v)
#define ADD _mm_xor_si128
#define MULTIPLY multiply
#define ALL(c) _mm_set1_epi64x((long long)(c))
#define FIRSTS _mm_unpacklo_epi64
#define SECONDS _mm_unpackhi_epi64
#define TAIL "gf2/additive_fft_pairs.inc"
#define PUBLIC qrng_fft_avx2
#define ROUND_CYCLES 2.05

#include "gf2/additive_fft.inc"

#else

typedef int qrng_not_on_this_processor;

#endif
