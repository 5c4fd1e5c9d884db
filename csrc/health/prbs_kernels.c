#include <string.h>

#include "bits/bits.h"
#include "health/prbs.h"

#define KERNEL qrng_prbs_even_portable
#define WIDE 2
#define TARGET
#include "health/prbs_even.inc"

#if defined(__x86_64__)
#define KERNEL qrng_prbs_even_avx2
#define WIDE 4
#define TARGET __attribute__((target("avx2")))
#include "health/prbs_even.inc"

#define KERNEL qrng_prbs_even_avx512
#define WIDE 8
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq")))
#include "health/prbs_even.inc"
#endif
