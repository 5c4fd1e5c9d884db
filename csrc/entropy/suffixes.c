/* Suffix array by induced sorting (Nong, Zhang, Chan 2009), lengths of common prefixes (Kärkkäinen, Manzini,
 * Puglisi 2009), and the repeats that follow: the t-tuple and LRS estimates (SP 800-90B 6.3.5 and 6.3.6) for
 * any text. */
#include <string.h>

#include "qrng.h"
#include "entropy/intervals.h"

typedef int32_t index_t;

/* Is the suffix smaller than the next one (type S)? One bit a suffix. */
static int is_s(const uint8_t *types, index_t i) {
    return types[i >> 3] >> (i & 7) & 1;
}
static void set_s(uint8_t *types, index_t i) {
    types[i >> 3] |= (uint8_t)(1 << (i & 7));
}
/* Leftmost S: an S whose predecessor is none. */
static int is_lms(const uint8_t *types, index_t i) {
    return i > 0 && is_s(types, i) && !is_s(types, i - 1);
}

/* Where each symbol's bucket starts (ends = 0) or ends. */
static void buckets(index_t *bucket, const index_t *text, index_t n, index_t alphabet, int ends) {
    memset(bucket, 0, (size_t)alphabet * sizeof *bucket);
    for (index_t i = 0; i < n; i++)
        bucket[text[i]]++;
    index_t sum = 0;
    for (index_t c = 0; c < alphabet; c++) {
        index_t size = bucket[c];
        bucket[c] = ends ? sum + size : sum;
        sum += size;
    }
}

/* From sorted LMS suffixes at the ends of their buckets to all suffixes. */
static void induce(index_t *sa, const index_t *text, index_t n, index_t alphabet, const uint8_t *types,
                   index_t *bucket) {
    buckets(bucket, text, n, alphabet, 0);
    for (index_t i = 0; i < n; i++) {
        index_t j = sa[i] - 1;
        if (sa[i] > 0 && !is_s(types, j))
            sa[bucket[text[j]]++] = j;
    }
    buckets(bucket, text, n, alphabet, 1);
    for (index_t i = n - 1; i >= 0; i--) {
        index_t j = sa[i] - 1;
        if (sa[i] > 0 && is_s(types, j))
            sa[--bucket[text[j]]] = j;
    }
}

static void clear(index_t *from, index_t n) {
    for (index_t i = 0; i < n; i++)
        from[i] = -1;
}

/* Are the pieces from one LMS position to the next equal? */
static int same_piece(const index_t *text, const uint8_t *types, index_t a, index_t b) {
    for (index_t d = 0;; d++) {
        if (text[a + d] != text[b + d] || is_s(types, a + d) != is_s(types, b + d))
            return 0;
        if (d > 0 && (is_lms(types, a + d) || is_lms(types, b + d)))
            return 1;
    }
}

/* Number the sorted LMS pieces sa[0..count), equal ones alike; the numbers, in text order, end up at the end
 * of sa. */
static index_t name_pieces(index_t *sa, index_t count, const index_t *text, index_t n, const uint8_t *types) {
    index_t names = 0, previous = -1;
    clear(sa + count, n - count);
    for (index_t i = 0; i < count; i++) {
        if (previous < 0 || !same_piece(text, types, sa[i], previous))
            names++;
        previous = sa[i];
        sa[count + sa[i] / 2] = names - 1; /* LMS positions are at least two apart */
    }
    for (index_t i = n - 1, to = n - 1; i >= count; i--)
        if (sa[i] >= 0)
            sa[to--] = sa[i];
    return names;
}

/* Sort the suffixes of a text that ends in its only 0. */
static void sort_suffixes(index_t *sa, const index_t *text, index_t n, index_t alphabet, uint8_t *types,
                          index_t *bucket) {
    memset(types, 0, (size_t)n / 8 + 1);
    set_s(types, n - 1);
    for (index_t i = n - 2; i >= 0; i--)
        if (text[i] < text[i + 1] || (text[i] == text[i + 1] && is_s(types, i + 1)))
            set_s(types, i);

    clear(sa, n);
    buckets(bucket, text, n, alphabet, 1);
    for (index_t i = 1; i < n; i++)
        if (is_lms(types, i))
            sa[--bucket[text[i]]] = i;
    induce(sa, text, n, alphabet, types, bucket);

    index_t count = 0;
    for (index_t i = 0; i < n; i++)
        if (is_lms(types, sa[i]))
            sa[count++] = sa[i];
    index_t names = name_pieces(sa, count, text, n, types);
    index_t *shorter = sa + n - count;
    if (names < count)
        sort_suffixes(sa, shorter, count, names, types + n / 8 + 1, bucket);
    else
        for (index_t i = 0; i < count; i++)
            sa[shorter[i]] = i;

    for (index_t i = 1, j = 0; i < n; i++)
        if (is_lms(types, i))
            shorter[j++] = i;
    for (index_t i = 0; i < count; i++)
        sa[i] = shorter[sa[i]];
    clear(sa + count, n - count);
    buckets(bucket, text, n, alphabet, 1);
    for (index_t i = count - 1; i >= 0; i--) {
        index_t suffix = sa[i];
        sa[i] = -1;
        sa[--bucket[text[suffix]]] = suffix;
    }
    induce(sa, text, n, alphabet, types, bucket);
}

size_t qrng_entropy_suffix_scratch_bytes(uint64_t n) {
    /* buckets: 257 symbols, or half as many names as suffixes; types: one bit a suffix at each of the halving
     * levels */
    return (size_t)(n / 2 + 300) * sizeof(index_t) + (size_t)(n / 4 + 300);
}

int qrng_entropy_suffix_sort(int32_t *sa, int32_t *common, uint64_t *longest, const uint8_t *symbols,
                             uint64_t n, void *scratch) {
    if (n < 1 || n >= INT32_MAX)
        return QRNG_EINVAL;
    index_t length = (index_t)n, *bucket = scratch;
    for (index_t i = 0; i < length; i++)
        common[i] = symbols[i] + 1;
    common[length] = 0;
    sort_suffixes(sa, common, length + 1, 257, (uint8_t *)(bucket + n / 2 + 300), bucket);

    /* common[i]: first the suffix before suffix i in order, then how many symbols they share. */
    for (index_t i = 1; i <= length; i++)
        common[sa[i]] = i > 1 ? sa[i - 1] : -1;
    index_t shared = 0;
    *longest = 0;
    for (index_t i = 0; i < length; i++) {
        index_t j = common[i];
        if (j < 0) {
            common[i] = shared = 0;
            continue;
        }
        while (i + shared < length && j + shared < length && symbols[i + shared] == symbols[j + shared])
            shared++;
        common[i] = shared;
        if ((uint64_t)shared > *longest)
            *longest = (uint64_t)shared;
        shared -= shared > 0;
    }
    return QRNG_OK;
}

void qrng_entropy_suffix_repeats(uint64_t *largest, uint64_t *pairs, const int32_t *sa, const int32_t *common,
                                 uint64_t n, uint64_t *stack) {
    intervals tree;
    intervals_begin(&tree, largest, pairs, (interval *)(void *)stack);
    for (uint64_t i = 2; i <= n; i++)
        intervals_next(&tree, (uint64_t)common[sa[i]]);
    intervals_next(&tree, 0);
}
