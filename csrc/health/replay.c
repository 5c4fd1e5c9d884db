/* Replay: the last 2^24 bits are kept, and where the latest 32 stood among them before, bets on the next bits
 * being those that came then. Where to look is decided by the bits themselves: behind each 0001 (every
 * sixteenth place of a fair source) the 32 bits so far are looked up in a table of such places and entered
 * into it, so a repetition is met at any lag, whatever its alignment. Two bets are settled with every bit:
 * one that a miss ends, and one that goes on as long as at most MOST_MISSES of the last 64 bits were foretold
 * wrongly, whose belief is what these say, for a recording or an echo with noise on it. */
#include <stddef.h>
#include <string.h>

#include "bits/bits.h"
#include "qrng.h"

#define REPLAY_KIND 0x32304c5052514e52u

enum {
    LOG2_KEPT = 24,
    LOG2_SLOTS = 20,
    KEPT = 1 << LOG2_KEPT,
    SLOTS = 1 << LOG2_SLOTS,
    WINDOW = 32,                 /* bits that must have stood there before */
    CHUNK = 1024,                /* bits taken at once */
    MOST = CHUNK / 4 + 1,        /* places in a chunk: two patterns don't overlap */
    FARTHEST = KEPT - 2 * CHUNK, /* bits ahead in the chunk are stored already, over the oldest */
    FIRST_MISSES =
        16, /* of the 64 bits with which the second bet begins; chance, 16 of the 32 that are new */
    MOST_MISSES = 24,
    BETS = 2
};

typedef struct {
    uint64_t idle, quiet; /* idle: bits since the last one that was bet on, each a new bet not yet staked */
    uint64_t missed;      /* of the last 64 bits foretold, the newest lowest */
    uint32_t matching, from; /* the bet is on; place in `kept` of the bit that it foretells */
    uint32_t lag, unused;    /* of the bet that is on or was last */
    double m;                /* the detector with the last bit bet on */
} bet;

typedef struct {
    uint64_t kind, seen;
    uint64_t recent; /* the last 64 bits, the newest lowest */
    double g;
    bet bets[BETS];
    uint8_t kept[KEPT / 8 + 16]; /* the bit with index i at i mod KEPT; the first 16 bytes once more behind */
    uint32_t slots[SLOTS];       /* place in the low 24 bits, a part of the window's hash above */
} replay;

size_t qrng_replay_state_bytes(void) {
    return sizeof(replay);
}

size_t qrng_replay_kept_at(void) {
    return offsetof(replay, kept);
}

int qrng_replay_init(void *state, double g) {
    replay *b = state;
    if (!(g >= 0.5 && g < 1))
        return QRNG_EINVAL;
    memset(b, 0, sizeof *b);
    b->kind = REPLAY_KIND;
    b->g = g;
    return QRNG_OK;
}

static int is_sound(const bet *x) {
    return x->from < KEPT && x->lag <= FARTHEST && (!x->matching || x->lag > 0);
}

int qrng_replay_check(const void *state, size_t bytes) {
    const replay *b = state;
    return bytes == sizeof *b && b->kind == REPLAY_KIND && b->g >= 0.5 && b->g < 1 && is_sound(&b->bets[0]) &&
                   is_sound(&b->bets[1])
               ? QRNG_OK
               : QRNG_EINVAL;
}

/* The same sums however a stream is cut. */
static double value(const bet *x) {
    return x->m + (double)x->idle;
}

static double total(const replay *b) {
    return (value(&b->bets[0]) + value(&b->bets[1])) / BETS;
}

/* 64 bits from any place. */
static uint64_t bits_at(const replay *b, uint32_t place) {
    const uint8_t *p = b->kept + place / 8;
    const uint64_t word = qrng_load_be64(p);
    return place % 8 ? word << place % 8 | p[8] >> (8 - place % 8) : word;
}

typedef struct {
    uint32_t after; /* bits of the chunk up to and with the pattern's last */
    uint32_t window, hash;
} found_place;

/* Every place of the chunk, `n` bits from place `at` on; the table's lines are fetched ahead. */
static uint32_t find(const replay *b, uint32_t at, uint32_t n, found_place *places) {
    uint32_t count = 0;
    uint64_t before = b->recent;
    for (uint32_t i = 0; i < n; i += 64) {
        const uint64_t w = bits_at(b, at + i);
        uint64_t ends = w & ~(w >> 1 | before << 63) & ~(w >> 2 | before << 62) & ~(w >> 3 | before << 61);
        if (n - i < 64)
            ends &= ~(UINT64_MAX >> (n - i));
        while (ends) {
            const uint32_t j = (uint32_t)__builtin_clzll(ends);
            const uint32_t window = (uint32_t)((j < 63 ? before << (j + 1) : 0) | w >> (63 - j));
            const uint32_t hash = (window ^ window >> 15) * 0x9e3779b1u;
            places[count++] = (found_place){i + j + 1, window, hash};
            __builtin_prefetch(&b->slots[hash >> (32 - LOG2_SLOTS)], 1);
            ends &= ~((uint64_t)1 << (63 - j));
        }
        before = w;
    }
    return count;
}

