#include "check.h"

/* Elements of GF(2^l), l below 64. */
static uint64_t product(uint64_t a, uint64_t b, unsigned l, uint64_t polynomial) {
    uint64_t sum = 0;
    for (unsigned i = l; i-- > 0;) {
        sum = sum << 1 ^ (sum >> (l - 1) & 1 ? polynomial : 0) ^ (b >> i & 1 ? a : 0);
        sum &= (UINT64_C(1) << l) - 1;
    }
    return sum;
}

/* Output `index` of a block of the design whose seed starts at bit `from`. */
static unsigned by_definition(const uint8_t *raw, uint64_t raw_bit, uint64_t n, unsigned l, uint64_t tail,
                              unsigned log_t, unsigned polynomial, const uint8_t *seed, uint64_t from,
                              uint64_t index) {
    uint64_t alpha = 0, beta = 0, value = 0, t = UINT64_C(1) << log_t;
    for (uint64_t a = 0; a < 2 * l; a++) {
        uint64_t power = 1, place = 0;
        for (uint64_t rest = index; rest; rest /= t) {
            place ^= product(rest % t, power, log_t, polynomial);
            power = product(power, a, log_t, polynomial);
        }
        uint64_t bit = test_bit(seed, from + a * t + place);
        if (a < l)
            alpha |= bit << a;
        else
            beta |= bit << (a - l);
    }
    for (uint64_t chunk = 0; chunk < (n + l - 1) / l; chunk++) {
        value = product(value, alpha, l, tail);
        for (unsigned j = 0; j < l; j++)
            if (chunk * l + j < n)
                value ^= (uint64_t)test_bit(raw, raw_bit + chunk * l + j) << j;
    }
    return (unsigned)__builtin_parityll(value & beta);
}

static void equal_to_the_definition(void) {
    static const struct {
        unsigned l;
        uint64_t tail; /* of an irreducible polynomial: x^18 + x^3 + 1, x^39 + x^4 + 1, x^63 + x + 1 */
        unsigned log_t, polynomial;
    } fields[] = {{18, 9, 6, 0x43}, {39, 17, 7, 0x83}, {63, 3, 7, 0x83}};
    uint64_t state = 1;
    for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
        uint64_t n = 200 + test_random(&state) % 200, from = 3, to = 5, sizes[] = {70, 1, 0, 9}, m = 80;
        size_t seed_bytes = (size_t)4 << (2 * fields[k].log_t) >> 3;
        uint8_t *raw = malloc((size_t)(n + from + 7) / 8), *seed = malloc(seed_bytes), out[11], old[11];
        test_fill(&state, raw, (size_t)(n + from + 7) / 8);
        test_fill(&state, seed, seed_bytes);
        test_fill(&state, out, sizeof out);
        memcpy(old, out, sizeof out);
        uint8_t *scratch = malloc(qrng_trevisan_scratch_bytes(n, fields[k].l) + 8);
        CHECK(qrng_trevisan_extract(out, to, raw, from, n, m, fields[k].l, fields[k].tail, fields[k].log_t,
                                    fields[k].polynomial, sizes, 4, seed, scratch) == QRNG_OK);
        uint64_t at = 0;
        for (uint64_t b = 0; b < 4; b++)
            for (uint64_t i = 0; i < sizes[b]; i++, at++)
                CHECK(test_bit(out, to + at) == by_definition(raw, from, n, fields[k].l, fields[k].tail,
                                                              fields[k].log_t, fields[k].polynomial, seed,
                                                              b << (2 * fields[k].log_t), i));
        for (uint64_t i = 0; i < 8 * sizeof out; i++)
            CHECK((i >= to && i < to + m) || test_bit(out, i) == test_bit(old, i));
        CHECK(qrng_trevisan_extract(out, to, raw, from, n, m, 16, 3, 6, 0x43, sizes, 4, seed, scratch) ==
              QRNG_EINVAL);
        free(raw), free(seed), free(scratch);
    }
}

int main(void) {
    CHECK(test_each_kernel(equal_to_the_definition) >= 1);
    return 0;
}
