#include "check.h"

/* Bit by bit, as qrng_api.inc defines the kinds. */
static void by_definition(int kind, uint8_t *y, uint64_t y_bit, const uint8_t *s, uint64_t length,
                          const uint8_t *x, uint64_t x_bit, uint64_t n, uint64_t m) {
    uint64_t columns = kind == QRNG_LINEAR_MODIFIED_TOEPLITZ ? n - m : n;
    for (uint64_t i = 0; i < m; i++) {
        unsigned sum = kind == QRNG_LINEAR_MODIFIED_TOEPLITZ ? test_bit(x, x_bit + columns + i) : 0;
        for (uint64_t j = 0; j < columns; j++) {
            uint64_t at = kind == QRNG_LINEAR_CIRCULANT ? i + j : i + length - j;
            sum ^= test_bit(s, at % length) & test_bit(x, x_bit + j);
        }
        uint64_t at = y_bit + i;
        y[at / 8] = (uint8_t)((y[at / 8] & ~(0x80u >> at % 8)) | sum << (7 - at % 8));
    }
}

enum { RANDOM, ZEROS, ONES, SINGLE, KINDS };

static void fill(uint64_t *state, uint8_t *out, size_t bytes, int kind) {
    if (kind == RANDOM)
        test_fill(state, out, bytes);
    else
        memset(out, kind == ONES ? 0xff : 0, bytes);
    if (kind == SINGLE && bytes)
        out[test_random(state) % bytes] = (uint8_t)(1u << test_random(state) % 8);
}

/* `blocks` blocks from any bit to any bit, in buffers of exactly the bits named, so that a sanitizer sees
 * more. */
static void one_of(int kind, uint64_t *state, uint64_t n, uint64_t m, uint64_t seed_bits, uint64_t blocks,
                   int seed_kind, int raw_kind) {
    uint64_t from = test_random(state) % 9, to = test_random(state) % 9;
    size_t seed_bytes = (size_t)(seed_bits + 7) / 8, raw_bytes = (size_t)(from + blocks * n + 7) / 8;
    size_t out_bytes = (size_t)(to + blocks * m + 7) / 8;
    uint8_t *seed = malloc(seed_bytes), *raw = malloc(raw_bytes), *out = malloc(out_bytes);
    uint8_t *expected = malloc(out_bytes);
    fill(state, seed, seed_bytes, seed_kind);
    fill(state, raw, raw_bytes, raw_kind);
    test_fill(state, out, out_bytes);
    memcpy(expected, out, out_bytes);
    for (uint64_t b = 0; b < blocks; b++)
        by_definition(kind, expected, to + b * m, seed, seed_bits, raw, from + b * n, n, m);

    size_t bytes = qrng_linear_state_bytes(kind, n, m, seed_bits);
    CHECK(bytes > 0);
    uint8_t *matrix = malloc(bytes);
    CHECK(qrng_linear_prepare(matrix, bytes, kind, n, m, seed, seed_bits) == QRNG_OK);
    uint8_t *scratch = malloc(qrng_linear_scratch_bytes(matrix));
    qrng_linear_extract(matrix, raw, from, out, to, blocks, scratch);
    CHECK(memcmp(out, expected, out_bytes) == 0);
    free(seed), free(raw), free(out), free(expected), free(matrix), free(scratch);
}

static void one(uint64_t *state, uint64_t n, uint64_t m, uint64_t blocks, int seed_kind, int raw_kind) {
    one_of(QRNG_LINEAR_TOEPLITZ, state, n, m, n + m - 1, blocks, seed_kind, raw_kind);
}

/* The kinds that are a Toeplitz product and something around it; seeds of circulants from n bits on. */
static void other_kinds(void) {
    uint64_t state = 6;
    for (uint64_t n = 1; n <= 30; n++)
        for (uint64_t m = 1; m <= n; m++) {
            if (m < n)
                one_of(QRNG_LINEAR_MODIFIED_TOEPLITZ, &state, n, m, n - 1, 5, RANDOM, RANDOM);
            for (uint64_t more = 0; more < 4; more++)
                one_of(QRNG_LINEAR_CIRCULANT, &state, n, m, n + more, 5, RANDOM, RANDOM);
        }
    for (int round = 0; round < 40; round++) {
        uint64_t n = 2 + test_random(&state) % 1500, m = 1 + test_random(&state) % (n - 1);
        one_of(QRNG_LINEAR_MODIFIED_TOEPLITZ, &state, n, m, n - 1, 3, RANDOM, RANDOM);
        one_of(QRNG_LINEAR_CIRCULANT, &state, n, m, n + test_random(&state) % n, 3, RANDOM, RANDOM);
    }
    one_of(QRNG_LINEAR_MODIFIED_TOEPLITZ, &state, 256, 64, 255, 140, RANDOM, RANDOM);
    one_of(QRNG_LINEAR_CIRCULANT, &state, 250, 61, 251, 140, RANDOM, RANDOM);
}

