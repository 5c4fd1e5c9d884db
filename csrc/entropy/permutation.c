/* The statistics of the permutation tests, SP 800-90B sections 5.1.1 to 5.1.10 (5.1.11, compression, is
 * in bzip2.c). */
#include <math.h>
#include <string.h>

#include "qrng.h"
#include "entropy/scoreboard.h"

static const unsigned lags[QRNG_LAGS] = {1, 2, 8, 16, 32};

void qrng_entropy_conversions(uint8_t *ones, uint8_t *bytes, const uint8_t *bits, uint64_t n) {
    for (uint64_t i = 0; i < n; i += 8) {
        unsigned sum = 0, byte = 0;
        for (unsigned j = 0; j < 8 && i + j < n; j++) {
            sum += bits[i + j];
            byte |= (unsigned)bits[i + j] << (7 - j);
        }
        ones[i / 8] = (uint8_t)sum;
        bytes[i / 8] = (uint8_t)byte;
    }
}

/* 5.1.1: with symbols worth low + symbol * step */
double qrng_entropy_excursion(const uint8_t *symbols, uint64_t n, double mean, unsigned low, unsigned step) {
    double largest = 0;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum += low + (uint64_t)symbols[i] * step;
        double away = fabs((double)sum - (double)(i + 1) * mean);
        largest = away > largest ? away : largest;
    }
    return largest;
}

/* Runs of equal signs, 64 at a time: number and longest of 5.1.2, 5.1.3 and 5.1.5, 5.1.6. */
typedef struct {
    scoreboard up, down; /* used for their run lengths alone */
    uint64_t number, last;
} runs;

static void runs_begin(runs *r) {
    memset(r, 0, sizeof *r);
    r->last = 2; /* unlike any sign, so that the first run counts */
}

/* `count` (1..64) signs, the first at bit count-1. */
static void runs_word(runs *r, uint64_t signs, unsigned count) {
    uint64_t all = ~(uint64_t)0 << (64 - count), up = signs << (64 - count);
    uint64_t before = up >> 1 | (r->last & 1) << 63;
    r->number += (uint64_t)__builtin_popcountll((up ^ before) & all) + (r->last == 2 && !(up >> 63));
    r->last = signs & 1;
    scoreboard_judge_block(&r->up, up, count);
    scoreboard_judge_block(&r->down, ~up & all, count);
}

static uint64_t runs_longest(const runs *r) {
    return r->up.longest > r->down.longest ? r->up.longest : r->down.longest;
}

void qrng_entropy_directional_runs(uint64_t *out, const uint8_t *symbols, uint64_t n) {
    runs r;
    runs_begin(&r);
    for (uint64_t i = 1; i < n;) {
        unsigned count = n - i < 64 ? (unsigned)(n - i) : 64;
        uint64_t signs = 0;
        for (uint64_t end = i + count; i < end; i++)
            signs = signs << 1 | (symbols[i - 1] <= symbols[i]);
        runs_word(&r, signs, count);
    }
    out[0] = r.number;
    out[1] = runs_longest(&r);
    out[2] = r.up.correct > r.down.correct ? r.up.correct : r.down.correct;
}

void qrng_entropy_median_runs(uint64_t *out, const uint8_t *symbols, uint64_t n, unsigned upper) {
    runs r;
    runs_begin(&r);
    for (uint64_t i = 0; i < n;) {
        unsigned count = n - i < 64 ? (unsigned)(n - i) : 64;
        uint64_t signs = 0;
        for (uint64_t end = i + count; i < end; i++)
            signs = signs << 1 | (symbols[i] >= upper);
        runs_word(&r, signs, count);
    }
    out[0] = r.number;
    out[1] = runs_longest(&r);
}

void qrng_entropy_times_to_collision(uint64_t *out, const uint8_t *symbols, uint64_t n) {
    uint64_t seen[256] = {0}, start = 0, number = 0, sum = 0, longest = 0;
    for (uint64_t i = 0; i < n; i++) { /* seen: place + 1 of the last time */
        uint64_t *s = &seen[symbols[i]];
        if (*s > start) {
            uint64_t time = i - start + 1; /* the colliding sample counts */
            number++;
            sum += time;
            longest = time > longest ? time : longest;
            start = i + 1;
        }
        *s = i + 1;
    }
    out[0] = number;
    out[1] = sum;
    out[2] = longest;
}

void qrng_entropy_periodicity(uint64_t *out, const uint8_t *symbols, uint64_t n) {
    for (unsigned l = 0; l < QRNG_LAGS; l++) {
        out[l] = 0;
        for (uint64_t i = 0; i + lags[l] < n;) { /* counts of 16 bits let more lanes of a vector work */
            uint64_t end = n - lags[l] - i < 4096 ? n - lags[l] : i + 4096;
            uint16_t same = 0;
            for (; i < end; i++)
                same = (uint16_t)(same + (symbols[i] == symbols[i + lags[l]]));
            out[l] += same;
        }
    }
}

void qrng_entropy_covariance(uint64_t *out, const uint8_t *symbols, uint64_t n) {
    for (unsigned l = 0; l < QRNG_LAGS; l++) {
        out[l] = 0;
        for (uint64_t i = 0; i + lags[l] < n;) { /* 32768 products of 16 bits fit in 32 */
            uint64_t end = n - lags[l] - i < 32768 ? n - lags[l] : i + 32768;
            uint32_t sum = 0;
            for (; i < end; i++)
                sum += (uint32_t)symbols[i] * symbols[i + lags[l]];
            out[l] += sum;
        }
    }
}
