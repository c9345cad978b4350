/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Factory pages as the toolstack writes them.
 */
#include <string.h>

#include "pages.h"

void page_begin(struct shared_mem_factory_page *page, uint32_t domid)
{
    memset(page, 0, sizeof(*page));
    memcpy(&page->signature, "XENG2GSM", 8);
    page->status = 6;
    page->abi = 0x00010001;
    page->domid = domid;
    page->sequence = 2;
    page->entry_offset = 0x80;
    page->entry_size = 0x40;
}

struct shared_mem_entry *page_add(struct shared_mem_factory_page *page,
                                  const char *name, uint64_t gpa,
                                  uint32_t pages)
{
    struct shared_mem_entry *entry = &page->entries[page->count];

    if ( !page->count )
    {
        page->status = 0;
        page->shmem = gpa;
        page->size = pages;
        strncpy(page->name, name, sizeof(page->name) - 1);
    }
    page->count++;

    strncpy(entry->name, name, sizeof(entry->name) - 1);
    entry->gpa = gpa;
    entry->generation = 1;
    entry->pages = pages;
    entry->alive = 1;

    return entry;
}
