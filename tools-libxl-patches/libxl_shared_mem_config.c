/*
 * Static shared memory: what the config of a domain asks for, as ranges and
 * requests, and what can be told from that alone to be wrong.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_config.h"

static libxl__shared_mem_request
config_request(const libxl_static_shared_mem *mem)
{
    libxl__shared_mem_request request = {
        .range = {
            .begin = mem->begin,
            .size = mem->size,
            .name = mem->id,
        },
        .offset = mem->offset,
        .has_offset = mem->has_offset,
        .read_only = mem->prot == LIBXL_STATIC_SHARED_MEM_PROT_RO,
        .must_own = mem->role == LIBXL_STATIC_SHARED_MEM_ROLE_OWNER,
        .must_borrow = mem->role == LIBXL_STATIC_SHARED_MEM_ROLE_BORROWER,
        .control = !libxl_defbool_is_default(mem->control) &&
                   libxl_defbool_val(mem->control),
        .hidden = mem->record == LIBXL_STATIC_SHARED_MEM_RECORD_PRIVATE,
    };

    return request;
}

static libxl__shared_mem_request
factory_request(const libxl_domain_config *d_config)
{
    libxl__shared_mem_request request = {
        .range = {
            .begin = d_config->shared_mem_factory,
            .size = XC_PAGE_SIZE,
            .name = LIBXL__SHARED_MEM_FACTORY_NAME,
        },
    };

    return request;
}

bool libxl__shared_mem_has_factory(const libxl_domain_config *d_config)
{
    return d_config->shared_mem_factory;
}

int libxl__shared_mem_nr_ranges(const libxl_domain_config *d_config)
{
    return d_config->num_static_shared_mems +
           libxl__shared_mem_has_factory(d_config);
}

libxl__shared_mem_request
libxl__shared_mem_get_request(const libxl_domain_config *d_config, int i)
{
    return i < d_config->num_static_shared_mems
           ? config_request(&d_config->static_shared_mems[i])
           : factory_request(d_config);
}

libxl__shared_mem_range *
libxl__shared_mem_config_ranges(libxl__gc *gc,
                                const libxl_domain_config *d_config)
{
    libxl__shared_mem_range *ranges;
    int i;

    GCNEW_ARRAY(ranges, libxl__shared_mem_nr_ranges(d_config));
    for (i = 0; i < libxl__shared_mem_nr_ranges(d_config); i++)
        ranges[i] = libxl__shared_mem_get_request(d_config, i).range;

    return ranges;
}

const char *libxl__shared_mem_option(libxl__gc *gc, const char *name)
{
    if (name && !strcmp(name, LIBXL__SHARED_MEM_FACTORY_NAME))
        return "shared_mem_factory";

    return GCSPRINTF("static_shared_mem: region %s", name ?: "(unnamed)");
}

/*----- Checks -----*/

int libxl__shared_mem_check_guest_type(libxl__gc *gc,
                                       const libxl_domain_config *d_config)
{
    const libxl_domain_build_info *b_info = &d_config->b_info;
    const char *reason = NULL;

    if (d_config->c_info.type == LIBXL_DOMAIN_TYPE_PV)
        reason = "a PV guest has no guest-physical address space to map it "
                 "in; use type=\"pvh\" or type=\"hvm\"";
    else if (b_info->altp2m != LIBXL_ALTP2M_MODE_DISABLED ||
             (d_config->c_info.type == LIBXL_DOMAIN_TYPE_HVM &&
              libxl_defbool_val(b_info->u.hvm.altp2m)))
        reason = "altp2m does not go with memory of other domains; remove "
                 "altp2m=";
    else if (libxl_defbool_val(b_info->nested_hvm))
        reason = "nested HVM does not go with memory of other domains; "
                 "remove nestedhvm=";
    else if (!libxl_defbool_val(d_config->c_info.hap))
        reason = "shadow paging cannot map memory of other domains; remove "
                 "hap=0";
    else if (d_config->c_info.type == LIBXL_DOMAIN_TYPE_PVH &&
             libxl_defbool_val(b_info->u.pvh.pvshim))
        reason = "a PV guest in a shim has no guest-physical address space to "
                 "map it in; remove pvshim=1";

    if (!reason)
        return 0;

    SHARED_MEM_LOG(d_config,
                   libxl__shared_mem_config_ranges(gc, d_config)[0].name,
                   "%s", reason);
    return ERROR_INVAL;
}

/* Offsets that are wrong by themselves come from callers that are not xl. */
static int check_offset(libxl__gc *gc, const libxl_domain_config *d_config,
                        const libxl__shared_mem_request *request)
{
    const char *reason = NULL;

    if (request->offset && !request->has_offset)
        reason = "an offset counts only with has_offset";
    else if (request->offset % XC_PAGE_SIZE)
        reason = "offset has to be a multiple of 4096";
    else if (libxl__shared_mem_has_factory(d_config) &&
             (request->offset >> XC_PAGE_SHIFT) > UINT32_MAX)
        reason = "the factory page cannot describe an offset of 16 TiB or "
                 "more";

    if (!reason)
        return 0;

    SHARED_MEM_LOG(d_config, request->range.name, "%s", reason);
    return ERROR_INVAL;
}

int libxl__shared_mem_check_regions(libxl__gc *gc,
                                    const libxl_domain_config *d_config)
{
    const int nr = d_config->num_static_shared_mems;
    const libxl__shared_mem_range *ranges =
        libxl__shared_mem_config_ranges(gc, d_config);
    char reason[LIBXL__SHARED_MEM_REASON_SIZE];
    int i, rc;

    i = libxl__shared_mem_check_list(ranges, nr, reason);
    if (i < nr) {
        SHARED_MEM_LOG(d_config, ranges[i].name, "%s", reason);
        return ERROR_INVAL;
    }

    if (libxl__shared_mem_has_factory(d_config) &&
        !libxl__shared_mem_check_factory(ranges, nr, &ranges[nr], reason)) {
        SHARED_MEM_LOG(d_config, ranges[nr].name, "%s", reason);
        return ERROR_INVAL;
    }

    for (i = 0; i < nr; i++) {
        const libxl__shared_mem_request request =
            libxl__shared_mem_get_request(d_config, i);

        rc = check_offset(gc, d_config, &request);
        if (rc) return rc;
    }

    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
