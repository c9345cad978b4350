/*
 * Static shared memory: how much memory is to be found, and what of a domain's
 * own is no more.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_MEMORY_H
#define LIBXL_SHARED_MEM_MEMORY_H

#include "libxl_shared_mem_store.h"

/* How much RAM, in KiB, to add for the sizing of the paging memory. */
_hidden uint64_t
libxl__shared_mem_paging_memkb(libxl__gc *gc,
                               const libxl_domain_config *d_config);

/* How much memory, in KiB, is to be found for regions of the domain that no
 * live domain has. */
_hidden int libxl__shared_mem_new_memkb(libxl__gc *gc,
                                        const libxl_domain_config *d_config,
                                        uint64_t *memkb_r);

/*
 * Adds what the regions of an existing domain add to its memory, or take away
 * from it, to *memkb, modulo 2^64.  For who sets its maximum or its target.
 */
_hidden int libxl__shared_mem_extra_memory(libxl__gc *gc, uint32_t domid,
                                           uint64_t *memkb);

/* Whether a target of memkb leaves a domain any memory.  extra: what the
 * function above added.  Logs one line if not. */
_hidden int libxl__shared_mem_check_target(libxl__gc *gc, uint32_t domid,
                                           uint64_t memkb, uint64_t extra);

/* Whether there is free memory for what is new by that plan.  Logs one line
 * if not. */
_hidden int libxl__shared_mem_check_memory(
    libxl__gc *gc, const libxl_domain_config *d_config,
    const libxl__shared_mem_region *regions);

/* Takes what the domain has regions in the place of from its maximum, and puts
 * it down in *domain.  Logs one line on error. */
_hidden int libxl__shared_mem_lower_maximum(
    libxl__gc *gc, const libxl_domain_config *d_config,
    const libxl__shared_mem_region *regions, libxl__shared_mem_domain *domain);

#endif /* LIBXL_SHARED_MEM_MEMORY_H */
