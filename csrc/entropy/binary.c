/* What the estimators of SP 800-90B count on bit strings, packed most significant bit first:
 * times to a collision (section 6.3.2) and transitions (section 6.3.3). */
#include "qrng.h"
#include "bits/bits.h"

void qrng_entropy_collisions(uint64_t *twos, uint64_t *threes, const uint8_t *packed, uint64_t n) {
    uint64_t at = 0, steps = 0, unequal = 0;
    /* Among three bits two are equal: a step takes 2 bits if its first two agree, else 3. */
    while (n - at >= 64) { /* the eight bytes from byte at/8 lie inside the string */
        uint64_t v = qrng_load_be64(packed + at / 8) << at % 8;
        unsigned used = 0;
        while (used <= 57 - 3) { /* 64 - at%8 bits of v are valid: 57 at the least */
            unsigned differ = (unsigned)((v ^ v << 1) >> 63);
            v <<= 2 + differ;
            used += 2 + differ;
            unequal += differ;
            steps++;
        }
        at += used;
    }
    while (at + 1 < n) {
        unsigned differ = (unsigned)(qrng_bits_get(packed, at, 1) ^ qrng_bits_get(packed, at + 1, 1));
        if (at + 2 + differ > n)
            break;
        at += 2 + differ;
        unequal += differ;
        steps++;
    }
    *twos = steps - unequal;
    *threes = unequal;
}

void qrng_entropy_transitions(uint64_t *counts, const uint8_t *packed, uint64_t n) {
    uint64_t pairs = n ? n - 1 : 0, from1 = 0, to1 = 0, both = 0, at = 0;
    for (; pairs - at >= 64; at += 64) { /* the 64 pairs that start here end in the bit after them */
        uint64_t v = qrng_load_be64(packed + at / 8);
        uint64_t next = v << 1 | packed[at / 8 + 8] >> 7;
        from1 += (uint64_t)__builtin_popcountll(v);
        to1 += (uint64_t)__builtin_popcountll(next);
        both += (uint64_t)__builtin_popcountll(v & next);
    }
    for (; at < pairs; at++) {
        uint64_t a = qrng_bits_get(packed, at, 1), b = qrng_bits_get(packed, at + 1, 1);
        from1 += a;
        to1 += b;
        both += a & b;
    }
    counts[3] = both;
    counts[2] = from1 - both;
    counts[1] = to1 - both;
    counts[0] = pairs - from1 - to1 + both;
}
