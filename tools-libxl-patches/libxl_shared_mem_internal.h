/*
 * Static shared memory: what the rest of libxl calls, and what is planned and
 * carried out for a domain that is built, or for one that runs.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_INTERNAL_H
#define LIBXL_SHARED_MEM_INTERNAL_H

#include "libxl_shared_mem_arch.h"
#include "libxl_shared_mem_config.h"
#include "libxl_shared_mem_factory.h"
#include "libxl_shared_mem_layout.h"
#include "libxl_shared_mem_memory.h"
#include "libxl_shared_mem_store.h"

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

/* Whether an existing domain shares memory.  Costs one xenstore read. */
_hidden int libxl__shared_mem_has_regions(libxl__gc *gc, uint32_t domid,
                                          bool *has_r);

/*
 * Gives a built domain that has not run yet its regions: allocates or maps
 * them all, and records them.  image: what the builder put in its memory.  On
 * error one line is logged, no record has been changed, and the caller
 * destroys the domain, with which the pages go.  May call back at once.
 */
_hidden void libxl__shared_mem_build(libxl__egc *egc,
                                     libxl__shared_mem_task *task,
                                     const libxl_domain_config *d_config,
                                     const libxl__shared_mem_layout *image);

/*
 * Takes a domain that is going to be destroyed, and runs no more, off the
 * records of its regions.  Costs one xenstore read if it has none.  Its
 * mappings go with its address space.  May call back at once.
 */
_hidden void libxl__shared_mem_release(libxl__egc *egc,
                                       libxl__shared_mem_task *task);

/*
 * Reads the records of all regions of a domain, checks each region, and the
 * factory page, against them and against the guest's address space, and plans
 * where its pages are to come from.  Without the lock that is a forecast.
 */
_hidden int libxl__shared_mem_plan(libxl__gc *gc,
                                   const libxl_domain_config *d_config,
                                   const libxl__shared_mem_layout *layout,
                                   libxl__shared_mem_region **regions_r);

/* What a domain is to get, and what is then to be written. */
typedef struct libxl__shared_mem_job {
    const libxl_domain_config *d_config;
    const libxl__shared_mem_layout *layout;
    libxl__shared_mem_region *regions;      /* one for each range */
    libxl__shared_mem_domain domain;
} libxl__shared_mem_job;

/*
 * Gets the domain the memory that task->job has planned, and puts it down
 * there.  The caller holds the lock, and takes pages back on error.
 */
_hidden void
libxl__shared_mem_carry_out(libxl__egc *egc, libxl__shared_mem_task *task,
                            libxl__shared_mem_callback *carried_out);

/*----- libxl_shared_mem_dump.c -----*/

/*
 * Writes a dump of a domain's memory to a file, as libxl_domain_core_dump()
 * does.  Where the domain has regions, it takes no longer for an address that
 * is high.  Logs one line on error.
 */
_hidden int libxl__shared_mem_core_dump(libxl__gc *gc, uint32_t domid,
                                        const char *filename);

#endif /* LIBXL_SHARED_MEM_INTERNAL_H */
