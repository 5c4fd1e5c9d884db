/* Beliefs of the converter test (converter.c), each turned by qrng_payoff into what it pays. */
#include <math.h>
#include <string.h>

#include "health/converter.h"
#include "qrng.h"

static const double share[CONVERTER_SHARES] = {0.5, 0.98};
static const uint32_t steps[] = {3, 5, 7};
static const double at_rails[] = {0.1, 0.5};
static const double scale[CONVERTER_SCALES] = {0.5, 0.7, 0.85};
static const double narrower[CONVERTER_SPREADS] = {0.97, 0.94, 0.9,  0.86, 0.81, 0.76, 0.7, 0.64,
                                                   0.57, 0.5,  0.42, 0.34, 0.26, 0.18, 0.1, 0.05};

/* Gaussian of this spread between two places. */
static double between(double from, double to, double spread) {
    return 0.5 * (erf(to / (spread * sqrt(2))) - erf(from / (spread * sqrt(2))));
}

void converter_reference(double *reference, const double *counts, uint32_t symbols) {
    const double behind = symbols;
    double n = 0, mean = 0, square = 0, total = 0;
    for (uint32_t x = 0; x < symbols; x++) {
        n += counts[x];
        mean += counts[x] * x;
    }
    if (!(n > 0)) {
        for (uint32_t x = 0; x < symbols; x++)
            reference[x] = 1.0 / symbols;
        return;
    }
    mean /= n;
    for (uint32_t x = 0; x < symbols; x++)
        square += counts[x] * (x - mean) * (x - mean);
    const double spread = sqrt(square / n + 1.0 / 12);
    for (uint32_t x = 0; x < symbols; x++) {
        reference[x] =
            counts[x] + behind * (between(x - mean - 0.5, x - mean + 0.5, spread) + 1e-3 / symbols);
        total += reference[x];
    }
    for (uint32_t x = 0; x < symbols; x++)
        reference[x] /= total;
}

/* The payoff of a belief that need not add up to 1 yet, as a column of a table, rounded down. */
static void column(float *table, size_t stride, double *belief, uint32_t symbols, double g) {
    double payoff[CONVERTER_MOST], sum[4] = {0};
    for (uint32_t x = 0; x < symbols; x += 4)
        for (int i = 0; i < 4; i++)
            sum[i] += belief[x + i];
    const double part = 1 / ((sum[0] + sum[1]) + (sum[2] + sum[3]));
    for (uint32_t x = 0; x < symbols; x++)
        belief[x] *= part;
    qrng_payoff(payoff, belief, symbols, g);
    for (uint32_t x = 0; x < symbols; x++)
        table[x * stride] = (float)(payoff[x] * (1 - 0x1p-23));
}

uint32_t converter_width(uint32_t symbols) {
    uint32_t bits = 0;
    while (symbols >> (bits + 1))
        bits++;
    return bits;
}

/* The spread about the mean times `by`: what lay between two codes comes between two nearer ones. */
static void scaled(double *belief, const double *reference, uint32_t symbols, double by) {
    double mean = 0;
    for (uint32_t x = 0; x < symbols; x++)
        mean += x * reference[x];
    for (uint32_t x = 0; x < symbols; x++)
        belief[x] = 1e-3 / symbols;
    for (uint32_t x = 0; x < symbols; x++) {
        double from = mean + (x - 0.5 - mean) * by + 0.5, to = from + by;
        const double cut = floor(to), density = reference[x] / by;
        uint32_t at = from > 0 ? (uint32_t)from : 0;
        at = at < symbols ? at : symbols - 1;
        if (cut > from && cut < symbols) {
            belief[at] += density * (cut - from);
            belief[(uint32_t)cut] += density * (to - cut);
        } else
            belief[at] += density * by;
    }
}

