/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copies between private and shared memory.  Each word of shared memory is
 * accessed once, whatever others do to it meanwhile.
 *
 * The shared side begins at a multiple of 4 and takes up whole words: bytes of
 * its last word behind @size are read, and overwritten.
 */
#ifndef SHARED_MEM_COPY_H
#define SHARED_MEM_COPY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void shared_mem_copy_from(void *to, const void *shared, uint32_t size);
void shared_mem_copy_to(void *shared, const void *from, uint32_t size);

#ifdef __cplusplus
}
#endif

#endif /* SHARED_MEM_COPY_H */
