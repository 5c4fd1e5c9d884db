/* The neon level: split products with PMULL, one word product at a time, in words as tmvp_avx512.c has them.
 */
#if defined(__aarch64__)

#include <arm_neon.h>
#include <string.h>

#include "gf2/tmvp_words.h"
#include "gf2/toeplitz_fft.h"
#include "gf2/unroll.h"

#if defined(__clang__)
#define TARGET __attribute__((target("aes")))
#else
#define TARGET __attribute__((target("+crypto")))
#endif
#define INLINE static inline __attribute__((always_inline))

enum { BASE_MIN = 4, BASE_MAX = 12 };

TARGET INLINE uint64x2_t multiply(uint64_t a, uint64_t b) {
    return vreinterpretq_u64_p128(vmull_p64((poly64_t)a, (poly64_t)b));
}

TARGET INLINE void leaf_product(uint64_t *y, const uint64_t *q, const uint64_t *x, const size_t b, int add) {
    uint64x2_t p[BASE_MAX + 1];
    QRNG_UNROLL
    for (size_t w = 0; w <= b; w++)
        p[w] = vdupq_n_u64(0);
    for (size_t j = 0; j < b; j++) {
        QRNG_UNROLL
        for (size_t w = 0; w <= b; w++)
            p[w] = veorq_u64(p[w], multiply(x[j], q[b - w + j]));
    }
    QRNG_UNROLL
    for (size_t w = 0; w < b; w++) {
        uint64_t v = vgetq_lane_u64(p[w], 0) ^ vgetq_lane_u64(p[w + 1], 1);
        y[w] = add ? y[w] ^ v : v;
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
    for (; i + 2 <= words; i += 2)
        vst1q_u64(out + i, veorq_u64(vld1q_u64(a + i), vld1q_u64(b + i)));
    for (; i < words; i++)
        out[i] = a[i] ^ b[i];
}

static void leaf(uint8_t *out, const uint8_t *q, size_t base) {
    memcpy(out, q, 16 * base);
}

/* An estimate, in the proportions of the avx2 level; it decides the shape of the split only. */
static double leaf_cost(size_t base) {
    return 10 + (double)(2 * base * (base + 1));
}

static const qrng_tmvp_kernel kernel = {
    .costs = {BASE_MIN, BASE_MAX, 2, leaf_cost, .join_fixed = 20, .join_unit = 1},
    .leaf_words_per_unit = 2,
    .swap = 1,
    .leaf = leaf,
    .product = product,
    .sum = sum,
};

QRNG_TMVP_WORDS_METHOD(clmul, kernel);
QRNG_TOEPLITZ_FFT_METHOD(fft, qrng_fft_neon);

const qrng_toeplitz_method *qrng_toeplitz_choose_neon(uint64_t n, uint64_t m) {
    return qrng_tmvp_words_cost(&kernel, n, m) <= qrng_toeplitz_fft_cost(&qrng_fft_neon, n, m) ? &clmul
                                                                                               : &fft;
}

#else

typedef int qrng_not_on_this_processor;

#endif
