#include "cpu/features.h"

#if defined(__x86_64__)

/* The compiler's own detection checks CPUID and, for AVX and AVX-512, that the OS saves the registers (XCR0).
 */
uint32_t qrng_cpu_features(void) {
    uint32_t f = 0;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2"))
        f |= QRNG_CPU_AVX2;
    if (__builtin_cpu_supports("pclmul"))
        f |= QRNG_CPU_PCLMUL;
    if (__builtin_cpu_supports("bmi2"))
        f |= QRNG_CPU_BMI2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vpopcntdq"))
        f |= QRNG_CPU_AVX512;
    if (__builtin_cpu_supports("vpclmulqdq"))
        f |= QRNG_CPU_VPCLMUL;
    if (__builtin_cpu_supports("gfni"))
        f |= QRNG_CPU_GFNI;
    return f;
}

#elif defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>
#include <asm/hwcap.h>

uint32_t qrng_cpu_features(void) {
    unsigned long hw = getauxval(AT_HWCAP);
    uint32_t f = QRNG_CPU_NEON;
    if (hw & HWCAP_PMULL)
        f |= QRNG_CPU_PMULL;
    return f;
}

#else

uint32_t qrng_cpu_features(void) {
    return 0;
}

#endif
