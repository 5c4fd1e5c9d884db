/* Swinging biases: bets that the chance of a one goes as a sine, of 30 periods from 512 to 16,384 bits, three
 * amplitudes and eight phases; shorter ones in sine_short.c. Period, phase and amplitude are a handful of
 * numbers; to bet on all of them costs some ten bits of evidence, once, where a bettor that follows the swing
 * pays all the time for being late.
 *
 * Octave j settles its bets every 128 2^j bits, a quarter to an eighth of its periods, with the phase at the
 * block's middle. The octaves' blocks end at different bits, so their sums are not added up: the largest of
 * them, over their number, is watched (the short swings, one sum, count as the three octaves that they are),
 * which alarms within T bits with probability at most T/A by the union bound. */
#include <math.h>

#include "bits/bits.h"
#include "cpu/kernels.h"
#include "health/bets.h"
#include "health/blocks.h"
#include "health/sine.h"

#define SINE_KIND 0x33304e4953514e52u

static const double amplitudes[SINE_SIZES] = {0.025, 0.05, 0.1};
static const double quarter = 1.5707963267948966; /* of a turn, in radians */

/* Payoffs over a block with c ones of the belief 1/2 + A sin: A is the amplitude where the claim is one bit,
 * and so much more as the claim is lower. Rounded to zero, so that no mean is above 1. */
static void fill_payoffs(qrng_sine *b) {
    for (int a = 0; a < SINE_SIZES; a++)
        for (int place = 0; place < SINE_FINE * SINE_ROW; place++) {
            const double swing = sin(quarter * 4 * (place + 0.5) / (SINE_FINE * SINE_PHASES));
            const double top = (b->g - 0.5) + 2 * (1 - b->g) * amplitudes[a], q = 0.5 + top * fabs(swing);
            const double right = q > b->g ? q / b->g : 1, wrong = q > b->g ? (1 - q) / (1 - b->g) : 1;
            for (int c = 0; c <= SINE_BLOCK; c++) {
                const int hits = swing > 0 ? c : SINE_BLOCK - c;
                const double paid = pow(right, hits) * pow(wrong, SINE_BLOCK - hits);
                b->payoff[a][place % SINE_FINE][c][place / SINE_FINE] =
                    (float)(right > 1 ? paid * (1 - 0x1p-23) : 1);
            }
            for (int rest = 1; rest <= SINE_RESTS; rest++)
                b->odds[a][place % SINE_FINE][rest - 1][place / SINE_FINE] =
                    (float)(right > 1 ? pow(swing > 0 ? right / wrong : wrong / right, rest) * (1 - 0x1p-23)
                                      : 1);
            b->zeros[a][place % SINE_FINE][place / SINE_FINE] =
                (float)(right > 1 ? pow(swing > 0 ? wrong : right, SINE_PEEK) * (1 - 0x1p-23) : 1);
        }
}

size_t qrng_sine_state_bytes(void) {
    return sizeof(qrng_sine);
}

int qrng_sine_init(void *state, double g) {
    qrng_sine *b = state;
    if (!(g >= 0.5 && g < 1))
        return QRNG_EINVAL;
    memset(b, 0, sizeof *b);
    b->kind = SINE_KIND;
    b->g = g;
    fill_payoffs(b);
    sine_short_init(&b->quick, g, amplitudes[SINE_SIZES - 1]);
    for (int f = 0; f < SINE_PERIODS; f++) {
        b->step[f] = (uint32_t)(0x1p30 * exp2(-(f + 0.5) / SINE_PERIODS));
        for (int j = 0; j < SINE_OCTAVES; j++)
            b->phase[j][f] = b->step[f] / 2;
    }
    return QRNG_OK;
}

int qrng_sine_check(const void *state, size_t bytes) {
    const qrng_sine *b = state;
    if (bytes != sizeof *b || b->kind != SINE_KIND || b->fill >= SINE_BLOCK ||
        b->fill != b->seen % SINE_BLOCK || b->near >> SINE_OCTAVES > 1)
        return QRNG_EINVAL;
    for (int j = 0; j < SINE_OCTAVES; j++)
        if (b->ones[j] > (uint32_t)SINE_BLOCK << j)
            return QRNG_EINVAL;
    return QRNG_OK;
}

/* Ones of each byte of the block, and of all. */
static uint32_t count(uint8_t *parts, const uint8_t *block) {
    uint64_t sum = 0;
    for (int i = 0; i < SINE_BLOCK / 64; i++) {
        uint64_t w;
        memcpy(&w, block + 8 * i, 8);
        w -= w >> 1 & 0x5555555555555555;
        w = (w & 0x3333333333333333) + (w >> 2 & 0x3333333333333333);
        w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0f;
        memcpy(parts + 8 * i, &w, 8);
        sum += w;
    }
    return (uint32_t)(sum * 0x0101010101010101 >> 56); /* at most 128 */
}

/* Octave j's value if its block ended after `parts` times SINE_PEEK bits with so many ones. What began in
 * this block isn't counted: the value's mean is at most the bits before it. */
