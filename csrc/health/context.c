/* Context mixing: the bits seen in many contexts (the last 1 to 20, some that lie apart, those of the same
 * lane, and the place where the last 20 stood before) each foretell the next one; a logistic mixture learned
 * online weighs what they say, and its belief is staked. The idea is that of PAQ (Mahoney, Adaptive weighing
 * of context models for lossless data compression, 2005), here for one bit at a time and in fixed memory.
 *
 * Few contexts: a counter in each holds the share of ones. Many: the last five bits seen in each, and one
 * counter for each such history learns what it is worth, so that the second visit to a context already tells.
 *
 * To save time only LOOK bits of every `every` are watched, and on from there as long as bets are won.
 *
 * Only integers, and +, -, *, / and comparisons of floats in a fixed order: the same evidence everywhere. */
#include <stddef.h>
#include <string.h>

#include "bits/bits.h"
#include "health/mixing.h"
#include "qrng.h"

#define CONTEXT_KIND 0x3130545843474e52u

enum {
    COUNTED = 7, /* orders with counters, with histories, and contexts of bits that lie apart */
    HISTORIES = 5,
    APART = 3,
    MATCH = COUNTED + HISTORIES + APART, /* the input of the match model */
    INPUTS = MATCH + 1,
    COUNTERS = 1 << 12, /* the orders' 2 + 4 + ... counters; order o begins at first_counter[o] */
    BYTES = (1 << 12) + (1 << 14) + (1 << 16) + (1 << 18) + (1 << 20),
    LOG2_APART = 14,
    LOG2_KEPT = 19,
    KEPT = 1 << LOG2_KEPT, /* bits that the match model remembers, of those watched */
    LOG2_SLOTS = 16,
    WINDOW = 20,       /* bits that must have stood there before, */
    FIRST_MISSES = 14, /* with so many misses at most in the 64 up to there; */
    MOST_MISSES = 24,  /* it is dropped beyond so many */
    AGES = 3,
    STEPS = 1024,
    RATES = 2,
    BETS = 2 * RATES, /* all and half of what the mixture believes */
    LOOK = QRNG_CONTEXT_LOOK
};

static const int counted_orders[COUNTED] = {1, 2, 3, 4, 6, 8, 11};
static const int first_counter[COUNTED] = {0, 2, 6, 14, 30, 94, 350};
static const int history_orders[HISTORIES] = {12, 14, 16, 18, 20};
static const float rates[RATES] = {0.02f, 0.002f};
static const float first_weight = 0.15f;

/* A chance in the upper 22 bits; below, how often it was brought up to date, which sets its step. */
typedef uint32_t counter;
static const counter fresh = 1u << 31 | 6;

typedef mixing_inputs inputs;
_Static_assert((int)INPUTS == (int)MIXING_WIDE, "one vector");

typedef struct {
    uint8_t histories[BYTES]; /* first: 64 that differ in their newest six bits share a cache line */
    mixing_looks look;
    uint64_t kind, watched; /* bits watched so far */
    uint64_t recent;        /* the last 64 bits, the newest lowest */
    uint64_t missed;        /* what the match foretold wrongly, as `recent` */
    uint32_t lanes, lane, matching, from, age;
    uint32_t odd, even; /* bits at lags 1, 3, ... and 2, 4, ..., the newest lowest */
    double g;
    double m[BETS];
    uint64_t quiet[BETS];
    float weight[RATES][2][INPUTS];
    float stretch[4096], squash[MIXING_STEPS];
    uint32_t step[STEPS];
    counter counted[COUNTERS], worth[HISTORIES][64], match[AGES][MOST_MISSES + 1];
    counter apart[APART][1 << LOG2_APART];
    uint8_t kept[KEPT / 8 + 8]; /* the bit watched with index i at i mod KEPT; 8 bytes once more behind */
    uint32_t slots[1 << LOG2_SLOTS];
} context;

size_t qrng_context_state_bytes(void) {
    return sizeof(context);
}

