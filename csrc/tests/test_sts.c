/* Each SP 800-22 kernel against its definition, bit by bit, on random, biased and constant sequences. */
#include <math.h>

#include "check.h"

enum { MAX_BITS = 3000 };

typedef struct {
    uint64_t n;
    uint64_t *words;
    uint8_t bit[MAX_BITS];
} sequence;

/* A sequence of n bits from bit `from` of an exactly sized buffer; kind 0 fair, 1 mostly ones, 2 all ones, 3
 * zeros. */
static sequence make(uint64_t *state, uint64_t n, uint64_t from, int kind) {
    sequence s = {.n = n};
    size_t bytes = (size_t)(from + n + 7) / 8;
    uint8_t *packed = malloc(bytes ? bytes : 1);
    for (size_t i = 0; i < bytes; i++) {
        unsigned a = (unsigned)test_random(state), b = (unsigned)(test_random(state) | test_random(state));
        packed[i] = (uint8_t)(kind == 0 ? a : kind == 1 ? a | b : kind == 2 ? 0xff : 0);
    }
    s.words = malloc((size_t)qrng_sts_words(n) * 8);
    memset(s.words, 0xa5, (size_t)qrng_sts_words(n) * 8);
    qrng_sts_load(s.words, packed, from, n);
    for (uint64_t i = 0; i < n; i++)
        s.bit[i] = (uint8_t)test_bit(packed, from + i);
    free(packed);
    return s;
}

static void loading(const sequence *s) {
    for (uint64_t i = 0; i < 64 * qrng_sts_words(s->n); i++)
        CHECK((s->words[i / 64] >> (63 - i % 64) & 1) == (i < s->n ? s->bit[i] : 0));
}

static void counts(const sequence *s) {
    uint64_t ones = 0, changes = 0;
    int64_t at = 0, high = 0, low = 0, extremes[3];
    for (uint64_t i = 0; i < s->n; i++) {
        ones += s->bit[i];
        changes += i + 1 < s->n && s->bit[i] != s->bit[i + 1];
        at += s->bit[i] ? 1 : -1;
        high = at > high ? at : high;
        low = at < low ? at : low;
    }
    CHECK(qrng_sts_ones(s->words, s->n) == ones);
    CHECK(qrng_sts_transitions(s->words, s->n) == changes);
    qrng_sts_walk(s->words, s->n, extremes);
    CHECK(extremes[0] == high && extremes[1] == low && extremes[2] == at);
}

static void blocks(const sequence *s, uint64_t length) {
    uint64_t sum = 0;
    for (uint64_t b = 0; b < s->n / length; b++) {
        int64_t excess = 0;
        for (uint64_t i = 0; i < length; i++)
            excess += s->bit[b * length + i] ? 1 : -1;
        sum += (uint64_t)(excess * excess);
    }
    CHECK(qrng_sts_block_squares(s->words, s->n / length, length) == sum);
}

static void cycles(const sequence *s) {
    uint64_t visits[19] = {0}, classes[54] = {0}, want_visits[19] = {0}, want_classes[54] = {0},
             here[9] = {0};
    uint64_t count = 0;
    int64_t at = 0;
    for (uint64_t i = 0; i < s->n; i++) {
        at += s->bit[i] ? 1 : -1;
        if (at >= -9 && at <= 9)
            want_visits[at + 9]++;
        if (at >= -4 && at <= 4)
            here[at + 4]++;
        if (at == 0 || i + 1 == s->n) {
            count++;
            for (int x = 0; x < 9; x++) {
                want_classes[x * 6 + (here[x] < 5 ? here[x] : 5)]++;
                here[x] = 0;
            }
        }
    }
    CHECK(qrng_sts_cycles(s->words, s->n, visits, classes) == count);
    CHECK(memcmp(visits, want_visits, sizeof visits) == 0);
    CHECK(memcmp(classes, want_classes, sizeof classes) == 0);
}

