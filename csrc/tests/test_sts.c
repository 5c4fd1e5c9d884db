/* Each SP 800-22 kernel against its definition, bit by bit, on random, biased and constant sequences. */
#include "check.h"

enum { MAX_BITS = 3000 };

typedef struct {
    uint64_t n;
    uint64_t *words;
    uint8_t bit[MAX_BITS];
} sequence;

/* A sequence of n bits from bit `from` of an exactly sized buffer; kind 0 fair, 1 mostly ones, 2 all ones, 3
 * zeros. */
static sequence make(uint64_t *state, uint64_t n, uint64_t from, int kind) {
    sequence s = {.n = n};
    size_t bytes = (size_t)(from + n + 7) / 8;
    uint8_t *packed = malloc(bytes ? bytes : 1);
    for (size_t i = 0; i < bytes; i++) {
        unsigned a = (unsigned)test_random(state), b = (unsigned)(test_random(state) | test_random(state));
        packed[i] = (uint8_t)(kind == 0 ? a : kind == 1 ? a | b : kind == 2 ? 0xff : 0);
    }
    s.words = malloc((size_t)qrng_sts_words(n) * 8);
    memset(s.words, 0xa5, (size_t)qrng_sts_words(n) * 8);
    qrng_sts_load(s.words, packed, from, n);
    for (uint64_t i = 0; i < n; i++)
        s.bit[i] = (uint8_t)test_bit(packed, from + i);
    free(packed);
    return s;
}

static void loading(const sequence *s) {
    for (uint64_t i = 0; i < 64 * qrng_sts_words(s->n); i++)
        CHECK((s->words[i / 64] >> (63 - i % 64) & 1) == (i < s->n ? s->bit[i] : 0));
}

static void counts(const sequence *s) {
    uint64_t ones = 0, changes = 0;
    int64_t at = 0, high = 0, low = 0, extremes[3];
    for (uint64_t i = 0; i < s->n; i++) {
        ones += s->bit[i];
        changes += i + 1 < s->n && s->bit[i] != s->bit[i + 1];
        at += s->bit[i] ? 1 : -1;
        high = at > high ? at : high;
        low = at < low ? at : low;
    }
    CHECK(qrng_sts_ones(s->words, s->n) == ones);
    CHECK(qrng_sts_transitions(s->words, s->n) == changes);
    qrng_sts_walk(s->words, s->n, extremes);
    CHECK(extremes[0] == high && extremes[1] == low && extremes[2] == at);
}

static void blocks(const sequence *s, uint64_t length) {
    uint64_t sum = 0;
    for (uint64_t b = 0; b < s->n / length; b++) {
        int64_t excess = 0;
        for (uint64_t i = 0; i < length; i++)
            excess += s->bit[b * length + i] ? 1 : -1;
        sum += (uint64_t)(excess * excess);
    }
    CHECK(qrng_sts_block_squares(s->words, s->n / length, length) == sum);
}

static void all(void) {
    uint64_t state = 3;
    for (int round = 0; round < 1200; round++) {
        uint64_t n = 1 + test_random(&state) % (round % 2 ? MAX_BITS : 200);
        sequence s = make(&state, n, test_random(&state) % 70, round % 7 < 4 ? 0 : round % 7 - 3);
        loading(&s);
        counts(&s);
        blocks(&s, 1 + test_random(&state) % (n + 3));
        free(s.words);
    }
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
