/* Plans for qrng_sts_peaks_below: how a length is cut, and the twiddle factors, which take longer than a
 * transform. */
#include <math.h>

#include "qrng.h"
#include "cpu/kernels.h"
#include "sts/kernels.h"
#include "sts/spectrum.h"

static const double two_pi = 6.283185307179586476925286766559;

/* Largest radices first: fewest passes. */
static int cut(qrng_spectrum_dft *dft, uint32_t length) {
    static const uint32_t radices[] = {8, 5, 4, 3, 2};
    dft->length = length;
    dft->stages = 0;
    for (unsigned r = 0; r < sizeof radices / sizeof radices[0]; r++)
        while (length % radices[r] == 0) {
            if (dft->stages == QRNG_SPECTRUM_STAGES)
                return 0;
            dft->radix[dft->stages++] = radices[r];
            length /= radices[r];
        }
    return length == 1;
}

static uint64_t twiddle_floats(const qrng_spectrum_dft *dft) {
    uint64_t floats = 0, left = dft->length;
    for (uint32_t k = 0; k < dft->stages; k++) {
        left /= dft->radix[k];
        floats += 2 * left * (dft->radix[k] - 1);
    }
    return floats;
}

/* The most square cut of n; 0 if n has a prime factor above 5 or is too short or too long for this transform.
 */
static int lay_out(qrng_spectrum_plan *plan, uint64_t n) {
    enum { LONGEST = 65536 };
    uint32_t best = 0;
    uint64_t rest = n;
    if (n == 0)
        return 0;
    for (uint64_t f = 2; f <= 5; f++)
        while (rest % f == 0)
            rest /= f;
    if (rest != 1)
        return 0;
    for (uint32_t rows = QRNG_SPECTRUM_SHORTEST; rows <= LONGEST && rows <= n; rows++)
        if (n % rows == 0 && n / rows >= QRNG_SPECTRUM_SHORTEST && n / rows <= LONGEST) {
            uint64_t other = n / rows, was = best ? n / best : 0;
            if (!best || (rows > other ? rows : other) < (best > was ? best : was))
                best = rows;
        }
    if (!best)
        return 0;
    plan->n = n;
    plan->rows = best;
    plan->columns = (uint32_t)(n / best);
    plan->kept = best / 2 + 1;
    plan->padded = (plan->kept + QRNG_SPECTRUM_LANES - 1) / QRNG_SPECTRUM_LANES * QRNG_SPECTRUM_LANES;
    if (!cut(&plan->down, plan->rows) || !cut(&plan->along, plan->columns))
        return 0;
    plan->down.twiddles = 0;
    plan->along.twiddles = twiddle_floats(&plan->down);
    plan->fine = plan->along.twiddles + twiddle_floats(&plan->along);
    plan->coarse = plan->fine + (uint64_t)2 * QRNG_SPECTRUM_FINE * plan->padded;
    return 1;
}

static uint64_t coarse_steps(const qrng_spectrum_plan *plan) {
    return (plan->columns + QRNG_SPECTRUM_FINE - 1) / QRNG_SPECTRUM_FINE;
}

size_t qrng_sts_spectrum_plan_bytes(uint64_t n) {
    qrng_spectrum_plan plan;
    if (!lay_out(&plan, n))
        return 0;
    return sizeof plan + (size_t)(plan.coarse + 2 * coarse_steps(&plan) * plan.padded) * sizeof(float);
}

static void fill_twiddles(float *out, const qrng_spectrum_dft *dft) {
    uint32_t current = dft->length;
    for (uint32_t k = 0; k < dft->stages; k++) {
        uint32_t radix = dft->radix[k], left = current / radix;
        for (uint32_t p = 0; p < left; p++)
            for (uint32_t j = 1; j < radix; j++) {
                double angle = -two_pi * (double)((uint64_t)p * j) / current;
                *out++ = (float)cos(angle);
                *out++ = (float)sin(angle);
            }
        current = left;
    }
}

/* Powers step * k of exp(-2 pi i row / n) for each row kept, k = 0 .. count - 1. */
static void fill_powers(float *out, const qrng_spectrum_plan *plan, uint64_t step, uint64_t count) {
    for (uint64_t k = 0; k < count; k++, out += 2 * plan->padded)
        for (uint32_t row = 0; row < plan->padded; row++) {
            double angle = -two_pi * (double)(k * step * row % plan->n) / (double)plan->n;
            out[row] = (float)cos(angle);
            out[plan->padded + row] = (float)sin(angle);
        }
}

/* As many rows as `held_bytes` hold, whole vectors of them and at least one. */
static uint32_t rows_at_a_time(const qrng_spectrum_plan *plan, uint64_t held_bytes) {
    uint64_t vectors = held_bytes / (2 * sizeof(float) * plan->columns) / QRNG_SPECTRUM_LANES;
    uint64_t rows = (vectors ? vectors : 1) * QRNG_SPECTRUM_LANES;
    return rows < plan->kept ? (uint32_t)rows : plan->kept;
}

int qrng_sts_spectrum_plan(void *plan_space, size_t plan_bytes, uint64_t n, uint64_t held_bytes) {
    qrng_spectrum_plan *plan = plan_space;
    size_t need = qrng_sts_spectrum_plan_bytes(n);
    if (need == 0 || plan_bytes < need)
        return QRNG_EINVAL;
    lay_out(plan, n);
    plan->batch = rows_at_a_time(plan, held_bytes);
    float *tables = (float *)(plan + 1);
    fill_twiddles(tables + plan->down.twiddles, &plan->down);
    fill_twiddles(tables + plan->along.twiddles, &plan->along);
    fill_powers(tables + plan->fine, plan, 1, QRNG_SPECTRUM_FINE);
    fill_powers(tables + plan->coarse, plan, QRNG_SPECTRUM_FINE, coarse_steps(plan));
    return QRNG_OK;
}

size_t qrng_sts_spectrum_scratch_bytes(const void *plan_space) {
    const qrng_spectrum_plan *plan = plan_space;
    size_t longest = plan->rows > plan->columns ? plan->rows : plan->columns;
    return (size_t)2 * plan->batch * plan->columns * sizeof(float) + 4 * longest * 64 + 64;
}

int64_t qrng_sts_peaks_below(const uint64_t *words, const void *plan, double threshold, void *scratch) {
    return qrng_kernels_get()->sts->peaks_below(words, plan, threshold, scratch);
}

double qrng_sts_power(const uint64_t *words, uint64_t n, uint64_t bin) {
    return qrng_kernels_get()->sts->power(words, n, bin);
}
