/*
 * Static shared memory: what Xen says of a domain that may be gone.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_LIFE_H
#define LIBXL_SHARED_MEM_LIFE_H

#include "libxl_internal.h"

/*
 * Probes a range of a domain, and changes nothing: 0 if nothing is in it, else
 * a negative errno value.  -ESRCH: Xen has no such domain, or has begun to
 * destroy it, which it tells of a range of no pages, too.
 */
_hidden int libxl__shared_mem_probe(libxl__gc *gc, uint32_t domid,
                                    uint64_t gfn, uint64_t nr);

/* Logs that the domain is gone, or goes; returns ERROR_DOMAIN_DESTROYED. */
_hidden int libxl__shared_mem_destroyed(libxl__gc *gc, uint32_t domid);

/* That error if the domain is gone, or goes. */
_hidden int libxl__shared_mem_get_uuid(libxl__gc *gc, uint32_t domid,
                                       const char **uuid_r);

/* What has become of a domain that somebody took down. */
typedef enum libxl__shared_mem_life {
    LIBXL__SHARED_MEM_GONE,     /* its domid may be another domain's */
    LIBXL__SHARED_MEM_DYING,    /* it is being destroyed */
    LIBXL__SHARED_MEM_ENDED,    /* it has crashed or shut down */
    LIBXL__SHARED_MEM_ALIVE,
} libxl__shared_mem_life;

/* Returns an error if that can't be found out: nobody is to be taken for dead
 * for that. */
_hidden int libxl__shared_mem_get_life(libxl__gc *gc, uint32_t domid,
                                       const char *uuid,
                                       libxl__shared_mem_life *life_r);

#endif /* LIBXL_SHARED_MEM_LIFE_H */
