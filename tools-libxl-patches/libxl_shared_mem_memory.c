/*
 * Static shared memory: how much memory is to be found for the regions of a
 * domain, and what of its own it has no more.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_arch.h"
#include "libxl_shared_mem_config.h"
#include "libxl_shared_mem_memory.h"

typedef libxl__shared_mem_region region;

static uint64_t to_pages(uint64_t bytes)
{
    return bytes >> XC_PAGE_SHIFT;
}

/*----- What is to be found -----*/

/*
 * Pages that are to be found for a region.  In the domain's RAM it has the
 * place of pages that are given back; unless they are populated on demand, and
 * aren't there yet.
 */
static uint64_t added_pages(const libxl_domain_config *d_config,
                            const region *r)
{
    const bool on_demand =
        d_config->b_info.target_memkb < d_config->b_info.max_memkb;
    uint64_t pages = 0;
    unsigned int i;

    if (r->inside && !on_demand)
        return 0;

    for (i = 0; i < r->nr_segments; i++)
        if (r->segments[i].allocate)
            pages += to_pages(r->segments[i].size);

    return pages;
}

int libxl__shared_mem_check_memory(libxl__gc *gc,
                                   const libxl_domain_config *d_config,
                                   const region *regions)
{
    uint64_t pages = 0, free_pages;
    xc_physinfo_t host = {};
    int i;

    if (xc_physinfo(CTX->xch, &host) < 0) {
        LOGE(ERROR, "static_shared_mem: can't get the host's free memory");
        return ERROR_FAIL;
    }

    free_pages = host.free_pages -
                 min(host.free_pages, host.outstanding_pages);

    for (i = 0; i < libxl__shared_mem_nr_ranges(d_config); i++) {
        uint64_t added = added_pages(d_config, &regions[i]);

        pages += added;
        if (added && pages > free_pages) {
            SHARED_MEM_LOG(d_config, regions[i].request.range.name,
                           "not enough free memory: %"PRIu64" KiB needed, "
                           "%"PRIu64" KiB free",
                           pages << (XC_PAGE_SHIFT - 10),
                           free_pages << (XC_PAGE_SHIFT - 10));
            return ERROR_NOMEM;
        }
    }

    return 0;
}

/*----- What the domain counts -----*/

uint64_t libxl__shared_mem_paging_memkb(libxl__gc *gc,
                                        const libxl_domain_config *d_config)
{
    return libxl__shared_mem_paging_kb(
        libxl__shared_mem_config_ranges(gc, d_config),
        libxl__shared_mem_nr_ranges(d_config));
}

static bool is_inside_ram(const libxl__shared_mem_range *range,
                          const libxl__shared_mem_range *ram,
                          unsigned int nr_ram)
{
    const libxl__shared_mem_range *bank;

    return libxl__shared_mem_find_place(ram, nr_ram, range, &bank) !=
           LIBXL__SHARED_MEM_OUTSIDE;
}

/* *memkb_r: what the domain adds to its RAM for one of its ranges. */
static int forecast_memkb(libxl__gc *gc, const libxl_domain_config *d_config,
                          int i, const libxl__shared_mem_range *ram,
                          unsigned int nr_ram, uint64_t *memkb_r)
{
    region *r;
    int rc;

    GCNEW(r);
    r->request = libxl__shared_mem_get_request(d_config, i);

    /* The factory page has no record.  What has no name is refused later. */
    if (libxl__shared_mem_id_is_valid(r->request.range.name ?: "")) {
        rc = libxl__shared_mem_read_region(gc, r->request.range.name, r);
        if (rc) return rc;
    }

    r->inside = is_inside_ram(&r->request.range, ram, nr_ram);
    r->nr_segments = libxl__shared_mem_split(&r->now, &r->request,
                                             r->segments);
    *memkb_r = added_pages(d_config, r) << (XC_PAGE_SHIFT - 10);

    return 0;
}

int libxl__shared_mem_new_memkb(libxl__gc *gc,
                                const libxl_domain_config *d_config,
                                uint64_t *memkb_r)
{
    libxl__shared_mem_range ram[LIBXL__SHARED_MEM_RAM_MAX];
    unsigned int nr_ram;
    uint64_t memkb;
    int i, rc;

    *memkb_r = 0;

    if (!libxl__shared_mem_nr_ranges(d_config))
        return 0;

    nr_ram = libxl__shared_mem_arch_config_ram(d_config, ram);

    for (i = 0; i < libxl__shared_mem_nr_ranges(d_config); i++) {
        rc = forecast_memkb(gc, d_config, i, ram, nr_ram, &memkb);
        if (rc) return rc;

        *memkb_r += memkb;
    }

    return 0;
}

/* Pages of the domain's RAM in whose place it has regions. */
static uint64_t inside_pages(const libxl_domain_config *d_config,
                             const region *regions)
{
    uint64_t pages = 0;
    int i;

    for (i = 0; i < libxl__shared_mem_nr_ranges(d_config); i++)
        if (regions[i].inside)
            pages += to_pages(regions[i].request.range.size);

    return pages;
}

int libxl__shared_mem_lower_maximum(libxl__gc *gc,
                                    const libxl_domain_config *d_config,
                                    const region *regions,
                                    libxl__shared_mem_domain *domain)
{
    const uint64_t gone = inside_pages(d_config, regions);
    xc_domaininfo_t info;

    if (!gone)
        return 0;

    if (xc_domain_getinfo_single(CTX->xch, domain->domid, &info) < 0) {
        LOGED(ERROR, domain->domid,
              "static_shared_mem: can't get memory figures");
        return ERROR_FAIL;
    }

    info.max_pages -= gone;
    if (xc_domain_setmaxmem(CTX->xch, domain->domid,
                            info.max_pages << (XC_PAGE_SHIFT - 10)) < 0) {
        LOGED(ERROR, domain->domid, "static_shared_mem: can't set the "
              "domain's maximum memory to %"PRIu64" pages",
              (uint64_t)info.max_pages);
        return ERROR_FAIL;
    }

    domain->given_memkb += gone * (XC_PAGE_SIZE / 1024);
    return 0;
}

int libxl__shared_mem_extra_memory(libxl__gc *gc, uint32_t domid,
                                   uint64_t *memkb)
{
    libxl__shared_mem_domain *domain;
    bool exists;
    int rc;

    /* Each creation of a domain may set the target of the toolstack's. */
    if (domid == LIBXL_TOOLSTACK_DOMID)
        return 0;

    GCNEW(domain);
    rc = libxl__shared_mem_fetch_domain(gc, domid, domain, &exists);
    *memkb -= domain->given_memkb;

    return rc;
}

int libxl__shared_mem_check_target(libxl__gc *gc, uint32_t domid,
                                   uint64_t memkb, uint64_t extra)
{
    const int64_t gone = -(int64_t)extra;

    if (gone <= 0 || memkb > gone)
        return 0;

    LOGD(ERROR, domid, "static_shared_mem: regions are in the place of "
         "%"PRId64" KiB of its RAM; give it more than that", gone);
    return ERROR_INVAL;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
