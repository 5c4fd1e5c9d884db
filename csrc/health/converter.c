/* E-detectors for symbols of 2 to 8 bits that know what goes wrong with a converter, so that they need not
 * learn each code's probability anew: bits that are held, hold on or toggle, steps, rails, a few codes again
 * and again, and noise that narrows or can be foretold. What they believe they make from the codes that came
 * before (converter_beliefs.c). Payoffs are qrng_payoff's, the log-optimal ones against the claim; a payoff
 * that is fixed by value serves differences from a prediction too: for each past they are the codes in
 * another order. */
#include <math.h>
#include <string.h>

#include "cpu/kernels.h"
#include "health/converter.h"
#include "qrng.h"

#define CONVERTER_KIND 0x3130544e56434e51u

enum {
    BLOCK = 32,       /* codes between two looks at what was learned */
    SLOW = 8 * BLOCK, /* for what is learned slowly */
    REBUILD = 4096,   /* codes between two references, but fewer at first */
    SEEN_BEHIND = 2,  /* codes that a tree has seen of each bit before it began, as in the reference */
    FILTERS = 2,      /* linear predictions */
    LONGEST = 32,     /* of them, in codes */
    KEPT = 256,       /* places for the past: it moves down, and at the bottom is put back up */
    TURNS = 8,        /* Gaussians for one of two or four interleaved converters */
    TREES = 2,
    WINDOWS = 3,
    STAKES = 2,
    ATOMS = WINDOWS * STAKES,
    RING = 64 /* codes kept for them */
};

/* The experts in order: Gaussians about each prediction, about the first in turns; fixed beliefs; bits that
 * stay; bits that toggle; trees; atoms. */
enum {
    TURN = FILTERS * CONVERTER_SPREADS,
    FIXED = TURN + TURNS,
    STAY = FIXED + CONVERTER_FIXED,
    TOGGLE = STAY + CONVERTER_HELD,
    TREE = TOGGLE + CONVERTER_HELD,
    ATOM = TREE + TREES,
    EXPERTS = ATOM + ATOMS
};
_Static_assert((int)EXPERTS == (int)CONVERTER_EXPERTS, "the kernels' number of experts");

/* Every how many codes, which of these, and which Gaussian. */
static const struct {
    uint32_t of, turn, spread;
} turns[TURNS] = {{2, 0, 6}, {2, 1, 6}, {2, 0, 10}, {2, 1, 10}, {4, 0, 9}, {4, 1, 9}, {4, 2, 9}, {4, 3, 9}};
static const int order[FILTERS] = {8, LONGEST};
static const double memory[FILTERS] = {1.0 / 128, 1.0 / 1024};
/* Kept of a tree's counts after each block: memories of 128 and 1024 codes. */
static const double tree_keep[TREES] = {1 - 1.0 / 4, 1 - 1.0 / 32};
/* Codes that come again among so many are believed in with this stake. */
static const uint32_t window[WINDOWS] = {1, 16, 64};
static const double stake[WINDOWS][STAKES] = {{0.125, 0.5}, {0.3, 0.8}, {0.3, 0.8}};
/* The bit that each column of bits that are held is about. */
static const uint32_t bit_of[CONVERTER_HELD] = {1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 64, 64, 128, 128};
/* Prior of predictions and of fixed beliefs; bits over time, trees and atoms share the rest. */
static const double third = 1.0 / 3;

typedef struct {
    uint64_t kind, seen, due;                   /* due: codes after which the reference is made anew */
    uint32_t symbols, fill, before, at, newest; /* at: place of the next code in the ring */
    uint32_t least[ATOMS], codes[ATOMS],
        among[ATOMS]; /* times that make an atom, atoms, codes that are atoms */
    uint8_t ring[RING], block[BLOCK];
    double g, total, mean;
    /* An atom's belief each time that it came, what it is paid for that, 1 / (1 - g atoms). */
    double each[ATOMS], wins[ATOMS], room[RING + 1];
    double m[EXPERTS], weight[EXPERTS];
    uint64_t quiet[EXPERTS];
    double past[KEPT]; /* codes less their mean, the newest first, from `newest` on */
    double power[FILTERS],
        product[FILTERS][LONGEST]; /* means of squares, and of products with a code before */
    double tap[FILTERS][LONGEST];
    double counts[CONVERTER_MOST], reference[CONVERTER_MOST], healthy[4 * CONVERTER_BITS];
    double counted[TREES][4 * CONVERTER_BITS];
    float tree[TREES][CONVERTER_MOST];
    float fixed[CONVERTER_MOST * CONVERTER_FIXED], gaussian[CONVERTER_MOST * CONVERTER_SPREADS];
    uint32_t fresh[CONVERTER_MOST]; /* counts since the reference was made */
    uint16_t times[WINDOWS][CONVERTER_MOST];
} converter;

