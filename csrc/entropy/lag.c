/* Lag predictor, SP 800-90B section 6.3.8: subpredictor d says that the symbol d+1 places back comes again.
 *
 * Symbols come as bit planes, so that 64 steps of a lag are compared in a few word operations. */
#include <string.h>

#include "qrng.h"
#include "entropy/packed.h"
#include "entropy/scoreboard.h"

enum { LAGS = 128, PLANES = 8 };

void qrng_entropy_planes(uint8_t *planes, const uint8_t *symbols, uint64_t n, unsigned width) {
    uint64_t stride = n / 8 + (n % 8 != 0);
    for (uint64_t i = 0; i < n; i += 8) {
        unsigned have = n - i < 8 ? (unsigned)(n - i) : 8;
        for (unsigned p = 0; p < width; p++) {
            unsigned byte = 0;
            for (unsigned j = 0; j < have; j++)
                byte |= (unsigned)(symbols[i + j] >> p & 1) << (7 - j);
            planes[p * stride + i / 8] = (uint8_t)byte;
        }
    }
}

int qrng_entropy_lag(qrng_prediction *out, const uint8_t *planes, uint64_t n, unsigned width) {
    if (width < 1 || width > PLANES)
        return QRNG_EINVAL;
    uint64_t stride = n / 8 + (n % 8 != 0), right[LAGS];
    uint64_t older[PLANES] = {0}, old[PLANES] = {0},
             now[PLANES]; /* 64 symbols each: i-128, i-64 and i onward */
    scoreboard board;
    memset(&board, 0, sizeof board);
    for (unsigned p = 0; n && p < width; p++)
        old[p] = planes[p * stride] >> 7; /* the first symbol is predicted by none */
    for (uint64_t i = 1; i < n; i += 64) {
        unsigned steps = n - i < 64 ? (unsigned)(n - i) : 64;
        uint64_t all = ~(uint64_t)0 << (64 - steps);
        for (unsigned p = 0; p < width; p++)
            now[p] = packed_word(planes + p * stride, n, i);
        for (unsigned d = 0; d < LAGS; d++)
            right[d] = all;
        for (unsigned p = 0; p < width; p++) {
            uint64_t v = now[p], w = old[p], x = older[p];
            for (unsigned s = 1; s < 64; s++)
                right[s - 1] &= ~(v ^ (v >> s | w << (64 - s)));
            right[63] &= ~(v ^ w);
            for (unsigned s = 1; s < 64; s++)
                right[63 + s] &= ~(v ^ (w >> s | x << (64 - s)));
            right[127] &= ~(v ^ x);
            older[p] = w;
            old[p] = v;
        }
        for (uint64_t d = i; d < LAGS; d++) /* lag d+1 exists from step d+1-i of the block on */
            right[d] &= d + 1 - i < 64 ? ~(uint64_t)0 >> (d + 1 - i) : 0;
        scoreboard_block(&board, LAGS, right, NULL, steps);
    }
    scoreboard_result(&board, out);
    return QRNG_OK;
}
