/*
 * Static shared memory: what the rest of libxl calls, and what each
 * architecture provides.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_INTERNAL_H
#define LIBXL_SHARED_MEM_INTERNAL_H

#include "libxl_internal.h"
#include "libxl_shared_mem_plan.h"

/*----- libxl_shared_mem.c -----*/

/*
 * Checks all that can be checked before the domain exists: d_config, after
 * its defaults are set, the regions that it is to join, and free memory.
 * restore: the domain is not to be built afresh, but restored or migrated
 * in.  Logs one line on error.
 */
_hidden int libxl__shared_mem_check(libxl__gc *gc,
                                    const libxl_domain_config *d_config,
                                    bool restore);

/*
 * Checks that an existing domain shares no memory; else logs that it cannot be
 * `action' ("saved").  For what would lose the regions.
 */
_hidden int libxl__shared_mem_check_none(libxl__gc *gc, uint32_t domid,
                                         const char *action);

/* How much RAM, in KiB, to add for the sizing of the paging memory. */
_hidden uint64_t
libxl__shared_mem_paging_memkb(libxl__gc *gc,
                               const libxl_domain_config *d_config);

/* How much memory, in KiB, the domain would add for regions that no live
 * domain has. */
_hidden int libxl__shared_mem_new_memkb(libxl__gc *gc,
                                        const libxl_domain_config *d_config,
                                        uint64_t *memkb_r);

/*
 * Gives a built domain that has not run yet its regions: populates or maps
 * them all, and records them.  On error one line is logged, no record has
 * been changed, and the caller destroys the domain, which takes the pages and
 * mappings back.
 */
_hidden int libxl__shared_mem_build(libxl__gc *gc, uint32_t domid,
                                    const libxl_domain_config *d_config);

/*
 * Takes a domain that is going to be destroyed, and runs no more, off the
 * records of its regions.  Costs one xenstore read if it has none.  Its
 * mappings go with its address space.
 */
_hidden int libxl__shared_mem_release(libxl__gc *gc, uint32_t domid);

/*----- libxl_shared_mem_<arch>.c -----*/

#define LIBXL__SHARED_MEM_LAYOUT_MAX 16

/*
 * What the guest has at fixed places: its RAM, and whatever the virtual
 * platform puts elsewhere.  Returns the number of entries.  The names are
 * static strings that go behind "overlaps the".
 */
_hidden unsigned int libxl__shared_mem_arch_layout(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range layout_r[LIBXL__SHARED_MEM_LAYOUT_MAX]);

/*
 * Has domid's accesses to the range be of normal write-back type, which is
 * what all other peers and the toolstack use.
 */
_hidden int libxl__shared_mem_arch_set_memory_type(
    libxl__gc *gc, uint32_t domid, const libxl__shared_mem_range *range);

#endif /* LIBXL_SHARED_MEM_INTERNAL_H */