static void runs_of_ones(const sequence *s, uint64_t length, unsigned run) {
    uint64_t longest[20] = {0}, starts[7] = {0}, want_longest[20] = {0}, want_starts[7] = {0};
    for (uint64_t b = 0; b < s->n / length; b++) {
        uint64_t best = 0, now = 0, found = 0;
        for (uint64_t i = 0; i < length; i++) {
            now = s->bit[b * length + i] ? now + 1 : 0;
            best = now > best ? now : best;
            found += now >= run;
        }
        want_longest[best < 19 ? best : 19]++;
        want_starts[found < 6 ? found : 6]++;
    }
    qrng_sts_longest_runs(s->words, s->n / length, length, longest, 19);
    CHECK(memcmp(longest, want_longest, sizeof longest) == 0);
    if (run > length) {
        CHECK(qrng_sts_run_counts(s->words, s->n / length, length, run, starts, 6) == QRNG_EINVAL);
        return;
    }
    CHECK(qrng_sts_run_counts(s->words, s->n / length, length, run, starts, 6) == QRNG_OK);
    CHECK(memcmp(starts, want_starts, sizeof starts) == 0);
}

static void patterns(const sequence *s, uint64_t length, unsigned m) {
    uint64_t blocks = s->n / length, size = (uint64_t)1 << m;
    uint64_t *ring = calloc(2 * size, 8), *inside = calloc((size_t)(blocks * size) + 1, 8);
    uint64_t *want_ring = calloc(2 * size, 8), *want_inside = calloc((size_t)(blocks * size) + 1, 8);
    for (uint64_t i = 0; i < s->n; i++) {
        uint64_t v = 0;
        for (unsigned k = 0; k < m; k++)
            v = v << 1 | s->bit[(i + k) % s->n];
        for (unsigned k = 0; k <= m; k++)
            want_ring[((uint64_t)1 << k) + (v >> (m - k))]++;
        if (i < blocks * length && i % length + m <= length)
            want_inside[i / length * size + v]++;
    }
    CHECK(qrng_sts_patterns(s->words, s->n, m, ring) == (m > s->n ? QRNG_EINVAL : QRNG_OK));
    CHECK(m > s->n || memcmp(ring, want_ring, 2 * size * 8) == 0);
    CHECK(qrng_sts_block_patterns(s->words, blocks, length, m, inside) ==
          (m > length ? QRNG_EINVAL : QRNG_OK));
    CHECK(memcmp(inside, want_inside, (size_t)(blocks * size) * 8) == 0);
    free(ring), free(inside), free(want_ring), free(want_inside);
}

static void gaps(const sequence *s, unsigned width) {
    uint64_t all = s->n / width, first = all / 3, limit = 40;
    uint64_t *last = calloc((size_t)1 << width, 8), counts[40] = {0}, want[40] = {0};
    double far = 0;
    for (uint64_t i = first; i < all; i++) {
        uint64_t back = 1;
        for (; back <= i; back++) {
            unsigned same = 1;
            for (unsigned k = 0; k < width; k++)
                same &= s->bit[i * width + k] == s->bit[(i - back) * width + k];
            if (same)
                break;
        }
        if (back < limit)
            want[back]++;
        else
            far += log2((double)back);
    }
    CHECK(qrng_sts_gaps(s->words, width, first, all - first, last, counts, limit) == far);
    CHECK(memcmp(counts, want, sizeof want) == 0);
    free(last);
}

static unsigned naive_rank(uint64_t *row, unsigned rows) {
    unsigned rank = 0;
    for (unsigned c = 0; c < 64; c++) {
        unsigned pivot = rank;
        while (pivot < rows && !(row[pivot] >> c & 1))
            pivot++;
        if (pivot == rows)
            continue;
        uint64_t swap = row[pivot];
        row[pivot] = row[rank];
        row[rank] = swap;
        for (unsigned r = 0; r < rows; r++)
            if (r != rank && (row[r] >> c & 1))
                row[r] ^= row[rank];
        rank++;
    }
    return rank;
}

static void ranks(const sequence *s, unsigned rows, unsigned columns) {
    uint64_t size = (uint64_t)rows * columns, matrices = s->n / size, counts[65] = {0}, want[65] = {0};
    for (uint64_t k = 0; k < matrices; k++) {
        uint64_t row[64] = {0};
        for (uint64_t i = 0; i < size; i++)
            row[i / columns] |= (uint64_t)s->bit[k * size + i] << i % columns;
        want[naive_rank(row, rows)]++;
    }
    size_t bytes = qrng_sts_rank_scratch_bytes(rows, columns);
    void *scratch = malloc(bytes);
    CHECK(qrng_sts_ranks(s->words, matrices, rows, columns, counts, scratch, bytes - 1) == QRNG_EINVAL);
    CHECK(qrng_sts_ranks(s->words, matrices, rows, columns, counts, scratch, bytes) == QRNG_OK);
    CHECK(memcmp(counts, want, sizeof want) == 0);
    free(scratch);
}

