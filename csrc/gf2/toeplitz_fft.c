/* Toeplitz products by the additive FFT, the transform of the matrix made once a seed.
 *
 * A coefficient is 32 bits of a string with the first one highest, so products of strings are products of
 * polynomials in 1/z; a tile takes X coefficients of x to Y of y. With the string of the tile moved so that y
 * starts at bit 32 X - 1, word w of y is low(P_(X-1+w)) xor high(P_(X+w)). The product has more coefficients
 * than the transform has points: it is exact modulo s_k(x) = x^N + x^(2^j) + ..., so what is above N comes
 * down to at most 2^j + (its number), j the largest below k with C(k,j) odd, which must stay below X - 1: X +
 * Y + 2^j + 1 <= N. */
#include "gf2/toeplitz_fft.h"

#include <string.h>

#include "bits/bits.h"
#include "gf2/additive_fft.h"
#include "qrng.h"

enum { BITS = 32 };

typedef struct fft_shape {
    unsigned log_size;
    size_t size;       /* 2^log_size */
    size_t unit;       /* X and Y are multiples of this, so that tiles on a diagonal are equal */
    size_t x, y;       /* coefficients of x and of y in a tile */
    size_t rows, cols; /* tiles that cover y and x */
    size_t tiles;      /* different ones */
    double cost;       /* cycles */
} fft_shape;

/* Coefficients of x and y together that a transform of 2^k points takes. */
static size_t room(unsigned k) {
    unsigned j = k - 1;
    while ((k & j) != j) /* C(k,j) is odd iff the bits of j are among those of k (Lucas) */
        j--;
    return ((size_t)1 << k) - ((size_t)1 << j) - 1;
}

/* Offset of tile (r, c) in units. */
static size_t tile_at(const fft_shape *s, size_t r, size_t c) {
    return (s->cols - 1 - c) * (s->x / s->unit) + r * (s->y / s->unit);
}

static double cost(const qrng_fft *k, const fft_shape *s) {
    double forward = s->x > s->size / 2 ? 1.0 : QRNG_FFT_HALF, products = (double)(s->rows * s->cols);
    return ((double)s->rows + forward * (double)s->cols) * qrng_fft_cycles(k, s->log_size) +
           QRNG_FFT_POINTS * k->round_cycles * products * (double)s->size;
}

/* What state and scratch take together. */
static size_t memory(const fft_shape *s) {
    return 8 * s->size * (s->tiles + s->rows + 1);
}

/* Past this many bytes a shape may take no more than eleven times the packed input, if any shape does. */
static const size_t FREE_MEMORY = (size_t)64 << 20;

static int is_better(const fft_shape *s, const fft_shape *best, uint64_t n) {
    size_t limit = (size_t)(11 * (n / 8));
    limit = limit > FREE_MEMORY ? limit : FREE_MEMORY;
    int fits = memory(s) <= limit, best_fits = memory(best) <= limit;
    if (best->size == 0 || fits != best_fits)
        return best->size == 0 || fits;
    return fits ? s->cost < best->cost : memory(s) < memory(best);
}

static fft_shape shape(const qrng_fft *kernel, uint64_t n, uint64_t m) {
    static const size_t ratios[][2] = {{1, 1}, {2, 1}, {3, 1}, {1, 2}, {3, 2}};
    size_t xs = (size_t)((n + BITS - 1) / BITS), ys = (size_t)((m + BITS - 1) / BITS);
    fft_shape best = {0};
    for (unsigned k = QRNG_FFT_MIN_LOG; k <= QRNG_FFT_MAX_LOG; k++) {
        fft_shape s = {.log_size = k, .size = (size_t)1 << k};
        if (xs + ys <= room(k)) {
            s.unit = 1, s.x = xs, s.y = ys, s.rows = 1, s.cols = 1, s.tiles = 1;
            s.cost = cost(kernel, &s);
            if (is_better(&s, &best, n))
                best = s;
            break; /* a larger transform only costs more */
        }
        for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
            s.unit = room(k) / (ratios[i][0] + ratios[i][1]);
            s.x = ratios[i][0] * s.unit, s.y = ratios[i][1] * s.unit;
            s.cols = (xs + s.x - 1) / s.x, s.rows = (ys + s.y - 1) / s.y;
            s.tiles = tile_at(&s, s.rows - 1, 0) + 1;
            s.cost = cost(kernel, &s);
            if (is_better(&s, &best, n))
                best = s;
        }
    }
    return best;
}

