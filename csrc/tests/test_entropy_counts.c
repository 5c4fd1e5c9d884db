#include "check.h"

/* Sections 6.3.2 and 6.3.3 as the standard writes them, a bit at a time. */
static void binary_counts_equal_the_definition(void) {
    uint64_t state = 3;
    for (int round = 0; round < 3000; round++) {
        uint64_t n = test_random(&state) % 700;
        size_t bytes = (size_t)(n + 7) / 8;
        uint8_t *packed =
            malloc(bytes ? bytes : 1); /* exact size, so that a sanitizer sees any read past it */
        test_fill(&state, packed, bytes);
        if (round % 3 == 1) /* long runs of zeros */
            for (size_t i = 0; i < bytes; i++)
                packed[i] &= (uint8_t)(test_random(&state) & test_random(&state) & test_random(&state));
        if (round % 97 == 2)
            memset(packed, round % 2 ? 0x55 : 0xff, bytes);
        uint64_t twos = 0, threes = 0, want_twos = 0, want_threes = 0, counts[4], want[4] = {0};
        uint64_t i = 0;
        while (i + 1 < n) {
            if (test_bit(packed, i) == test_bit(packed, i + 1)) {
                want_twos++;
                i += 2;
            } else if (i + 2 < n) {
                want_threes++;
                i += 3;
            } else {
                break;
            }
        }
        for (i = 0; i + 1 < n; i++)
            want[2 * test_bit(packed, i) + test_bit(packed, i + 1)]++;
        qrng_entropy_collisions(&twos, &threes, packed, n);
        CHECK(twos == want_twos && threes == want_threes);
        qrng_entropy_transitions(counts, packed, n);
        CHECK(memcmp(counts, want, sizeof want) == 0);
        free(packed);
    }
}

static void histograms_equal_the_definition(void) {
    uint64_t state = 4;
    for (uint64_t n = 0; n < 300; n++) {
        uint8_t symbols[300];
        uint64_t counts[256], want[256] = {0}, lanes[7 * 256] = {0}, want_lanes[7 * 256] = {0};
        test_fill(&state, symbols, n);
        uint64_t first = test_random(&state) % 20;
        for (uint64_t i = 0; i < n; i++) {
            want[symbols[i]]++;
            want_lanes[(first + i) % 7 * 256 + symbols[i]]++;
        }
        qrng_entropy_histogram(counts, symbols, n);
        CHECK(memcmp(counts, want, sizeof want) == 0);
        CHECK(qrng_entropy_lane_histogram(lanes, symbols, n, 7, first, 8) == QRNG_OK);
        CHECK(memcmp(lanes, want_lanes, sizeof want_lanes) == 0);
    }
    uint8_t wide[] = {1, 2};
    uint64_t none[4] = {0};
    CHECK(qrng_entropy_lane_histogram(none, wide, 2, 1, 0, 1) == QRNG_EINVAL);
    CHECK(qrng_entropy_lane_histogram(none, wide, 2, 0, 0, 2) == QRNG_EINVAL);
    CHECK(none[0] == 0 && none[1] == 0);
}

static void all(void) {
    binary_counts_equal_the_definition();
    histograms_equal_the_definition();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
