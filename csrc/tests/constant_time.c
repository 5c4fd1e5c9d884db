/* Constant-time check of the extractors.
 *
 *   valgrind --error-exitcode=1 constant_time marked KERNEL     secrets are marked as undefined, so Memcheck
 * reports every branch on one and every address made from one constant_time timed KERNEL times of a fixed and
 * of random inputs, interleaved, compared by Welch's t (Reparaz, Balasch, Verbauwhede, DATE 2017)
 *
 * A third argument "leak" plants a branch on a secret, which must be found. Seeds, raw bits and outputs are
 * secret; lengths are not. Valgrind knows no AVX-512: that level is timed. */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include <math.h>
#include <time.h>

#include "check.h"

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef VALGRIND_MAKE_MEM_UNDEFINED
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n) ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#define RUNNING_ON_VALGRIND 0
#endif

static int leak;
static volatile unsigned sink;

/* What the planted leak does: work that depends on the input. */
static void maybe_leak(const uint8_t *raw, size_t bytes) {
    for (size_t i = 0; leak && i < bytes; i++)
        if (raw[i])
            sink++;
}

typedef struct hash {
    int kind;
    uint64_t n, m, seed_bits, blocks;
} hash;

/* Small, split, and with other things around the Toeplitz product. */
static const hash hashes[] = {
    {QRNG_LINEAR_TOEPLITZ, 100, 50, 149, 3},     {QRNG_LINEAR_TOEPLITZ, 3000, 1500, 4499, 1},
    {QRNG_LINEAR_TOEPLITZ, 5001, 2003, 7003, 1}, {QRNG_LINEAR_MODIFIED_TOEPLITZ, 1000, 700, 999, 2},
    {QRNG_LINEAR_CIRCULANT, 1000, 700, 1019, 2},
};
enum { HASHES = sizeof hashes / sizeof hashes[0] };

/* So long that every level takes transforms: marked once, timed in fewer rounds. */
static const hash long_hash = {QRNG_LINEAR_TOEPLITZ, 300001, 150000, 450000, 1};

/* Words of both factors of products: a leaf, Karatsuba's method, transforms. */
static const size_t products[] = {5, 130, 5000};
enum { PRODUCTS = sizeof products / sizeof products[0], LONG_ROUNDS = 100 };

static void marked_hash(const hash *h) {
    size_t raw_bytes = (size_t)(h->n * h->blocks + 7) / 8, out_bytes = (size_t)(h->m * h->blocks + 7) / 8;
    size_t seed_bytes = (size_t)(h->seed_bits + 7) / 8, bytes;
    uint64_t state = 1;
    uint8_t *raw = malloc(raw_bytes), *seed = malloc(seed_bytes), *out = calloc(out_bytes, 1);
    test_fill(&state, raw, raw_bytes);
    test_fill(&state, seed, seed_bytes);
    VALGRIND_MAKE_MEM_UNDEFINED(raw, raw_bytes);
    VALGRIND_MAKE_MEM_UNDEFINED(seed, seed_bytes);
    bytes = qrng_linear_state_bytes(h->kind, h->n, h->m, h->seed_bits);
    uint8_t *matrix = calloc(bytes, 1);
    CHECK(qrng_linear_prepare(matrix, bytes, h->kind, h->n, h->m, seed, h->seed_bits) == QRNG_OK);
    uint8_t *scratch = calloc(qrng_linear_scratch_bytes(matrix), 1);
    maybe_leak(raw, raw_bytes);
    qrng_linear_extract(matrix, raw, 0, out, 0, h->blocks, scratch);
    free(raw), free(seed), free(out), free(matrix), free(scratch);
}

