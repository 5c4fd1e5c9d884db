/* Trevisan's extractor (J. ACM 48 (2001) 860) with the one-bit extractor of Raz, Reingold and Vadhan's
 * analysis, a polynomial over GF(2^l) at alpha, inner product with beta (RSH), and a block weak design over
 * GF(t), t = 2^log_t (Ma, Zhang, Tan, arXiv:1109.6147). Conventions of qrng_api.inc.
 *
 * Output i of a block of the design uses the seed bits at a t + p_i(a), a = 0, 1, ..., 2 l - 1, where p_i has
 * the base-t digits of i as coefficients. Its lowest digit is the constant, so for 64 consecutive i the bits
 * at one a are one word of the seed, its bits permuted by a xor: seed words are read for 64 outputs at once,
 * at public places. */
#include <string.h>

#include "qrng.h"
#include "bits/bits.h"
#include "cpu/kernels.h"
#include "extractors/trevisan.h"

enum { GROUP = 64, POINTS = 2 * 64 * QRNG_TREVISAN_WORDS };

static uint64_t reversed(uint64_t v) {
    v = (v >> 1 & 0x5555555555555555u) | (v & 0x5555555555555555u) << 1;
    v = (v >> 2 & 0x3333333333333333u) | (v & 0x3333333333333333u) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0fu) | (v & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(v);
}

static const uint64_t halves[6] = {0x5555555555555555u, 0x3333333333333333u, 0x0f0f0f0f0f0f0f0fu,
                                   0x00ff00ff00ff00ffu, 0x0000ffff0000ffffu, 0x00000000ffffffffu};

/* Bit i to bit i xor c. */
static uint64_t xor_bits(uint64_t v, unsigned c) {
    for (unsigned k = 0; k < 6; k++)
        if (c >> k & 1)
            v = (v >> (1u << k) & halves[k]) | (v & halves[k]) << (1u << k);
    return v;
}

/* Bit j of word i to bit i of word j: Warren, Hacker's Delight, section 7-3. */
static void transpose64(uint64_t *w) {
    for (unsigned k = 6; k-- > 0;) {
        unsigned s = 1u << k;
        for (unsigned i = 0; i < 64; i++)
            if (!(i & s)) {
                uint64_t swap = (w[i] >> s ^ w[i + s]) & halves[k];
                w[i] ^= swap << s;
                w[i + s] ^= swap;
            }
    }
}

/* Product in GF(2^k) of two places of the design. */
static unsigned place_product(unsigned a, unsigned b, unsigned k, unsigned polynomial) {
    unsigned sum = 0;
    for (unsigned i = k; i-- > 0;) {
        sum <<= 1;
        sum ^= polynomial & (0 - (sum >> k & 1));
        sum ^= a & (0 - (b >> i & 1));
    }
    return sum;
}

/* p(a) without its constant, p of the base-t digits of `index`. */
static unsigned place(uint64_t index, unsigned a, unsigned log_t, unsigned polynomial) {
    unsigned value = 0;
    int digit = 0;
    while ((digit + 1) * (int)log_t < 64 && index >> ((unsigned)(digit + 1) * log_t))
        digit++;
    for (; digit >= 1; digit--) {
        unsigned coefficient = (unsigned)(index >> ((unsigned)digit * log_t)) & ((1u << log_t) - 1);
        value = place_product(value ^ coefficient, a, log_t, polynomial);
    }
    return value;
}

typedef struct workspace {
    uint64_t points[POINTS]; /* seed bits of 64 outputs, by point; then by output, 64 points a word */
    uint64_t alpha[QRNG_TREVISAN_LANES * QRNG_TREVISAN_WORDS],
        values[QRNG_TREVISAN_LANES * QRNG_TREVISAN_WORDS];
    uint64_t bits[GROUP][2 * QRNG_TREVISAN_WORDS + 1];
} workspace;

static size_t coefficients(uint64_t n, unsigned l) {
    return (size_t)((n + l - 1) / l);
}

static int in_range(uint64_t n, uint64_t m, unsigned l, unsigned log_t) {
    return n >= 1 && n <= QRNG_LINEAR_MAX_BITS && m >= 1 && m <= n && l >= 17 &&
           l <= 64 * QRNG_TREVISAN_WORDS && log_t >= 6 && log_t <= 16 && 2 * l <= 1u << log_t;
}

size_t qrng_trevisan_scratch_bytes(uint64_t n, unsigned l) {
    return sizeof(workspace) + 8 * (coefficients(n, l) * ((l + 63) / 64) + 2);
}

