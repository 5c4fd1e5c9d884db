/* Linear complexity: the Berlekamp-Massey algorithm on every 96 bits, for registers of at most 40 bits,
 * and on 256 bits of every 4096, for those of at most 96; where it finds one, bets on the next bits
 * being that register's (Massey, "Shift-register synthesis and BCH decoding", 1969). Short periods and linear
 * feedback registers pass every test of bias; here they don't last two blocks. */
#include <string.h>

#include "bits/bits.h"
#include "cpu/kernels.h"
#include "health/blocks.h"
#include "health/lfsr.h"
#include "qrng.h"

#define LFSR_KIND 0x3330424d52514c46u

enum { BLOCK = 32, WINDOW = 256, WORDS = WINDOW / 64, TAP_WORDS = WORDS + 1, TIERS = 2 };

/* What each tier looks at, how often, and the longest register that it takes: 16 and 64 bits are left to tell
 * a register from chance. */
static const struct {
    uint32_t window, every, longest;
} tiers[TIERS] = {{LFSR_WINDOW, LFSR_WINDOW, LFSR_LONGEST}, {256, 4096, 96}};

typedef struct {
    uint64_t kind, seen;
    uint32_t fill, reserved;
    uint32_t length[TIERS]; /* of the register in force; longest + 1 = none */
    double g, total;
    double m[TIERS];
    uint64_t quiet[TIERS];
    uint64_t taps[TIERS][TAP_WORDS]; /* bit i: the register's tap i, bit 0 always 1 */
    uint8_t block[BLOCK / 8], window[WINDOW / 8];
} lfsr;

#define INLINE static inline __attribute__((always_inline))

INLINE void shift_in(uint64_t *v, uint64_t low, const int words) {
    for (int i = words - 1; i > 0; i--)
        v[i] = v[i] << 1 | v[i - 1] >> 63;
    v[0] = v[0] << 1 | low;
}

INLINE uint64_t parity(const uint64_t *a, const uint64_t *b, const int words) {
    uint64_t x = 0;
    for (int i = 0; i < words; i++)
        x ^= a[i] & b[i];
    return (uint64_t)__builtin_parityll(x);
}

/* The algorithm on series: rest[] is the register's polynomial times the bits from the present one on, which
 * is on top, so its top bit is the discrepancy; spare[] the same for the polynomial before the last change of
 * length, from its own discrepancy on. No branch depends on a discrepancy. What is shifted out of `last`
 * would only make a register too long for its words. */
INLINE uint32_t complexity(const uint8_t *packed, uint32_t n, uint32_t longest, uint64_t *taps,
                           const int words, const int tap_words) {
    uint64_t rest[WORDS], spare[WORDS], last[TAP_WORDS] = {1}, now[TAP_WORDS] = {1};
    int64_t excess = 1; /* i + 1 - 2 length: where it is above 0 a discrepancy makes the register longer */
    uint32_t i = 0;
    for (int w = 0; w < words; w++) {
        rest[w] = qrng_load_be64(packed + 8 * w);
        spare[w] = rest[w] >> 1 | (w ? rest[w - 1] << 63 : (uint64_t)1 << 63);
    }
    while (i < n && (int64_t)i + 1 - excess <= 2 * (int64_t)longest) {
        const uint64_t differs = 0 - (rest[0] >> 63), longer = differs & (uint64_t)(-excess >> 63);
        for (int w = 0; w < words; w++) {
            const uint64_t before = rest[w];
            rest[w] ^= spare[w] & differs;
            spare[w] ^= (spare[w] ^ before) & longer;
        }
        for (int w = 0; w < words; w++)
            rest[w] = rest[w] << 1 | (w + 1 < words ? rest[w + 1] >> 63 : 0);
        shift_in(last, 0, tap_words);
        for (int w = 0; w < tap_words; w++) {
            const uint64_t before = now[w];
            now[w] ^= last[w] & differs;
            last[w] ^= (last[w] ^ before) & longer;
        }
        excess = (excess ^ (int64_t)longer) - (int64_t)longer + 1; /* 1 - excess, or 1 + excess */
        i++;
    }
    const uint32_t length = (uint32_t)(((int64_t)i + 1 - excess) / 2);
    memcpy(taps, now, (size_t)tap_words * sizeof *taps);
    return length > longest ? longest + 1 : length;
}

uint32_t qrng_lfsr_complexity(const uint8_t *packed, uint32_t n, uint32_t longest, uint64_t *taps) {
    uint8_t bits[WINDOW / 8] = {0};
    qrng_bits_copy(bits, 0, packed, 0, n);
    return complexity(bits, n, longest, taps, WORDS, TAP_WORDS);
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
    for (int t = 0; t < TIERS; t++)
        b->length[t] = tiers[t].longest + 1;
    return QRNG_OK;
}

int qrng_lfsr_check(const void *state, size_t bytes) {
    const lfsr *b = state;
    if (bytes != sizeof *b || b->kind != LFSR_KIND || b->fill >= BLOCK || b->fill != b->seen % BLOCK)
        return QRNG_EINVAL;
    for (int t = 0; t < TIERS; t++)
        if (b->length[t] > tiers[t].longest + 1)
            return QRNG_EINVAL;
    return QRNG_OK;
}

