/* Known test patterns: what a converter, a serializer or a driver sends that was left in its test mode. A
 * pattern is a register whose taps are known: the sum of a few bits, its check, is always 0, or always 1
 * where the pattern is inverted, as soon as it has been seen for as many bits as the register has.
 *
 * Two bets a check. One stakes all that it has, and something new with each bit, on the check bit being what
 * it was: a run of k right ones makes of it the sum of 1/g + ... + 1/g^k, and a miss ends it. Half of what a
 * run of RUN has won goes to the other, whose belief is what the last 64 check bits say, for a pattern with
 * errors in it; it ends when that is lost or more than MOST_MISSES of the 64 were wrong. As runs are all that
 * counts, stretches without a long one are passed over: behind them every bet is worth what its last run has
 * won. */
#include <math.h>
#include <string.h>

#include "bits/bits.h"
#include "cpu/kernels.h"
#include "health/prbs.h"
#include "qrng.h"

#define PRBS_KIND 0x3130305342525051u

/* x_t + x_(t-k) + x_(t-n), and the same of the bits in reverse order. */
#define PATTERN(n, k) 1u | 1u << (k) | 1u << (n), 1u | 1u << ((n) - (k)) | 1u << (n)

/* ITU-T O.150 (05/96), 5.1 to 5.8: 9, 11, 15, 20 (both), 23, 29, 31 bits, those of 15, 23, 29 and 31
 * inverted; IEEE 802.3 (PRBS13Q): 13 bits, five terms; 7, 10 and 17 bits: generators of transceivers and of
 * error rate testers (x^7 + x^6 + 1 also scrambles SONET frames, ITU-T G.707). Who sends or stores words the
 * other way round reverses. */
const uint32_t qrng_prbs_checks[PRBS_CHECKS] = {
    PATTERN(7, 6),   PATTERN(9, 5),   PATTERN(10, 7), PATTERN(11, 9),  1u | 6u | 3u << 12, 1u | 2u | 7u << 11,
    PATTERN(15, 14), PATTERN(17, 14), PATTERN(20, 3), PATTERN(23, 18), PATTERN(29, 27),    PATTERN(31, 28),
};

enum {
    /* Of equal check bits, from which on a check is followed: among the steps from one to the next are
     * PRBS_EVEN that end with a byte. */
    RUN = PRBS_EVEN + 8 + 1,
    MOST_MISSES = 24, /* of the last 64 */
    BEFORE = 128,     /* bits kept */
    WALK = 16,        /* bits taken one by one before the next look */
    CHUNK = PRBS_BLOCKS * 64,
    FEW = 24 /* blocks that are looked at without the kernel */
};

typedef struct {
    double m;       /* the run's e-detector */
    uint64_t since; /* bits seen before it */
    /* The bet that bears misses: */
    double held;
    uint64_t from;     /* bits seen before the run that it began with */
    uint64_t missed;   /* of the last 64 check bits that it foretold, the newest lowest */
    uint32_t foretold; /* how many these are; 0: nothing is held */
    uint32_t value;    /* check bit that it foretells */
} bet;

typedef struct {
    uint64_t kind, seen;
    uint64_t recent[2]; /* the last 128 bits, the newest lowest in the first; zeros before the first bit */
    double g, total;
    bet bets[PRBS_CHECKS];
} prbs;

size_t qrng_prbs_state_bytes(void) {
    return sizeof(prbs);
}

int qrng_prbs_init(void *state, double g) {
    prbs *b = state;
    if (!(g >= 0.5 && g < 1))
        return QRNG_EINVAL;
    memset(b, 0, sizeof *b);
    b->kind = PRBS_KIND;
    b->g = g;
    return QRNG_OK;
}

int qrng_prbs_check(const void *state, size_t bytes) {
    const prbs *b = state;
    if (bytes != sizeof *b || b->kind != PRBS_KIND || !(b->g >= 0.5 && b->g < 1))
        return QRNG_EINVAL;
    for (int i = 0; i < PRBS_CHECKS; i++) {
        const bet *x = &b->bets[i];
        if (!(x->m >= 0 && x->held >= 0) || x->since > b->seen || x->from > b->seen || x->foretold > 64 ||
            x->value > 1)
            return QRNG_EINVAL;
    }
    return QRNG_OK;
}

static int degree(int i) {
    return 31 - __builtin_clz(qrng_prbs_checks[i]);
}

