/* SP 800-22: loading a sequence, and the exported names of the kernels in force. */
#include "qrng.h"
#include "bits/bits.h"
#include "cpu/kernels.h"
#include "sts/kernels.h"

uint64_t qrng_sts_words(uint64_t n) {
    return (n + 63) / 64 + QRNG_STS_SPARE;
}

void qrng_sts_load(uint64_t *words, const uint8_t *src, uint64_t src_bit, uint64_t n) {
    uint64_t i = 0, whole = n / 64, last_byte = (src_bit + n + 7) / 8;
    unsigned skip = (unsigned)(src_bit % 8);
    const uint8_t *p = src + src_bit / 8;
    /* A word at a bit offset takes nine bytes; the last ones may not have the ninth. */
    for (; i < whole && src_bit / 8 + 8 * i + 9 <= last_byte; i++)
        words[i] = qrng_load_be64(p + 8 * i) << skip | (uint64_t)p[8 * i + 8] >> (8 - skip);
    for (; i < whole; i++)
        words[i] = qrng_bits_get(p, 64 * i + skip, 64);
    if (n % 64) {
        words[i] = qrng_bits_get(p, 64 * i + skip, (unsigned)(n % 64)) << (64 - n % 64);
        i++;
    }
    for (unsigned k = 0; k < QRNG_STS_SPARE; k++)
        words[i + k] = 0;
}

static const qrng_sts_kernels *kernels(void) {
    return qrng_kernels_get()->sts;
}

uint64_t qrng_sts_ones(const uint64_t *words, uint64_t n) {
    return kernels()->ones(words, n);
}

uint64_t qrng_sts_block_squares(const uint64_t *words, uint64_t blocks, uint64_t length) {
    return kernels()->block_squares(words, blocks, length);
}

uint64_t qrng_sts_transitions(const uint64_t *words, uint64_t n) {
    return kernels()->transitions(words, n);
}

void qrng_sts_walk(const uint64_t *words, uint64_t n, int64_t *extremes) {
    kernels()->walk(words, n, extremes);
}

uint64_t qrng_sts_cycles(const uint64_t *words, uint64_t n, uint64_t *visits, uint64_t *classes) {
    return kernels()->cycles(words, n, visits, classes);
}

void qrng_sts_longest_runs(const uint64_t *words, uint64_t blocks, uint64_t length, uint64_t *counts,
                           uint64_t top) {
    kernels()->longest_runs(words, blocks, length, counts, top);
}

int qrng_sts_run_counts(const uint64_t *words, uint64_t blocks, uint64_t length, unsigned run,
                        uint64_t *counts, uint64_t top) {
    if (run < 1 || run > 64 || run > length)
        return QRNG_EINVAL;
    kernels()->run_counts(words, blocks, length, run, counts, top);
    return QRNG_OK;
}

int qrng_sts_patterns(const uint64_t *words, uint64_t n, unsigned m, uint64_t *counts) {
    if (m < 1 || m > 32 || m > n)
        return QRNG_EINVAL;
    kernels()->patterns(words, n, m, counts);
    return QRNG_OK;
}

int qrng_sts_block_patterns(const uint64_t *words, uint64_t blocks, uint64_t length, unsigned m,
                            uint64_t *counts) {
    if (m < 1 || m > 32 || m > length)
        return QRNG_EINVAL;
    kernels()->block_patterns(words, blocks, length, m, counts);
    return QRNG_OK;
}

double qrng_sts_gaps(const uint64_t *words, unsigned width, uint64_t first, uint64_t tested, uint64_t *last,
                     uint64_t *counts, uint64_t limit) {
    return kernels()->gaps(words, width, first, tested, last, counts, limit);
}

size_t qrng_sts_rank_scratch_bytes(unsigned rows, unsigned columns) {
    return rows < 1 || columns < 1 || columns > 64 ? 0 : kernels()->rank_scratch(rows, columns);
}

int qrng_sts_ranks(const uint64_t *words, uint64_t matrices, unsigned rows, unsigned columns,
                   uint64_t *counts, void *scratch, size_t scratch_bytes) {
    size_t need = qrng_sts_rank_scratch_bytes(rows, columns);
    if (need == 0 || scratch_bytes < need)
        return QRNG_EINVAL;
    kernels()->ranks(words, matrices, rows, columns, counts, scratch);
    return QRNG_OK;
}

size_t qrng_sts_complexity_scratch_bytes(uint64_t length) {
    return length < 1 || length >= 1u << 17 ? 0 : kernels()->complexity_scratch(length);
}

int qrng_sts_complexities(const uint64_t *words, uint64_t blocks, uint64_t length, uint64_t *counts,
                          void *scratch, size_t scratch_bytes) {
    size_t need = qrng_sts_complexity_scratch_bytes(length);
    if (need == 0 || scratch_bytes < need)
        return QRNG_EINVAL;
    kernels()->complexities(words, blocks, length, counts, scratch);
    return QRNG_OK;
}