static void every_small_size(void) {
    uint64_t state = 1;
    for (uint64_t n = 1; n <= 40; n++)
        for (uint64_t m = 1; m <= 20; m++)
            one(&state, n, m, 3, RANDOM, RANDOM);
}

static void borders(void) {
    static const uint64_t sizes[] = {1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 511, 512, 513, 1024, 1100};
    uint64_t state = 2;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            one(&state, sizes[i], sizes[j], 2, RANDOM, RANDOM);
            for (int kind = 0; kind < KINDS; kind++) {
                one(&state, sizes[i], sizes[j], 1, kind, SINGLE);
                one(&state, sizes[i], sizes[j], 1, ONES, kind);
            }
        }
}

static void random_sizes(void) {
    uint64_t state = 3;
    for (int round = 0; round < 60; round++)
        one(&state, 1 + test_random(&state) % 3000, 1 + test_random(&state) % 2000, 1, RANDOM, RANDOM);
}

/* Many blocks at once: whole groups, and what is left over. */
static void streams(void) {
    static const uint64_t small[][2] = {{5, 2}, {64, 32}, {100, 57}, {264, 40}, {520, 8}};
    static const uint64_t counts[] = {63, 64, 65, 90, 130};
    uint64_t state = 4;
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        for (size_t j = 0; j < sizeof counts / sizeof counts[0]; j++)
            one(&state, small[i][0], small[i][1], counts[j], RANDOM, RANDOM);
    one(&state, 1000, 674, 70, RANDOM, RANDOM);
    one(&state, 1024, 512, 70, RANDOM, RANDOM);
}

/* Sizes for which the transforms are chosen are too large for the definition bit by bit; so the columns of
 * the matrix that single input bits select are compared with the windows of the seed that they are. */
static void large(void) {
    static const uint64_t sizes[][2] = {
        {300000, 100000}, {100003, 99991}, {700001, 900}, {900, 700001}, {2200000, 70000}};
    uint64_t state = 5;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t n = sizes[i][0], m = sizes[i][1], length = n + m - 1;
        size_t raw_bytes = (size_t)(n + 7) / 8, out_bytes = (size_t)(m + 7) / 8,
               seed_bytes = (size_t)(length + 7) / 8;
        uint8_t *seed = malloc(seed_bytes), *raw = calloc(raw_bytes, 1), *out = calloc(out_bytes, 1);
        test_fill(&state, seed, seed_bytes);
        size_t bytes = qrng_linear_state_bytes(QRNG_LINEAR_TOEPLITZ, n, m, length);
        uint8_t *matrix = malloc(bytes);
        CHECK(qrng_linear_prepare(matrix, bytes, QRNG_LINEAR_TOEPLITZ, n, m, seed, length) == QRNG_OK);
        uint8_t *scratch = malloc(qrng_linear_scratch_bytes(matrix));
        uint64_t ones[] = {0, n - 1, test_random(&state) % n, test_random(&state) % n};
        for (size_t k = 0; k < 4; k++)
            raw[ones[k] / 8] ^= (uint8_t)(0x80u >> ones[k] % 8);
        qrng_linear_extract(matrix, raw, 0, out, 0, 1, scratch);
        for (uint64_t row = 0; row < m; row++) {
            unsigned sum = 0;
            for (size_t k = 0; k < 4; k++)
                sum ^= test_bit(seed, (row + length - ones[k]) % length);
            CHECK(test_bit(out, row) == sum);
        }
        free(seed), free(raw), free(out), free(matrix), free(scratch);
    }
}

