/* The bank over the whole stream: state, blocks, the weighted sum of its e-detectors. */
#include <math.h>
#include <string.h>

#include "bits/bits.h"
#include "cpu/kernels.h"
#include "health/bank.h"
#include "health/blocks.h"
#include "health/bets.h"

#define BANK_KIND 0x3430424e52514231u /* changes with the layout or the bets: an older state is refused */

typedef struct {
    uint64_t kind, seen, history_words;
    uint32_t lanes, fill;
    double g, total;
    uint32_t size, unused; /* bits of the block that is being gathered */
    double reserved;       /* the parts below start at multiples of 64 bytes */
    double rate[BANK_BETS];
    double
        start[(BANK_FEATURES + 7) / 8 * 8]; /* prior weight of each feature's bets times the block's bits */
    double table[(BANK_BLOCK + 1) * BANK_BETS], fine[(BANK_FINE + 1) * BANK_BETS]; /* payoffs by ones */
    double m[BANK_FEATURES * BANK_BETS];
    double quiet[BANK_FEATURES * BANK_BETS];
    uint8_t block[BANK_BLOCK / 8];
    uint64_t words[]; /* history_words before the block, then the block */
} bank;

/* Prior of the groups: the bias, the lags, the pairs. Of its bets: bets_prior. */
static const double bias_prior = 1.0 / 8, lags_prior = 7.0 / 16, pairs_prior = 7.0 / 16;

/* Lag k weighs 1 / k: what couples bits fades with their distance, on a scale nobody knows, so every octave
 * of lags gets the same. With several lanes n and 2n, the lane's own last bits, weigh as 1 and 2 do. A pair
 * weighs 1 / its longer lag, shared by the pairs with that one. */
static double lag_weight(uint32_t lanes, uint32_t f) {
    const uint32_t alone[BANK_FAR] = {3 * BANK_LAGS / 2, 2 * BANK_LAGS};
    const uint32_t k = f <= BANK_LAGS ? f : lanes > 1 ? f - BANK_LAGS : alone[f - BANK_LAGS - 1];
    return 1.0 / k;
}
static double pair_weight(uint32_t k) {
    const double longer = qrng_bank_pairs[k][1];
    return 1 / (longer * (longer - 1));
}

static void fill_start(bank *b) {
    double lags = 0, pairs = 0;
    for (uint32_t f = 1; f < BANK_PAIR0; f++)
        lags += lag_weight(b->lanes, f);
    for (uint32_t k = 0; k < BANK_PAIRS; k++)
        pairs += pair_weight(k);
    b->start[0] = bias_prior;
    for (uint32_t f = 1; f < BANK_PAIR0; f++)
        b->start[f] = lags_prior * lag_weight(b->lanes, f) / lags;
    for (uint32_t k = 0; k < BANK_PAIRS; k++)
        b->start[BANK_PAIR0 + k] = pairs_prior * pair_weight(k) / pairs;
    for (uint32_t f = 0; f < BANK_FEATURES; f++)
        b->start[f] *= BANK_BLOCK;
}

/* One lane leaves lags n and 2n without a meaning; these lie past the 64 others. */
static uint32_t far_lag(uint32_t lanes, int k) {
    return lanes > 1 ? (uint32_t)(k + 1) * lanes : k ? 2 * BANK_LAGS : BANK_LAGS * 3 / 2;
}

static uint64_t history_words(uint32_t lanes) {
    return (far_lag(lanes, BANK_FAR - 1) + 63) / 64 + 1;
}

size_t qrng_bank_state_bytes(uint32_t lanes) {
    return sizeof(bank) + (size_t)(history_words(lanes) + BANK_WORDS) * 8;
}

