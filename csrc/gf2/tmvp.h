/* Toeplitz matrix-vector products split in three: the shape of the split, shared by all kernels that use it.
 *
 * A Toeplitz matrix of side 2H, split in four, has three different quarters, T0 on the diagonal, T- above and
 * T+ below, and y0 = T0 (x0 + x1) + (T- + T0) x1,     y1 = T0 (x0 + x1) + (T+ + T0) x0 (Winograd, Arithmetic
 * Complexity of Computations, 1980; Fan and Hasan, IEEE Trans. Computers 56 (2007) 224): three products of
 * side H for four, and the sums of quarters are made once a seed. Units are what a kernel multiplies at once:
 * bytes (8 x 8 bit matrices) or 64-bit words. A matrix of any size is tiled with squares of side base
 * 2^levels; tiles on one diagonal are equal.
 *
 * The string of a tile of side S is 2S units Q with y_i = sum over j of Q[S-1-i+j] x_j where a unit of Q may
 * reach into the next one; T+, T0 and T- are its 2H units from 0, H and 2H on. */
#ifndef QRNG_GF2_TMVP_H
#define QRNG_GF2_TMVP_H

#include <stddef.h>
#include <stdint.h>

#include "gf2/toeplitz.h"

typedef struct qrng_tmvp_shape {
    size_t base;       /* side of a leaf, in units */
    unsigned levels;   /* splits from a tile down to leaves */
    size_t side;       /* base << levels */
    size_t rows, cols; /* tiles that cover y and x */
    size_t leaves;     /* 3^levels: leaves of a tile */
    double cost;       /* for all products, in the unit of the costs given */
} qrng_tmvp_shape;

/* What a kernel costs, in any one unit: leaf(b) a leaf of side b, join_fixed + join_unit H the sums around
 * three products of side H. */
typedef struct qrng_tmvp_costs {
    size_t base_min, base_max, base_step;
    double (*leaf)(size_t base);
    double join_fixed, join_unit;
} qrng_tmvp_costs;

/* The cheapest tiling for x_units by y_units. */
qrng_tmvp_shape qrng_tmvp_choose(size_t x_units, size_t y_units, const qrng_tmvp_costs *costs);

/* Different tiles: rows + cols - 1 diagonals; tile (r, c) is number rows - 1 - r + c. */
static inline size_t qrng_tmvp_tiles(const qrng_tmvp_shape *s) {
    return s->rows + s->cols - 1;
}

/* The string Q of the whole matrix (rows + cols) side units long, of `unit` bytes each, from t: its bytes
 * backwards, each as it is. A little-endian load of 8 of them is a word of t with its first bit highest. */
void qrng_tmvp_string(uint8_t *q, const qrng_tmvp_shape *s, size_t unit, uint64_t n,
                      const qrng_toeplitz_string *t);

/* Leaves of every tile in the order in which products use them: T0, T- + T0, T+ + T0, each split likewise.
 * leaf(out, q, base) writes one leaf of out_bytes from 2 base units of string. `work` has 2 side units. */
void qrng_tmvp_leaves(uint8_t *out, size_t out_bytes, const uint8_t *q, const qrng_tmvp_shape *s, size_t unit,
                      void (*leaf)(uint8_t *out, const uint8_t *q, size_t base), uint8_t *work);

#endif
