/* Linear complexity: the Berlekamp-Massey algorithm on 256 bits in every 1024; where it finds a register of
 * at most 96 bits, bets on the next 256 bits being that register's (Massey, "Shift-register synthesis and BCH
 * decoding", 1969). Short periods and linear feedback registers pass every test of bias; here they don't last
 * two blocks. */
#include <string.h>

#include "bits/bits.h"
#include "qrng.h"
#include "health/blocks.h"

#define LFSR_KIND 0x3130424d52514c46u

enum { BLOCK = 256, WORDS = BLOCK / 64 + 1, LONGEST = 96, EVERY = 4 };

typedef struct {
    uint64_t kind, seen, quiet;
    uint32_t fill, length; /* of the register in force; LONGEST + 1 = none */
    double g, total;
    uint64_t taps[WORDS];   /* bit i: the register's tap i, bit 0 always 1 */
    uint64_t recent[WORDS]; /* bit i: the bit i + 1 before the next */
    uint8_t block[BLOCK / 8];
} lfsr;

static void shift_in(uint64_t *v, uint64_t low) {
    for (int i = WORDS - 1; i > 0; i--)
        v[i] = v[i] << 1 | v[i - 1] >> 63;
    v[0] = v[0] << 1 | low;
}

static unsigned parity(const uint64_t *a, const uint64_t *b) {
    uint64_t x = 0;
    for (int i = 0; i < WORDS; i++)
        x ^= a[i] & b[i];
    return (unsigned)__builtin_parityll(x);
}

uint32_t qrng_lfsr_complexity(const uint8_t *packed, uint32_t n, uint32_t longest, uint64_t *taps) {
    uint64_t last[WORDS] = {1}, seen[WORDS] = {0}, kept[WORDS];
    uint32_t length = 0;
    memset(taps, 0, sizeof kept);
    taps[0] = 1;
    for (uint32_t i = 0; i < n; i++) {
        shift_in(seen, packed[i / 8] >> (7 - i % 8) & 1);
        shift_in(last, 0);
        if (!parity(taps, seen))
            continue;
        memcpy(kept, taps, sizeof kept);
        for (int w = 0; w < WORDS; w++)
            taps[w] ^= last[w];
        if (2 * length <= i) {
            length = i + 1 - length;
            if (length > longest)
                return longest + 1;
            memcpy(last, kept, sizeof kept);
        }
    }
    return length;
}

size_t qrng_lfsr_state_bytes(void) {
    return sizeof(lfsr);
}

int qrng_lfsr_init(void *state, double g) {
    lfsr *b = state;
    if (!(g >= 0.5 && g < 1))
        return QRNG_EINVAL;
    memset(b, 0, sizeof *b);
    b->kind = LFSR_KIND;
    b->g = g;
    b->length = LONGEST + 1;
    return QRNG_OK;
}

int qrng_lfsr_check(const void *state, size_t bytes) {
    const lfsr *b = state;
    return bytes == sizeof *b && b->kind == LFSR_KIND && b->fill < BLOCK && b->fill == b->seen % BLOCK
               ? QRNG_OK
               : QRNG_EINVAL;
}

/* What the register in force pays on the block. */
static double payoff(lfsr *b) {
    const double q = b->g + 0.97 * (1 - b->g), right = q / b->g, wrong = (1 - q) / (1 - b->g);
    double paid = 1;
    uint64_t ahead[WORDS];
    for (int i = 0; i < WORDS; i++) /* taps 1, 2, ... meet the bits 1, 2, ... before */
        ahead[i] = b->taps[i] >> 1 | (i + 1 < WORDS ? b->taps[i + 1] << 63 : 0);
    for (uint32_t i = 0; i < BLOCK; i++) {
        unsigned bit = b->block[i / 8] >> (7 - i % 8) & 1;
        paid *= parity(ahead, b->recent) == bit ? right : wrong;
        shift_in(b->recent, bit);
    }
    return paid;
}

static void evaluate(lfsr *b) {
    const int betting = b->length <= LONGEST, looking = b->seen / BLOCK % EVERY == 0;
    b->total = (betting ? payoff(b) : 1) * (b->total + BLOCK);
    if (!betting || b->total <= 2 * BLOCK)
        b->quiet = b->seen - BLOCK;
    if (!looking && !betting)
        return;
    /* A register that still holds stays in force. */
    b->length = qrng_lfsr_complexity(b->block, BLOCK, LONGEST, b->taps);
    for (uint32_t i = 0; i < BLOCK; i++)
        shift_in(b->recent, b->block[i / 8] >> (7 - i % 8) & 1);
}

uint64_t qrng_lfsr_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    lfsr *b = state;
    for (uint64_t i = 0; i < n;) {
        i += block_take(b->block, BLOCK, &b->fill, &b->seen, src, src_bit + i, n - i);
        if (b->fill < BLOCK)
            break;
        b->fill = 0;
        evaluate(b);
        if (b->total >= threshold)
            return i - 1;
    }
    return n;
}

void qrng_lfsr_leader(const void *state, qrng_evidence *found) {
    const lfsr *b = state;
    *found = (qrng_evidence){.total = b->total, .quiet = b->quiet};
}
