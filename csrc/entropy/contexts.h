/* Contexts of up to 16 symbols with what followed them, for the predictors MultiMMC and LZ78Y (SP
 * 800-90B 6.3.9 and 6.3.10) on symbols of more than one bit.
 *
 * A trie that grows to the left: the child of a context is the context one symbol longer. A branch seen once
 * is a single leaf that points to the place in the text; it stands for all the longer contexts there and
 * becomes a node when it is met again. So memory follows what repeats and not 16 contexts a symbol. `depths`
 * of a leaf says which lengths were let into the dictionary at that time (bit d-1 for length d): a full
 * dictionary refuses some. */
#ifndef QRNG_ENTROPY_CONTEXTS_H
#define QRNG_ENTROPY_CONTEXTS_H

#include <string.h>

#include "qrng.h"

enum { LONGEST_CONTEXT = 16 };
#define NONE UINT32_MAX

typedef struct {
    uint32_t key;        /* parent's slot and symbol; NONE: a free slot */
    uint32_t place;      /* leaf: where the symbol that followed stands */
    uint32_t best_count; /* node: count of the most common next symbol; 0: not in the dictionary */
    uint16_t depths;     /* leaf: lengths in the dictionary */
    uint8_t best;        /* node: the most common next symbol, of equals the largest */
    uint8_t leaf;
} context;

typedef struct {
    uint32_t key; /* context's slot and next symbol */
    uint32_t count;
} pair;

typedef struct {
    const uint8_t *text;
    context *nodes;
    pair *space;                                  /* a table of 2^b pairs lies behind the first 2^b entries */
    pair *pairs;                                  /* the one in use */
    unsigned node_bits, pair_bits, pair_bits_max; /* log2 of the slots */
    uint32_t nodes_left, pairs_left;
} contexts;

/* Slots fit in 24 bits, so that a key has room for a symbol; the root is no slot. */
enum { ROOT_CONTEXT = 0xfffffe, SLOT_BITS_MAX = 23 };

enum { FIRST_PAIR_BITS = 8 }; /* doubled as pairs come */

static inline size_t contexts_bytes(unsigned node_bits, unsigned pair_bits_max) {
    return (sizeof(context) << node_bits) + (sizeof(pair) << (pair_bits_max + 1));
}

/* At most three quarters of the slots are taken. */
static inline uint32_t slots_used(unsigned bits) {
    return (uint32_t)(((uint64_t)3 << bits) / 4);
}

static inline void pairs_empty(contexts *c, unsigned bits) {
    c->pair_bits = bits;
    c->pairs = c->space + ((size_t)1 << bits);
    memset(c->pairs, 0xff, sizeof(pair) << bits);
}

static inline void contexts_init(contexts *c, const uint8_t *text, void *scratch, unsigned node_bits,
                                 unsigned pair_bits_max) {
    c->text = text;
    c->nodes = scratch;
    c->node_bits = node_bits;
    c->nodes_left = slots_used(node_bits);
    memset(c->nodes, 0xff, sizeof(context) << node_bits);
    c->space = (pair *)(c->nodes + ((size_t)1 << node_bits));
    c->pair_bits_max = pair_bits_max;
    pairs_empty(c, pair_bits_max < FIRST_PAIR_BITS ? pair_bits_max : FIRST_PAIR_BITS);
    c->pairs_left = slots_used(c->pair_bits);
}

static inline uint32_t slot_of(uint32_t key, unsigned bits) {
    return (key * 0x9e3779b1u) >> (32 - bits);
}

static inline uint32_t context_find(const contexts *c, uint32_t parent, uint8_t symbol) {
    uint32_t key = parent << 8 | symbol, mask = ((uint32_t)1 << c->node_bits) - 1;
    for (uint32_t s = slot_of(key, c->node_bits);; s = (s + 1) & mask) {
        if (c->nodes[s].key == key)
            return s;
        if (c->nodes[s].key == NONE)
            return NONE;
    }
}

/* A leaf for the symbol at `place`, under `parent` through `symbol`; 0 if the table is full. */
static inline int context_add_leaf(contexts *c, uint32_t parent, uint8_t symbol, uint64_t place,
                                   unsigned depths) {
    if (!c->nodes_left)
        return 0;
    c->nodes_left--;
    uint32_t key = parent << 8 | symbol, mask = ((uint32_t)1 << c->node_bits) - 1,
             s = slot_of(key, c->node_bits);
    while (c->nodes[s].key != NONE)
        s = (s + 1) & mask;
    c->nodes[s] = (context){.key = key, .place = (uint32_t)place, .depths = (uint16_t)depths, .leaf = 1};
    return 1;
}

/* Where a key is, or the free slot where it would be. */
static inline pair *pair_place(const contexts *c, uint32_t key) {
    uint32_t mask = ((uint32_t)1 << c->pair_bits) - 1, s = slot_of(key, c->pair_bits);
    while (c->pairs[s].key != key && c->pairs[s].key != NONE)
        s = (s + 1) & mask;
    return &c->pairs[s];
}

/* Move to the table of twice the size; 0 if there is none. */
static inline int pairs_grow(contexts *c) {
    if (c->pair_bits == c->pair_bits_max)
        return 0;
    const pair *old = c->pairs, *end = old + ((size_t)1 << c->pair_bits);
    c->pairs_left += slots_used(c->pair_bits + 1) - slots_used(c->pair_bits);
    pairs_empty(c, c->pair_bits + 1);
    for (; old < end; old++)
        if (old->key != NONE)
            *pair_place(c, old->key) = *old;
    return 1;
}

/* The entry of (context, next symbol), made with count 0 if it is new; NULL if the table is full. */
static inline pair *context_pair(contexts *c, uint32_t slot, uint8_t next) {
    uint32_t key = slot << 8 | next;
    pair *p = pair_place(c, key);
    if (p->key == key)
        return p;
    if (!c->pairs_left) {
        if (!pairs_grow(c))
            return NULL;
        p = pair_place(c, key);
    }
    c->pairs_left--;
    *p = (pair){key, 0};
    return p;
}

/* Is (context, next symbol) known? */
static inline pair *context_known(const contexts *c, uint32_t slot, uint8_t next) {
    pair *p = pair_place(c, slot << 8 | next);
    return p->key == NONE ? NULL : p;
}

/* Count `next` once more after the context. */
static inline void context_count(context *node, pair *p, uint8_t next) {
    uint32_t count = ++p->count;
    if (count > node->best_count || (count == node->best_count && next > node->best)) {
        node->best_count = count;
        node->best = next;
    }
}

/* Turn the leaf of length d in `slot` into a node, with a leaf below for what is longer; 0 if a table is
 * full. */
static inline int context_open(contexts *c, uint32_t slot, unsigned d) {
    context leaf = c->nodes[slot];
    context *node = &c->nodes[slot];
    node->leaf = 0;
    node->best_count = 0;
    if (leaf.depths >> (d - 1) & 1) {
        pair *p = context_pair(c, slot, c->text[leaf.place]);
        if (!p)
            return 0;
        context_count(node, p, c->text[leaf.place]);
    }
    unsigned longer = d < LONGEST_CONTEXT ? (unsigned)leaf.depths >> d << d : 0;
    return !longer || context_add_leaf(c, slot, c->text[leaf.place - d - 1], leaf.place, longer);
}

#endif