static void fill_tables(context *b) {
    mixing_fill(b->squash);
    for (int i = 0, at = 0; i < 4096; i++) { /* where the logistic function, between its steps, is i + 1/2 */
        const float p = ((float)i + 0.5f) / 4096;
        while (b->squash[at + 1] < p && at + 1 < MIXING_STEPS - 2)
            at++;
        const float low = b->squash[at], high = b->squash[at + 1];
        b->stretch[i] = ((float)at + (p - low) / (high - low)) / MIXING_GRID - MIXING_RANGE;
    }
    for (uint32_t i = 0; i < STEPS; i++)
        b->step[i] = (uint32_t)(65536 / (i + 1.5));
}

static void freshen(counter *c, size_t n) {
    for (size_t i = 0; i < n; i++)
        c[i] = fresh;
}

int qrng_context_init(void *state, uint32_t lanes, double g, uint64_t every) {
    context *b = state;
    if (lanes < 1 || lanes > QRNG_HEALTH_MAX_LANES || !(g >= 0.5 && g < 1) || every < LOOK ||
        every > (uint64_t)1 << 40)
        return QRNG_EINVAL;
    memset(b, 0, sizeof *b);
    b->kind = CONTEXT_KIND;
    b->lanes = lanes;
    b->g = g;
    mixing_begin(&b->look, LOOK, every);
    fill_tables(b);
    freshen(b->counted, COUNTERS);
    for (int o = 0; o < HISTORIES; o++)
        freshen(b->worth[o], 64);
    for (int a = 0; a < AGES; a++)
        freshen(b->match[a], MOST_MISSES + 1);
    for (int a = 0; a < APART; a++)
        freshen(b->apart[a], 1 << LOG2_APART);
    memset(b->histories, 1, sizeof b->histories);
    for (int r = 0; r < RATES; r++)
        for (int i = 0; i < INPUTS; i++)
            b->weight[r][0][i] = b->weight[r][1][i] = first_weight;
    return QRNG_OK;
}

/* Whatever indexes memory, or ends a loop. */
int qrng_context_check(const void *state, size_t bytes) {
    const context *b = state;
    if (bytes != sizeof *b || b->kind != CONTEXT_KIND || b->lanes < 1 || b->lanes > QRNG_HEALTH_MAX_LANES ||
        b->lane >= b->lanes || !(b->g >= 0.5 && b->g < 1) || !mixing_looks_valid(&b->look, LOOK) ||
        b->from >= KEPT || !mixing_filled(b->squash) ||
        (b->matching && __builtin_popcountll(b->missed) > MOST_MISSES))
        return QRNG_EINVAL;
    for (size_t i = 0; i < BYTES; i++)
        if (b->histories[i] < 1 || b->histories[i] > 63)
            return QRNG_EINVAL;
    for (int i = 0; i < 1 << LOG2_SLOTS; i++)
        if (b->slots[i] >= KEPT)
            return QRNG_EINVAL;
    return QRNG_OK;
}

static inline void learn(counter *c, const uint32_t *step, unsigned bit) {
    const uint32_t n = *c % STEPS;
    const int64_t p = *c / STEPS, off = (int64_t)(((1u << 22) - 1) & (0 - bit)) - p;
    *c = (uint32_t)(p + ((off * step[n]) >> 16)) * STEPS + n + (n < STEPS - 1);
}

static inline unsigned kept_bit(const context *b, uint64_t index) {
    const uint32_t at = (uint32_t)(index % KEPT);
    return b->kept[at / 8] >> (7 - at % 8) & 1;
}

/* The 64 bits watched before that index, the last of them lowest. */
static inline uint64_t kept_before(const context *b, uint32_t index) {
    const uint32_t at = (index - 64) % KEPT;
    const uint64_t word = qrng_load_be64(b->kept + at / 8);
    return at % 8 ? word << at % 8 | b->kept[at / 8 + 8] >> (8 - at % 8) : word;
}

static inline void keep(context *b, unsigned bit) {
    const uint32_t at = (uint32_t)(b->watched % KEPT);
    b->kept[at / 8] = (uint8_t)((b->kept[at / 8] & ~(0x80u >> at % 8)) | bit << (7 - at % 8));
    if (at < 64)
        b->kept[KEPT / 8 + at / 8] = b->kept[at / 8];
}

static inline uint32_t slot_of(uint64_t recent) {
    return (uint32_t)(recent % (1u << WINDOW)) * 0x9e3779b1u >> (32 - LOG2_SLOTS);
}

