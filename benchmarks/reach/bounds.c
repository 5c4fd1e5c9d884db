/* What one core does at most: instructions a second of VPCLMULQDQ and GF2P8AFFINEQB on 512-bit registers, bytes a second
 * read from memory. Prints "name figure" lines. Built and run by bounds.py. */
#define _POSIX_C_SOURCE 199309L

#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHAINS = 12, STEPS = 1 << 20, ROUNDS = 15 };
static const size_t MEMORY = (size_t)256 << 20;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define STEP(instruction, x)                                                                                           \
    x = instruction(x, y, 0);                                                                                          \
    __asm__ volatile("" : "+v"(x));

/* Independent chains, so that throughput and not latency is measured; the barrier keeps each step. */
#define MEASURE(name, instruction)                                                                                     \
    __attribute__((target("avx512f,avx512bw,avx512vl,vpclmulqdq,gfni"))) static double name(void) {                   \
        const __m512i y = _mm512_set1_epi64(0x123456789abcdef1);                                                       \
        __m512i a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;                    \
        double best = 1e9;                                                                                             \
        for (int round = 0; round < ROUNDS; round++) {                                                                 \
            double start = now();                                                                                      \
            for (int step = 0; step < STEPS; step++) {                                                                 \
                STEP(instruction, a) STEP(instruction, b) STEP(instruction, c) STEP(instruction, d)                    \
                STEP(instruction, e) STEP(instruction, f) STEP(instruction, g) STEP(instruction, h)                    \
                STEP(instruction, i) STEP(instruction, j) STEP(instruction, k) STEP(instruction, l)                    \
            }                                                                                                          \
            double spent = now() - start;                                                                              \
            best = spent < best ? spent : best;                                                                        \
        }                                                                                                              \
        return (double)CHAINS * STEPS / best;                                                                          \
    }

MEASURE(clmul, _mm512_clmulepi64_epi128)
MEASURE(gfni, _mm512_gf2p8affine_epi64_epi8)

__attribute__((target("avx512f"))) static double reading(void) {
    uint8_t *memory = aligned_alloc(64, MEMORY);
    if (!memory)
        return 0;
    memset(memory, 1, MEMORY);
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
        double start = now();
        for (size_t i = 0; i < MEMORY; i += 256) {
            a = _mm512_xor_si512(a, _mm512_load_si512(memory + i));
            b = _mm512_xor_si512(b, _mm512_load_si512(memory + i + 64));
            c = _mm512_xor_si512(c, _mm512_load_si512(memory + i + 128));
            d = _mm512_xor_si512(d, _mm512_load_si512(memory + i + 192));
        }
        __asm__ volatile("" : : "v"(a), "v"(b), "v"(c), "v"(d));
        double spent = now() - start;
        best = spent < best ? spent : best;
    }
    free(memory);
    return (double)MEMORY / best;
}

int main(void) {
    printf("clmul %.6g\ngfni %.6g\nreading %.6g\n", clmul(), gfni(), reading());
    return 0;
}
