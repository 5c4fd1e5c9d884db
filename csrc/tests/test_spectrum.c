/* Errors of the spectrum in single precision near the threshold: as small as the margin of sts/spectrum.inc
 * supposes. */
#include <math.h>

#include "check.h"

#define TARGET
#define WIDTH 16
#define TABLE spectrum_under_test
#include "sts/table.inc"

/* Relative errors of up to `most` powers within 5 % of n ln 20, a sample spread over all rows. */
static void errors(uint64_t *state, uint64_t n, unsigned most) {
    uint64_t *words = calloc((size_t)qrng_sts_words(n), 8);
    for (uint64_t i = 0; i < n / 64; i++)
        words[i] = test_random(state);
    size_t bytes = qrng_sts_spectrum_plan_bytes(n);
    qrng_spectrum_plan *plan = malloc(bytes);
    CHECK(qrng_sts_spectrum_plan(plan, bytes, n, (uint64_t)1 << 30) == QRNG_OK && plan->batch == plan->kept);
    size_t longest = plan->rows > plan->columns ? plan->rows : plan->columns;
    size_t cells = (size_t)plan->kept * plan->columns;
    fvec *x = aligned_alloc(64, 2 * longest * sizeof(fvec) * 4),
         *y = aligned_alloc(64, 2 * longest * sizeof(fvec) * 4);
    float *re = malloc(cells * sizeof(float)), *im = malloc(cells * sizeof(float));
    for (uint32_t block = 0; block < plan->columns; block += 2 * FLOATS)
        down(plan, words, block + 2 * FLOATS <= plan->columns ? block : plan->columns - 2 * FLOATS, 0, x, y,
             re, im);
    double threshold = (double)n * 2.995732273553991, squares = 0, worst = 0;
    unsigned found = 0, step = 1 + (unsigned)(n / 400 / most);
    for (uint32_t row = 0; row + FLOATS <= plan->kept; row += FLOATS) {
        const fvec *z = along(plan, row, 0, x, y, re, im);
        for (uint32_t k = 0; k < plan->columns; k++)
            for (unsigned lane = 0; lane < FLOATS; lane++) {
                float a = z[2 * k][lane], b = z[2 * k + 1][lane], p = a * a + b * b;
                if (fabs(p / 4 / threshold - 1) > 0.05 || test_random(state) % step)
                    continue;
                double true_power = power(words, n, row + lane + (uint64_t)plan->rows * k);
                double error = p / 4 / true_power - 1;
                squares += error * error;
                worst = fabs(error) > worst ? fabs(error) : worst;
                found++;
            }
    }
    double deviation = sqrt(squares / found), passes = plan->down.stages + plan->along.stages + 1;
    printf("n %llu: %u bins, %.2f u sqrt(passes), worst %.0f %% of the margin\n", (unsigned long long)n,
           found, deviation * 0x1p24 / sqrt(passes), 100 * worst / margin(plan, threshold));
    CHECK(found > most / 3);
    CHECK(10 * deviation < margin(plan, threshold));
    CHECK(worst < 0.6 * margin(plan, threshold));   /* six standard deviations */
    CHECK(deviation * 0x1p24 / sqrt(passes) > 0.5); /* what is measured is the error of single precision */
    free(words), free(plan), free(x), free(y), free(re), free(im);
}

/* A row of bins above CROWDED n without a bin beyond LOUDEST n: structure, which another way must judge. */
static void crowded_rows(void) {
    enum { N = 65536, PERIOD = 256 };
    uint64_t state = 4, *words = calloc((size_t)qrng_sts_words(N), 8);
    size_t bytes = qrng_sts_spectrum_plan_bytes(N);
    void *plan = malloc(bytes);
    CHECK(qrng_sts_spectrum_plan(plan, bytes, N, 1 << 30) == QRNG_OK);
    void *scratch = malloc(qrng_sts_spectrum_scratch_bytes(plan));
    uint64_t base[PERIOD / 64];
    for (unsigned i = 0; i < PERIOD / 64; i++)
        base[i] = test_random(&state);
    for (int noisy = 0; noisy < 2; noisy++) {
        /* Bits that repeat after PERIOD, seven in sixteen of them turned over: the bins k PERIOD have 5 n in
         * the mean. */
        for (uint64_t i = 0; i < N / 64; i++) {
            uint64_t a = test_random(&state), b = test_random(&state), c = test_random(&state);
            words[i] = noisy ? a : base[i % (PERIOD / 64)] ^ (a & (b | c | test_random(&state)));
        }
        double loudest = 0;
        for (uint64_t k = 0; k < N / 2; k += PERIOD)
            loudest = fmax(loudest, power(words, N, k));
        int64_t below = peaks_below(words, plan, 3.0 * N, scratch);
        CHECK(noisy ? below > 0 : below == -1 && loudest < LOUDEST * N);
    }
    free(words), free(plan), free(scratch);
}

int main(void) {
    uint64_t state = 12;
    errors(&state, 16384, 40);
    errors(&state, 59049, 100);
    errors(&state, 250000, 200);
    errors(&state, 1000000, 200);
    errors(&state, 1 << 21, 60);
    crowded_rows();
    return 0;
}
