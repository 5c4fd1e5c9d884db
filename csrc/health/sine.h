/* The sine bank's state and kernel: bets on a bias that swings with a fixed period. See sine.c. */
#ifndef QRNG_HEALTH_SINE_H
#define QRNG_HEALTH_SINE_H

#include <stdint.h>
#include <string.h>

#include "qrng.h"

enum {
    SINE_BLOCK = 128, /* bits; octave j settles its bets every 2^j blocks */
    SINE_OCTAVES = 5, /* periods from 512 2^j to 1024 2^j bits */
    SINE_PERIODS = 6, /* an octave */
    SINE_SIZES = 3,   /* amplitudes */
    SINE_PHASES = 8,  /* 45 degrees apart */
    SINE_FINE = 4,    /* steps between two of them that payoffs are kept for */
    SINE_RESTS = (1 << (SINE_OCTAVES - 1)) - 1,
    SINE_ROW = 2 * SINE_PHASES /* payoffs of two turns, so that any eight in a row can be loaded */
};

typedef struct {
    uint64_t kind, seen;
    uint32_t fill, unused;
    double g, total;
    uint64_t reserved[3];                       /* the parts below start at multiples of 64 bytes */
    uint32_t step[SINE_PERIODS], reserved_2[2]; /* turns of a block of the octave, times 2^32 */
    uint32_t phase[SINE_OCTAVES][SINE_PERIODS]; /* of the first bet at the middle of the next block */
    uint32_t ones[SINE_OCTAVES];                /* in the block so far */
    double value[SINE_OCTAVES], quiet[SINE_OCTAVES];
    double m[SINE_OCTAVES][SINE_PERIODS][SINE_SIZES][SINE_PHASES];
    float payoff[SINE_SIZES][SINE_FINE][SINE_BLOCK + 1][SINE_ROW]; /* of a block by its ones */
    float odds[SINE_SIZES][SINE_FINE][SINE_RESTS]
              [SINE_ROW]; /* what 1, 2, ... zeros turned to ones are worth */
    uint8_t block[SINE_BLOCK / 8];
} qrng_sine;

/* One block of octave j with `ones` ones among its 128 2^j bits: the bets are settled; returns their sum. */
typedef double sine_octave_fn(qrng_sine *b, int j, uint32_t ones);
sine_octave_fn qrng_sine_octave_portable;
#if defined(__x86_64__)
sine_octave_fn qrng_sine_octave_avx512;
#endif

typedef float sine_row __attribute__((vector_size(32)));
typedef double sine_wealth __attribute__((vector_size(64)));
typedef int64_t sine_wealth_bits __attribute__((vector_size(64)));

#define SINE_INLINE static inline __attribute__((always_inline))

/* Far above every threshold; its square is finite. */
SINE_INLINE void sine_cap(sine_wealth *v) {
    const sine_wealth most = 1e150 + (sine_wealth){0};
    const sine_wealth_bits over = *v > most;
    *v = (sine_wealth)(((sine_wealth_bits)*v & ~over) | ((sine_wealth_bits)most & over));
}

SINE_INLINE void sine_load(sine_wealth *v, const float *row) {
    sine_row low;
    memcpy(&low, row, sizeof low);
    *v = __builtin_convertvector(low, sine_wealth);
}

/* 2^j blocks with c = ones >> j ones each, and the rest of the ones, pay the product over their bits.
 * Shared by its kernels, each compiled for its vectors; the order of every sum is fixed. */
SINE_INLINE double sine_octave(qrng_sine *b, int j, uint32_t ones) {
    const uint32_t c = ones >> j, rest = ones & ((1u << j) - 1);
    sine_wealth sum[SINE_SIZES] = {{0}}, m, paid, more;
    for (int f = 0; f < SINE_PERIODS; f++) {
        const uint32_t place = b->phase[j][f] >> 27, fine = place % SINE_FINE, turn = place / SINE_FINE;
        for (int a = 0; a < SINE_SIZES; a++) {
            double *cell = b->m[j][f][a];
            memcpy(&m, cell, sizeof m);
            sine_load(&paid, &b->payoff[a][fine][c][turn]);
            for (int square = 1; square <= j; square++) {
                paid *= paid;
                if (square >= 4)
                    sine_cap(&paid);
            }
            if (rest) {
                sine_load(&more, &b->odds[a][fine][rest - 1][turn]);
                paid *= more;
            }
            m = (m + (double)(SINE_BLOCK << j)) * paid;
            sum[a] += m;
            memcpy(cell, &m, sizeof m);
        }
        b->phase[j][f] += b->step[f];
    }
    m = (sum[0] + sum[1]) + sum[2];
    return ((m[0] + m[4]) + (m[2] + m[6])) + ((m[1] + m[5]) + (m[3] + m[7]));
}

#endif
