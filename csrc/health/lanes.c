/* The bank over each lane: four features a lane, evaluated every LANE_ROWS rows of one symbol a lane. */
#include <string.h>

#include "cpu/kernels.h"
#include "health/bank.h"
#include "health/bets.h"

enum { TILE = 16 };

#define LANES_KIND 0x3330424e52514c31u

typedef struct {
    uint64_t kind, seen, fill;
    uint32_t lanes, reserved;
    double g, total;
    uint64_t rows;     /* of the block that is being gathered */
    double reserved_2; /* the parts below start at multiples of 64 bytes */
    double rate[BANK_BETS];
    double table[(LANE_ROWS + 1) * BANK_BETS], fine[(LANE_FINE + 1) * BANK_BETS]; /* payoffs by ones */
    double data[]; /* m and quiet of 4 lanes features, then counts, then 2 lanes + LANE_ROWS lanes + TILE
                      symbols */
} lane_bank;

/* Features, in this order, each over all lanes: the bit; xor the symbol before it in the stream (the
 * neighbouring lane); xor the lane's last; xor its last but one. */
static const double prior[LANE_FEATURES] = {3.0 / 8, 3.0 / 8, 1.0 / 8, 1.0 / 8};

/* Of all bets on a feature; the e-detectors are kept times it. */
static double weight(const lane_bank *b, int f) {
    return prior[f] / b->lanes;
}
static double *wealth(lane_bank *b) {
    return b->data;
}
static double *quiet(lane_bank *b) {
    return b->data + (size_t)LANE_FEATURES * b->lanes * BANK_BETS;
}
static uint32_t *counts(lane_bank *b) {
    return (uint32_t *)(quiet(b) + (size_t)LANE_FEATURES * b->lanes * BANK_BETS);
}
static uint8_t *symbols_of(lane_bank *b) {
    return (uint8_t *)(counts(b) + (size_t)LANE_FEATURES * b->lanes);
}

size_t qrng_lanes_state_bytes(uint32_t lanes) {
    size_t bytes =
        sizeof(lane_bank) + (size_t)lanes * (LANE_FEATURES * (2 * BANK_BETS * 8 + 4) + 2 + LANE_ROWS) + TILE;
    return (bytes + 7) / 8 * 8;
}

int qrng_lanes_init(void *state, uint32_t lanes, double g) {
    lane_bank *b = state;
    if (lanes < 2 || lanes > QRNG_HEALTH_MAX_LANES || !(g >= 0.5 && g < 1))
        return QRNG_EINVAL;
    memset(b, 0, qrng_lanes_state_bytes(lanes));
    b->kind = LANES_KIND;
    b->lanes = lanes;
    b->g = g;
    b->rows = LANE_ROWS;
    bets_fill(b->table, b->rate, LANE_ROWS, g);
    bets_fill(b->fine, b->rate, LANE_FINE, g);
    for (int k = 0; k < BANK_BETS; k++)
        b->rate[k] /= lanes; /* a symbol of the stream */
    return QRNG_OK;
}

int qrng_lanes_check(const void *state, size_t bytes) {
    const lane_bank *b = state;
    if (bytes < sizeof(lane_bank) || b->kind != LANES_KIND || b->lanes < 2 ||
        b->lanes > QRNG_HEALTH_MAX_LANES || bytes != qrng_lanes_state_bytes(b->lanes) ||
        (b->rows != LANE_ROWS && b->rows != LANE_FINE) || b->fill >= b->rows * b->lanes ||
        b->fill != b->seen % (b->rows * b->lanes))
        return QRNG_EINVAL;
    return QRNG_OK;
}

/* Ones of every feature in each lane, TILE lanes at once, a byte each: the last tile reads past its row, into
 * the next or the padding. */
static void count_lanes(uint32_t *count, const uint8_t *x, uint64_t rows, uint32_t lanes) {
    typedef uint8_t tiled __attribute__((vector_size(TILE)));
    for (uint32_t tile = 0; tile < lanes; tile += TILE) {
        const uint8_t *p = x + tile;
        uint8_t each[LANE_FEATURES][TILE];
        tiled bits = {0}, near = {0}, last = {0}, before = {0}, y, z;
        for (uint64_t row = 0; row < rows; row++, p += lanes) {
            memcpy(&y, p, TILE);
            bits += y & 1;
            memcpy(&z, p - 1, TILE);
            near += (y ^ z) & 1;
            memcpy(&z, p - lanes, TILE);
            last += (y ^ z) & 1;
            memcpy(&z, p - 2 * (size_t)lanes, TILE);
            before += (y ^ z) & 1;
        }
        memcpy(each[0], &bits, TILE), memcpy(each[1], &near, TILE);
        memcpy(each[2], &last, TILE), memcpy(each[3], &before, TILE);
        for (uint32_t f = 0; f < LANE_FEATURES; f++)
            for (uint32_t lane = 0; lane < TILE && tile + lane < lanes; lane++)
                count[f * lanes + tile + lane] = each[f][lane];
    }
}

static void evaluate(lane_bank *b) {
    uint8_t *x = symbols_of(b) + 2 * (size_t)b->lanes;
    const qrng_kernels *kernels = qrng_kernels_get();
    double sum[BANK_SUMS] = {0};
    count_lanes(counts(b), x, b->rows, b->lanes);
    for (int f = 0; f < LANE_FEATURES; f++) {
        const double start = weight(b, f) * (double)(b->rows * b->lanes);
        kernels->bank_wealth(wealth(b) + (size_t)f * b->lanes * BANK_BETS, sum,
                             b->rows == LANE_ROWS ? b->table : b->fine, counts(b) + (size_t)f * b->lanes,
                             b->lanes, &start, 0);
    }
    b->total = bets_sum(sum);
    memmove(symbols_of(b), symbols_of(b) + b->rows * b->lanes, 2 * (size_t)b->lanes);
    if (b->seen % ((uint64_t)BETS_QUIET_EVERY * LANE_ROWS * b->lanes) == 0)
        for (int f = 0; f < LANE_FEATURES; f++) {
            const double limit = 2 * weight(b, f);
            kernels->bank_quiet(quiet(b) + (size_t)f * b->lanes * BANK_BETS,
                                wealth(b) + (size_t)f * b->lanes * BANK_BETS, b->rate, b->lanes, &limit, 0,
                                (double)b->seen);
        }
}

uint64_t qrng_lanes_scan(void *state, const uint8_t *symbols, uint64_t n, double threshold) {
    lane_bank *b = state;
    for (uint64_t i = 0; i < n;) {
        const uint64_t block = b->rows * b->lanes;
        uint64_t take = block - b->fill;
        take = take < n - i ? take : n - i;
        memcpy(symbols_of(b) + 2 * (size_t)b->lanes + b->fill, symbols + i, take);
        b->fill += take;
        b->seen += take;
        i += take;
        if (b->fill < block)
            break;
        b->fill = 0;
        evaluate(b);
        if (b->total >= threshold)
            return i - 1;
        if (b->seen % ((uint64_t)LANE_ROWS * b->lanes) == 0)
            b->rows = bets_near(b->total, threshold) ? LANE_FINE : LANE_ROWS;
    }
    return n;
}

void qrng_lanes_leader(const void *state, qrng_evidence *found) {
    lane_bank *b = (lane_bank *)state;
    double best = -1;
    found->total = b->total;
    bets_leader(found, &best, wealth(b), quiet(b), 0, LANE_FEATURES * b->lanes);
}
