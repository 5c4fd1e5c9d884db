/* Sixty-four vectors at once with GF2P8AFFINEQB: a register holds one byte of each, and an 8 x 8 block of the
 * matrix multiplies all of them in one instruction. The products are split as in tmvp.h, with bytes as units.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "qrng.h"
#include "bits/bits.h"
#include "gf2/toeplitz_avx512.h"
#include "gf2/tmvp.h"
#include "gf2/transpose8.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,gfni")))
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 64, BASE_MIN = 4, BASE_MAX = 8 };

/* Cycles on Zen 5: two products a cycle, sums bound by stores. */
static double leaf_cost(size_t base) {
    return 4 + 0.5 * (double)(base * base);
}

static const qrng_tmvp_costs costs = {
    .base_min = BASE_MIN, .base_max = BASE_MAX, .base_step = 1, .leaf = leaf_cost, .join_unit = 2.5};

static qrng_tmvp_shape shape(uint64_t n, uint64_t m) {
    return qrng_tmvp_choose((size_t)((n + 7) / 8), (size_t)((m + 7) / 8), &costs);
}

static size_t round64(size_t units) {
    return (units + 63) / 64 * 64;
}

static size_t leaf_bytes(const qrng_tmvp_shape *s) {
    return 16 * s->base;
} /* 2 base matrices, the last unused */

static size_t leaves_bytes(const qrng_tmvp_shape *s) {
    return qrng_tmvp_tiles(s) * s->leaves * leaf_bytes(s);
}

/* Products and transposes, and the matrices once through the cache where they don't stay in its second level.
 */
double qrng_toeplitz_gfni_cost(uint64_t n, uint64_t m) {
    static const size_t second_level = (size_t)1 << 20;
    qrng_tmvp_shape s = shape(n, m);
    size_t bytes = round64((size_t)((n + 7) / 8)) + round64((size_t)((m + 7) / 8));
    double far = leaves_bytes(&s) > second_level ? 0.2 * (double)leaves_bytes(&s) : 0;
    return s.cost + 5.0 * (double)bytes + far;
}

/* Leaves; then, while they are made, the string and room for its sums. */
size_t qrng_toeplitz_gfni_state_bytes(uint64_t n, uint64_t m) {
    qrng_tmvp_shape s = shape(n, m);
    return leaves_bytes(&s) + (s.rows + s.cols + 2) * s.side;
}

/* Matrix e holds, in row a, bits 8 (e+1) - a to + 7 of the string read bit by bit. */
static void leaf(uint8_t *out, const uint8_t *q, size_t base) {
    memset(out, 0, 16 * base);
    for (size_t e = 0; e + 1 < 2 * base; e++) {
        unsigned window = (unsigned)q[e] << 8 | q[e + 1];
        for (unsigned a = 0; a < 8; a++)
            out[8 * e + a] = (uint8_t)(window >> a);
    }
}

void qrng_toeplitz_gfni_prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t) {
    qrng_tmvp_shape s = shape(n, m);
    size_t length = (s.rows + s.cols) * s.side;
    uint8_t *q = state + leaves_bytes(&s);
    qrng_tmvp_string(q, &s, 1, n, t);
    qrng_bits_reverse_bytes(q, q, length);
    qrng_tmvp_leaves(state, leaf_bytes(&s), q, &s, 1, leaf, q + length);
    qrng_wipe(q, length + 2 * s.side);
}

/* A matrix for all lanes. The barrier keeps the load apart from the product: clang 14 encodes products
 * with a broadcast operand wrongly (an offset of -8 reads at -64). */
TARGET INLINE __m512i matrix_at(const long long *matrix) {
    __m512i all = _mm512_set1_epi64(*matrix);
    __asm__("" : "+v"(all));
    return all;
}

