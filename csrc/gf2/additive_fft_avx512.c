/* The additive FFT with VPCLMULQDQ, eight coefficients to a register. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "gf2/additive_fft.h"
#include "gf2/transpose8.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq,pclmul,gfni")))
#define INLINE static inline __attribute__((always_inline))

/* Products of eight pairs. What goes past 64 bits comes down times z^4 + z^3 + z + 1, by shifts, which
 * overlap with products as further products would not; what goes past again depends on the four highest bits,
 * and its product is the 8 x 8 bit matrix below. */
TARGET INLINE __m512i multiply(__m512i a, __m512i b) {
    const __m512i four = _mm512_set1_epi64(0x0b0d0a0f050a0408);
    __m512i even = _mm512_clmulepi64_epi128(a, b, 0x00), odd = _mm512_clmulepi64_epi128(a, b, 0x11);
    __m512i low = _mm512_unpacklo_epi64(even, odd), high = _mm512_unpackhi_epi64(even, odd);
    __m512i past = _mm512_gf2p8affine_epi64_epi8(_mm512_srli_epi64(high, 60), four, 0);
    __m512i sum = _mm512_ternarylogic_epi64(low, high, _mm512_slli_epi64(high, 1), 0x96);
    sum = _mm512_ternarylogic_epi64(sum, _mm512_slli_epi64(high, 3), _mm512_slli_epi64(high, 4), 0x96);
    return _mm512_xor_si512(sum, past);
}

#define V __m512i
#define LANES 8
#define LOAD(p) _mm512_load_si512(p)
#define STORE(p, v) _mm512_store_si512(p, v)
#define LOAD_ANY(p) _mm512_loadu_si512(p)
#define STORE_ANY(p, v) _mm512_storeu_si512(p, v)
#define ADD _mm512_xor_si512
#define MULTIPLY multiply
#define ALL(c) _mm512_set1_epi64((long long)(c))
#define TAIL "gf2/additive_fft_eights.inc"
#define PUBLIC qrng_fft_avx512
#define ROUND_CYCLES 0.53

#include "gf2/additive_fft.inc"

#else

typedef int qrng_not_on_this_processor;

#endif
