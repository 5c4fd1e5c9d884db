/* The seeded hashes that are linear over GF(2): each is a Toeplitz product and little around it.
 *
 * Toeplitz          y_i = XOR over j of s[(i-j) mod L] x_j, L = n + m - 1 (Mansour, Nisan, Tiwari 1990;
 * Krawczyk 1994) modified Toeplitz y = T x' + x'', x = x' ‖ x'', x'' of m bits, T by n - 1 seed bits
 * (Hayashi, Tsurumaru 2016) circulant         y_i = XOR over j of s[(i+j) mod N] x_j, with N > n seed bits,
 * and N = n for Dodis et al. (2004): rows backwards, a Toeplitz product. */
#include "qrng.h"
#include "bits/bits.h"
#include "cpu/kernels.h"
#include "gf2/toeplitz.h"

/* What a state starts with, at the first 64-byte border of the caller's buffer; the method's own part
 * follows. */
typedef struct header {
    uint64_t n, m; /* of a block */
    uint64_t columns;
    int kind;
    const qrng_toeplitz_method *method;
} header;

enum { ALIGN = 64, HEADER = 64 };
_Static_assert(sizeof(header) <= HEADER, "the method's part starts 64-byte aligned");

static uint8_t *aligned(const void *p) {
    return (uint8_t *)(((uintptr_t)p + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
}

static int in_range(int kind, uint64_t n, uint64_t m, uint64_t seed_bits) {
    if (n < 1 || m < 1 || n > QRNG_LINEAR_MAX_BITS || m > QRNG_LINEAR_MAX_BITS)
        return 0;
    switch (kind) {
    case QRNG_LINEAR_TOEPLITZ:
        return seed_bits == n + m - 1;
    case QRNG_LINEAR_MODIFIED_TOEPLITZ:
        return m < n && seed_bits == n - 1;
    case QRNG_LINEAR_CIRCULANT:
        return m <= n && n <= seed_bits && seed_bits <= 2 * (uint64_t)QRNG_LINEAR_MAX_BITS;
    default:
        return 0;
    }
}

/* Columns of the Toeplitz matrix. */
static uint64_t columns(int kind, uint64_t n, uint64_t m) {
    return kind == QRNG_LINEAR_MODIFIED_TOEPLITZ ? n - m : n;
}

/* A circulant's seed backwards, while the state is made. */
static size_t reversed_bytes(int kind, uint64_t seed_bits) {
    return kind == QRNG_LINEAR_CIRCULANT ? (size_t)(seed_bits + 7) / 8 : 0;
}

size_t qrng_linear_state_bytes(int kind, uint64_t n, uint64_t m, uint64_t seed_bits) {
    if (!in_range(kind, n, m, seed_bits))
        return 0;
    uint64_t x = columns(kind, n, m);
    return ALIGN + HEADER + qrng_kernels_get()->toeplitz(x, m)->state_bytes(x, m) +
           reversed_bytes(kind, seed_bits);
}

int qrng_linear_prepare(void *state, size_t state_bytes, int kind, uint64_t n, uint64_t m,
                        const uint8_t *seed, uint64_t seed_bits) {
    if (!in_range(kind, n, m, seed_bits))
        return QRNG_EINVAL;
    uint64_t x = columns(kind, n, m);
    const qrng_toeplitz_method *method = qrng_kernels_get()->toeplitz(x, m);
    size_t own = method->state_bytes(x, m), more = reversed_bytes(kind, seed_bits);
    if (state_bytes < ALIGN + HEADER + own + more)
        return QRNG_EINVAL; /* another kernel was forced since the size was asked for */
    header *h = (header *)(void *)aligned(state);
    *h = (header){n, m, x, kind, method};
    uint8_t *body = (uint8_t *)h + HEADER, *reversed = body + own;
    /* t[k] = s[(k-(x-1)) mod L]: the last x - 1 bits of s, then the first m. */
    qrng_toeplitz_string t = {.bits = seed, .first = m, .first_bits = x - 1, .second = 0, .second_bits = m};
    if (kind == QRNG_LINEAR_CIRCULANT) {
        /* Row m-1-i is t[n-1+i-j] = s[(m-1-i+j) mod N], so t[k] = s[(n+m-2-k) mod N]: s backwards, from this
         * place. */
        uint64_t start = (2 * seed_bits + 1 - n - m) % seed_bits, length = n + m - 1;
        qrng_bits_reverse(reversed, 0, seed, 0, seed_bits);
        t.bits = reversed;
        t.first = start;
        t.first_bits = seed_bits - start < length ? seed_bits - start : length;
        t.second_bits = length - t.first_bits;
    }
    method->prepare(body, x, m, &t);
    qrng_wipe(reversed, more);
    return QRNG_OK;
}

/* A circulant's products wait here, so many blocks at a time, to be turned round. */
static uint64_t batch(const header *h) {
    const uint64_t most = (uint64_t)1 << 23, group = 64;
    return h->m * group <= most ? group : 1;
}

static size_t batch_bytes(const header *h) {
    return h->kind == QRNG_LINEAR_CIRCULANT ? (size_t)(batch(h) * h->m + 7) / 8 : 0;
}

size_t qrng_linear_scratch_bytes(const void *state) {
    const header *h = (const header *)(const void *)aligned(state);
    return ALIGN + h->method->scratch_bytes(h->columns, h->m) + batch_bytes(h);
}

/* What stands around the product: the last bits of a block of the modified form. */
static void add_last_bits(const header *h, const uint8_t *raw, uint64_t raw_bit, uint8_t *out,
                          uint64_t out_bit, uint64_t blocks) {
    if (h->kind == QRNG_LINEAR_MODIFIED_TOEPLITZ)
        for (uint64_t b = 0; b < blocks; b++)
            qrng_bits_xor(out, out_bit + b * h->m, raw, raw_bit + b * h->n + h->columns, h->m);
}

void qrng_linear_extract(const void *state, const uint8_t *raw, uint64_t raw_bit, uint8_t *out,
                         uint64_t out_bit, uint64_t blocks, void *scratch) {
    const header *h = (const header *)(const void *)aligned(state);
    const uint8_t *body = (const uint8_t *)h + HEADER;
    uint8_t *work = aligned(scratch);
    uint64_t n = h->n, m = h->m, x = h->columns;
    if (h->kind != QRNG_LINEAR_CIRCULANT) {
        h->method->multiply(body, x, m, raw, raw_bit, n, out, out_bit, blocks, work);
        add_last_bits(h, raw, raw_bit, out, out_bit, blocks);
        return;
    }
    uint8_t *products = work + h->method->scratch_bytes(x, m);
    while (blocks) {
        uint64_t count = blocks < batch(h) ? blocks : batch(h);
        h->method->multiply(body, x, m, raw, raw_bit, n, products, 0, count, work);
        for (uint64_t b = 0; b < count; b++)
            qrng_bits_reverse(out, out_bit + b * m, products, b * m, m);
        raw_bit += count * n;
        out_bit += count * m;
        blocks -= count;
    }
}

unsigned qrng_linear_most_parts(const void *state) {
    const header *h = (const header *)(const void *)aligned(state);
    return h->method->parts ? h->method->parts->most(h->columns, h->m) : 1;
}

size_t qrng_linear_parts_bytes(const void *state, unsigned parts) {
    const header *h = (const header *)(const void *)aligned(state);
    if (parts < 1 || parts > qrng_linear_most_parts(state) || !h->method->parts)
        return 0;
    return ALIGN + h->method->parts->scratch_bytes(h->columns, h->m, parts) + batch_bytes(h);
}

void qrng_linear_part(const void *state, const uint8_t *raw, uint64_t raw_bit, unsigned phase, unsigned part,
                      unsigned parts, void *scratch) {
    const header *h = (const header *)(const void *)aligned(state);
    h->method->parts->part((const uint8_t *)h + HEADER, h->columns, h->m, raw, raw_bit, phase, part, parts,
                           aligned(scratch));
}

void qrng_linear_finish(const void *state, const uint8_t *raw, uint64_t raw_bit, uint8_t *out,
                        uint64_t out_bit, unsigned parts, void *scratch) {
    const header *h = (const header *)(const void *)aligned(state);
    uint8_t *work = aligned(scratch);
    if (h->kind == QRNG_LINEAR_CIRCULANT) {
        uint8_t *product = work + h->method->parts->scratch_bytes(h->columns, h->m, parts);
        h->method->parts->finish(h->columns, h->m, product, 0, work);
        qrng_bits_reverse(out, out_bit, product, 0, h->m);
        return;
    }
    h->method->parts->finish(h->columns, h->m, out, out_bit, work);
    add_last_bits(h, raw, raw_bit, out, out_bit, 1);
}
