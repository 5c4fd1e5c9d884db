/* Adaptive proportion test, SP 800-90B section 4.4.2. */
#include "health/sp800_90b.h"

/* Steps 1 to 3 of the section; true when the count reaches the cutoff with this symbol. */
static inline int step(qrng_apt_state *s, uint32_t symbol, uint32_t window, uint32_t cutoff) {
    if (s->seen == window)
        s->seen = 0;
    if (s->seen == 0) {
        s->symbol = symbol;
        s->count = 0;
    }
    s->seen++;
    unsigned match = s->symbol == symbol;
    s->count += match;
    return match && s->count >= cutoff;
}

#define SCAN                                                                                                 \
    for (; i < n; i++) {                                                                                     \
        if (step(&state[lane], symbols[i], window, cutoff))                                                  \
            return i;                                                                                        \
        lane = qrng_next_lane(lane, lanes);                                                                  \
    }                                                                                                        \
    return n

uint64_t qrng_apt_scan32(qrng_apt_state *state, uint32_t lanes, uint32_t lane, const uint32_t *symbols,
                         uint64_t n, uint32_t window, uint32_t cutoff) {
    uint64_t i = 0;
    SCAN;
}

enum { BLOCK = 128 }; /* symbols counted at once; fits a byte a vector element */

static inline uint32_t matches(const uint8_t *p, uint8_t symbol) {
    uint8_t equal = 0;
    for (int i = 0; i < BLOCK; i++)
        equal = (uint8_t)(equal + (p[i] == symbol));
    return equal;
}

uint64_t qrng_apt_scan8(qrng_apt_state *state, uint32_t lanes, uint32_t lane, const uint8_t *symbols,
                        uint64_t n, uint32_t window, uint32_t cutoff) {
    uint64_t i = 0;
    if (lanes == 1) {
        while (i < n) {
            /* Whole blocks inside the window that can't reach the cutoff; then one symbol at a time. */
            while (state->seen > 0 && state->seen + BLOCK <= window && i + BLOCK <= n) {
                uint32_t m = state->symbol <= UINT8_MAX ? matches(symbols + i, (uint8_t)state->symbol) : 0;
                if (state->count + m >= cutoff)
                    break;
                state->count += m;
                state->seen += BLOCK;
                i += BLOCK;
            }
            /* A window's first symbol alone, so that its rest is counted in blocks. */
            uint64_t singles = state->seen % window ? window - state->seen : 1;
            singles = singles < BLOCK ? singles : BLOCK;
            for (uint64_t stop = singles < n - i ? i + singles : n; i < stop; i++)
                if (step(state, symbols[i], window, cutoff))
                    return i;
        }
        return n;
    }
    SCAN;
}
