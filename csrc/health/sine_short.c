/* Swings of 64 to 512 bits. A bet on one has to know its period to a fraction of a turn over the thousands of
 * bits that it needs, so there are many: 112 periods, 8 phases, 2 sizes. They are kept as logarithms, in
 * integers, and settled every 256 bits: of a Shiryaev-Roberts sum only the largest term is kept (a CUSUM),
 * which is never above the sum. Bets are added up once the best of them is worth it: the best alone is less.
 *
 * A bet pays 2^r times as much on a one as on a zero, r a swing over the block, and on the likelier of the
 * two 1 / (g + (1 - g) 2^-|r|), of mean at most 1 for every source inside the claim. Its logarithm over a
 * block is then a sum over the ones, which the cosine and the sine parts of the counts give for every phase
 * at once, less a cost that depends on the place of the swing alone. Turns are counted against 32 blocks, so
 * that the places come again. At a claim below one bit the bet loses where the swing is small; it wins if the
 * chance of a one swings by more than 4 / pi of what the claim allows. */
#include <math.h>

#include "cpu/kernels.h"
#include "health/sine_short.h"

static const double turn_radians = 6.283185307179586;

/* Rounding makes what a bet is paid at most 4 units more than its cost was computed for: two products rounded
 * down, their sum times the root of a half rounded down, and places rounded. */
enum { SLACK = 5 };

/* log2 of the mean, at the claim, of 2^(r times ones less half) over the first parts of a block, in units;
 * and of half of r. */
static void costs(int16_t *cost, const double *r, int parts, double g) {
    double mean[SHORT_SIZES] = {1, 1};
    for (int i = 0; i < parts; i++)
        for (int a = 0; a < SHORT_SIZES; a++) {
            const double h = exp2(fabs(r[i]) / (2 * (a + 1) * SHORT_UNIT));
            mean[a] *= g * h + (1 - g) / h;
        }
    for (int a = 0; a < SHORT_SIZES; a++)
        cost[a] = (int16_t)(ceil(SHORT_UNIT * SHORT_PART * log2(mean[a])) + SLACK);
}

/* Place of bet k of swing f in the block's middle, in turns of SHORT_TURNS; half a turn on it is the same bet
 * on the other value. */
static int place_of(int f, uint32_t turn, int k) {
    const int at = (SHORT_FIRST + f) * (int)turn + SHORT_TURNS - k * SHORT_TURNS / (2 * SHORT_PHASES);
    return at % (SHORT_TURNS / 2);
}

void sine_short_init(sine_short *b, double g, double amplitude) {
    const double q = g + 2 * (1 - g) * amplitude;
    const double odds = log2(q / g) - log2((1 - q) / (1 - g));
    const double size = odds * SHORT_UNIT / 127; /* units of evidence in a one */
    double cosine[SHORT_TURNS], sine[SHORT_TURNS], r[SHORT_PARTS];
    memset(b, 0, sizeof *b);
    for (int i = 0; i < SHORT_UNIT; i++)
        b->fraction[i] = exp2((double)i / SHORT_UNIT);
    for (int p = 0; p < SHORT_TURNS; p++) {
        cosine[p] = rint(32768 * size * cos(turn_radians * p / SHORT_TURNS));
        sine[p] = rint(32768 * size * sin(turn_radians * p / SHORT_TURNS));
    }
    for (int f = 0; f < SHORT_PERIODS; f++) {
        const int turns = SHORT_FIRST + f;
        int16_t whole[SHORT_TURNS / 2][SHORT_SIZES];
        for (int j = 0; j < SHORT_FOLDS; j++) {
            const double angle = turn_radians * turns * (j + 0.5) / (SHORT_PARTS * SHORT_TURNS);
            b->even[j][f] = (int16_t)rint(127 * cos(angle));
            b->odd[j][f] = (int16_t)rint(127 * sin(angle));
        }
        for (int p = 0; p < SHORT_TURNS / 2; p++) {
            for (int j = 0; j < SHORT_FOLDS; j++) {
                const double in = b->even[j][f] * cosine[p], across = b->odd[j][f] * sine[p];
                r[SHORT_FOLDS + j] = (in - across) / 32768;
                r[SHORT_FOLDS - 1 - j] = (in + across) / 32768;
            }
            costs(whole[p], r, SHORT_PARTS, g);
            for (int i = 0; i < SHORT_PEEKS; i++)
                costs(b->part_cost[i][f][p], r, (i + 1) * SHORT_PEEK / SHORT_PART, g);
        }
        for (uint32_t t = 0; t < SHORT_TURNS; t++) {
            const uint32_t place = (uint32_t)turns * t % SHORT_TURNS;
            b->cosine[t][f] = (int16_t)cosine[place];
            b->sine[t][f] = (int16_t)sine[place];
            for (int k = 0; k < SHORT_PHASES; k++)
                for (int a = 0; a < SHORT_SIZES; a++)
                    b->cost[t].at[k][a][f] = whole[place_of(f, t, k)][a];
        }
    }
}

