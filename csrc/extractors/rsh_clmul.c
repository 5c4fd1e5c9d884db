/* The one-bit step with PCLMULQDQ. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "extractors/trevisan.h"

#define TARGET __attribute__((target("pclmul,sse4.1")))
#define NAME qrng_rsh_values_clmul
#define CLMUL(low, high, a, b)                                                                               \
    do {                                                                                                     \
        __m128i product =                                                                                    \
            _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)(a)), _mm_cvtsi64_si128((long long)(b)), 0);   \
        low = (uint64_t)_mm_cvtsi128_si64(product);                                                          \
        high = (uint64_t)_mm_extract_epi64(product, 1);                                                      \
    } while (0)

#include "extractors/rsh.inc"

#else

typedef int qrng_not_on_this_processor;

#endif
