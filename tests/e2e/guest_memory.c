/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading a guest's memory from dom0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guest_memory.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1u << PAGE_SHIFT)
#define MAX_PAGES  (GUEST_MEMORY_MAX / PAGE_SIZE + 1)

void *copy_guest_memory(xenforeignmemory_handle *fmem, uint32_t domid,
                        uint64_t gpa, size_t size)
{
    xen_pfn_t gfns[MAX_PAGES];
    size_t first = gpa % PAGE_SIZE;
    size_t pages = (first + size + PAGE_SIZE - 1) / PAGE_SIZE;
    char *mapping = NULL, *copy = NULL;

    if ( size && size <= GUEST_MEMORY_MAX )
    {
        for ( size_t i = 0; i < pages; i++ )
            gfns[i] = (gpa >> PAGE_SHIFT) + i;
        mapping = xenforeignmemory_map(fmem, domid, PROT_READ, pages, gfns,
                                       NULL);
    }

    if ( mapping && (copy = malloc(size)) )
        memcpy(copy, mapping + first, size);
    else
        fprintf(stderr, "domain %u: cannot read %zu bytes at 0x%llx\n",
                domid, size, (unsigned long long)gpa);

    if ( mapping )
        xenforeignmemory_unmap(fmem, mapping, pages);

    return copy;
}
