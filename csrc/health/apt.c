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

enum { TILE = 32 }; /* lanes that are looked at together */

/* Matches of each lane of a tile in `rows` rows; reads TILE symbols of each row. */
static inline void lane_matches(uint8_t *count, const uint8_t *p, uint32_t lanes, uint32_t rows,
                                const uint8_t *symbol) {
    uint8_t equal[TILE] = {0};
    for (uint32_t row = 0; row < rows; row++, p += lanes)
        for (int lane = 0; lane < TILE; lane++)
            equal[lane] = (uint8_t)(equal[lane] + (p[lane] == symbol[lane]));
    memcpy(count, equal, sizeof equal);
}

/* Counts up to BLOCK whole rows inside the window, too few for any lane to reach the cutoff; returns how
 * many, 0 if a lane might. */
static uint64_t count_rows(qrng_apt_state *state, uint32_t lanes, const uint8_t *symbols, uint64_t n,
                           uint32_t window, uint32_t cutoff) {
    uint64_t rows = n < TILE ? 0 : (n - TILE) / lanes; /* a row's tile may reach past the row */
    rows = rows < BLOCK ? rows : BLOCK;
    for (uint32_t lane = 0; lane < lanes;
         lane++) { /* windows may begin a row apart: a stream can start in any lane */
        rows = rows < window - state[lane].seen ? rows : window - state[lane].seen;
        if (state[lane].seen == 0 || state[lane].count + rows >= cutoff)
            return 0;
    }
    for (uint32_t tile = 0; tile < lanes; tile += TILE) {
        uint8_t symbol[TILE] = {0}, found[TILE];
        const uint32_t width = lanes - tile < TILE ? lanes - tile : TILE;
        for (uint32_t lane = 0; lane < width; lane++)
            symbol[lane] = (uint8_t)state[tile + lane].symbol;
        lane_matches(found, symbols + tile, lanes, (uint32_t)rows, symbol);
        for (uint32_t lane = 0; lane < width; lane++) {
            state[tile + lane].count += found[lane];
            state[tile + lane].seen += (uint32_t)rows;
        }
    }
    return rows;
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
    while (i < n) {
        if (lane == 0) {
            uint64_t rows = count_rows(state, lanes, symbols + i, n - i, window, cutoff);
            i += rows * lanes;
            if (rows)
                continue;
        }
        /* The row or block in which a window ends or begins, a lane may alarm, or the call ends. */
        const uint64_t walk = state[0].seen % window && state[0].seen + BLOCK < window ? BLOCK : 1;
        for (uint64_t stop = i + walk * lanes - lane; i < stop && i < n; i++) {
            if (step(&state[lane], symbols[i], window, cutoff))
                return i;
            lane = qrng_next_lane(lane, lanes);
        }
    }
    return n;
}
