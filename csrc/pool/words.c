#include <string.h>

#include "qrng.h"

/* SplitMix64 (Steele, Lea, Flood 2014): no randomness, only an end to loops that reject equal words. */
static uint64_t last_resort(qrng_words *w) {
    uint64_t z = w->last_resort += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t take(qrng_words *w, size_t n) {
    uint64_t v = 0;
    if (w->bytes - w->at < n && (w->refill(w) != 0 || w->bytes - w->at < n))
        return last_resort(w);
    memcpy(&v, w->buffer + w->at, n);
    qrng_wipe(w->buffer + w->at, n);
    w->at += n;
    return v;
}

static uint64_t next_uint64(void *state) {
    return take(state, 8);
}

static uint32_t next_uint32(void *state) {
    return (uint32_t)take(state, 4);
}

static double next_double(void *state) {
    return (double)(take(state, 8) >> 11) * 0x1p-53;
}

void qrng_words_bitgen(qrng_bitgen *out, qrng_words *words) {
    *out = (qrng_bitgen){words, next_uint64, next_uint32, next_double, next_uint64};
}
