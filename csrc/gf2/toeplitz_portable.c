/* The portable level: for each bit of x, the window of t that it selects is masked by the bit and added.
 *
 * The state is t at each of the eight shifts within a byte, so that every window starts at a byte. Plain
 * loads, ands and xors of fixed length, which compilers turn into vector code. Large matrices are split as in
 * tmvp.h down to leaves of 512 x 512 bits that are multiplied in this way. */
#include <string.h>

#include "qrng.h"
#include "bits/bits.h"
#include "gf2/tmvp_words.h"
#include "gf2/toeplitz_fft.h"

enum { TILE = 64 }; /* bytes of y summed in registers */

/* One shift of t: the last window starts at byte (n-1)/8 and is a whole number of tiles long. */
static size_t row_bytes(uint64_t n, uint64_t m) {
    return (size_t)((n - 1) / 8 + (m + 8 * TILE - 1) / (8 * TILE) * TILE);
}

static size_t state_bytes(uint64_t n, uint64_t m) {
    return 8 * row_bytes(n, m) + 8;
}

static size_t scratch_bytes(uint64_t n, uint64_t m) {
    return (size_t)((n + 7) / 8 + (m + 8 * TILE - 1) / (8 * TILE) * TILE);
}

/* The string at each shift, row by row; what lies past its end is zero. It may lie where the last row goes.
 */
static void shifts(uint8_t *rows, const uint8_t *string, size_t row, uint64_t bits) {
    for (unsigned shift = 0; shift < 8; shift++)
        for (size_t i = 0; i < row; i++) {
            unsigned next = 8 * (i + 1) < bits ? string[i + 1] : 0;
            rows[shift * row + i] = (uint8_t)((unsigned)string[i] << shift | next >> (8 - shift));
        }
}

static void prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t) {
    size_t row = row_bytes(n, m);
    memset(state, 0, state_bytes(n, m));
    /* The string first lies in the last row, up to one byte past it; that row is shifted last, in place. */
    uint8_t *base = state + 7 * row;
    qrng_toeplitz_string_copy(base, 0, t);
    shifts(state, base, row, n + m - 1);
}

/* TILE bytes of y from byte `at` on. */
static void tile(uint8_t *y, const uint8_t *state, size_t row, const uint8_t *x, uint64_t n, size_t at) {
    uint64_t acc[TILE / 8] = {0};
    for (uint64_t j = 0; j < n; j++) {
        uint64_t mask = 0 - (uint64_t)(x[j / 8] >> (7 - j % 8) & 1), start = n - 1 - j;
        const uint8_t *window = state + (start % 8) * row + start / 8 + at;
        for (size_t i = 0; i < TILE / 8; i++) {
            uint64_t v;
            memcpy(&v, window + 8 * i, 8);
            acc[i] ^= v & mask;
        }
    }
    memcpy(y, acc, TILE);
}

static void multiply(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw, uint64_t raw_bit,
                     uint64_t step, uint8_t *out, uint64_t out_bit, uint64_t blocks, uint8_t *scratch) {
    size_t row = row_bytes(n, m), tiles = (size_t)((m + 8 * TILE - 1) / (8 * TILE));
    uint8_t *y = scratch, *x = scratch + tiles * TILE;
    for (uint64_t b = 0; b < blocks; b++) {
        qrng_bits_copy(x, 0, raw, raw_bit + b * step, n);
        for (size_t i = 0; i < tiles; i++)
            tile(y + i * TILE, state, row, x, n, i * TILE);
        qrng_bits_copy(out, out_bit + b * m, y, 0, m);
    }
}

static const qrng_toeplitz_method windows = {"windows", state_bytes, scratch_bytes, prepare, multiply, NULL};

enum { LEAF_WORDS = TILE / 8, LEAF_ROW = 2 * TILE };

static void leaf(uint8_t *out, const uint8_t *q, size_t base) {
    (void)base;
    uint8_t *string = out + 7 * LEAF_ROW; /* the tile's string runs backwards, see tmvp.h */
    for (size_t i = 0; i < LEAF_ROW; i++)
        string[i] = q[LEAF_ROW - 1 - i];
    shifts(out, string, LEAF_ROW, 8 * LEAF_ROW);
}

static void leaf_product(uint64_t *y, const uint64_t *leaf_words, const uint64_t *x, size_t base, int add) {
    uint64_t sum[LEAF_WORDS];
    (void)base;
    tile((uint8_t *)sum, (const uint8_t *)leaf_words, LEAF_ROW, (const uint8_t *)x, 8 * TILE, 0);
    for (size_t i = 0; i < LEAF_WORDS; i++)
        y[i] = add ? y[i] ^ sum[i] : sum[i];
}

static void sum_words(uint64_t *sum, const uint64_t *a, const uint64_t *b, size_t words) {
    for (size_t i = 0; i < words; i++)
        sum[i] = a[i] ^ b[i];
}

enum { ROW_CYCLES = 4 }; /* cycles for a bit of x and a tile of y */

static double leaf_cost(size_t base) {
    (void)base;
    return 8 * TILE * ROW_CYCLES + 50;
}

static const qrng_tmvp_kernel kernel = {
    .costs = {LEAF_WORDS, LEAF_WORDS, 1, leaf_cost, .join_fixed = 20, .join_unit = 3},
    .leaf_words_per_unit = 8 * LEAF_ROW / 8 / LEAF_WORDS,
    .swap = 0,
    .leaf = leaf,
    .product = leaf_product,
    .sum = sum_words,
};

QRNG_TMVP_WORDS_METHOD(split, kernel);
QRNG_TOEPLITZ_FFT_METHOD(fft, qrng_fft_portable);

const qrng_toeplitz_method *qrng_toeplitz_choose_portable(uint64_t n, uint64_t m) {
    double plain = (double)n * (double)((m + 8 * TILE - 1) / (8 * TILE)) * ROW_CYCLES;
    double halves = qrng_tmvp_words_cost(&kernel, n, m),
           transform = qrng_toeplitz_fft_cost(&qrng_fft_portable, n, m);
    if (transform < plain && transform < halves)
        return &fft;
    return plain <= halves ? &windows : &split;
}
