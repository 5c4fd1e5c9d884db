/* The one-bit step with shifts and masks only. */
#include "extractors/trevisan.h"

static void clmul(uint64_t *low, uint64_t *high, uint64_t a, uint64_t b) {
    uint64_t l = 0, h = 0;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t m = a & (0 - (b >> i & 1));
        l ^= m << i;
        h ^= m >> 1 >> (63 - i);
    }
    *low = l;
    *high = h;
}

#define TARGET
#define NAME qrng_rsh_values_portable
#define CLMUL(low, high, a, b) clmul(&low, &high, a, b)

#include "extractors/rsh.inc"
