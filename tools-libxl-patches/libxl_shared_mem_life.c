/*
 * Static shared memory: what Xen says of a domain that may be gone.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_life.h"

int libxl__shared_mem_probe(libxl__gc *gc, uint32_t domid, uint64_t gfn,
                            uint64_t nr)
{
    xen_region_op_t op = {
        .op = XENMEM_REGION_OP_probe,
        .domid = domid,
        .gfn = gfn,
        .nr = nr,
    };

    return xc_region_op(CTX->xch, &op) < 0 ? -errno : 0;
}

/* *uuid_r: NULL if Xen has no such domain. */
static int get_info(libxl__gc *gc, uint32_t domid, xc_domaininfo_t *info_r,
                    const char **uuid_r)
{
    libxl_uuid uuid;

    *uuid_r = NULL;

    if (xc_domain_getinfo_single(CTX->xch, domid, info_r) < 0) {
        if (errno == ESRCH) return 0;
        LOGED(ERROR, domid, "static_shared_mem: can't ask Xen for the domain");
        return ERROR_FAIL;
    }

    memcpy(&uuid, info_r->handle, sizeof(info_r->handle));
    *uuid_r = GCSPRINTF(LIBXL_UUID_FMT, LIBXL_UUID_BYTES(uuid));
    return 0;
}

/* Its flag for that is there only when all of its memory has gone. */
static bool is_dying(libxl__gc *gc, const xc_domaininfo_t *info)
{
    return (info->flags & XEN_DOMINF_dying) ||
           libxl__shared_mem_probe(gc, info->domain, 0, 0) == -ESRCH;
}

int libxl__shared_mem_destroyed(libxl__gc *gc, uint32_t domid)
{
    LOGD(ERROR, domid, "static_shared_mem: the domain is being destroyed");
    return ERROR_DOMAIN_DESTROYED;
}

int libxl__shared_mem_get_uuid(libxl__gc *gc, uint32_t domid,
                               const char **uuid_r)
{
    xc_domaininfo_t info;
    int rc;

    rc = get_info(gc, domid, &info, uuid_r);
    if (rc) return rc;

    return *uuid_r && !is_dying(gc, &info)
           ? 0 : libxl__shared_mem_destroyed(gc, domid);
}

int libxl__shared_mem_get_life(libxl__gc *gc, uint32_t domid,
                               const char *uuid,
                               libxl__shared_mem_life *life_r)
{
    xc_domaininfo_t info;
    const char *actual;
    int rc;

    rc = get_info(gc, domid, &info, &actual);
    if (rc) return rc;

    if (!actual || strcmp(actual, uuid))
        *life_r = LIBXL__SHARED_MEM_GONE;
    else if (is_dying(gc, &info))
        *life_r = LIBXL__SHARED_MEM_DYING;
    else if (info.flags & XEN_DOMINF_shutdown)
        *life_r = LIBXL__SHARED_MEM_ENDED;
    else
        *life_r = LIBXL__SHARED_MEM_ALIVE;

    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
