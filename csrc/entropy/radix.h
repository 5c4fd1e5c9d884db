/* Sorting 64-bit keys by radix, most significant byte first. */
#ifndef QRNG_ENTROPY_RADIX_H
#define QRNG_ENTROPY_RADIX_H

#include <stddef.h>
#include <stdint.h>

/* Sort n keys that agree above bit shift+8; spare holds n. */
void qrng_radix_sort(uint64_t *keys, uint64_t *spare, size_t n, unsigned shift);

#endif