size_t qrng_converter_state_bytes(void) {
    return sizeof(converter);
}

static void refer(converter *b) {
    converter_reference(b->reference, b->counts, b->symbols);
    converter_fixed(b->fixed, b->reference, b->symbols, b->g);
    converter_healthy(b->healthy, b->reference, b->symbols);
}

static void grow(converter *b, int i) {
    converter_tree(b->tree[i], b->counted[i], SEEN_BEHIND, b->healthy, b->reference, b->symbols, b->g);
}

static void share_out(converter *b, uint32_t from, uint32_t to, uint32_t active, double part) {
    for (uint32_t e = from; e < to; e++)
        b->weight[e] = part / active;
}

int qrng_converter_init(void *state, uint32_t symbols, double g) {
    converter *b = state;
    if (symbols < 4 || symbols > CONVERTER_MOST || (symbols & (symbols - 1)) || !(g < 1 && g * symbols >= 1))
        return QRNG_EINVAL;
    memset(b, 0, sizeof *b);
    b->kind = CONVERTER_KIND;
    b->symbols = symbols;
    b->g = g;
    b->mean = (symbols - 1) / 2.0;
    b->due = REBUILD / 16;
    const uint32_t held = CONVERTER_SHARES * converter_width(symbols);
    share_out(b, 0, FIXED, FIXED, third);
    share_out(b, FIXED, STAY, 2 * held + CONVERTER_STEPS + CONVERTER_RAILS + CONVERTER_SCALES, third);
    share_out(b, STAY, TREE, 2 * held, third / 3);
    share_out(b, TREE, ATOM, TREES, third / 3);
    share_out(b, ATOM, EXPERTS, ATOMS, third / 3);
    for (int i = 0; i < ATOMS; i++) {
        b->each[i] = stake[i / STAKES][i % STAKES] / window[i / STAKES];
        b->wins[i] = b->each[i] / g;
        b->least[i] = (uint32_t)ceil(g / b->each[i]); /* for a belief of g or more */
    }
    for (int codes = 0; codes <= RING; codes++) /* there are never so many atoms that none is left */
        b->room[codes] = g * codes < 1 ? 1 / (1 - g * codes) : 0;
    converter_gaussians(b->gaussian, symbols, g);
    refer(b);
    for (int i = 0; i < TREES; i++)
        grow(b, i);
    return QRNG_OK;
}

int qrng_converter_check(const void *state, size_t bytes) {
    const converter *b = state;
    if (bytes != sizeof *b || b->kind != CONVERTER_KIND || b->symbols < 4 || b->symbols > CONVERTER_MOST ||
        (b->symbols & (b->symbols - 1)) || b->before >= b->symbols || b->at >= RING ||
        b->newest > KEPT - LONGEST || b->fill != b->seen % BLOCK)
        return QRNG_EINVAL;
    for (int i = 0; i < RING; i++)
        if (b->ring[i] >= b->symbols || b->block[i % BLOCK] >= b->symbols)
            return QRNG_EINVAL;
    return QRNG_OK;
}

/* The filter of least mean square error for these mean products (Levinson 1946, Durbin 1960). */
static void solve(double *tap, double power, const double *product, int most) {
    double error = power * (1 + 0x1p-10) + 1, old[LONGEST];
    memset(tap, 0, sizeof old);
    for (int i = 0; i < most; i++) {
        double next = product[i];
        for (int j = 0; j < i; j++)
            next -= tap[j] * product[i - 1 - j];
        const double reflected = next / error;
        if (!(reflected > -1 && reflected < 1))
            return;
        memcpy(old, tap, sizeof old);
        for (int j = 0; j < i; j++)
            tap[j] -= reflected * old[i - 1 - j];
        tap[i] = reflected;
        error *= 1 - reflected * reflected;
    }
}

