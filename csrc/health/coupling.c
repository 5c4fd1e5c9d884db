/* Coupling of lanes: each lane's next bit is foretold by the last bits of all lanes, its own too, and, up to
 * 32 lanes, by all products of two of them, which are their parities. A logistic function of the weighted sum
 * is the belief; weights are learned online, by a step that shrinks with what the lane has seen down to a
 * floor (as in side.c, where all terms are -1 or 1). Two mixtures a lane: of the last bits alone, which has
 * less to learn, and with the products. All and half of each belief is staked, in the whole stream's
 * e-detectors and in the lane's own, which other lanes' bits don't disturb.
 *
 * To save time only LOOK bits of every `every` are watched, and on from there as long as bets are won.
 *
 * Only integers, and +, -, *, / and comparisons of floats in a fixed order: the same evidence everywhere. */
#include <stddef.h>
#include <string.h>

#include "health/mixing.h"
#include "qrng.h"

#define COUPLING_KIND 0x313050554f434e52u

enum {
    MOST = QRNG_COUPLING_MOST,
    PAIRED = QRNG_COUPLING_PAIRED, /* lanes up to which products are formed */
    LOOK = QRNG_COUPLING_LOOK,
    BETS = 4,
    TERMS = 560 /* of 32 lanes: 1 + 32 and 496 products, each in whole vectors; more than 1 + 256 */
};

static const float most_precise = 8192; /* a weight remembers some four times as many bits of its lane */

typedef float quarter
    __attribute__((vector_size(16))); /* wider ones go through memory where there is no AVX */

typedef struct {
    float term[TERMS]; /* 1 and the last bit of each lane, as -1 and 1, then the products; 0 where none is */
    float squash[MIXING_STEPS];
    mixing_looks look;
    uint64_t kind;
    uint32_t lanes, lane;
    double g;
    double done, behind[MOST]; /* sums of the e-detectors of this round's lanes so far, and of those behind */
    double whole[BETS], m[MOST][BETS];
    uint64_t whole_quiet[BETS], quiet[MOST][BETS];
    uint64_t visited[MOST]; /* bits seen when the lane's e-detectors last took up new bets */
    uint32_t taught[MOST];  /* bits of the lane watched, at most 2^20 */
    float weight[];         /* of each lane: of the last bits, then of all terms */
} coupling;

static inline uint32_t in_vectors(uint32_t n) {
    return (n + MIXING_WIDE - 1) / MIXING_WIDE * MIXING_WIDE;
}

static inline uint32_t pairs(uint32_t lanes) {
    return lanes <= PAIRED ? lanes * (lanes - 1) / 2 : 0;
}

/* Floats of the constant and the last bits, and of all terms. */
static inline uint32_t near(uint32_t lanes) {
    return in_vectors(1 + lanes);
}

static inline uint32_t all(uint32_t lanes) {
    return near(lanes) + in_vectors(pairs(lanes));
}

static inline uint32_t mixtures(uint32_t lanes) {
    return lanes <= PAIRED ? 2 : 1;
}

static inline size_t weights_a_lane(uint32_t lanes) {
    return near(lanes) + (mixtures(lanes) == 2 ? all(lanes) : 0);
}

/* Index of the product of lanes i < j. */
static inline uint32_t product(uint32_t lanes, uint32_t i, uint32_t j) {
    return near(lanes) + i * (2 * lanes - i - 1) / 2 + (j - i - 1);
}

static inline unsigned bit_at(const uint8_t *src, uint64_t at) {
    return src[at / 8] >> (7 - at % 8) & 1;
}

size_t qrng_coupling_state_bytes(uint32_t lanes) {
    return (sizeof(coupling) + lanes * weights_a_lane(lanes) * sizeof(float) + 7) / 8 * 8;
}

int qrng_coupling_init(void *state, uint32_t lanes, double g, uint64_t every) {
    coupling *b = state;
    if (lanes < 2 || lanes > MOST || !(g >= 0.5 && g < 1) || every < LOOK || every > (uint64_t)1 << 40)
        return QRNG_EINVAL;
    memset(b, 0, qrng_coupling_state_bytes(lanes));
    b->kind = COUPLING_KIND;
    b->lanes = lanes;
    b->g = g;
    b->term[0] = 1;
    mixing_begin(&b->look, LOOK, every);
    mixing_fill(b->squash);
    return QRNG_OK;
}

