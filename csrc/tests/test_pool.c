#include "check.h"

static void take(void) {
    uint64_t state = 3;
    for (size_t n = 0; n < 300; n++) {
        size_t at = (size_t)(test_random(&state) % 70), after = (size_t)(test_random(&state) % 70);
        size_t bytes = at + n + after;
        /* Exact sizes, so that a sanitizer sees any read or write past the bytes named. */
        uint8_t *pool = malloc(bytes + !bytes), *old = malloc(bytes + !bytes);
        uint8_t *fresh = malloc(n + !n), *out = malloc(n + !n);
        test_fill(&state, pool, bytes);
        test_fill(&state, fresh, n);
        memcpy(old, pool, bytes);
        qrng_pool_take(out, pool, at, fresh, n);
        for (size_t i = 0; i < n; i++)
            CHECK(out[i] == (old[at + i] ^ fresh[i]));
        for (size_t i = 0; i < bytes; i++)
            CHECK(pool[i] == (i >= at && i < at + n ? 0 : old[i]));
        free(pool), free(old), free(fresh), free(out);
    }
}

enum { BUFFER = 21 };
static uint8_t buffer[BUFFER];
static int refills, refuse;

static int refill(void *state) {
    qrng_words *w = state;
    refills++;
    if (refuse)
        return -1;
    for (size_t i = 0; i < BUFFER; i++)
        buffer[i] = (uint8_t)(i + 1);
    w->buffer = buffer;
    w->bytes = BUFFER;
    w->at = 0;
    return 0;
}

static void words(void) {
    qrng_words w = {.refill = refill};
    qrng_bitgen bitgen;
    uint64_t v;
    uint32_t half;
    refills = refuse = 0;
    qrng_words_bitgen(&bitgen, &w);
    v = bitgen.next_uint64(bitgen.state);
    for (unsigned i = 0; i < 8; i++)
        CHECK(((uint8_t *)&v)[i] == i + 1);
    half = bitgen.next_uint32(bitgen.state);
    for (unsigned i = 0; i < 4; i++)
        CHECK(((uint8_t *)&half)[i] == i + 9);
    for (unsigned i = 0; i < BUFFER; i++)
        CHECK(buffer[i] == (i < 12 ? 0 : i + 1));
    bitgen.next_raw(bitgen.state);
    CHECK(refills == 1 && w.at == 20);
    double d =
        bitgen.next_double(bitgen.state); /* a single byte is left: all eight come from the next filling */
    CHECK(refills == 2 && w.at == 8 && d >= 0 && d < 1);
    memset(buffer, 0xff, BUFFER);
    CHECK(bitgen.next_double(bitgen.state) == 1 - 0x1p-53);
    refuse = 1;
    w.at = w.bytes;
    uint64_t a = bitgen.next_uint64(bitgen.state), b = bitgen.next_uint64(bitgen.state);
    CHECK(a != b &&
          refills == 4); /* asked each time, and no endless loop for a caller that waits for another value */
}

int main(void) {
    CHECK(test_each_kernel(take) >= 1);
    CHECK(test_each_kernel(words) >= 1);
    return 0;
}
