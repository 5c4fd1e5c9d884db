#include <math.h>

#include "check.h"
#include "cpu/kernels.h"
#include "health/sine.h"

/* The sine bank written apart from the kernel: every bet's payoff bit by bit, in double precision. */
enum { OCTAVES = 5, PERIODS = 6, SIZES = 3, PHASES = 8, BLOCK = 128, N = BLOCK * 16 * 3 };
static const double sizes[SIZES] = {0.025, 0.05, 0.1};

/* After n bits; of a block that has not ended then only what began before it. */
static double plain(const uint8_t *x, int n, double g) {
    double best = 0;
    for (int j = 0; j < OCTAVES; j++) {
        const int bits = BLOCK << j;
        double sum = 0;
        for (int f = 0; f < PERIODS; f++)
            for (int a = 0; a < SIZES; a++)
                for (int k = 0; k < PHASES; k++) {
                    const double step = floor(0x1p30 * exp2(-(f + 0.5) / PERIODS));
                    double m = 0, turns = floor(step / 2);
                    for (int t = 0; t < n; t += bits) {
                        double place = floor(fmod(turns, 0x1p32) / 0x1p27) + 4 * k, e = 1;
                        double swing = sin(6.283185307179586 * (place + 0.5) / 32);
                        double q = 0.5 + (g - 0.5 + 2 * (1 - g) * sizes[a]) * fabs(swing);
                        for (int i = 0; i < bits && t + i < n; i++)
                            if (q > g)
                                e *=
                                    test_bit(x, (uint64_t)(t + i)) == (swing > 0) ? q / g : (1 - q) / (1 - g);
                        m = e * (t + bits > n ? m : m + bits);
                        turns += step;
                    }
                    sum += m;
                }
        sum /= PERIODS * SIZES * PHASES;
        best = sum > best ? sum : best;
    }
    return best;
}

/* The short swings likewise, bit by bit but for the phase, which is that of the bit's byte; log2 of the best
 * bet, or of the sum of all where the best has 20 bits. */
static double plain_short(const uint8_t *x, double g) {
    double best = 0, sum = 0;
    for (int turns = 16; turns < 128; turns++)
        for (int bet = 0; bet < 16; bet++) {
            const double q = g + 2 * (1 - g) * 0.1, top = log2(q / g) - log2((1 - q) / (1 - g));
            double m = 0, e = 0;
            for (int i = 0; i < N; i++) {
                const double middle = i / 8 * 8 + 4 - 128;
                const double r =
                    top / (1 + bet % 2) * cos(6.283185307179586 * (turns * middle / 8192 - bet / 2 / 8.0));
                const double most = 1 / (g + (1 - g) * exp2(-fabs(r)));
                e += log2(test_bit(x, (uint64_t)i) == (r > 0) ? most : most * exp2(-fabs(r)));
                if (i % 256 == 255) {
                    m = (m > 0 ? m : 0) + e;
                    e = 0;
                }
            }
            best = m > best ? m : best;
            sum += exp2(m > 0 ? m : 0);
        }
    return best > 20 ? log2(sum) : best;
}

static double totals[6], shifts[6]; /* of the portable level, which runs first */

static void equals_its_definition_however_cut(void) {
    uint64_t rng = 2;
    for (int round = 0; round < 6; round++) {
        const double g = round % 2 ? 0.5 : exp2(-0.85);
        uint8_t x[N / 8 + 8];
        test_fill(&rng, x, sizeof x);
        for (int i = 0; i < N && round > 2; i++) /* a swing of period 1000, or of 300 */
            if (test_random(&rng) % (round > 3 ? 5 : 3) == 0) {
                const uint8_t bit = (uint8_t)(128 >> i % 8);
                x[i / 8] = (uint8_t)(sin(i * (round > 3 ? 0.02094 : 0.00628)) > 0 ? x[i / 8] | bit
                                                                                  : x[i / 8] & ~bit);
            }
        size_t bytes = qrng_sine_state_bytes();
        void *whole = malloc(bytes), *cut = malloc(bytes);
        CHECK(qrng_sine_init(whole, g) == QRNG_OK && qrng_sine_init(cut, g) == QRNG_OK);
        CHECK(qrng_sine_scan(whole, x, 0, N + 50, INFINITY) == N + 50);
        for (uint64_t at = 0; at < N + 50;) {
            uint64_t take = 1 + test_random(&rng) % 300;
            take = take < N + 50 - at ? take : N + 50 - at;
            CHECK(qrng_sine_scan(cut, x, at, take, INFINITY) == take);
            CHECK(qrng_sine_check(cut, bytes) == QRNG_OK);
            at += take;
        }
        CHECK(memcmp(whole, cut, bytes) == 0);
        qrng_evidence found;
        qrng_sine_leader(whole, &found);
        const qrng_sine *b = whole;
        const int first = strcmp(qrng_kernel_name(), "portable") == 0;
        const double expected = plain(x, N, g), quick = first ? plain_short(x, g) : shifts[round];
        const double shift = log2(b->quick.value * 1792 / 256);
        double slow = 0;
        for (int j = 0; j < OCTAVES; j++)
            slow = b->value[j] > slow ? b->value[j] : slow;
        CHECK(fabs(slow - expected) <= 1e-4 * expected); /* payoffs are kept in single precision */
        /* Integers: what a block rounds off, and what weights of a hundredth make of the swing. */
        CHECK(fabs(shift - quick) <= 0.02 * quick + 0.1 * N / 256 && (quick > 4 || round < 3));
        CHECK(found.total == (slow > 3 * b->quick.value ? slow : 3 * b->quick.value) / 8);
        shifts[round] = quick;
        if (first)
            totals[round] = found.total;
        CHECK(found.total == totals[round]);
        free(whole), free(cut);
    }
}