/* 2^(m / SHORT_UNIT), 1 below. */
static double power(const sine_short *b, int32_t m) {
    return m > 0 ? ldexp(b->fraction[m % SHORT_UNIT], m / SHORT_UNIT) : 1;
}

/* Mean of the bets' products, times the bits of a block. */
static double value_of(const sine_short *b, const short_wealth *wealth, int32_t top) {
    const int16_t *m = &wealth->at[0][0][0][0];
    double sum = 0;
    for (int i = 0; i < SHORT_BETS && top > SHORT_WORTH; i++)
        sum += power(b, m[i]);
    return (top > SHORT_WORTH ? sum : power(b, top)) * ((double)SHORT_BLOCK / SHORT_BETS);
}

void sine_short_evaluate(sine_short *b, const uint8_t *ones, uint64_t seen) {
    const uint32_t turn = (uint32_t)(seen / SHORT_BLOCK - 1) % SHORT_TURNS;
    const int32_t top = qrng_kernels_get()->sine_short(b, &b->m, &b->cost[turn], ones, turn);
    int16_t *m = &b->m.at[0][0][0][0];
    b->value = value_of(b, &b->m, top);
    for (int i = 0; i < SHORT_BETS && top > SHORT_MOST; i++)
        m[i] = m[i] > SHORT_MOST ? SHORT_MOST : m[i];
    if (top < 14 * SHORT_UNIT) /* with nothing to find the best of the bets hovers around 11 bits */
        b->quiet = (double)seen;
}

/* The kernel on a copy, with half of the bits to come ones, which pays nothing, and the cost of those that
 * came. Products that begin in this block stand for all of its bits, and only those before it are counted: a
 * block's bits less. */
double sine_short_peek(const sine_short *b, const uint8_t *ones, uint64_t seen, uint32_t bits) {
    const uint32_t turn = (uint32_t)(seen / SHORT_BLOCK) % SHORT_TURNS;
    uint8_t so_far[SHORT_PARTS];
    short_wealth m = b->m;
    short_costs cost;
    memset(so_far, SHORT_PART / 2, sizeof so_far);
    memcpy(so_far, ones, bits / SHORT_PART);
    for (int k = 0; k < SHORT_PHASES; k++)
        for (int a = 0; a < SHORT_SIZES; a++)
            for (int f = 0; f < SHORT_PERIODS; f++)
                cost.at[k][a][f] = b->part_cost[bits / SHORT_PEEK - 1][f][place_of(f, turn, k)][a];
    const int32_t top = qrng_kernels_get()->sine_short(b, &m, &cost, so_far, turn);
    return top > SHORT_WORTH ? value_of(b, &m, top) - SHORT_BLOCK : 0;
}

void sine_short_leader(const sine_short *b, uint32_t *period, uint32_t *size) {
    int32_t best = INT16_MIN;
    for (int k = 0; k < SHORT_PHASES; k++)
        for (int a = 0; a < SHORT_SIZES; a++)
            for (int side = 0; side < 2; side++)
                for (int f = 0; f < SHORT_PERIODS; f++)
                    if (b->m.at[k][a][side][f] > best) {
                        best = b->m.at[k][a][side][f];
                        *period = (uint32_t)(SHORT_BLOCK * SHORT_TURNS / (SHORT_FIRST + f));
                        *size = (uint32_t)a;
                    }
}
