/* The one-bit step with VPCLMULQDQ: a register holds one word of four lanes, in the low halves of its 128-bit
 * parts; what is in the high halves is of no account. Two registers go along together, since each step waits
 * for the one before. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "extractors/trevisan.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,vpclmulqdq,pclmul")))
#define INLINE static inline __attribute__((always_inline))

enum { PER_REGISTER = 4, REGISTERS = QRNG_TREVISAN_LANES / PER_REGISTER, MOST = QRNG_TREVISAN_WORDS };

TARGET INLINE __m512i multiply(__m512i a, __m512i b) {
    return _mm512_clmulepi64_epi128(a, b, 0x00);
}

/* The upper words of products, moved to the low halves. */
TARGET INLINE __m512i upper(__m512i product) {
    return _mm512_bsrli_epi128(product, 8);
}

/* value = value alpha + x, as in rsh.inc */
TARGET INLINE void step(__m512i *value, const __m512i *alpha, const __m512i *x, __m512i tail, __m512i top,
                        size_t skip, __m128i right, __m128i left, const size_t words) {
    __m512i p[2 * MOST + 1], q[MOST + 2], sum[2 * MOST];
    QRNG_UNROLL
    for (size_t k = 0; k < 2 * words; k++)
        sum[k] = _mm512_setzero_si512();
    QRNG_UNROLL
    for (size_t i = 0; i < words; i++) {
        QRNG_UNROLL
        for (size_t j = 0; j < words; j++)
            sum[i + j] = _mm512_xor_si512(sum[i + j], multiply(value[i], alpha[j]));
    }
    p[0] = sum[0];
    QRNG_UNROLL
    for (size_t k = 1; k < 2 * words; k++)
        p[k] = _mm512_xor_si512(sum[k], upper(sum[k - 1]));
    p[2 * words] = _mm512_setzero_si512();
    /* Shifts by 64 or more give 0, so whole words need no case of their own. */
    __m512i before = _mm512_setzero_si512();
    QRNG_UNROLL
    for (size_t i = 0; i < words; i++) {
        __m512i high = skip + i + 1 <= 2 * words ? p[skip + i + 1] : _mm512_setzero_si512();
        __m512i word = _mm512_or_si512(_mm512_srl_epi64(p[skip + i], right), _mm512_sll_epi64(high, left));
        __m512i product = multiply(word, tail);
        q[i] = _mm512_xor_si512(product, upper(before));
        before = product;
    }
    q[words] = upper(before);
    q[words + 1] = _mm512_setzero_si512();
    __m512i word = _mm512_or_si512(_mm512_srl_epi64(q[skip], right), _mm512_sll_epi64(q[skip + 1], left));
    __m512i product = multiply(word, tail);
    QRNG_UNROLL
    for (size_t i = 0; i < words; i++) {
        __m512i both = _mm512_xor_si512(p[i], q[i]);
        if (i == words - 1)
            both = _mm512_and_si512(both, top);
        if (i < 2)
            both = _mm512_xor_si512(both, i == 0 ? product : upper(product));
        value[i] = _mm512_xor_si512(both, x[i]);
    }
}

TARGET INLINE void values_of(uint64_t *values, const qrng_rsh_field *f, const uint64_t *x, size_t count,
                             const uint64_t *alpha, const size_t words, const size_t skip) {
    __m512i v[REGISTERS][MOST], a[REGISTERS][MOST], c[MOST], tail = _mm512_set1_epi64((long long)f->tail);
    unsigned used = f->l % 64;
    __m512i top = _mm512_set1_epi64(used ? (long long)(((uint64_t)1 << used) - 1) : -1);
    __m128i right = _mm_cvtsi32_si128((int)used), left = _mm_cvtsi32_si128(64 - (int)used);
    for (size_t r = 0; r < REGISTERS; r++)
        for (size_t i = 0; i < words; i++) {
            const uint64_t *of = alpha + r * PER_REGISTER * words + i;
            a[r][i] = _mm512_set_epi64(0, (long long)of[3 * words], 0, (long long)of[2 * words], 0,
                                       (long long)of[words], 0, (long long)of[0]);
            v[r][i] = _mm512_setzero_si512();
        }
    for (size_t k = 0; k < count; k++) {
        QRNG_UNROLL
        for (size_t i = 0; i < words; i++)
            c[i] = _mm512_set1_epi64((long long)x[k * words + i]);
        QRNG_UNROLL
        for (size_t r = 0; r < REGISTERS; r++)
            step(v[r], a[r], c, tail, top, skip, right, left, words);
    }
    for (size_t r = 0; r < REGISTERS; r++)
        for (size_t i = 0; i < words; i++) {
            uint64_t parts[8];
            _mm512_storeu_si512(parts, v[r][i]);
            for (size_t lane = 0; lane < PER_REGISTER; lane++)
                values[(r * PER_REGISTER + lane) * words + i] = parts[2 * lane];
        }
}

/* l is 64 (words - 1) + 1 to 64 words; l / 64 is words only for the last of these. */
#define CASE(w)                                                                                              \
    case w:                                                                                                  \
        if (f->l / 64 == w)                                                                                  \
            values_of(values, f, x, count, alpha, w, w);                                                     \
        else                                                                                                 \
            values_of(values, f, x, count, alpha, w, (w) - 1);                                               \
        break;

TARGET void qrng_rsh_values_avx512(uint64_t *values, const qrng_rsh_field *f, const uint64_t *x, size_t count,
                                   const uint64_t *alpha) {
    switch (f->words) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) }
}

#else

typedef int qrng_not_on_this_processor;

#endif
