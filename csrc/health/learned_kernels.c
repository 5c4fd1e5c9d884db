#include "health/learned.h"

void qrng_learned_stakes_portable(float *stake, const float *columns, const float *scales,
                                  const float *taps) {
    learned_stakes(stake, columns, scales, taps);
}

double qrng_learned_block_portable(qrng_learned *state, const uint64_t *y) {
    return learned_block(state, y);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl,avx512dq,popcnt"))) double
qrng_learned_block_avx512(qrng_learned *state, const uint64_t *y) {
    return learned_block(state, y);
}
#endif
