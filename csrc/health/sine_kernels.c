#include "health/sine.h"

#define KERNEL qrng_sine_octave_portable
#define WIDE 2
#define WIDEN(v) __builtin_convertvector(v, qrng_sine_octave_portable_wealth)
#define TARGET
#include "health/sine_octave.inc"

#define KERNEL short_8
#define WIDE 8
#define TARGET
#define LARGER(v, w) ((v) = ((v) & ((v) >= (w))) | ((w) & ((v) < (w))))
#include "health/sine_short.inc"

int32_t qrng_sine_short_portable(const sine_short *b, short_wealth *m, const short_costs *cost,
                                 const uint8_t *ones, uint32_t turn) {
    return short_8(b, m, cost, ones, turn, 0, SHORT_PERIODS);
}

#if defined(__x86_64__)
#include <immintrin.h>

#define KERNEL qrng_sine_octave_avx2
#define WIDE 4
#define WIDEN(v) (qrng_sine_octave_avx2_wealth) _mm256_cvtps_pd((__m128)(v))
#define TARGET __attribute__((target("avx2")))
#include "health/sine_octave.inc"

#define KERNEL qrng_sine_octave_avx512
#define WIDE 8
#define WIDEN(v) (qrng_sine_octave_avx512_wealth) _mm512_cvtps_pd((__m256)(v))
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq")))
#include "health/sine_octave.inc"

#define KERNEL short_16
#define WIDE 16
#define TARGET __attribute__((target("avx2")))
#define LARGER(v, w) ((v) = (short_16_vector)_mm256_max_epi16((__m256i)(v), (__m256i)(w)))
#include "health/sine_short.inc"

#define KERNEL short_32
#define WIDE 32
#define TARGET __attribute__((target("avx512f,avx512bw")))
#define LARGER(v, w) ((v) = (short_32_vector)_mm512_max_epi16((__m512i)(v), (__m512i)(w)))
#include "health/sine_short.inc"

int32_t qrng_sine_short_avx2(const sine_short *b, short_wealth *m, const short_costs *cost,
                             const uint8_t *ones, uint32_t turn) {
    return short_16(b, m, cost, ones, turn, 0, SHORT_PERIODS);
}

int32_t qrng_sine_short_avx512(const sine_short *b, short_wealth *m, const short_costs *cost,
                               const uint8_t *ones, uint32_t turn) {
    enum { MOST = SHORT_PERIODS / 32 * 32 };
    const int32_t most = short_32(b, m, cost, ones, turn, 0, MOST);
    const int32_t rest = short_16(b, m, cost, ones, turn, MOST, SHORT_PERIODS);
    return most > rest ? most : rest;
}
#endif
