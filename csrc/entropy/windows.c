/* Repeats of a text, for the t-tuple and LRS estimates (SP 800-90B 6.3.5 and 6.3.6), where none is longer
 * than what fits in 64 bits: windows of 64 bits from every symbol on, sorted by radix, stand for the
 * suffixes.
 *
 * Windows are sorted in parts, by their first 12 bits, so that the part in work and not the whole is in
 * memory. */
#include <string.h>

#include "qrng.h"
#include "entropy/intervals.h"
#include "entropy/packed.h"
#include "entropy/radix.h"

enum { BIN_BITS = 12, BINS = 1 << BIN_BITS, WINDOW = 64 };

typedef struct {
    intervals tree;
    interval stack[WINDOW + 2];
    uint64_t key; /* the window before, and how many symbols it has */
    unsigned symbols, width;
    unsigned whole;        /* symbols of a whole window */
    int first, overrun;    /* overrun: two whole windows are equal */
    uint64_t ends[WINDOW]; /* the windows that the end of the text cuts, sorted; padded with zeros */
    unsigned end_symbols[WINDOW], end_count, end_next;
} scan;

static void visit(scan *s, uint64_t key, unsigned symbols) {
    uint64_t differ = key ^ s->key;
    unsigned common = differ ? (unsigned)__builtin_clzll(differ) / s->width : s->whole;
    common = common < symbols ? common : symbols;
    common = common < s->symbols ? common : s->symbols;
    if (!s->first)
        intervals_next(&s->tree, common);
    s->overrun |= !s->first && common == s->whole;
    s->first = 0;
    s->key = key;
    s->symbols = symbols;
}

static void visit_whole(scan *s, uint64_t key) {
    while (s->end_next < s->end_count && s->ends[s->end_next] <= key) {
        visit(s, s->ends[s->end_next], s->end_symbols[s->end_next]);
        s->end_next++;
    }
    visit(s, key, s->whole);
}

static uint64_t whole_windows(uint64_t n, unsigned width) {
    uint64_t symbols = WINDOW / width;
    return n < symbols ? 0 : n - symbols + 1;
}

void qrng_entropy_window_bins(uint64_t *bins, const uint8_t *packed, uint64_t n, unsigned width) {
    memset(bins, 0, BINS * sizeof *bins);
    uint64_t windows = whole_windows(n, width);
    for (uint64_t i = 0; i < windows; i++)
        bins[packed_word(packed, n * width, i * width) >> (WINDOW - BIN_BITS)]++;
}

/* Put the windows of bins first to last-1 at place[bin] of `keys`, in any order within a bin. */
static void gather(uint64_t *keys, const uint64_t *bins, unsigned first, unsigned last, uint64_t trash,
                   const uint8_t *packed, uint64_t n, unsigned width) {
    uint32_t place[BINS], step[BINS];
    uint64_t next = 0;
    for (unsigned b = 0; b < BINS; b++) {
        int wanted = first <= b && b < last;
        place[b] = (uint32_t)(wanted ? next : trash);
        step[b] = (uint32_t)wanted;
        next += wanted ? bins[b] : 0;
    }
    uint64_t bits = n * width, windows = whole_windows(n, width), end = windows * width;
    uint64_t keep = ~(uint64_t)0 << (WINDOW - WINDOW / width * width);
    for (uint64_t at = 0, base = 0; at < end; base += 64) {
        uint64_t word = packed_word(packed, bits, base),
                 after = base + 64 < bits ? packed_word(packed, bits, base + 64) : 0;
        uint64_t stop = base + 64 < end ? base + 64 : end;
        for (; at < stop; at += width) {
            unsigned t = (unsigned)(at - base);
            uint64_t key = (word << t | after >> 1 >> (63 - t)) & keep;
            unsigned bin = (unsigned)(key >> (WINDOW - BIN_BITS));
            keys[place[bin]] = key;
            place[bin] += step[bin];
        }
    }
}

static void collect_ends(scan *s, const uint8_t *packed, uint64_t n, unsigned width) {
    uint64_t keep = ~(uint64_t)0 << (WINDOW - WINDOW / width * width);
    for (uint64_t i = whole_windows(n, width); i < n; i++) {
        uint64_t key = packed_word(packed, n * width, i * width) & keep;
        unsigned symbols = (unsigned)(n - i), j = s->end_count++;
        for (; j && (s->ends[j - 1] > key || (s->ends[j - 1] == key && s->end_symbols[j - 1] > symbols));
             j--) {
            s->ends[j] = s->ends[j - 1];
            s->end_symbols[j] = s->end_symbols[j - 1];
        }
        s->ends[j] = key;
        s->end_symbols[j] = symbols;
    }
}

int qrng_entropy_window_repeats(uint64_t *largest, uint64_t *pairs, const uint8_t *packed, uint64_t n,
                                unsigned width, const uint64_t *bins, uint64_t *keys, uint64_t capacity,
                                uint64_t *spare) {
    if (width < 1 || width > 8 || n > INT32_MAX || capacity >= UINT32_MAX)
        return QRNG_EINVAL;
    scan s = {.first = 1, .width = width, .whole = WINDOW / width};
    intervals_begin(&s.tree, largest, pairs, s.stack);
    collect_ends(&s, packed, n, width);
    for (unsigned first = 0, last; first < BINS; first = last) {
        uint64_t held = 0;
        for (last = first; last < BINS && held + bins[last] <= capacity; last++)
            held += bins[last];
        if (last == first)
            return QRNG_EINVAL; /* a bin alone is larger than the buffer */
        if (!held)
            continue;
        gather(keys, bins, first, last, capacity, packed, n, width);
        uint64_t *bin = keys;
        for (unsigned b = first; b < last; bin += bins[b++]) {
            qrng_radix_sort(bin, spare, bins[b], WINDOW - BIN_BITS - 8);
            for (uint64_t i = 0; i < bins[b]; i++)
                visit_whole(&s, bin[i]);
            if (s.overrun)
                return QRNG_EFULL;
        }
    }
    while (s.end_next < s.end_count) {
        visit(&s, s.ends[s.end_next], s.end_symbols[s.end_next]);
        s.end_next++;
    }
    intervals_next(&s.tree, 0);
    return QRNG_OK;
}
