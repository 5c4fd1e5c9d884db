/* Tail probabilities of the chi-square and binomial laws, to some 1e-13 of their value at any size.
 *
 * Both start from a probability written with the saddle-point deviance (Loader 2000, "Fast and accurate
 * computation of binomial probabilities"), which keeps its digits where the powers and factorials of the
 * textbook formula lose them, and sum or divide on from there. */
#include <math.h>

#include "qrng.h"

static const double pi = 3.141592653589793238462643383280;
static const double precise = 1e-17;    /* terms and steps below it change nothing */
static const double unreached = 1e-300; /* in place of zero in a continued fraction */

/* ln Gamma(a + 1) - ln(sqrt(2 pi a) (a/e)^a), a > 0: Stirling's series from 16 on, by recurrence below. */
static double stirling_error(double a) {
    double error = 0;
    for (; a < 16; a++)
        error += (a + 0.5) * log1p(1 / a) - 1;
    double square = 1 / (a * a);
    double series = 1.0 / 1260 - square * (1.0 / 1680 - square * (1.0 / 1188 - square * 691 / 360360));
    return error + (1.0 / 12 - square * (1.0 / 360 - square * series)) / a;
}

/* x ln(x/m) + m - x. Near 1 the logarithm is 2 atanh v with v = (x - m)/(x + m), whose first term cancels m -
 * x. */
static double deviance(double x, double m) {
    double difference = x - m, v = difference / (x + m);
    if (fabs(v) > 0.1)
        return x * log(x / m) - difference;
    double sum = difference * v, power = 2 * x * v;
    for (unsigned k = 3;; k += 2) {
        power *= v * v;
        double next = sum + power / k;
        if (next == sum)
            return sum;
        sum = next;
    }
}

/* Q(a, x), the upper incomplete gamma function over Gamma(a); `error` is a's Stirling error. */
static double gamma_tail(double a, double x, double error) {
    if (isnan(x) || x <= 0 || isinf(x))
        return isnan(x) ? x : x <= 0;
    double first = exp(-error - deviance(a, x)) / sqrt(2 * pi * a); /* x^a e^-x / Gamma(a + 1) */
    if (first == 0)
        return x < a ? 1 : 0;
    if (x < a + 1) {
        double term = 1, sum = 1;
        for (double k = a + 1; term > precise * sum; k++) {
            term *= x / k;
            sum += term;
        }
        return 1 - first * sum;
    }
    /* 1/(x+1-a - 1(1-a)/(x+3-a - 2(2-a)/(x+5-a - ...))), forwards, by the method of Lentz (Thompson and
     * Barnett 1986). */
    double b = x + 1 - a, c = 1 / unreached, d = 1 / b, fraction = d;
    for (double k = 1;; k++) {
        double top = k * (a - k);
        b += 2;
        d = 1 / (top * d + b);
        c = b + top / c;
        c = c == 0 ? unreached : c;
        double step = c * d;
        fraction *= step;
        if (fabs(step - 1) < 2.3e-16)
            return first * a * fraction;
    }
}

void qrng_sts_chi_square_tails(double degrees, const double *statistics, double *tails, size_t count) {
    double error = stirling_error(degrees / 2);
    for (size_t i = 0; i < count; i++)
        tails[i] = gamma_tail(degrees / 2, statistics[i] / 2, error);
}

/* P(X = k), X binomial, 0 <= k <= n. */
static double binomial(double k, double n, double share) {
    if (k == 0)
        return exp(n * log1p(-share));
    if (k == n)
        return exp(n * log(share));
    double rest = n - k, errors = stirling_error(n) - stirling_error(k) - stirling_error(rest);
    double far = deviance(k, n * share) + deviance(rest, n * (1 - share));
    return exp(errors - far) * sqrt(n / (2 * pi * k * rest));
}

double qrng_sts_binomial_tail(uint64_t least, uint64_t tosses, double share, double *above) {
    double k = (double)least, n = (double)tosses, odds = share / (1 - share), term = 1, rest = 0, tail;
    if (least == 0 || least > tosses) {
        *above = least == 0 ? -expm1(n * log1p(-share)) : 0;
        return least == 0;
    }
    if (k > n * share) {
        double here = binomial(k, n, share);
        for (; term > precise * (1 + rest); k++) {
            term *= (n - k) / (k + 1) * odds;
            rest += term;
        }
        *above = here * rest;
        return here * (1 + rest);
    }
    double below = binomial(k - 1, n, share), here = below * (n - k + 1) / k * odds;
    for (k--; term > precise * (1 + rest); k--) {
        term *= k / ((n - k + 1) * odds);
        rest += term;
    }
    tail = 1 - below * (1 + rest);
    *above = tail - here;
    return tail;
}
