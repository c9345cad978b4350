/*
 * What static shared memory decides before anything is done: whether the
 * regions of a domain make sense, whether a range is free by the layout
 * of its guest, whether a domain may join a region, and in which extents a
 * region gets its memory.  Pure: no I/O, no hypercalls, no Xen headers.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_PLAN_H
#define LIBXL_SHARED_MEM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libxl_shared_mem_record.h"

#pragma GCC visibility push(hidden)

/* The longest explanation that a function below writes, with its NUL. */
#define LIBXL__SHARED_MEM_REASON_SIZE 256

/* No region ends above this guest-physical address.  A guest's own addresses
 * may be narrower, which is for Xen to say. */
#define LIBXL__SHARED_MEM_ADDR_LIMIT (UINT64_C(1) << 52)

/* A run of guest-physical addresses with a name: a region, or what the
 * guest has there.  begin and size are in bytes. */
typedef struct libxl__shared_mem_range {
    uint64_t begin;
    uint64_t size;
    const char *name;
} libxl__shared_mem_range;

/*
 * Checks the list of regions that one domain asks for: their number, and
 * each one's ID, alignment, length, upper end and distinctness from those
 * before it.
 *
 * Returns the index of the first region that is wrong and says in reason_r
 * what is; or returns nr if all is well.
 */
unsigned int
libxl__shared_mem_check_list(const libxl__shared_mem_range *regions,
                             unsigned int nr,
                             char reason_r[LIBXL__SHARED_MEM_REASON_SIZE]);

/* The first of table[] that has an address in common with *range; or NULL.
 * An entry of size 0 hits nothing. */
const libxl__shared_mem_range *
libxl__shared_mem_hit(const libxl__shared_mem_range *table, unsigned int nr,
                      const libxl__shared_mem_range *range);

/*
 * Whether *range can be mapped by one more peer of the region in *record,
 * which has at least one peer.  Returns false and says why in reason_r if
 * it can't.
 */
bool libxl__shared_mem_may_join(const libxl__shared_mem_record *record,
                                const libxl__shared_mem_range *range,
                                char reason_r[LIBXL__SHARED_MEM_REASON_SIZE]);

/*
 * How to populate the next part of nr pages from gfn on, nr not 0: in
 * extents of 2^*order_r pages, the largest that fit there and are not
 * larger than max_order.  Returns how many of them there are until a
 * larger extent fits, or the pages end, or max_extents is reached.
 */
unsigned int libxl__shared_mem_next_extents(uint64_t gfn, uint64_t nr,
                                            unsigned int max_order,
                                            unsigned int max_extents,
                                            unsigned int *order_r);

/* The largest order that an extent can have: 1 GiB. */
#define LIBXL__SHARED_MEM_MAX_ORDER 18

/* The next smaller order to try when the hypervisor has no extent of order
 * left.  order must not be 0. */
unsigned int libxl__shared_mem_smaller_order(unsigned int order);

/*
 * How much RAM, in KiB, the page tables that map the regions correspond to,
 * for the sizing of a domain's paging memory by its RAM.  A region may be
 * mapped in 4 KiB pages, and need intermediate tables of its own.
 */
uint64_t libxl__shared_mem_paging_kb(const libxl__shared_mem_range *regions,
                                     unsigned int nr);

#pragma GCC visibility pop

#endif /* LIBXL_SHARED_MEM_PLAN_H */
