/* The learned bettor: a small odd network reads how far several parities of the bits have lately been from
 * balance, on scales from 64 to 8192 bits, and sets sign and size of the bet on the next 64. What it bets
 * changes nothing in the guarantee: payoffs are those of the bank, fixed before the bits they are paid on.
 *
 * Only +, -, *, /, square roots and comparisons: the same evidence on every machine. */
#include <math.h>
#include <string.h>

#include "bits/bits.h"
#include "cpu/kernels.h"
#include "health/bank.h"
#include "health/blocks.h"

#define LEARNED_KIND 0x3130444e52514c45u

enum {
    BLOCK = 64,
    SCALES = QRNG_LEARNED_SCALES,
    INPUTS = QRNG_LEARNED_SCALES + QRNG_LEARNED_TAPS,
    HIDDEN = QRNG_LEARNED_HIDDEN,
    STREAMS = 6, /* bit; parities with lags 1, 2, 8, n; with lags 1 and 2 */
    LEVELS = 128,
    STAKES = 3, /* half, once, twice what the network says */
};
#define LIMIT 0.49

typedef struct {
    uint64_t kind, seen, history_words;
    uint32_t lanes, fill;
    double g, total;
    double columns[QRNG_LEARNED_WEIGHTS];
    double payoffs[LEVELS * (BLOCK + 1)];
    double z[STREAMS][INPUTS]; /* the network's inputs */
    double last[STREAMS];      /* of the last block, not yet among the taps */
    double m[STREAMS * STAKES], quiet[STREAMS * STAKES];
    uint8_t block[BLOCK / 8];
    uint64_t words[]; /* history, then the block */
} learned;

static void to_columns(double *columns, const double *weights);
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
    to_columns(b->columns, weights);
    fill_payoffs(b->payoffs, g);
    return QRNG_OK;
}

int qrng_learned_check(const void *state, size_t bytes) {
    const learned *b = state;
    if (bytes < sizeof(learned) || b->kind != LEARNED_KIND || b->lanes < 1 ||
        b->lanes > QRNG_HEALTH_MAX_LANES || bytes != qrng_learned_state_bytes(b->lanes) ||
        b->history_words != history_words(b->lanes) || b->fill >= BLOCK || b->fill != b->seen % BLOCK)
        return QRNG_EINVAL;
    return QRNG_OK;
}

static const double keep[SCALES] = {0, 0.5, 0.75, 0.875, 0.9375, 0.96875, 0.984375, 0.9921875};
/* Square roots of the sizes of the stakes: half, once, twice. */
static const double root_of_stake[STAKES] = {0.7071067811865476, 1, 1.4142135623730951};

/* Scale s forgets a share 2^-s of its sum a block; dividing by the sum's deviation over fair bits makes its
 * input. 1 / sqrt(64 / (1 - (1 - 2^-s)^2)), to double precision. */
static const double unit[SCALES] = {
    0.125,
    0.10825317547305482,
    0.08267972847076846,
    0.06051536478449089,
    0.04349815908460954,
    0.031004898176538172,
    0.022010600917157508,
    0.015594452561202453,
};

static void to_inputs(double *z, const double *recent) {
    for (int i = 0; i < INPUTS; i++)
        z[i] = recent[i] * unit[i < SCALES ? i : 0];
}

/* Input by input, so that the hidden units stand side by side for the vector units. */
static void to_columns(double *columns, const double *weights) {
    for (int h = 0; h < HIDDEN; h++) {
        for (int i = 0; i < INPUTS; i++)
            columns[i * HIDDEN + h] = weights[h * INPUTS + i];
        columns[HIDDEN * INPUTS + h] = weights[HIDDEN * INPUTS + h];
    }
}

double qrng_learned_stake(const double *weights, const double *recent) {
    double columns[QRNG_LEARNED_WEIGHTS], z[INPUTS];
    to_columns(columns, weights);
    to_inputs(z, recent);
    return qrng_kernels_get()->learned_stake(columns, z);
}

static double power(double x, uint32_t n) {
    double out = 1;
    for (; n; n >>= 1, x *= x)
        if (n & 1)
            out *= x;
    return out;
}

/* Sizes of stake, denser where small: 0.49 (level / 127)^2. */
static double level_stake(int level) {
    return LIMIT * level * level / ((LEVELS - 1) * (LEVELS - 1));
}

static void fill_payoffs(double *table, double g) {
    for (int level = 0; level < LEVELS; level++) {
        double q = 0.5 + level_stake(level);
        for (uint32_t right = 0; right <= BLOCK; right++)
            table[level * (BLOCK + 1) + right] =
                q > g ? power(q / g, right) * power((1 - q) / (1 - g), BLOCK - right) : 1;
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
    const qrng_kernels *kernels = qrng_kernels_get();
    double sum = 0;
    for (int i = 0; i < STREAMS; i++) {
        uint32_t ones = (uint32_t)__builtin_popcountll(y[i]);
        double *z = b->z[i], *taps = z + SCALES, *m = b->m + i * STAKES;
        double stake = kernels->learned_stake(b->columns, z);
        double level = (LEVELS - 1) * sqrt((stake < 0 ? -stake : stake) / LIMIT);
        uint32_t right = stake > 0 ? ones : BLOCK - ones;
        for (int k = 0; k < STAKES; k++) {
            if (m[k] < 16 * BLOCK)
                b->quiet[i * STAKES + k] = (double)(b->seen - BLOCK);
            double brought = 0.5 + level * root_of_stake[k];
            int row = brought < LEVELS - 1 ? (int)brought : LEVELS - 1;
            m[k] = b->payoffs[row * (BLOCK + 1) + right] * (m[k] + BLOCK);
            sum += m[k];
        }
        double change = 2.0 * ones - BLOCK;
        for (int s = 0; s < SCALES; s++)
            z[s] = z[s] * keep[s] + change * unit[s];
        memmove(taps + 1, taps, (QRNG_LEARNED_TAPS - 1) * sizeof *taps);
        taps[0] = b->last[i];
        b->last[i] = change * unit[0];
    }
    b->total = sum / (STREAMS * STAKES);
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
    for (uint32_t i = 0; i < STREAMS * STAKES; i++)
        if (b->m[i] > best) {
            best = b->m[i];
            found->feature = i / STAKES;
            found->bet = i % STAKES;
            found->quiet = (uint64_t)b->quiet[i];
        }
}
