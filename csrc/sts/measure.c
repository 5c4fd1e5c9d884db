/* Many statistics of one sequence in one call: the jobs of a whole battery, one after the other. */
#include <string.h>

#include "qrng.h"
#include "cpu/kernels.h"
#include "sts/kernels.h"

/* Entries of counts that a job needs; UINT64_MAX where its numbers make no sense. */
static uint64_t entries_of(const qrng_sts_job *job) {
    const uint64_t *number = job->numbers;
    switch (job->kernel) {
    case QRNG_STS_WALK:
        return 3;
    case QRNG_STS_CYCLES:
        return 19 + 54;
    case QRNG_STS_LONGEST_RUNS:
    case QRNG_STS_RUN_COUNTS:
        return 1;
    case QRNG_STS_PATTERNS:
        return number[0] > 32 || number[1] > number[0] ? UINT64_MAX
                                                       : number[0] + 1 + ((uint64_t)2 << number[1]);
    case QRNG_STS_BLOCK_PATTERNS:
        return number[2] > 32 || number[0] >> 31 ? UINT64_MAX : number[0] << number[2];
    case QRNG_STS_GAPS:
        return number[0] < 1 || number[0] > 32 ? UINT64_MAX : (uint64_t)1 << number[0];
    case QRNG_STS_RANKS:
        return number[2] > 64 ? UINT64_MAX : number[2] + 1;
    case QRNG_STS_COMPLEXITIES:
        return number[1] + 1;
    default:
        return 0;
    }
}

static size_t scratch_of(const qrng_sts_job *job) {
    switch (job->kernel) {
    case QRNG_STS_PATTERNS:
        return job->numbers[0] > 32 ? 0 : ((size_t)2 << job->numbers[0]) * sizeof(uint64_t);
    case QRNG_STS_RANKS:
        return qrng_sts_rank_scratch_bytes((unsigned)job->numbers[1], (unsigned)job->numbers[2]);
    case QRNG_STS_COMPLEXITIES:
        return qrng_sts_complexity_scratch_bytes(job->numbers[1]);
    case QRNG_STS_PEAKS_BELOW:
        return qrng_sts_spectrum_scratch_bytes(job->plan);
    default:
        return 0;
    }
}

size_t qrng_sts_measure_scratch_bytes(const qrng_sts_job *jobs, size_t count) {
    size_t most = 0;
    for (size_t k = 0; k < count; k++) {
        size_t need = scratch_of(jobs + k);
        most = need > most ? need : most;
    }
    return most;
}

/* Squares of all lengths to m, then the counts of those to `kept`. */
static int ring(const uint64_t *words, uint64_t n, unsigned m, unsigned kept, uint64_t *counts,
                uint64_t *all) {
    memset(all, 0, ((size_t)2 << m) * sizeof *all);
    int status = qrng_sts_patterns(words, n, m, all);
    for (unsigned k = 0; k <= m; k++)
        counts[k] = qrng_kernels_get()->sts->squares(all + ((size_t)1 << k), (uint64_t)1 << k);
    memcpy(counts + m + 1, all, ((size_t)2 << kept) * sizeof *all);
    return status;
}

static int run(const uint64_t *words, uint64_t n, qrng_sts_job *job, uint64_t *counts, void *scratch,
               size_t scratch_bytes) {
    const uint64_t *number = job->numbers;
    uint64_t entries = job->entries;
    if (entries < entries_of(job))
        return QRNG_EINVAL;
    memset(counts, 0, (size_t)entries * sizeof *counts);
    switch (job->kernel) {
    case QRNG_STS_ONES:
        job->value = qrng_sts_ones(words, n);
        return QRNG_OK;
    case QRNG_STS_BLOCK_SQUARES:
        job->value = qrng_sts_block_squares(words, number[0], number[1]);
        return QRNG_OK;
    case QRNG_STS_TRANSITIONS:
        job->value = qrng_sts_transitions(words, n);
        return QRNG_OK;
    case QRNG_STS_WALK:
        qrng_sts_walk(words, n, (int64_t *)counts);
        return QRNG_OK;
    case QRNG_STS_CYCLES:
        job->value = qrng_sts_cycles(words, n, counts, counts + 19);
        return QRNG_OK;
    case QRNG_STS_LONGEST_RUNS:
        qrng_sts_longest_runs(words, number[0], number[1], counts, entries - 1);
        return QRNG_OK;
    case QRNG_STS_RUN_COUNTS:
        return qrng_sts_run_counts(words, number[0], number[1], (unsigned)number[2], counts, entries - 1);
    case QRNG_STS_PATTERNS:
        return ring(words, n, (unsigned)number[0], (unsigned)number[1], counts, scratch);
    case QRNG_STS_BLOCK_PATTERNS:
        return qrng_sts_block_patterns(words, number[0], number[1], (unsigned)number[2], counts);
    case QRNG_STS_GAPS: {
        uint64_t *distances = counts + ((uint64_t)1 << number[0]),
                 limit = entries - ((uint64_t)1 << number[0]);
        job->sum = qrng_sts_gaps(words, (unsigned)number[0], number[1], number[2], counts, distances, limit);
        return QRNG_OK;
    }
    case QRNG_STS_RANKS:
        return qrng_sts_ranks(words, number[0], (unsigned)number[1], (unsigned)number[2], counts, scratch,
                              scratch_bytes);
    case QRNG_STS_COMPLEXITIES:
        return qrng_sts_complexities(words, number[0], number[1], counts, scratch, scratch_bytes);
    case QRNG_STS_PEAKS_BELOW:
        job->value = (uint64_t)qrng_sts_peaks_below(words, job->plan, job->threshold, scratch);
        return QRNG_OK;
    default:
        return QRNG_EINVAL;
    }
}

size_t qrng_sts_measure(const uint64_t *words, uint64_t n, qrng_sts_job *jobs, size_t count, uint64_t *counts,
                        void *scratch, size_t scratch_bytes) {
    if (scratch_bytes < qrng_sts_measure_scratch_bytes(jobs, count))
        return 0;
    for (size_t k = 0; k < count; counts += jobs[k].entries, k++)
        if (run(words, n, jobs + k, counts, scratch, scratch_bytes) != QRNG_OK)
            return k;
    return count;
}
