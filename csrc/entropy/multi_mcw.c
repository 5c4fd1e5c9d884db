/* Multi most common in window predictor, SP 800-90B section 6.3.7: the most common symbol of the last 63,
 * 255, 1023 and 4095; a tie goes to the symbol seen last. */
#include <string.h>

#include "qrng.h"
#include "entropy/packed.h"
#include "entropy/scoreboard.h"

enum { WINDOWS = 4 };
static const unsigned window[WINDOWS] = {63, 255, 1023, 4095};

/* In bit strings: windows are odd, so that ones either have the majority or don't. Blocks of 64 steps from
 * bit 63 on meet the first step of every window. */
void qrng_entropy_multi_mcw_bits(qrng_prediction *out, const uint8_t *packed, uint64_t n) {
    scoreboard board;
    memset(&board, 0, sizeof board);
    unsigned ones[WINDOWS];
    for (unsigned j = 0; j < WINDOWS; j++)
        ones[j] = window[j] <= n ? (unsigned)qrng_bits_count(packed, 0, window[j]) : 0;
    for (uint64_t i = window[0]; i < n; i += 64) {
        unsigned steps = n - i < 64 ? (unsigned)(n - i) : 64, filled = 0;
        uint64_t now = packed_word(packed, n, i), right[WINDOWS];
        for (; filled < WINDOWS && i >= window[filled]; filled++) {
            uint64_t leaving = packed_word(packed, n, i - window[filled]), arriving = now, predicted = 0;
            unsigned count = ones[filled], half = window[filled] / 2;
            for (unsigned t = 0; t < steps; t++) {
                predicted = predicted << 1 | (count > half);
                count += (unsigned)(arriving >> 63) - (unsigned)(leaving >> 63);
                arriving <<= 1;
                leaving <<= 1;
            }
            ones[filled] = count;
            right[filled] = ~(predicted << (64 - steps) ^ now) & (~(uint64_t)0 << (64 - steps));
        }
        scoreboard_block(&board, filled, right, NULL, steps);
    }
    scoreboard_result(&board, out);
}

/* One entry a symbol: count in the window, then place of the last occurrence, then the symbol itself, so that
 * the largest entry is the prediction. */
enum { COUNT_AT = 52, PLACE_AT = 8 };

static uint64_t largest(const uint64_t *entries, unsigned alphabet) {
    uint64_t a = 0, b = 0;
    unsigned s = 0;
    for (; s + 2 <= alphabet; s += 2) {
        a = entries[s] > a ? entries[s] : a;
        b = entries[s + 1] > b ? entries[s + 1] : b;
    }
    if (s < alphabet && entries[s] > a)
        a = entries[s];
    return a > b ? a : b;
}

static uint64_t arrive(uint64_t entry, uint64_t place, uint8_t symbol) {
    return ((entry >> COUNT_AT) + 1) << COUNT_AT | place << PLACE_AT | symbol;
}

void qrng_entropy_multi_mcw(qrng_prediction *out, const uint8_t *symbols, uint64_t n, unsigned alphabet) {
    scoreboard board;
    memset(&board, 0, sizeof board);
    uint64_t entries[WINDOWS][256] = {{0}}, top[WINDOWS] = {0};
    for (unsigned j = 0; j < WINDOWS; j++)
        for (uint64_t i = 0; i < window[j] && i < n; i++) {
            uint64_t *entry = &entries[j][symbols[i]];
            *entry = arrive(*entry, i, symbols[i]);
            if (*entry > top[j])
                top[j] = *entry;
        }
    for (uint64_t i = window[0]; i < n; i++) {
        uint8_t s = symbols[i];
        scoreboard_judge(&board, (uint8_t)top[board.winner] == s);
        for (unsigned j = 0; j < WINDOWS && i >= window[j]; j++) {
            if ((uint8_t)top[j] == s)
                scoreboard_credit(&board, j);
            uint8_t left = symbols[i - window[j]];
            entries[j][left] -= (uint64_t)1 << COUNT_AT;
            entries[j][s] = arrive(entries[j][s], i, s);
            if (left == (uint8_t)top[j])
                top[j] = largest(entries[j], alphabet);
            else if (entries[j][s] > top[j])
                top[j] = entries[j][s];
        }
    }
    scoreboard_result(&board, out);
}