/* Whatever indexes memory, or ends a loop. */
int qrng_coupling_check(const void *state, size_t bytes) {
    const coupling *b = state;
    if (bytes < sizeof *b || b->kind != COUPLING_KIND || b->lanes < 2 || b->lanes > MOST ||
        bytes != qrng_coupling_state_bytes(b->lanes) || b->lane >= b->lanes || !(b->g >= 0.5 && b->g < 1) ||
        !mixing_looks_valid(&b->look, LOOK) || !mixing_filled(b->squash))
        return QRNG_EINVAL;
    return QRNG_OK;
}

/* The bit is its lane's last, and goes into that lane's products. */
static inline void arrives(coupling *b, uint32_t lane, unsigned bit) {
    const uint32_t n = b->lanes;
    const float sign = 2 * (float)bit - 1;
    float *last = b->term + 1;
    last[lane] = sign;
    if (n > PAIRED)
        return;
    float *of_both = &b->term[near(n) + lane - 1];
    for (uint32_t i = 0; i < lane; i++, of_both += n - 1 - i)
        *of_both = last[i] * sign;
    float *with = &b->term[product(n, lane, lane + 1)];
    for (uint32_t j = lane + 1; j < n; j++)
        with[j - lane - 1] = last[j] * sign;
}

static double of_lane(const coupling *b, uint32_t lane) {
    double sum = 0;
    for (int k = 0; k < BETS; k++)
        sum += b->m[lane][k];
    return sum;
}

/* Before the first lane of a round, or the one with which a look begins: the sums of all others' e-detectors.
 */
static void sum_lanes(coupling *b) {
    double sum = 0;
    for (uint32_t i = b->lanes; i-- > 0;) {
        b->behind[i] = sum;
        sum += of_lane(b, i);
    }
    b->done = 0;
    for (uint32_t i = 0; i < b->lane; i++)
        b->done += of_lane(b, i);
}

/* Half of the weight is the whole stream's bets', half the lanes'. */
static inline double total_of(const coupling *b, double lanes) {
    const double n = 2 * mixtures(b->lanes);
    const double whole = (b->whole[0] + b->whole[1]) + (b->whole[2] + b->whole[3]);
    return (whole / n + lanes / (n * b->lanes)) / 2;
}

