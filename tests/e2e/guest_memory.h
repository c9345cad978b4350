/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading a guest's memory from dom0.
 */
#ifndef E2E_GUEST_MEMORY_H
#define E2E_GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <xenforeignmemory.h>

/*
 * Copy @size bytes at @gpa of domain @domid.  Returns memory to free(), or
 * NULL; says why on stderr.  @size may be at most GUEST_MEMORY_MAX.
 */
#define GUEST_MEMORY_MAX (2u << 20) /* as much as a device tree may have */
void *copy_guest_memory(xenforeignmemory_handle *fmem, uint32_t domid,
                        uint64_t gpa, size_t size);

#endif /* E2E_GUEST_MEMORY_H */
