/* Repetition count test, SP 800-90B section 4.4.1. */
#include "health/sp800_90b.h"

/* Steps 1 to 3 of the section; true when the run reaches the cutoff with this symbol. */
static inline int step(qrng_rct_state *s, uint32_t symbol, uint64_t cutoff) {
    s->run =
        s->run * (s->symbol == symbol) + 1; /* without a branch: on random bits it would miss half the time */
    s->symbol = symbol;
    return s->run >= cutoff;
}

#define SCAN                                                                                                 \
    for (; i < n; i++) {                                                                                     \
        if (step(&state[lane], symbols[i], cutoff))                                                          \
            return i;                                                                                        \
        lane = qrng_next_lane(lane, lanes);                                                                  \
    }                                                                                                        \
    return n

uint64_t qrng_rct_scan32(qrng_rct_state *state, uint32_t lanes, uint32_t lane, const uint32_t *symbols,
                         uint64_t n, uint64_t cutoff) {
    uint64_t i = 0;
    SCAN;
}

/* Words whose byte k, in memory order, is not zero where symbol k differs from the one before it. */
static inline uint64_t differences(const uint8_t *p) {
    uint64_t here, before;
    memcpy(&here, p, 8);
    memcpy(&before, p - 1, 8);
    return here ^ before;
}

uint64_t qrng_rct_scan8(qrng_rct_state *state, uint32_t lanes, uint32_t lane, const uint8_t *symbols,
                        uint64_t n, uint64_t cutoff) {
    uint64_t i = 0;
    if (lanes == 1 && n > 0 && cutoff > 8) {
        /* Eight symbols at a time: a run between two breaks inside a word is shorter than 8, so only the run
         * that enters the word can reach the cutoff there. */
        if (step(state, symbols[0], cutoff))
            return 0;
        uint64_t run = state->run;
        for (i = 1; i + 8 <= n; i += 8) {
            uint64_t d = differences(symbols + i);
            uint64_t kept = d ? (uint64_t)__builtin_ctzll(d) / 8 : 8;
            if (run + kept >= cutoff)
                break; /* the loop below finds the symbol */
            run = d ? 1 + (uint64_t)__builtin_clzll(d) / 8 : run + 8;
        }
        state->run = run;
        state->symbol = symbols[i - 1];
    }
    SCAN;
}