static void marked_product(size_t words) {
    uint64_t state = 4, *a = malloc(8 * words), *b = malloc(8 * words), *out = malloc(16 * words);
    size_t bytes = qrng_gf2_scratch_bytes(words, words);
    void *scratch = calloc(bytes, 1);
    test_fill(&state, (uint8_t *)a, 8 * words);
    test_fill(&state, (uint8_t *)b, 8 * words);
    VALGRIND_MAKE_MEM_UNDEFINED(a, 8 * words);
    VALGRIND_MAKE_MEM_UNDEFINED(b, 8 * words);
    maybe_leak((const uint8_t *)a, 8 * words);
    CHECK(qrng_gf2_multiply(out, a, words, b, words, scratch, bytes) == QRNG_OK);
    free(a), free(b), free(out), free(scratch);
}

static void marked_trevisan(void) {
    uint64_t state = 2, sizes[] = {4, 21};
    uint8_t raw[13], out[4] = {0}, *seed = malloc(4096),
                     *scratch = calloc(qrng_trevisan_scratch_bytes(100, 39) + 8, 1);
    test_fill(&state, raw, sizeof raw);
    test_fill(&state, seed, 4096);
    VALGRIND_MAKE_MEM_UNDEFINED(raw, sizeof raw);
    VALGRIND_MAKE_MEM_UNDEFINED(seed, 4096);
    CHECK(qrng_trevisan_extract(out, 0, raw, 0, 100, 25, 39, 17, 7, 0x83, sizes, 2, seed, scratch) ==
          QRNG_OK);
    free(seed), free(scratch);
}

static void marked_raz(void) {
    uint64_t state = 4;
    uint8_t raw[32], second[16], out[8] = {0}, *scratch = calloc(qrng_raz_scratch_bytes(127), 1);
    test_fill(&state, raw, sizeof raw);
    test_fill(&state, second, sizeof second);
    VALGRIND_MAKE_MEM_UNDEFINED(raw, sizeof raw);
    VALGRIND_MAKE_MEM_UNDEFINED(second, sizeof second);
    CHECK(qrng_raz_extract(out, 0, raw, 0, 254, second, 0, 127, 127, 7, 8, 60, scratch) == QRNG_OK);
    free(scratch);
}

/* |t| of a fixed input against random ones, after a trim of the slow tenth. */
static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double trimmed_t(double *times[2], size_t count) {
    double mean[2], variance[2];
    size_t used = count - count / 10;
    for (int k = 0; k < 2; k++) {
        qsort(times[k], count, sizeof(double), by_size);
        double sum = 0, squares = 0;
        for (size_t i = 0; i < used; i++)
            sum += times[k][i];
        mean[k] = sum / (double)used;
        for (size_t i = 0; i < used; i++)
            squares += (times[k][i] - mean[k]) * (times[k][i] - mean[k]);
        variance[k] = squares / (double)(used - 1);
    }
    return fabs(mean[0] - mean[1]) / sqrt((variance[0] + variance[1]) / (double)used + 1e-9);
}

/* `run` on zeros and on random secrets of so many bytes, which it finds at `secret`, in random order. */
static double timed(void (*run)(void *), void *context, uint8_t *secret, size_t bytes, size_t rounds) {
    uint64_t state = 3;
    double *times[2] = {malloc(rounds * sizeof(double)), malloc(rounds * sizeof(double))};
    size_t done[2] = {0, 0};
    while (done[0] < rounds || done[1] < rounds) {
        int k = (int)(test_random(&state) & 1);
        if (done[k] == rounds)
            k = 1 - k;
        test_fill(&state, secret, bytes); /* the same work before both */
        if (k == 0)
            memset(secret, 0, bytes);
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        maybe_leak(secret, bytes);
        run(context);
        clock_gettime(CLOCK_MONOTONIC, &b);
        times[k][done[k]++] = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
    }
    double t = trimmed_t(times, rounds);
    free(times[0]), free(times[1]);
    return t;
}

typedef struct extraction {
    const uint8_t *matrix, *raw;
    uint8_t *out, *scratch;
    uint64_t blocks;
} extraction;

static void extract(void *context) {
    const extraction *e = context;
    qrng_linear_extract(e->matrix, e->raw, 0, e->out, 0, e->blocks, e->scratch);
}

