/* Fuzz target: any hash of any lengths, seed and raw bits, the same on every kernel level, nothing outside
 * the buffers. Build with -DQRNG_FUZZ=ON and clang. */
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 8)
        return 0;
    int kind = data[0] % 4; /* 3 is no kind */
    uint64_t n = (data[1] | (uint64_t)data[2] << 8) % 5000, m = (data[3] | (uint64_t)data[4] << 8) % 3000;
    uint64_t blocks = data[5] % 3 ? data[5] % 3 : data[5] % 130, from = data[6] % 8, to = data[7] % 8;
    uint64_t seed_bits = kind == QRNG_LINEAR_TOEPLITZ    ? n + m - 1
                         : kind == QRNG_LINEAR_CIRCULANT ? n + data[7]
                                                         : n - 1;
    if (qrng_linear_state_bytes(kind, n, m, seed_bits) == 0) {
        uint8_t nothing[1] = {0};
        CHECK(qrng_linear_prepare(nothing, sizeof nothing, kind, n, m, nothing, seed_bits) == QRNG_EINVAL);
        return 0;
    }
    size_t seed_bytes = (size_t)(seed_bits + 7) / 8, raw_bytes = (size_t)(from + blocks * n + 7) / 8;
    size_t out_bytes = (size_t)(to + blocks * m + 7) / 8;
    uint8_t *seed = malloc(seed_bytes), *raw = malloc(raw_bytes + 1), *first = calloc(out_bytes + 1, 1);
    uint8_t *out = malloc(out_bytes + 1);
    for (size_t i = 0; i < seed_bytes; i++)
        seed[i] = data[i % size];
    for (size_t i = 0; i < raw_bytes; i++)
        raw[i] = (uint8_t)(data[(7 * i + 3) % size] ^ i);
    int supported;
    for (size_t level = 0; qrng_kernel_level(level, &supported); level++) {
        if (!supported)
            continue;
        CHECK(qrng_kernel_select(qrng_kernel_level(level, &supported)) == QRNG_OK);
        size_t bytes = qrng_linear_state_bytes(kind, n, m, seed_bits);
        uint8_t *matrix = malloc(bytes);
        CHECK(qrng_linear_prepare(matrix, bytes, kind, n, m, seed, seed_bits) == QRNG_OK);
        uint8_t *scratch = malloc(qrng_linear_scratch_bytes(matrix));
        memset(out, 0, out_bytes + 1);
        qrng_linear_extract(matrix, raw, from, level ? out : first, to, blocks, scratch);
        CHECK(level == 0 || memcmp(out, first, out_bytes + 1) == 0);
        free(matrix), free(scratch);
    }
    free(seed), free(raw), free(first), free(out);
    return 0;
}