static double octave_peek(const qrng_sine *b, int j, uint32_t parts, uint32_t ones) {
    double sum = 0;
    for (int f = 0; f < SINE_PERIODS; f++) {
        const uint32_t place = b->phase[j][f] >> 27, fine = place % SINE_FINE, turn = place / SINE_FINE;
        for (int a = 0; a < SINE_SIZES; a++)
            for (uint32_t k = 0; k < SINE_PHASES; k++) {
                const double one = (double)b->odds[a][fine][0][turn + k];
                const double part = (double)b->zeros[a][fine][turn + k] * bets_power(one, ones / parts);
                sum += b->m[j][f][a][k] * bets_power(part, parts) * bets_power(one, ones % parts);
            }
    }
    return sum / (SINE_PERIODS * SINE_SIZES * SINE_PHASES);
}

/* The largest value of those near the threshold whose blocks have not ended, `extra` bits after the last
 * block of SINE_BLOCK. */
static double peek(const qrng_sine *b, uint32_t extra) {
    const uint32_t fresh = (uint32_t)(b->seen % SHORT_BLOCK);
    uint8_t parts[SHORT_PARTS];
    uint32_t ones = 0;
    double most = 0;
    memcpy(parts, b->parts, sizeof parts);
    for (uint32_t i = 0; i < extra / 8; i++) {
        parts[(fresh - extra) / SHORT_PART + i] = (uint8_t)__builtin_popcount(b->block[i]);
        ones += (uint32_t)__builtin_popcount(b->block[i]);
    }
    if (b->near >> SINE_OCTAVES && fresh && fresh % SHORT_PEEK == 0)
        most = sine_short_peek(&b->quick, parts, b->seen, fresh) * (SINE_ALL - SINE_OCTAVES);
    for (int j = 0; j < SINE_OCTAVES; j++) {
        const uint32_t bits = (uint32_t)(b->seen % ((uint64_t)SINE_BLOCK << j));
        if (bits && b->near >> j & 1) {
            const double value = octave_peek(b, j, bits / SINE_PEEK, b->ones[j] + ones);
            most = value > most ? value : most;
        }
    }
    return most / SINE_ALL;
}

static uint32_t near(const qrng_sine *b, double threshold) {
    uint32_t out = (uint32_t)bets_near(b->quick.value * (SINE_ALL - SINE_OCTAVES) / SINE_ALL, threshold)
                   << SINE_OCTAVES;
    for (int j = 0; j < SINE_OCTAVES; j++)
        out |= (uint32_t)bets_near(b->value[j] / SINE_ALL, threshold) << j;
    return out;
}

/* A block of SINE_BLOCK bits: those octaves that end with it are settled. */
static void evaluate(qrng_sine *b) {
    const qrng_kernels *kernels = qrng_kernels_get();
    const uint32_t at = (uint32_t)(b->seen - SINE_BLOCK) % SHORT_BLOCK;
    const uint32_t ones = count(b->parts + at / SHORT_PART, b->block);
    if (b->seen % SHORT_BLOCK == 0)
        sine_short_evaluate(&b->quick, b->parts, b->seen);
    b->total = b->quick.value * (SINE_ALL - SINE_OCTAVES);
    for (int j = 0; j < SINE_OCTAVES; j++) {
        b->ones[j] += ones;
        if (b->seen % ((uint64_t)SINE_BLOCK << j) == 0) {
            const double mean = 1.0 / (SINE_PERIODS * SINE_SIZES * SINE_PHASES);
            const double value = kernels->sine_octave(b, j, b->ones[j]) * mean;
            b->value[j] =
                value <= 1e300 ? value : INFINITY; /* whatever is left undefined is past every threshold */
            b->ones[j] = 0;
            if (b->value[j] <= 8192) /* with nothing to find the weakest bets hover around 1 / 0.025^2 */
                b->quiet[j] = (double)b->seen;
        }
        if (b->value[j] > b->total)
            b->total = b->value[j];
    }
    b->total /= SINE_ALL;
}

uint64_t qrng_sine_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    qrng_sine *b = state;
    for (uint64_t i = 0; i < n;) {
        const uint32_t size = b->near ? b->fill / SINE_PEEK * SINE_PEEK + SINE_PEEK : SINE_BLOCK;
        i += block_take(b->block, size, &b->fill, &b->seen, src, src_bit + i, n - i);
        if (b->fill < size)
            break;
        if (b->fill == SINE_BLOCK) {
            b->fill = 0;
            evaluate(b);
            b->near = near(b, threshold);
        }
        if (b->near) {
            const double now = peek(b, b->fill);
            b->total = now >= threshold ? now : b->total;
        }
        if (b->total >= threshold)
            return i - 1;
    }
    return n;
}

void qrng_sine_leader(const void *state, qrng_evidence *found) {
    const qrng_sine *b = state;
    double best = -1;
    int octave = 0;
    for (int j = 1; j < SINE_OCTAVES; j++)
        octave = b->value[j] > b->value[octave] ? j : octave;
    *found = (qrng_evidence){.total = b->total, .quiet = (uint64_t)b->quiet[octave]};
    if (b->quick.value * (SINE_ALL - SINE_OCTAVES) > b->value[octave]) {
        found->quiet = (uint64_t)b->quick.quiet;
        sine_short_leader(&b->quick, &found->feature, &found->bet);
        return;
    }
    for (uint32_t f = 0; f < SINE_PERIODS; f++)
        for (uint32_t a = 0; a < SINE_SIZES; a++)
            for (int k = 0; k < SINE_PHASES; k++)
                if (b->m[octave][f][a][k] > best) {
                    best = b->m[octave][f][a][k];
                    found->feature = (uint32_t)(SINE_BLOCK * 0x1p32 / b->step[f] * (1u << octave) + 0.5);
                    found->bet = a;
                }
}
