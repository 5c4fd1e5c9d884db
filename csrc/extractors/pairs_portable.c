/* Pairs of bits with shifts and masks only. */
#include "extractors/seedless.h"

/* Gather the bits of v under mask at the low end, in order: Warren, Hacker's Delight, section 7-4. */
static uint64_t compress(uint64_t v, uint64_t mask) {
    v &= mask;
    uint64_t absent = ~mask << 1;
    for (unsigned i = 0; i < 6; i++) {
        uint64_t odd = absent; /* parity of absent places to the right */
        for (unsigned s = 1; s < 64; s *= 2)
            odd ^= odd << s;
        uint64_t move = odd & mask, moved = v & move;
        mask = (mask ^ move) | move >> (1u << i);
        v = (v ^ moved) | moved >> (1u << i);
        absent &= ~odd;
    }
    return v;
}

#define COMPRESS compress

void qrng_pairs_portable(qrng_bit_writer *unequal, qrng_bit_writer *sums, qrng_bit_writer *equal,
                         const uint8_t *raw, uint64_t raw_bit, uint64_t n)
#include "extractors/pairs.inc"
