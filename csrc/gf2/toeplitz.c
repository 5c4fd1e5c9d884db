/* The string of a Toeplitz matrix, out of the seed's two pieces. */
#include "gf2/toeplitz.h"

#include "qrng.h"

void qrng_toeplitz_string_part(uint8_t *dst, uint64_t at, const qrng_toeplitz_string *t, uint64_t from,
                               uint64_t bits) {
    uint64_t taken = 0;
    if (from < t->first_bits) {
        taken = t->first_bits - from < bits ? t->first_bits - from : bits;
        qrng_bits_copy(dst, at, t->bits, t->first + from, taken);
    }
    uint64_t rest = from + taken - t->first_bits; /* place in the second piece */
    if (taken < bits && from + taken >= t->first_bits && rest < t->second_bits) {
        uint64_t more = t->second_bits - rest < bits - taken ? t->second_bits - rest : bits - taken;
        qrng_bits_copy(dst, at + taken, t->bits, t->second + rest, more);
    }
}

void qrng_toeplitz_string_copy(uint8_t *dst, uint64_t at, const qrng_toeplitz_string *t) {
    qrng_toeplitz_string_part(dst, at, t, 0, t->first_bits + t->second_bits);
}