/* The share of each of a check's two values, 1 in all: with the square root of the register's states, so that
 * short patterns, which are known sooner, leave evidence to long ones. */
static void weigh(double *weight) {
    double sum = 0;
    for (int i = 0; i < PRBS_CHECKS; i++)
        sum += weight[i] = ldexp(degree(i) % 2 ? sqrt(2) : 1, degree(i) / 2);
    for (int i = 0; i < PRBS_CHECKS; i++)
        weight[i] /= 2 * sum;
}

static double total(const prbs *b) {
    double one = 0, other = 0; /* side by side, because each addition waits for the one before */
    for (int i = 0; i < PRBS_CHECKS; i += 2) {
        one += b->bets[i].m + b->bets[i].held;
        other += b->bets[i + 1].m + b->bets[i + 1].held;
    }
    return one + other;
}

/* What the bet that bears misses makes of a check bit; it ends with less than `least`. */
static void bear(bet *x, unsigned bit, double g, double least) {
    const unsigned miss = bit != x->value;
    const double q = 1 - (__builtin_popcountll(x->missed) + 0.5) / (x->foretold + 1);
    if (q > g)
        x->held *= miss ? (1 - q) / (1 - g) : q / g;
    x->missed = x->missed << 1 | miss;
    x->foretold += x->foretold < 64;
    if (x->held < least || __builtin_popcountll(x->missed) > MOST_MISSES) {
        x->held = 0;
        x->foretold = 0;
    }
}

/* Half of what the run has won goes over; what was staked on the other value is given up. */
static void hold(bet *x, unsigned bit) {
    x->m /= 2;
    if (x->foretold == 0 || x->value != bit) {
        x->held = 0;
        x->missed = 0;
        x->foretold = RUN;
        x->value = bit;
        x->from = x->since;
    }
    x->held += x->m;
}

static void settle(prbs *b, unsigned bit, const double *weight) {
    const uint64_t before = b->recent[0];
    const double odds = 1 / b->g;
    b->recent[1] = b->recent[1] << 1 | before >> 63;
    b->recent[0] = before << 1 | bit;
    const uint32_t now = (uint32_t)b->recent[0], changes = now ^ (uint32_t)before;
    for (int i = 0; i < PRBS_CHECKS; i++) {
        bet *x = &b->bets[i];
        const int changed = __builtin_parity(changes & qrng_prbs_checks[i]);
        uint64_t kept; /* without a branch, which would be missed half the time */
        memcpy(&kept, &x->m, sizeof kept);
        kept &= (uint64_t)changed - 1;
        memcpy(&x->m, &kept, sizeof kept);
        x->m = (x->m + weight[i]) * odds;
        x->since = changed ? b->seen : x->since;
        if (x->foretold)
            bear(x, (unsigned)__builtin_parity(now & qrng_prbs_checks[i]), b->g, weight[i]);
        if (b->seen + 1 - x->since == RUN)
            hold(x, (unsigned)__builtin_parity(now & qrng_prbs_checks[i]));
    }
    b->seen++;
    b->total = total(b);
}

/* Whether a check has RUN equal bits in a row, the last of them in the block, given the 64 bits before it. */
static int has_run(uint64_t before, uint64_t block) {
    const uint64_t low = block ^ (block >> 1 | before << 63), high = before ^ before >> 1;
    for (int i = 0; i < PRBS_CHECKS; i++) {
        uint64_t same = ~low, earlier = ~high;
        for (uint32_t left = qrng_prbs_checks[i] & ~1u; left; left &= left - 1) {
            const int lag = __builtin_ctz(left);
            same ^= low >> lag | high << (64 - lag);
            earlier ^= high >> lag;
        }
        for (int have = 1, more; have < RUN - 1; have += more) {
            more = have < RUN - 1 - have ? have : RUN - 1 - have;
            same &= same >> more | earlier << (64 - more);
            earlier &= earlier >> more;
        }
        if (same)
            return 1;
    }
    return 0;
}

/* 64 bits from any place of a buffer. */
static uint64_t bits_at(const uint8_t *bits, uint64_t place) {
    const uint64_t word = qrng_load_be64(bits + place / 8);
    return place % 8 ? word << place % 8 | bits[place / 8 + 8] >> (8 - place % 8) : word;
}

