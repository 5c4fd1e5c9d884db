/* The learned bettor: a small odd network reads how far several parities of the bits have lately been from
 * balance, on scales from 64 to 8192 bits, and sets sign and size of the bet on the next 64. What it bets
 * changes nothing in the guarantee: payoffs are those of the bank, fixed before the bits they are paid on.
 *
 * Only +, -, *, /, square roots and comparisons: the same evidence on every machine. */
#include <math.h>
#include <string.h>

#include "bits/bits.h"
#include "cpu/kernels.h"
#include "health/bets.h"
#include "health/blocks.h"
#include "health/learned.h"

#define LEARNED_KIND 0x3230444e52514c45u

enum {
    BLOCK = LEARNED_BLOCK,
    SCALES = QRNG_LEARNED_SCALES,
    TAPS = QRNG_LEARNED_TAPS,
    INPUTS = LEARNED_INPUTS,
    HIDDEN = QRNG_LEARNED_HIDDEN,
    STREAMS = LEARNED_STREAMS,
    ROW = LEARNED_ROW,
    LEVELS = LEARNED_LEVELS,
    STAKES = LEARNED_STAKES
};

typedef qrng_learned learned;

static void to_columns(float *columns, const double *weights);
static void fill_payoffs(double *table, double g);

/* One lane leaves lag n without a meaning. */
static uint32_t far_lag(uint32_t lanes) {
    return lanes > 1 ? lanes : 16;
}
static uint64_t history_words(uint32_t lanes) {
    return (far_lag(lanes) + 63) / 64 + 1;
}

size_t qrng_learned_state_bytes(uint32_t lanes) {
    return sizeof(learned) + (size_t)(history_words(lanes) + 1) * 8;
}

int qrng_learned_init(void *state, uint32_t lanes, double g, const double *weights, size_t count) {
    learned *b = state;
    if (lanes < 1 || lanes > QRNG_HEALTH_MAX_LANES || !(g >= 0.5 && g < 1) || count != QRNG_LEARNED_WEIGHTS)
        return QRNG_EINVAL;
    for (size_t i = 0; i < count; i++)
        if (!(weights[i] > -1e6 && weights[i] < 1e6))
            return QRNG_EINVAL;
    memset(b, 0, qrng_learned_state_bytes(lanes));
    b->kind = LEARNED_KIND;
    b->lanes = lanes;
    b->history_words = history_words(lanes);
    b->g = g;
    b->at = LEARNED_SLIDE;
    to_columns(b->columns, weights);
    fill_payoffs(b->payoffs, g);
    return QRNG_OK;
}

int qrng_learned_check(const void *state, size_t bytes) {
    const learned *b = state;
    if (bytes < sizeof(learned) || b->kind != LEARNED_KIND || b->lanes < 1 ||
        b->lanes > QRNG_HEALTH_MAX_LANES || bytes != qrng_learned_state_bytes(b->lanes) ||
        b->history_words != history_words(b->lanes) || b->fill >= BLOCK || b->fill != b->seen % BLOCK ||
        b->at > LEARNED_SLIDE)
        return QRNG_EINVAL;
    return QRNG_OK;
}

/* Input by input, so that the hidden units stand side by side for the vector units. */
static void to_columns(float *columns, const double *weights) {
    for (int h = 0; h < HIDDEN; h++) {
        for (int i = 0; i < INPUTS; i++)
            columns[i * HIDDEN + h] = (float)weights[h * INPUTS + i];
        columns[HIDDEN * INPUTS + h] = (float)weights[HIDDEN * INPUTS + h];
    }
}

double qrng_learned_stake(const double *weights, const double *recent) {
    float columns[QRNG_LEARNED_WEIGHTS], scales[SCALES][ROW] = {{0}}, taps[TAPS][ROW] = {{0}}, stake[ROW];
    to_columns(columns, weights);
    for (int s = 0; s < SCALES; s++)
        scales[s][0] = (float)(recent[s] * learned_unit[s]);
    for (int k = 0; k < TAPS; k++)
        taps[k][0] = (float)(recent[SCALES + k] * learned_unit[0]);
    qrng_learned_stakes_portable(stake, columns, scales[0], taps[0]);
    return stake[0];
}

/* Sizes of stake, denser where small: 0.49 (level / 127)^2. */
static double level_stake(int level) {
    return (double)LEARNED_LIMIT * level * level / ((LEVELS - 1) * (LEVELS - 1));
}

static void fill_payoffs(double *table, double g) {
    for (int level = 0; level < LEVELS; level++) {
        double q = 0.5 + level_stake(level);
        for (uint32_t right = 0; right <= BLOCK; right++)
            table[level * (BLOCK + 1) + right] =
                q > g ? bets_power(q / g, right) * bets_power((1 - q) / (1 - g), BLOCK - right) : 1;
    }
}

static void evaluate(learned *b) {
    uint64_t *x = b->words + b->history_words;
    *x = qrng_load_be64(b->block);
    uint64_t w = x[0], p = x[-1], lag = far_lag(b->lanes), at = b->history_words * 64 - lag;
    const uint64_t *f = b->words + at / 64;
    uint64_t one = w >> 1 | p << 63, two = w >> 2 | p << 62, eight = w >> 8 | p << 56;
    uint64_t far = at % 64 ? f[0] << at % 64 | f[1] >> (64 - at % 64) : f[0];
    const uint64_t y[STREAMS] = {w, w ^ one, w ^ two, w ^ eight, w ^ far, w ^ one ^ two};
    b->total = qrng_kernels_get()->learned_block(b, y) / (STREAMS * STAKES);
    memmove(b->words, b->words + 1, b->history_words * 8);
}

uint64_t qrng_learned_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    learned *b = state;
    for (uint64_t i = 0; i < n;) {
        i += block_take(b->block, BLOCK, &b->fill, &b->seen, src, src_bit + i, n - i);
        if (b->fill < BLOCK)
            break;
        b->fill = 0;
        evaluate(b);
        if (b->total >= threshold)
            return i - 1;
    }
    return n;
}

void qrng_learned_leader(const void *state, qrng_evidence *found) {
    const learned *b = state;
    double best = -1;
    found->total = b->total;
    for (uint32_t i = 0; i < STREAMS; i++)
        for (uint32_t k = 0; k < STAKES; k++)
            if (b->m[k][i] > best) {
                best = b->m[k][i];
                found->feature = i;
                found->bet = k;
                found->quiet = (uint64_t)b->quiet[k][i];
            }
}
