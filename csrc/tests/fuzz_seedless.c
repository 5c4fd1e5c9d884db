/* Fuzz target: von Neumann, Elias and Peres on any bits, block and depth: the same on every kernel level, no
 * more bits than documented, nothing outside the buffers. Build with -DQRNG_FUZZ=ON and clang. */
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KINDS = 3 };

static uint64_t run(int kind, uint8_t *out, const uint8_t *raw, uint64_t from, uint64_t n,
                    unsigned parameter) {
    uint64_t bits = 0;
    if (kind == 0)
        return qrng_von_neumann(out, raw, from, n);
    if (kind == 1) {
        int status = qrng_elias(&bits, out, raw, from, n, parameter);
        CHECK(status == (parameter >= 2 && parameter <= 64 ? QRNG_OK : QRNG_EINVAL));
        return bits;
    }
    unsigned depth = 1 + parameter % 20;
    uint8_t *scratch = malloc(qrng_peres_scratch_bytes(n, depth) + 1);
    bits = qrng_peres(out, raw, from, n, depth, scratch);
    free(scratch);
    return bits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3)
        return 0;
    uint64_t from = data[0] % 8, n = 8 * (size - 2) - from;
    n -= n ? data[1] % 16 % n : 0;
    uint8_t *raw = malloc(size - 2);
    memcpy(raw, data + 2, size - 2);
    for (int kind = 0; kind < KINDS; kind++) {
        size_t room = (size_t)(kind == 0 ? n / 2 : n) / 8 + 1 + 8;
        uint8_t *out = malloc(room), *first = malloc(room);
        uint64_t expected = 0;
        int supported;
        for (size_t level = 0; qrng_kernel_level(level, &supported); level++) {
            if (!supported)
                continue;
            CHECK(qrng_kernel_select(qrng_kernel_level(level, &supported)) == QRNG_OK);
            uint64_t bits = run(kind, level ? out : first, raw, from, n, data[1] / 2);
            if (level == 0)
                expected = bits;
            CHECK(bits == expected && bits <= (kind == 0 ? n / 2 : n));
            CHECK(level == 0 || memcmp(out, first, (size_t)(bits + 7) / 8) == 0);
        }
        free(out), free(first);
    }
    free(raw);
    return 0;
}
