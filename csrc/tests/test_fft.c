#include "check.h"
#include "cpu/kernels.h"
#include "gf2/additive_fft.h"
#include "gf2/product.h"

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

static uint64_t *words(size_t n) {
    return aligned_alloc(64, 8 * n);
}

/* The values are those of the polynomial at all points of the span, in some order. */
static void values_are_those_of_the_polynomial(void) {
    enum { LOG = 9, N = 1 << LOG };
    uint64_t state = 1, *f = words(N), *g = words(N), *work = words(QRNG_FFT_WORK_WORDS);
    for (size_t i = 0; i < N; i++)
        f[i] = g[i] = test_random(&state);
    const qrng_fft *fft = qrng_kernels_get()->products->fft;
    fft->forward(g, LOG, N, work);
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
    const qrng_fft *fft = qrng_kernels_get()->products->fft;
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
        fft->forward(a, log_size, n, work);
        fft->forward(b, log_size, n, work);
        fft->multiply(b, a, b, n, 0);
        fft->inverse(b, log_size, work);
        CHECK(memcmp(b, expected, 8 * n) == 0);
        fft->inverse(a, log_size, work);
        CHECK(memcmp(a, keep, 8 * n) == 0);
        free(a), free(b), free(keep), free(work), free(expected);
    }
}

/* Coefficients that are said to be zero are passed over, with the same values. */
static void short_polynomials_have_the_same_values(void) {
    const qrng_fft *fft = qrng_kernels_get()->products->fft;
    uint64_t state = 3;
    for (unsigned log_size = QRNG_FFT_MIN_LOG; log_size <= 13; log_size++) {
        size_t n = (size_t)1 << log_size, used[] = {0, 1, n / 2 - 1, n / 2, n / 2 + 1};
        uint64_t *a = words(n), *b = words(n), *work = words(QRNG_FFT_WORK_WORDS);
        for (size_t k = 0; k < sizeof used / sizeof used[0]; k++) {
            for (size_t i = 0; i < n; i++)
                a[i] = b[i] = i < used[k] ? test_random(&state) : 0;
            fft->forward(a, log_size, n, work);
            fft->forward(b, log_size, used[k], work);
            CHECK(memcmp(a, b, 8 * n) == 0);
        }
        free(a), free(b), free(work);
    }
}

static void all(void) {
    values_are_those_of_the_polynomial();
    products_wrap_at_the_vanishing_polynomial();
    short_polynomials_have_the_same_values();
}

int main(void) {
    basis_is_cantors();
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