static inline float total16(const quarter *v) {
    const quarter sum = (v[0] + v[2]) + (v[1] + v[3]);
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

static inline float believed(const float *weight, const float *term, const float *squash, uint32_t n) {
    quarter sum[4] = {{0}}, w, x;
    for (uint32_t k = 0; k < n; k += MIXING_WIDE)
        for (uint32_t i = 0; i < 4; i++) {
            memcpy(&w, weight + k + 4 * i, sizeof w);
            memcpy(&x, term + k + 4 * i, sizeof x);
            sum[i] += w * x;
        }
    return mixing_squashed(squash, total16(sum));
}

static inline void learn(float *weight, const float *term, float slope, uint32_t n) {
    quarter w, x;
    for (uint32_t k = 0; k < n; k += 4) {
        memcpy(&w, weight + k, sizeof w);
        memcpy(&x, term + k, sizeof x);
        w += x * slope;
        memcpy(weight + k, &w, sizeof w);
    }
}

static void watch(coupling *b, unsigned bit) {
    const uint32_t n = b->lanes, lane = b->lane, count = mixtures(n);
    const double fresh = (double)b->look.idle + 1, own = (double)(b->look.seen + 1 - b->visited[lane]);
    const double quiet = MIXING_QUIET + b->look.before;
    float *weight = b->weight + lane * weights_a_lane(n);
    if (lane == 0)
        sum_lanes(b);
    float q[2];
    for (uint32_t e = 0; e < count; e++) {
        const uint32_t size = e ? all(n) : near(n), terms = 1 + n + (e ? pairs(n) : 0);
        const float precision = 32 + 2 * (float)terms + 0.25f * (float)b->taught[lane];
        q[e] = believed(weight, b->term, b->squash, size);
        learn(weight, b->term, ((float)bit - q[e]) / (precision < most_precise ? precision : most_precise),
              size);
        weight += size;
    }
    arrives(b, lane, bit); /* well before the next bit asks for it */
    for (uint32_t k = 0; k < 2 * count; k++) {
        const double paid = mixing_paid(q[k / 2], k % 2 ? 0.5 : 1, bit, b->g);
        b->whole[k] = paid * (b->whole[k] + fresh);
        b->m[lane][k] = paid * (b->m[lane][k] + own);
        b->whole_quiet[k] = b->whole[k] <= quiet ? b->look.seen : b->whole_quiet[k];
        b->quiet[lane][k] = b->m[lane][k] <= quiet ? b->look.seen : b->quiet[lane][k];
    }
    b->done += of_lane(b, lane);
    b->look.total = total_of(b, b->done + b->behind[lane]);
    b->look.idle = 0;
    b->look.seen++;
    b->visited[lane] = b->look.seen;
    b->taught[lane] += b->taught[lane] < 1u << 20;
    b->lane = lane + 1 == n ? 0 : lane + 1;
}

/* n bits that nobody looks at, fewer where the gap ends or the total reaches the threshold. */
static uint64_t skip(coupling *b, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    double lanes = 0;
    for (uint32_t i = 0; i < b->lanes; i++)
        lanes += of_lane(b, i);
    n = mixing_skip(&b->look, total_of(b, lanes), n, threshold);
    for (uint64_t i = n < b->lanes ? 0 : n - b->lanes; i < n; i++)
        b->term[1 + (b->lane + i) % b->lanes] = bit_at(src, src_bit + i) ? 1 : -1;
    b->lane = (uint32_t)((b->lane + n) % b->lanes);
    return n;
}

/* Back from a gap: the products of the bits that came last. */
static void resume(coupling *b) {
    const uint32_t n = b->lanes;
    for (uint32_t i = 0; n <= PAIRED && i < n; i++)
        for (uint32_t j = i + 1; j < n; j++)
            b->term[product(n, i, j)] = b->term[1 + i] * b->term[1 + j];
    sum_lanes(b);
    mixing_resume(&b->look);
}

uint64_t qrng_coupling_scan(void *state, const uint8_t *src, uint64_t src_bit, uint64_t n, double threshold) {
    coupling *b = state;
    for (uint64_t i = 0; i < n;) {
        if (b->look.skipping) {
            i += skip(b, src, src_bit + i, n - i, threshold);
            if (b->look.left == 0)
                resume(b);
        } else {
            watch(b, bit_at(src, src_bit + i));
            i++;
            if (--b->look.left == 0)
                mixing_decide(&b->look);
        }
        if (b->look.total >= threshold)
            return i - 1;
    }
    return n;
}

/* How far before a bit of `lane` the last bit of lane i stands. */
static inline uint32_t lag(const coupling *b, uint32_t lane, uint32_t i) {
    return lane > i ? lane - i : lane + b->lanes - i;
}

/* The largest weight of that mixture in that lane, if larger than *most, as the leader's feature. */
static void strongest(const coupling *b, uint32_t lane, uint32_t mixture, float *most, uint32_t *feature) {
    const uint32_t n = b->lanes;
    const float *weight = b->weight + lane * weights_a_lane(n) + (mixture ? near(n) : 0);
    for (uint32_t i = 0; i <= n; i++) {
        const float size = weight[i] < 0 ? -weight[i] : weight[i];
        if (size > *most) {
            *most = size;
            *feature = i ? lag(b, lane, i - 1) : 0;
        }
    }
    for (uint32_t i = 0; mixture && i < n; i++)
        for (uint32_t j = i + 1; j < n; j++) {
            const float w = weight[product(n, i, j)], size = w < 0 ? -w : w;
            if (size > *most) {
                *most = size;
                *feature = lag(b, lane, i) | lag(b, lane, j) << 16;
            }
        }
}

void qrng_coupling_leader(const void *state, qrng_evidence *found) {
    const coupling *b = state;
    const uint32_t n = b->lanes;
    double best = -1;
    float most = -1;
    uint32_t mixture = 0;
    *found = (qrng_evidence){.total = b->look.total};
    for (uint32_t k = 0; k < 2 * mixtures(n); k++) {
        if (b->whole[k] * n > best) {
            best = b->whole[k] * n;
            mixture = k / 2;
            found->bet = 0;
            found->quiet = b->whole_quiet[k];
        }
        for (uint32_t i = 0; i < n; i++)
            if (b->m[i][k] > best) {
                best = b->m[i][k];
                mixture = k / 2;
                found->bet = 1 + i;
                found->quiet = b->quiet[i][k];
            }
    }
    for (uint32_t i = 0; i < n; i++)
        if (!found->bet || found->bet == 1 + i)
            strongest(b, i, mixture, &most, &found->feature);
}
