#include <math.h>

#include "check.h"
#include "cpu/kernels.h"

enum { N = 6000, ONSET = N - 250, KINDS = 9 };
static const uint32_t widths[] = {2, 3, 4, 6, 8};

/* Codes about as converters deliver them, healthy and not. */
static uint32_t code(int kind, int t, uint32_t last, uint32_t symbols, uint64_t *state) {
    const uint64_t r = test_random(state);
    double sum = 0;
    for (int i = 0; i < 6; i++)
        sum += (double)(r >> (10 * i) & 1023) / 1024 - 0.5;
    const double middle = (symbols - 1) / 2.0;
    const double spread = symbols / 8.0 *
                          (kind == 1   ? 0.5
                           : kind == 2 ? 6
                                       : 1) *
                          (kind == 8 && t % 2 ? 0.4 : 1);
    double at = middle + spread * sum * 1.4 + (kind == 3 ? 0.8 * (last - middle) : 0);
    at = at < 0 ? 0 : at > symbols - 1 ? symbols - 1 : at;
    const uint32_t x = (uint32_t)(at + 0.5);
    switch (kind) {
    case 4:
        return x & ~2u;
    case 5:
        return x / 3 * 3;
    case 6:
        return r >> 61 ? last : x;
    case 7:
        return (x & ~1u) | (~last & 1);
    default:
        return x;
    }
}

static void fill(uint8_t *x, int kind, uint32_t symbols, uint64_t *state) {
    uint32_t last = 0;
    for (int t = 0; t < N; t++) {
        last = code(t < ONSET ? 0 : kind, t, last, symbols, state);
        x[t] = (uint8_t)last;
    }
}

