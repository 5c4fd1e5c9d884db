/* LZ78Y predictor on symbols, SP 800-90B section 6.3.10: at most 65,536 prefixes of 1 to 16 symbols in all; a
 * known prefix takes every next symbol. The prefix whose most common next symbol has the largest count
 * predicts, of equals the longest. */
#include "qrng.h"
#include "entropy/contexts.h"

enum { MAX_PREFIXES = 65536 };

int qrng_entropy_lz78y(qrng_prediction *out, const uint8_t *symbols, uint64_t n, void *scratch,
                       unsigned node_bits, unsigned pair_bits_max) {
    if (n > UINT32_MAX || node_bits < 1 || node_bits > SLOT_BITS_MAX || pair_bits_max < 1 ||
        pair_bits_max > 30)
        return QRNG_EINVAL;
    contexts c;
    contexts_init(&c, symbols, scratch, node_bits, pair_bits_max);
    *out = (qrng_prediction){0, 0};
    uint64_t run = 0;
    unsigned room = MAX_PREFIXES;
    for (uint64_t i = LONGEST_CONTEXT; i < n; i++) {
        uint8_t next = symbols[i], prediction = 0;
        uint32_t slots[LONGEST_CONTEXT + 1] = {ROOT_CONTEXT}, most = 0;
        unsigned reached = 0, unknown = 0; /* lengths that have a node; lengths that the dictionary lacks */
        while (reached < LONGEST_CONTEXT) {
            uint32_t slot = context_find(&c, slots[reached], symbols[i - reached - 1]);
            if (slot == NONE)
                break;
            slots[++reached] = slot;
            if (c.nodes[slot].leaf && !context_open(&c, slot, reached))
                return QRNG_EFULL;
            const context *node = &c.nodes[slot];
            if (node->best_count == 0)
                unknown |= 1u << (reached - 1);
            else if (node->best_count >= most) {
                most = node->best_count;
                prediction = node->best;
            }
        }
        if (i > LONGEST_CONTEXT) { /* the first prefixes are only learned */
            int right = most && prediction == next;
            run = right ? run + 1 : 0;
            out->correct += (unsigned)right;
            if (run > out->longest_run)
                out->longest_run = run;
        }
        unknown |= 0x10000u - (1u << reached);
        while ((unsigned)__builtin_popcount(unknown) > room) /* the longest are let in first */
            unknown &= unknown - 1;
        room -= (unsigned)__builtin_popcount(unknown);
        for (unsigned d = 1; d <= reached; d++) {
            context *node = &c.nodes[slots[d]];
            if (node->best_count == 0 && !(unknown >> (d - 1) & 1))
                continue;
            pair *p = context_pair(&c, slots[d], next);
            if (!p)
                return QRNG_EFULL;
            context_count(node, p, next);
        }
        unsigned longer = unknown >> reached << reached;
        if (longer && !context_add_leaf(&c, slots[reached], symbols[i - reached - 1], i, longer))
            return QRNG_EFULL;
    }
    return QRNG_OK;
}
