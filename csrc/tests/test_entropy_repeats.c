#include "check.h"

enum { LONGEST_TEXT = 160 };

/* Texts that repeat little, much and at length. */
static uint64_t make_text(uint64_t *state, uint8_t *text, unsigned alphabet) {
    uint64_t n = 1 + test_random(state) % LONGEST_TEXT, kind = test_random(state) % 4;
    uint64_t period = 1 + test_random(state) % 90;
    for (uint64_t i = 0; i < n; i++) {
        text[i] = (uint8_t)(test_random(state) % alphabet);
        if (kind == 1 && test_random(state) % 8)
            text[i] = 0;
        if (kind == 2 && i >= period && test_random(state) % 50)
            text[i] = text[i - period];
        if (kind == 3)
            text[i] = (uint8_t)(i % period % alphabet);
    }
    return n;
}

/* For every length, the most common tuple's count and the pairs of equal tuples, by comparing all of them. */
static void count_tuples(const uint8_t *text, uint64_t n, uint64_t length, uint64_t *largest,
                         uint64_t *pairs) {
    *largest = *pairs = 0;
    for (uint64_t i = 0; i + length <= n; i++) {
        uint64_t equal = 0;
        for (uint64_t j = 0; j + length <= n; j++)
            if (memcmp(text + i, text + j, length) == 0) {
                equal++;
                *pairs += j > i;
            }
        if (equal > *largest)
            *largest = equal;
    }
}

static void check_repeats(const uint8_t *text, uint64_t n, uint64_t *largest, uint64_t *pairs,
                          uint64_t longest) {
    qrng_tuples result;
    qrng_entropy_tuple_proportions(&result, largest, pairs, longest, n);
    for (uint64_t length = 1; length <= longest + 1 && length <= n; length++) {
        uint64_t want_largest, want_pairs;
        count_tuples(text, n, length, &want_largest, &want_pairs);
        if (length > longest) {
            CHECK(want_pairs == 0);
        } else {
            CHECK(largest[length] == want_largest);
            CHECK(pairs[length] == want_pairs);
            CHECK((length < result.u) == (want_largest >= 35 && length <= result.u));
        }
    }
}

static void suffixes(const uint8_t *text, uint64_t n) {
    int32_t *sa = malloc((n + 1) * 4), *common = malloc((n + 1) * 4);
    void *scratch = malloc(qrng_entropy_suffix_scratch_bytes(n));
    uint64_t longest;
    CHECK(qrng_entropy_suffix_sort(sa, common, &longest, text, n, scratch) == QRNG_OK);
    CHECK(sa[0] == (int32_t)n);
    for (uint64_t i = 1; i < n; i++) { /* neighbours are in order, which makes them all different */
        uint64_t a = (uint64_t)sa[i], b = (uint64_t)sa[i + 1], shorter = n - (a > b ? a : b);
        int order = memcmp(text + a, text + b, shorter);
        CHECK(order < 0 || (order == 0 && a > b));
    }
    uint64_t *largest = calloc(longest + 2, 8), *pairs = calloc(longest + 2, 8),
             *stack = malloc(16 * (longest + 2));
    qrng_entropy_suffix_repeats(largest, pairs, sa, common, n, stack);
    check_repeats(text, n, largest, pairs, longest);
    free(sa), free(common), free(scratch), free(largest), free(pairs), free(stack);
}

static void windows(const uint8_t *text, uint64_t n, unsigned width) {
    size_t bytes = (size_t)(n * width + 7) / 8;
    uint8_t *packed = malloc(bytes);
    CHECK(qrng_bits_pack8(packed, text, n, width) == QRNG_OK);
    uint64_t *bins = malloc(4096 * 8), fullest = 1, largest[65] = {0}, pairs[65] = {0}, longest = 0;
    qrng_entropy_window_bins(bins, packed, n, width);
    for (unsigned b = 0; b < 4096; b++)
        fullest = bins[b] > fullest ? bins[b] : fullest;
    uint64_t capacity = fullest + 3, *keys = malloc(8 * (capacity + 1)), *spare = malloc(8 * fullest);
    int status = qrng_entropy_window_repeats(largest, pairs, packed, n, width, bins, keys, capacity, spare);
    uint64_t most = 0, wanted = 64 / width, two = 0;
    if (n >= wanted)
        count_tuples(text, n, wanted, &most, &two);
    CHECK(status == (two ? QRNG_EFULL : QRNG_OK));
    if (status == QRNG_OK) {
        for (uint64_t length = 1; length < 65; length++)
            longest = largest[length] ? length : longest;
        check_repeats(text, n, largest, pairs, longest);
    }
    free(packed), free(bins), free(keys), free(spare);
}

static void all(void) {
    uint64_t state = 5;
    uint8_t text[LONGEST_TEXT];
    for (int round = 0; round < 250; round++) {
        unsigned width = 1 + (unsigned)(test_random(&state) % 8);
        unsigned alphabet = 1 + (unsigned)(test_random(&state) % (1u << width));
        uint64_t n = make_text(&state, text, alphabet);
        suffixes(text, n);
        windows(text, n, width);
    }
}

int main(void) {
    all();
    return 0;
}