/* Whichever value a source at its claim prefers, no bet's payoff over a block has a mean above 1. */
static void payoffs_have_mean_at_most_one(void) {
    static qrng_sine b;
    for (int k = 0; k < 3; k++) {
        const double g = (double[]){0.5, 0.6, 0.9}[k];
        CHECK(qrng_sine_init(&b, g) == QRNG_OK);
        for (int cell = 0; cell < SINE_SIZES * SINE_FINE * SINE_ROW * 2; cell++) {
            const int a = cell % SINE_SIZES, fine = cell / SINE_SIZES % SINE_FINE;
            const int place = cell / (SINE_SIZES * SINE_FINE) % SINE_ROW;
            const double p = cell / (SINE_SIZES * SINE_FINE * SINE_ROW) ? g : 1 - g;
            double mean = 0, chance = pow(1 - p, BLOCK);
            for (int c = 0; c <= BLOCK; c++) {
                mean += chance * (double)b.payoff[a][fine][c][place];
                chance *= (BLOCK - c) / (c + 1.0) * p / (1 - p);
            }
            CHECK(mean <= 1 + 1e-12 && mean > 0);
            mean = 0, chance = pow(1 - p, SINE_PEEK);
            for (int c = 0; c <= SINE_PEEK; c++) {
                mean += chance * b.zeros[a][fine][place] * pow((double)b.odds[a][fine][0][place], c);
                chance *= (SINE_PEEK - c) / (c + 1.0) * p / (1 - p);
            }
            CHECK(mean <= 1 + 1e-12 && mean > 0);
        }
    }
}

/* What the kernel pays for a block is never more than the exact payoff of its own weights, of mean at most 1
 * at the claim, and hardly less. */
static void short_swings_pay_no_more_than_a_fair_bet(void) {
    uint64_t rng = 5;
    static sine_short fresh, b;
    for (int round = 0; round < 24; round++) {
        const double g = (double[]){0.5, 0.6, 0.9}[round % 3];
        const uint32_t turn = (uint32_t)(test_random(&rng) % SHORT_TURNS);
        uint8_t ones[SHORT_PARTS];
        sine_short_init(&fresh, g, 0.1);
        b = fresh;
        for (int i = 0; i < SHORT_PARTS;
             i++) { /* fair, full of ones in the sine's first half, or one value */
            const int full = 8 * (sin(6.283185307179586 * i * (round % 5 + 1) / 32) > 0);
            ones[i] = (uint8_t)(round < 12   ? __builtin_popcountll(test_random(&rng) & 255)
                                : round < 21 ? full
                                             : 8);
        }
        int32_t most = qrng_kernels_get()->sine_short(&b, &b.m, &b.cost[turn], ones, turn),
                largest = INT16_MIN;
        for (int f = 0; f < SHORT_PERIODS; f++)
            for (int k = 0; k < SHORT_PHASES; k++)
                for (int a = 0; a < SHORT_SIZES; a++) {
                    double exact = 0, cost = 0;
                    for (int i = 0; i < SHORT_PARTS; i++) {
                        const int fold = i < 16 ? 15 - i : i - 16, sign = i < 16 ? -1 : 1;
                        const double even = fresh.even[fold][f], odd = sign * fresh.odd[fold][f];
                        const double x = (even * fresh.cosine[turn][f] - odd * fresh.sine[turn][f]) / 32768;
                        const double y = (even * fresh.sine[turn][f] + odd * fresh.cosine[turn][f]) / 32768;
                        const double all[4] = {x, (x + y) * (46341.0 / 65536), y,
                                               (y - x) * (46341.0 / 65536)};
                        const double r = all[k] / (1 + a) / SHORT_UNIT, h = exp2(fabs(r) / 2);
                        exact += r * (ones[i] - 4);
                        cost += 8 * log2(g * h + (1 - g) / h);
                    }
                    for (int side = 0; side < 2; side++) {
                        const double paid = b.m.at[k][a][side][f] / (double)SHORT_UNIT;
                        const double fair = (side ? -exact : exact) - cost;
                        CHECK(paid <= fair && paid > fair - 12.0 / SHORT_UNIT);
                        largest = b.m.at[k][a][side][f] > largest ? b.m.at[k][a][side][f] : largest;
                    }
                }
        CHECK(most == largest);
    }
}

