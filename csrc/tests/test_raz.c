#include "check.h"

/* Lengths at and around the borders of words. The equality holds for any trinomial, irreducible or not. */
static const struct {
    unsigned r, s;
} fields[] = {{2, 1},  {3, 1},   {7, 1},  {15, 1},  {20, 3},   {31, 3},
              {63, 1}, {65, 18}, {97, 6}, {127, 7}, {255, 52}, {521, 32}};

enum { MOST = 600 };

/* a = a b, one bit a byte, power by power. */
static void by_definition(uint8_t *a, const uint8_t *b, unsigned r, unsigned s) {
    uint8_t sum[MOST] = {0}, shifted[MOST];
    memcpy(shifted, a, r);
    for (unsigned i = 0; i < r; i++) {
        for (unsigned j = 0; j < r; j++)
            sum[j] ^= shifted[j] & b[i];
        uint8_t top = shifted[r - 1]; /* times z */
        memmove(shifted + 1, shifted, r - 1);
        shifted[0] = top;
        shifted[s] ^= top;
    }
    memcpy(a, sum, r);
}

static void unpack(uint8_t *bits, const uint8_t *packed, uint64_t from, uint64_t n) {
    memset(bits, 0, MOST);
    for (uint64_t i = 0; i < n; i++)
        bits[i] = (uint8_t)test_bit(packed, from + i);
}

static void one(unsigned r, unsigned s, uint64_t n, uint64_t n2, unsigned rounds, uint64_t m, uint64_t seed) {
    uint8_t raw[160], second[80], out[80], old[80], x1[MOST], x2[MOST], d[MOST], sum[MOST], term[MOST];
    uint64_t from = seed % 8, from2 = seed / 8 % 8, to = seed / 64 % 8, state = seed;
    test_fill(&state, raw, sizeof raw);
    test_fill(&state, second, sizeof second);
    test_fill(&state, out, sizeof out);
    memcpy(old, out, sizeof out);
    size_t bytes = qrng_raz_scratch_bytes(r);
    uint8_t *scratch = malloc(bytes);
    CHECK(qrng_raz_extract(out, to, raw, from, n, second, from2, n2, r, s, rounds, m, scratch) == QRNG_OK);
    free(scratch);

    unpack(x1, raw, from, r);
    unpack(x2, raw, from + r, n - r);
    unpack(d, second, from2, n2);
    by_definition(d, x1, r, s);
    memset(sum, 0, MOST);
    memset(term, 0, MOST);
    term[0] = 1;
    /* The sum of powers itself for few rounds; its factors for many, which the first check shows to be the
     * same. */
    if (rounds <= 5)
        for (unsigned power = 0; power < 1u << rounds; power++) {
            for (unsigned j = 0; j < r; j++)
                sum[j] ^= term[j];
            by_definition(term, d, r, s);
        }
    else {
        sum[0] = 1;
        for (unsigned i = 0; i < rounds; i++) {
            memcpy(term, d, r);
            term[0] ^= 1;
            by_definition(sum, term, r, s);
            memcpy(term, d, r);
            by_definition(d, term, r, s);
        }
    }
    by_definition(sum, x2, r, s);
    for (uint64_t i = 0; i < 8 * sizeof out; i++)
        CHECK(test_bit(out, i) == (i >= to && i < to + m ? sum[i - to] : test_bit(old, i)));
}

static void equal_to_the_definition(void) {
    uint64_t state = 5;
    for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
        unsigned r = fields[k].r, s = fields[k].s;
        one(r, s, 2 * r, r, 5, r, 1);
        for (int i = 0; i < 4; i++) {
            uint64_t n = r + 1 + test_random(&state) % r, n2 = 1 + test_random(&state) % r;
            one(r, s, n, n2, 1 + (unsigned)(test_random(&state) % 12), 1 + test_random(&state) % r,
                test_random(&state));
        }
    }
}

static void lengths_out_of_range(void) {
    uint8_t raw[8] = {0}, out[8] = {0}, *scratch = malloc(qrng_raz_scratch_bytes(15));
    static const uint64_t bad[][6] = {
        /* n, n2, r, s, rounds, m */
        {30, 15, 1, 1, 4, 1},  {15, 15, 15, 1, 4, 5},  {31, 15, 15, 1, 4, 5},
        {30, 16, 15, 1, 4, 5}, {30, 0, 15, 1, 4, 5},   {30, 15, 15, 0, 4, 5},
        {30, 15, 15, 9, 4, 5}, {30, 15, 15, 1, 0, 5},  {30, 15, 15, 1, 65, 5},
        {30, 15, 15, 1, 4, 0}, {30, 15, 15, 1, 4, 16}, {30, 15, (UINT64_C(1) << 29) + 1, 1, 4, 5},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(qrng_raz_extract(out, 0, raw, 0, bad[i][0], raw, 0, bad[i][1], bad[i][2], bad[i][3],
                               (unsigned)bad[i][4], bad[i][5], scratch) == QRNG_EINVAL);
    CHECK(qrng_raz_scratch_bytes(1) == 0 && qrng_raz_scratch_bytes((UINT64_C(1) << 29) + 1) == 0);
    free(scratch);
}

static void cases(void) {
    equal_to_the_definition();
    lengths_out_of_range();
}

int main(void) {
    CHECK(test_each_kernel(cases) >= 1);
    return 0;
}
