/* The additive FFT with VPCLMULQDQ, eight coefficients to a register. The last six rounds, and the change of
 * basis below sixteen, run over 512 coefficients transposed, so that every step is between whole registers.
 */
#if defined(__x86_64__)

#include <immintrin.h>

#include "gf2/additive_fft.h"
#include "gf2/transpose8.h"
#include "gf2/unroll.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,vpclmulqdq,pclmul,gfni")))
#define INLINE static inline __attribute__((always_inline))

enum { TAIL_LOG = 9 };

/* Products of eight pairs. What goes past 64 bits comes down times z^4 + z^3 + z + 1; what goes past again is
 * four bits, whose product is the 8 x 8 bit matrix below. */
TARGET INLINE __m512i multiply(__m512i a, __m512i b) {
    const __m512i low = _mm512_set1_epi64(0x1b), four = _mm512_set1_epi64(0x0103060d1b366cd8);
    __m512i even = _mm512_clmulepi64_epi128(a, b, 0x00), odd = _mm512_clmulepi64_epi128(a, b, 0x11);
    __m512i even2 = _mm512_clmulepi64_epi128(even, low, 0x01),
            odd2 = _mm512_clmulepi64_epi128(odd, low, 0x01);
    __m512i third = _mm512_gf2p8affine_epi64_epi8(_mm512_unpackhi_epi64(even2, odd2), four, 0);
    return _mm512_ternarylogic_epi64(_mm512_unpacklo_epi64(even, odd), _mm512_unpacklo_epi64(even2, odd2),
                                     third, 0x96);
}

TARGET INLINE __m512i add(__m512i a, __m512i b) {
    return _mm512_xor_si512(a, b);
}

TARGET INLINE void forward_pair(__m512i *f0, __m512i *f1, __m512i w) {
    *f0 = add(*f0, multiply(*f1, w));
    *f1 = add(*f1, *f0);
}

TARGET INLINE void inverse_pair(__m512i *f0, __m512i *f1, __m512i w) {
    *f1 = add(*f1, *f0);
    *f0 = add(*f0, multiply(*f1, w));
}

TARGET INLINE __m512i at(const uint64_t *f) {
    return _mm512_load_si512(f);
}

/* One round over 2 half coefficients of block c. */
TARGET INLINE void one_round(uint64_t *f, size_t half, uint64_t c, int forward) {
    __m512i w = _mm512_set1_epi64((long long)qrng_fft_point(2 * c));
    for (size_t i = 0; i < half; i += 8) {
        __m512i f0 = at(f + i), f1 = at(f + half + i);
        if (forward)
            forward_pair(&f0, &f1, w);
        else
            inverse_pair(&f0, &f1, w);
        _mm512_store_si512(f + i, f0);
        _mm512_store_si512(f + half + i, f1);
    }
}

/* Two rounds over 4 quarter coefficients of block c. */
TARGET INLINE void two_rounds(uint64_t *f, size_t quarter, uint64_t c, int forward) {
    __m512i w = _mm512_set1_epi64((long long)qrng_fft_point(2 * c));
    __m512i w0 = _mm512_set1_epi64((long long)qrng_fft_point(4 * c));
    __m512i w1 = _mm512_set1_epi64((long long)qrng_fft_point(4 * c + 2));
    for (size_t i = 0; i < quarter; i += 8) {
        __m512i f0 = at(f + i), f1 = at(f + quarter + i), f2 = at(f + 2 * quarter + i),
                f3 = at(f + 3 * quarter + i);
        if (forward) {
            forward_pair(&f0, &f2, w);
            forward_pair(&f1, &f3, w);
            forward_pair(&f0, &f1, w0);
            forward_pair(&f2, &f3, w1);
        } else {
            inverse_pair(&f0, &f1, w0);
            inverse_pair(&f2, &f3, w1);
            inverse_pair(&f0, &f2, w);
            inverse_pair(&f1, &f3, w);
        }
        _mm512_store_si512(f + i, f0);
        _mm512_store_si512(f + quarter + i, f1);
        _mm512_store_si512(f + 2 * quarter + i, f2);
        _mm512_store_si512(f + 3 * quarter + i, f3);
    }
}

/* Change of basis among sixteen positions: divisions by s_2 = x^4 + x of the whole and of its halves, then by
 * s_1 = x^2 + x within fours and across fours. */
TARGET INLINE void basis16(__m512i *r, int forward) {
    static const struct {
        uint8_t from, to;
    } steps[] = {{15, 9}, {14, 8}, {13, 7},  {12, 6},  {11, 5},  {10, 4},  {9, 3},   {8, 2},
                 {7, 4},  {6, 3},  {5, 2},   {4, 1},   {15, 12}, {14, 11}, {13, 10}, {12, 9},
                 {3, 2},  {2, 1},  {7, 6},   {6, 5},   {11, 10}, {10, 9},  {15, 14}, {14, 13},
                 {12, 8}, {13, 9}, {14, 10}, {15, 11}, {8, 4},   {9, 5},   {10, 6},  {11, 7}};
    enum { STEPS = sizeof steps / sizeof steps[0] };
    QRNG_UNROLL
    for (int i = 0; i < STEPS; i++) {
        int s = forward ? i : STEPS - 1 - i;
        r[steps[s].to] = add(r[steps[s].to], r[steps[s].from]);
    }
}

/* What a transform carries: 64 registers for the last rounds; the points 2 block of their blocks; for each of
 * their rounds the part of the points that differs between the eight blocks in a register. */
typedef struct workspace {
    __m512i r[64];
    uint64_t points[32];
    uint64_t lanes[6][8];
} workspace;
_Static_assert(sizeof(workspace) == 8 * QRNG_FFT_WORK_WORDS, "as the header says");

