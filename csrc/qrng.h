/* qrng: the C core's whole interface.
 *
 * Pure computation on buffers that the caller owns: no allocation, no I/O, no globals but the kernel table.
 * Packed buffers put bit 0 in the most significant bit of byte 0. Every function that returns int returns
 * QRNG_OK or one of the negative codes of qrng_api.inc, and has written nothing when it fails. */
#ifndef QRNG_H
#define QRNG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "qrng_api.inc"

#ifdef __cplusplus
}
#endif

#endif
