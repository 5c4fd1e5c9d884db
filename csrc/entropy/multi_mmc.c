/* Multi Markov model with counting on symbols, SP 800-90B section 6.3.9: subpredictor d says what followed
 * the last d symbols most often, a tie going to the larger symbol; at most 100,000 pairs of context and next
 * symbol a depth. */
#include "qrng.h"
#include "entropy/contexts.h"
#include "entropy/scoreboard.h"

enum { MAX_PAIRS = 100000 };

size_t qrng_entropy_contexts_scratch_bytes(unsigned node_bits, unsigned pair_bits_max) {
    return contexts_bytes(node_bits, pair_bits_max);
}

/* Let the next symbol into the dictionaries of lengths first to last that have room; returns these lengths.
 */
static unsigned admit(uint32_t *held, unsigned *open, unsigned first, unsigned last) {
    unsigned in = *open & ((1u << last) - (1u << (first - 1)));
    for (unsigned rest = in; rest; rest &= rest - 1) {
        unsigned d = (unsigned)__builtin_ctz(rest);
        if (++held[d] == MAX_PAIRS)
            *open &= ~(1u << d);
    }
    return in;
}

int qrng_entropy_multi_mmc(qrng_prediction *out, const uint8_t *symbols, uint64_t n, void *scratch,
                           unsigned node_bits, unsigned pair_bits_max) {
    if (n > UINT32_MAX || node_bits < 1 || node_bits > SLOT_BITS_MAX || pair_bits_max < 1 ||
        pair_bits_max > 30)
        return QRNG_EINVAL;
    contexts c;
    contexts_init(&c, symbols, scratch, node_bits, pair_bits_max);
    scoreboard board;
    memset(&board, 0, sizeof board);
    uint32_t held[LONGEST_CONTEXT] = {0};
    unsigned open = 0xffff; /* lengths whose dictionary has room */
    for (uint64_t i = 1; i < n; i++) {
        unsigned longest = i < LONGEST_CONTEXT ? (unsigned)i : LONGEST_CONTEXT, winner = board.winner;
        uint8_t next = symbols[i];
        uint32_t parent = ROOT_CONTEXT;
        int found = 1; /* an unknown context ends prediction for all longer ones */
        for (unsigned d = 1; d <= longest; d++) {
            uint32_t slot = context_find(&c, parent, symbols[i - d]);
            if (slot == NONE) {
                unsigned in = admit(held, &open, d, longest);
                if (in && !context_add_leaf(&c, parent, symbols[i - d], i, in))
                    return QRNG_EFULL;
                break;
            }
            if (c.nodes[slot].leaf && !context_open(&c, slot, d))
                return QRNG_EFULL;
            context *node = &c.nodes[slot];
            found = found && node->best_count;
            if (found) {
                int right = node->best == next;
                if (d - 1 == winner)
                    scoreboard_judge(&board, right);
                if (right)
                    scoreboard_credit(&board, d - 1);
            }
            pair *p = found ? context_known(&c, slot, next) : NULL;
            if (!p && admit(held, &open, d, d) && !(p = context_pair(&c, slot, next)))
                return QRNG_EFULL;
            if (p)
                context_count(node, p, next);
            parent = slot;
        }
    }
    scoreboard_result(&board, out);
    return QRNG_OK;
}
