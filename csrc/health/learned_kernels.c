#include "health/learned.h"

#define KERNEL qrng_learned_block_portable
#define WIDE 4
#define TARGET
#include "health/learned_block.inc"

void qrng_learned_stakes_portable(float *stake, const float *columns, const float *scales,
                                  const float *taps) {
    qrng_learned_block_portable_reals out;
    qrng_learned_block_portable_stakes(&out, columns, scales, taps);
    out *= LEARNED_LIMIT;
    memcpy(stake, &out, sizeof out);
}

#if defined(__x86_64__)
#define KERNEL qrng_learned_block_avx2
#define WIDE 8
#define TARGET __attribute__((target("avx2,popcnt")))
#include "health/learned_block.inc"

#define KERNEL qrng_learned_block_avx512
#define WIDE 16
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,popcnt")))
#include "health/learned_block.inc"
#endif