double qrng_toeplitz_fft_cost(const qrng_fft *k, uint64_t n, uint64_t m) {
    return shape(k, n, m).cost;
}

/* Transforms of the tiles; working space while they are made. */
size_t qrng_toeplitz_fft_state_bytes(const qrng_fft *k, uint64_t n, uint64_t m) {
    fft_shape s = shape(k, n, m);
    return 8 * (s.tiles * s.size + QRNG_FFT_WORK_WORDS);
}

/* One transform of x, the sums for each row of tiles, working space. */
size_t qrng_toeplitz_fft_scratch_bytes(const qrng_fft *k, uint64_t n, uint64_t m) {
    fft_shape s = shape(k, n, m);
    return 8 * ((s.rows + 1) * s.size + QRNG_FFT_WORK_WORDS);
}

static uint32_t load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Packed bits, which lie at the end of f, to coefficients from its start on; writing never overtakes reading.
 */
static void spread(uint64_t *f, const fft_shape *s, size_t length) {
    const uint8_t *packed = (const uint8_t *)(f + s->size) - 4 * length;
    for (size_t i = 0; i < length; i++)
        f[i] = load_be32(packed + 4 * i);
    memset(f + length, 0, 8 * (s->size - length));
}

void qrng_toeplitz_fft_prepare(const qrng_fft *k, uint8_t *state, uint64_t n, uint64_t m,
                               const qrng_toeplitz_string *t) {
    fft_shape s = shape(k, n, m);
    uint64_t *tiles = (uint64_t *)(void *)state, *work = tiles + s.tiles * s.size;
    uint64_t up = (uint64_t)BITS * s.cols * s.x - n, length = s.x + s.y; /* t moves up by the padding of x */
    for (size_t tile = 0; tile < s.tiles; tile++) {
        uint64_t *f = tiles + tile * s.size, from = (uint64_t)BITS * tile * s.unit;
        uint8_t *packed = (uint8_t *)(f + s.size) - 4 * length;
        memset(packed, 0, 4 * length);
        if (from >= up)
            qrng_toeplitz_string_part(packed, 0, t, from - up, BITS * length);
        else if (up - from < BITS * length)
            qrng_toeplitz_string_part(packed, up - from, t, 0, BITS * length - (up - from));
        spread(f, &s, length);
        k->forward(f, s.log_size, length, work);
    }
    qrng_wipe(work, 8 * QRNG_FFT_WORK_WORDS);
}

static void load(uint64_t *f, const fft_shape *s, const uint8_t *raw, uint64_t at, uint64_t bits) {
    size_t length = (size_t)((bits + BITS - 1) / BITS);
    uint8_t *packed = (uint8_t *)(f + s->size) - 4 * length;
    memset(packed + 4 * (length - 1), 0, 4);
    qrng_bits_copy(packed, 0, raw, at, bits);
    spread(f, s, length);
}

/* The y of a tile from its product, packed, at the product's start. */
static void pack(uint64_t *product, const fft_shape *s, uint64_t bits) {
    size_t length = (size_t)((bits + BITS - 1) / BITS);
    uint8_t *packed = (uint8_t *)product;
    const uint64_t *p = product + s->x - 1;
    for (size_t i = 0; i < length; i++) {
        uint32_t word = __builtin_bswap32((uint32_t)p[i] ^ (uint32_t)(p[i + 1] >> 32));
        memcpy(packed + 4 * i, &word, 4);
    }
}

static uint64_t piece(uint64_t bits, size_t coefficients, size_t index) {
    uint64_t full = (uint64_t)BITS * coefficients, left = bits - full * index;
    return left < full ? left : full;
}