/* Behind each 001, every eighth place of a fair source, one bit late so that the slot has arrived: look up
 * what followed these bits before. */
static void look_up(context *b) {
    const uint64_t recent = b->recent >> 1;
    uint32_t *slot = &b->slots[slot_of(recent)];
    const uint32_t then = *slot;
    *slot = (uint32_t)((b->watched - 1) % KEPT);
    if (b->matching)
        return;
    const uint64_t differ = (kept_before(b, then) ^ recent) << 1 | (kept_bit(b, then) ^ (b->recent & 1));
    if (differ >> 1 & ((1u << WINDOW) - 1) || __builtin_popcountll(differ) > FIRST_MISSES)
        return;
    b->matching = 1;
    b->from = (then + 1) % KEPT;
    b->missed = differ;
    b->age = 0;
}

/* The counters that foretell the next bit, all but the match model's; in_history[o]: histories to be brought
 * up. */
static inline void find_counters(context *b, counter **used, uint8_t **in_history) {
    const uint64_t recent = b->recent;
    uint8_t *histories = b->histories;
    for (int o = 0; o < COUNTED; o++)
        used[o] = &b->counted[first_counter[o] + (recent & ((1u << counted_orders[o]) - 1))];
    for (int o = 0; o < HISTORIES; o++) {
        const uint64_t mask = ((uint64_t)1 << history_orders[o]) - 1;
        in_history[o] = &histories[recent & mask];
        __builtin_prefetch(&histories[recent << 6 & mask], 1); /* holds the place of six bits on */
        used[COUNTED + o] = &b->worth[o][*in_history[o]];
        histories += mask + 1;
    }
    counter *const none[3] = {b->apart[0], b->apart[1], b->apart[2]};
    counter **apart = used + COUNTED + HISTORIES;
    if (b->lanes == 1) {
        apart[0] = none[0] + b->odd % 2048;
        apart[1] = none[1] + b->even % 2048;
        apart[2] = none[2] + ((recent >> 7 & 0x0101010101010101u) * 0x0102040810204080u >> 56);
    } else {
        const uint64_t n = b->lanes, now = b->watched;
        const uint32_t lane = b->lane * 16, before = kept_bit(b, now - n);
        const uint32_t own = before << 3 | kept_bit(b, now - 2 * n) << 2 | kept_bit(b, now - 3 * n) << 1 |
                             kept_bit(b, now - 4 * n);
        const uint32_t near =
            before << 3 | kept_bit(b, now - n - 1) << 2 | kept_bit(b, now - n + 1) << 1 | (recent & 1);
        apart[0] = none[0] + (lane | own) % (1 << LOG2_APART);
        apart[1] = none[1] + (lane | recent % 16) % (1 << LOG2_APART);
        apart[2] = none[2] + (lane | near) % (1 << LOG2_APART);
    }
}

/* The bets of both mixtures on one bit, settled; returns the sum of the e-detectors. */
static inline double settle(context *b, const float *in, int matching, unsigned bit) {
    const double fresh_bets = (double)b->look.idle + 1, g = b->g;
    inputs x, w;
    double sum = 0;
    memcpy(&x, in, sizeof x);
    for (int r = 0; r < RATES; r++) {
        memcpy(&w, b->weight[r][matching], sizeof w);
        const inputs product = w * x;
        const float q = mixing_squashed(b->squash, mixing_sum(&product));
        const float slope = rates[r] * ((float)bit - q);
        w += x * slope;
        memcpy(b->weight[r][matching], &w, sizeof w);
        for (int s = 0; s < 2; s++) {
            double *m = &b->m[2 * r + s];
            *m = mixing_paid(q, s ? 0.5 : 1, bit, g) * (*m + fresh_bets);
            sum += *m;
        }
    }
    b->look.idle = 0;
    return sum;
}

