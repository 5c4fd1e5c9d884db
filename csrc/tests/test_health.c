#include "check.h"

/* The two tests as SP 800-90B 4.4.1 and 4.4.2 spell them, over one lane of a whole stream, written apart from
 * the kernels: the stream index of the first symbol that reaches the cutoff, or n. */
static uint64_t plain_rct(const uint8_t *x, uint64_t n, uint32_t lanes, uint32_t lane, uint64_t cutoff) {
    uint64_t run = 0;
    for (uint64_t i = lane; i < n; i += lanes) {
        run = i >= lanes && x[i] == x[i - lanes] ? run + 1 : 1;
        if (run >= cutoff)
            return i;
    }
    return n;
}

static uint64_t plain_apt(const uint8_t *x, uint64_t n, uint32_t lanes, uint32_t lane, uint32_t window,
                          uint32_t cutoff) {
    for (uint64_t start = lane; start < n; start += (uint64_t)window * lanes) {
        uint32_t count = 0;
        for (uint64_t i = start; i < n && i < start + (uint64_t)window * lanes; i += lanes)
            if (x[i] == x[start] && ++count >= cutoff)
                return i;
    }
    return n;
}

enum { MOST = 6000, MOST_LANES = 40 };

static void equals_plain_however_cut(void) {
    uint64_t state = 7;
    for (int round = 0; round < 600; round++) {
        uint64_t n = 1 + test_random(&state) % MOST;
        uint32_t lanes = round % 3 ? 1 : 1 + (uint32_t)(test_random(&state) % MOST_LANES);
        uint32_t window = round % 2 ? 1024 : 2 + (uint32_t)(test_random(&state) % 600);
        uint64_t rct_cutoff = 2 + test_random(&state) % 24;
        uint32_t apt_cutoff = 2 + (uint32_t)(test_random(&state) % (window * 3 / 4));
        unsigned mask = round % 5 == 0   ? 255
                        : round % 5 == 1 ? 3
                                         : 1,
                 stay = (unsigned)(test_random(&state) % 200);
        uint8_t *x = malloc(n);
        uint32_t *wide = malloc(n * 4);
        for (uint64_t i = 0; i < n; i++) {
            x[i] = (uint8_t)(test_random(&state) & mask);
            if (i >= lanes && test_random(&state) % 256 < stay)
                x[i] = x[i - lanes];
            wide[i] = x[i];
        }
        uint64_t rct = n, apt = n;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            uint64_t r = plain_rct(x, n, lanes, lane, rct_cutoff),
                     a = plain_apt(x, n, lanes, lane, window, apt_cutoff);
            rct = r < rct ? r : rct;
            apt = a < apt ? a : apt;
        }
        qrng_rct_state r8[MOST_LANES] = {{0}}, r32[MOST_LANES] = {{0}};
        qrng_apt_state a8[MOST_LANES] = {{0}}, a32[MOST_LANES] = {{0}};
        uint64_t got[4] = {n, n, n, n};
        for (uint64_t at = 0; at < n;) {
            uint64_t most = round % 7 ? 500 : 9, left = 1 + test_random(&state) % most;
            left = left < n - at ? left : n - at;
            uint32_t lane = (uint32_t)(at % lanes);
            uint8_t *tight = malloc(left); /* exact size: a sanitizer sees any read past the chunk */
            memcpy(tight, x + at, left);
            uint64_t hit[4] = {qrng_rct_scan8(r8, lanes, lane, tight, left, rct_cutoff),
                               qrng_rct_scan32(r32, lanes, lane, wide + at, left, rct_cutoff),
                               qrng_apt_scan8(a8, lanes, lane, tight, left, window, apt_cutoff),
                               qrng_apt_scan32(a32, lanes, lane, wide + at, left, window, apt_cutoff)};
            for (int k = 0; k < 4; k++)
                if (got[k] == n && hit[k] < left)
                    got[k] = at + hit[k];
            free(tight);
            at += left;
        }
        CHECK(got[0] == rct && got[1] == rct);
        CHECK(got[2] == apt && got[3] == apt);
        free(x), free(wide);
    }
}

/* Fast paths take whole rows of lanes; a stream may start in any lane, and be so quiet that a lane's run
 * fills them. */
