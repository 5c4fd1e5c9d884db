/* SP 800-22 kernels for x86-64 with AVX2, BMI2 and POPCNT. */
#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#define WIDTH 32
#define TABLE qrng_sts_avx2
#include "sts/table.inc"
#else
typedef int qrng_sts_avx2_not_built; /* a translation unit holds at least one declaration */
#endif