static int down(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Of all sources inside the claim, the one that gains the most from here on gains no more than the new bet of
 * 1: it gives the codes that pay the most the probability g each. */
static void no_source_inside_the_claim_gains(void) {
    const size_t bytes = qrng_converter_state_bytes();
    void *at = malloc(bytes), *next = malloc(bytes);
    uint64_t state = 31;
    double total[256];
    uint8_t x[N];
    qrng_evidence now, then;
    for (int round = 0; round < 3 * KINDS; round++) {
        const uint32_t symbols = round % 3 == 0 ? 256 : 1u << widths[round % 5];
        const double g = round % 3 == 2 ? 1.0 / symbols : exp2(-0.5 * log2(symbols));
        fill(x, round % KINDS, symbols, &state);
        CHECK(qrng_converter_init(at, symbols, g) == QRNG_OK);
        for (int t = 0; t < N;) {
            const uint64_t take = 1 + test_random(&state) % (t < ONSET - N / 6 ? N / 6 : 80);
            for (uint64_t i = 0; i < take && t < N; i++, t++)
                qrng_converter_scan(at, x + t, 1, INFINITY);
            qrng_converter_leader(at, &now);
            if (!(now.total < 1e200))
                break;
            for (uint32_t c = 0; c < symbols; c++) {
                const uint8_t one = (uint8_t)c;
                memcpy(next, at, bytes);
                qrng_converter_scan(next, &one, 1, INFINITY);
                qrng_converter_leader(next, &then);
                total[c] = then.total;
            }
            qsort(total, symbols, sizeof *total, down);
            double left = 1, mean = 0;
            for (uint32_t c = 0; c < symbols && left > 0; c++) {
                const double p = g < left ? g : left;
                mean += p * total[c];
                left -= p;
            }
            CHECK(mean <= (now.total + 1) * (1 + 1e-12) && mean >= (now.total + 1) * 0.2);
        }
    }
    free(at), free(next);
}

/* The totals of the first level, which the others must meet bit for bit. */
static double expected[KINDS];
static int levels;

static void however_cut_and_by_every_kernel_the_same(void) {
    const size_t bytes = qrng_converter_state_bytes();
    void *whole = malloc(bytes), *cut = malloc(bytes);
    uint64_t state = 32;
    uint8_t x[N];
    qrng_evidence found;
    for (int kind = 0; kind < KINDS; kind++) {
        const uint32_t symbols = 1u << widths[4 - kind % 5];
        fill(x, kind, symbols, &state);
        CHECK(qrng_converter_init(whole, symbols, exp2(-0.5 * log2(symbols))) == QRNG_OK);
        memcpy(cut, whole, bytes);
        CHECK(qrng_converter_scan(whole, x, N, INFINITY) == N);
        for (uint64_t at = 0; at < N;) {
            uint64_t take = 1 + test_random(&state) % 500;
            take = take < N - at ? take : N - at;
            CHECK(qrng_converter_scan(cut, x + at, take, INFINITY) == take &&
                  qrng_converter_check(cut, bytes) == QRNG_OK);
            at += take;
        }
        CHECK(memcmp(whole, cut, bytes) == 0);
        qrng_converter_leader(whole, &found);
        if (levels == 0)
            expected[kind] = found.total;
        CHECK(found.total == expected[kind]);
    }
    levels++;
    free(whole), free(cut);
}

/* The steps by their definitions. */
static void steps_are_what_they_are_said_to_be(void) {
    const converter_steps *steps = qrng_kernels_get()->converter;
    double m[CONVERTER_EXPERTS], before[CONVERTER_EXPERTS], weight[CONVERTER_EXPERTS], total = 0;
    float paid[CONVERTER_EXPERTS];
    uint64_t state = 33;
    for (int e = 0; e < CONVERTER_EXPERTS; e++) {
        before[e] = m[e] = (double)(test_random(&state) >> 40);
        weight[e] = (double)(test_random(&state) >> 40);
        paid[e] = (float)(test_random(&state) >> 40) * 0x1p-20f;
    }
    const double sum = steps->pay(m, weight, paid);
    for (int e = 0; e < CONVERTER_EXPERTS; e++) {
        CHECK(m[e] == (before[e] + 1) * paid[e]);
        total += m[e] * weight[e];
    }
    CHECK(fabs(sum - total) <= 1e-12 * total);
    double foretold = 0;
    for (int k = 0; k < 32; k++)
        foretold += before[k] * weight[k];
    CHECK(fabs(steps->foretell(before, weight, 32) - foretold) <= 1e-12 * foretold);
    steps->learn(m, weight, 8, 3, 0.25);
    for (int k = 0; k < 8; k++)
        CHECK(fabs(m[k] - ((before[k] + 1) * paid[k] * 0.75 + 0.25 * 3 * weight[k])) <= 1e-12 * fabs(m[k]));
}

static void what_cannot_be_used_is_refused(void) {
    const size_t bytes = qrng_converter_state_bytes();
    uint8_t *b = calloc(1, bytes);
    CHECK(qrng_converter_check(b, bytes) == QRNG_EINVAL);
    CHECK(qrng_converter_init(b, 2, 0.5) == QRNG_EINVAL && qrng_converter_init(b, 3, 0.5) == QRNG_EINVAL);
    CHECK(qrng_converter_init(b, 512, 0.5) == QRNG_EINVAL && qrng_converter_init(b, 16, 1) == QRNG_EINVAL);
    CHECK(qrng_converter_init(b, 16, 1.0 / 17) == QRNG_EINVAL &&
          qrng_converter_init(b, 16, NAN) == QRNG_EINVAL);
    CHECK(qrng_converter_init(b, 16, 1.0 / 16) == QRNG_OK && qrng_converter_check(b, bytes) == QRNG_OK);
    CHECK(qrng_converter_check(b, bytes - 8) == QRNG_EINVAL);
    /* Whatever a damaged state holds, one that passes the check is scanned without reading beside it. */
    uint64_t state = 34;
    uint8_t *damaged = malloc(bytes), x[300];
    int scanned = 0;
    for (int round = 0; round < 3000; round++) {
        memcpy(damaged, b, bytes);
        for (int i = 0; i < 4; i++) {
            const uint64_t r = test_random(&state);
            damaged[round % 2 ? r % 400 : r % bytes] = (uint8_t)(r >> 56);
        }
        if (qrng_converter_check(damaged, bytes) == QRNG_OK) {
            for (int i = 0; i < 300; i++)
                x[i] = (uint8_t)test_random(&state);
            qrng_converter_scan(damaged, x, 300, INFINITY);
            scanned++;
        }
    }
    CHECK(scanned > 300);
    free(b), free(damaged);
}

static void all(void) {
    however_cut_and_by_every_kernel_the_same();
    steps_are_what_they_are_said_to_be();
    no_source_inside_the_claim_gains();
    what_cannot_be_used_is_refused();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
