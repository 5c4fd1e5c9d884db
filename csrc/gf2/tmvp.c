/* Shapes, strings and leaves of split Toeplitz products: see tmvp.h. */
#include "gf2/tmvp.h"

#include <string.h>

qrng_tmvp_shape qrng_tmvp_choose(size_t x_units, size_t y_units, const qrng_tmvp_costs *costs) {
    qrng_tmvp_shape best = {0};
    size_t smaller = x_units < y_units ? x_units : y_units;
    for (size_t base = costs->base_min; base <= costs->base_max; base += costs->base_step) {
        double tile = costs->leaf(base);
        size_t leaves = 1;
        for (unsigned levels = 0;; levels++, leaves *= 3) {
            qrng_tmvp_shape s = {.base = base, .levels = levels, .side = base << levels, .leaves = leaves};
            s.rows = (y_units + s.side - 1) / s.side;
            s.cols = (x_units + s.side - 1) / s.side;
            s.cost = (double)s.rows * (double)s.cols * tile;
            if (best.base == 0 || s.cost < best.cost)
                best = s;
            if (s.side >= smaller)
                break;
            tile = 3 * tile + costs->join_fixed + costs->join_unit * (double)s.side;
        }
    }
    return best;
}

void qrng_tmvp_string(uint8_t *q, const qrng_tmvp_shape *s, size_t unit, uint64_t n,
                      const qrng_toeplitz_string *t) {
    size_t bytes = (s->rows + s->cols) * s->side * unit;
    memset(q, 0, bytes);
    /* With x padded to whole tiles, t moves up by the padding; see toeplitz.h for its place in the product.
     */
    qrng_toeplitz_string_copy(q, 8 * (uint64_t)(s->cols * s->side * unit) - n, t);
    for (size_t i = 0, j = bytes - 1; i < j; i++, j--) {
        uint8_t a = q[i];
        q[i] = q[j];
        q[j] = a;
    }
}

typedef struct maker {
    uint8_t *out;
    size_t out_bytes, unit, base;
    void (*leaf)(uint8_t *out, const uint8_t *q, size_t base);
} maker;

static void make(maker *m, const uint8_t *q, unsigned levels, uint8_t *work) {
    if (levels == 0) {
        m->leaf(m->out, q, m->base);
        m->out += m->out_bytes;
        return;
    }
    size_t half = (m->base << (levels - 1)) * m->unit;
    const uint8_t *plus = q, *zero = q + half, *minus = q + 2 * half;
    make(m, zero, levels - 1, work);
    for (size_t i = 0; i < 2 * half; i++)
        work[i] = minus[i] ^ zero[i];
    make(m, work, levels - 1, work + 2 * half);
    for (size_t i = 0; i < 2 * half; i++)
        work[i] = plus[i] ^ zero[i];
    make(m, work, levels - 1, work + 2 * half);
}

void qrng_tmvp_leaves(uint8_t *out, size_t out_bytes, const uint8_t *q, const qrng_tmvp_shape *s, size_t unit,
                      void (*leaf)(uint8_t *out, const uint8_t *q, size_t base), uint8_t *work) {
    maker m = {.out = out, .out_bytes = out_bytes, .unit = unit, .base = s->base, .leaf = leaf};
    for (size_t tile = 0; tile < qrng_tmvp_tiles(s); tile++)
        make(&m, q + tile * s->side * unit, s->levels, work);
}
