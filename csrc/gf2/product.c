/* Products of polynomials over GF(2), z^(64 w + i) being bit i of word w: Karatsuba's method (Karatsuba and
 * Ofman, Soviet Physics Doklady 7 (1963) 595) for short factors, the additive FFT for long ones, whichever
 * the kernel level in force does faster.
 *
 * For the FFT a coefficient is 32 bits. Factors that a transform does not take together are cut into pieces;
 * products of pieces that land in one place are added before they are transformed back. */
#include "gf2/product.h"

#include <string.h>

#include "cpu/kernels.h"
#include "qrng.h"

enum { ALIGN = 64, WORD = 8 };

typedef struct plan {
    unsigned log_size;       /* of the transform; 0 = Karatsuba */
    size_t a_piece, b_piece; /* words of a piece */
    size_t a_count, b_count; /* pieces */
    double cost;             /* cycles */
} plan;

static size_t ceil_div(size_t a, size_t b) {
    return (a + b - 1) / b;
}

/* What Karatsuba's method takes instead of so many words. */
static size_t padded(size_t words) {
    size_t size = QRNG_LEAF_WORDS;
    while (size < words && size < QRNG_DIGIT_WORDS)
        size *= 2;
    return words <= size ? size : ceil_div(words, QRNG_DIGIT_WORDS) * QRNG_DIGIT_WORDS;
}

/* Digits multiplied in a product of so many digits, and a tenth more for sums. */
static double digits_of(size_t digits) {
    double longer = 1, shorter = 1; /* of ceil(digits / 2^k) and one less, from the last split on */
    unsigned levels = 0;
    while (ceil_div(digits, (size_t)1 << levels) > 1)
        levels++;
    for (unsigned k = levels; k-- > 0;) {
        size_t d = ceil_div(digits, (size_t)1 << k); /* and d - 1 */
        double even = 3 * (d % 2 ? shorter : longer), odd = 2 * longer + shorter;
        longer = d % 2 ? odd : even;
        shorter = d % 2 ? even : odd;
    }
    return 1.1 * longer;
}

static plan karatsuba_plan(const qrng_gf2_products *k, size_t a, size_t b) {
    size_t words = padded(b);
    plan p = {.a_piece = words, .b_piece = words, .a_count = ceil_div(a, words), .b_count = 1};
    double digits =
        words < QRNG_DIGIT_WORDS ? (double)words / QRNG_DIGIT_WORDS : digits_of(words / QRNG_DIGIT_WORDS);
    p.cost = (double)p.a_count * digits * k->digit_cycles;
    return p;
}

static double fft_cost(const qrng_fft *k, const plan *p) {
    double half = p->a_piece * 4 > (size_t)1 << p->log_size ? 1 : QRNG_FFT_HALF;
    double forward = half * (double)(p->a_count + p->b_count),
           inverse = (double)(p->a_count + p->b_count - 1);
    double products = (double)(p->a_count * p->b_count) * (double)((size_t)1 << p->log_size);
    return (forward + inverse) * qrng_fft_cycles(k, p->log_size) +
           QRNG_FFT_POINTS * k->round_cycles * products;
}

/* The cheapest way for a >= b. */
static plan choose(const qrng_gf2_products *k, size_t a, size_t b) {
    plan best = karatsuba_plan(k, a, b);
    for (unsigned log_size = QRNG_FFT_MIN_LOG; log_size <= QRNG_FFT_MAX_LOG; log_size++) {
        size_t room = (size_t)1 << (log_size - 1); /* words of both pieces together */
        plan p = {.log_size = log_size, .a_piece = room / 2, .b_piece = room / 2};
        if (b <= room / 2) {
            p.a_piece = a < room - b ? a : room - b;
            p.b_piece = b;
        }
        p.a_count = ceil_div(a, p.a_piece);
        p.b_count = ceil_div(b, p.b_piece);
        p.cost = fft_cost(k->fft, &p);
        if (p.cost < best.cost)
            best = p;
    }
    return best;
}

/* Karatsuba: both factors padded, a product, working space. FFT: all transforms, a sum, working space. */
static size_t work_words(const plan *p) {
    if (p->log_size == 0)
        return 4 * p->b_piece + qrng_karatsuba_work(p->b_piece);
    return (p->a_count + p->b_count + 1) * ((size_t)1 << p->log_size) + QRNG_FFT_WORK_WORDS;
}

static size_t clipped(size_t words, size_t piece, size_t index) {
    size_t left = words - piece * index;
    return left < piece ? left : piece;
}

static void add_words(uint64_t *to, const uint64_t *from, size_t words) {
    for (size_t i = 0; i < words; i++)
        to[i] ^= from[i];
}

/* The words themselves, or a copy with zeros behind. */
static const uint64_t *padded_to(uint64_t *copy, size_t words, const uint64_t *from, size_t used) {
    if (used == words)
        return from;
    memcpy(copy, from, used * WORD);
    memset(copy + used, 0, (words - used) * WORD);
    return copy;
}

