/* QRNG_UNROLL before a loop of fixed length keeps its arrays in registers. */
#ifndef QRNG_GF2_UNROLL_H
#define QRNG_GF2_UNROLL_H

#if defined(__clang__)
#define QRNG_UNROLL _Pragma("clang loop unroll(full)")
#else
#define QRNG_UNROLL _Pragma("GCC unroll 32")
#endif

#endif