/* How many of the n bits behind the first BEFORE have no run of RUN: all, or up to a block that has. */
static uint64_t without_run(const uint8_t *bits, uint64_t n) {
    const uint64_t blocks = n / 64;
    uint64_t found[PRBS_ROW], rows = 0;
    memset(found, 255, sizeof found);
    /* A byte earlier: the last byte to end before a run does may be the one before its block. */
    if (blocks > FEW)
        qrng_kernels_get()->prbs_even(bits + (BEFORE - 64) / 8 - 1, found);
    for (int k = 0; k < PRBS_ROW; k++)
        rows |= found[k];
    for (; rows; rows &= ~(((uint64_t)1 << 63) >> __builtin_clzll(rows)))
        for (uint64_t k = 0; k < PRBS_ROW; k++) {
            const int row = __builtin_clzll(rows);
            const uint64_t at = 64 * (PRBS_ROW * (uint64_t)row + k);
            if (at / 64 < blocks && found[k] << row >> 63 &&
                has_run(bits_at(bits, BEFORE + at - 64), bits_at(bits, BEFORE + at)))
                return at;
        }
    if (n % 64 && has_run(bits_at(bits, BEFORE + n - 128), bits_at(bits, BEFORE + n - 64)))
        return 64 * blocks;
    return n;
}

/* Bits, at most n, in which no bet comes to more than a run shorter than RUN brings: counted, and each
 * check's last run evaluated. */
static uint64_t pass(prbs *b, const uint8_t *src, uint64_t src_bit, uint64_t n, const double *weight) {
    uint8_t bits[(BEFORE + CHUNK) / 8 + 8];
    uint64_t done = 0;
    for (int i = 0; i < PRBS_CHECKS; i++)
        if (b->bets[i].foretold)
            return 0;
    for (uint64_t chunk = CHUNK, quiet = CHUNK; quiet == chunk && done < n; done += quiet) {
        chunk = n - done < CHUNK ? n - done : CHUNK;
        memset(bits + (BEFORE + chunk) / 8, 0, sizeof bits - (BEFORE + chunk) / 8);
        qrng_store_be64(bits, b->recent[1]);
        qrng_store_be64(bits + 8, b->recent[0]);
        qrng_bits_copy(bits, BEFORE, src, src_bit + done, chunk);
        quiet = without_run(bits, chunk);
        b->recent[1] = bits_at(bits, BEFORE + quiet - 128);
        b->recent[0] = bits_at(bits, BEFORE + quiet - 64);
    }
    if (done == 0)
        return 0;
    b->seen += done;
    for (int i = 0; i < PRBS_CHECKS; i++) {
        uint64_t checks = 0;
        for (uint32_t left = qrng_prbs_checks[i]; left; left &= left - 1)
            checks ^= b->recent[0] >> __builtin_ctz(left);
        const int run = 1 + __builtin_ctzll(checks ^ checks >> 1);
        b->bets[i].since = b->seen - (uint64_t)run;
        b->bets[i].m = 0;
        for (int k = 0; k < run; k++)
            b->bets[i].m = (b->bets[i].m + weight[i]) * (1 / b->g);
    }
    b->total = total(b);
    return done;
}

uint64_t qrng_prbs_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    prbs *b = state;
    double weight[PRBS_CHECKS], most = 0;
    weigh(weight);
    for (int k = 1; k < RUN; k++)
        most = (most + 1) / b->g; /* more than all that the shorter runs can bring */
    for (uint64_t i = 0; i < n;) {
        if (most < threshold)
            i += pass(b, src, src_bit + i, n - i, weight);
        for (uint64_t k = 0; k < WALK && i < n; k++, i++) {
            settle(b, qrng_bits_get(src, src_bit + i, 1) != 0, weight);
            if (b->total >= threshold)
                return i;
        }
    }
    return n;
}

void qrng_prbs_leader(const void *state, qrng_evidence *found) {
    const prbs *b = state;
    double best = 0;
    *found = (qrng_evidence){.total = b->total};
    for (int i = 0; i < PRBS_CHECKS; i++) {
        const bet *x = &b->bets[i];
        const uint32_t bears = x->held > x->m;
        const uint64_t from = bears ? x->from : x->since, size = (uint64_t)degree(i);
        if ((bears ? x->held : x->m) <= best)
            continue;
        best = bears ? x->held : x->m;
        found->feature = (uint32_t)size | (uint32_t)(i % 2) << 8;
        found->bet = bears << 1 |
                     (bears ? x->value : (uint32_t)__builtin_parityll(b->recent[0] & qrng_prbs_checks[i]));
        found->quiet = from < size ? 0 : from - size;
    }
}
