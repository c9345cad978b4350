/*
 * Static shared memory: dumps of domains with regions.  libxenguest is told
 * where such a domain has its memory: left to itself it tries one frame after
 * the other up to the highest, and a region may be far up.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"

/* The config that the domain was created with, and with its maximum memory of
 * now if that is more: guests add memory behind what they have. */
static int get_config(libxl__gc *gc, uint32_t domid,
                      libxl_domain_config *d_config)
{
    uint64_t *max_memkb = &d_config->b_info.max_memkb;
    libxl__flock *lock;
    uint64_t now;
    int rc;

    lock = libxl__lock_domain_userdata(gc, domid);
    if (!lock)
        return ERROR_LOCK_FAIL;

    rc = libxl__get_domain_configuration(gc, domid, d_config);
    libxl__unlock_file(lock);
    if (rc) {
        LOGD(ERROR, domid, "static_shared_mem: can't get the domain's config");
        return rc;
    }

    rc = libxl__get_memory_target(gc, domid, NULL, &now);
    if (rc) return rc;

    if (*max_memkb == LIBXL_MEMKB_DEFAULT || *max_memkb < now)
        *max_memkb = now;

    return 0;
}

/* The map is the gc's, and has *nr_r entries.  *shared_r: pages of regions,
 * which don't count as the domain's. */
static const xc_core_memory_map_t *
memory_map(libxl__gc *gc, const libxl_domain_config *d_config,
           unsigned int *nr_r, unsigned long *shared_r)
{
    const unsigned int nr_regions = libxl__shared_mem_nr_ranges(d_config);
    const unsigned int max = LIBXL__SHARED_MEM_RAM_MAX + nr_regions;
    libxl__shared_mem_range *ranges, *merged;
    xc_core_memory_map_t *map;
    unsigned int i, nr;

    GCNEW_ARRAY(ranges, max);
    GCNEW_ARRAY(merged, max);
    GCNEW_ARRAY(map, max);

    nr = libxl__shared_mem_arch_memory(d_config, ranges);
    memcpy(ranges + nr, libxl__shared_mem_config_ranges(gc, d_config),
           nr_regions * sizeof(*ranges));
    *shared_r = 0;
    for (i = nr; i < nr + nr_regions; i++)
        *shared_r += ranges[i].size >> XC_PAGE_SHIFT;
    *nr_r = libxl__shared_mem_merge(ranges, nr + nr_regions, merged);

    for (i = 0; i < *nr_r; i++) {
        map[i].addr = merged[i].begin;
        map[i].size = merged[i].size;
    }

    return map;
}

int libxl__shared_mem_core_dump(libxl__gc *gc, uint32_t domid,
                                const char *filename)
{
    const xc_core_memory_map_t *map = NULL;
    libxl_domain_config d_config;
    unsigned long shared = 0;
    unsigned int nr = 0;
    bool has_regions;
    int rc;

    libxl_domain_config_init(&d_config);

    rc = libxl__shared_mem_has_regions(gc, domid, &has_regions);
    if (rc) goto out;

    if (has_regions) {
        rc = get_config(gc, domid, &d_config);
        if (rc) goto out;

        map = memory_map(gc, &d_config, &nr, &shared);
    }

    if (xc_domain_dumpcore_map(CTX->xch, domid, filename, map, nr,
                               shared) < 0) {
        LOGED(ERROR, domid, "Core dumping domain to %s", filename);
        rc = ERROR_FAIL;
    }

 out:
    libxl_domain_config_dispose(&d_config);
    return rc;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
