/* The predictors of SP 800-90B 6.3.7 to 6.3.10 against the definitions, word for word and slow. */
#include "check.h"

typedef struct {
    uint64_t correct, longest, run;
} tally;

static void judge(tally *t, int right) {
    t->run = right ? t->run + 1 : 0;
    t->correct += (unsigned)right;
    t->longest = t->run > t->longest ? t->run : t->longest;
}

static void check(const tally *want, const qrng_prediction *got) {
    CHECK(got->correct == want->correct);
    CHECK(got->longest_run == want->longest);
}

/* The best next symbol after text[i-d .. i-1], counted over i' from `since` to i-1; -1 if that never
 * occurred. */
static int follows(const uint8_t *text, uint64_t i, uint64_t d, uint64_t since, uint64_t *count) {
    uint64_t counts[256] = {0}, most = 0;
    int best = -1;
    for (uint64_t j = since; j < i; j++)
        if (j >= d && memcmp(text + j - d, text + i - d, d) == 0)
            counts[text[j]]++;
    for (int s = 0; s < 256; s++)
        if (counts[s] && counts[s] >= most) { /* a tie goes to the larger symbol */
            most = counts[s];
            best = s;
        }
    *count = most;
    return best;
}

static tally multi_mmc(const uint8_t *text, uint64_t n) {
    tally t = {0};
    uint64_t score[16] = {0}, winner = 0;
    for (uint64_t i = 2; i < n; i++) {
        uint64_t predicts = winner, count;
        for (uint64_t d = 1; d <= 16 && d <= i - 1; d++) {
            int guess = follows(text, i, d, 1, &count);
            if (guess < 0)
                break;
            if (d - 1 == predicts)
                judge(&t, guess == text[i]);
            if (guess == text[i] && ++score[d - 1] >= score[winner])
                winner = d - 1;
        }
    }
    return t;
}

static tally lz78y(const uint8_t *text, uint64_t n) {
    tally t = {0};
    for (uint64_t i = 17; i < n; i++) {
        uint64_t most = 0, count;
        int prediction = -1;
        for (uint64_t d = 16; d > 0; d--) {
            int guess = follows(text, i, d, 16, &count);
            if (count > most) {
                most = count;
                prediction = guess;
            }
        }
        judge(&t, prediction == text[i]);
    }
    return t;
}

static tally lag(const uint8_t *text, uint64_t n) {
    tally t = {0};
    uint64_t score[128] = {0}, winner = 0;
    for (uint64_t i = 1; i < n; i++) {
        judge(&t, text[i - winner - 1] == text[i]);
        for (uint64_t d = 0; d < 128 && d < i; d++)
            if (text[i - d - 1] == text[i] && ++score[d] >= score[winner])
                winner = d;
    }
    return t;
}

static tally multi_mcw(const uint8_t *text, uint64_t n) {
    static const uint64_t window[] = {63, 255, 1023, 4095};
    tally t = {0};
    uint64_t score[4] = {0}, winner = 0;
    for (uint64_t i = 63; i < n; i++) {
        int guess[4] = {-1, -1, -1, -1};
        for (unsigned j = 0; j < 4 && i >= window[j]; j++) {
            uint64_t counts[256] = {0}, most = 0;
            for (uint64_t k = i - window[j]; k < i; k++)
                if (++counts[text[k]] > most)
                    most = counts[text[k]];
            for (uint64_t k = i; guess[j] < 0; k--) /* a tie goes to the symbol seen last */
                guess[j] = counts[text[k - 1]] == most ? text[k - 1] : -1;
        }
        judge(&t, guess[winner] == text[i]);
        for (unsigned j = 0; j < 4; j++)
            if (guess[j] == text[i] && ++score[j] >= score[winner])
                winner = j;
    }
    return t;
}

/* Uniform, skewed, periodic with errors, and a walk. */
static void make_text(uint64_t *state, uint8_t *text, uint64_t n, unsigned alphabet, unsigned kind) {
    uint64_t period = 1 + test_random(state) % 150;
    for (uint64_t i = 0; i < n; i++) {
        text[i] = (uint8_t)(test_random(state) % alphabet);
        if (kind == 1 && test_random(state) % 4)
            text[i] = (uint8_t)(alphabet - 1);
        if (kind == 2 && i >= period && test_random(state) % 20)
            text[i] = text[i - period];
        if (kind == 3 && i)
            text[i] = (uint8_t)((text[i - 1] + 1 + test_random(state) % 2) % alphabet);
    }
}

