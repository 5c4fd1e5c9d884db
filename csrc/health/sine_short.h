/* Swings of 64 to 512 bits: bets on them as sums of logarithms, in integers. See sine_short.c. */
#ifndef QRNG_HEALTH_SINE_SHORT_H
#define QRNG_HEALTH_SINE_SHORT_H

#include <stdint.h>
#include <string.h>

enum {
    SHORT_BLOCK = 256, /* bits between two settlements */
    SHORT_PART = 8,    /* bits that are taken to have one phase */
    SHORT_PARTS = SHORT_BLOCK / SHORT_PART,
    SHORT_PEEK = 32, /* bits between two looks into a block near the threshold */
    SHORT_PEEKS = SHORT_BLOCK / SHORT_PEEK - 1,
    SHORT_FOLDS = SHORT_PARTS / 2, /* parts as far before a block's middle as others behind it */
    SHORT_TURNS = 32,              /* blocks after which every swing stands where it stood */
    SHORT_FIRST = 16,              /* turns of the slowest swing in SHORT_TURNS blocks: 512 bits */
    SHORT_PERIODS = 112,           /* swings, a turn apart; the fastest has 127 turns: 64.5 bits */
    SHORT_PHASES = 4,              /* 45 degrees apart, each with its opposite */
    SHORT_SIZES = 2,               /* the second half the first, as logarithms of the odds */
    SHORT_BETS = SHORT_PERIODS * SHORT_PHASES * 2 * SHORT_SIZES,
    SHORT_UNIT = 128,              /* of evidence in a bit of it */
    SHORT_WORTH = 20 * SHORT_UNIT, /* of the best bet, from which on all of them are added up */
    SHORT_MOST = 20000             /* units; a block adds less than 12,000 more, so that 16 bits hold them */
};

typedef int16_t short_row[SHORT_PERIODS]; /* one entry a swing */
typedef struct {
    short_row at[SHORT_PHASES][SHORT_SIZES];
} short_costs;
typedef struct {
    short_row at[SHORT_PHASES][SHORT_SIZES][2];
} short_wealth;

typedef struct {
    short_row even[SHORT_FOLDS], odd[SHORT_FOLDS]; /* cosine and sine of each fold, times 127 */
    short_row cosine[SHORT_TURNS],
        sine[SHORT_TURNS];         /* of the swing at the middle of each block, times the size */
    short_costs cost[SHORT_TURNS]; /* what a bet pays for its mean to be at most 1 */
    short_wealth m;                /* log2 of the best product since any block's start */
    int16_t part_cost[SHORT_PEEKS][SHORT_PERIODS][SHORT_TURNS / 2]
                     [SHORT_SIZES]; /* the same for a block's beginning, by the place of the swing */
    double fraction[SHORT_UNIT];    /* 2^(i / SHORT_UNIT) */
    double value, quiet;
} sine_short;

/* One block, the ones of each part: the bets are settled at that cost; returns the largest m. `turn`: number
 * of the block, mod SHORT_TURNS. */
typedef int32_t sine_short_fn(const sine_short *b, short_wealth *m, const short_costs *cost,
                              const uint8_t *ones, uint32_t turn);
sine_short_fn qrng_sine_short_portable;
#if defined(__x86_64__)
sine_short_fn qrng_sine_short_avx2;
sine_short_fn qrng_sine_short_avx512;
#endif

void sine_short_init(sine_short *b, double g, double amplitude);
/* Settle one block; the value, of mean at most the bits seen, and where it last was that of a fair source. */
void sine_short_evaluate(sine_short *b, const uint8_t *ones, uint64_t seen);
/* The value if the block ended after `bits` of it, a multiple of SHORT_PEEK; `seen` counts them. */
double sine_short_peek(const sine_short *b, const uint8_t *ones, uint64_t seen, uint32_t bits);
/* Period in bits, and size, of the leading bet. */
void sine_short_leader(const sine_short *b, uint32_t *period, uint32_t *size);

#endif
