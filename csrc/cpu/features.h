/* Processor features that kernels ask for. */
#ifndef QRNG_CPU_FEATURES_H
#define QRNG_CPU_FEATURES_H

#include <stdint.h>

enum {
    QRNG_CPU_AVX2 = 1u << 0,
    QRNG_CPU_PCLMUL = 1u << 1,
    QRNG_CPU_BMI2 = 1u << 2,
    QRNG_CPU_AVX512 = 1u << 3, /* F, BW, DQ, VL, VBMI and VPOPCNTDQ together */
    QRNG_CPU_VPCLMUL = 1u << 4,
    QRNG_CPU_GFNI = 1u << 5,
    QRNG_CPU_NEON = 1u << 6,
    QRNG_CPU_PMULL = 1u << 7
};

/* What this processor and its operating system offer. */
uint32_t qrng_cpu_features(void);

#endif
