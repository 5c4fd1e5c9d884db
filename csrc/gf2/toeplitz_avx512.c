/* The avx512 level: groups of 64 vectors go to the GFNI kernel, the few that are left to VPCLMULQDQ. */
#if defined(__x86_64__)

#include "gf2/toeplitz_avx512.h"
#include "gf2/toeplitz_fft.h"

enum { GROUP = 64, ALIGN = 64 };

QRNG_TMVP_WORDS_METHOD(clmul, qrng_tmvp_avx512);

QRNG_TOEPLITZ_FFT_METHOD(fft, qrng_fft_avx512);

static double single_cost(uint64_t n, uint64_t m) {
    double split = qrng_tmvp_words_cost(&qrng_tmvp_avx512, n, m),
           transform = qrng_toeplitz_fft_cost(&qrng_fft_avx512, n, m);
    return split < transform ? split : transform;
}

/* For one vector at a time. */
static const qrng_toeplitz_method *single(uint64_t n, uint64_t m) {
    return qrng_tmvp_words_cost(&qrng_tmvp_avx512, n, m) < qrng_toeplitz_fft_cost(&qrng_fft_avx512, n, m)
               ? &clmul
               : &fft;
}

/* The mixed state: that for single vectors, then that for groups. They never work at once, so they share
 * scratch. */
static size_t groups_at(uint64_t n, uint64_t m) {
    return (single(n, m)->state_bytes(n, m) + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t state_bytes(uint64_t n, uint64_t m) {
    return groups_at(n, m) + qrng_toeplitz_gfni_state_bytes(n, m);
}

static size_t scratch_bytes(uint64_t n, uint64_t m) {
    size_t one = single(n, m)->scratch_bytes(n, m), group = qrng_toeplitz_gfni_scratch_bytes(n, m);
    return one > group ? one : group;
}

static void prepare(uint8_t *state, uint64_t n, uint64_t m, const qrng_toeplitz_string *t) {
    single(n, m)->prepare(state, n, m, t);
    qrng_toeplitz_gfni_prepare(state + groups_at(n, m), n, m, t);
}

static void multiply(const uint8_t *state, uint64_t n, uint64_t m, const uint8_t *raw, uint64_t raw_bit,
                     uint64_t step, uint8_t *out, uint64_t out_bit, uint64_t blocks, uint8_t *scratch) {
    uint64_t rest = blocks % GROUP;
    if ((double)rest * single_cost(n, m) > qrng_toeplitz_gfni_cost(n, m))
        rest = 0; /* a group with empty places is faster */
    uint64_t grouped = blocks - rest;
    qrng_toeplitz_gfni_multiply(state + groups_at(n, m), n, m, raw, raw_bit, step, out, out_bit, grouped,
                                scratch);
    single(n, m)->multiply(state, n, m, raw, raw_bit + grouped * step, step, out, out_bit + grouped * m, rest,
                           scratch);
}

static const qrng_toeplitz_method mixed = {"gfni", state_bytes, scratch_bytes, prepare, multiply, NULL};

const qrng_toeplitz_method *qrng_toeplitz_choose_avx512(uint64_t n, uint64_t m) {
    return qrng_toeplitz_gfni_cost(n, m) / GROUP < single_cost(n, m) ? &mixed : single(n, m);
}

#else

typedef int qrng_not_on_this_processor;

#endif
