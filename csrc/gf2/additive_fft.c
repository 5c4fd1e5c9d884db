/* What all kernels of the additive FFT share: the points, and the change of basis. See additive_fft.h. */
#include "gf2/additive_fft.h"

/* Cantor's basis: of the two roots of x^2 + x = v_i, the one whose lowest coefficient is 0.
 * csrc/tests/test_fft.c checks each step. */
static const uint64_t cantor[] = {
    0x0000000000000001, 0x19c9369f278adc02, 0xa181e7d66f5ff794, 0x5db84357ce785d08, 0xb973d466f5c9d0ca,
    0x521ac889831a075e, 0x033ce8beddc8a656, 0xb5846c4e07b91010, 0x4087b8cbb37a32ec, 0x00d0d3888c0ae17c,
    0xafd5ac70237f2222, 0xe3f5af99cc3aaaf8, 0x5a1db3b16a0b58b8, 0x09947c54fe7ee248, 0x0e8eaf0e0068f544,
    0xa2a113500b4b4f5a, 0xe96f9805d6ce0bb0, 0x53496f8b5c9edd4c, 0xad325cb6f4ac2a9e, 0x4a8dcf8bd7ede826,
    0xa3e9c552b6434210, 0x5fa92ad9c9bc7ed0, 0xa389f910cd7734de, 0xe916f3dfca4609d8,
};

uint64_t qrng_fft_point(uint64_t c) {
    uint64_t sum = 0;
    for (; c; c &= c - 1) /* c is a place in the transform, not a secret */
        sum ^= cantor[__builtin_ctzll(c)];
    return sum;
}

/* The largest power of 2 below k. */
static unsigned split(unsigned k) {
    unsigned i = 1;
    while (2 * i < k)
        i *= 2;
    return i;
}

/* Divide a block of 2^e by (s_i)^(2^(e-1-i)) = x^h + x^t, h = 2^(e-1), t = 2^(e-1-i): what is above h comes
 * down by h - t, highest first, because the topmost t land above h again. One coefficient is 2^stride words.
 */
static void divide(uint64_t *f, unsigned e, unsigned i, unsigned stride, const qrng_fft_basis *basis) {
    size_t half = (size_t)1 << (e - 1 + stride), down = half - ((size_t)1 << (e - 1 - i + stride));
    basis->add(f + half - down, f + half, half);
}

/* The block, then its halves, down to blocks of 2^(i+1): each half is done with while it is in cache. */
static void divide_down(uint64_t *f, unsigned e, unsigned i, unsigned stride, const qrng_fft_basis *basis) {
    if (e == i)
        return;
    divide(f, e, i, stride, basis);
    divide_down(f, e - 1, i, stride, basis);
    divide_down(f + ((size_t)1 << (e - 1 + stride)), e - 1, i, stride, basis);
}

static void divide_up(uint64_t *f, unsigned e, unsigned i, unsigned stride, const qrng_fft_basis *basis) {
    if (e == i)
        return;
    divide_up(f, e - 1, i, stride, basis);
    divide_up(f + ((size_t)1 << (e - 1 + stride)), e - 1, i, stride, basis);
    divide(f, e, i, stride, basis);
}

/* What a kernel does in one go, or leaves to its last rounds. */
static int is_done(uint64_t *f, unsigned log_size, unsigned stride, const qrng_fft_basis *basis) {
    if (log_size <= 1 || (stride == 0 && log_size <= 4))
        return 1;
    if (log_size == 4) {
        basis->sixteen(f, (size_t)1 << stride);
        return 1;
    }
    if (log_size == 8 && stride == 0 && basis->low) {
        basis->low(f);
        return 1;
    }
    return 0;
}

static void to_basis(uint64_t *f, unsigned log_size, unsigned stride, const qrng_fft_basis *basis) {
    if (is_done(f, log_size, stride, basis))
        return;
    unsigned i = split(log_size);
    divide_down(f, log_size, i, stride, basis);
    to_basis(f, log_size - i, stride + i, basis);
    for (size_t b = 0; b < (size_t)1 << (log_size - i); b++)
        to_basis(f + (b << (i + stride)), i, stride, basis);
}

static void from_basis(uint64_t *f, unsigned log_size, unsigned stride, const qrng_fft_basis *basis) {
    if (is_done(f, log_size, stride, basis))
        return;
    unsigned i = split(log_size);
    for (size_t b = 0; b < (size_t)1 << (log_size - i); b++)
        from_basis(f + (b << (i + stride)), i, stride, basis);
    from_basis(f, log_size - i, stride + i, basis);
    divide_up(f, log_size, i, stride, basis);
}

void qrng_fft_to_basis(uint64_t *f, unsigned log_size, const qrng_fft_basis *basis) {
    to_basis(f, log_size, 0, basis);
}

void qrng_fft_from_basis(uint64_t *f, unsigned log_size, const qrng_fft_basis *basis) {
    from_basis(f, log_size, 0, basis);
}