void converter_fixed(float *table, const double *reference, uint32_t symbols, double g) {
    double belief[CONVERTER_MOST];
    memset(table, 0, sizeof *table * CONVERTER_FIXED * symbols);
    for (uint32_t held = 0; held < 2; held++)
        for (uint32_t bit = 0; bit < converter_width(symbols); bit++)
            for (uint32_t s = 0; s < CONVERTER_SHARES; s++) {
                for (uint32_t x = 0; x < symbols; x++) {
                    belief[x] = (1 - share[s]) * reference[x];
                    if ((x >> bit & 1) == held)
                        belief[x] += share[s] * (reference[x] + reference[x ^ 1u << bit]);
                }
                column(table + held * CONVERTER_HELD + bit * CONVERTER_SHARES + s, CONVERTER_FIXED, belief,
                       symbols, g);
            }
    uint32_t at = 2 * CONVERTER_HELD;
    for (uint32_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (uint32_t offset = 0; offset < steps[i]; offset++) {
            for (uint32_t x = 0; x < symbols; x++)
                belief[x] = reference[x] * (x % steps[i] == offset ? 1 : 0.02);
            column(table + at++, CONVERTER_FIXED, belief, symbols, g);
        }
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t rails = 1; rails < 4; rails++) {
            for (uint32_t x = 0; x < symbols; x++)
                belief[x] = (1 - at_rails[i]) * reference[x];
            belief[0] += at_rails[i] * (rails == 1 ? 1 : rails == 3 ? 0.5 : 0);
            belief[symbols - 1] += at_rails[i] * (rails == 2 ? 1 : rails == 3 ? 0.5 : 0);
            column(table + at++, CONVERTER_FIXED, belief, symbols, g);
        }
    for (uint32_t i = 0; i < CONVERTER_SCALES; i++) {
        scaled(belief, reference, symbols, scale[i]);
        column(table + at++, CONVERTER_FIXED, belief, symbols, g);
    }
}

void converter_gaussians(float *table, uint32_t symbols, double g) {
    double low = 1e-3, high = 1e6, belief[CONVERTER_MOST];
    for (int i = 0; i < 100; i++) {
        const double middle = sqrt(low * high);
        if (between(-0.5, 0.5, middle) > g)
            low = middle;
        else
            high = middle;
    }
    for (uint32_t c = 0; c < CONVERTER_SPREADS; c++) {
        for (uint32_t y = 0; y < symbols; y++) {
            const double off = y < symbols / 2 ? y : (double)y - symbols;
            belief[y] = between(off - 0.5, off + 0.5, low * narrower[c]) + 1e-3 / symbols;
        }
        column(table + c, CONVERTER_SPREADS, belief, symbols, g);
    }
}

void converter_healthy(double *healthy, const double *reference, uint32_t symbols) {
    memset(healthy, 0, sizeof *healthy * 4 * CONVERTER_BITS);
    for (uint32_t x = 0; x < symbols; x++)
        for (uint32_t k = 0; k < converter_width(symbols); k++)
            healthy[4 * k + (x >> k & 3)] += reference[x];
}

void converter_tree(float *payoff, const double *counted, double weight, const double *healthy,
                    const double *reference, uint32_t symbols, double g) {
    const uint32_t bits = converter_width(symbols), low = bits < 4 ? bits : 4, parts = symbols >> low;
    double times[4 * CONVERTER_BITS] = {0}, lower[32], higher[CONVERTER_MOST >> 4], belief[CONVERTER_MOST];
    for (uint32_t k = 0; k < 4 * bits; k += 2) { /* share counted over share of the reference */
        const double *h = healthy + k, *seen = counted + k;
        for (uint32_t bit = 0; bit < 2; bit++)
            if (h[bit] > 0)
                times[k + bit] = (seen[bit] * (h[0] + h[1]) / h[bit] + weight) / (seen[0] + seen[1] + weight);
    }
    for (uint32_t x = 0; x < 2u << low; x++) { /* the last bits, and the one above them */
        lower[x] = 1;
        for (uint32_t k = 0; k < low; k++)
            lower[x] *= times[4 * k + (x >> k & 3)];
    }
    for (uint32_t x = 0; x < parts; x++) {
        higher[x] = 1;
        for (uint32_t k = low; k < bits; k++)
            higher[x] *= times[4 * k + (x >> (k - low) & 3)];
    }
    for (uint32_t part = 0; part < parts; part++)
        for (uint32_t x = 0; x < 1u << low; x++)
            belief[(part << low) + x] =
                higher[part] * lower[((part & 1) << low) + x] * reference[(part << low) + x];
    column(payoff, 1, belief, symbols, g);
}