/* A look into a block is worth what the definition says of its bits so far, less what began in it. */
static void a_look_into_a_block_is_its_definition(void) {
    uint64_t rng = 7;
    static sine_short b;
    for (int round = 0; round < 60; round++) {
        const double g = (double[]){0.5, 0.6, 0.9}[round % 3];
        const uint32_t turn = (uint32_t)(test_random(&rng) % SHORT_TURNS),
                       bits = SHORT_PEEK * (1 + round % SHORT_PEEKS);
        const int parts = (int)bits / 8;
        uint8_t ones[SHORT_PARTS];
        double sum = 0, top = 0;
        sine_short_init(&b, g, 0.1);
        for (int i = 0; i < SHORT_PARTS; i++)
            ones[i] = (uint8_t)(test_random(&rng) % 9);
        for (int i = 0; i < SHORT_BETS; i++)
            (&b.m.at[0][0][0][0])[i] = (int16_t)(test_random(&rng) % (round < 30 ? 4000 : 1500)) - 500;
        for (int f = 0; f < SHORT_PERIODS; f++)
            for (int bet = 0; bet < 16; bet++) {
                const int k = bet / 4, a = bet / 2 % 2, side = bet % 2;
                const double size = (log2(g + 2 * (1 - g) * 0.1) - log2(g) - log2(1 - 2 * 0.1)) / (1 + a);
                double paid = 0;
                for (int i = 0; i < parts; i++) {
                    const double turns = (16 + f) * (i + 0.5 - 16) / 1024 + (16 + f) * (double)turn / 32;
                    const double r = size * cos(6.283185307179586 * (turns - k / 8.0)) * (side ? -1 : 1);
                    paid +=
                        r * (ones[i] - 4) - 8 * log2(g * exp2(fabs(r) / 2) + (1 - g) * exp2(-fabs(r) / 2));
                }
                const double m = b.m.at[k][a][side][f] > 0 ? b.m.at[k][a][side][f] / 128.0 : 0;
                top = m + paid > top ? m + paid : top;
                sum += exp2(m + paid);
            }
        const double found = sine_short_peek(&b, ones, 256 * (uint64_t)(turn + 32) + bits, bits);
        CHECK(top < 20.5 || fabs(log2(found + 256) - log2(sum * 256 / 1792)) < 0.02 * top);
        CHECK(top > 19.5 || found == 0);
    }
    /* Half of the bits ones pays nothing: one bet goes down by its cost, a whole number, the others are at 1.
     */
    sine_short_init(&b, 0.5, 0.1);
    for (int i = 0; i < SHORT_BETS; i++)
        (&b.m.at[0][0][0][0])[i] = i == 700 ? 3500 : -20000;
    for (uint32_t bits = SHORT_PEEK; bits < SHORT_BLOCK; bits += SHORT_PEEK) {
        uint8_t half[SHORT_PARTS];
        memset(half, SHORT_PART / 2, sizeof half);
        const double alone = (sine_short_peek(&b, half, bits, bits) + 256) * 1792 / 256 - 1791;
        const double units = SHORT_UNIT * log2(alone);
        CHECK(fabs(units - rint(units)) < 1e-3 && units < 3500 && units > 2600);
    }
    for (int kind = 0; kind < 6; kind++) {
        static uint8_t x[N / 8];
        const double period = (double[]){700, 1500, 5000, 900, 3000, 10000}[kind], g = kind % 2 ? 0.5 : 0.55;
        for (int i = 0; i < N; i++) {
            const unsigned bit = test_random(&rng) % 100 < 50 + 40 * sin(6.283185307179586 * i / period);
            x[i / 8] = (uint8_t)((x[i / 8] & ~(128 >> i % 8)) | (bit ? 128 >> i % 8 : 0));
        }
        void *state = malloc(qrng_sine_state_bytes()), *cut = malloc(qrng_sine_state_bytes());
        CHECK(qrng_sine_init(state, g) == QRNG_OK && qrng_sine_init(cut, g) == QRNG_OK);
        const uint64_t at = qrng_sine_scan(state, x, 0, N, 0x1p24);
        qrng_evidence found;
        qrng_sine_leader(state, &found);
        CHECK(at < N && at % SINE_PEEK == SINE_PEEK - 1 && found.total >= 0x1p24);
        const double expected = plain(x, (int)at + 1, g);
        CHECK(fabs(found.total * SINE_ALL - expected) <= 1e-3 * expected);
        for (uint64_t i = 0, take; i <= at; i += take) { /* however cut, it comes with the same bit */
            take = 1 + test_random(&rng) % 70;
            const uint64_t hit = qrng_sine_scan(cut, x, i, take < N - i ? take : N - i, 0x1p24);
            CHECK(qrng_sine_check(cut, qrng_sine_state_bytes()) == QRNG_OK);
            CHECK(i + take > at ? i + hit == at : hit == take);
        }
        CHECK(memcmp(state, cut, qrng_sine_state_bytes()) == 0);
        free(state), free(cut);
    }
}

