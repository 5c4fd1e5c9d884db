#include <string.h>

#include "entropy/radix.h"

enum { INSERTION = 24 };

static void insertion_sort(uint64_t *keys, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint64_t key = keys[i];
        size_t j = i;
        for (; j && keys[j - 1] > key; j--)
            keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

void qrng_radix_sort(uint64_t *keys, uint64_t *spare, size_t n, unsigned shift) {
    while (n > INSERTION) {
        size_t place[257] = {0};
        for (size_t i = 0; i < n; i++)
            place[(keys[i] >> shift & 255) + 1]++;
        if (place[(keys[0] >> shift & 255) + 1] < n) {
            for (unsigned v = 0; v < 256; v++)
                place[v + 1] += place[v];
            for (size_t i = 0; i < n; i++)
                spare[place[keys[i] >> shift & 255]++] = keys[i];
            memcpy(keys, spare, n * sizeof *keys);
            for (unsigned v = 0; v < 256 && shift; v++) {
                size_t from = v ? place[v - 1] : 0;
                if (place[v] - from > 1)
                    qrng_radix_sort(keys + from, spare, place[v] - from, shift > 8 ? shift - 8 : 0);
            }
            return;
        }
        if (!shift)
            return;
        shift = shift > 8 ? shift - 8 : 0;
    }
    insertion_sort(keys, n);
}