static double timed_hash(const hash *h, size_t rounds) {
    size_t raw_bytes = (size_t)(h->n * h->blocks + 7) / 8, out_bytes = (size_t)(h->m * h->blocks + 7) / 8;
    size_t seed_bytes = (size_t)(h->seed_bits + 7) / 8;
    size_t bytes = qrng_linear_state_bytes(h->kind, h->n, h->m, h->seed_bits);
    uint64_t state = 3;
    uint8_t *raw = malloc(raw_bytes), *seed = malloc(seed_bytes), *out = malloc(out_bytes),
            *matrix = malloc(bytes);
    test_fill(&state, seed, seed_bytes);
    CHECK(qrng_linear_prepare(matrix, bytes, h->kind, h->n, h->m, seed, h->seed_bits) == QRNG_OK);
    uint8_t *scratch = malloc(qrng_linear_scratch_bytes(matrix));
    extraction e = {matrix, raw, out, scratch, h->blocks};
    double t = timed(extract, &e, raw, raw_bytes, rounds);
    free(raw), free(seed), free(out), free(matrix), free(scratch);
    return t;
}

typedef struct multiplication {
    uint64_t *a, *b, *out;
    size_t words, bytes;
    void *scratch;
} multiplication;

static void multiply(void *context) {
    const multiplication *m = context;
    CHECK(qrng_gf2_multiply(m->out, m->a, m->words, m->b, m->words, m->scratch, m->bytes) == QRNG_OK);
}

static double timed_product(size_t words, size_t rounds) {
    uint64_t state = 5;
    multiplication m = {malloc(8 * words), malloc(8 * words), malloc(16 * words), words, 0, NULL};
    m.bytes = qrng_gf2_scratch_bytes(words, words);
    m.scratch = malloc(m.bytes);
    test_fill(&state, (uint8_t *)m.b, 8 * words);
    double t = timed(multiply, &m, (uint8_t *)m.a, 8 * words, rounds);
    free(m.a), free(m.b), free(m.out), free(m.scratch);
    return t;
}

/* Noise can push one measurement up; a leak does it each time. t = 10 is far past dudect's 4.5. */
static const double LIMIT = 10;
enum { ROUNDS = 4000, ATTEMPTS = 3 };

/* The least of up to three measurements of hash i; past the hashes a long one, then products. */
static double least(size_t i) {
    double t = INFINITY;
    for (int attempt = 0; attempt < ATTEMPTS && t > LIMIT; attempt++) {
        double again = i < HASHES ? timed_hash(&hashes[i], ROUNDS)
                       : i == HASHES
                           ? timed_hash(&long_hash, LONG_ROUNDS)
                           : timed_product(products[i - HASHES - 1], i < HASHES + 3 ? ROUNDS : LONG_ROUNDS);
        t = again < t ? again : t;
    }
    return t;
}

int main(int count, char **arguments) {
    if (count < 3 || qrng_kernel_select(arguments[2]) != QRNG_OK) {
        fprintf(stderr, "usage: constant_time marked|timed KERNEL [leak]\n");
        return 2;
    }
    leak = count > 3;
    if (strcmp(arguments[1], "marked") == 0) {
        if (!RUNNING_ON_VALGRIND) {
            fprintf(stderr, "run this under valgrind, built where valgrind/memcheck.h is\n");
            return 2;
        }
        for (size_t i = 0; i < HASHES; i++)
            marked_hash(&hashes[i]);
        marked_hash(&long_hash);
        for (size_t i = 0; i < PRODUCTS; i++)
            marked_product(products[i]);
        marked_trevisan();
        marked_raz();
        return 0;
    }
    int found = 0;
    for (size_t i = 0; i < HASHES + 1 + PRODUCTS; i++) {
        double t = least(i);
        const hash *h = i < HASHES ? &hashes[i] : &long_hash;
        if (i <= HASHES)
            printf("kind %d, %llu to %llu bits: |t| = %.1f\n", h->kind, (unsigned long long)h->n,
                   (unsigned long long)h->m, t);
        else
            printf("product of %zu words: |t| = %.1f\n", products[i - HASHES - 1], t);
        found |= t > LIMIT;
    }
    return found;
}
