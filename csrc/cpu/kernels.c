#include <stdatomic.h>
#include <string.h>

#include "qrng.h"
#include "bits/bits.h"
#include "cpu/features.h"
#include "cpu/kernels.h"
#include "gf2/product.h"
#include "gf2/toeplitz.h"
#include "health/bank.h"

static const qrng_kernels levels[] = {
    {
        .name = "portable",
        .needs = 0,
        .popcount = qrng_popcount_portable,
        .toeplitz = qrng_toeplitz_choose_portable,
        .products = &qrng_gf2_products_portable,
        .rsh_values = qrng_rsh_values_portable,
        .bank_count = qrng_bank_count_portable,
        .bank_wealth = qrng_bank_wealth_portable,
        .bank_quiet = qrng_bank_quiet_portable,
        .learned_block = qrng_learned_block_portable,
        .converter = &qrng_converter_portable_steps,
        .sine_octave = qrng_sine_octave_portable,
        .sine_short = qrng_sine_short_portable,
        .lfsr_short = qrng_lfsr_short_portable,
        .prbs_even = qrng_prbs_even_portable,
        .sts = &qrng_sts_portable,
        .pairs = qrng_pairs_portable,
    },
#if defined(__x86_64__)
    {
        .name = "avx2",
        .needs = QRNG_CPU_AVX2 | QRNG_CPU_PCLMUL | QRNG_CPU_BMI2,
        .popcount = qrng_popcount_portable,
        .toeplitz = qrng_toeplitz_choose_avx2,
        .products = &qrng_gf2_products_avx2,
        .rsh_values = qrng_rsh_values_clmul,
        .bank_count = qrng_bank_count_popcnt,
        .bank_wealth = qrng_bank_wealth_avx2,
        .bank_quiet = qrng_bank_quiet_avx2,
        .learned_block = qrng_learned_block_avx2,
        .converter = &qrng_converter_avx2_steps,
        .sine_octave = qrng_sine_octave_avx2,
        .sine_short = qrng_sine_short_avx2,
        .lfsr_short = qrng_lfsr_short_avx2,
        .prbs_even = qrng_prbs_even_avx2,
        .sts = &qrng_sts_avx2,
        .pairs = qrng_pairs_portable,
    },
    {
        .name = "avx512",
        .needs = QRNG_CPU_AVX2 | QRNG_CPU_PCLMUL | QRNG_CPU_BMI2 | QRNG_CPU_AVX512 | QRNG_CPU_VPCLMUL |
                 QRNG_CPU_GFNI,
        .popcount = qrng_popcount_portable,
        .toeplitz = qrng_toeplitz_choose_avx512,
        .products = &qrng_gf2_products_avx512,
        .rsh_values = qrng_rsh_values_avx512,
        .bank_count = qrng_bank_count_avx512,
        .bank_wealth = qrng_bank_wealth_avx512,
        .bank_quiet = qrng_bank_quiet_avx512,
        .learned_block = qrng_learned_block_avx512,
        .converter = &qrng_converter_avx512_steps,
        .sine_octave = qrng_sine_octave_avx512,
        .sine_short = qrng_sine_short_avx512,
        .lfsr_short = qrng_lfsr_short_avx512,
        .prbs_even = qrng_prbs_even_avx512,
        .sts = &qrng_sts_avx512,
        .pairs = qrng_pairs_avx512,
    },
#elif defined(__aarch64__)
    {
        .name = "neon",
        .needs = QRNG_CPU_NEON | QRNG_CPU_PMULL,
        .popcount = qrng_popcount_portable,
        .toeplitz = qrng_toeplitz_choose_neon,
        .products = &qrng_gf2_products_neon,
        .rsh_values = qrng_rsh_values_portable,
        .bank_count = qrng_bank_count_portable,
        .bank_wealth = qrng_bank_wealth_portable,
        .bank_quiet = qrng_bank_quiet_portable,
        .learned_block = qrng_learned_block_portable,
        .converter = &qrng_converter_portable_steps,
        .sine_octave = qrng_sine_octave_portable,
        .sine_short = qrng_sine_short_portable,
        .lfsr_short = qrng_lfsr_short_portable,
        .prbs_even = qrng_prbs_even_portable,
        .sts = &qrng_sts_portable,
        .pairs = qrng_pairs_portable,
    },
#endif
};

enum { avx512S = sizeof levels / sizeof levels[0] };

static _Atomic(const qrng_kernels *) chosen;

static int runs_here(const qrng_kernels *k) {
    return (k->needs & ~qrng_cpu_features()) == 0;
}

static const qrng_kernels *best(void) {
    const qrng_kernels *k = &levels[0];
    for (size_t i = 1; i < avx512S; i++)
        if (runs_here(&levels[i]))
            k = &levels[i];
    return k;
}

const qrng_kernels *qrng_kernels_get(void) {
    const qrng_kernels *k = atomic_load_explicit(&chosen, memory_order_acquire);
    if (!k) { /* racing first calls all find the same table; a forced one is never overwritten */
        const qrng_kernels *none = NULL;
        k = best();
        if (!atomic_compare_exchange_strong(&chosen, &none, k))
            k = none;
    }
    return k;
}

const char *qrng_kernel_name(void) {
    return qrng_kernels_get()->name;
}

int qrng_kernel_select(const char *name) {
    if (strcmp(name, "auto") == 0) {
        atomic_store(&chosen, best());
        return QRNG_OK;
    }
    for (size_t i = 0; i < avx512S; i++)
        if (strcmp(name, levels[i].name) == 0) {
            if (!runs_here(&levels[i]))
                return QRNG_ENOTSUP;
            atomic_store(&chosen, &levels[i]);
            return QRNG_OK;
        }
    return QRNG_EUNKNOWN;
}

const char *qrng_kernel_level(size_t i, int *supported) {
    if (i >= avx512S)
        return NULL;
    *supported = runs_here(&levels[i]);
    return levels[i].name;
}
