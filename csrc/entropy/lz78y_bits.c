/* LZ78Y predictor on bit strings, SP 800-90B section 6.3.10: a dictionary of at most 65,536 prefixes of 1 to
 * 16 bits; the prefix whose most common next bit has the largest count predicts, of equals the longest; a tie
 * of the two next bits goes to 1.
 *
 * A prefix of one bit counts at least what a longer one counts. Once both prefixes of two bits that end in it
 * were followed by both bits it counts more, so that from then on one bit predicts, and only four counts are
 * kept. */
#include <string.h>

#include "qrng.h"
#include "entropy/packed.h"

enum { LONGEST = 16, MAX_PREFIXES = 65536 };

size_t qrng_entropy_lz78y_bits_scratch_bytes(void) {
    return ((size_t)4 << LONGEST) * sizeof(uint32_t);
}

/* Every two-bit prefix was followed by both bits. */
static int short_prefixes_decide(const uint32_t *two_bits) {
    for (unsigned c = 0; c < 8; c++)
        if (!two_bits[c])
            return 0;
    return 1;
}

static void judge(qrng_prediction *out, uint64_t *run, int right) {
    *run = right ? *run + 1 : 0;
    out->correct += (unsigned)right;
    if (*run > out->longest_run)
        out->longest_run = *run;
}

void qrng_entropy_lz78y_bits(qrng_prediction *out, const uint8_t *packed, uint64_t n, void *scratch) {
    uint32_t *counts = scratch; /* prefixes of j bits from 2 * 2^j on, two next bits each */
    memset(counts, 0, qrng_entropy_lz78y_bits_scratch_bytes());
    *out = (qrng_prediction){0, 0};
    uint64_t run = 0, i = LONGEST;
    uint32_t prefixes = 0;
    int refused = 0; /* a prefix of one or two bits found the dictionary full */
    for (; i < n; i++) {
        uint32_t history = (uint32_t)qrng_bits_get(packed, i - LONGEST, LONGEST);
        unsigned next = (unsigned)qrng_bits_get(packed, i, 1), prediction = 2;
        uint32_t most = 0;
        for (unsigned j = LONGEST; j > 0; j--) {
            uint32_t *c = counts + ((size_t)2 << j) + 2 * (history & (((uint32_t)1 << j) - 1));
            uint32_t larger = c[0] > c[1] ? c[0] : c[1];
            if (larger > most) {
                most = larger;
                prediction = c[0] <= c[1];
            }
            if (larger) {
                c[next]++;
            } else if (prefixes < MAX_PREFIXES) {
                c[next] = 1;
                prefixes++;
            } else if (j <= 2) {
                refused = 1;
            }
        }
        if (i > LONGEST) /* the first prefixes are only learned */
            judge(out, &run, prediction == next);
        if (!refused && short_prefixes_decide(counts + 8)) {
            i++;
            break;
        }
    }
    uint32_t *one_bit = counts + 4;
    unsigned last = i < n ? (unsigned)qrng_bits_get(packed, i - 1, 1) : 0;
    for (; i < n; i += 64) {
        uint64_t bits = packed_word(packed, n, i);
        unsigned steps = n - i < 64 ? (unsigned)(n - i) : 64;
        for (unsigned t = 0; t < steps; t++, bits <<= 1) {
            unsigned next = (unsigned)(bits >> 63);
            uint32_t *c = one_bit + 2 * last;
            judge(out, &run, (c[0] <= c[1]) == next);
            c[next]++;
            last = next;
        }
    }
}
