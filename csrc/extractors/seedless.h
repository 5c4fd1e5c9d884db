/* Seedless extractors: the pass over pairs of bits that von Neumann and Peres share, and a writer of bits. */
#ifndef QRNG_EXTRACTORS_SEEDLESS_H
#define QRNG_EXTRACTORS_SEEDLESS_H

#include <stddef.h>
#include <stdint.h>

#include "bits/bits.h"

/* Appends bits to packed bytes; writes up to 8 bytes past the last one filled. */
typedef struct qrng_bit_writer {
    uint8_t *at;
    uint64_t partial; /* bits of the byte at `at`, from the top */
    unsigned filled;  /* 0 to 7 */
    uint64_t bits;    /* appended so far */
} qrng_bit_writer;

/* The low `n` (0 to 56) bits of v, whose other bits are zero. */
static inline void qrng_bits_append(qrng_bit_writer *w, uint64_t v, unsigned n) {
    unsigned filled = w->filled + n;
    uint64_t word = w->partial | v << (63 - filled) << 1;
    qrng_store_be64(w->at, word);
    w->at += filled / 8;
    w->partial = word << (filled & ~7u);
    w->filled = filled % 8;
    w->bits += n;
}

/* Each pair of n bits from raw_bit on: the first bit of an unequal one to `unequal`; unless they are NULL,
 * the sum of every pair to `sums` and the first bit of an equal one to `equal`. An odd last bit is dropped.
 */
typedef void qrng_pairs(qrng_bit_writer *unequal, qrng_bit_writer *sums, qrng_bit_writer *equal,
                        const uint8_t *raw, uint64_t raw_bit, uint64_t n);

qrng_pairs qrng_pairs_portable;
#if defined(__x86_64__)
qrng_pairs qrng_pairs_avx512;
#endif

#endif
