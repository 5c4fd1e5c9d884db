/* Symbol counts: most common value, SP 800-90B section 6.3.1, on the whole sequence and lane by lane. */
#include <string.h>

#include "qrng.h"

void qrng_entropy_histogram(uint64_t *counts, const uint8_t *symbols, uint64_t n) {
    uint64_t part[3][256] = {
        {0}}; /* with `counts` four tables: equal neighbours don't wait for each other's store */
    memset(counts, 0, 256 * sizeof *counts);
    uint64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        counts[symbols[i]]++;
        part[0][symbols[i + 1]]++;
        part[1][symbols[i + 2]]++;
        part[2][symbols[i + 3]]++;
    }
    for (; i < n; i++)
        counts[symbols[i]]++;
    for (unsigned v = 0; v < 256; v++)
        counts[v] += part[0][v] + part[1][v] + part[2][v];
}

int qrng_entropy_lane_histogram(uint64_t *counts, const uint8_t *symbols, uint64_t n, uint64_t lanes,
                                uint64_t first, unsigned width) {
    if (lanes < 1 || width < 1 || width > 8)
        return QRNG_EINVAL;
    unsigned all = 0;
    for (uint64_t i = 0; i < n; i++)
        all |= symbols[i];
    if (all >> width)
        return QRNG_EINVAL;
    uint64_t lane = first % lanes;
    for (uint64_t i = 0; i < n; i++) {
        counts[lane << width | symbols[i]]++;
        if (++lane == lanes)
            lane = 0;
    }
    return QRNG_OK;
}
