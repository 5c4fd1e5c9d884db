/* A test of conditional min-entropy: does what was recorded beside the bits foretell them? Weights of the
 * side data, of two earlier bits and of all their pairwise products are learned online, each with a step that
 * shrinks with what it has seen (a diagonal Newton step, as in AdaGrad: Duchi, Hazan, Singer 2011), down to
 * one of three floors, so that what changes is followed. Belief: 1/2 + 1/2 softsign of their sum. Only +, -,
 * *, / and comparisons. */
#include <math.h>
#include <string.h>

#include "qrng.h"

#define SIDE_KIND 0x3130454449534e52u

enum { EXPERTS = 3, OWN = 2, MOST = QRNG_SIDE_MOST + OWN, TERMS = 1 + MOST + MOST * (MOST - 1) / 2 };

/* The most that a term's precision grows to: memories of about 1,024, 4,096 and 16,384 symbols. */
static const double most_precise[EXPERTS] = {512, 2048, 8192};

typedef struct {
    uint64_t kind, seen;
    uint32_t lanes, columns, terms, at; /* at: place of the next bit in `bits` */
    double g, total;
    double mean[QRNG_SIDE_MOST],
        square[QRNG_SIDE_MOST]; /* moments of the side data, forgetting over 4,096 symbols */
    double m[EXPERTS];
    uint64_t quiet[EXPERTS];
    double weight[EXPERTS][TERMS], precision[EXPERTS][TERMS];
    int8_t bits[]; /* the last `reach` bits as -1 and 1, in a ring; 0 before the first */
} side;

static uint32_t reach(uint32_t lanes) {
    return lanes > 1 ? lanes : 2;
}

size_t qrng_side_state_bytes(uint32_t lanes) {
    return (sizeof(side) + reach(lanes) + 7) / 8 * 8;
}

int qrng_side_init(void *state, uint32_t lanes, uint32_t columns, double g) {
    side *b = state;
    if (lanes < 1 || lanes > QRNG_HEALTH_MAX_LANES || columns < 1 || columns > QRNG_SIDE_MOST ||
        !(g >= 0.5 && g < 1))
        return QRNG_EINVAL;
    memset(b, 0, qrng_side_state_bytes(lanes));
    const uint32_t n = columns + OWN;
    b->kind = SIDE_KIND;
    b->lanes = lanes;
    b->columns = columns;
    b->terms = 1 + n + n * (n - 1) / 2;
    b->g = g;
    for (int e = 0; e < EXPERTS; e++)
        for (uint32_t i = 0; i < b->terms; i++)
            b->precision[e][i] = 32 + 2.0 * b->terms;
    return QRNG_OK;
}

int qrng_side_check(const void *state, size_t bytes) {
    const side *b = state;
    if (bytes < sizeof(side) || b->kind != SIDE_KIND || b->lanes < 1 || b->lanes > QRNG_HEALTH_MAX_LANES ||
        bytes != qrng_side_state_bytes(b->lanes) || b->columns < 1 || b->columns > QRNG_SIDE_MOST ||
        b->terms != 1 + (b->columns + OWN) + (b->columns + OWN) * (b->columns + OWN - 1) / 2 ||
        b->at >= reach(b->lanes))
        return QRNG_EINVAL;
    return QRNG_OK;
}

/* A value in units of its own spread, at most 4; what is no number says nothing. */
static double standard(side *b, uint32_t column, double value) {
    double *mean = &b->mean[column], *square = &b->square[column];
    if (!(value > -1e30 && value < 1e30))
        return 0;
    const double share = b->seen < 4095 ? 1.0 / (double)(b->seen + 1) : 1.0 / 4096, off = value - *mean;
    double out = *square > 0 ? off / sqrt(*square) : 0;
    *mean += share * off;
    *square += share * (off * (value - *mean) - *square);
    return out > 4 ? 4 : out < -4 ? -4 : out;
}

static void gather(double *term, side *b, const double *row) {
    const uint32_t n = b->columns + OWN, size = reach(b->lanes);
    double *u = term + 1;
    uint32_t t = 1 + n;
    term[0] = 1;
    u[0] = b->bits[(b->at + size - 1) % size]; /* the bit before, with lanes the neighbour's */
    u[1] = b->bits[b->at];                     /* the lane's last, or the last but one */
    for (uint32_t c = 0; c < b->columns; c++)
        u[OWN + c] = standard(b, c, row[c]);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++)
            term[t++] = u[i] * u[j];
}

uint64_t qrng_side_scan(void *state, const uint8_t *symbols, const double *rows, uint64_t n,
                        double threshold) {
    side *b = state;
    double term[TERMS];
    for (uint64_t i = 0; i < n; i++) {
        const unsigned bit = symbols[i] & 1;
        double sum = 0;
        gather(term, b, rows + i * b->columns);
        for (int e = 0; e < EXPERTS; e++) {
            double *w = b->weight[e], *precision = b->precision[e], v = 0;
            for (uint32_t k = 0; k < b->terms; k++)
                v += w[k] * term[k];
            const double q = 0.5 + 0.499 * (v / (1 + fabs(v))), missed = bit - q;
            const double belief = q > 0.5 ? q : 1 - q; /* in the bit that it foretells */
            double paid = 1;
            if (belief > b->g)
                paid = (q > 0.5) == bit ? belief / b->g : (1 - belief) / (1 - b->g);
            b->m[e] = paid * (b->m[e] + 1);
            sum += b->m[e];
            if (b->m[e] <= 4096)
                b->quiet[e] = b->seen;
            for (uint32_t k = 0; k < b->terms; k++) {
                const double more = precision[k] + 0.5 * term[k] * term[k];
                precision[k] = more < most_precise[e] ? more : most_precise[e];
                w[k] += missed * term[k] / precision[k];
            }
        }
        b->bits[b->at] = bit ? 1 : -1;
        b->at = b->at + 1 == reach(b->lanes) ? 0 : b->at + 1;
        b->seen++;
        b->total = sum / EXPERTS;
        if (b->total >= threshold)
            return i;
    }
    return n;
}

void qrng_side_leader(const void *state, qrng_evidence *found) {
    const side *b = state;
    double most = -1;
    uint32_t best = 0;
    for (uint32_t e = 1; e < EXPERTS; e++)
        best = b->m[e] > b->m[best] ? e : best;
    *found = (qrng_evidence){.total = b->total, .quiet = b->quiet[best], .bet = best};
    for (uint32_t k = 0; k < b->terms; k++)
        if (fabs(b->weight[best][k]) > most) {
            most = fabs(b->weight[best][k]);
            found->feature = k;
        }
}
