/* The additive FFT with PMULL, two coefficients to a register. */
#if defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

#include "gf2/additive_fft.h"
#include "gf2/unroll.h"

#if defined(__clang__)
#define TARGET __attribute__((target("aes")))
#else
#define TARGET __attribute__((target("+crypto")))
#endif
#define INLINE static inline __attribute__((always_inline))

/* Products of two pairs. What goes past 64 bits comes down times z^4 + z^3 + z + 1 by shifts, and so does
 * what goes past again. */
TARGET INLINE uint64x2_t multiply(uint64x2_t a, uint64x2_t b) {
    poly64x2_t x = vreinterpretq_p64_u64(a), y = vreinterpretq_p64_u64(b);
    uint64x2_t p = vreinterpretq_u64_p128(vmull_p64(vgetq_lane_p64(x, 0), vgetq_lane_p64(y, 0)));
    uint64x2_t q = vreinterpretq_u64_p128(vmull_high_p64(x, y));
    uint64x2_t high = vzip2q_u64(p, q);
    uint64x2_t past =
        veorq_u64(vshrq_n_u64(high, 63), veorq_u64(vshrq_n_u64(high, 61), vshrq_n_u64(high, 60)));
    high = veorq_u64(high, past); /* past has four bits, so that nothing goes past a third time */
    uint64x2_t sum = veorq_u64(vzip1q_u64(p, q), veorq_u64(high, vshlq_n_u64(high, 1)));
    return veorq_u64(sum, veorq_u64(vshlq_n_u64(high, 3), vshlq_n_u64(high, 4)));
}

#define V uint64x2_t
#define LANES 2
#define LOAD(p) vld1q_u64(p)
#define STORE(p, v) vst1q_u64(p, v)
#define LOAD_ANY LOAD
#define STORE_ANY STORE
#define ADD veorq_u64
#define MULTIPLY multiply
#define ALL(c) vdupq_n_u64(c)
#define FIRSTS vzip1q_u64
#define SECONDS vzip2q_u64
#define TAIL "gf2/additive_fft_pairs.inc"
#define PUBLIC qrng_fft_neon
#define ROUND_CYCLES 2.5 /* an estimate, in the proportions of the avx2 level */

#include "gf2/additive_fft.inc"

#else

typedef int qrng_not_on_this_processor;

#endif