/* acc += T (x + x2) for a leaf of side b; x2 may be NULL. */
TARGET INLINE void accumulate(__m512i *acc, const uint8_t *q, const __m512i *x, const __m512i *x2,
                              const size_t b) {
    const long long *matrix = (const long long *)(const void *)q;
    size_t j = 0;
    for (; j + 2 <= b; j += 2) {
        __asm__("" : "+r"(matrix)); /* load each matrix afresh: keeping them for the next round costs moves */
        __m512i x0 = x2 ? _mm512_xor_si512(x[j], x2[j]) : x[j];
        __m512i x1 = x2 ? _mm512_xor_si512(x[j + 1], x2[j + 1]) : x[j + 1];
        __m512i upper = matrix_at(matrix + b + j);
        QRNG_UNROLL
        for (size_t i = 0; i < b; i++) {
            __m512i lower = matrix_at(matrix + b - 1 - i + j);
            acc[i] = _mm512_ternarylogic_epi64(acc[i], _mm512_gf2p8affine_epi64_epi8(x0, lower, 0),
                                               _mm512_gf2p8affine_epi64_epi8(x1, upper, 0), 0x96);
            upper = lower;
        }
    }
    if (j < b) {
        __m512i x0 = x2 ? _mm512_xor_si512(x[j], x2[j]) : x[j];
        QRNG_UNROLL
        for (size_t i = 0; i < b; i++)
            acc[i] = _mm512_xor_si512(
                acc[i], _mm512_gf2p8affine_epi64_epi8(x0, matrix_at(matrix + b - 1 - i + j), 0));
    }
}

/* One leaf alone. */
TARGET INLINE void leaf_product(__m512i *y, const uint8_t *q, const __m512i *x, const size_t b, int add) {
    __m512i acc[BASE_MAX];
    QRNG_UNROLL
    for (size_t i = 0; i < b; i++)
        acc[i] = add ? y[i] : _mm512_setzero_si512();
    accumulate(acc, q, x, NULL, b);
    QRNG_UNROLL
    for (size_t i = 0; i < b; i++)
        y[i] = acc[i];
}

/* The last split with its three leaves: what they share stays in registers. */
TARGET INLINE void three_leaves(__m512i *y, const uint8_t *q, const __m512i *x, const size_t b, int add) {
    __m512i common[BASE_MAX], acc[BASE_MAX];
    QRNG_UNROLL
    for (size_t i = 0; i < b; i++)
        common[i] = _mm512_setzero_si512();
    accumulate(common, q, x, x + b, b);
    QRNG_UNROLL
    for (size_t i = 0; i < b; i++)
        acc[i] = add ? _mm512_xor_si512(y[i], common[i]) : common[i];
    accumulate(acc, q + 16 * b, x + b, NULL, b);
    QRNG_UNROLL
    for (size_t i = 0; i < b; i++) {
        y[i] = acc[i];
        acc[i] = add ? _mm512_xor_si512(y[b + i], common[i]) : common[i];
    }
    accumulate(acc, q + 32 * b, x, NULL, b);
    QRNG_UNROLL
    for (size_t i = 0; i < b; i++)
        y[b + i] = acc[i];
}

#define CASE(function, b)                                                                                    \
    case b:                                                                                                  \
        function(y, q, x, b, add);                                                                           \
        break;

TARGET static void any_leaf(__m512i *y, const uint8_t *q, const __m512i *x, size_t base, int add) {
    switch (base) {
        CASE(leaf_product, 4)
        CASE(leaf_product, 5)
        CASE(leaf_product, 6)
        CASE(leaf_product, 7)
        CASE(leaf_product, 8)
    }
}

TARGET static void any_three_leaves(__m512i *y, const uint8_t *q, const __m512i *x, size_t base, int add) {
    switch (base) {
        CASE(three_leaves, 4)
        CASE(three_leaves, 5)
        CASE(three_leaves, 6)
        CASE(three_leaves, 7)
        CASE(three_leaves, 8)
    }
}

