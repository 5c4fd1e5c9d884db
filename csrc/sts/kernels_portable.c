/* SP 800-22 kernels for any processor. */
#define TARGET
#define WIDTH 16
#define TABLE qrng_sts_portable
#include "sts/table.inc"
