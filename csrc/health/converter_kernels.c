#include <string.h>

#include "health/converter.h"

#define NAME(what) qrng_converter_portable_##what
#define WIDE 2
#define TARGET
#include "health/converter_step.inc"

#if defined(__x86_64__)
#define NAME(what) qrng_converter_avx2_##what
#define WIDE 4
#define TARGET __attribute__((target("avx2")))
#include "health/converter_step.inc"

#define NAME(what) qrng_converter_avx512_##what
#define WIDE 8
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq")))
#include "health/converter_step.inc"
#endif