/* Difference of the code from what a filter foretells. */
static uint32_t around(const converter *b, const converter_steps *steps, int filter, uint32_t x) {
    const double foretold = b->mean + steps->foretell(b->tap[filter], b->past + b->newest, order[filter]);
    const double within = foretold > -1e6 && foretold < 1e6 ? foretold : 0;
    return (x - (uint32_t)(within + 0.5 + (1 << 20))) & (b->symbols - 1); /* 2^20 is 0 modulo any width */
}

static void follow(converter *b, const converter_steps *steps, uint32_t x) {
    b->mean += 1.0 / 1024 * (x - b->mean);
    const double now = x - b->mean;
    for (int f = 0; f < FILTERS; f++) {
        b->power[f] += memory[f] * (now * now - b->power[f]);
        steps->learn(b->product[f], b->past + b->newest, order[f], now, memory[f]);
    }
    if (b->newest-- == 0) {
        b->newest = KEPT - LONGEST;
        memcpy(b->past + b->newest + 1, b->past, (LONGEST - 1) * sizeof *b->past);
    }
    b->past[b->newest] = now;
}

/* Atoms are the codes that came `least` times or more among the last few; each is believed to come as often
 * again, with the expert's stake. What else is believed is left open: every other code pays what makes the
 * mean 1 where each atom has probability g. */
static float atom_pays(const converter *b, int i, uint32_t x) {
    const uint32_t times = b->times[i / STAKES][x];
    const double others = (1 - b->each[i] * b->among[i]) * b->room[b->codes[i] % (RING + 1)];
    return (float)((times >= b->least[i] ? b->wins[i] * times : others) * (1 - 0x1p-23));
}

static void atom_seen(converter *b, int w, uint32_t x, uint32_t more) {
    const uint32_t before = b->times[w][x], now = before + more;
    b->times[w][x] = (uint16_t)now;
    for (int i = w * STAKES; i < (w + 1) * STAKES; i++) {
        const uint32_t was = before >= b->least[i], is = now >= b->least[i];
        b->codes[i] += is - was;
        b->among[i] += is * now - was * before;
    }
}

static void keep_atoms(converter *b, uint32_t x) {
    for (int w = 0; w < WINDOWS; w++) {
        if (b->seen >= window[w])
            atom_seen(b, w, b->ring[(b->at + RING - window[w]) % RING], UINT32_MAX);
        atom_seen(b, w, x, 1);
    }
    b->ring[b->at] = (uint8_t)x;
    b->at = (b->at + 1) % RING;
}

static void end_block(converter *b) {
    const int slowly = b->seen % SLOW == 0;
    double counted[4 * CONVERTER_BITS] = {0};
    for (int t = 0; t < BLOCK; t++)
        for (uint32_t k = 0, x = b->block[t]; k < CONVERTER_BITS; k++)
            counted[4 * k + (x >> k & 3)]++;
    for (int i = 0; i < TREES; i++)
        for (int k = 0; k < 4 * CONVERTER_BITS; k++)
            b->counted[i][k] = b->counted[i][k] * tree_keep[i] + counted[k];
    for (int e = 0; e < EXPERTS; e++)
        if (b->m[e] <= REBUILD)
            b->quiet[e] = b->seen;
    if (b->seen >= b->due) {
        for (uint32_t x = 0; x < b->symbols; x++) /* a memory of 65,536 codes */
            b->counts[x] = b->counts[x] * (1 - 1.0 / 16) + b->fresh[x];
        memset(b->fresh, 0, sizeof b->fresh);
        b->due += b->due < REBUILD ? b->due : REBUILD;
        refer(b);
    }
    for (int i = 0; i < 2; i++)
        if (i == 0 || slowly) {
            solve(b->tap[i], b->power[i], b->product[i], order[i]);
            grow(b, i);
        }
}

/* What the experts on bits that stay and that toggle are paid: as those on bits held at what they were, or
 * were not. */
