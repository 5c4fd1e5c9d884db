#include <string.h>

#include "health/lfsr.h"

/* As complexity() in lfsr.c, without the taps. */
uint32_t qrng_lfsr_short_portable(const uint64_t *high, const uint64_t *low) {
    uint32_t found = 0;
    for (uint32_t k = 0; k < LFSR_BATCH; k++) {
        uint64_t rest[2] = {high[k], low[k]};
        uint64_t spare[2] = {high[k] >> 1 | (uint64_t)1 << 63, low[k] >> 1 | high[k] << 63};
        int64_t excess = 1, i = 0;
        for (; i < LFSR_WINDOW && i + 1 - excess <= 2 * LFSR_LONGEST; i++) {
            const uint64_t differs = 0 - (rest[0] >> 63), longer = differs & (uint64_t)(-excess >> 63);
            const uint64_t before[2] = {rest[0] ^ spare[0], rest[1] ^ spare[1]};
            rest[0] ^= spare[0] & differs;
            rest[1] ^= spare[1] & differs;
            spare[0] ^= before[0] & longer;
            spare[1] ^= before[1] & longer;
            rest[0] = rest[0] << 1 | rest[1] >> 63;
            rest[1] <<= 1;
            excess = (excess ^ (int64_t)longer) - (int64_t)longer + 1;
        }
        found |= (uint32_t)(i + 1 - excess <= 2 * LFSR_LONGEST) << k;
    }
    return found;
}

#if defined(__x86_64__)
/* The same, twice WIDE windows side by side: two chains of steps, because each waits for the step before. */
#define SHORT(NAME, WIDE, TARGET)                                                                            \
    typedef int64_t NAME##_v __attribute__((vector_size(8 * (WIDE))));                                       \
    typedef uint64_t NAME##_u __attribute__((vector_size(8 * (WIDE))));                                      \
    TARGET uint32_t NAME(const uint64_t *high, const uint64_t *low) {                                        \
        uint32_t found = 0;                                                                                  \
        for (uint32_t at = 0; at < LFSR_BATCH; at += 2 * (WIDE)) {                                           \
            NAME##_u rest[2], more[2], spare[2], extra[2];                                                   \
            NAME##_v excess[2] = {1 + (NAME##_v){0}, 1 + (NAME##_v){0}};                                     \
            memcpy(rest, high + at, sizeof rest);                                                            \
            memcpy(more, low + at, sizeof more);                                                             \
            for (int c = 0; c < 2; c++) {                                                                    \
                spare[c] = rest[c] >> 1 | (uint64_t)1 << 63;                                                 \
                extra[c] = more[c] >> 1 | rest[c] << 63;                                                     \
            }                                                                                                \
            for (int i = 0; i < LFSR_WINDOW; i++)                                                            \
                for (int c = 0; c < 2; c++) {                                                                \
                    const NAME##_u differs = (NAME##_u)((NAME##_v)rest[c] >> 63);                            \
                    const NAME##_u longer = differs & (NAME##_u)(-excess[c] >> 63);                          \
                    const NAME##_u a = rest[c], b = more[c];                                                 \
                    rest[c] ^= spare[c] & differs;                                                           \
                    more[c] ^= extra[c] & differs;                                                           \
                    spare[c] = (a & longer) | (spare[c] & ~longer);                                          \
                    extra[c] = (b & longer) | (extra[c] & ~longer);                                          \
                    rest[c] = rest[c] << 1 | more[c] >> 63;                                                  \
                    more[c] <<= 1;                                                                           \
                    excess[c] = (excess[c] ^ (NAME##_v)longer) - (NAME##_v)longer + 1;                       \
                }                                                                                            \
            for (uint32_t k = 0; k < 2 * (WIDE); k++)                                                        \
                found |= (uint32_t)(LFSR_WINDOW + 1 - excess[k / (WIDE)][k % (WIDE)] <= 2 * LFSR_LONGEST)    \
                         << (at + k);                                                                        \
        }                                                                                                    \
        return found;                                                                                        \
    }

SHORT(qrng_lfsr_short_avx2, 4, __attribute__((target("avx2"))))
SHORT(qrng_lfsr_short_avx512, 8, __attribute__((target("avx512f,avx512vl,avx512dq"))))
#endif
