/* E-detectors for symbols of 2 to 8 bits: histograms that forget at three speeds predict the next symbol, its
 * difference from the last, and its difference from what a linear filter of the last eight foretells
 * (normalised least mean squares: Widrow, Hoff 1960); the payoff is qrng_payoff's, the log-optimal one
 * against the claim. A payoff that is fixed by value serves the differences too: for each past they are the
 * symbols in another order. */
#include <math.h>
#include <string.h>

#include "qrng.h"

#define KARY_KIND 0x3230424b52514b31u

enum { BLOCK = 256, MOST = 256, STREAMS = 3, SPEEDS = 3, EXPERTS = STREAMS * SPEEDS, ORDER = 8 };

/* Kept of the counts after each block: memories of about 2,048, 16,384 and 262,144 symbols. */
static const double keep[SPEEDS] = {1 - 1.0 / 8, 1 - 1.0 / 64, 1 - 1.0 / 1024};

typedef struct {
    uint64_t kind, seen;
    uint32_t symbols, fill, before, reserved;
    double g, total;
    double m[EXPERTS];
    uint64_t quiet[EXPERTS];
    double tap[ORDER], past[ORDER], mean; /* the filter; symbols less their mean, the newest first */
    double counts[EXPERTS][MOST], payoff[EXPERTS][MOST];
    uint32_t block[STREAMS][MOST];
} kary;

size_t qrng_kary_state_bytes(void) {
    return sizeof(kary);
}

/* What the experts believe of the next block: counts, with one of each symbol added. */
static void believe(kary *b) {
    double belief[MOST];
    for (int e = 0; e < EXPERTS; e++) {
        double sum = 0;
        for (uint32_t x = 0; x < b->symbols; x++)
            sum += b->counts[e][x] + 1;
        for (uint32_t x = 0; x < b->symbols; x++)
            belief[x] = (b->counts[e][x] + 1) / sum;
        qrng_payoff(b->payoff[e], belief, b->symbols, b->g);
    }
}

int qrng_kary_init(void *state, uint32_t symbols, double g) {
    kary *b = state;
    if (symbols < 2 || symbols > MOST || (symbols & (symbols - 1)) || !(g < 1 && g * symbols >= 1))
        return QRNG_EINVAL;
    memset(b, 0, sizeof *b);
    b->kind = KARY_KIND;
    b->symbols = symbols;
    b->g = g;
    believe(b);
    return QRNG_OK;
}

int qrng_kary_check(const void *state, size_t bytes) {
    const kary *b = state;
    return bytes == sizeof *b && b->kind == KARY_KIND && b->symbols >= 2 && b->symbols <= MOST &&
                   b->before < b->symbols && b->fill == b->seen % BLOCK
               ? QRNG_OK
               : QRNG_EINVAL;
}

static double foretold(const kary *b) {
    double sum = b->mean;
    for (int i = 0; i < ORDER; i++)
        sum += b->tap[i] * b->past[i];
    return sum > -1e6 && sum < 1e6 ? sum : 0;
}

static void adapt(kary *b, double missed, double x) {
    const double rate = 1.0 / 128, memory = 1.0 / 1024;
    double power = 1;
    for (int i = 0; i < ORDER; i++)
        power += b->past[i] * b->past[i];
    for (int i = 0; i < ORDER; i++)
        b->tap[i] += rate * missed * b->past[i] / power;
    b->mean += memory * (x - b->mean);
    memmove(b->past + 1, b->past, sizeof b->past - sizeof *b->past);
    b->past[0] = x - b->mean;
}

uint64_t qrng_kary_scan(void *state, const uint8_t *symbols, uint64_t n, double threshold) {
    kary *b = state;
    const uint32_t mask = b->symbols - 1;
    for (uint64_t i = 0; i < n; i++) {
        const double guess = foretold(b);
        const uint32_t x = symbols[i] & mask;
        const uint32_t y[STREAMS] = {x, (x - b->before) & mask,
                                     (x - (uint32_t)(int32_t)floor(guess + 0.5)) & mask};
        double sum = 0;
        for (int e = 0; e < EXPERTS; e++) {
            b->m[e] = (b->m[e] + 1) * b->payoff[e][y[e / SPEEDS]];
            sum += b->m[e];
        }
        b->total = sum / EXPERTS;
        b->before = x;
        adapt(b, x - guess, x);
        for (int s = 0; s < STREAMS; s++)
            b->block[s][y[s]]++;
        b->seen++;
        if (++b->fill == BLOCK) {
            b->fill = 0;
            for (int e = 0; e < EXPERTS; e++) {
                for (uint32_t k = 0; k < b->symbols; k++)
                    b->counts[e][k] = b->counts[e][k] * keep[e % SPEEDS] + b->block[e / SPEEDS][k];
                if (b->m[e] <= 16 * BLOCK)
                    b->quiet[e] = b->seen;
            }
            memset(b->block, 0, sizeof b->block);
            believe(b);
        }
        if (b->total >= threshold)
            return i;
    }
    return n;
}

double qrng_kary_bias_weight(void) {
    return 1.0 / EXPERTS;
}

void qrng_kary_leader(const void *state, qrng_evidence *found) {
    const kary *b = state;
    double best = -1;
    found->total = b->total;
    for (uint32_t e = 0; e < EXPERTS; e++)
        if (b->m[e] > best) {
            best = b->m[e];
            found->feature = e / SPEEDS;
            found->bet = e % SPEEDS;
            found->quiet = b->quiet[e];
        }
}