static void over_time(float *paid, const float *held, uint32_t before) {
    uint32_t at_0[CONVERTER_HELD], at_1[CONVERTER_HELD], stays[CONVERTER_HELD], toggles[CONVERTER_HELD];
    memcpy(at_0, held, sizeof at_0);
    memcpy(at_1, held + CONVERTER_HELD, sizeof at_1);
    for (uint32_t k = 0; k < CONVERTER_HELD; k++) {
        const uint32_t was = before & bit_of[k] ? UINT32_MAX : 0;
        stays[k] = (at_1[k] & was) | (at_0[k] & ~was);
        toggles[k] = (at_0[k] & was) | (at_1[k] & ~was);
    }
    memcpy(paid, stays, sizeof stays);
    memcpy(paid + CONVERTER_HELD, toggles, sizeof toggles);
}

uint64_t qrng_converter_scan(void *state, const uint8_t *symbols, uint64_t n, double threshold) {
    converter *b = state;
    const converter_steps *steps = qrng_kernels_get()->converter;
    float paid[EXPERTS];
    for (uint64_t i = 0; i < n; i++) {
        const uint32_t x = symbols[i] & (b->symbols - 1);
        for (int f = 0; f < FILTERS; f++)
            memcpy(paid + f * CONVERTER_SPREADS, b->gaussian + around(b, steps, f, x) * CONVERTER_SPREADS,
                   CONVERTER_SPREADS * sizeof *paid);
        for (int k = 0; k < TURNS; k++)
            paid[TURN + k] = (b->seen & (turns[k].of - 1)) == turns[k].turn ? paid[turns[k].spread] : 1;
        memcpy(paid + FIXED, b->fixed + x * CONVERTER_FIXED, CONVERTER_FIXED * sizeof *paid);
        over_time(paid + STAY, paid + FIXED, b->before);
        for (int k = 0; k < TREES; k++)
            paid[TREE + k] = b->tree[k][x];
        for (int k = 0; k < ATOMS; k++)
            paid[ATOM + k] = atom_pays(b, k, x);
        b->total = steps->pay(b->m, b->weight, paid);
        keep_atoms(b, x);
        follow(b, steps, x);
        b->before = x;
        b->fresh[x]++;
        b->block[b->fill] = (uint8_t)x;
        b->seen++;
        if (++b->fill == BLOCK) {
            b->fill = 0;
            end_block(b);
        }
        if (b->total >= threshold)
            return i;
    }
    return n;
}

void qrng_converter_leader(const void *state, qrng_evidence *found) {
    const converter *b = state;
    uint32_t best = 0;
    for (uint32_t e = 1; e < EXPERTS; e++)
        if (b->weight[e] * b->m[e] > b->weight[best] * b->m[best])
            best = e;
    const uint32_t held = (best - FIXED) % (2 * CONVERTER_HELD), step = best - FIXED - 2 * CONVERTER_HELD;
    *found = (qrng_evidence){.total = b->total, .quiet = b->quiet[best]};
    if (best < TURN) {
        found->feature = QRNG_CONVERTER_FORETOLD;
    } else if (best < FIXED) {
        found->feature = QRNG_CONVERTER_TURNS;
        found->bet = turns[best - TURN].of;
    } else if (best < FIXED + 2 * CONVERTER_HELD) {
        found->feature = held < CONVERTER_HELD ? QRNG_CONVERTER_AT_0 : QRNG_CONVERTER_AT_1;
        found->bet = held % CONVERTER_HELD / CONVERTER_SHARES;
    } else if (step < CONVERTER_STEPS) {
        found->feature = QRNG_CONVERTER_STEPS;
        found->bet = step < 3 ? 3 : step < 8 ? 5 : 7;
    } else if (step < CONVERTER_STEPS + CONVERTER_RAILS) {
        found->feature = QRNG_CONVERTER_RAILS;
    } else if (best < STAY) {
        found->feature = QRNG_CONVERTER_NARROWER;
    } else if (best < TREE) {
        found->feature = best < TOGGLE ? QRNG_CONVERTER_STAYS : QRNG_CONVERTER_TOGGLES;
        found->bet = (best - STAY) % CONVERTER_HELD / CONVERTER_SHARES;
    } else {
        found->feature = best < ATOM ? QRNG_CONVERTER_TREE : QRNG_CONVERTER_ATOMS;
    }
}
