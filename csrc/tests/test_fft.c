#include "check.h"
#include "cpu/features.h"
#include "gf2/additive_fft.h"

/* z^64 = z^4 + z^3 + z + 1 */
static uint64_t field_product(uint64_t a, uint64_t b) {
    uint64_t sum = 0;
    for (int i = 63; i >= 0; i--)
        sum = (sum << 1 ^ (sum >> 63 ? 0x1b : 0)) ^ (b >> i & 1 ? a : 0);
    return sum;
}

static void basis_is_cantors(void) {
    CHECK(qrng_fft_point(1) == 1);
    for (unsigned i = 0; i + 1 < 24; i++) {
        uint64_t v = qrng_fft_point((uint64_t)2 << i);
        CHECK((field_product(v, v) ^ v) == qrng_fft_point((uint64_t)1 << i));
    }
}

#if defined(__x86_64__)

static uint64_t *words(size_t n) {
    return aligned_alloc(64, 8 * n);
}

/* The values are those of the polynomial at all points of the span, in some order. */
static void values_are_those_of_the_polynomial(void) {
    enum { LOG = 9, N = 1 << LOG };
    uint64_t state = 1, *f = words(N), *g = words(N), *work = words(QRNG_FFT_WORK_WORDS);
    for (size_t i = 0; i < N; i++)
        f[i] = g[i] = test_random(&state);
    qrng_fft_forward_avx512(g, LOG, work);
    uint64_t every = 0;
    for (uint64_t c = 0; c < N; c++) {
        uint64_t x = qrng_fft_point(c), y = 0;
        for (size_t i = N; i-- > 0;)
            y = field_product(y, x) ^ f[i];
        size_t found = 0;
        for (size_t i = 0; i < N; i++)
            found += g[i] == y;
        CHECK(found == 1);
        every++;
    }
    CHECK(every == N);
    free(f), free(g), free(work);
}

static void products_wrap_at_the_vanishing_polynomial(void) {
    uint64_t state = 2;
    for (unsigned log_size = QRNG_FFT_MIN_LOG; log_size <= 13; log_size++) {
        size_t n = (size_t)1 << log_size;
        uint64_t *a = words(n), *b = words(n), *keep = words(n), *work = words(QRNG_FFT_WORK_WORDS);
        uint64_t *expected = calloc(2 * n, 8);
        for (size_t i = 0; i < n; i++) {
            keep[i] = a[i] = test_random(&state);
            b[i] = 0;
        }
        for (int terms = 0; terms < 20; terms++) { /* a sparse factor, up to the highest power */
            size_t at = terms ? test_random(&state) % n : n - 1;
            uint64_t value = test_random(&state);
            b[at] ^= value;
            for (size_t i = 0; i < n; i++)
                expected[at + i] ^= field_product(a[i], value);
        }
        for (size_t i = 2 * n; i-- > n;) /* x^n = sum of x^(2^j), j < log_size with C(log_size, j) odd */
            for (unsigned j = 0; j < log_size; j++)
                if ((log_size & j) == j)
                    expected[i - n + ((size_t)1 << j)] ^= expected[i];
        qrng_fft_forward_avx512(a, log_size, work);
        qrng_fft_forward_avx512(b, log_size, work);
        qrng_fft_multiply_avx512(b, a, b, n, 0);
        qrng_fft_inverse_avx512(b, log_size, work);
        CHECK(memcmp(b, expected, 8 * n) == 0);
        qrng_fft_inverse_avx512(a, log_size, work);
        CHECK(memcmp(a, keep, 8 * n) == 0);
        free(a), free(b), free(keep), free(work), free(expected);
    }
}

#endif

int main(void) {
    basis_is_cantors();
#if defined(__x86_64__)
    int supported = 0;
    const char *name = NULL;
    for (size_t i = 0; (name = qrng_kernel_level(i, &supported)) && strcmp(name, "avx512") != 0; i++)
        ;
    if (!supported) {
        printf("avx512: not on this processor\n");
        return 0;
    }
    values_are_those_of_the_polynomial();
    products_wrap_at_the_vanishing_polynomial();
#endif
    return 0;
}