/* sums = the products of the columns of tiles from `first` to `last`, row by row. */
static void columns(const qrng_fft *k, const fft_shape *s, const uint64_t *tiles, uint64_t n,
                    const uint8_t *raw, uint64_t raw_bit, size_t first, size_t last, uint64_t *x,
                    uint64_t *sums, uint64_t *work) {
    for (size_t c = first; c < last; c++) {
        uint64_t bits = piece(n, s->x, c);
        load(x, s, raw, raw_bit + (uint64_t)BITS * s->x * c, bits);
        k->forward(x, s->log_size, (size_t)((bits + BITS - 1) / BITS), work);
        for (size_t r = 0; r < s->rows; r++)
            k->multiply(sums + r * s->size, x, tiles + tile_at(s, r, c) * s->size, s->size, c > first);
    }
}

void qrng_toeplitz_fft_multiply(const qrng_fft *k, const uint8_t *state, uint64_t n, uint64_t m,
                                const uint8_t *raw, uint64_t raw_bit, uint64_t step, uint8_t *out,
                                uint64_t out_bit, uint64_t blocks, uint8_t *scratch) {
    fft_shape s = shape(k, n, m);
    uint64_t *x = (uint64_t *)(void *)scratch, *sums = x + s.size, *work = sums + s.rows * s.size;
    for (; blocks; blocks--, raw_bit += step, out_bit += m) {
        columns(k, &s, (const uint64_t *)(const void *)state, n, raw, raw_bit, 0, s.cols, x, sums, work);
        for (size_t r = 0; r < s.rows; r++) {
            uint64_t *sum = sums + r * s.size, bits = piece(m, s.y, r);
            k->inverse(sum, s.log_size, work);
            pack(sum, &s, bits);
            qrng_bits_copy(out, out_bit + (uint64_t)BITS * s.y * r, (const uint8_t *)sum, 0, bits);
        }
    }
}

/* Parts share the columns in phase 0, each with sums of its own, and the rows in phase 1. */
unsigned qrng_toeplitz_fft_most_parts(const qrng_fft *k, uint64_t n, uint64_t m) {
    fft_shape s = shape(k, n, m);
    return (unsigned)s.cols;
}

/* A part's sums, transform of x and working space. */
static size_t part_words(const fft_shape *s) {
    return (s->rows + 1) * s->size + QRNG_FFT_WORK_WORDS;
}

size_t qrng_toeplitz_fft_parts_bytes(const qrng_fft *k, uint64_t n, uint64_t m, unsigned parts) {
    fft_shape s = shape(k, n, m);
    return 8 * part_words(&s) * parts;
}

void qrng_toeplitz_fft_part(const qrng_fft *k, const uint8_t *state, uint64_t n, uint64_t m,
                            const uint8_t *raw, uint64_t raw_bit, unsigned phase, unsigned part,
                            unsigned parts, uint8_t *scratch) {
    fft_shape s = shape(k, n, m);
    size_t each = part_words(&s);
    uint64_t *all = (uint64_t *)(void *)scratch, *sums = all + part * each, *x = sums + s.rows * s.size;
    if (phase == 0) {
        columns(k, &s, (const uint64_t *)(const void *)state, n, raw, raw_bit, s.cols * part / parts,
                s.cols * (part + 1) / parts, x, sums, x + s.size);
        return;
    }
    for (size_t r = s.rows * part / parts; r < s.rows * (part + 1) / parts; r++) {
        uint64_t *sum = all + r * s.size; /* in the first part's place */
        for (unsigned other = 1; other < parts; other++)
            k->add(sum, sum + other * each, s.size);
        k->inverse(sum, s.log_size, x + s.size);
        pack(sum, &s, piece(m, s.y, r));
    }
}

void qrng_toeplitz_fft_finish(const qrng_fft *k, uint64_t n, uint64_t m, uint8_t *out, uint64_t out_bit,
                              const uint8_t *scratch) {
    fft_shape s = shape(k, n, m);
    for (size_t r = 0; r < s.rows; r++)
        qrng_bits_copy(out, out_bit + (uint64_t)BITS * s.y * r, scratch + 8 * r * s.size, 0,
                       piece(m, s.y, r));
}
