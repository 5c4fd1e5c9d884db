/* The additive FFT with shifts and masks only, two coefficients at a time. */
#include <string.h>

#include "gf2/additive_fft.h"
#include "gf2/unroll.h"

#define TARGET
#define INLINE static inline __attribute__((always_inline))

typedef uint64_t pair __attribute__((vector_size(16)));
typedef uint64_t pair_any __attribute__((vector_size(16), aligned(8)));

/* Products of two pairs, Horner's rule from the highest bit of b down. */
INLINE pair multiply(pair a, pair b) {
    const pair tail = {0x1b, 0x1b};
    pair sum = {0, 0};
    for (int i = 0; i < 64; i++) {
        pair past = 0 - (sum >> 63), bit = 0 - (b >> 63);
        sum = (sum + sum) ^ (past & tail) ^ (bit & a);
        b += b;
    }
    return sum;
}

INLINE pair all(uint64_t c) {
    return (pair){c, c};
}

INLINE pair firsts(pair a, pair b) {
    return (pair){a[0], b[0]};
}

INLINE pair seconds(pair a, pair b) {
    return (pair){a[1], b[1]};
}

#define V pair
#define LANES 2
#define LOAD(p) (*(const pair *)(const void *)(p))
#define STORE(p, v) (*(pair *)(void *)(p) = (v))
#define LOAD_ANY(p) ((pair) * (const pair_any *)(const void *)(p))
#define STORE_ANY(p, v) (*(pair_any *)(void *)(p) = (pair_any)(v))
#define ADD(a, b) ((a) ^ (b))
#define MULTIPLY multiply
#define ALL all
#define FIRSTS firsts
#define SECONDS seconds
#define TAIL "gf2/additive_fft_pairs.inc"
#define PUBLIC qrng_fft_portable
#define ROUND_CYCLES 130

#include "gf2/additive_fft.inc"
