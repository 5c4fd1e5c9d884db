/* The sine bank's state and kernel: bets on a bias that swings with a fixed period. See sine.c. */
#ifndef QRNG_HEALTH_SINE_H
#define QRNG_HEALTH_SINE_H

#include <stdint.h>
#include <string.h>

#include "health/sine_short.h"
#include "qrng.h"

enum {
    SINE_BLOCK = 128,            /* bits; octave j settles its bets every 2^j blocks */
    SINE_OCTAVES = 5,            /* periods from 512 2^j to 1024 2^j bits */
    SINE_PERIODS = 6,            /* an octave */
    SINE_SIZES = 3,              /* amplitudes */
    SINE_PHASES = 8,             /* 45 degrees apart */
    SINE_FINE = 4,               /* steps between two of them that payoffs are kept for */
    SINE_PEEK = 32,              /* bits between two looks into a block near the threshold */
    SINE_ALL = SINE_OCTAVES + 3, /* with the three of the short swings */
    SINE_RESTS = (1 << (SINE_OCTAVES - 1)) - 1,
    SINE_ROW = 2 * SINE_PHASES /* payoffs of two turns, so that any eight in a row can be loaded */
};

typedef struct {
    uint64_t kind, seen;
    uint32_t fill, near; /* near the threshold: bit j is octave j, the last the short swings */
    double g, total;
    uint64_t reserved[3];                       /* the parts below start at multiples of 64 bytes */
    uint32_t step[SINE_PERIODS], reserved_2[2]; /* turns of a block of the octave, times 2^32 */
    uint32_t phase[SINE_OCTAVES][SINE_PERIODS]; /* of the first bet at the middle of the next block */
    uint32_t ones[SINE_OCTAVES];                /* in the block so far */
    double value[SINE_OCTAVES], quiet[SINE_OCTAVES];
    double m[SINE_OCTAVES][SINE_PERIODS][SINE_SIZES][SINE_PHASES];
    float payoff[SINE_SIZES][SINE_FINE][SINE_BLOCK + 1][SINE_ROW]; /* of a block by its ones */
    float odds[SINE_SIZES][SINE_FINE][SINE_RESTS]
              [SINE_ROW];                         /* what 1, 2, ... zeros turned to ones are worth */
    float zeros[SINE_SIZES][SINE_FINE][SINE_ROW]; /* payoff of SINE_PEEK zeros */
    sine_short quick;                             /* swings of 64 to 512 bits */
    uint8_t parts[SHORT_PARTS];                   /* ones in each byte of its block so far */
    uint8_t block[SINE_BLOCK / 8];
} qrng_sine;

/* One block of octave j with `ones` ones among its 128 2^j bits: the bets are settled; returns their sum. */
typedef double sine_octave_fn(qrng_sine *b, int j, uint32_t ones);
sine_octave_fn qrng_sine_octave_portable;
#if defined(__x86_64__)
sine_octave_fn qrng_sine_octave_avx2;
sine_octave_fn qrng_sine_octave_avx512;
#endif

#endif
