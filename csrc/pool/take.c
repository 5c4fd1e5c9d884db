#include "qrng.h"

void qrng_pool_take(uint8_t *out, uint8_t *pool, size_t at, const uint8_t *fresh, size_t n) {
    pool += at;
    for (size_t i = 0; i < n; i++)
        out[i] = pool[i] ^ fresh[i];
    qrng_wipe(pool, n);
}
