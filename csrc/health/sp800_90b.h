/* What the two approved continuous health tests share: one entry of state a lane, walked in turn. */
#ifndef QRNG_HEALTH_SP800_90B_H
#define QRNG_HEALTH_SP800_90B_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "qrng.h"

static inline uint32_t qrng_next_lane(uint32_t lane, uint32_t lanes) {
    return lane + 1 == lanes ? 0 : lane + 1;
}

#endif
