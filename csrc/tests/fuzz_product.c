/* Fuzz target: products of polynomials of any lengths and contents, the same on every kernel level, and the
 * sum of the products by the two parts of a factor; nothing outside the buffers. Build with -DQRNG_FUZZ=ON
 * and clang. */
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* a b, in memory of exactly this size. */
static uint64_t *product(const uint64_t *a, size_t a_words, const uint64_t *b, size_t b_words) {
    size_t bytes = qrng_gf2_scratch_bytes(a_words, b_words);
    uint64_t *out = malloc(8 * (a_words + b_words));
    void *scratch = malloc(bytes);
    CHECK(qrng_gf2_multiply(out, a, a_words, b, b_words, scratch, bytes) == QRNG_OK);
    free(scratch);
    return out;
}

static uint64_t *words_from(const uint8_t *data, size_t size, size_t words, unsigned salt) {
    uint64_t *out = malloc(8 * words);
    for (size_t i = 0; i < 8 * words; i++)
        ((uint8_t *)out)[i] = (uint8_t)(data[(i + salt) % size] ^ (i >= size ? i / size * salt : 0));
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 6)
        return 0;
    /* Mostly short; one in eight reaches the sizes of transforms. */
    size_t most = data[0] % 8 ? 300 : 6000;
    size_t a_words = (data[1] | (size_t)data[2] << 8) % most,
           b_words = (data[3] | (size_t)data[4] << 8) % most;
    if (qrng_gf2_scratch_bytes(a_words, b_words) == 0) {
        uint64_t nothing = 0;
        CHECK(qrng_gf2_multiply(&nothing, &nothing, a_words, &nothing, b_words, &nothing, 8) == QRNG_EINVAL);
        return 0;
    }
    uint64_t *a = words_from(data, size, a_words, 5), *b = words_from(data, size, b_words, data[5]),
             *first = NULL;
    int supported;
    for (size_t level = 0; qrng_kernel_level(level, &supported); level++) {
        if (!supported || (level == 0 && a_words > 1000))
            continue; /* the portable one takes too long there */
        CHECK(qrng_kernel_select(qrng_kernel_level(level, &supported)) == QRNG_OK);
        uint64_t *out = product(a, a_words, b, b_words);
        if (!first) {
            first = out;
            continue;
        }
        CHECK(memcmp(out, first, 8 * (a_words + b_words)) == 0);
        free(out);
    }
    size_t cut = data[5] % b_words;
    if (first && cut) {
        uint64_t *low = product(a, a_words, b, cut), *high = product(a, a_words, b + cut, b_words - cut);
        for (size_t i = 0; i < a_words + b_words; i++)
            CHECK(first[i] == ((i < a_words + cut ? low[i] : 0) ^ (i >= cut ? high[i - cut] : 0)));
        free(low), free(high);
    }
    free(a), free(b), free(first);
    return 0;
}
