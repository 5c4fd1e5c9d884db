/* The Toeplitz hash: y_i = XOR over j of s[(i-j) mod L] x_j, with a seed s of L = n + m - 1 bits (Krawczyk,
 * CRYPTO 1994, with the index convention of Mansour, Nisan and Tiwari 1990): matrix, working space and
 * streams of blocks. */
#include "qrng.h"
#include "cpu/kernels.h"
#include "gf2/toeplitz.h"

/* What a state starts with, at the first 64-byte border of the caller's buffer; the method's own part
 * follows. */
typedef struct header {
    uint64_t n, m;
    const qrng_toeplitz_method *method;
} header;

enum { ALIGN = 64, HEADER = 64 };
_Static_assert(sizeof(header) <= HEADER, "the method's part starts 64-byte aligned");

static uint8_t *aligned(const void *p) {
    return (uint8_t *)(((uintptr_t)p + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
}

static int in_range(uint64_t n, uint64_t m) {
    return n >= 1 && m >= 1 && n <= QRNG_TOEPLITZ_MAX_BITS && m <= QRNG_TOEPLITZ_MAX_BITS;
}

size_t qrng_toeplitz_state_bytes(uint64_t n, uint64_t m) {
    if (!in_range(n, m))
        return 0;
    return ALIGN + HEADER + qrng_kernels_get()->toeplitz(n, m)->state_bytes(n, m);
}

int qrng_toeplitz_prepare(void *state, size_t state_bytes, uint64_t n, uint64_t m, const uint8_t *seed) {
    if (!in_range(n, m))
        return QRNG_EINVAL;
    const qrng_toeplitz_method *method = qrng_kernels_get()->toeplitz(n, m);
    if (state_bytes < ALIGN + HEADER + method->state_bytes(n, m))
        return QRNG_EINVAL; /* another kernel was forced since the size was asked for */
    header *h = (header *)(void *)aligned(state);
    *h = (header){n, m, method};
    /* t[k] = s[(k-(n-1)) mod L]: the last n - 1 bits of s, then the first m. */
    qrng_toeplitz_string t = {.bits = seed, .first = m, .first_bits = n - 1, .second = 0, .second_bits = m};
    method->prepare((uint8_t *)h + HEADER, n, m, &t);
    return QRNG_OK;
}

size_t qrng_toeplitz_scratch_bytes(const void *state) {
    const header *h = (const header *)(const void *)aligned(state);
    return ALIGN + h->method->scratch_bytes(h->n, h->m);
}

void qrng_toeplitz_extract(const void *state, const uint8_t *raw, uint64_t raw_bit, uint8_t *out,
                           uint64_t out_bit, uint64_t blocks, void *scratch) {
    const header *h = (const header *)(const void *)aligned(state);
    h->method->multiply((const uint8_t *)h + HEADER, h->n, h->m, raw, raw_bit, out, out_bit, blocks,
                        aligned(scratch));
}
