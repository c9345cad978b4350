/*
 * Static shared memory: what the config of a domain asks for.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_CONFIG_H
#define LIBXL_SHARED_MEM_CONFIG_H

#include "libxl_internal.h"
#include "libxl_shared_mem_plan.h"

/* The name of a factory page's range.  No region can be called so. */
#define LIBXL__SHARED_MEM_FACTORY_NAME "factory page"

_hidden bool
libxl__shared_mem_has_factory(const libxl_domain_config *d_config);

/* How many regions a domain asks for, and one more for a factory page. */
_hidden int libxl__shared_mem_nr_ranges(const libxl_domain_config *d_config);

/* What it asks for by number: the regions in the config's order, then the
 * factory page. */
_hidden libxl__shared_mem_request
libxl__shared_mem_get_request(const libxl_domain_config *d_config, int i);

/* The ranges of all that, in that order. */
_hidden libxl__shared_mem_range *
libxl__shared_mem_config_ranges(libxl__gc *gc,
                                const libxl_domain_config *d_config);

/* How an error line begins that is about the range of that name, or NULL. */
_hidden const char *libxl__shared_mem_option(libxl__gc *gc, const char *name);

/* One line that names the domain, the region and the cause. */
#define SHARED_MEM_LOG(d_config, range, fmt, ...)                           \
    LOG(ERROR, "domain %s: %s: " fmt,                                       \
        (d_config)->c_info.name ?: "(unnamed)",                             \
        libxl__shared_mem_option(gc, range), ##__VA_ARGS__)

/* Whether such a guest can share memory.  Logs one line if not. */
_hidden int
libxl__shared_mem_check_guest_type(libxl__gc *gc,
                                   const libxl_domain_config *d_config);

/* Checks the regions, and the factory page, that one domain asks for by
 * themselves.  Logs one line on error. */
_hidden int libxl__shared_mem_check_regions(
    libxl__gc *gc, const libxl_domain_config *d_config);

#endif /* LIBXL_SHARED_MEM_CONFIG_H */
