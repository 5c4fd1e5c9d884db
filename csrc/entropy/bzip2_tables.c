/* Huffman tables of bzip2, for what they cost: groups of 50 symbols choose the cheapest of up to six tables,
 * which are made anew from the groups that chose them, four times over. */
#include <string.h>

#include "entropy/bzip2.h"

enum {
    GROUP = 50,
    TABLES = 6,
    PASSES = 4,
    LONGEST = 17,    /* bits of a code */
    UNLIKELY = 15,   /* bits that a table first sets for a symbol outside its share */
    FIELD = 10,      /* bits of a sum over a group: 50 codes of 17 bits fit */
    FIRST_BITS = 18, /* number of tables, number of groups */
    START_BITS = 5   /* of a table: the first length */
};

/* A binary heap of tree nodes, 1 its root; the order of equal weights decides which code is the longer. */
typedef struct {
    uint32_t weight[2 * BZIP2_SYMBOLS];
    uint16_t node[BZIP2_SYMBOLS + 2];
    unsigned size;
} heap;

static void sift_up(heap *h, unsigned at) {
    uint16_t node = h->node[at];
    for (; at > 1 && h->weight[node] < h->weight[h->node[at / 2]]; at /= 2)
        h->node[at] = h->node[at / 2];
    h->node[at] = node;
}

static uint16_t take_least(heap *h) {
    uint16_t least = h->node[1], node = h->node[h->size--];
    unsigned at = 1;
    for (unsigned child; (child = 2 * at) <= h->size; at = child) {
        if (child < h->size && h->weight[h->node[child + 1]] < h->weight[h->node[child]])
            child++;
        if (h->weight[node] < h->weight[h->node[child]])
            break;
        h->node[at] = h->node[child];
    }
    h->node[at] = node;
    return least;
}

/* Code lengths of a Huffman tree. A weight is a frequency, in the upper 24 bits, and the depth of the tree
 * below, so that of equal frequencies the shallower tree goes first. While a code is too long the frequencies
 * are halved. */
static void code_lengths(uint8_t *length, const uint32_t *frequency, unsigned alphabet) {
    heap h;
    uint16_t parent[2 * BZIP2_SYMBOLS];
    uint8_t depth[2 * BZIP2_SYMBOLS] = {0}; /* the root's */
    uint32_t leaf[BZIP2_SYMBOLS];
    for (unsigned v = 0; v < alphabet; v++)
        leaf[v] = frequency[v] ? frequency[v] : 1;
    for (;;) {
        h.size = 0;
        for (unsigned v = 0; v < alphabet; v++) {
            h.weight[v] = leaf[v] << 8;
            h.node[++h.size] = (uint16_t)v;
            sift_up(&h, h.size);
        }
        unsigned nodes = alphabet;
        while (h.size > 1) {
            uint16_t a = take_least(&h), b = take_least(&h);
            uint32_t deep_a = h.weight[a] & 255, deep_b = h.weight[b] & 255;
            parent[a] = parent[b] = (uint16_t)nodes;
            h.weight[nodes] =
                ((h.weight[a] >> 8) + (h.weight[b] >> 8)) << 8 | (1 + (deep_a > deep_b ? deep_a : deep_b));
            h.node[++h.size] = (uint16_t)nodes++;
            sift_up(&h, h.size);
        }
        unsigned deepest = h.weight[nodes - 1] & 255;
        for (unsigned v = nodes - 1; v-- > 0;)
            depth[v] = (uint8_t)(depth[parent[v]] + 1);
        if (deepest <= LONGEST)
            break;
        for (unsigned v = 0; v < alphabet; v++)
            leaf[v] = 1 + leaf[v] / 2;
    }
    memcpy(length, depth, alphabet);
}

/* The first tables: each has a stretch of the alphabet of about the same frequency. */
static void first_tables(uint8_t (*length)[BZIP2_SYMBOLS], unsigned tables, const uint32_t *frequency,
                         unsigned alphabet, uint32_t n) {
    unsigned from = 0;
    uint32_t left = n;
    for (unsigned part = tables; part > 0; part--) {
        uint32_t wanted = left / part, sum = 0;
        unsigned to = from; /* one past the stretch */
        while (sum < wanted && to < alphabet)
            sum += frequency[to++];
        if (to > from + 1 && part != tables && part != 1 && (tables - part) % 2 == 1)
            sum -= frequency[--to];
        for (unsigned v = 0; v < alphabet; v++)
            length[part - 1][v] = v >= from && v < to ? 0 : UNLIKELY;
        from = to;
        left -= sum;
    }
}

/* The cheapest table for each group, the first of equals; uses[t][v] counts symbols by table. Returns the
 * bits that name the choices, each coded as its place in a list of recent ones. */
static uint64_t choose(uint32_t (*uses)[BZIP2_SYMBOLS], const uint8_t (*length)[BZIP2_SYMBOLS],
                       unsigned tables, const uint16_t *symbols, uint32_t n, unsigned alphabet) {
    uint64_t cost[BZIP2_SYMBOLS], bits = 0;
    uint8_t recent[TABLES] = {0, 1, 2, 3, 4, 5};
    for (unsigned v = 0; v < alphabet; v++) {
        cost[v] = 0;
        for (unsigned t = 0; t < tables; t++)
            cost[v] |= (uint64_t)length[t][v] << (FIELD * t);
    }
    memset(uses, 0, TABLES * sizeof *uses);
    for (uint32_t start = 0; start < n; start += GROUP) {
        uint32_t end = n - start < GROUP ? n : start + GROUP;
        uint64_t sums = 0;
        for (uint32_t i = start; i < end; i++)
            sums += cost[symbols[i]];
        unsigned best = 0, least = ~0u;
        for (unsigned t = 0; t < tables; t++, sums >>= FIELD) {
            unsigned sum = sums & ((1 << FIELD) - 1);
            best = sum < least ? t : best;
            least = sum < least ? sum : least;
        }
        for (uint32_t i = start; i < end; i++)
            uses[best][symbols[i]]++;
        unsigned place = 0;
        while (recent[place] != best)
            place++;
        bits += place + 1;
        memmove(recent + 1, recent, place);
        recent[0] = (uint8_t)best;
    }
    return bits;
}

static unsigned apart(unsigned a, unsigned b) {
    return a > b ? a - b : b - a;
}

uint64_t qrng_bzip2_coded_bits(const uint16_t *symbols, uint32_t n, const uint32_t *frequency,
                               unsigned alphabet) {
    uint8_t length[TABLES][BZIP2_SYMBOLS];
    uint32_t uses[TABLES][BZIP2_SYMBOLS];
    unsigned tables = n < 200 ? 2 : n < 600 ? 3 : n < 1200 ? 4 : n < 2400 ? 5 : 6;
    first_tables(length, tables, frequency, alphabet, n);
    uint64_t bits = 0;
    for (unsigned pass = 0; pass < PASSES; pass++) {
        bits = choose(uses, (const uint8_t (*)[BZIP2_SYMBOLS])length, tables, symbols, n, alphabet);
        for (unsigned t = 0; t < tables; t++)
            code_lengths(length[t], uses[t], alphabet);
    }
    bits += FIRST_BITS;
    for (unsigned t = 0; t < tables; t++) {
        bits += START_BITS;
        for (unsigned v = 0; v < alphabet; v++) /* two bits a step from the length before, one to end */
            bits +=
                (uint64_t)uses[t][v] * length[t][v] + 2 * apart(length[t][v], length[t][v ? v - 1 : 0]) + 1;
    }
    return bits;
}
