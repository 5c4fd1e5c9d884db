/* Products of polynomials with shifts and masks only. */
#include <string.h>

#include "gf2/product.h"

#define TARGET
#define INLINE static inline __attribute__((always_inline))

/* a at each of 64 shifts, added where b has a bit: a word of b takes nine words, so that loops have fixed
 * lengths. */
static void leaf(uint64_t *out, const uint64_t *a, const uint64_t *b) {
    uint64_t sum[17] = {0};
    for (unsigned shift = 0; shift < 64; shift++) {
        uint64_t moved[9], carry = 0;
        for (unsigned i = 0; i < 8; i++) {
            moved[i] = a[i] << shift | carry;
            carry = a[i] >> 1 >> (63 - shift);
        }
        moved[8] = carry;
        for (unsigned j = 0; j < 8; j++) {
            uint64_t mask = 0 - (b[j] >> shift & 1);
            for (unsigned i = 0; i < 9; i++)
                sum[i + j] ^= moved[i] & mask;
        }
    }
    memcpy(out, sum, 16 * sizeof *out);
}

static void leaves(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        leaf(out + 16 * i, a + 8 * i, b + 8 * i);
}

#define VECTOR 16
#define PUBLIC qrng_gf2_products_portable
#define FFT qrng_fft_portable
#define DIGIT_CYCLES 70000

#include "gf2/karatsuba.inc"
