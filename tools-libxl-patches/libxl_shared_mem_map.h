/*
 * Static shared memory: gives a domain pages of regions, and takes them away.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_MAP_H
#define LIBXL_SHARED_MEM_MAP_H

#include "libxl_internal.h"
#include "libxl_shared_mem_plan.h"

/* Whether the hypervisor can share memory.  Logs one line if it can't. */
_hidden int
libxl__shared_mem_check_hypervisor(libxl__gc *gc,
                                   const libxl_domain_config *d_config);

/*
 * Gives domid the pages of one region, as its segments say.  The caller holds
 * the lock.  layout: for error messages, of which there's one line.
 */
_hidden int
libxl__shared_mem_map_region(libxl__gc *gc, uint32_t domid,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *layout,
                             const libxl__shared_mem_region *r);

/*
 * Checks that a domain that runs has nothing where it is to get a region; else
 * logs one line.
 */
_hidden int
libxl__shared_mem_check_free(libxl__gc *gc, uint32_t domid,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *layout,
                             const libxl__shared_mem_region *r);

/* Takes all pages of regions in the range away from a domain.  The caller
 * holds the lock.  Logs one line on error; some pages may be left then. */
_hidden int libxl__shared_mem_unmap(libxl__gc *gc, uint32_t domid,
                                    const libxl__shared_mem_range *range);

#endif /* LIBXL_SHARED_MEM_MAP_H */