static workspace *prepared(uint64_t *work) {
    workspace *w = (workspace *)(void *)work;
    for (uint64_t block = 0; block < 32; block++)
        w->points[block] = qrng_fft_point(2 * block);
    for (unsigned s = 0; s < 6; s++)
        for (uint64_t b = 0; b < 8; b++)
            w->lanes[s][b] = qrng_fft_point(b << (s + 1));
    return w;
}

/* Round s of the last six, over 64 coefficients of each of eight blocks, from block 8 c on. */
TARGET INLINE void tail_round(workspace *work, uint64_t c, const unsigned s, int forward) {
    const size_t half = (size_t)32 >> s;
    __m512i base =
        add(_mm512_loadu_si512(work->lanes[s]), _mm512_set1_epi64((long long)qrng_fft_point(c << (s + 4))));
    for (size_t block = 0; block < (size_t)1 << s; block++) {
        __m512i w = add(base, _mm512_set1_epi64((long long)work->points[block]));
        __m512i *f = work->r + 2 * half * block;
        for (size_t i = 0; i < half; i++)
            if (forward)
                forward_pair(f + i, f + half + i, w);
            else
                inverse_pair(f + i, f + half + i, w);
    }
}

TARGET static void forward512(uint64_t *f, uint64_t c, workspace *work) {
    __m512i *r = work->r;
    two_rounds(f, 128, c, 1);
    for (size_t b = 0; b < 4; b++)
        one_round(f + 128 * b, 64, 4 * c + b, 1);
    for (size_t g = 0; g < 8; g++) {
        QRNG_UNROLL
        for (size_t b = 0; b < 8; b++)
            r[8 * g + b] = at(f + 64 * b + 8 * g);
        qrng_transpose8(r + 8 * g);
    }
    for (size_t i = 0; i < 64; i += 16)
        basis16(r + i, 1);
    QRNG_UNROLL
    for (unsigned s = 0; s < 6; s++)
        tail_round(work, c, s, 1);
    for (size_t i = 0; i < 64; i++)
        _mm512_store_si512(f + 8 * i, r[i]);
}

TARGET static void inverse512(uint64_t *f, uint64_t c, workspace *work) {
    __m512i *r = work->r;
    for (size_t i = 0; i < 64; i++)
        r[i] = at(f + 8 * i);
    QRNG_UNROLL
    for (unsigned s = 6; s-- > 0;)
        tail_round(work, c, s, 0);
    for (size_t i = 0; i < 64; i += 16)
        basis16(r + i, 0);
    for (size_t g = 0; g < 8; g++) {
        qrng_transpose8(r + 8 * g);
        QRNG_UNROLL
        for (size_t b = 0; b < 8; b++)
            _mm512_store_si512(f + 64 * b + 8 * g, r[8 * g + b]);
    }
    for (size_t b = 0; b < 4; b++)
        one_round(f + 128 * b, 64, 4 * c + b, 0);
    two_rounds(f, 128, c, 0);
}

/* Halves or quarters first, then each by itself while it is in cache. */
TARGET static void forward(uint64_t *f, unsigned log_size, uint64_t c, workspace *work) {
    if (log_size == TAIL_LOG) {
        forward512(f, c, work);
        return;
    }
    unsigned by = log_size == TAIL_LOG + 1 ? 1 : 2;
    size_t part = (size_t)1 << (log_size - by);
    if (by == 1)
        one_round(f, part, c, 1);
    else
        two_rounds(f, part, c, 1);
    for (uint64_t i = 0; i < (uint64_t)1 << by; i++)
        forward(f + i * part, log_size - by, (c << by) + i, work);
}

TARGET static void inverse(uint64_t *f, unsigned log_size, uint64_t c, workspace *work) {
    if (log_size == TAIL_LOG) {
        inverse512(f, c, work);
        return;
    }
    unsigned by = log_size == TAIL_LOG + 1 ? 1 : 2;
    size_t part = (size_t)1 << (log_size - by);
    for (uint64_t i = 0; i < (uint64_t)1 << by; i++)
        inverse(f + i * part, log_size - by, (c << by) + i, work);
    if (by == 1)
        one_round(f, part, c, 0);
    else
        two_rounds(f, part, c, 0);
}

/* Strings that overlap by all but 8 words or more, from the top down, so that sums are added on. */
TARGET static void add_down(uint64_t *to, const uint64_t *from, size_t words) {
    for (size_t i = words; i >= 8; i -= 8)
        _mm512_storeu_si512(to + i - 8,
                            add(_mm512_loadu_si512(to + i - 8), _mm512_loadu_si512(from + i - 8)));
}

TARGET static void add_up(uint64_t *to, const uint64_t *from, size_t words) {
    for (size_t i = 0; i < words; i += 8)
        _mm512_storeu_si512(to + i, add(_mm512_loadu_si512(to + i), _mm512_loadu_si512(from + i)));
}

void qrng_fft_forward_avx512(uint64_t *f, unsigned log_size, uint64_t *work) {
    qrng_fft_to_basis(f, log_size, add_down);
    forward(f, log_size, 0, prepared(work));
}

void qrng_fft_inverse_avx512(uint64_t *f, unsigned log_size, uint64_t *work) {
    inverse(f, log_size, 0, prepared(work));
    qrng_fft_from_basis(f, log_size, add_up);
}

TARGET void qrng_fft_multiply_avx512(uint64_t *sum, const uint64_t *a, const uint64_t *b, size_t words,
                                     int keep) {
    for (size_t i = 0; i < words; i += 8) {
        __m512i p = multiply(at(a + i), at(b + i));
        _mm512_store_si512(sum + i, keep ? add(at(sum + i), p) : p);
    }
}

#else

typedef int qrng_not_on_this_processor;

#endif
