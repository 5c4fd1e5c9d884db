#include "health/sine.h"

#define KERNEL qrng_sine_octave_portable
#define WIDE 2
#define TARGET
#include "health/sine_octave.inc"

#define KERNEL qrng_sine_short_portable
#define WIDE 8
#define TARGET
#define LARGER(v, w) ((v) = ((v) & ((v) >= (w))) | ((w) & ((v) < (w))))
#include "health/sine_short.inc"

#if defined(__x86_64__)
#include <immintrin.h>

#define KERNEL qrng_sine_octave_avx2
#define WIDE 4
#define TARGET __attribute__((target("avx2")))
#include "health/sine_octave.inc"

#define KERNEL qrng_sine_octave_avx512
#define WIDE 8
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq")))
#include "health/sine_octave.inc"

#define KERNEL qrng_sine_short_avx2
#define WIDE 16
#define TARGET __attribute__((target("avx2")))
#define LARGER(v, w) ((v) = (qrng_sine_short_avx2_vector)_mm256_max_epi16((__m256i)(v), (__m256i)(w)))
#include "health/sine_short.inc"
#endif
