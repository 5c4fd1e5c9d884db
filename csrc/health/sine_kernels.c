#include "health/sine.h"

double qrng_sine_octave_portable(qrng_sine *b, int j, uint32_t ones) {
    return sine_octave(b, j, ones);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl,avx512dq"))) double qrng_sine_octave_avx512(qrng_sine *b, int j,
                                                                                    uint32_t ones) {
    return j ? sine_octave(b, j, ones) : sine_octave(b, 0, ones);
}
#endif
