/* Gathering a stream of bits into the blocks that a detector evaluates. */
#ifndef QRNG_HEALTH_BLOCKS_H
#define QRNG_HEALTH_BLOCKS_H

#include <string.h>

#include "qrng.h"

/* Add up to n bits to a block of `size` bits, whole bytes, that holds *fill; returns how many went in. */
static inline uint64_t block_take(uint8_t *block, uint32_t size, uint32_t *fill, uint64_t *seen,
                                  const uint8_t *src, uint64_t src_bit, uint64_t n) {
    uint64_t take = size - *fill;
    take = take < n ? take : n;
    if (take == size && src_bit % 8 == 0)
        memcpy(block, src + src_bit / 8, size / 8);
    else
        qrng_bits_copy(block, *fill, src, src_bit, take);
    *fill += (uint32_t)take;
    *seen += take;
    return take;
}

#endif