int qrng_bank_init(void *state, uint32_t lanes, double g) {
    bank *b = state;
    if (lanes < 1 || lanes > QRNG_HEALTH_MAX_LANES || !(g >= 0.5 && g < 1))
        return QRNG_EINVAL;
    memset(b, 0, qrng_bank_state_bytes(lanes));
    b->kind = BANK_KIND;
    b->lanes = lanes;
    b->history_words = history_words(lanes);
    b->g = g;
    b->size = BANK_BLOCK;
    bets_fill(b->table, b->rate, BANK_BLOCK, g);
    bets_fill(b->fine, b->rate, BANK_FINE, g);
    fill_start(b);
    return QRNG_OK;
}

int qrng_bank_check(const void *state, size_t bytes) {
    const bank *b = state;
    if (bytes < sizeof(bank) || b->kind != BANK_KIND || b->lanes < 1 || b->lanes > QRNG_HEALTH_MAX_LANES ||
        bytes != qrng_bank_state_bytes(b->lanes) || b->history_words != history_words(b->lanes) ||
        (b->size != BANK_BLOCK && b->size != BANK_FINE) || b->fill >= b->size || b->fill != b->seen % b->size)
        return QRNG_EINVAL;
    return QRNG_OK;
}

static void load_far(uint64_t *out, const bank *b, uint32_t lag, uint64_t words) {
    for (uint64_t i = 0; i < words; i++) {
        uint64_t at = (b->history_words + i) * 64 - lag, w = at / 64, r = at % 64;
        out[i] = r ? b->words[w] << r | b->words[w + 1] >> (64 - r) : b->words[w];
    }
}

/* One block of b->size bits. */
static void evaluate(bank *b) {
    const uint64_t words = b->size / 64;
    uint64_t *x = b->words + b->history_words, far[BANK_FAR][BANK_WORDS];
    uint32_t count[BANK_FEATURES];
    double sum[BANK_SUMS] = {0}, start[BANK_FEATURES];
    const qrng_kernels *kernels = qrng_kernels_get();
    for (uint64_t i = 0; i < words; i++)
        x[i] = qrng_load_be64(b->block + 8 * i);
    for (int k = 0; k < BANK_FAR; k++)
        load_far(far[k], b, far_lag(b->lanes, k), words);
    if (b->size == BANK_BLOCK) {
        kernels->bank_count(count, x, (const uint64_t (*)[BANK_WORDS])far);
        kernels->bank_wealth(b->m, sum, b->table, count, BANK_FEATURES, b->start, 1);
    } else {
        bank_count_words(count, x, (const uint64_t (*)[BANK_WORDS])far, BANK_FINE / 64);
        for (int f = 0; f < BANK_FEATURES; f++)
            start[f] = b->start[f] * BANK_FINE / BANK_BLOCK;
        kernels->bank_wealth(b->m, sum, b->fine, count, BANK_FEATURES, start, 1);
    }
    b->total = bets_sum(sum);
    memmove(b->words, b->words + words, b->history_words * 8);
    if (b->seen % (BETS_QUIET_EVERY * BANK_BLOCK) == 0) {
        double limit[BANK_FEATURES];
        for (int f = 0; f < BANK_FEATURES; f++)
            limit[f] = b->start[f] * (2.0 / BANK_BLOCK);
        kernels->bank_quiet(b->quiet, b->m, b->rate, BANK_FEATURES, limit, 1, (double)b->seen);
    }
}

uint64_t qrng_bank_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    bank *b = state;
    for (uint64_t i = 0; i < n;) {
        i += block_take(b->block, b->size, &b->fill, &b->seen, src, src_bit + i, n - i);
        if (b->fill < b->size)
            break;
        b->fill = 0;
        evaluate(b);
        if (b->total >= threshold)
            return i - 1;
        if (b->seen % BANK_BLOCK == 0)
            b->size = bets_near(b->total, threshold) ? BANK_FINE : BANK_BLOCK;
    }
    return n;
}

double qrng_bank_bias_weight(void) {
    return bias_prior * bets_prior[0];
}

void qrng_bank_leader(const void *state, qrng_evidence *found) {
    const bank *b = state;
    double best = -1;
    found->total = b->total;
    bets_leader(found, &best, b->m, b->quiet, 0, BANK_FEATURES);
}