static void watch(context *b, unsigned bit) {
    counter *used[INPUTS];
    uint8_t *in_history[HISTORIES];
    float in[INPUTS];
    const int matching = b->matching != 0;
    const unsigned foretold = matching ? kept_bit(b, b->from) : 0;
    const uint32_t misses = matching ? (uint32_t)__builtin_popcountll(b->missed) : 0;
    find_counters(b, used, in_history);
    used[MATCH] = &b->match[b->age < 16 ? 0 : b->age < 48 ? 1 : 2][misses];
    for (int i = 0; i < INPUTS; i++)
        in[i] = b->stretch[*used[i] >> 20];
    in[MATCH] = !matching ? 0 : foretold ? in[MATCH] : -in[MATCH];
    b->look.total = settle(b, in, matching, bit) / BETS;

    for (int i = 0; i < MATCH; i++)
        learn(used[i], b->step, bit);
    for (int o = 0; o < HISTORIES; o++) {
        const unsigned h = *in_history[o] * 2u | bit; /* the leading one tells how many bits there are */
        *in_history[o] = (uint8_t)(h < 64 ? h : 32 | (h & 31));
    }
    if (matching) {
        learn(used[MATCH], b->step, foretold == bit);
        b->missed = b->missed << 1 | (foretold != bit);
        b->age += b->age < 48;
        b->from = (b->from + 1) % KEPT;
        b->matching = __builtin_popcountll(b->missed) <= MOST_MISSES;
    }
    keep(b, bit);
    const uint32_t even = b->even;
    b->even = b->odd;
    b->odd = even << 1 | bit;
    b->recent = b->recent << 1 | bit;
    b->watched++;
    b->look.seen++;
    b->lane = b->lane + 1 == b->lanes ? 0 : b->lane + 1;
    if (b->recent % 8 == 1)
        __builtin_prefetch(&b->slots[slot_of(b->recent)], 1);
    else if (b->recent / 2 % 8 == 1)
        look_up(b);
}

/* n bits that nobody looks at, fewer where the gap ends or the total reaches the threshold. */
static uint64_t skip(context *b, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    double m = 0;
    for (int k = 0; k < BETS; k++)
        m += b->m[k] / BETS;
    n = mixing_skip(&b->look, m, n, threshold);
    b->lane = (uint32_t)((b->lane + n) % b->lanes);
    for (uint64_t i = n < 64 ? 0 : n - 64; i < n; i++)
        b->recent = b->recent << 1 | (src[(src_bit + i) / 8] >> (7 - (src_bit + i) % 8) & 1);
    return n;
}

/* Back from a gap: what lies apart is gathered again, and the match is of other bits. */
static void resume(context *b) {
    b->matching = 0;
    b->odd = b->even = 0;
    for (int i = 15; i >= 0; i--) {
        b->odd = b->odd << 1 | (uint32_t)(b->recent >> (2 * i) & 1);
        b->even = b->even << 1 | (uint32_t)(b->recent >> (2 * i + 1) & 1);
    }
    mixing_resume(&b->look);
}

uint64_t qrng_context_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    context *b = state;
    for (uint64_t i = 0; i < n;) {
        if (b->look.skipping) {
            i += skip(b, src, src_bit + i, n - i, threshold);
            if (b->look.left == 0)
                resume(b);
        } else {
            watch(b, src[(src_bit + i) / 8] >> (7 - (src_bit + i) % 8) & 1);
            i++;
            if (b->look.seen % 32 == 0)
                for (int k = 0; k < BETS; k++)
                    b->quiet[k] = b->m[k] <= MIXING_QUIET + b->look.before ? b->look.seen : b->quiet[k];
            if (--b->look.left == 0)
                mixing_decide(&b->look);
        }
        if (b->look.total >= threshold)
            return i - 1;
    }
    return n;
}

void qrng_context_leader(const void *state, qrng_evidence *found) {
    const context *b = state;
    uint32_t best = 0;
    for (uint32_t k = 1; k < BETS; k++)
        best = b->m[k] > b->m[best] ? k : best;
    *found = (qrng_evidence){.total = b->look.total, .quiet = b->quiet[best], .bet = best};
    const float *weight = b->weight[best / 2][b->matching != 0];
    float most = -1;
    for (uint32_t i = 0; i < INPUTS; i++) {
        const float size = weight[i] < 0 ? -weight[i] : weight[i];
        if (size > most && (b->matching || i != MATCH)) {
            most = size;
            found->feature = i;
        }
    }
}
