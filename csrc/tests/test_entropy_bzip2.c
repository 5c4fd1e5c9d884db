/* Lengths of bzip2: the path for decimals against that for any text, and both against lengths that
 * bzip2 1.0.8 gave. */
#include "check.h"

enum { LONGEST = 120000, LEVEL = 1 };

static uint8_t symbols[LONGEST], text[4 * LONGEST];

static size_t write_decimals(const uint8_t *s, size_t n, unsigned low, unsigned step) {
    size_t length = 0;
    for (size_t i = 0; i < n; i++)
        length += (size_t)sprintf((char *)text + length, "%u ", low + s[i] * step);
    return length ? length - 1 : 0;
}

static void check_decimals(void *scratch, size_t n, unsigned low, unsigned step) {
    size_t length = write_decimals(symbols, n, low, step);
    uint64_t want = qrng_entropy_bzip2_length(text, length, LEVEL, scratch);
    CHECK(qrng_entropy_decimal_bzip2_length(symbols, n, low, step, LEVEL, scratch) == want);
}

/* `bzip2 -1 | wc -c` of: nothing; "a" n times; the decimals 0 to n-1 modulo 256, joined by spaces. */
static const struct {
    int decimals;
    size_t n;
    uint64_t length;
} known[] = {
    {0, 0, 14}, {0, 1, 37}, {0, 259, 45}, {0, 100000, 47}, {1, 256, 314}, {1, 120000, 5960},
};

int main(void) {
    size_t bytes = qrng_entropy_bzip2_scratch_bytes(LEVEL);
    CHECK(bytes > 0 && qrng_entropy_bzip2_scratch_bytes(0) == 0 && qrng_entropy_bzip2_scratch_bytes(10) == 0);
    void *scratch = malloc(bytes);
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        size_t n = known[k].n;
        memset(text, 'a', n);
        for (size_t i = 0; i < n; i++)
            symbols[i] = (uint8_t)i;
        if (known[k].decimals)
            CHECK(qrng_entropy_decimal_bzip2_length(symbols, n, 0, 1, LEVEL, scratch) == known[k].length);
        else
            CHECK(qrng_entropy_bzip2_length(text, n, LEVEL, scratch) == known[k].length);
    }
    uint64_t state = 12;
    for (int round = 0; round < 300; round++) {
        size_t n = 1 + test_random(&state) % (round % 30 ? 900 : LONGEST);
        unsigned alphabet = 1 + (unsigned)(test_random(&state) % 256), sticks = round % 4 == 3;
        for (size_t i = 0; i < n; i++)
            symbols[i] = (uint8_t)(sticks && i && test_random(&state) % 9 ? symbols[i - 1]
                                                                          : test_random(&state) % alphabet);
        check_decimals(scratch, n, 0, 1);
        for (size_t i = 0; i < n; i++)
            symbols[i] &= 1;
        unsigned low = (unsigned)(test_random(&state) % 256);
        check_decimals(scratch, n, low, low < 255 ? 1 + (unsigned)(test_random(&state) % (255 - low)) : 0);
    }
    free(scratch);
    return 0;
}