/* Look the window that ends before `place` up, unless both bets are on; enter it. */
static void look(replay *b, const found_place *found, uint32_t place) {
    uint32_t *slot = &b->slots[found->hash >> (32 - LOG2_SLOTS)];
    const uint32_t entry = *slot, tag = found->hash << LOG2_KEPT, then = entry & (KEPT - 1);
    *slot = tag | place;
    if ((b->bets[0].matching && b->bets[1].matching) || (entry ^ tag) >> LOG2_KEPT)
        return;
    const uint32_t lag = (place - then) & (KEPT - 1);
    if (lag == 0 || lag > FARTHEST || bits_at(b, (then - WINDOW) & (KEPT - 1)) >> 32 != found->window)
        return;
    const uint64_t differ = bits_at(b, (then - 64) & (KEPT - 1)) ^ bits_at(b, (place - 64) & (KEPT - 1));
    for (int k = 0; k < BETS; k++) {
        bet *x = &b->bets[k];
        if (x->matching || (k == 1 && __builtin_popcountll(differ) > FIRST_MISSES))
            continue;
        x->matching = 1;
        x->from = then;
        x->lag = lag;
        x->missed = differ;
        if (value(x) <= (double)b->seen)
            x->quiet = b->seen - WINDOW;
    }
}

/* Each bet that is on, on one bit; the others wait. */
static void settle(replay *b, unsigned bit) {
    for (int k = 0; k < BETS; k++) {
        bet *x = &b->bets[k];
        if (!x->matching) {
            x->idle++;
            continue;
        }
        const unsigned foretold = b->kept[x->from / 8] >> (7 - x->from % 8) & 1;
        const int misses = __builtin_popcountll(x->missed);
        const double q = k == 0 ? b->g + 0.97 * (1 - b->g) : 1 - (misses + 2) / 68.0;
        const double paid = bit == foretold ? q / b->g : (1 - q) / (1 - b->g);
        x->m = (q > b->g ? paid : 1) * (value(x) + 1);
        x->idle = 0;
        x->missed = x->missed << 1 | (bit != foretold);
        x->matching = k == 0 ? bit == foretold : __builtin_popcountll(x->missed) <= MOST_MISSES;
        x->from = (x->from + 1) & (KEPT - 1);
    }
    b->seen++;
}

static void keep(replay *b, uint32_t at, const uint8_t *src, uint64_t src_bit, uint32_t n) {
    qrng_bits_copy(b->kept, at, src, src_bit, n);
    if (at < 128)
        memcpy(b->kept + KEPT / 8, b->kept, 16);
}

/* Whole chunk, or up to the bit with which the total reaches the threshold; returns how many bits were taken.
 */
static uint32_t take(replay *b, uint32_t at, uint32_t n, double threshold) {
    found_place places[MOST];
    const uint32_t count = find(b, at, n, places);
    uint32_t i = 0;
    for (uint32_t k = 0; i < n;) {
        const uint32_t stop = k < count ? places[k].after : n;
        for (; (b->bets[0].matching || b->bets[1].matching) && i < stop; i++) {
            settle(b, b->kept[(at + i) / 8] >> (7 - (at + i) % 8) & 1);
            if (total(b) >= threshold)
                return i + 1;
        }
        for (int x = 0; x < BETS; x++)
            b->bets[x].idle += stop - i;
        b->seen += stop - i;
        i = stop;
        if (k < count)
            look(b, &places[k++], (at + i) & (KEPT - 1));
        if (total(b) >= threshold)
            return i;
    }
    return n;
}

uint64_t qrng_replay_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    replay *b = state;
    for (uint64_t i = 0; i < n;) {
        const uint32_t at = (uint32_t)(b->seen & (KEPT - 1));
        uint64_t chunk = n - i < CHUNK ? n - i : CHUNK;
        chunk = chunk < KEPT - at ? chunk : KEPT - at;
        keep(b, at, src, src_bit + i, (uint32_t)chunk);
        const uint32_t taken = take(b, at, (uint32_t)chunk, threshold);
        b->recent = bits_at(b, (at + taken - 64) & (KEPT - 1));
        i += taken;
        if (total(b) >= threshold)
            return i - 1;
    }
    return n;
}

void qrng_replay_rebuild(void *state) {
    replay *b = state;
    const uint64_t seen = b->seen, recent = b->recent;
    const uint32_t matching[BETS] = {b->bets[0].matching, b->bets[1].matching};
    const uint64_t first = seen < KEPT ? 0 : (seen - KEPT + CHUNK - 1) / CHUNK * CHUNK;
    found_place places[MOST];
    memcpy(b->kept + KEPT / 8, b->kept, 16);
    memset(b->slots, 0, sizeof b->slots);
    b->bets[0].matching = b->bets[1].matching = 1; /* enters, and looks nothing up */
    b->recent = 0;
    for (uint64_t i = first; i < seen; i += CHUNK) {
        const uint32_t at = (uint32_t)(i & (KEPT - 1));
        const uint32_t count = find(b, at, (uint32_t)(seen - i < CHUNK ? seen - i : CHUNK), places);
        for (uint32_t k = 0; k < count; k++)
            look(b, &places[k], (at + places[k].after) & (KEPT - 1));
        b->recent = bits_at(b, (at + CHUNK - 64) & (KEPT - 1));
    }
    for (int k = 0; k < BETS; k++)
        b->bets[k].matching = matching[k];
    b->recent = recent;
}

void qrng_replay_leader(const void *state, qrng_evidence *found) {
    const replay *b = state;
    const uint32_t best = value(&b->bets[1]) > value(&b->bets[0]);
    *found = (qrng_evidence){
        .total = total(b), .quiet = b->bets[best].quiet, .feature = b->bets[best].lag, .bet = best};
}
