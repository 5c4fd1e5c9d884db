/* The scoreboard of the ensemble predictors (SP 800-90B 6.3.7 to 6.3.9): after each symbol every subpredictor
 * that was right scores, and the one with the best score, the last to reach it in ascending order, predicts
 * next.
 *
 * Up to 64 steps are judged at once: only subpredictors that can reach the best score within the block are
 * followed step by step; the others can't win, so that their scores take the block's sum. */
#ifndef QRNG_ENTROPY_SCOREBOARD_H
#define QRNG_ENTROPY_SCOREBOARD_H

#include <stddef.h>

#include "qrng.h"

enum { SCOREBOARD_MAX = 128 };

typedef struct {
    uint64_t score[SCOREBOARD_MAX];
    uint64_t best; /* score[winner], which no score exceeds */
    unsigned winner;
    uint64_t correct, run, longest;
} scoreboard;

static inline void scoreboard_result(const scoreboard *b, qrng_prediction *out) {
    out->correct = b->correct;
    out->longest_run = b->longest;
}

/* The winner's prediction was right or wrong. */
static inline void scoreboard_judge(scoreboard *b, int right) {
    b->run = right ? b->run + 1 : 0;
    b->correct += (unsigned)right;
    if (b->run > b->longest)
        b->longest = b->run;
}

/* Subpredictor d was right. */
static inline void scoreboard_credit(scoreboard *b, unsigned d) {
    if (++b->score[d] >= b->best) {
        b->best = b->score[d];
        b->winner = d;
    }
}

/* scoreboard_judge for `steps` predictions at once; step t is bit 63-t of `right`. */
static inline void scoreboard_judge_block(scoreboard *b, uint64_t right, unsigned steps) {
    uint64_t wrong = ~right & (~(uint64_t)0 << (64 - steps));
    b->correct += (uint64_t)__builtin_popcountll(right);
    if (!wrong) {
        b->run += steps;
        if (b->run > b->longest)
            b->longest = b->run;
        return;
    }
    b->run += (unsigned)__builtin_clzll(wrong);
    if (b->run > b->longest)
        b->longest = b->run;
    b->run = steps - 64 + (unsigned)__builtin_ctzll(wrong);
    if (b->longest >= 63)
        return;
    /* Bit t of `starts` says that a run longer than the longest so far starts at step t. */
    uint64_t starts = right;
    for (unsigned length = 1, wanted = (unsigned)b->longest + 1; length < wanted;) {
        unsigned more = length < wanted - length ? length : wanted - length;
        starts &= starts << more;
        length += more;
    }
    while (starts) {
        b->longest++;
        starts &= b->longest < 64 ? right << b->longest : 0;
    }
}

/* `steps` (1..64) predictions of every subpredictor: step t is bit 63-t. A bit of right[d] says that d was
 * right; bits past `steps` are zero. made[d] says where d made a prediction at all (NULL: everywhere). */
static inline void scoreboard_block(scoreboard *b, unsigned subpredictors, const uint64_t *right,
                                    const uint64_t *made, unsigned steps) {
    unsigned follow[SCOREBOARD_MAX], followed = 0;
    uint64_t all = ~(uint64_t)0 << (64 - steps);
    for (unsigned d = 0; d < subpredictors; d++) {
        uint64_t gain = (uint64_t)__builtin_popcountll(right[d]);
        if (b->score[d] + gain >= b->best)
            follow[followed++] = d;
        else
            b->score[d] += gain;
    }
    if (followed == 1 && (!made || (made[b->winner] & all) == all)) {
        b->best = b->score[b->winner] += (uint64_t)__builtin_popcountll(right[b->winner]);
        scoreboard_judge_block(b, right[b->winner], steps);
        return;
    }
    for (uint64_t bit = (uint64_t)1 << 63; bit & all; bit >>= 1) {
        if (!made || made[b->winner] & bit)
            scoreboard_judge(b, (right[b->winner] & bit) != 0);
        for (unsigned f = 0; f < followed; f++)
            if (right[follow[f]] & bit)
                scoreboard_credit(b, follow[f]);
    }
}

#endif
