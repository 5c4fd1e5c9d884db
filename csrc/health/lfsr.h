/* The register search's kernel: which of several windows come from a short register. See lfsr.c. */
#ifndef QRNG_HEALTH_LFSR_H
#define QRNG_HEALTH_LFSR_H

#include <stdint.h>

enum {
    LFSR_WINDOW = 96,  /* bits, one behind the other */
    LFSR_LONGEST = 40, /* register that is looked for in them: 16 bits are left to tell it from chance */
    LFSR_BATCH = 16    /* windows looked at together */
};

/* Bit k: window k has a linear complexity of at most LFSR_LONGEST. high, low: its first 64 bits, and the
 * others on top of a word. */
typedef uint32_t lfsr_short_fn(const uint64_t *high, const uint64_t *low);
lfsr_short_fn qrng_lfsr_short_portable;
#if defined(__x86_64__)
lfsr_short_fn qrng_lfsr_short_avx2;
lfsr_short_fn qrng_lfsr_short_avx512;
#endif

#endif