static void a_swing_is_found_with_its_period(void) {
    uint64_t rng = 3;
    enum { M = 1 << 17 };
    static uint8_t x[M / 8];
    for (int kind = 0; kind < 4; kind++) {
        const double period = (double[]){1000, 2500, 300, 70}[kind];
        for (int i = 0; i < M; i++) {
            double p = 0.5 + (i < M / 4 ? 0 : 0.06 * sin(6.283185307179586 * i / period));
            unsigned bit = (double)(test_random(&rng) >> 11) * 0x1p-53 < p;
            x[i / 8] = (uint8_t)((x[i / 8] & ~(128 >> i % 8)) | (bit ? 128 >> i % 8 : 0));
        }
        void *state = malloc(qrng_sine_state_bytes());
        CHECK(qrng_sine_init(state, 0.5) == QRNG_OK);
        uint64_t at = qrng_sine_scan(state, x, 0, M, 0x1p30);
        CHECK(at > M / 4 && at < M / 4 + 24000);
        qrng_evidence found;
        qrng_sine_leader(state, &found);
        CHECK(found.feature > 0.8 * period && found.feature < 1.25 * period);
        CHECK(found.total >= 0x1p30 && found.quiet <= at && found.quiet + 12000 > M / 4);
        free(state);
    }
}

/* A stream that no bettor survives: every product runs far out of range, both ways, and the alarm still
 * comes. */
static void nothing_overflows_into_silence(void) {
    static uint8_t ones[1 << 15], mixed[1 << 15];
    memset(ones, 255, sizeof ones);
    void *state = malloc(qrng_sine_state_bytes());
    CHECK(qrng_sine_init(state, 0.5) == QRNG_OK);
    for (int i = 0; i < 1 << 15; i++)
        mixed[i] = i / 300 % 2 ? 255 : 0;
    qrng_sine_scan(state, mixed, 0, 8u << 15, INFINITY);
    qrng_sine_scan(state, ones, 0, 8u << 15, INFINITY);
    qrng_evidence found;
    qrng_sine_leader(state, &found);
    CHECK(found.total >= 0x1p256);
    for (int i = 0; i < 1 << 15; i++) /* a short swing, whose logarithms have 16 bits */
        mixed[i] = i / 8 % 2 ? 255 : 0;
    CHECK(qrng_sine_init(state, 0.5) == QRNG_OK);
    for (int block = 0; block < 400; block++) {
        qrng_sine_scan(state, mixed, 0, 256, INFINITY);
        const qrng_sine *b = state;
        CHECK(b->quick.value >= 0x1p150 || block < 20);
        for (int i = 0; i < SHORT_BETS; i++) /* what is left has room for another block */
            CHECK((&b->quick.m.at[0][0][0][0])[i] <= SHORT_MOST);
    }
    free(state);
}

static void what_cannot_be_a_state_is_refused(void) {
    size_t bytes = qrng_sine_state_bytes();
    void *state = calloc(1, bytes);
    CHECK(qrng_sine_check(state, bytes) == QRNG_EINVAL);
    CHECK(qrng_sine_init(state, 0.4) == QRNG_EINVAL && qrng_sine_init(state, 1) == QRNG_EINVAL);
    CHECK(qrng_sine_init(state, 0.5) == QRNG_OK && qrng_sine_check(state, bytes) == QRNG_OK);
    CHECK(qrng_sine_check(state, bytes - 8) == QRNG_EINVAL);
    free(state);
}

static void all(void) {
    equals_its_definition_however_cut();
    payoffs_have_mean_at_most_one();
    short_swings_pay_no_more_than_a_fair_bet();
    a_look_into_a_block_is_its_definition();
    a_swing_is_found_with_its_period();
    nothing_overflows_into_silence();
    what_cannot_be_a_state_is_refused();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
