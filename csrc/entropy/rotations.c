/* Sorting the rotations of a cyclic text: by windows as long as a key holds them, by radix; rotations with
 * equal windows by the ranks of what follows, the length compared doubling each time (Larsson, Sadakane
 * 2007). */
#include <string.h>

#include "entropy/bzip2.h"
#include "entropy/radix.h"

enum { FIRST_BITS = 16 }; /* of the window that the first pass sorts by */

static unsigned bits_of(uint64_t v) {
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* keys[i] = window of rotation i as a number in base k, above index_bits bits of i; returns the symbols of a
 * window and how many windows there can be. */
static unsigned make_keys(uint64_t *keys, const uint16_t *symbols, uint32_t n, uint64_t k,
                          unsigned index_bits, uint64_t *windows) {
    uint64_t top = 1, span = k, window = 0;
    unsigned length = 1;
    for (; span <= (~(uint64_t)0 >> index_bits) / k; length++) {
        top = span;
        span *= k;
    }
    uint32_t next = 0;
    for (unsigned j = 0; j < length; j++) {
        window = window * k + symbols[next];
        next = next + 1 < n ? next + 1 : 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        keys[i] = window << index_bits | i;
        window = (window - symbols[i] * top) * k + symbols[next];
        next = next + 1 < n ? next + 1 : 0;
    }
    *windows = span;
    return length;
}

/* Sort the keys of `width` bits into `spare`. */
static void sort_keys(bzip2_buffers *w, uint32_t n, unsigned width, unsigned first_bits) {
    unsigned shift = width - first_bits, lower = shift > 8 ? shift - 8 : 0;
    uint32_t *end = w->bins, sum = 0, count = (uint32_t)1 << first_bits;
    memset(end, 0, count * sizeof *end);
    for (uint32_t i = 0; i < n; i++)
        end[w->keys[i] >> shift]++;
    for (uint32_t b = 0; b < count; b++) {
        uint32_t size = end[b];
        end[b] = sum;
        sum += size;
    }
    for (uint32_t i = 0; i < n; i++)
        w->spare[end[w->keys[i] >> shift]++] = w->keys[i];
    for (uint32_t b = 0, from = 0; b < count; from = end[b++])
        if (end[b] - from > 1)
            qrng_radix_sort(w->spare + from, w->keys, end[b] - from, lower);
}

/* Groups are pairs of places in `order`, from and to, of rotations that agree in their first `length`
 * symbols. */
static void refine(bzip2_buffers *w, uint32_t *groups, uint32_t *found, uint32_t count, uint32_t n,
                   uint64_t length) {
    unsigned shift = 24 + bits_of(n - 1); /* a rank's highest byte */
    for (; count && length < n; length *= 2) {
        for (uint32_t g = 0; g < count; g++) {
            uint32_t from = groups[2 * g], to = groups[2 * g + 1];
            for (uint32_t p = from; p < to; p++) {
                uint32_t after = w->order[p] + (uint32_t)length;
                after -= after < n ? 0 : n;
                w->keys[p] = (uint64_t)w->rank[after] << 32 | w->order[p];
            }
            qrng_radix_sort(w->keys + from, w->spare, to - from, shift);
        }
        uint32_t next = 0;
        for (uint32_t g = 0; g < count; g++) {
            uint32_t to = groups[2 * g + 1];
            for (uint32_t p = groups[2 * g], head = p; p < to; p++) {
                if (w->keys[p] >> 32 != w->keys[head] >> 32)
                    head = p;
                w->order[p] = (uint32_t)w->keys[p];
                w->rank[w->order[p]] = head;
                if (p > head && (p + 1 == to || w->keys[p + 1] >> 32 != w->keys[p] >> 32)) {
                    found[2 * next] = head;
                    found[2 * next++ + 1] = p + 1;
                }
            }
        }
        uint32_t *swap = groups;
        groups = found;
        found = swap;
        count = next;
    }
}

void qrng_rotations_sort(bzip2_buffers *w, uint32_t n, unsigned k) {
    if (n == 1) {
        w->order[0] = 0;
        return;
    }
    unsigned index_bits = bits_of(n - 1);
    uint64_t windows, index = ((uint64_t)1 << index_bits) - 1;
    unsigned length = make_keys(w->keys, w->symbols, n, k < 2 ? 2 : k, index_bits, &windows);
    unsigned width = index_bits + bits_of(windows - 1);
    unsigned first_bits = index_bits < FIRST_BITS ? index_bits : FIRST_BITS;
    sort_keys(w, n, width, first_bits);

    uint32_t count = 0;
    for (uint32_t p = 0, head = 0; p < n; p++) {
        uint32_t i = (uint32_t)(w->spare[p] & index);
        w->order[p] = i;
        if ((w->spare[p] ^ w->spare[head]) >> index_bits)
            head = p;
        w->rank[i] = head;
        if (p > head && (p + 1 == n || (w->spare[p + 1] ^ w->spare[p]) >> index_bits)) {
            w->groups[2 * count] = head;
            w->groups[2 * count++ + 1] = p + 1;
        }
    }
    refine(w, w->groups, w->groups + 2 * (n / 2 + 1), count, n, length);
}
