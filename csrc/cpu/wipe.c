#include <string.h>

#include "qrng.h"

void qrng_wipe(void *buffer, size_t bytes) {
    memset(buffer, 0, bytes);
    /* The barrier says that memory is read here, so the stores can't be dropped as dead. */
    __asm__ volatile("" : : "r"(buffer) : "memory");
}
