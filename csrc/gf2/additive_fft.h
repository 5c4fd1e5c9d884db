/* The additive FFT over GF(2^64) = GF(2)[z]/(z^64 + z^4 + z^3 + z + 1) with Cantor's basis.
 *
 * Cantor (J. Combin. Theory A 50 (1989) 285) gave v_0 = 1, v_(i+1)^2 + v_(i+1) = v_i. The polynomial that
 * vanishes on the span of v_0 .. v_(k-1) is s_k(x) = sum of x^(2^j) over the j with C(k,j) odd, so s_k(x) =
 * x^(2^k) + x when k is a power of 2. A polynomial in the basis of products of s_i (Lin, Chung, Han, FOCS
 * 2014) is evaluated at the 2^k points of the span, which are numbered by their coordinates, in k rounds of
 *     g0 = f0 + w f1,  g1 = g0 + f1,   w = sum of c_i v_(i+1) for block c of the round.
 * Powers of x go to that basis by divisions by s_i with i a power of 2, which only add (Gao and Mateer, IEEE
 * Trans. Inf. Theory 56 (2010) 6265). Values come in an order of the kernel's own: use them for pointwise
 * products only. */
#ifndef QRNG_GF2_ADDITIVE_FFT_H
#define QRNG_GF2_ADDITIVE_FFT_H

#include <stddef.h>
#include <stdint.h>

enum { QRNG_FFT_MIN_LOG = 9, QRNG_FFT_MAX_LOG = 22, QRNG_FFT_WORK_WORDS = 512 + 32 + 48 };

/* Coordinates as a field element: sum of v_i over the bits i of c. */
uint64_t qrng_fft_point(uint64_t c);

/* What the change of basis is made of. */
typedef struct qrng_fft_basis {
    /* to += from, in the order in which both may overlap by all but 8 words. */
    void (*add)(uint64_t *to, const uint64_t *from, size_t words);
    /* The change among sixteen coefficients of `stride` words each. */
    void (*sixteen)(uint64_t *f, size_t stride);
    /* The change among 256 words but for that within sixteens; NULL = by the other two. */
    void (*low)(uint64_t *f);
} qrng_fft_basis;

/* Powers of x to the basis, and back, but for the sixteen lowest positions, which kernels treat in their last
 * rounds. */
void qrng_fft_to_basis(uint64_t *f, unsigned log_size, const qrng_fft_basis *basis);
void qrng_fft_from_basis(uint64_t *f, unsigned log_size, const qrng_fft_basis *basis);

/* One kernel level's transforms; all buffers are 64-byte aligned, `work` has QRNG_FFT_WORK_WORDS words. */
typedef struct qrng_fft {
    /* f, 2^log_size coefficients (log_size from 9 to 22) of which those from `used` on are zero, to values.
     */
    void (*forward)(uint64_t *f, unsigned log_size, size_t used, uint64_t *work);
    /* Values back to coefficients. */
    void (*inverse)(uint64_t *f, unsigned log_size, uint64_t *work);
    /* sum = a b, or sum += a b, pointwise. */
    void (*multiply)(uint64_t *sum, const uint64_t *a, const uint64_t *b, size_t words, int add);
    /* sum += a */
    void (*add)(uint64_t *sum, const uint64_t *a, size_t words);
    double round_cycles; /* estimated time of a round, for one coefficient */
} qrng_fft;

/* Estimated time of a transform, from measurements: a round more for the change of basis, and more with what
 * leaves the caches. With an upper half of zeros it takes QRNG_FFT_HALF of it, a pointwise product
 * QRNG_FFT_POINTS rounds. */
#define QRNG_FFT_HALF 0.8
#define QRNG_FFT_POINTS 1.8
static inline double qrng_fft_cycles(const qrng_fft *k, unsigned log_size) {
    double far = log_size > 16 ? 1 + 0.055 * (log_size - 16) : 1;
    return k->round_cycles * far * (log_size + 1) * (double)((size_t)1 << log_size);
}

extern const qrng_fft qrng_fft_portable;
#if defined(__x86_64__)
extern const qrng_fft qrng_fft_avx2, qrng_fft_avx512;
#elif defined(__aarch64__)
extern const qrng_fft qrng_fft_neon;
#endif

#endif
