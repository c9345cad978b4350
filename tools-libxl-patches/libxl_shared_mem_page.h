/*
 * The factory page of a domain: what is to be on it, by the records of the
 * domain's regions, and how it is changed while the guest reads it.  Pure: no
 * I/O, no hypercalls, no Xen headers.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * The layout and its meaning are the guest ABI's: see shared_mem/abi.h.
 */

#ifndef LIBXL_SHARED_MEM_PAGE_H
#define LIBXL_SHARED_MEM_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "libxl_shared_mem_record.h"
#include "shared_mem/abi.h"

#pragma GCC visibility push(hidden)

/* What a domain is to be told.  Begin with only domid set. */
typedef struct libxl__shared_mem_contents {
    uint32_t domid;
    unsigned int nr;
    struct shared_mem_entry entries[SHARED_MEM_ENTRIES_MAX];
} libxl__shared_mem_contents;

/*
 * Adds a region that the domain is a peer of, as told by record and mapping,
 * in the order of the domain's config.  alive: the peers' numbers, as bits.
 * There must be room.
 */
void libxl__shared_mem_page_add(libxl__shared_mem_contents *contents,
                                const libxl__shared_mem_record *record,
                                const libxl__shared_mem_mapping *mapping,
                                uint32_t alive);

/*
 * Brings the page up to date, whatever is on it: by the guest ABI's protocol
 * if anything but its `beat' differs, else not at all.  One writer at a time.
 * Returns whether anything was written.
 */
bool libxl__shared_mem_page_update(volatile uint32_t *page,
                                   const libxl__shared_mem_contents *contents);

/* Lets the guest see that its page is kept current. */
void libxl__shared_mem_page_beat(volatile uint32_t *page);

#pragma GCC visibility pop

#endif /* LIBXL_SHARED_MEM_PAGE_H */
