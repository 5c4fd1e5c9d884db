/* Length of bzip2 over symbols in decimal, joined by spaces.
 *
 * A block of such a text is a cycle of words, each ended by its only space, so that no word begins another.
 * Hence words compare as their ranks do, and only the rotations that begin with a word need sorting. A
 * rotation that begins inside a word is the rest of that word before a rotation that begins with one: of
 * equal rests those come first whose following rotation does. No byte occurs four times in a row, so that no
 * run is shortened. */
#include <string.h>

#include "qrng.h"
#include "entropy/bzip2.h"
#include "entropy/radix.h"

enum {
    WORDS = 257,  /* of 256 symbols, and the one that a block's end and start make together */
    WORD_MAX = 7, /* bytes: two times three digits, and the space */
    RESTS = 4 * 256 + WORD_MAX
};

/* Texts are numbers, the first byte highest, zeros after the last. */
typedef struct {
    uint64_t text;
    unsigned length;
} word;

typedef struct {
    word words[WORDS]; /* in order */
    uint64_t rests[RESTS];
    uint16_t rest_of[WORDS]
                    [8]; /* [rank][bytes left out]: index of the rest; a last one for those that aren't */
    uint8_t before[WORDS][8]; /* code of the byte before it */
    uint32_t count[WORDS];    /* in the block */
    unsigned number, number_of_rests, codes;
    uint8_t used[256];
} vocabulary;

static word decimal(unsigned v) {
    word w = {0, 0};
    char digits[4];
    unsigned n = 0;
    for (unsigned unit = 100; unit; unit /= 10)
        if (v >= unit || unit == 1)
            digits[n++] = (char)('0' + v / unit % 10);
    digits[n++] = ' ';
    for (; w.length < n; w.length++)
        w.text |= (uint64_t)(uint8_t)digits[w.length] << (56 - 8 * w.length);
    return w;
}

static unsigned byte_of(const word *w, unsigned i) {
    return w->text >> (56 - 8 * i) & 255;
}

static word without_first(word w, unsigned bytes) {
    return (word){w.text << 8 * bytes, w.length - bytes};
}
static word first_of(word w, unsigned bytes) {
    return bytes ? (word){w.text >> (64 - 8 * bytes) << (64 - 8 * bytes), bytes} : (word){0, 0};
}
static word joined(word a, word b) {
    return (word){a.text | b.text >> 8 * a.length, a.length + b.length};
}

/* Sort and keep one of equals; returns how many. */
static unsigned sort_unique(uint64_t *texts, unsigned n) {
    uint64_t spare[RESTS];
    qrng_radix_sort(texts, spare, n, 56);
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++)
        if (!kept || texts[i] != texts[kept - 1])
            texts[kept++] = texts[i];
    return kept;
}

static unsigned index_of(const uint64_t *texts, unsigned n, uint64_t text) {
    unsigned low = 0;
    while (n > 1) {
        unsigned half = n / 2;
        low += texts[low + half] <= text ? half : 0;
        n -= half;
    }
    return low;
}

static unsigned length_of(uint64_t text) {
    return text ? 8 - (unsigned)__builtin_ctzll(text) / 8 : 0;
}

/* The words of a block: those in `texts`. */
static void learn(vocabulary *v, uint64_t *texts, unsigned n) {
    v->number = sort_unique(texts, n);
    unsigned rests = 0;
    for (unsigned r = 0; r < v->number; r++) {
        v->words[r] = (word){texts[r], length_of(texts[r])};
        v->count[r] = 0;
        for (unsigned i = 0; i < v->words[r].length; i++)
            v->rests[rests++] = texts[r] << 8 * i;
    }
    v->number_of_rests = sort_unique(v->rests, rests);
}

/* After counting: codes of the bytes in use, and where each word's rests belong. */
static void find_rests(vocabulary *v) {
    uint8_t code[256];
    memset(v->used, 0, sizeof v->used);
    for (unsigned r = 0; r < v->number; r++)
        for (unsigned i = 0; v->count[r] && i < v->words[r].length; i++)
            v->used[byte_of(&v->words[r], i)] = 1;
    v->codes = 0;
    for (unsigned b = 0; b < 256; b++)
        code[b] = (uint8_t)(v->used[b] ? v->codes++ : 0);
    for (unsigned r = 0; r < v->number; r++)
        for (unsigned i = 0; i < 8; i++) {
            int is = i < v->words[r].length;
            v->rest_of[r][i] =
                (uint16_t)(is ? index_of(v->rests, v->number_of_rests, v->words[r].text << 8 * i)
                              : v->number_of_rests);
            v->before[r][i] = code[is && i ? byte_of(&v->words[r], i - 1) : ' '];
        }
}

/* From sorted rotations of n words, most of them of up to `usual` bytes, to the bytes before all rotations of
 * the text; returns its length. */
