#include "check.h"

static void copy_and_count(void) {
    uint64_t state = 1;
    for (int round = 0; round < 4000; round++) {
        uint64_t n = test_random(&state) % 400, from = test_random(&state) % 70,
                 to = test_random(&state) % 70;
        /* Exact sizes, so that a sanitizer sees any read or write past the bits named. */
        size_t src_bytes = (size_t)(from + n + 7) / 8, dst_bytes = (size_t)(to + n + 7) / 8;
        uint8_t *src = malloc(src_bytes + 1), *dst = malloc(dst_bytes + 1), *old = malloc(dst_bytes + 1);
        uint8_t *tight = malloc(src_bytes ? src_bytes : 1);
        test_fill(&state, src, src_bytes);
        memcpy(tight, src, src_bytes);
        test_fill(&state, dst, dst_bytes);
        memcpy(old, dst, dst_bytes);
        qrng_bits_copy(dst, to, tight, from, n);
        uint64_t ones = 0;
        for (uint64_t i = 0; i < 8 * (uint64_t)dst_bytes; i++) {
            if (i >= to && i < to + n) {
                CHECK(test_bit(dst, i) == test_bit(src, from + i - to));
                ones += test_bit(dst, i);
            } else {
                CHECK(test_bit(dst, i) == test_bit(old, i));
            }
        }
        CHECK(qrng_bits_count(tight, from, n) == ones);
        free(src), free(dst), free(old), free(tight);
    }
}

static void add_and_turn_round(void) {
    uint64_t state = 3;
    for (int round = 0; round < 3000; round++) {
        uint64_t n = test_random(&state) % 300, from = test_random(&state) % 20,
                 to = test_random(&state) % 20;
        size_t src_bytes = (size_t)(from + n + 7) / 8, dst_bytes = (size_t)(to + n + 7) / 8;
        uint8_t *src = malloc(src_bytes + !src_bytes), *dst = malloc(dst_bytes + !dst_bytes);
        uint8_t *old = malloc(dst_bytes + 1);
        test_fill(&state, src, src_bytes);
        test_fill(&state, dst, dst_bytes);
        memcpy(old, dst, dst_bytes);
        qrng_bits_xor(dst, to, src, from, n);
        for (uint64_t i = 0; i < 8 * (uint64_t)dst_bytes; i++)
            CHECK(test_bit(dst, i) ==
                  (test_bit(old, i) ^ (i >= to && i < to + n ? test_bit(src, from + i - to) : 0)));
        memcpy(dst, old, dst_bytes);
        qrng_bits_reverse(dst, to, src, from, n);
        for (uint64_t i = 0; i < 8 * (uint64_t)dst_bytes; i++)
            CHECK(test_bit(dst, i) ==
                  (i >= to && i < to + n ? test_bit(src, from + n - 1 - (i - to)) : test_bit(old, i)));
        free(src), free(dst), free(old);
    }
}

static void pack_and_unpack(void) {
    uint64_t state = 2;
    for (unsigned width = 1; width <= 32; width++)
        for (uint64_t n = 0; n < 70; n++) {
            uint32_t symbols[70], back[70];
            uint8_t small[70], small_back[70], packed[280], packed8[70];
            for (uint64_t i = 0; i < n; i++) {
                symbols[i] = (uint32_t)(test_random(&state) >> (64 - width));
                small[i] = (uint8_t)symbols[i];
            }
            CHECK(qrng_bits_pack32(packed, symbols, n, width) == QRNG_OK);
            for (uint64_t i = 0; i < n * width; i++)
                CHECK(test_bit(packed, i) == (symbols[i / width] >> (width - 1 - i % width) & 1));
            CHECK(qrng_bits_unpack32(back, packed, 0, n, width) == QRNG_OK);
            CHECK(memcmp(back, symbols, n * 4) == 0);
            if (n > 3) {
                CHECK(qrng_bits_unpack32(back, packed, 3 * width, n - 3, width) == QRNG_OK);
                CHECK(memcmp(back, symbols + 3, (n - 3) * 4) == 0);
            }
            if (width > 8)
                continue;
            CHECK(qrng_bits_pack8(packed8, small, n, width) == QRNG_OK);
            CHECK(memcmp(packed8, packed, (n * width + 7) / 8) == 0);
            CHECK(qrng_bits_unpack8(small_back, packed8, 0, n, width) == QRNG_OK);
            CHECK(memcmp(small_back, small, n) == 0);
        }
    uint8_t wide[] = {3, 4}, out[2];
    CHECK(qrng_bits_pack8(out, wide, 2, 2) == QRNG_EINVAL);
    CHECK(qrng_bits_pack8(out, wide, 2, 0) == QRNG_EINVAL);
    CHECK(qrng_bits_unpack8(wide, out, 0, 2, 9) == QRNG_EINVAL);
}

static void reverse(void) {
    for (unsigned v = 0; v < 256; v++) {
        uint8_t in = (uint8_t)v, out, back;
        qrng_bits_reverse_bytes(&out, &in, 1);
        for (unsigned i = 0; i < 8; i++)
            CHECK(test_bit(&out, i) == test_bit(&in, 7 - i));
        qrng_bits_reverse_bytes(&back, &out, 1);
        CHECK(back == in);
    }
}

static void all(void) {
    copy_and_count();
    add_and_turn_round();
    pack_and_unpack();
    reverse();
}

int main(void) {
    CHECK(qrng_kernel_select("no such kernel") == QRNG_EUNKNOWN);
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
