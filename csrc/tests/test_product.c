#include "check.h"
#include "cpu/kernels.h"
#include "gf2/product.h"

enum kind { RANDOM, ZERO, ONES, SINGLE, KINDS };

static void fill(uint64_t *state, uint64_t *out, size_t words, int kind) {
    for (size_t i = 0; i < words; i++)
        out[i] = kind == RANDOM ? test_random(state) : kind == ONES ? UINT64_MAX : 0;
    if (kind == SINGLE)
        out[test_random(state) % words] = UINT64_C(1) << test_random(state) % 64;
}

/* Shift and add, bit by bit. */
static void by_definition(uint64_t *out, const uint64_t *a, size_t a_words, const uint64_t *b,
                          size_t b_words) {
    memset(out, 0, 8 * (a_words + b_words));
    for (size_t i = 0; i < 64 * b_words; i++)
        if (b[i / 64] >> i % 64 & 1)
            for (size_t j = 0; j < a_words; j++) {
                out[i / 64 + j] ^= a[j] << i % 64;
                out[i / 64 + j + 1] ^= a[j] >> 1 >> (63 - i % 64);
            }
}

/* A product in buffers of exactly the words named, so that a sanitizer sees more. */
static uint64_t *product(const uint64_t *a, size_t a_words, const uint64_t *b, size_t b_words) {
    size_t bytes = qrng_gf2_scratch_bytes(a_words, b_words);
    CHECK(bytes > 0);
    uint64_t *out = malloc(8 * (a_words + b_words));
    void *scratch = malloc(bytes);
    CHECK(qrng_gf2_multiply(out, a, a_words, b, b_words, scratch, bytes - 1) == QRNG_EINVAL);
    memset(out, 0xa5, 8 * (a_words + b_words));
    CHECK(qrng_gf2_multiply(out, a, a_words, b, b_words, scratch, bytes) == QRNG_OK);
    free(scratch);
    return out;
}

static void one(uint64_t *state, size_t a_words, size_t b_words, int a_kind, int b_kind) {
    uint64_t *a = malloc(8 * a_words), *b = malloc(8 * b_words), *expected = malloc(8 * (a_words + b_words));
    fill(state, a, a_words, a_kind);
    fill(state, b, b_words, b_kind);
    by_definition(expected, a, a_words, b, b_words);
    uint64_t *out = product(a, a_words, b, b_words);
    CHECK(memcmp(out, expected, 8 * (a_words + b_words)) == 0);
    free(a), free(b), free(expected), free(out);
}

static void every_small_size(void) {
    uint64_t state = 1;
    for (size_t a = 1; a <= 20; a++)
        for (size_t b = 1; b <= 20; b++)
            one(&state, a, b, RANDOM, RANDOM);
}

/* Leaves, digits, odd and even splits, and one more or less. */
static void borders(void) {
    static const size_t sizes[] = {1,  7,  8,  9,   15,  16,  17,  31,  32, 33,
                                   63, 64, 65, 127, 128, 129, 192, 320, 449};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    uint64_t state = 2;
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t j = 0; j < SIZES; j++)
            one(&state, sizes[i], sizes[j], RANDOM, RANDOM);
        for (int kind = 0; kind < KINDS; kind++) {
            one(&state, sizes[i], sizes[i], kind, ONES);
            one(&state, sizes[i], sizes[i], SINGLE, kind);
        }
    }
}

/* Sizes that transforms take, too large for the definition: the other factor has few terms, at its borders
 * and elsewhere, so that the product is a sum of copies. */
static void sparse(uint64_t *state, size_t a_words, size_t b_words) {
    uint64_t *a = malloc(8 * a_words), *b = calloc(b_words, 8), *expected = calloc(a_words + b_words + 1, 8);
    fill(state, a, a_words, RANDOM);
    size_t places[] = {0, 64 * b_words - 1, test_random(state) % (64 * b_words),
                       test_random(state) % (64 * b_words)};
    for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
        size_t w = places[k] / 64, s = places[k] % 64;
        b[w] ^= UINT64_C(1) << s;
        for (size_t j = 0; j < a_words; j++) {
            expected[w + j] ^= a[j] << s;
            expected[w + j + 1] ^= a[j] >> 1 >> (63 - s);
        }
    }
    uint64_t *out = product(a, a_words, b, b_words), *turned = product(b, b_words, a, a_words);
    CHECK(memcmp(out, expected, 8 * (a_words + b_words)) == 0);
    CHECK(memcmp(out, turned, 8 * (a_words + b_words)) == 0);
    free(a), free(b), free(expected), free(out), free(turned);
}

static void large(void) {
    static const size_t sizes[][2] = {{1024, 1024}, {2049, 700},  {4095, 4095}, {4096, 4096},
                                      {4097, 4097}, {8200, 3000}, {20000, 300}, {6000, 6001}};
    uint64_t state = 3;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        sparse(&state, sizes[i][0], sizes[i][1]);
}

/* Two ways to one product: by pieces of one factor, through every size class that the level has. */
static void sums_of_products(void) {
    static const size_t sizes[] = {100, 640, 1500, 5000};
    uint64_t state = 4;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n = sizes[i], cut = 1 + test_random(&state) % (n - 1);
        uint64_t *a = malloc(8 * n), *b = malloc(8 * n);
        fill(&state, a, n, RANDOM);
        fill(&state, b, n, RANDOM);
        uint64_t *whole = product(a, n, b, n), *low = product(a, n, b, cut),
                 *high = product(a, n, b + cut, n - cut);
        for (size_t j = 0; j < 2 * n; j++)
            CHECK(whole[j] == ((j < n + cut ? low[j] : 0) ^ (j >= cut ? high[j - cut] : 0)));
        free(a), free(b), free(whole), free(low), free(high);
    }
}

static void refusals(void) {
    uint64_t word[2] = {0};
    CHECK(qrng_gf2_scratch_bytes(0, 1) == 0 && qrng_gf2_scratch_bytes(1, 0) == 0);
    CHECK(qrng_gf2_scratch_bytes(QRNG_GF2_MAX_WORDS + (size_t)1, 1) == 0);
    CHECK(qrng_gf2_multiply(word, word, 0, word, 1, word, sizeof word) == QRNG_EINVAL);
    CHECK(qrng_gf2_multiply(word, word, 1, word, QRNG_GF2_MAX_WORDS + (size_t)1, word, sizeof word) ==
          QRNG_EINVAL);
}

static void all(void) {
    every_small_size();
    borders();
    large();
    sums_of_products();
    refusals();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
