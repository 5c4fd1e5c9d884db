/* Random permutations for the IID tests (SP 800-90B section 5.1): Fisher and Yates, with indices by Lemire's
 * method (2018) from xoshiro256** (Blackman, Vigna 2018). Any good generator serves; this one is seeded, so
 * that a verdict can be repeated. */
#include <string.h>

#include "qrng.h"

typedef struct {
    uint64_t s[4];
} generator;

static uint64_t rotate(uint64_t v, unsigned k) {
    return v << k | v >> (64 - k);
}

static uint64_t next(generator *g) {
    uint64_t *s = g->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* SplitMix64 fills the state, as the generator's authors advise. */
static uint64_t mix(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void qrng_entropy_shuffle(uint8_t *out, const uint8_t *symbols, uint64_t n, uint64_t seed, uint64_t round) {
    generator g;
    uint64_t state = seed;
    state = mix(&state) ^ round;
    for (unsigned i = 0; i < 4; i++)
        g.s[i] = mix(&state);
    if (out != symbols)
        memcpy(out, symbols, n);
    uint64_t word = 0;
    int half = 0; /* a word of the generator serves two draws */
    for (uint64_t left = n; left > 1; left--) {
        uint64_t product;
        uint32_t bound = (uint32_t)left;
        for (;;) {
            word = half ? word >> 32 : next(&g);
            half = !half;
            product = (uint64_t)(uint32_t)word * bound;
            if ((uint32_t)product >= bound || (uint32_t)product >= (uint32_t)-bound % bound)
                break;
        }
        uint64_t j = product >> 32;
        uint8_t swap = out[left - 1];
        out[left - 1] = out[j];
        out[j] = swap;
    }
}