static void symbols_case(const uint8_t *text, uint64_t n, unsigned alphabet) {
    qrng_prediction got;
    tally want;
    unsigned width = 1;
    while (1u << width < alphabet)
        width++;
    uint64_t stride = (n + 7) / 8;
    uint8_t *planes = malloc(width * stride);
    qrng_entropy_planes(planes, text, n, width);
    CHECK(qrng_entropy_lag(&got, planes, n, width) == QRNG_OK);
    want = lag(text, n);
    check(&want, &got);
    free(planes);
    unsigned size = 6;
    void *scratch = NULL;
    int status;
    do { /* tables that are too small say so */
        scratch = realloc(scratch, qrng_entropy_contexts_scratch_bytes(size, size));
        status = qrng_entropy_multi_mmc(&got, text, n, scratch, size, size);
        size++;
    } while (status == QRNG_EFULL);
    CHECK(status == QRNG_OK);
    want = multi_mmc(text, n);
    check(&want, &got);
    do {
        scratch = realloc(scratch, qrng_entropy_contexts_scratch_bytes(size, size));
        status = qrng_entropy_lz78y(&got, text, n, scratch, size, size);
        size++;
    } while (status == QRNG_EFULL);
    CHECK(status == QRNG_OK);
    want = lz78y(text, n);
    check(&want, &got);
    free(scratch);
}

static void bits_case(const uint8_t *text, uint64_t n) {
    qrng_prediction got;
    tally want;
    uint8_t *packed = malloc((n + 7) / 8);
    CHECK(qrng_bits_pack8(packed, text, n, 1) == QRNG_OK);
    CHECK(qrng_entropy_lag(&got, packed, n, 1) == QRNG_OK);
    want = lag(text, n);
    check(&want, &got);
    void *scratch = malloc(qrng_entropy_multi_mmc_bits_scratch_bytes());
    qrng_entropy_multi_mmc_bits(&got, packed, n, scratch);
    want = multi_mmc(text, n);
    check(&want, &got);
    free(scratch);
    scratch = malloc(qrng_entropy_lz78y_bits_scratch_bytes());
    qrng_entropy_lz78y_bits(&got, packed, n, scratch);
    want = lz78y(text, n);
    check(&want, &got);
    free(scratch);
    free(packed);
}

enum { SHORT = 400, LONG = 4600 };

static void all(void) {
    uint64_t state = 6;
    uint8_t text[LONG];
    for (unsigned round = 0; round < 80; round++) {
        static const unsigned alphabets[] = {2, 3, 4, 16, 100, 256};
        unsigned alphabet = alphabets[round % 6];
        uint64_t n = 20 + test_random(&state) % SHORT;
        make_text(&state, text, n, alphabet, round / 6 % 4);
        symbols_case(text, n, alphabet);
        make_text(&state, text, n, 2, round % 4);
        bits_case(text, n);
    }
    for (unsigned kind = 0; kind < 4; kind++) { /* past the longest window and many blocks of 64 */
        uint64_t n = LONG - test_random(&state) % 200;
        qrng_prediction got;
        make_text(&state, text, n, 5, kind);
        qrng_entropy_multi_mcw(&got, text, n, 5);
        tally want = multi_mcw(text, n);
        check(&want, &got);
        make_text(&state, text, n, 2, kind);
        uint8_t packed[LONG / 8 + 1];
        CHECK(qrng_bits_pack8(packed, text, n, 1) == QRNG_OK);
        qrng_entropy_multi_mcw_bits(&got, packed, n);
        want = multi_mcw(text, n);
        check(&want, &got);
        CHECK(qrng_entropy_lag(&got, packed, n, 1) == QRNG_OK);
        want = lag(text, n);
        check(&want, &got);
    }
}

int main(void) {
    all();
    return 0;
}