/* y = T x, or y += T x; returns the next tile's leaves. `work` has 2 side registers. */
TARGET static const uint8_t *product(__m512i *y, const uint8_t *q, const __m512i *x, size_t base,
                                     unsigned levels, int add, __m512i *work) {
    if (levels == 0) {
        any_leaf(y, q, x, base, add);
        return q + 16 * base;
    }
    if (levels == 1) {
        any_three_leaves(y, q, x, base, add);
        return q + 48 * base;
    }
    size_t half = base << (levels - 1);
    __m512i *sum = work, *common = work + half;
    for (size_t i = 0; i < half; i++)
        sum[i] = _mm512_xor_si512(x[i], x[half + i]);
    if (add) {
        q = product(common, q, sum, base, levels - 1, 0, work + 2 * half);
        for (size_t i = 0; i < half; i++) {
            y[i] = _mm512_xor_si512(y[i], common[i]);
            y[half + i] = _mm512_xor_si512(y[half + i], common[i]);
        }
    } else {
        q = product(y, q, sum, base, levels - 1, 0, work + half);
        memcpy(y + half, y, half * sizeof *y);
    }
    q = product(y, q, x + half, base, levels - 1, 1, work + half);
    return product(y + half, q, x, base, levels - 1, 1, work + half);
}

/* Byte k of row b goes to byte b of row k; 64 rows of `take` bytes (the rest reads as zero) to 64 rows of
 * `give`, any distance apart. `middle` is 64 registers, [word of the row][group of eight rows]. */
TARGET INLINE void transpose64(uint8_t *to, size_t to_stride, size_t give, const uint8_t *from,
                               size_t from_stride, size_t take, int ahead, __m512i *middle) {
    const __m512i bytes8 =
        _mm512_set_epi8(63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21,
                        13, 5, 60, 52, 44, 36, 28, 20, 12, 4, 59, 51, 43, 35, 27, 19, 11, 3, 58, 50, 42, 34,
                        26, 18, 10, 2, 57, 49, 41, 33, 25, 17, 9, 1, 56, 48, 40, 32, 24, 16, 8, 0);
    __mmask64 taken = ~(__mmask64)0 >> (64 - take), given = ~(__mmask64)0 >> (64 - give);
    for (size_t g = 0; g < 8; g++) {
        __m512i r[8];
        QRNG_UNROLL
        for (size_t i = 0; i < 8; i++)
            r[i] = _mm512_maskz_loadu_epi8(taken, from + (8 * g + i) * from_stride);
        if (ahead) /* the same rows of the next group; past the end of the buffer this does nothing */
            for (size_t i = 0; i < 8; i++)
                _mm_prefetch((const char *)((uintptr_t)from + (64 + 8 * g + i) * from_stride), _MM_HINT_T0);
        qrng_transpose8(r);
        QRNG_UNROLL
        for (size_t i = 0; i < 8; i++)
            middle[8 * i + g] = _mm512_permutexvar_epi8(bytes8, r[i]);
    }
    for (size_t c = 0; c < 8; c++) {
        __m512i r[8];
        QRNG_UNROLL
        for (size_t i = 0; i < 8; i++)
            r[i] = middle[8 * c + i];
        qrng_transpose8(r);
        QRNG_UNROLL
        for (size_t i = 0; i < 8; i++)
            _mm512_mask_storeu_epi8(to + (8 * c + i) * to_stride, given, r[i]);
    }
}

/* Registers of x and of y: whole tiles of the product and whole tiles of the transpose. */
static size_t x_registers(const qrng_tmvp_shape *s, uint64_t n) {
    size_t product = s->cols * s->side, transposed = round64((size_t)((n + 7) / 8));
    return product > transposed ? product : transposed;
}

static size_t y_registers(const qrng_tmvp_shape *s, uint64_t m) {
    size_t product = s->rows * s->side, transposed = round64((size_t)((m + 7) / 8));
    return product > transposed ? product : transposed;
}

/* x, y, sums of the splits, and two tiles for the transpose. */
size_t qrng_toeplitz_gfni_scratch_bytes(uint64_t n, uint64_t m) {
    qrng_tmvp_shape s = shape(n, m);
    return 64 * (x_registers(&s, n) + y_registers(&s, m) + 2 * s.side + 2 * LANES);
}

