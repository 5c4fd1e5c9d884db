/* Von Neumann (1951), Elias (Ann. Math. Statist. 43 (1972) 865) and Peres (Ann. Statist. 20 (1992) 590):
 * exact coin tossing from independent, equally biased bits. How much comes out depends on the bits, so the
 * places written to do; nothing else does. */
#include "extractors/seedless.h"

#include <string.h>

#include "cpu/kernels.h"
#include "qrng.h"

/* The last byte, padded with zeros. */
static void finish(qrng_bit_writer *w) {
    if (w->filled)
        *w->at = (uint8_t)(w->partial >> 56);
}

uint64_t qrng_von_neumann(uint8_t *out, const uint8_t *raw, uint64_t raw_bit, uint64_t n) {
    qrng_bit_writer w = {.at = out};
    qrng_kernels_get()->pairs(&w, NULL, NULL, raw, raw_bit, n);
    finish(&w);
    return w.bits;
}

enum { SLACK = 8 }; /* what a writer may touch past its end */

/* Sums and equal bits of a string of n bits have n/2 bits each. */
static size_t half_bytes(uint64_t n) {
    return (size_t)(n / 2 + 7) / 8 + SLACK;
}

size_t qrng_peres_scratch_bytes(uint64_t n, unsigned depth) {
    size_t bytes = 0;
    for (; depth > 1 && n > 1; depth--, n /= 2)
        bytes += 2 * half_bytes(n);
    return bytes;
}

static void peres(qrng_bit_writer *out, qrng_pairs *pairs, const uint8_t *raw, uint64_t raw_bit, uint64_t n,
                  unsigned depth, uint8_t *scratch) {
    if (n < 2)
        return;
    if (depth == 1) {
        pairs(out, NULL, NULL, raw, raw_bit, n);
        return;
    }
    uint8_t *u = scratch, *v = u + half_bytes(n), *rest = v + half_bytes(n);
    qrng_bit_writer sums = {.at = u}, equal = {.at = v};
    pairs(out, &sums, &equal, raw, raw_bit, n);
    finish(&sums);
    finish(&equal);
    peres(out, pairs, u, 0, sums.bits, depth - 1, rest);
    peres(out, pairs, v, 0, equal.bits, depth - 1, rest);
}

uint64_t qrng_peres(uint8_t *out, const uint8_t *raw, uint64_t raw_bit, uint64_t n, unsigned depth,
                    uint8_t *scratch) {
    qrng_bit_writer w = {.at = out};
    peres(&w, qrng_kernels_get()->pairs, raw, raw_bit, n, depth, scratch);
    finish(&w);
    return w.bits;
}

__extension__ typedef unsigned __int128 wide;

/* x with x d = 1 mod 2^64, for odd d: Newton's iteration, each doubling the bits that are right. */
static uint64_t inverse(uint64_t d) {
    uint64_t x = d * 3 ^ 2;
    for (int i = 0; i < 4; i++)
        x *= 2 - d * x;
    return x;
}

enum { LANES = 6 };

int qrng_elias(uint64_t *bits, uint8_t *out, const uint8_t *raw, uint64_t raw_bit, uint64_t n,
               unsigned block) {
    if (block < 2 || block > 64)
        return QRNG_EINVAL;
    /* C(block, w) for all w, and what exact division by each length up to block takes. */
    uint64_t binomial[65] = {1}, odd_inverse[65];
    unsigned twos[65];
    for (unsigned i = 1; i <= block; i++) {
        for (unsigned w = i; w > 0; w--)
            binomial[w] += binomial[w - 1];
        twos[i] = (unsigned)__builtin_ctz(i);
        odd_inverse[i] = inverse(i >> twos[i]);
    }
    qrng_bit_writer writer = {.at = out};
    while (n >= block) {
        /* Several blocks go along together, since each step waits for the one before; missing ones are zero.
         */
        uint64_t word[LANES] = {0}, count[LANES] = {0}, rank[LANES] = {0}, c[LANES], ones[LANES];
        unsigned lanes = n / block < LANES ? (unsigned)(n / block) : LANES;
        for (unsigned k = 0; k < LANES; k++) {
            if (k < lanes)
                word[k] = qrng_bits_get(raw, raw_bit + k * block, block);
            ones[k] = (uint64_t)__builtin_popcountll(word[k]);
            for (unsigned w = 0; w <= block; w++)
                count[k] |= binomial[w] & (0 - (uint64_t)(w == ones[k]));
            c[k] = count[k];
        }
        /* With c = C(length, ones) words from here on, C(length-1, ones) = c (length - ones) / length start
         * with 0; the quotient is exact and below 2^64. A word that starts with 1 comes after those. */
        for (unsigned length = block; length > 0; length--)
            for (unsigned k = 0; k < LANES; k++) {
                wide product = (wide)c[k] * (length - ones[k]);
                uint64_t with_zero = (uint64_t)(product >> twos[length]) * odd_inverse[length];
                uint64_t is_one = 0 - (word[k] >> (length - 1) & 1);
                rank[k] += with_zero & is_one;
                c[k] = (with_zero & ~is_one) | ((c[k] - with_zero) & is_one);
                ones[k] += is_one; /* minus 1 if so */
            }
        /* Elias splits the count into its powers of 2, largest first; rank falls into the one at the highest
         * bit where count has 1 and rank 0, which is where they first differ. */
        for (unsigned k = 0; k < lanes; k++) {
            unsigned length = 63 - (unsigned)__builtin_clzll(count[k] ^ rank[k]);
            uint64_t value = rank[k] & (((uint64_t)1 << length) - 1);
            unsigned high = length > 32 ? length - 32 : 0;
            qrng_bits_append(&writer, high ? value >> 32 : 0, high);
            qrng_bits_append(&writer, high ? value & 0xffffffffu : value, length - high);
        }
        n -= lanes * (uint64_t)block;
        raw_bit += lanes * (uint64_t)block;
    }
    finish(&writer);
    *bits = writer.bits;
    return QRNG_OK;
}
