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

int main(void) {
    CHECK(test_each_kernel(take) >= 1);
    return 0;
}
