/* The learned bettor's state and the kernel of learned.c: what the network stakes, and what that pays. */
#ifndef QRNG_HEALTH_LEARNED_H
#define QRNG_HEALTH_LEARNED_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "qrng.h"

enum {
    LEARNED_BLOCK = 64,
    LEARNED_STREAMS = 6, /* bit; parities with lags 1, 2, 8, n; with lags 1 and 2 */
    LEARNED_ROW = 8,     /* one a stream, padded */
    LEARNED_INPUTS = QRNG_LEARNED_SCALES + QRNG_LEARNED_TAPS,
    LEARNED_SLIDE = 64, /* blocks before the rows of taps are moved back to the buffer's end */
    LEARNED_LEVELS = 128,
    LEARNED_STAKES = 3 /* half, once, twice what the network says */
};
#define LEARNED_LIMIT 0.49f

typedef struct {
    uint64_t kind, seen, history_words;
    uint32_t lanes, fill;
    double g, total;
    uint64_t at, reserved; /* row of the newest tap; the older follow it. The parts below start at multiples
                              of 64 bytes */
    float columns[QRNG_LEARNED_WEIGHTS];
    float scales[QRNG_LEARNED_SCALES][LEARNED_ROW]; /* the network's inputs */
    float taps[LEARNED_SLIDE + QRNG_LEARNED_TAPS][LEARNED_ROW];
    float last[2 * LEARNED_ROW]; /* of the last block, not yet among the taps */
    double m[LEARNED_STAKES][LEARNED_ROW], quiet[LEARNED_STAKES][LEARNED_ROW];
    double payoffs[LEARNED_LEVELS * (LEARNED_BLOCK + 1)];
    uint8_t block[LEARNED_BLOCK / 8];
    uint64_t words[]; /* history, then the block */
} qrng_learned;

/* Four entries of two vectors of four, counted through both. */
typedef int32_t learned_places __attribute__((vector_size(16)));
#if defined(__clang__)
#define LEARNED_SHUFFLE(v, w, ...) __builtin_shufflevector(v, w, __VA_ARGS__)
#else
#define LEARNED_SHUFFLE(v, w, ...) __builtin_shuffle(v, w, (learned_places){__VA_ARGS__})
#endif

/* Stakes of the streams: columns of HIDDEN weights, one an input, then the output's; rows of inputs, the
 * scales' and the taps'. */
typedef void learned_stakes_fn(float *stake, const float *columns, const float *scales, const float *taps);
/* One block of all streams, y: the bets are settled, the inputs brought up to date; returns the sum over
 * bets. */
typedef double learned_block_fn(qrng_learned *state, const uint64_t *y);
learned_stakes_fn qrng_learned_stakes_portable;
learned_block_fn qrng_learned_block_portable;
#if defined(__x86_64__)
learned_block_fn qrng_learned_block_avx2;
learned_block_fn qrng_learned_block_avx512;
#endif

/* Square roots of the sizes of the stakes: half, once, twice. */
static const float learned_root_of_stake[LEARNED_STAKES] = {0.70710678f, 1, 1.41421356f};

/* Scale s forgets a share 2^-s of its sum a block; dividing by the sum's deviation over fair bits makes its
 * input: 1 / sqrt(64 / (1 - (1 - 2^-s)^2)). */
static const float learned_keep[QRNG_LEARNED_SCALES] = {
    0, 0.5f, 0.75f, 0.875f, 0.9375f, 0.96875f, 0.984375f, 0.9921875f,
};
static const float learned_unit[QRNG_LEARNED_SCALES] = {
    0.125f,        0.108253175f,  0.0826797285f, 0.0605153648f,
    0.0434981591f, 0.0310041769f, 0.0220106009f, 0.0155944526f,
};

#endif
