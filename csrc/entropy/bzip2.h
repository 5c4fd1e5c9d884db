/* Length that bzip2 1.0 gives a text, without the compressed bytes: the compression statistic of the IID
 * tests (SP 800-90B section 5.1.11) needs no more.
 *
 * bzip2 cuts the text into blocks, shortens runs of equal bytes, sorts the rotations of a block (Burrows,
 * Wheeler 1994), moves the bytes before them to front, shortens runs of zeros, and codes groups of 50 symbols
 * by one of up to six Huffman tables. The order of the rotations is unique but for equal ones, so any sort
 * serves. */
#ifndef QRNG_ENTROPY_BZIP2_H
#define QRNG_ENTROPY_BZIP2_H

#include <stddef.h>
#include <stdint.h>

enum {
    BZIP2_SYMBOLS = 258,     /* of a block after moving to front: two for runs, 255 places, the end */
    BZIP2_RUN_MAX = 255,     /* longest run that is shortened as one */
    BZIP2_SLACK = 19,        /* bytes of a block kept free for what is pending when it fills */
    BZIP2_STREAM_BITS = 112, /* magic and level, end mark, checksum of the stream */
    BZIP2_BLOCK_BITS = 105   /* start mark, checksum, randomised, origin */
};

/* Buffers for blocks of `level` * 100,000 bytes, carved from one scratch. */
typedef struct {
    uint64_t *keys, *spare;          /* sorting; after it, keys holds the symbols moved to front */
    uint32_t *order, *rank, *groups; /* rotations in order; refining them: 1, 1 and 4 entries a rotation */
    uint32_t *bins;
    uint16_t *symbols;       /* what is sorted */
    uint8_t *bytes, *before; /* a block's bytes; the bytes before its sorted rotations */
} bzip2_buffers;

/* order[r] = where the r-th of the rotations of n >= 1 symbols below k <= 1024 begins, equal ones in any
 * order. */
void qrng_rotations_sort(bzip2_buffers *w, uint32_t n, unsigned k);
/* Bits of a block whose sorted rotations n bytes precede, as codes 0 to used-1 in the order of the bytes;
 * without what names the bytes used. */
uint64_t qrng_bzip2_block_bits(bzip2_buffers *w, uint32_t n, unsigned used);
/* Bits of the tables, the choice among them, and n symbols below `alphabet`, with their frequencies. */
uint64_t qrng_bzip2_coded_bits(const uint16_t *symbols, uint32_t n, const uint32_t *frequency,
                               unsigned alphabet);
/* Bits of one block of bytes, the header included. n >= 1. */
uint64_t qrng_bzip2_bytes_bits(bzip2_buffers *w, uint32_t n);
/* Bits that say which of 256 bytes are used. */
unsigned qrng_bzip2_map_bits(const uint8_t *used);

void qrng_bzip2_carve(bzip2_buffers *w, void *scratch, unsigned level);

#endif
