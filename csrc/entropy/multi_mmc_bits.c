/* Multi Markov model with counting on bit strings, SP 800-90B section 6.3.9: subpredictor d says what
 * followed the last d+1 bits most often; a tie goes to 1.
 *
 * A context keeps the difference (times followed by 1) - (times followed by 0). Depths are independent of
 * each other: a context that was never seen has no longer one that was. Only depth 16 has more than 100,000
 * pairs of context and next bit, so that it alone can fill up. */
#include <string.h>

#include "qrng.h"
#include "entropy/packed.h"
#include "entropy/scoreboard.h"

enum { DEPTHS = 16, MAX_PAIRS = 100000 };
#define UNSEEN INT32_MIN

typedef struct {
    int32_t *ahead;  /* by context; UNSEEN before its first time */
    uint32_t unseen; /* contexts not seen so far */
    uint32_t mask;   /* the context's bits */
    uint32_t context;
} depth;

size_t qrng_entropy_multi_mmc_bits_scratch_bytes(void) {
    return ((size_t)2 << DEPTHS) * sizeof(int32_t) + ((size_t)1 << DEPTHS);
}

/* Steps first to last-1 of a block; `bits` holds the block, step t at bit 63-t. */
static uint64_t run_depth(depth *d, uint64_t bits, unsigned first, unsigned last, uint64_t *made) {
    uint64_t right = 0, seen = 0;
    uint32_t context = d->context;
    for (unsigned t = first; t < last; t++) {
        int32_t next = (int32_t)(bits >> (63 - t) & 1), *ahead = &d->ahead[context];
        int known = *ahead != UNSEEN;
        right = right << 1 | (unsigned)(known & ((*ahead >= 0) == next));
        seen = seen << 1 | (unsigned)known;
        *ahead = (known ? *ahead : 0) + 2 * next - 1;
        d->unseen -= (uint32_t)!known;
        context = (context << 1 | (uint32_t)next) & d->mask;
    }
    d->context = context;
    *made = seen << (64 - last);
    return right << (64 - last);
}

/* The same once every context was seen. */
static uint64_t run_full_depth(depth *d, uint64_t bits, unsigned last) {
    uint64_t right = 0;
    uint32_t context = d->context;
    for (unsigned t = 0; t < last; t++) {
        int32_t next = (int32_t)(bits >> 63), *ahead = &d->ahead[context];
        right = right << 1 | (unsigned)((*ahead >= 0) == next);
        *ahead += 2 * next - 1;
        bits <<= 1;
        context = (context << 1 | (uint32_t)next) & d->mask;
    }
    d->context = context;
    return right << (64 - last);
}

/* The same for a depth that can fill up: pairs[context] says which next bits it knows. */
static uint64_t run_limited_depth(depth *d, uint8_t *pairs, uint32_t *held, uint64_t bits, unsigned first,
                                  unsigned last, uint64_t *made) {
    uint64_t right = 0, seen = 0;
    uint32_t context = d->context;
    for (unsigned t = first; t < last; t++) {
        int32_t next = (int32_t)(bits >> (63 - t) & 1), *ahead = &d->ahead[context];
        unsigned known = pairs[context];
        right = right << 1 | (unsigned)((known != 0) & ((*ahead >= 0) == next));
        seen = seen << 1 | (unsigned)(known != 0);
        if (!(known >> next & 1) && *held < MAX_PAIRS) {
            *ahead = known ? *ahead : 0;
            known = pairs[context] |= (uint8_t)(1 << next);
            ++*held;
        }
        *ahead += (known >> next & 1) ? 2 * next - 1 : 0;
        context = (context << 1 | (uint32_t)next) & d->mask;
    }
    d->context = context;
    *made = seen << (64 - last);
    return right << (64 - last);
}

void qrng_entropy_multi_mmc_bits(qrng_prediction *out, const uint8_t *packed, uint64_t n, void *scratch) {
    depth depths[DEPTHS];
    int32_t *tables = scratch;
    uint8_t *pairs = (uint8_t *)(tables + ((size_t)2 << DEPTHS));
    uint32_t held = 0;
    scoreboard board;
    memset(&board, 0, sizeof board);
    memset(pairs, 0, (size_t)1 << DEPTHS);
    for (size_t c = 0; c < (size_t)2 << DEPTHS; c++)
        tables[c] = UNSEEN;
    for (unsigned d = 0; d < DEPTHS; d++) {
        uint32_t contexts = (uint32_t)2 << d;
        depths[d] = (depth){.ahead = tables + contexts, .unseen = contexts, .mask = contexts - 1};
        if (n > d)
            depths[d].context = (uint32_t)qrng_bits_get(packed, 0, d + 1);
    }
    for (uint64_t i = 0; i < n; i += 64) {
        unsigned steps = n - i < 64 ? (unsigned)(n - i) : 64;
        uint64_t bits = packed_word(packed, n, i), right[DEPTHS] = {0}, made[DEPTHS] = {0};
        for (unsigned d = 0; d < DEPTHS && d + 1 < i + steps; d++) {
            unsigned first =
                i ? 0 : d + 1; /* the first context of d+1 bits is learned from bit d+1, predicted by none */
            if (d == DEPTHS - 1)
                right[d] = run_limited_depth(&depths[d], pairs, &held, bits, first, steps, &made[d]);
            else if (depths[d].unseen || first)
                right[d] = run_depth(&depths[d], bits, first, steps, &made[d]);
            else {
                right[d] = run_full_depth(&depths[d], bits, steps);
                made[d] = ~(uint64_t)0;
            }
        }
        scoreboard_block(&board, DEPTHS, right, made, steps);
    }
    scoreboard_result(&board, out);
}
