/* Fuzz target: Trevisan's extractor with any lengths, field, design, seed and raw bits, those out of range
 * among them: the same on every kernel level, nothing outside the buffers. Build with -DQRNG_FUZZ=ON and
 * clang. */
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 16)
        return 0;
    /* z^8 + z^4 + z^3 + z + 1 and x^6 + x + 1, x^7 + x + 1, x^9 + x^4 + 1: fields of designs. What is
     * computed is defined for tails of any polynomial of the field of the one-bit extractor, irreducible or
     * not. */
    static const struct {
        unsigned log_t, polynomial;
    } designs[] = {{6, 0x43}, {7, 0x83}, {8, 0x11b}, {9, 0x211}, {5, 0x25}};
    unsigned log_t = designs[data[0] % 5].log_t, polynomial = designs[data[0] % 5].polynomial;
    unsigned l = (data[1] | (unsigned)data[2] << 8) % 400;
    uint64_t tail = 0, n = (data[3] | (uint64_t)data[4] << 8) % 3000, from = data[5] % 9, to = data[6] % 9;
    for (int i = 0; i < 8; i++)
        tail |= (uint64_t)data[7 + i] << (8 * i);
    if (data[15] & 1 && l >= 2) /* mostly in range, which ends at z^(l/2) and at z^63 */
        tail &= l / 2 >= 63 ? UINT64_MAX : (UINT64_C(2) << l / 2) - 1;
    uint64_t sizes[3] = {data[15] % 20, data[14] % 3, data[13] % 5}, m = sizes[0] + sizes[1] + sizes[2];
    size_t raw_bytes = (size_t)(from + n + 7) / 8, out_bytes = (size_t)(to + m + 7) / 8;
    size_t seed_bytes = (size_t)(3 * (UINT64_C(1) << 2 * log_t) + 7) / 8;
    uint8_t *raw = malloc(raw_bytes + !raw_bytes), *seed = malloc(seed_bytes),
            *out = malloc(out_bytes + !out_bytes);
    uint8_t *first = calloc(out_bytes + !out_bytes, 1);
    for (size_t i = 0; i < raw_bytes; i++)
        raw[i] = (uint8_t)(data[i % size] ^ i);
    for (size_t i = 0; i < seed_bytes; i++)
        seed[i] = (uint8_t)(data[(5 * i + 1) % size] + i / size);
    int supported, expected = QRNG_OK;
    for (size_t level = 0; qrng_kernel_level(level, &supported); level++) {
        if (!supported)
            continue;
        CHECK(qrng_kernel_select(qrng_kernel_level(level, &supported)) == QRNG_OK);
        void *scratch = malloc(qrng_trevisan_scratch_bytes(n, l ? l : 1) + 8);
        memset(out, 0, out_bytes);
        int status = qrng_trevisan_extract(level ? out : first, to, raw, from, n, m, l, tail, log_t,
                                           polynomial, sizes, 3, seed, scratch);
        if (level == 0)
            expected = status;
        CHECK(status == expected);
        CHECK(level == 0 || status != QRNG_OK || memcmp(out, first, out_bytes) == 0);
        free(scratch);
    }
    free(raw), free(seed), free(out), free(first);
    return 0;
}
