/* The walk over a split Toeplitz product in words: see tmvp_words.h. */
#include "gf2/tmvp_words.h"

#include <string.h>

#include "bits/bits.h"
#include "qrng.h"

enum { WORD = 8, PAD = 8 }; /* kernels may read up to PAD words past a leaf or a vector */

static qrng_tmvp_shape shape(const qrng_tmvp_kernel *k, uint64_t n, uint64_t m) {
    return qrng_tmvp_choose((size_t)((n + 63) / 64), (size_t)((m + 63) / 64), &k->costs);
}

double qrng_tmvp_words_cost(const qrng_tmvp_kernel *k, uint64_t n, uint64_t m) {
    return shape(k, n, m).cost;
}

static size_t leaf_bytes(const qrng_tmvp_kernel *k, const qrng_tmvp_shape *s) {
    return WORD * k->leaf_words_per_unit * s->base;
}

static size_t leaves_bytes(const qrng_tmvp_kernel *k, const qrng_tmvp_shape *s) {
    return qrng_tmvp_tiles(s) * s->leaves * leaf_bytes(k, s) + WORD * PAD;
}

/* Leaves; then, while they are made, the string and room for its sums. */
size_t qrng_tmvp_words_state_bytes(const qrng_tmvp_kernel *k, uint64_t n, uint64_t m) {
    qrng_tmvp_shape s = shape(k, n, m);
    return leaves_bytes(k, &s) + WORD * (s.rows + s.cols + 4) * s.side;
}

void qrng_tmvp_words_prepare(const qrng_tmvp_kernel *k, uint8_t *state, uint64_t n, uint64_t m,
                             const qrng_toeplitz_string *t) {
    qrng_tmvp_shape s = shape(k, n, m);
    size_t leaves = leaves_bytes(k, &s), length = WORD * (s.rows + s.cols) * s.side;
    uint8_t *q = state + leaves;
    memset(state + leaves - WORD * PAD, 0, WORD * PAD);
    qrng_tmvp_string(q, &s, WORD, n, t);
    qrng_tmvp_leaves(state, leaf_bytes(k, &s), q, &s, WORD, k->leaf, q + length);
    qrng_wipe(q, length + WORD * 4 * s.side);
}

/* x, y, sums of the splits. */
size_t qrng_tmvp_words_scratch_bytes(const qrng_tmvp_kernel *k, uint64_t n, uint64_t m) {
    qrng_tmvp_shape s = shape(k, n, m);
    return WORD * ((s.cols + s.rows + 2) * s.side + 3 * PAD);
}

/* y = T x, or y += T x; returns the leaves after this tile's. `work` has 2 side words. */
static const uint64_t *product(const qrng_tmvp_kernel *k, uint64_t *y, const uint64_t *leaves,
                               const uint64_t *x, size_t base, unsigned levels, int add, uint64_t *work) {
    if (levels == 0) {
        k->product(y, leaves, x, base, add);
        return leaves + k->leaf_words_per_unit * base;
    }
    size_t half = base << (levels - 1);
    k->sum(work, x, x + half, half);
    if (add) {
        uint64_t *common = work + half, *rest = work + 2 * half;
        leaves = product(k, common, leaves, work, base, levels - 1, 0, rest);
        k->sum(y, y, common, half);
        k->sum(y + half, y + half, common, half);
    } else {
        leaves = product(k, y, leaves, work, base, levels - 1, 0, work + half);
        memcpy(y + half, y, half * sizeof *y);
    }
    leaves = product(k, y, leaves, x + half, base, levels - 1, 1, work);
    return product(k, y + half, leaves, x, base, levels - 1, 1, work);
}

static void load(const qrng_tmvp_kernel *k, uint64_t *words, size_t count, const uint8_t *bits, uint64_t at,
                 uint64_t n) {
    size_t used = (size_t)((n + 63) / 64);
    memset(words + used - 1, 0, (count - used + 1) * WORD);
    qrng_bits_copy((uint8_t *)words, 0, bits, at, n);
    if (k->swap)
        for (size_t i = 0; i < used; i++)
            words[i] = __builtin_bswap64(words[i]);
}

static void store(const qrng_tmvp_kernel *k, uint8_t *bits, uint64_t at, uint64_t n, uint64_t *words) {
    if (k->swap)
        for (size_t i = 0; i < (size_t)((n + 63) / 64); i++)
            words[i] = __builtin_bswap64(words[i]);
    qrng_bits_copy(bits, at, (const uint8_t *)words, 0, n);
}

void qrng_tmvp_words_multiply(const qrng_tmvp_kernel *k, const uint8_t *state, uint64_t n, uint64_t m,
                              const uint8_t *raw, uint64_t raw_bit, uint64_t step, uint8_t *out,
                              uint64_t out_bit, uint64_t blocks, uint8_t *scratch) {
    qrng_tmvp_shape s = shape(k, n, m);
    size_t tile = s.leaves * leaf_bytes(k, &s), x_words = s.cols * s.side + PAD,
           y_words = s.rows * s.side + PAD;
    uint64_t *x = (uint64_t *)(void *)scratch, *y = x + x_words, *work = y + y_words;
    for (uint64_t b = 0; b < blocks; b++) {
        load(k, x, x_words, raw, raw_bit + b * step, n);
        for (size_t r = 0; r < s.rows; r++)
            for (size_t c = 0; c < s.cols; c++)
                product(k, y + r * s.side,
                        (const uint64_t *)(const void *)(state + (s.rows - 1 - r + c) * tile), x + c * s.side,
                        s.base, s.levels, c > 0, work);
        store(k, out, out_bit + b * m, m, y);
    }
}
