/* Raz's two-source extractor (STOC 2005, 11) with the generator of Meka, Reingold, Zhou (RANDOM 2014), as in
 * Foreman, Wooltorton, Milner, Curchod, arXiv:2506.15547: over GF(2^r) = GF(2)[z]/(z^r + z^s + 1), x = x1 ‖
 * x2,
 *
 *     out = first m bits of x2 (1 + d + d^2 + ... + d^(2^L - 1)) = x2 PRODUCT over i < L of (1 + d^(2^i)),
 *     d = x1 y.
 *
 * Bit j of a string is the coefficient of z^j. A product in the field is a Toeplitz product with the string
 * 0^(r-1) ‖ a ‖ 0^(r-1), by the method that the kernel level in force takes for that size. No branch and no
 * address depends on a bit of x, y or the output. */
#include <string.h>

#include "qrng.h"
#include "bits/bits.h"
#include "cpu/kernels.h"
#include "gf2/toeplitz.h"

enum { ALIGN = 64 };

typedef struct field {
    uint64_t r, s;
    const qrng_toeplitz_method *method;
    uint8_t *string;           /* 3r - 2 bits: what is around the operand is zero */
    uint8_t *wide;             /* a product before it is reduced: 2r - 1 bits, in whole pairs of words */
    uint8_t *spare;            /* r bits */
    uint8_t *matrix, *scratch; /* of the method */
} field;

static uint64_t round_up(uint64_t bytes) {
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* Bytes of an element: whole words, the bits behind r zero. */
static uint64_t element_bytes(uint64_t r) {
    return round_up((r + 63) / 64 * 8);
}

static uint64_t string_bytes(uint64_t r) {
    return round_up((3 * r + 5) / 8);
}

static int in_range(uint64_t n, uint64_t n2, uint64_t r, uint64_t s, unsigned rounds, uint64_t m) {
    return r >= 2 && 2 * r - 1 <= QRNG_LINEAR_MAX_BITS && s >= 1 && 2 * s <= r + 1 && n > r && n <= 2 * r &&
           n2 >= 1 && n2 <= r && rounds >= 1 && rounds <= 64 && m >= 1 && m <= r;
}

size_t qrng_raz_scratch_bytes(uint64_t r) {
    if (r < 2 || 2 * r - 1 > QRNG_LINEAR_MAX_BITS)
        return 0;
    const qrng_toeplitz_method *method = qrng_kernels_get()->toeplitz(r, 2 * r - 1);
    return (size_t)(ALIGN + string_bytes(r) + 7 * element_bytes(r) +
                    round_up(method->state_bytes(r, 2 * r - 1)) + method->scratch_bytes(r, 2 * r - 1));
}

/* out = what stands in `wide`, modulo z^r + z^s + 1: two folds, for 2 s <= r + 1. */
static void reduce(const field *f, uint8_t *out) {
    const uint64_t r = f->r, s = f->s;
    qrng_bits_copy(f->spare, 0, f->wide, r, r - 1);
    qrng_bits_xor(f->wide, 0, f->spare, 0, r - 1);
    qrng_bits_xor(f->wide, s, f->spare, 0, r - s);
    if (s > 1) { /* these reach past z^r a second time */
        qrng_bits_xor(f->wide, 0, f->spare, r - s, s - 1);
        qrng_bits_xor(f->wide, s, f->spare, r - s, s - 1);
    }
    qrng_bits_copy(out, 0, f->wide, 0, r);
}

/* out = a b; out may be a or b. */
static void product(const field *f, uint8_t *out, const uint8_t *a, const uint8_t *b) {
    const uint64_t r = f->r;
    const qrng_toeplitz_string t = {f->string, 0, 3 * r - 2, 0, 0};
    qrng_bits_copy(f->string, r - 1, a, 0, r);
    f->method->prepare(f->matrix, r, 2 * r - 1, &t);
    f->method->multiply(f->matrix, r, 2 * r - 1, b, 0, r, f->wide, 0, 1, f->scratch);
    reduce(f, out);
}

/* Bit i to bit 2i + 1 of 32 bits: zeros between those of a string that starts with the highest. */
static uint64_t spread(uint64_t v) {
    v = (v | v << 16) & 0x0000ffff0000ffffu;
    v = (v | v << 8) & 0x00ff00ff00ff00ffu;
    v = (v | v << 4) & 0x0f0f0f0f0f0f0f0fu;
    v = (v | v << 2) & 0x3333333333333333u;
    return ((v | v << 1) & 0x5555555555555555u) << 1;
}

static void square(const field *f, uint8_t *a) {
    for (uint64_t i = 0; i < (f->r + 63) / 64; i++) {
        uint64_t v = qrng_load_be64(a + 8 * i);
        qrng_store_be64(f->wide + 16 * i, spread(v >> 32));
        qrng_store_be64(f->wide + 16 * i + 8, spread(v & 0xffffffffu));
    }
    reduce(f, a);
}

int qrng_raz_extract(uint8_t *out, uint64_t out_bit, const uint8_t *raw, uint64_t raw_bit, uint64_t n,
                     const uint8_t *second, uint64_t second_bit, uint64_t n2, uint64_t r, uint64_t s,
                     unsigned rounds, uint64_t m, void *scratch) {
    if (!in_range(n, n2, r, s, rounds, m))
        return QRNG_EINVAL;
    const uint64_t element = element_bytes(r);
    uint8_t *at = (uint8_t *)(((uintptr_t)scratch + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
    memset(at, 0, (size_t)(string_bytes(r) + 7 * element));
    field f = {.r = r, .s = s, .method = qrng_kernels_get()->toeplitz(r, 2 * r - 1), .string = at};
    f.wide = at + string_bytes(r); /* two elements and their rounding */
    f.spare = f.wide + 2 * element;
    uint8_t *power = f.spare + element, *sum = power + element, *first = sum + element;
    uint8_t *last = first + element;
    f.matrix = last + element;
    f.scratch = f.matrix + round_up(f.method->state_bytes(r, 2 * r - 1));

    qrng_bits_copy(first, 0, raw, raw_bit, r);
    qrng_bits_copy(last, 0, raw, raw_bit + r, n - r);
    qrng_bits_copy(power, 0, second, second_bit, n2);
    product(&f, power, power, first); /* d */
    memcpy(sum, power, (size_t)element);
    sum[0] ^= 0x80; /* 1 + d */
    for (unsigned i = 1; i < rounds; i++) {
        square(&f, power);
        product(&f, first, sum, power);
        qrng_bits_xor(sum, 0, first, 0, r); /* times 1 + d^(2^i) */
    }
    product(&f, first, sum, last);
    qrng_bits_copy(out, out_bit, first, 0, m);
    return QRNG_OK;
}
