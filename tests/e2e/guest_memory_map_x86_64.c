/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The memory map in a PVH guest's start info.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "guest_memory.h"
#include "guest_memory_map.h"

#define MAX_ENTRIES (GUEST_MEMORY_MAX / sizeof(struct hvm_memmap_table_entry))

static void print_entry(const struct hvm_memmap_table_entry *entry)
{
    printf("0x%"PRIx64"-0x%"PRIx64" ", entry->addr, entry->addr + entry->size);

    switch ( entry->type )
    {
    case XEN_HVM_MEMMAP_TYPE_RAM:
        puts("ram");
        break;
    case XEN_HVM_MEMMAP_TYPE_RESERVED:
        puts("reserved");
        break;
    default:
        printf("%"PRIu32"\n", entry->type);
    }
}

int print_memory_map(xenforeignmemory_handle *fmem, uint32_t domid,
                     uint64_t boot_info)
{
    struct hvm_start_info *info;
    struct hvm_memmap_table_entry *entries = NULL;
    int rc = -1;

    info = copy_guest_memory(fmem, domid, boot_info, sizeof(*info));
    if ( !info )
        return -1;

    if ( info->magic == XEN_HVM_START_MAGIC_VALUE && info->version >= 1 &&
         info->memmap_entries && info->memmap_entries <= MAX_ENTRIES )
        entries = copy_guest_memory(fmem, domid, info->memmap_paddr,
                                    info->memmap_entries * sizeof(*entries));
    else
        fprintf(stderr, "domain %"PRIu32": no start info with a memory map "
                "at 0x%"PRIx64"\n", domid, boot_info);

    if ( entries )
    {
        for ( uint32_t i = 0; i < info->memmap_entries; i++ )
            print_entry(&entries[i]);
        rc = 0;
    }

    free(entries);
    free(info);

    return rc;
}
