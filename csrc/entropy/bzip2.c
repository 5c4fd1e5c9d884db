/* Blocks of bzip2: runs of equal bytes shortened, rotations sorted, bytes moved to front, runs of zeros
 * shortened. */
#include <string.h>

#include "qrng.h"
#include "entropy/bzip2.h"

static void *take(uint8_t *scratch, size_t *used, size_t bytes) {
    void *taken = scratch ? scratch + *used : NULL;
    *used += (bytes + 63) / 64 * 64;
    return taken;
}

/* Returns the bytes carved; without a scratch, those that it needs. */
static size_t carve(bzip2_buffers *w, uint8_t *scratch, unsigned level) {
    size_t n = 100000 * (size_t)level, used = 0;
    w->keys = take(scratch, &used, n * sizeof *w->keys);
    w->spare = take(scratch, &used, n * sizeof *w->spare);
    w->order = take(scratch, &used, n * sizeof *w->order);
    w->rank = take(scratch, &used, n * sizeof *w->rank);
    w->groups = take(scratch, &used, 2 * (n + 2) * sizeof *w->groups);
    w->bins = take(scratch, &used, sizeof *w->bins << 16);
    w->symbols = take(scratch, &used, n * sizeof *w->symbols);
    w->bytes = take(scratch, &used, n);
    w->before = take(scratch, &used, n);
    return used;
}

void qrng_bzip2_carve(bzip2_buffers *w, void *scratch, unsigned level) {
    carve(w, scratch, level);
}

size_t qrng_entropy_bzip2_scratch_bytes(unsigned level) {
    bzip2_buffers w;
    return level >= 1 && level <= 9 ? carve(&w, NULL, level) : 0;
}

unsigned qrng_bzip2_map_bits(const uint8_t *used) {
    unsigned bits = 16;
    for (unsigned group = 0; group < 256; group += 16)
        bits += memchr(used + group, 1, 16) ? 16 : 0;
    return bits;
}

/* Symbols of a block: zeros come in runs, whose lengths are written with digits 1 and 2 (symbols 0 and 1). */
typedef struct {
    uint16_t *next;
    uint32_t *frequency;
    uint64_t zeros;
} coder;

static void put(coder *c, unsigned symbol) {
    *c->next++ = (uint16_t)symbol;
    c->frequency[symbol]++;
}

static void end_run(coder *c) {
    for (; c->zeros; c->zeros = (c->zeros - 1) / 2)
        put(c, (c->zeros - 1) & 1);
}

static void put_place(coder *c, unsigned place) {
    if (!place) {
        c->zeros++;
        return;
    }
    if (c->zeros)
        end_run(c);
    put(c, place + 1);
}

/* Up to 16 codes: the list is one word of four-bit entries, the front lowest. */
static void move_to_front_16(coder *c, const uint8_t *codes, uint32_t n) {
    const uint64_t ones = 0x1111111111111111u, highs = 0x8888888888888888u;
    uint64_t list = 0xfedcba9876543210u;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t differ = list ^ codes[i] * ones;
        unsigned place = (unsigned)__builtin_ctzll((differ - ones) & ~differ & highs) & ~3u; /* in bits */
        uint64_t stay = ~(uint64_t)0 << place << 4;
        list = (list & stay) | ((list << 4 | codes[i]) & ~stay);
        put_place(c, place / 4);
    }
}

static void move_to_front_256(coder *c, const uint8_t *codes, uint32_t n) {
    uint8_t list[256];
    for (unsigned v = 0; v < 256; v++)
        list[v] = (uint8_t)v;
    for (uint32_t i = 0; i < n; i++) {
        unsigned place = 0;
        while (list[place] != codes[i])
            place++;
        memmove(list + 1, list, place);
        list[0] = codes[i];
        put_place(c, place);
    }
}

uint64_t qrng_bzip2_block_bits(bzip2_buffers *w, uint32_t n, unsigned used) {
    uint32_t frequency[BZIP2_SYMBOLS] = {0};
    uint16_t *symbols = (uint16_t *)(void *)w->keys;
    coder c = {symbols, frequency, 0};
    if (used <= 16)
        move_to_front_16(&c, w->before, n);
    else
        move_to_front_256(&c, w->before, n);
    end_run(&c);
    put(&c, used + 1); /* end of the block */
    return BZIP2_BLOCK_BITS +
           qrng_bzip2_coded_bits(symbols, (uint32_t)(c.next - symbols), frequency, used + 2);
}

uint64_t qrng_bzip2_bytes_bits(bzip2_buffers *w, uint32_t n) {
    uint8_t used[256] = {0}, code[256];
    for (uint32_t i = 0; i < n; i++)
        used[w->bytes[i]] = 1;
    unsigned count = 0;
    for (unsigned v = 0; v < 256; v++)
        if (used[v])
            code[v] = (uint8_t)count++;
    for (uint32_t i = 0; i < n; i++)
        w->symbols[i] = code[w->bytes[i]];
    qrng_rotations_sort(w, n, count);
    for (uint32_t r = 0; r < n; r++)
        w->before[r] = (uint8_t)w->symbols[w->order[r] ? w->order[r] - 1 : n - 1];
    return qrng_bzip2_map_bits(used) + qrng_bzip2_block_bits(w, n, count);
}

uint64_t qrng_entropy_bzip2_length(const uint8_t *text, uint64_t n, unsigned level, void *scratch) {
    bzip2_buffers w;
    carve(&w, scratch, level);
    uint32_t full = 100000 * level - BZIP2_SLACK, held = 0;
    uint64_t bits = BZIP2_STREAM_BITS;
    for (uint64_t at = 0; at < n;) {
        uint64_t run = 1;
        while (run < BZIP2_RUN_MAX && at + run < n && text[at + run] == text[at])
            run++;
        uint32_t kept = run < 4 ? (uint32_t)run : 4;
        memset(w.bytes + held, text[at], kept);
        held += kept;
        if (run >= 4)
            w.bytes[held++] = (uint8_t)(run - 4);
        at += run;
        /* A run is added when the byte after it is read; if that byte is the last one, its block takes it
         * too. */
        if (at == n || (held >= full && n - at > 1)) {
            bits += qrng_bzip2_bytes_bits(&w, held);
            held = 0;
        }
    }
    return (bits + 7) / 8;
}
