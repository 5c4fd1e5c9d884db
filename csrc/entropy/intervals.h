/* Repeats of a text from its sorted suffixes: the lengths of common prefixes of neighbours, given in order,
 * form a tree of intervals, each a set of c suffixes that share L symbols and, as a set, no more (Abouelhoda,
 * Kurtz, Ohlebusch 2004). */
#ifndef QRNG_ENTROPY_INTERVALS_H
#define QRNG_ENTROPY_INTERVALS_H

#include "qrng.h"

typedef struct {
    uint64_t length, start;
} interval;

typedef struct {
    uint64_t *largest; /* largest[L]: most suffixes that share exactly L symbols */
    uint64_t *pairs;   /* sum of c(c-1)/2 at L, taken away again where the set is part of a larger one */
    interval *open;    /* open intervals, the outermost of length 0 */
    uint64_t top, index;
} intervals;

static inline void intervals_begin(intervals *s, uint64_t *largest, uint64_t *pairs, interval *stack) {
    *s = (intervals){.largest = largest, .pairs = pairs, .open = stack, .top = 0, .index = 0};
    stack[0] = (interval){0, 0};
}

/* The next suffix shares `common` symbols with the one before it. */
static inline void intervals_next(intervals *s, uint64_t common) {
    uint64_t start = s->index++, end = s->index;
    while (s->open[s->top].length > common) {
        interval done = s->open[s->top--];
        uint64_t outer = s->open[s->top].length > common ? s->open[s->top].length : common;
        uint64_t count = end - done.start, pairs = count * (count - 1) / 2;
        if (count > s->largest[done.length])
            s->largest[done.length] = count;
        s->pairs[done.length] += pairs;
        s->pairs[outer] -= pairs;
        start = done.start;
    }
    if (s->open[s->top].length < common)
        s->open[++s->top] = (interval){common, start};
}

#endif
