/* The real Fourier transform of a +-1 sequence, n = rows * columns, as a plan that holds its tables. */
#ifndef QRNG_STS_SPECTRUM_H
#define QRNG_STS_SPECTRUM_H

#include <stddef.h>
#include <stdint.h>

enum {
    QRNG_SPECTRUM_STAGES = 16,
    QRNG_SPECTRUM_FINE = 32,    /* twiddles are products of a fine and a coarse one */
    QRNG_SPECTRUM_LANES = 16,   /* floats of the widest vector */
    QRNG_SPECTRUM_SHORTEST = 32 /* rows and columns: two vectors */
};

typedef struct {
    uint32_t length, stages;
    uint32_t radix[QRNG_SPECTRUM_STAGES];
    uint64_t twiddles; /* floats from the start of the tables */
} qrng_spectrum_dft;

typedef struct {
    uint64_t n;
    uint32_t rows, columns; /* x[i * columns + j] */
    uint32_t kept, padded;  /* rows / 2 + 1 of the transformed rows, rounded up to whole vectors */
    uint32_t batch;         /* of the rows kept, held in memory at a time: all, or a multiple of the lanes */
    qrng_spectrum_dft down, along;
    uint64_t fine, coarse; /* [step][real, imaginary][padded] floats */
} qrng_spectrum_plan;

/* The tables follow the plan in memory. */
static inline const float *qrng_spectrum_tables(const qrng_spectrum_plan *plan) {
    return (const float *)(plan + 1);
}

#endif
