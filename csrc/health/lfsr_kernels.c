#include <string.h>

#include "health/lfsr.h"

/* As complexity() in lfsr.c, without the taps. */
uint32_t qrng_lfsr_short_portable(const uint64_t *high, const uint64_t *low) {
    uint32_t found = 0;
    for (uint32_t k = 0; k < LFSR_BATCH; k++) {
        uint64_t rest[2] = {high[k], low[k]};
        uint64_t spare[2] = {high[k] >> 1 | (uint64_t)1 << 63, low[k] >> 1 | high[k] << 63};
        int64_t excess = 1, i = 0;
        for (; i < LFSR_WINDOW && i + 1 - excess <= 2 * LFSR_LONGEST; i++) {
            const uint64_t differs = 0 - (rest[0] >> 63), longer = differs & (uint64_t)(-excess >> 63);
            const uint64_t before[2] = {rest[0] ^ spare[0], rest[1] ^ spare[1]};
            rest[0] ^= spare[0] & differs;
            rest[1] ^= spare[1] & differs;
            spare[0] ^= before[0] & longer;
            spare[1] ^= before[1] & longer;
            rest[0] = rest[0] << 1 | rest[1] >> 63;
            rest[1] <<= 1;
            excess = (excess ^ (int64_t)longer) - (int64_t)longer + 1;
        }
        found |= (uint32_t)(i + 1 - excess <= 2 * LFSR_LONGEST) << k;
    }
    return found;
}

#if defined(__x86_64__)
#include <immintrin.h>

typedef int64_t signs __attribute__((vector_size(32)));
typedef uint64_t words __attribute__((vector_size(32)));

/* The same, eight windows side by side in two chains of steps, because each waits for the step before. */
__attribute__((target("avx2"))) uint32_t qrng_lfsr_short_avx2(const uint64_t *high, const uint64_t *low) {
    enum { WIDE = 4 };
    uint32_t found = 0;
    for (uint32_t at = 0; at < LFSR_BATCH; at += 2 * WIDE) {
        words rest[2], more[2], spare[2], extra[2];
        signs excess[2] = {1 + (signs){0}, 1 + (signs){0}};
        memcpy(rest, high + at, sizeof rest);
        memcpy(more, low + at, sizeof more);
        for (int c = 0; c < 2; c++) {
            spare[c] = rest[c] >> 1 | (uint64_t)1 << 63;
            extra[c] = more[c] >> 1 | rest[c] << 63;
        }
        for (int i = 0; i < LFSR_WINDOW; i++)
            for (int c = 0; c < 2; c++) {
                const words differs = (words)((signs)rest[c] >> 63),
                            longer = differs & (words)(-excess[c] >> 63);
                const words a = rest[c], b = more[c];
                rest[c] ^= spare[c] & differs;
                more[c] ^= extra[c] & differs;
                spare[c] = (a & longer) | (spare[c] & ~longer);
                extra[c] = (b & longer) | (extra[c] & ~longer);
                rest[c] = rest[c] << 1 | more[c] >> 63;
                more[c] <<= 1;
                excess[c] = (excess[c] ^ (signs)longer) - (signs)longer + 1;
            }
        for (uint32_t k = 0; k < 2 * WIDE; k++)
            found |= (uint32_t)(LFSR_WINDOW + 1 - excess[k / WIDE][k % WIDE] <= 2 * LFSR_LONGEST) << (at + k);
    }
    return found;
}

/* Sixteen in two chains; the excess is kept negated, so that its sign is the mask. */
__attribute__((target("avx512f,avx512dq"))) uint32_t qrng_lfsr_short_avx512(const uint64_t *high,
                                                                            const uint64_t *low) {
    const __m512i one = _mm512_set1_epi64(1), ones = _mm512_set1_epi64(-1);
    __m512i rest[2], more[2], spare[2], extra[2], excess[2] = {ones, ones};
    uint32_t found = 0;
    for (int c = 0; c < 2; c++) {
        rest[c] = _mm512_loadu_si512(high + 8 * c);
        more[c] = _mm512_loadu_si512(low + 8 * c);
        spare[c] = _mm512_or_si512(_mm512_srli_epi64(rest[c], 1), _mm512_set1_epi64(INT64_MIN));
        extra[c] = _mm512_or_si512(_mm512_srli_epi64(more[c], 1), _mm512_slli_epi64(rest[c], 63));
    }
    for (int i = 0; i < LFSR_WINDOW; i++)
        for (int c = 0; c < 2; c++) {
            const __mmask8 differs = _mm512_movepi64_mask(rest[c]);
            const __mmask8 longer = differs & _mm512_movepi64_mask(excess[c]);
            const __m512i a = rest[c], b = more[c];
            rest[c] = _mm512_mask_xor_epi64(a, differs, a, spare[c]);
            more[c] = _mm512_mask_xor_epi64(b, differs, b, extra[c]);
            spare[c] = _mm512_mask_mov_epi64(spare[c], longer, a);
            extra[c] = _mm512_mask_mov_epi64(extra[c], longer, b);
            rest[c] = _mm512_or_si512(_mm512_slli_epi64(rest[c], 1), _mm512_srli_epi64(more[c], 63));
            more[c] = _mm512_slli_epi64(more[c], 1);
            const __m512i less = _mm512_sub_epi64(excess[c], one); /* 1 more; or 1 less the excess */
            excess[c] = _mm512_mask_xor_epi64(less, longer, excess[c], ones);
        }
    for (int c = 0; c < 2; c++)
        found |= (uint32_t)_mm512_cmple_epi64_mask(excess[c],
                                                   _mm512_set1_epi64(2 * LFSR_LONGEST - LFSR_WINDOW - 1))
                 << (8 * c);
    return found;
}
#endif