TARGET static void load(__m512i *x, size_t registers, uint64_t n, const uint8_t *raw, uint64_t raw_bit,
                        uint64_t step, unsigned count, __m512i *tile) {
    uint8_t *rows = (uint8_t *)(tile + LANES);
    size_t bytes = (size_t)((n + 7) / 8), at = 0;
    int in_place = n % 8 == 0 && step % 8 == 0 && raw_bit % 8 == 0 && count == LANES;
    for (; at < bytes; at += 64) {
        uint8_t *to = (uint8_t *)(x + at);
        size_t take = bytes - at < 64 ? bytes - at : 64;
        if (in_place && take == 64) {
            transpose64(to, 64, 64, raw + raw_bit / 8 + at, (size_t)(step / 8), 64, 1, tile);
        } else if (in_place) {
            transpose64(to, 64, 64, raw + raw_bit / 8 + at, (size_t)(step / 8), take, 1, tile);
        } else {
            uint64_t bits = n - 8 * at < 512 ? n - 8 * at : 512;
            memset(rows, 0, 64 * LANES);
            for (unsigned b = 0; b < count; b++)
                qrng_bits_copy(rows + 64 * b, 0, raw, raw_bit + b * step + 8 * at, bits);
            transpose64(to, 64, 64, rows, 64, 64, 0, tile);
        }
    }
    for (; at < registers; at++)
        x[at] = _mm512_setzero_si512();
}

TARGET static void store(uint8_t *out, uint64_t out_bit, unsigned count, const __m512i *y, uint64_t m,
                         __m512i *tile) {
    uint8_t *rows = (uint8_t *)(tile + LANES);
    size_t bytes = (size_t)((m + 7) / 8);
    int in_place = m % 8 == 0 && out_bit % 8 == 0 && count == LANES;
    for (size_t at = 0; at < bytes; at += 64) {
        const uint8_t *from = (const uint8_t *)(y + at);
        size_t give = bytes - at < 64 ? bytes - at : 64;
        if (in_place && give == 64) {
            transpose64(out + out_bit / 8 + at, (size_t)(m / 8), 64, from, 64, 64, 0, tile);
        } else if (in_place) {
            transpose64(out + out_bit / 8 + at, (size_t)(m / 8), give, from, 64, 64, 0, tile);
        } else {
            uint64_t bits = m - 8 * at < 512 ? m - 8 * at : 512;
            transpose64(rows, 64, 64, from, 64, 64, 0, tile);
            for (unsigned b = 0; b < count; b++)
                qrng_bits_copy(out, out_bit + b * m + 8 * at, rows + 64 * b, 0, bits);
        }
    }
}

TARGET void qrng_toeplitz_gfni_multiply(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw,
                                        uint64_t raw_bit, uint64_t step, uint8_t *out, uint64_t out_bit,
                                        uint64_t blocks, uint8_t *scratch) {
    qrng_tmvp_shape s = shape(n, m);
    size_t tile_bytes = s.leaves * leaf_bytes(&s), xs = x_registers(&s, n), ys = y_registers(&s, m);
    __m512i *x = (__m512i *)(void *)scratch, *y = x + xs, *work = y + ys, *tile = work + 2 * s.side;
    memset(y, 0, ys * sizeof *y);
    while (blocks) {
        unsigned count = blocks < LANES ? (unsigned)blocks : LANES;
        load(x, xs, n, raw, raw_bit, step, count, tile);
        for (size_t r = 0; r < s.rows; r++)
            for (size_t c = 0; c < s.cols; c++)
                product(y + r * s.side, state + (s.rows - 1 - r + c) * tile_bytes, x + c * s.side, s.base,
                        s.levels, c > 0, work);
        store(out, out_bit, count, y, m, tile);
        raw_bit += count * step;
        out_bit += count * m;
        blocks -= count;
    }
}

#else

typedef int qrng_not_on_this_processor;

#endif
