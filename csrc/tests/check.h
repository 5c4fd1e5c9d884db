/* What the C tests share: a check that says where it failed, a small generator, a loop over kernel levels. */
#ifndef QRNG_TESTS_CHECK_H
#define QRNG_TESTS_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qrng.h"

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: [%s] failed: %s\n", __FILE__, __LINE__, qrng_kernel_name(), #condition); \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

/* SplitMix64 (Steele, Lea, Flood 2014): reproducible test data. */
static inline uint64_t test_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline void test_fill(uint64_t *state, uint8_t *out, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)test_random(state);
}

/* Bit i of a packed string. */
static inline unsigned test_bit(const uint8_t *packed, uint64_t i) {
    return packed[i / 8] >> (7 - i % 8) & 1;
}

/* Run `cases` once on each level that this processor supports; returns how many ran. */
static inline int test_each_kernel(void (*cases)(void)) {
    int ran = 0;
    for (size_t i = 0;; i++) {
        int supported = 0;
        const char *name = qrng_kernel_level(i, &supported);
        if (!name)
            return ran;
        if (!supported) {
            printf("%s: not on this processor\n", name);
            continue;
        }
        CHECK(qrng_kernel_select(name) == QRNG_OK);
        cases();
        printf("%s: ok\n", name);
        ran++;
    }
}

#endif
