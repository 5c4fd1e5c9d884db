/* Products of polynomials with PMULL. */
#if defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

#include "gf2/product.h"
#include "gf2/unroll.h"

#if defined(__clang__)
#define TARGET __attribute__((target("aes")))
#else
#define TARGET __attribute__((target("+crypto")))
#endif
#define INLINE static inline __attribute__((always_inline))

TARGET INLINE uint64x2_t lows(uint64x2_t a, uint64x2_t b) {
    poly64_t x = vgetq_lane_p64(vreinterpretq_p64_u64(a), 0), y = vgetq_lane_p64(vreinterpretq_p64_u64(b), 0);
    return vreinterpretq_u64_p128(vmull_p64(x, y));
}

TARGET INLINE uint64x2_t highs(uint64x2_t a, uint64x2_t b) {
    return vreinterpretq_u64_p128(vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)));
}

TARGET INLINE void in(uint64x2_t digits[4], const uint64_t *from) {
    QRNG_UNROLL
    for (int i = 0; i < 4; i++)
        digits[i] = vld1q_u64(from + 2 * i);
}

TARGET INLINE void out_lane(uint64_t *to, const uint64x2_t digits[8]) {
    QRNG_UNROLL
    for (int i = 0; i < 8; i++)
        vst1q_u64(to + 2 * i, digits[i]);
}

#define V uint64x2_t
#define ZERO vdupq_n_u64(0)
#define XOR veorq_u64
#define XOR3(a, b, c) veorq_u64(veorq_u64(a, b), c)
#define LOWS lows
#define HIGHS highs
#define SWAP(a) vextq_u64(a, a, 1)
#define ACROSS(a, b) vextq_u64(b, a, 1)
#define IN in
#define OUT out_lane

#include "gf2/karatsuba_leaf.inc"

TARGET INLINE void leaves(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        leaf(out + 16 * i, a + 8 * i, b + 8 * i);
}

#define VECTOR 16
#define PUBLIC qrng_gf2_products_neon
#define FFT qrng_fft_neon
#define DIGIT_CYCLES 2500 /* an estimate, in the proportions of the avx2 level */

#include "gf2/karatsuba.inc"

#else

typedef int qrng_not_on_this_processor;

#endif
