/* The learned bettor: a small odd network reads how far several parities of the bits have lately been from
 * balance, on scales from 64 to 8192 bits, and sets sign and size of the bet on the next 64. What it bets
 * changes nothing in the guarantee: payoffs are those of bank.h, fixed before the bits they are paid on.
 *
 * Only +, -, *, / and comparisons: the same evidence on every machine. */
#include <string.h>

#include "bits/bits.h"
#include "health/bank.h"

#define LEARNED_KIND 0x3130444e52514c45u

enum {
    BLOCK = 64,
    SCALES = QRNG_LEARNED_SCALES,
    INPUTS = QRNG_LEARNED_SCALES + QRNG_LEARNED_TAPS,
    HIDDEN = QRNG_LEARNED_HIDDEN,
    STREAMS = 6, /* bit; parities with lags 1, 2, 8, n; with lags 1 and 2 */
    STAKES = 3,  /* half, once, twice what the network says */
};

typedef struct {
    uint64_t kind, seen, history_words;
    uint32_t lanes, fill;
    double g, total;
    double weights[QRNG_LEARNED_WEIGHTS];
    double recent[STREAMS][INPUTS]; /* see qrng_learned_stake */
    double last[STREAMS];           /* ones - zeros of the last block, not yet among the taps */
    double m[STREAMS * STAKES], quiet[STREAMS * STAKES];
    uint8_t block[BLOCK / 8];
    uint64_t words[]; /* history, then the block */
} learned;

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
    memcpy(b->weights, weights, sizeof b->weights);
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

static double softsign(double v) {
    return v / (1 + (v < 0 ? -v : v));
}

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

double qrng_learned_stake(const double *weights, const double *recent) {
    double out = 0, z[INPUTS];
    for (int i = 0; i < INPUTS; i++)
        z[i] = recent[i] * unit[i < SCALES ? i : 0];
    for (int h = 0; h < HIDDEN; h++) {
        double v = 0;
        for (int i = 0; i < INPUTS; i++)
            v += weights[h * INPUTS + i] * z[i];
        out += weights[HIDDEN * INPUTS + h] * softsign(v);
    }
    return 0.49 * softsign(out);
}

static double power(double x, uint32_t n) {
    double out = 1;
    for (; n; n >>= 1, x *= x)
        if (n & 1)
            out *= x;
    return out;
}

static double payoff(double stake, uint32_t ones, double g) {
    double q = 0.5 + (stake < 0 ? -stake : stake);
    if (q > 0.99)
        q = 0.99;
    if (!(q > g))
        return 1;
    uint32_t right = stake > 0 ? ones : BLOCK - ones;
    return power(q / g, right) * power((1 - q) / (1 - g), BLOCK - right);
}

static void evaluate(learned *b) {
    uint64_t *x = b->words + b->history_words;
    *x = qrng_load_be64(b->block);
    uint64_t w = x[0], p = x[-1], lag = far_lag(b->lanes), at = b->history_words * 64 - lag;
    const uint64_t *f = b->words + at / 64;
    uint64_t one = w >> 1 | p << 63, two = w >> 2 | p << 62, eight = w >> 8 | p << 56;
    uint64_t far = at % 64 ? f[0] << at % 64 | f[1] >> (64 - at % 64) : f[0];
    const uint64_t y[STREAMS] = {w, w ^ one, w ^ two, w ^ eight, w ^ far, w ^ one ^ two};
    double sum = 0;
    for (int i = 0; i < STREAMS; i++) {
        uint32_t ones = (uint32_t)__builtin_popcountll(y[i]);
        double stake = qrng_learned_stake(b->weights, b->recent[i]);
        for (int k = 0; k < STAKES; k++) {
            double *m = &b->m[i * STAKES + k];
            if (*m < 16 * BLOCK)
                b->quiet[i * STAKES + k] = (double)(b->seen - BLOCK);
            *m = payoff(stake * (k == 0 ? 0.5 : k), ones, b->g) * (*m + BLOCK);
            sum += *m;
        }
        double change = 2.0 * ones - BLOCK, keep = 0, *taps = b->recent[i] + SCALES;
        for (int s = 0; s < SCALES; s++) {
            b->recent[i][s] = b->recent[i][s] * keep + change;
            keep = (1 + keep) / 2;
        }
        memmove(taps + 1, taps, (QRNG_LEARNED_TAPS - 1) * sizeof *taps);
        taps[0] = b->last[i];
        b->last[i] = change;
    }
    b->total = sum / (STREAMS * STAKES);
    memmove(b->words, b->words + 1, b->history_words * 8);
}

uint64_t qrng_learned_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    learned *b = state;
    for (uint64_t i = 0; i < n;) {
        uint64_t take = BLOCK - b->fill;
        take = take < n - i ? take : n - i;
        qrng_bits_copy(b->block, b->fill, src, src_bit + i, take);
        b->fill += (uint32_t)take;
        b->seen += take;
        i += take;
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