static void by_karatsuba(const qrng_gf2_products *k, const plan *p, uint64_t *out, const uint64_t *a,
                         size_t a_words, const uint64_t *b, size_t b_words, uint64_t *work) {
    size_t words = p->b_piece;
    uint64_t *copy = work, *product = copy + 2 * words, *more = product + 2 * words;
    const uint64_t *y = padded_to(copy + words, words, b, b_words);
    if (a_words == words && b_words == words) {
        k->karatsuba(out, a, b, words, more);
        return;
    }
    memset(out, 0, (a_words + b_words) * WORD);
    for (size_t i = 0; i < p->a_count; i++) {
        size_t used = clipped(a_words, words, i);
        k->karatsuba(product, padded_to(copy, words, a + i * words, used), y, words, more);
        add_words(out + i * words, product, used + b_words);
    }
}

static void load(const qrng_fft *k, unsigned log_size, uint64_t *f, const uint64_t *words, size_t count,
                 uint64_t *work) {
    for (size_t i = 0; i < count; i++) {
        f[2 * i] = words[i] & 0xffffffffu;
        f[2 * i + 1] = words[i] >> 32;
    }
    memset(f + 2 * count, 0, (((size_t)1 << log_size) - 2 * count) * WORD);
    k->forward(f, log_size, 2 * count, work);
}

/* out += the polynomial whose coefficients at multiples of 32 are f, which have up to 63 bits. */
static void add_coefficients(uint64_t *out, const uint64_t *f, size_t words) {
    uint64_t before = 0;
    for (size_t i = 0; i < words; i++) {
        out[i] ^= f[2 * i] ^ f[2 * i + 1] << 32 ^ before;
        before = f[2 * i + 1] >> 32;
    }
}

static void by_fft(const qrng_fft *k, const plan *p, uint64_t *out, const uint64_t *a, size_t a_words,
                   const uint64_t *b, size_t b_words, uint64_t *work) {
    size_t size = (size_t)1 << p->log_size;
    uint64_t *x = work, *y = x + p->a_count * size, *sum = y + p->b_count * size, *more = sum + size;
    memset(out, 0, (a_words + b_words) * WORD);
    for (size_t i = 0; i < p->a_count; i++)
        load(k, p->log_size, x + i * size, a + i * p->a_piece, clipped(a_words, p->a_piece, i), more);
    for (size_t j = 0; j < p->b_count; j++)
        load(k, p->log_size, y + j * size, b + j * p->b_piece, clipped(b_words, p->b_piece, j), more);
    for (size_t place = 0; place < p->a_count + p->b_count - 1; place++) {
        size_t j = place < p->a_count ? 0 : place - p->a_count + 1, first = j;
        for (; j < p->b_count && j <= place; j++)
            k->multiply(sum, x + (place - j) * size, y + j * size, size, j > first);
        k->inverse(sum, p->log_size, more);
        size_t at = place * p->a_piece, left = a_words + b_words - at;
        add_coefficients(out + at, sum, left < size / 2 ? left : size / 2);
    }
}

static int in_range(size_t a_words, size_t b_words) {
    return a_words >= 1 && b_words >= 1 && a_words <= QRNG_GF2_MAX_WORDS && b_words <= QRNG_GF2_MAX_WORDS;
}

static plan plan_for(size_t a_words, size_t b_words) {
    size_t longer = a_words > b_words ? a_words : b_words;
    return choose(qrng_kernels_get()->products, longer, a_words + b_words - longer);
}

size_t qrng_gf2_scratch_bytes(size_t a_words, size_t b_words) {
    if (!in_range(a_words, b_words))
        return 0;
    plan p = plan_for(a_words, b_words);
    return ALIGN + work_words(&p) * WORD;
}

int qrng_gf2_multiply(uint64_t *out, const uint64_t *a, size_t a_words, const uint64_t *b, size_t b_words,
                      void *scratch, size_t scratch_bytes) {
    if (!in_range(a_words, b_words))
        return QRNG_EINVAL;
    if (a_words < b_words) {
        const uint64_t *shorter = a;
        size_t words = a_words;
        a = b, a_words = b_words;
        b = shorter, b_words = words;
    }
    const qrng_gf2_products *k = qrng_kernels_get()->products;
    plan p = choose(k, a_words, b_words);
    if (scratch_bytes < ALIGN + work_words(&p) * WORD)
        return QRNG_EINVAL; /* another kernel was forced since the size was asked for */
    uint64_t *work = (uint64_t *)(((uintptr_t)scratch + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
    if (p.log_size)
        by_fft(k->fft, &p, out, a, a_words, b, b_words, work);
    else
        by_karatsuba(k, &p, out, a, a_words, b, b_words, work);
    return QRNG_OK;
}