/* What the register in force pays on the block at the end of the window; one that missed a bit is dropped. */
static double payoff(lfsr *b, int t) {
    const double q = b->g + 0.97 * (1 - b->g), right = q / b->g, wrong = (1 - q) / (1 - b->g);
    double paid = 1;
    uint64_t recent[2] = {0}; /* bit i: the bit i before the one foretold, itself as foretold: 0 */
    const uint8_t *x = b->window;
    for (uint32_t i = WINDOW - BLOCK - 96; i < WINDOW - BLOCK; i++)
        shift_in(recent, x[i / 8] >> (7 - i % 8) & 1, 2);
    for (uint32_t i = WINDOW - BLOCK; i < WINDOW; i++) {
        const uint64_t bit = x[i / 8] >> (7 - i % 8) & 1;
        shift_in(recent, 0, 2);
        const int hit = parity(b->taps[t], recent, 2) == bit;
        paid *= hit ? right : wrong;
        b->length[t] = hit ? b->length[t] : tiers[t].longest + 1;
        recent[0] |= bit;
    }
    return paid;
}

static void evaluate(lfsr *b) {
    memmove(b->window, b->window + BLOCK / 8, sizeof b->window - BLOCK / 8);
    memcpy(b->window + sizeof b->window - BLOCK / 8, b->block, BLOCK / 8);
    b->total = 0;
    for (int t = 0; t < TIERS; t++) {
        const uint32_t none = tiers[t].longest + 1, window = tiers[t].window;
        const int betting = b->length[t] != none;
        if (!betting)
            b->quiet[t] = b->seen - window;
        b->m[t] = (betting ? payoff(b, t) : 1) * (b->m[t] + BLOCK);
        b->total += b->m[t] / TIERS;
        if (b->seen >= window && (b->seen - window) % tiers[t].every == 0 && b->length[t] == none) {
            uint8_t x[WINDOW / 8] = {0};
            uint64_t taps[TAP_WORDS] = {0};
            memcpy(x, b->window + (WINDOW - window) / 8, window / 8);
            b->length[t] = t == 0 ? complexity(x, window, tiers[t].longest, taps, 2, 1)
                                  : complexity(x, window, tiers[t].longest, taps, WORDS, 2);
            if (b->length[t] != none)
                memcpy(b->taps[t], taps, sizeof taps);
        }
    }
}

/* Bits to come before the block whose end is the next at which tier t looks. */
static uint64_t until(const lfsr *b, int t) {
    const uint64_t every = tiers[t].every, window = tiers[t].window;
    if (b->seen + BLOCK < window)
        return window - BLOCK - b->seen;
    return (every - (b->seen + BLOCK - window) % every) % every;
}

/* The same for tier 0 once windows in which it finds nothing are left out, as far as a batch reaches. */
static uint64_t until_short(const lfsr *b, const uint8_t *src, uint64_t src_bit, uint64_t n) {
    enum { BEFORE = 128, LOOKED = LFSR_WINDOW / 8 };
    const uint64_t every = tiers[0].every, first = until(b, 0) + BLOCK;
    uint8_t bits[(BEFORE + (LFSR_BATCH + 1) * LFSR_WINDOW) / 8];
    uint64_t high[LFSR_BATCH] = {0}, low[LFSR_BATCH] = {0}, windows = n < first ? 0 : (n - first) / every + 1;
    if (windows == 0)
        return first - BLOCK;
    windows = windows < LFSR_BATCH ? windows : LFSR_BATCH;
    memcpy(bits, b->window + (WINDOW - BEFORE) / 8, BEFORE / 8);
    qrng_bits_copy(bits, BEFORE, src, src_bit, first + (windows - 1) * every);
    for (uint64_t k = 0; k < windows; k++) {
        const uint8_t *x = bits + (BEFORE + first + k * every) / 8 - LOOKED;
        high[k] = qrng_load_be64(x);
        low[k] = qrng_load_be64(x + LOOKED - 8) << 32; /* without what the first word has */
    }
    const uint32_t found = qrng_kernels_get()->lfsr_short(high, low) | (uint32_t)1 << windows;
    return first - BLOCK + (uint64_t)__builtin_ctz(found) * every;
}

/* Whole blocks, at most n bits, in which no register is in force and none is found: only counted. */
static uint64_t pass(lfsr *b, const uint8_t *src, uint64_t src_bit, uint64_t n) {
    uint64_t bits = n;
    for (int t = 0; t < TIERS; t++)
        if (b->length[t] != tiers[t].longest + 1)
            return 0;
    for (int t = TIERS - 1; t >= 0; t--) {
        const uint64_t due = t ? until(b, t) : until_short(b, src, src_bit, bits);
        bits = due < bits ? due : bits;
    }
    bits -= bits % BLOCK;
    const uint64_t kept = bits < WINDOW ? bits : WINDOW;
    if (bits == 0)
        return 0;
    memmove(b->window, b->window + kept / 8, (WINDOW - kept) / 8);
    qrng_bits_copy(b->window, WINDOW - kept, src, src_bit + bits - kept, kept);
    b->seen += bits;
    b->total = 0;
    for (int t = 0; t < TIERS; t++) {
        b->m[t] += (double)bits;
        b->total += b->m[t] / TIERS;
        b->quiet[t] = b->seen - tiers[t].window;
    }
    return bits;
}

uint64_t qrng_lfsr_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    lfsr *b = state;
    for (uint64_t i = 0; i < n;) {
        for (uint64_t bits = 1; bits && b->fill == 0 && b->total + (double)WINDOW * WINDOW < threshold;
             i += bits)
            bits = pass(b, src, src_bit + i, n - i);
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
    const int t = b->m[1] > b->m[0];
    *found = (qrng_evidence){.total = b->total, .bet = (uint32_t)t, .quiet = b->quiet[t]};
}
