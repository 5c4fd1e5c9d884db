#include <math.h>

#include "check.h"

enum { N = 1 << 16 };

static double uniform(uint64_t *rng) {
    return (double)(test_random(rng) >> 11) * 0x1p-53;
}

/* A product of two columns, neither of which alone says anything, tilts the bit from the middle on. */
static void a_product_of_side_data_is_found_and_named(void) {
    static uint8_t x[N];
    static double rows[N][2];
    uint64_t rng = 5;
    for (int i = 0; i < N; i++) {
        rows[i][0] = 300 + 5 * (uniform(&rng) + uniform(&rng) - 1);
        rows[i][1] = (double)(test_random(&rng) & 1);
        double tilt = i < N / 2 ? 0 : (rows[i][0] > 300 ? 0.1 : -0.1) * (rows[i][1] > 0.5 ? 1 : -1);
        x[i] = uniform(&rng) < 0.5 + tilt;
    }
    void *whole = malloc(qrng_side_state_bytes(1)), *cut = malloc(qrng_side_state_bytes(1));
    CHECK(qrng_side_init(whole, 1, 2, 0.5) == QRNG_OK && qrng_side_init(cut, 1, 2, 0.5) == QRNG_OK);
    uint64_t at = qrng_side_scan(whole, x, rows[0], N, 0x1p30), i = 0;
    CHECK(at > N / 2 && at < N / 2 + 6000);
    for (uint64_t take; i <= at; i += take) {
        take = 1 + test_random(&rng) % 900;
        take = take < at + 1 - i ? take : at + 1 - i;
        uint64_t hit = qrng_side_scan(cut, x + i, rows[i], take, 0x1p30);
        CHECK(hit == (i + take == at + 1 ? take - 1 : take));
        CHECK(qrng_side_check(cut, qrng_side_state_bytes(1)) == QRNG_OK);
    }
    CHECK(memcmp(whole, cut, qrng_side_state_bytes(1)) == 0);
    qrng_evidence found;
    qrng_side_leader(whole, &found);
    CHECK(found.total >= 0x1p30 && found.feature == 10); /* of 0 to 10 the last pair: the two columns */
    CHECK(found.quiet + 3000 > N / 2 && found.quiet <= at);
    free(whole), free(cut);
}

/* Neither values that are no numbers nor a column that never changes break anything. */
static void senseless_side_data_say_nothing(void) {
    uint64_t rng = 6;
    static uint8_t x[N];
    static double rows[N][3];
    for (int i = 0; i < N; i++) {
        x[i] = test_random(&rng) & 1;
        rows[i][0] = i % 3 ? NAN : INFINITY;
        rows[i][1] = 7;
        rows[i][2] = 1e29 * uniform(&rng);
    }
    void *state = malloc(qrng_side_state_bytes(20));
    CHECK(qrng_side_init(state, 20, 3, 0.5) == QRNG_OK);
    CHECK(qrng_side_scan(state, x, rows[0], N, 0x1p40) == N);
    qrng_evidence found;
    qrng_side_leader(state, &found);
    CHECK(found.total > 0 && found.total < 0x1p40);
    free(state);
}

static void what_cannot_be_used_is_refused(void) {
    size_t bytes = qrng_side_state_bytes(3);
    void *state = calloc(1, bytes);
    CHECK(qrng_side_check(state, bytes) == QRNG_EINVAL);
    CHECK(qrng_side_init(state, 0, 1, 0.5) == QRNG_EINVAL && qrng_side_init(state, 3, 0, 0.5) == QRNG_EINVAL);
    CHECK(qrng_side_init(state, 3, QRNG_SIDE_MOST + 1, 0.5) == QRNG_EINVAL);
    CHECK(qrng_side_init(state, 3, 1, 0.4) == QRNG_EINVAL && qrng_side_init(state, 3, 1, 1) == QRNG_EINVAL);
    CHECK(qrng_side_init(state, 3, QRNG_SIDE_MOST, 0.5) == QRNG_OK &&
          qrng_side_check(state, bytes) == QRNG_OK);
    CHECK(qrng_side_check(state, bytes - 8) == QRNG_EINVAL);
    free(state);
}

int main(void) { /* one kernel: nothing here depends on the level */
    a_product_of_side_data_is_found_and_named();
    senseless_side_data_say_nothing();
    what_cannot_be_used_is_refused();
    return 0;
}
