/* SP 800-22 statistics: the family's own kernel table, reached through qrng_kernels.sts.
 *
 * Every kernel here works on a sequence loaded by qrng_sts_load: 64-bit words, bit i of the sequence at bit
 * 63 - i % 64 of word i / 64, zeros from bit n on, and QRNG_STS_SPARE zero words behind the last, so that a
 * window of 64 bits may be read at any place. The same .inc files are compiled once per instruction set. */
#ifndef QRNG_STS_KERNELS_H
#define QRNG_STS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { QRNG_STS_SPARE = 2 };

typedef struct qrng_sts_kernels {
    uint64_t (*ones)(const uint64_t *words, uint64_t n);
    uint64_t (*block_squares)(const uint64_t *words, uint64_t blocks, uint64_t length);
    uint64_t (*transitions)(const uint64_t *words, uint64_t n);
    void (*walk)(const uint64_t *words, uint64_t n, int64_t *extremes);
    uint64_t (*cycles)(const uint64_t *words, uint64_t n, uint64_t *visits, uint64_t *classes);
    void (*longest_runs)(const uint64_t *words, uint64_t blocks, uint64_t length, uint64_t *counts,
                         uint64_t top);
    void (*run_counts)(const uint64_t *words, uint64_t blocks, uint64_t length, unsigned run,
                       uint64_t *counts, uint64_t top);
    void (*patterns)(const uint64_t *words, uint64_t n, unsigned m, uint64_t *counts);
    uint64_t (*squares)(const uint64_t *counts, uint64_t size);
    void (*block_patterns)(const uint64_t *words, uint64_t blocks, uint64_t length, unsigned m,
                           uint64_t *counts);
    double (*gaps)(const uint64_t *words, unsigned width, uint64_t first, uint64_t tested, uint64_t *last,
                   uint64_t *counts, uint64_t limit);
    size_t (*rank_scratch)(unsigned rows, unsigned columns);
    void (*ranks)(const uint64_t *words, uint64_t matrices, unsigned rows, unsigned columns, uint64_t *counts,
                  void *scratch);
    size_t (*complexity_scratch)(uint64_t length);
    void (*complexities)(const uint64_t *words, uint64_t blocks, uint64_t length, uint64_t *counts,
                         void *scratch);
    double (*power)(const uint64_t *words, uint64_t n, uint64_t bin);
    int64_t (*peaks_below)(const uint64_t *words, const void *plan, double threshold, void *scratch);
} qrng_sts_kernels;

extern const qrng_sts_kernels qrng_sts_portable;
#if defined(__x86_64__)
extern const qrng_sts_kernels qrng_sts_avx2;
extern const qrng_sts_kernels qrng_sts_avx512;
#endif

#endif