/* A block in parts gives what it gives in one. */
static void parts(void) {
    static const struct {
        int kind;
        uint64_t n, m, seed_bits;
    } cases[] = {{QRNG_LINEAR_TOEPLITZ, 700003, 300001, 1000003},
                 {QRNG_LINEAR_MODIFIED_TOEPLITZ, 900001, 300003, 900000},
                 {QRNG_LINEAR_CIRCULANT, 400000, 333333, 400007}};
    uint64_t state = 7;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t n = cases[i].n, m = cases[i].m, from = 3, to = 5;
        size_t raw_bytes = (size_t)(from + n + 7) / 8, out_bytes = (size_t)(to + m + 7) / 8;
        size_t seed_bytes = (size_t)(cases[i].seed_bits + 7) / 8;
        uint8_t *seed = malloc(seed_bytes), *raw = malloc(raw_bytes), *out = calloc(out_bytes, 1);
        uint8_t *expected = calloc(out_bytes, 1);
        test_fill(&state, seed, seed_bytes);
        test_fill(&state, raw, raw_bytes);
        size_t bytes = qrng_linear_state_bytes(cases[i].kind, n, m, cases[i].seed_bits);
        uint8_t *matrix = malloc(bytes);
        CHECK(qrng_linear_prepare(matrix, bytes, cases[i].kind, n, m, seed, cases[i].seed_bits) == QRNG_OK);
        uint8_t *scratch = malloc(qrng_linear_scratch_bytes(matrix));
        qrng_linear_extract(matrix, raw, from, expected, to, 1, scratch);
        free(scratch);
        unsigned most = qrng_linear_most_parts(matrix);
        CHECK(most >= 2);
        CHECK(qrng_linear_parts_bytes(matrix, most + 1) == 0 && qrng_linear_parts_bytes(matrix, 0) == 0);
        for (unsigned count = 1; count <= most; count += count < 3 ? 1 : most) {
            scratch = malloc(qrng_linear_parts_bytes(matrix, count));
            memset(out, 0, out_bytes);
            for (unsigned phase = 0; phase < 2; phase++)
                for (unsigned part = count; part-- > 0;) /* in any order */
                    qrng_linear_part(matrix, raw, from, phase, part, count, scratch);
            qrng_linear_finish(matrix, raw, from, out, to, count, scratch);
            CHECK(memcmp(out, expected, out_bytes) == 0);
            free(scratch);
        }
        free(seed), free(raw), free(out), free(expected), free(matrix);
    }
}

static void short_blocks_have_one_part(void) {
    uint8_t seed[200] = {1};
    size_t bytes = qrng_linear_state_bytes(QRNG_LINEAR_TOEPLITZ, 1000, 500, 1499);
    uint8_t *matrix = malloc(bytes);
    CHECK(qrng_linear_prepare(matrix, bytes, QRNG_LINEAR_TOEPLITZ, 1000, 500, seed, 1499) == QRNG_OK);
    CHECK(qrng_linear_most_parts(matrix) == 1 && qrng_linear_parts_bytes(matrix, 2) == 0);
    free(matrix);
}

static void refusals(void) {
    uint8_t matrix[64], seed[1] = {0};
    CHECK(qrng_linear_state_bytes(QRNG_LINEAR_TOEPLITZ, 0, 1, 0) == 0);
    CHECK(qrng_linear_state_bytes(QRNG_LINEAR_TOEPLITZ, 1, 0, 0) == 0);
    CHECK(qrng_linear_state_bytes(QRNG_LINEAR_TOEPLITZ, 4, 2, 6) == 0);
    CHECK(qrng_linear_state_bytes(QRNG_LINEAR_TOEPLITZ, QRNG_LINEAR_MAX_BITS + UINT64_C(1), 1,
                                  QRNG_LINEAR_MAX_BITS + UINT64_C(1)) == 0);
    CHECK(qrng_linear_state_bytes(QRNG_LINEAR_TOEPLITZ, 2, UINT64_C(1) << 33, (UINT64_C(1) << 33) + 1) == 0);
    CHECK(qrng_linear_state_bytes(QRNG_LINEAR_MODIFIED_TOEPLITZ, 4, 4, 3) == 0);
    CHECK(qrng_linear_state_bytes(QRNG_LINEAR_CIRCULANT, 4, 2, 3) == 0);
    CHECK(qrng_linear_state_bytes(3, 4, 2, 5) == 0);
    CHECK(qrng_linear_prepare(matrix, sizeof matrix, QRNG_LINEAR_TOEPLITZ, 0, 1, seed, 0) == QRNG_EINVAL);
    /* the state is too small */
    CHECK(qrng_linear_prepare(matrix, sizeof matrix, QRNG_LINEAR_TOEPLITZ, 4, 2, seed, 5) == QRNG_EINVAL);
}

static void all(void) {
    every_small_size();
    borders();
    random_sizes();
    other_kinds();
    streams();
    large();
    parts();
    short_blocks_have_one_part();
    refusals();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
