#include "check.h"

static void push(uint8_t *out, uint64_t *n, unsigned bit) {
    if (*n % 8 == 0)
        out[*n / 8] = 0;
    out[*n / 8] |= (uint8_t)(bit << (7 - *n % 8));
    ++*n;
}

/* Psi_d(x) = vN(x) ‖ Psi_(d-1)(sums) ‖ Psi_(d-1)(equal), bit by bit. */
static void peres(uint8_t *out, uint64_t *count, const uint8_t *x, uint64_t x_bit, uint64_t n,
                  unsigned depth) {
    if (depth == 0 || n < 2)
        return;
    uint8_t *u = malloc(n + 1), *v = malloc(n + 1);
    uint64_t us = 0, vs = 0;
    for (uint64_t i = 0; i + 1 < n; i += 2) {
        unsigned a = test_bit(x, x_bit + i), b = test_bit(x, x_bit + i + 1);
        if (a != b)
            push(out, count, a);
        else
            push(v, &vs, a);
        push(u, &us, a ^ b);
    }
    peres(out, count, u, 0, us, depth - 1);
    peres(out, count, v, 0, vs, depth - 1);
    free(u), free(v);
}

__extension__ typedef unsigned __int128 wide;

static uint64_t choose(unsigned n, unsigned k) {
    wide c = 1;
    if (k > n)
        return 0;
    for (unsigned i = 1; i <= k; i++)
        c = c * (n - k + i) / i;
    return (uint64_t)c;
}

/* The rank among the words of the same weight, then Elias' rule step by step. */
static void elias(uint8_t *out, uint64_t *count, const uint8_t *x, uint64_t x_bit, unsigned block) {
    unsigned ones = 0;
    for (unsigned i = 0; i < block; i++)
        ones += test_bit(x, x_bit + i);
    uint64_t c = choose(block, ones), rank = 0;
    for (unsigned i = 0; i < block; i++)
        if (test_bit(x, x_bit + i))
            rank += choose(block - 1 - i, ones--);
    for (;;) {
        unsigned length = 0;
        while (length < 63 && (UINT64_C(2) << length) <= c)
            length++;
        uint64_t power = UINT64_C(1) << length;
        if (rank < power) {
            while (length--)
                push(out, count, rank >> length & 1);
            return;
        }
        rank -= power;
        c -= power;
    }
}

static void equal_to_definitions(void) {
    uint64_t state = 1;
    for (int round = 0; round < 600; round++) {
        uint64_t n = test_random(&state) % 500, from = test_random(&state) % 9;
        size_t raw_bytes = (size_t)(from + n + 7) / 8;
        uint8_t *raw = malloc(raw_bytes + !raw_bytes), *expected = malloc(n + 1);
        test_fill(&state, raw, raw_bytes);
        for (size_t i = 0; i < raw_bytes; i++) /* all biases, constants among them */
            for (int k = 0; k < round % 5; k++)
                raw[i] =
                    round & 1 ? raw[i] & (uint8_t)test_random(&state) : raw[i] | (uint8_t)test_random(&state);
        for (unsigned depth = 1; depth <= 8; depth++) {
            uint64_t bits = 0;
            peres(expected, &bits, raw, from, n, depth);
            uint8_t *out = malloc(n / 8 + 9), *scratch = malloc(qrng_peres_scratch_bytes(n, depth) + 1);
            CHECK(qrng_peres(out, raw, from, n, depth, scratch) == bits);
            CHECK(memcmp(out, expected, (bits + 7) / 8) == 0);
            if (depth == 1) {
                memset(out, 0xff, n / 8 + 9);
                CHECK(qrng_von_neumann(out, raw, from, n) == bits);
                CHECK(memcmp(out, expected, (bits + 7) / 8) == 0);
            }
            free(out), free(scratch);
        }
        unsigned block = 2 + (unsigned)round % 63;
        uint64_t bits = 0, got = 0;
        for (uint64_t b = 0; b < n / block; b++)
            elias(expected, &bits, raw, from + b * block, block);
        uint8_t *out = malloc(n / 8 + 9);
        CHECK(qrng_elias(&got, out, raw, from, n, block) == QRNG_OK && got == bits);
        CHECK(memcmp(out, expected, (bits + 7) / 8) == 0);
        free(out), free(raw), free(expected);
    }
    uint64_t bits;
    uint8_t raw[1] = {0}, out[16];
    CHECK(qrng_elias(&bits, out, raw, 0, 8, 1) == QRNG_EINVAL);
    CHECK(qrng_elias(&bits, out, raw, 0, 8, 65) == QRNG_EINVAL);
}

int main(void) {
    CHECK(test_each_kernel(equal_to_definitions) >= 1);
    return 0;
}