static void lanes_start_anywhere(void) {
    uint64_t state = 21;
    for (int round = 0; round < 60; round++) {
        const uint32_t lanes = (uint32_t[]){2, 20, 32, 33, 70}[round % 5];
        const uint64_t n = 1500u * lanes + test_random(&state) % 100;
        const uint32_t start = (uint32_t)(test_random(&state) % lanes), cutoff = 32 + round % 9;
        const uint32_t many = 560 + (uint32_t)round % 3 * 10;
        uint8_t *x = malloc(n);
        for (uint64_t i = 0; i < n; i++)
            x[i] = test_random(&state) & 1;
        const uint64_t stuck = test_random(&state) % lanes, from = test_random(&state) % n;
        const uint64_t rows = round % 3 ? 300 : 20 + test_random(&state) % 20;
        for (uint64_t i = 0; i < n; i++)
            if (i % lanes == stuck && i >= from && i < from + rows * lanes)
                x[i] = 1;
        qrng_rct_state fast[70] = {{0}}, slow[70] = {{0}};
        qrng_apt_state window[70] = {{0}}, plain[70] = {{0}};
        uint64_t hit = n, expected = n, apt_hit = n, apt_expected = n;
        for (uint64_t i = 0; i < n; i++) { /* one symbol a call never meets a fast path */
            const uint32_t lane = (uint32_t)((start + i) % lanes);
            if (expected == n && qrng_rct_scan8(slow, lanes, lane, x + i, 1, cutoff) == 0)
                expected = i;
            if (apt_expected == n && qrng_apt_scan8(plain, lanes, lane, x + i, 1, 1024, many) == 0)
                apt_expected = i;
        }
        for (uint64_t at = 0; at < n && hit == n && apt_hit == n;) {
            uint64_t take = 1 + test_random(&state) % (round % 2 ? n : 3000);
            take = take < n - at ? take : n - at;
            const uint32_t lane = (uint32_t)((start + at) % lanes);
            uint8_t *tight = malloc(take);
            memcpy(tight, x + at, take);
            uint64_t got = qrng_rct_scan8(fast, lanes, lane, tight, take, cutoff);
            hit = got < take ? at + got : n;
            got = qrng_apt_scan8(window, lanes, lane, tight, take, 1024, many);
            apt_hit = got < take ? at + got : n;
            free(tight);
            at += take;
        }
        if (hit < n || apt_hit == n) {
            CHECK(hit == expected);
            CHECK(memcmp(fast, slow, lanes * sizeof *fast) == 0);
        }
        if (apt_hit < n || hit == n) {
            CHECK(apt_hit == apt_expected);
            CHECK(memcmp(window, plain, lanes * sizeof *plain) == 0);
        }
        free(x);
    }
}

static void continues_after_an_alarm(void) {
    uint8_t x[100];
    memset(x, 1, sizeof x);
    qrng_rct_state rct = {0};
    CHECK(qrng_rct_scan8(&rct, 1, 0, x, 100, 41) == 40 && rct.run == 41 && rct.symbol == 1);
    CHECK(qrng_rct_scan8(&rct, 1, 0, x + 41, 59, 81) == 39 && rct.run == 81);
    qrng_apt_state apt = {0};
    CHECK(qrng_apt_scan8(&apt, 1, 0, x, 100, 1024, 20) == 19 && apt.count == 20 && apt.seen == 20);
    CHECK(qrng_apt_scan8(&apt, 1, 0, x + 20, 80, 1024, 20) == 0 && apt.count == 21);
}

static void wide_symbols_are_compared_whole(void) {
    uint32_t x[] = {0x10001, 1, 0x10001, 1, 0x20001, 1};
    qrng_rct_state rct = {0};
    CHECK(qrng_rct_scan32(&rct, 1, 0, x, 6, 2) == 6);
    qrng_apt_state apt = {0};
    CHECK(qrng_apt_scan32(&apt, 1, 0, x, 6, 6, 3) == 6 && apt.count == 2);
}

static void an_error_rate_is_watched_however_cut(void) {
    uint64_t state = 9;
    uint8_t errors[3000];
    for (int i = 0; i < 3000; i++)
        errors[i] = test_random(&state) % 100 < (i < 1500 ? 4 : 12);
    qrng_rate_state whole, cut;
    CHECK(qrng_rate_init(&whole, 0) == QRNG_EINVAL && qrng_rate_init(&whole, 1) == QRNG_EINVAL);
    CHECK(qrng_rate_init(&whole, 0.05) == QRNG_OK && qrng_rate_init(&cut, 0.05) == QRNG_OK);
    uint64_t at = qrng_rate_scan(&whole, errors, 3000, 0x1p20), i = 0, got = 3000;
    CHECK(at > 1500 && at < 2500 && whole.total >= 0x1p20 && whole.seen == at + 1);
    CHECK(qrng_rate_onset(&whole) > 500 && qrng_rate_onset(&whole) < at);
    for (; i < at; i += 7) {
        uint64_t hit = qrng_rate_scan(&cut, errors + i, 7, 0x1p20);
        if (hit < 7) {
            got = i + hit;
            break;
        }
    }
    CHECK(got == at && memcmp(&whole, &cut, sizeof whole) == 0);
}

static void all(void) {
    equals_plain_however_cut();
    lanes_start_anywhere();
    continues_after_an_alarm();
    wide_symbols_are_compared_whole();
    an_error_rate_is_watched_however_cut();
}

int main(void) {
    CHECK(test_each_kernel(all) >= 1);
    return 0;
}