/* Berlekamp-Massey on one string of bytes. */
static uint64_t naive_complexity(const uint8_t *bit, uint64_t n) {
    uint8_t c[MAX_BITS + 1] = {1}, b[MAX_BITS + 1] = {1}, old[MAX_BITS + 1];
    uint64_t length = 0, shift = 1;
    for (uint64_t i = 0; i < n; i++, shift++) {
        unsigned d = 0;
        for (uint64_t k = 0; k <= length; k++)
            d ^= c[k] & bit[i - k];
        if (!d)
            continue;
        memcpy(old, c, sizeof c);
        for (uint64_t k = 0; k + shift <= n; k++)
            c[k + shift] ^= b[k];
        if (2 * length <= i) {
            length = i + 1 - length;
            memcpy(b, old, sizeof b);
            shift = 0;
        }
    }
    return length;
}

static void complexities(const sequence *s, uint64_t length) {
    uint64_t *counts = calloc((size_t)length + 1, 8), *want = calloc((size_t)length + 1, 8);
    for (uint64_t b = 0; b < s->n / length; b++)
        want[naive_complexity(s->bit + b * length, length)]++;
    size_t bytes = qrng_sts_complexity_scratch_bytes(length);
    void *scratch = malloc(bytes);
    CHECK(qrng_sts_complexities(s->words, s->n / length, length, counts, scratch, bytes - 1) == QRNG_EINVAL);
    CHECK(qrng_sts_complexities(s->words, s->n / length, length, counts, scratch, bytes) == QRNG_OK);
    CHECK(memcmp(counts, want, (size_t)(length + 1) * 8) == 0);
    free(counts), free(want), free(scratch);
}

static double naive_power(const sequence *s, const double *cosine, const double *sine, uint64_t bin) {
    double re = 0, im = 0;
    for (uint64_t i = 0; i < s->n; i++) {
        re += s->bit[i] ? cosine[bin * i % s->n] : -cosine[bin * i % s->n];
        im += s->bit[i] ? sine[bin * i % s->n] : -sine[bin * i % s->n];
    }
    return re * re + im * im;
}

/* Thresholds drawn between powers that occur: no answer may be off by one, with all rows in memory or 16 at a
 * time. */
static void spectra(uint64_t *state, uint64_t n, int kind, uint64_t held_bytes) {
    sequence s = make(state, n, test_random(state) % 70, kind);
    size_t bytes = qrng_sts_spectrum_plan_bytes(n);
    void *plan = malloc(bytes);
    CHECK(bytes && qrng_sts_spectrum_plan(plan, bytes - 1, n, held_bytes) == QRNG_EINVAL);
    CHECK(qrng_sts_spectrum_plan(plan, bytes, n, held_bytes) == QRNG_OK);
    void *scratch = malloc(qrng_sts_spectrum_scratch_bytes(plan));
    double powers[MAX_BITS], cosine[MAX_BITS], sine[MAX_BITS];
    for (uint64_t i = 0; i < n; i++) {
        cosine[i] = cos(6.283185307179586476925 * (double)i / (double)n);
        sine[i] = sin(6.283185307179586476925 * (double)i / (double)n);
    }
    for (uint64_t bin = 0; bin < (n + 1) / 2; bin++) {
        powers[bin] = naive_power(&s, cosine, sine, bin);
        double ours = qrng_sts_power(s.words, n, bin);
        CHECK(fabs(ours - powers[bin]) <= 1e-9 * (double)n + 1e-9 * powers[bin]);
    }
    for (int round = 0; round < 6; round++) {
        double near = powers[test_random(state) % (n / 2)],
               threshold = near * (1 + 1e-7 * (round - 2.5)) + 1e-3;
        int64_t below = 0;
        for (uint64_t bin = 0; bin < n / 2; bin++)
            below += powers[bin] < threshold;
        int64_t found = qrng_sts_peaks_below(s.words, plan, threshold, scratch);
        CHECK(found == below || (found == -1 && kind != 0));
    }
    free(plan), free(scratch), free(s.words);
}

