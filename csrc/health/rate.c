/* An e-detector for a stream of error indicators that claims P(error | past) <= rate: QBER, lost CHSH games.
 */
#include <math.h>
#include <string.h>

#include "qrng.h"

/* Each bet believes the odds of an error to be so many times the claimed ones. */
static const double odds[QRNG_RATE_BETS] = {1.05, 1.1, 1.15, 1.25, 1.4, 1.6, 2,   2.5,
                                            3,    4,   6,    9,    15,  30,  100, 1000};

int qrng_rate_init(qrng_rate_state *s, double rate) {
    if (!(rate > 0 && rate < 1))
        return QRNG_EINVAL;
    memset(s, 0, sizeof *s);
    for (int k = 0; k < QRNG_RATE_BETS; k++) {
        /* q = r p / (1 - p + r p): q / p and (1 - q) / (1 - p) are r and 1 over the same sum */
        double sum = 1 - rate + odds[k] * rate;
        s->on_error[k] = odds[k] / sum;
        s->on_none[k] = 1 / sum;
        double q = odds[k] * rate / sum;
        s->growth[k] = q * log(s->on_error[k]) + (1 - q) * log(s->on_none[k]);
    }
    return QRNG_OK;
}

uint64_t qrng_rate_scan(qrng_rate_state *s, const uint8_t *errors, uint64_t n, double threshold) {
    for (uint64_t i = 0; i < n; i++) {
        const double *payoff = errors[i] ? s->on_error : s->on_none;
        double sum = 0;
        for (int k = 0; k < QRNG_RATE_BETS; k++) {
            s->m[k] = (s->m[k] + 1) * payoff[k];
            sum += s->m[k];
            if (s->m[k] * s->growth[k] <= 2) /* with nothing to find it hovers around 1 / growth */
                s->quiet[k] = s->seen + 1;
        }
        s->seen++;
        s->total = sum / QRNG_RATE_BETS;
        if (s->total >= threshold)
            return i;
    }
    return n;
}

uint64_t qrng_rate_onset(const qrng_rate_state *s) {
    int best = 0;
    for (int k = 1; k < QRNG_RATE_BETS; k++)
        if (s->m[k] > s->m[best])
            best = k;
    return s->quiet[best];
}