static uint32_t spread(bzip2_buffers *w, const vocabulary *v, uint32_t n, unsigned usual) {
    uint32_t place[RESTS + 2] = {0}, step[RESTS + 1];
    for (unsigned r = 0; r < v->number; r++)
        for (unsigned i = 0; i < v->words[r].length; i++)
            place[v->rest_of[r][i] + 1] += v->count[r];
    for (unsigned i = 0; i < v->number_of_rests; i++) {
        place[i + 1] += place[i];
        step[i] = 1;
    }
    step[v->number_of_rests] = 0; /* what is written there is never read */
    uint32_t bytes = place[v->number_of_rests];
    for (uint32_t p = 0; p < n; p++) {
        uint32_t at = w->order[p];
        unsigned r = w->symbols[at ? at - 1 : n - 1], length = v->words[r].length <= usual ? usual : 8;
        for (unsigned i = 0; i < length; i++) { /* the length seldom changes: branches are predicted */
            unsigned rest = v->rest_of[r][i];
            w->before[place[rest]] = v->before[r][i];
            place[rest] += step[rest];
        }
    }
    return bytes;
}

/* A text of symbols, read on from one block to the next. */
typedef struct {
    const uint8_t *symbols;
    uint64_t n, at; /* the symbol in which the next block begins */
    unsigned skip;  /* bytes of it that are in the block before */
    word word_of[256];
    uint64_t base[WORDS]; /* the words of symbols that occur */
    unsigned number, longest;
} reader;

/* Bytes of symbol i's word; the last has no space. */
static unsigned bytes_of(const reader *in, uint64_t i) {
    return in->word_of[in->symbols[i]].length - (i + 1 == in->n);
}

/* Where the block that begins at `at` ends: in which symbol, and how many bytes of it the block takes. */
static void find_end(const reader *in, uint32_t full, uint64_t *end, unsigned *taken) {
    uint64_t i = in->at, size = bytes_of(in, i) - in->skip;
    while (size < full && i + 1 < in->n)
        size += bytes_of(in, ++i);
    unsigned bytes = bytes_of(in, i), over = size > full ? (unsigned)(size - full) : 0;
    const word *w = &in->word_of[in->symbols[i]];
    *end = i;
    *taken = bytes - over;
    while (*taken < bytes && byte_of(w, *taken) == byte_of(w, *taken - 1))
        ++*taken; /* a run is not cut */
    unsigned left = bytes - *taken;
    if ((i + 1 == in->n && left == 1) || (i + 2 == in->n && !left && bytes_of(in, i + 1) == 1)) {
        *end = in->n - 1; /* a byte that is the last is not left to a block of its own */
        *taken = bytes_of(in, in->n - 1);
    }
}

/* A block without a space: a byte or a few of the only or the last symbol. */
static uint64_t spaceless_bits(bzip2_buffers *w, word text) {
    for (unsigned i = 0; i < text.length; i++)
        w->bytes[i] = (uint8_t)byte_of(&text, i);
    return qrng_bzip2_bytes_bits(w, text.length);
}

/* Bits of the next block. */
static uint64_t block_bits(bzip2_buffers *w, reader *in, vocabulary *v, uint32_t full) {
    uint64_t end, from = in->at;
    unsigned taken, skip = in->skip;
    find_end(in, full, &end, &taken);
    word last = in->word_of[in->symbols[end]], first = without_first(in->word_of[in->symbols[from]], skip);
    int whole_end = taken == last.length;
    in->at = whole_end || end + 1 == in->n ? end + 1 : end;
    in->skip = in->at > end ? 0 : taken;
    if (from == end && taken < last.length)
        return spaceless_bits(w, first_of(first, taken - skip));

    /* The cycle: the end's unfinished word with the start's rest, then whole words. */
    uint64_t texts[WORDS];
    unsigned number = in->number;
    uint32_t n = 0;
    memcpy(texts, in->base, number * sizeof *texts);
    word odd = joined(whole_end ? (word){0, 0} : first_of(last, taken), first);
    texts[number++] = odd.text;
    learn(v, texts, number);
    uint16_t rank[256];
    for (unsigned s = 0; s < 256; s++)
        rank[s] = (uint16_t)index_of(texts, v->number, in->word_of[s].text);
    w->symbols[n++] = (uint16_t)index_of(texts, v->number, odd.text);
    for (uint64_t i = from + 1; i < end + (unsigned)whole_end; i++)
        w->symbols[n++] = rank[in->symbols[i]];
    for (uint32_t i = 0; i < n; i++)
        v->count[w->symbols[i]]++;
    find_rests(v);
    qrng_rotations_sort(w, n, v->number);
    uint32_t bytes = spread(w, v, n, in->longest);
    return qrng_bzip2_map_bits(v->used) + qrng_bzip2_block_bits(w, bytes, v->codes);
}

uint64_t qrng_entropy_decimal_bzip2_length(const uint8_t *symbols, uint64_t n, unsigned low, unsigned step,
                                           unsigned level, void *scratch) {
    bzip2_buffers w;
    vocabulary v;
    reader in = {.symbols = symbols, .n = n};
    uint8_t seen[256] = {0};
    qrng_bzip2_carve(&w, scratch, level);
    for (uint64_t i = 0; i < n; i++)
        seen[symbols[i]] = 1;
    for (unsigned s = 0; s < 256; s++) {
        in.word_of[s] = decimal((low + s * step) & 255);
        if (seen[s]) {
            in.base[in.number++] = in.word_of[s].text;
            in.longest = in.word_of[s].length > in.longest ? in.word_of[s].length : in.longest;
        }
    }
    uint64_t bits = BZIP2_STREAM_BITS;
    while (in.at < n)
        bits += block_bits(&w, &in, &v, 100000 * level - BZIP2_SLACK);
    return (bits + 7) / 8;
}
