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

/* Stakes of the streams: columns of HIDDEN weights, one an input, then the output's; rows of inputs, the
 * scales' and the taps'. */
typedef void learned_stakes_fn(float *stake, const float *columns, const float *scales, const float *taps);
/* One block of all streams, y: the bets are settled, the inputs brought up to date; returns the sum over
 * bets. */
typedef double learned_block_fn(qrng_learned *state, const uint64_t *y);
learned_stakes_fn qrng_learned_stakes_portable;
learned_block_fn qrng_learned_block_portable;
#if defined(__x86_64__)
learned_block_fn qrng_learned_block_avx512;
#endif

/* Vectors that the compiler cuts to those a kernel may use. */
typedef float learned_units __attribute__((vector_size(64)));
typedef int32_t learned_unit_bits __attribute__((vector_size(64)));
typedef float learned_row __attribute__((vector_size(32)));
typedef int32_t learned_row_bits __attribute__((vector_size(32)));
typedef float learned_quarter __attribute__((vector_size(16)));
typedef double learned_wealth __attribute__((vector_size(64)));
typedef int64_t learned_wealth_bits __attribute__((vector_size(64)));

/* Shared by its kernels, each compiled for its vectors; the order of every sum is fixed. */
static inline __attribute__((always_inline)) void learned_stakes(float *stake, const float *columns,
                                                                 const float *scales, const float *taps) {
    enum { SCALES = QRNG_LEARNED_SCALES, HIDDEN = QRNG_LEARNED_HIDDEN };
    learned_units unit[LEARNED_STREAMS] = {{0}}, column;
    for (int i = 0; i < QRNG_LEARNED_TAPS; i++) { /* first: none of them waits for the last block */
        memcpy(&column, columns + (SCALES + i) * HIDDEN, sizeof column);
        for (int s = 0; s < LEARNED_STREAMS; s++)
            unit[s] += column * taps[i * LEARNED_ROW + s];
    }
    for (int i = 0; i < SCALES; i++) {
        memcpy(&column, columns + i * HIDDEN, sizeof column);
        for (int s = 0; s < LEARNED_STREAMS; s++)
            unit[s] += column * scales[i * LEARNED_ROW + s];
    }
    memcpy(&column, columns + LEARNED_INPUTS * HIDDEN, sizeof column);
    for (int s = 0; s < LEARNED_STREAMS; s++) {
        learned_row low, high;
        learned_quarter first, second;
        unit[s] /= 1 + (learned_units)((learned_unit_bits)unit[s] & INT32_MAX);
        unit[s] *= column;
        memcpy(&low, &unit[s], sizeof low);
        memcpy(&high, (const char *)&unit[s] + sizeof low, sizeof high);
        low += high;
        memcpy(&first, &low, sizeof first);
        memcpy(&second, (const char *)&low + sizeof first, sizeof second);
        first += second;
        stake[s] = (first[0] + first[2]) + (first[1] + first[3]);
    }
    learned_row v;
    stake[6] = stake[7] = 0;
    memcpy(&v, stake, sizeof v);
    v = LEARNED_LIMIT * (v / (1 + (learned_row)((learned_row_bits)v & INT32_MAX)));
    memcpy(stake, &v, sizeof v);
}

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

static inline __attribute__((always_inline)) double learned_block(qrng_learned *b, const uint64_t *y) {
    enum { ROW = LEARNED_ROW, LEVELS = LEARNED_LEVELS, BLOCK = LEARNED_BLOCK };
    float stake[ROW], level[ROW];
    double won[ROW] = {0}; /* the padding has no bets */
    int32_t ones[ROW] = {0}, at[ROW];
    learned_stakes(stake, b->columns, b->scales[0], b->taps[b->at]);
    for (int i = 0; i < ROW; i++)
        level[i] = (LEVELS - 1) * sqrtf(fabsf(stake[i]) / LEARNED_LIMIT);
    for (int i = 0; i < LEARNED_STREAMS; i++)
        ones[i] = __builtin_popcountll(y[i]);

    learned_row stakes, levels;
    learned_row_bits n, right, row;
    learned_wealth m, quiet, paid, sum = {0};
    memcpy(&stakes, stake, sizeof stakes);
    memcpy(&levels, level, sizeof levels);
    memcpy(&n, ones, sizeof n);
    right = BLOCK - n;
    right ^= (right ^ n) & (stakes > 0);
    for (int k = 0; k < LEARNED_STAKES; k++) {
        row = __builtin_convertvector(0.5f + levels * learned_root_of_stake[k], learned_row_bits);
        row ^= (row ^ (LEVELS - 1)) & (row > LEVELS - 1);
        row = row * (BLOCK + 1) + right;
        memcpy(at, &row, sizeof at);
        for (int i = 0; i < LEARNED_STREAMS; i++)
            won[i] = b->payoffs[at[i]];
        memcpy(&paid, won, sizeof paid);
        memcpy(&m, b->m[k], sizeof m);
        memcpy(&quiet, b->quiet[k], sizeof quiet);
        learned_wealth_bits now = (learned_wealth_bits)((double)(b->seen - BLOCK) + (learned_wealth){0});
        quiet = (learned_wealth)((learned_wealth_bits)quiet ^
                                 (((learned_wealth_bits)quiet ^ now) & (m < 16.0 * BLOCK)));
        m = paid * (m + BLOCK);
        sum += m;
        memcpy(b->m[k], &m, sizeof m);
        memcpy(b->quiet[k], &quiet, sizeof quiet);
    }

    learned_row change = 2 * __builtin_convertvector(n, learned_row) - BLOCK, z;
    for (int s = 0; s < QRNG_LEARNED_SCALES; s++) {
        memcpy(&z, b->scales[s], sizeof z);
        z = z * learned_keep[s] + change * learned_unit[s];
        memcpy(b->scales[s], &z, sizeof z);
    }
    if (b->at == 0) {
        b->at = LEARNED_SLIDE;
        memcpy(b->taps[LEARNED_SLIDE], b->taps[0], sizeof b->taps[0] * QRNG_LEARNED_TAPS);
    }
    b->at--;
    memcpy(b->taps[b->at], b->last, sizeof change);
    change *= learned_unit[0];
    memcpy(b->last, &change, sizeof change);
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

#endif
