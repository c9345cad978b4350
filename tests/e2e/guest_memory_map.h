/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a guest is told about its memory: the map that the domain builder left
 * in the guest's RAM, read from dom0.
 */
#ifndef E2E_GUEST_MEMORY_MAP_H
#define E2E_GUEST_MEMORY_MAP_H

#include <stdint.h>

#include <xenforeignmemory.h>

/*
 * Print the memory map of domain @domid, one line an entry, in the order in
 * which it was found:
 *
 *   0xBEGIN-0xEND TYPE [PROPERTY=VALUE]...
 *
 * x86_64: the PVH start info's map; TYPE is ram, reserved or a number.
 * arm64: the device tree's memory nodes (ram) and the children of
 * /reserved-memory (reserved), with their compatible, xen,id and xen,offset.
 *
 * @boot_info is the guest-physical address that the guest was entered with.
 * Returns 0, or -1 where there is no sound map; says why on stderr.  A guest
 * that has written over its boot information has no sound map.
 */
int print_memory_map(xenforeignmemory_handle *fmem, uint32_t domid,
                     uint64_t boot_info);

#endif /* E2E_GUEST_MEMORY_MAP_H */