/* 64 outputs from index `first`, a multiple of 64, of one block of the design, whose seed is at `seed`. */
static uint64_t group(workspace *w, const qrng_rsh_field *f, const uint64_t *x, size_t count,
                      const uint8_t *seed, uint64_t first, unsigned outputs, unsigned log_t,
                      unsigned polynomial) {
    const unsigned l = f->l, words = f->words;
    qrng_rsh_values *values_of = qrng_kernels_get()->rsh_values;
    memset(w->points, 0, sizeof w->points);
    for (unsigned a = 0; a < 2 * l; a++) {
        unsigned at = place(first, a, log_t, polynomial) ^ (unsigned)(first & ((1u << log_t) - 1));
        uint64_t row = ((uint64_t)a << log_t) + (at & ~63u);
        w->points[a] = xor_bits(reversed(qrng_load_be64(seed + row / 8)), at & 63);
    }
    const unsigned chunks = (2 * l + 63) / 64;
    memset(w->bits, 0, sizeof w->bits);
    for (unsigned c = 0; c < chunks; c++) {
        transpose64(w->points + 64 * c);
        for (unsigned o = 0; o < GROUP; o++)
            w->bits[o][c] = w->points[64 * c + o];
    }
    uint64_t result = 0, top = l % 64 ? ((uint64_t)1 << l % 64) - 1 : ~(uint64_t)0;
    for (unsigned o = 0; o < outputs; o += QRNG_TREVISAN_LANES) {
        for (unsigned lane = 0; lane < QRNG_TREVISAN_LANES; lane++)
            for (unsigned i = 0; i < words; i++)
                w->alpha[lane * words + i] = w->bits[o + lane][i] & (i == words - 1 ? top : ~(uint64_t)0);
        values_of(w->values, f, x, count, w->alpha);
        for (unsigned lane = 0; lane < QRNG_TREVISAN_LANES; lane++) {
            uint64_t sum = 0;
            for (unsigned i = 0; i < words; i++) {
                unsigned at = l + 64 * i, s = at % 64;
                const uint64_t *b = w->bits[o + lane] + at / 64;
                sum ^= w->values[lane * words + i] & (s ? b[0] >> s | b[1] << (64 - s) : b[0]);
            }
            result |= (uint64_t)__builtin_parityll(sum) << (o + lane);
        }
    }
    return result;
}

int qrng_trevisan_extract(uint8_t *out, uint64_t out_bit, const uint8_t *raw, uint64_t raw_bit, uint64_t n,
                          uint64_t m, unsigned l, uint64_t tail, unsigned log_t, unsigned polynomial,
                          const uint64_t *block_sizes, size_t blocks, const uint8_t *seed, void *scratch) {
    if (!in_range(n, m, l, log_t))
        return QRNG_EINVAL;
    workspace *w = (workspace *)(((uintptr_t)scratch + 7) & ~(uintptr_t)7);
    uint64_t *x = (uint64_t *)(void *)(w + 1);
    const qrng_rsh_field f = {.l = l, .words = (l + 63) / 64, .tail = tail};
    const size_t count = coefficients(n, l);
    for (size_t i = 0; i < count; i++)
        for (unsigned j = 0; j < f.words; j++) {
            uint64_t at = (uint64_t)i * l + 64 * j, end = (uint64_t)i * l + l < n ? (uint64_t)i * l + l : n;
            unsigned part = at >= end ? 0 : end - at < 64 ? (unsigned)(end - at) : 64;
            x[i * f.words + j] = part ? reversed(qrng_bits_get(raw, raw_bit + at, part) << (64 - part)) : 0;
        }
    uint64_t done = 0;
    for (size_t b = 0; b < blocks; b++) {
        const uint8_t *part = seed + ((uint64_t)b << (2 * log_t)) / 8;
        for (uint64_t first = 0; first < block_sizes[b] && done < m; first += GROUP) {
            uint64_t left = block_sizes[b] - first < m - done ? block_sizes[b] - first : m - done;
            unsigned outputs = left < GROUP ? (unsigned)left : GROUP;
            uint64_t bits = group(w, &f, x, count, part, first, outputs, log_t, polynomial);
            uint8_t packed[8];
            qrng_store_be64(packed, reversed(bits));
            qrng_bits_copy(out, out_bit + done, packed, 0, outputs);
            done += outputs;
        }
    }
    return QRNG_OK;
}
