/* Compression estimate, SP 800-90B section 6.3.4: distances between equal blocks of 6 bits after Maurer's
 * universal statistic, and their expectation under a near-uniform law. */
#include <math.h>
#include <string.h>

#include "qrng.h"
#include "bits/bits.h"

enum { BLOCK_BITS = 6, DICTIONARY = 1000 }; /* b and d of the standard */

uint64_t qrng_entropy_compression_distances(uint32_t *counts, const uint8_t *packed, uint64_t n) {
    uint64_t blocks = n / BLOCK_BITS, last[1 << BLOCK_BITS] = {0};
    for (uint64_t i = 1; i <= blocks; i++) {
        uint64_t *seen = &last[qrng_bits_get(packed, (i - 1) * BLOCK_BITS, BLOCK_BITS)];
        if (i > DICTIONARY)
            counts[i - *seen]++; /* a block that was never seen counts its own number */
        *seen = i;
    }
    return blocks;
}

void qrng_entropy_compression_moments(double *sum, double *squares, const uint32_t *counts, uint64_t blocks) {
    long double s = 0, q = 0;
    for (uint64_t i = 1; i <= blocks; i++)
        if (counts[i]) {
            long double l = log2((double)i);
            s += counts[i] * l;
            q += counts[i] * l * l;
        }
    *sum = (double)s;
    *squares = (double)q;
}

/* G(z) of step 7, with F(z, t, u) summed by parts: terms log2(i) (1-z)^(i-1), weighted by how many t see
 * them. */
static long double g(long double z, uint64_t blocks, double *log2_of, uint64_t *filled) {
    const long double tiny =
        0x1p-80L; /* the rest is at most the last term over z: below every digit of a double */
    long double power = 1 - z, head = 0, all, tail = 0;
    uint64_t i = 2;
    for (; i <= blocks; i++) {
        if (i >= *filled) {
            log2_of[i] = log2((double)i);
            *filled = i + 1;
        }
        if (i > DICTIONARY)
            break;
        head += (long double)log2_of[i] * power;
        power *= 1 - z;
    }
    all = head;
    for (; i < blocks; i++) {
        if (i >= *filled) {
            log2_of[i] = log2((double)i);
            *filled = i + 1;
        }
        long double term = (long double)log2_of[i] * power, weighted = (long double)(blocks - i) * term;
        all += term;
        tail += weighted;
        if (weighted <= tiny * tail)
            break;
        power *= 1 - z;
    }
    if (i == blocks)
        all += log2((double)blocks) * power;
    long double tested = (long double)(blocks - DICTIONARY);
    return z * (z * (tail + tested * head) + (all - head)) / tested;
}

double qrng_entropy_compression_expectation(double p, uint64_t blocks, double *log2_of, uint64_t *filled) {
    long double others = (1 << BLOCK_BITS) - 1, q = (1 - (long double)p) / others;
    return (double)(g(p, blocks, log2_of, filled) + others * g(q, blocks, log2_of, filled));
}
