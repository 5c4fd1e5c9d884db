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

enum {
    TILE = 32, /* lanes that are looked at together */
    ROWS = 16, /* symbols of each lane in a chunk */
};

/* Whether some lane of the tile holds one symbol throughout the chunk; reads TILE symbols of each row. */
static inline int constant(const uint8_t *p, uint32_t lanes, uint32_t width) {
    uint8_t change[TILE] = {0};
    for (int row = 1; row < ROWS; row++)
        for (int lane = 0; lane < TILE; lane++)
            change[lane] |= p[(uint64_t)row * lanes + lane] ^ p[(uint64_t)(row - 1) * lanes + lane];
    uint32_t quiet = 0;
    for (uint32_t lane = 0; lane < width; lane++)
        quiet |= change[lane] == 0;
    return quiet != 0;
}

/* The states at symbols[end], a row's start, from what stands before it; runs that began before symbols[from]
 * go on from the states there. */
static void states_at(qrng_rct_state *state, uint32_t lanes, const uint8_t *symbols, uint64_t from,
                      uint64_t end) {
    for (uint32_t lane = 0; lane < lanes && from < end; lane++) {
        const uint8_t last = symbols[end - lanes + lane];
        uint64_t run = 1, rows = (end - from) / lanes;
        while (run < rows && symbols[end - (run + 1) * lanes + lane] == last)
            run++;
        if (run == rows && state[lane].symbol == last)
            run += state[lane].run;
        state[lane].symbol = last;
        state[lane].run = run;
    }
}

/* Whole rows of lane 0 to the last: a run of two chunks or more fills one, so chunks in which every lane
 * changes are passed over, and what follows a quiet one is walked. Returns the first row's start that is left
 * to walk, or, with *hit, where a run reached the cutoff. */
static uint64_t scan_rows(qrng_rct_state *state, uint32_t lanes, const uint8_t *symbols, uint64_t n,
                          uint64_t cutoff, int *hit) {
    const uint64_t chunk = (uint64_t)ROWS * lanes, walk = (cutoff / ROWS + 2) * chunk;
    uint64_t i = 0, known = 0; /* where the states stand */
    int quiet = 0;             /* a run from before may end inside the first chunk */
    for (uint32_t lane = 0; lane < lanes; lane++)
        quiet |= state[lane].run + ROWS >= cutoff;
    for (; i + chunk + TILE <= n; quiet = 0) {
        for (uint32_t tile = 0; tile < lanes && !quiet; tile += TILE)
            quiet = constant(symbols + i + tile, lanes, lanes - tile < TILE ? lanes - tile : TILE);
        if (!quiet) {
            i += chunk;
            continue;
        }
        states_at(state, lanes, symbols, known, i);
        for (uint64_t stop = i + walk < n ? i + walk : n / lanes * lanes; i < stop;)
            for (uint32_t lane = 0; lane < lanes; lane++, i++)
                if (step(&state[lane], symbols[i], cutoff)) {
                    *hit = 1;
                    return i;
                }
        known = i;
    }
    states_at(state, lanes, symbols, known, i);
    return i;
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
    } else if (cutoff >= 2 * ROWS) {
        int hit = 0;
        for (; lane && i < n; lane = qrng_next_lane(lane, lanes), i++)
            if (step(&state[lane], symbols[i], cutoff))
                return i;
        i += scan_rows(state, lanes, symbols + i, n - i, cutoff, &hit);
        if (hit)
            return i;
    }
    SCAN;
}
