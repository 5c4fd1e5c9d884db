/* An 8 x 8 matrix of 64-bit words, one row a 512-bit register, transposed. */
#ifndef QRNG_GF2_TRANSPOSE8_H
#define QRNG_GF2_TRANSPOSE8_H

#include <immintrin.h>

#include "gf2/unroll.h"

__attribute__((target("avx512f"), always_inline)) static inline void qrng_transpose8(__m512i r[8]) {
    __m512i a[8], b[8];
    QRNG_UNROLL
    for (int i = 0; i < 8; i += 2) {
        a[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
        a[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
    }
    QRNG_UNROLL
    for (int i = 0; i < 2; i++) {
        b[i] = _mm512_shuffle_i64x2(a[i], a[i + 2], 0x88);
        b[i + 2] = _mm512_shuffle_i64x2(a[i], a[i + 2], 0xdd);
        b[i + 4] = _mm512_shuffle_i64x2(a[i + 4], a[i + 6], 0x88);
        b[i + 6] = _mm512_shuffle_i64x2(a[i + 4], a[i + 6], 0xdd);
    }
    QRNG_UNROLL
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0x88);
        r[i + 4] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0xdd);
    }
}

#endif
