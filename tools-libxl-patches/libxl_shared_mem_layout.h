/*
 * Static shared memory: where the regions of a domain may lie.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_LAYOUT_H
#define LIBXL_SHARED_MEM_LAYOUT_H

#include "libxl_internal.h"
#include "libxl_shared_mem_plan.h"

/*
 * Takes down in state where the RAM of a domain is and what the builder loaded
 * into it, at the end of the build, before dom is released.
 */
_hidden void libxl__shared_mem_note_image(libxl__gc *gc,
                                          const libxl_domain_config *d_config,
                                          const struct xc_dom_image *dom,
                                          libxl__domain_build_state *state);

/*
 * All that the guest has in its address space.  image: what the builder made
 * of it; NULL before the domain is built: then RAM is what the config leads
 * to, and nothing is loaded.
 */
_hidden libxl__shared_mem_layout *
libxl__shared_mem_get_layout(libxl__gc *gc,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *image);

/*
 * Checks one region against the layout.  *inside_r: whether the range is RAM
 * of the guest.  Logs one line on error.
 */
_hidden int libxl__shared_mem_check_place(
    libxl__gc *gc, const libxl_domain_config *d_config,
    const libxl__shared_mem_layout *layout,
    const libxl__shared_mem_range *range, bool *inside_r);

/* "; BEGIN-END is free", to end an error line about *range; or "". */
_hidden const char *libxl__shared_mem_suggest(
    libxl__gc *gc, const libxl_domain_config *d_config,
    const libxl__shared_mem_layout *layout,
    const libxl__shared_mem_range *range);

#endif /* LIBXL_SHARED_MEM_LAYOUT_H */
