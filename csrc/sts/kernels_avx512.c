/* SP 800-22 kernels for x86-64 with AVX-512 (F, BW, DQ, VL, VPOPCNTDQ). */
#if defined(__x86_64__)
#define TARGET                                                                                               \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")))
#define WIDTH 64
#define TABLE qrng_sts_avx512
#include "sts/table.inc"
#else
typedef int qrng_sts_avx512_not_built; /* a translation unit holds at least one declaration */
#endif