static void all(void) {
    uint64_t state = 3;
    for (int round = 0; round < 1200; round++) {
        uint64_t n = 1 + test_random(&state) % (round % 2 ? MAX_BITS : 200);
        sequence s = make(&state, n, test_random(&state) % 70, round % 7 < 4 ? 0 : round % 7 - 3);
        loading(&s);
        counts(&s);
        uint64_t length = 1 + test_random(&state) % (round % 3 ? n + 3 : 40);
        blocks(&s, length);
        cycles(&s);
        runs_of_ones(&s, length, 1 + (unsigned)(test_random(&state) % 64));
        runs_of_ones(&s, length, 1 + (unsigned)(test_random(&state) % 4));
        patterns(&s, length, 1 + (unsigned)(test_random(&state) % 8));
        gaps(&s, 1 + (unsigned)(test_random(&state) % 7));
        ranks(&s, 1 + (unsigned)(test_random(&state) % 9), 1 + (unsigned)(test_random(&state) % 9));
        if (round % 10 == 0) {
            ranks(&s, 32, 32);
            ranks(&s, 5, 64);
            complexities(&s, length < 500 ? length : 500);
        }
        free(s.words);
    }
    static const uint64_t lengths[] = {1024, 1152, 1280, 1296, 1440, 1600, 2025, 2700, 2592};
    for (unsigned k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
        for (int kind = 0; kind < 4; kind++) {
            spectra(&state, lengths[k], kind, 0);
            spectra(&state, lengths[k], kind, 1 << 20);
        }
}

/* Tails against sums of their terms: degrees 2a give e^-x sum of x^k/k! below a; fair tosses of 60 coins are
 * integers.
 */
static void tails(void) {
    for (int a = 1; a < 60; a += 1 + a / 4)
        for (double x = 0; x < 4 * a + 20; x += 0.37 * a) {
            double term = exp(-x), sum = 0, statistic = 2 * x, tail = -1;
            for (int k = 0; k < a; k++, term *= x / k)
                sum += term;
            qrng_sts_chi_square_tails(2.0 * a, &statistic, &tail, 1);
            CHECK(fabs(tail - sum) <= 1e-12 * sum);
        }
    double one[3] = {0, 1, INFINITY}, tail[3];
    qrng_sts_chi_square_tails(1, one, tail, 3);
    CHECK(tail[0] == 1 && fabs(tail[1] - erfc(sqrt(0.5))) < 1e-15 && tail[2] == 0);
    double ways = 1, from = 0, more;
    for (uint64_t k = 60; k > 0; ways = ways * (double)k / (double)(61 - k), k--) {
        double beyond = from;
        from += ways;
        CHECK(fabs(qrng_sts_binomial_tail(k, 60, 0.5, &more) - ldexp(from, -60)) <= 1e-13 * ldexp(from, -60));
        CHECK(fabs(more - ldexp(beyond, -60)) <= 1e-13 * ldexp(beyond, -60));
    }
    CHECK(qrng_sts_binomial_tail(0, 60, 0.5, &more) == 1 && fabs(1 - more - 0x1p-60) < 1e-16);
    CHECK(qrng_sts_binomial_tail(61, 60, 0.5, &more) == 0 && more == 0);
    CHECK(fabs(qrng_sts_binomial_tail(1, 3, 0.1, &more) - (1 - 0.729)) < 1e-15 && fabs(more - 0.028) < 1e-15);
}

/* Jobs give what their kernels give alone, each in its own part of counts that held something else before. */
static void jobs_of_a_battery(void) {
    enum { N = 2592, ALL = 13 };
    uint64_t state = 11;
    sequence s = make(&state, N, 5, 0);
    size_t plan_bytes = qrng_sts_spectrum_plan_bytes(N);
    void *plan = malloc(plan_bytes);
    CHECK(qrng_sts_spectrum_plan(plan, plan_bytes, N, 1 << 20) == QRNG_OK);
    qrng_sts_job jobs[ALL] = {
        {.kernel = QRNG_STS_ONES},
        {.kernel = QRNG_STS_BLOCK_SQUARES, .numbers = {20, 128}},
        {.kernel = QRNG_STS_TRANSITIONS},
        {.kernel = QRNG_STS_WALK, .entries = 3},
        {.kernel = QRNG_STS_CYCLES, .entries = 73},
        {.kernel = QRNG_STS_LONGEST_RUNS, .numbers = {20, 128}, .entries = 10},
        {.kernel = QRNG_STS_RUN_COUNTS, .numbers = {10, 250, 4}, .entries = 6},
        {.kernel = QRNG_STS_PATTERNS, .numbers = {6, 4}, .entries = 7 + 32},
        {.kernel = QRNG_STS_BLOCK_PATTERNS, .numbers = {3, 800, 5}, .entries = 96},
        {.kernel = QRNG_STS_GAPS, .numbers = {4, 160, 400}, .entries = 16 + 30},
        {.kernel = QRNG_STS_RANKS, .numbers = {2, 32, 32}, .entries = 33},
        {.kernel = QRNG_STS_COMPLEXITIES, .numbers = {20, 100}, .entries = 101},
        {.kernel = QRNG_STS_PEAKS_BELOW, .plan = plan, .threshold = 3.0 * N},
    };
    uint64_t counts[1000], want[1000] = {0}, *at = want;
    memset(counts, 0xa5, sizeof counts);
    size_t bytes = qrng_sts_measure_scratch_bytes(jobs, ALL);
    void *scratch = malloc(bytes);
    CHECK(qrng_sts_measure(s.words, N, jobs, ALL, counts, scratch, bytes - 1) == 0);
    CHECK(qrng_sts_measure(s.words, N, jobs, ALL, counts, scratch, bytes) == ALL);
    CHECK(jobs[0].value == qrng_sts_ones(s.words, N));
    CHECK(jobs[1].value == qrng_sts_block_squares(s.words, 20, 128));
    CHECK(jobs[2].value == qrng_sts_transitions(s.words, N));
    qrng_sts_walk(s.words, N, (int64_t *)at), at += 3;
    CHECK(jobs[4].value == qrng_sts_cycles(s.words, N, at, at + 19));
    at += 73;
    qrng_sts_longest_runs(s.words, 20, 128, at, 9), at += 10;
    qrng_sts_run_counts(s.words, 10, 250, 4, at, 5), at += 6;
    uint64_t ring[128] = {0};
    qrng_sts_patterns(s.words, N, 6, ring);
    for (unsigned k = 0; k <= 6; k++, at++)
        for (unsigned v = 0; v < 1u << k; v++)
            *at += ring[(1u << k) + v] * ring[(1u << k) + v];
    memcpy(at, ring, 32 * 8), at += 32;
    qrng_sts_block_patterns(s.words, 3, 800, 5, at), at += 96;
    CHECK(jobs[9].sum == qrng_sts_gaps(s.words, 4, 160, 400, at, at + 16, 30));
    at += 46;
    qrng_sts_ranks(s.words, 2, 32, 32, at, scratch, bytes), at += 33;
    qrng_sts_complexities(s.words, 20, 100, at, scratch, bytes), at += 101;
    CHECK((int64_t)jobs[12].value == qrng_sts_peaks_below(s.words, plan, 3.0 * N, scratch));
    CHECK(memcmp(counts, want, (size_t)(at - want) * 8) == 0);
    for (unsigned k = 0; k < ALL; k++)
        if (jobs[k].entries) { /* too few entries */
            qrng_sts_job short_one = jobs[k];
            short_one.entries = k == 5 || k == 6 ? 0 : k == 9 ? 15 : short_one.entries - 1;
            CHECK(qrng_sts_measure(s.words, N, &short_one, 1, counts, scratch, bytes) == 0);
        }
    qrng_sts_job unknown = {.kernel = 99};
    CHECK(qrng_sts_measure(s.words, N, &unknown, 1, counts, scratch, bytes) == 0);
    free(plan), free(scratch), free(s.words);
}

static void refusals(void) {
    CHECK(qrng_sts_rank_scratch_bytes(0, 3) == 0);
    CHECK(qrng_sts_rank_scratch_bytes(3, 65) == 0);
    CHECK(qrng_sts_complexity_scratch_bytes(0) == 0);
    CHECK(qrng_sts_spectrum_plan_bytes(0) == 0);
    CHECK(qrng_sts_spectrum_plan_bytes(1023) == 0);
    CHECK(qrng_sts_spectrum_plan_bytes(7 * 1024) == 0);
    CHECK(qrng_sts_spectrum_plan_bytes((uint64_t)1 << 40) == 0);
    CHECK(qrng_sts_complexity_scratch_bytes(1u << 17) == 0);
}

int main(void) {
    refusals();
    tails();
    CHECK(test_each_kernel(all) >= 1);
    CHECK(test_each_kernel(jobs_of_a_battery) >= 1);
    return 0;
}
