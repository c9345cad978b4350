/*
 * Static shared memory: carries out what the static_shared_mem option of a
 * domain asks for when the domain is built, and takes it back when it is
 * destroyed.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What to do is decided in libxl_shared_mem_plan.c, where a region may lie in
 * libxl_shared_mem_layout.c; pages are moved by libxl_shared_mem_map.c,
 * records are kept by libxl_shared_mem_store.c, and domains told of their
 * peers by libxl_shared_mem_factory.c.
 *
 * The toolstack's record of a region decides who owns it and who has it
 * mapped.  A record is changed in one transaction, after all pages are mapped
 * and before any page is unmapped, so that a peer that the record names does
 * have the region.  A domain that died without being taken off its records
 * (because the toolstack died as well) is told by its UUID, and dropped when
 * the next domain that has a region, whichever, is created or destroyed.
 *
 * A domain's factory page is planned and allocated like a region, but has no
 * record, and nobody else gets it.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"

typedef libxl__shared_mem_region region;

static uint64_t to_pages(uint64_t bytes)
{
    return bytes >> XC_PAGE_SHIFT;
}

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

libxl__shared_mem_range *
libxl__shared_mem_config_ranges(libxl__gc *gc,
                                const libxl_domain_config *d_config)
{
    libxl__shared_mem_range *ranges;
    int i;

    GCNEW_ARRAY(ranges, libxl__shared_mem_nr_ranges(d_config));
    for (i = 0; i < d_config->num_static_shared_mems; i++)
        ranges[i] = config_request(&d_config->static_shared_mems[i]).range;
    if (libxl__shared_mem_has_factory(d_config))
        ranges[i] = factory_request(d_config).range;

    return ranges;
}

const char *libxl__shared_mem_option(libxl__gc *gc, const char *name)
{
    if (name && !strcmp(name, LIBXL__SHARED_MEM_FACTORY_NAME))
        return "shared_mem_factory";

    return GCSPRINTF("static_shared_mem: region %s", name ?: "(unnamed)");
}

/*----- Checks -----*/

static int check_guest_type(libxl__gc *gc, const libxl_domain_config *d_config)
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
             to_pages(request->offset) > UINT32_MAX)
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
            config_request(&d_config->static_shared_mems[i]);

        rc = check_offset(gc, d_config, &request);
        if (rc) return rc;
    }

    return 0;
}

int libxl__shared_mem_plan(libxl__gc *gc, const libxl_domain_config *d_config,
                           const libxl__shared_mem_layout *layout,
                           region **regions_r)
{
    char reason[LIBXL__SHARED_MEM_REASON_SIZE];
    region *regions;
    int i, rc;

    GCNEW_ARRAY(regions, libxl__shared_mem_nr_ranges(d_config));

    for (i = 0; i < libxl__shared_mem_nr_ranges(d_config); i++) {
        region *r = &regions[i];

        r->is_factory = i == d_config->num_static_shared_mems;
        r->request = r->is_factory
                     ? factory_request(d_config)
                     : config_request(&d_config->static_shared_mems[i]);

        rc = libxl__shared_mem_check_place(gc, d_config, layout,
                                           &r->request.range, &r->inside);
        if (rc) return rc;

        if (r->is_factory) {
            r->nr_segments = libxl__shared_mem_split(&r->now, &r->request,
                                                     r->segments);
            continue;
        }

        rc = libxl__shared_mem_read_region(gc, r->request.range.name, r);
        if (rc) return rc;

        if (!libxl__shared_mem_may_have(&r->now, &r->request, reason)) {
            SHARED_MEM_LOG(d_config, r->request.range.name, "%s", reason);
            return ERROR_INVAL;
        }

        r->nr_segments = libxl__shared_mem_split(&r->now, &r->request,
                                                 r->segments);
    }

    *regions_r = regions;
    return 0;
}

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

int libxl__shared_mem_check(libxl__gc *gc, const libxl_domain_config *d_config,
                            bool restore)
{
    region *regions;
    int rc;

    if (!libxl__shared_mem_nr_ranges(d_config))
        return 0;

    if (restore) {
        SHARED_MEM_LOG(d_config,
                       libxl__shared_mem_config_ranges(gc, d_config)[0].name,
                       "a domain that shares memory cannot be restored, "
                       "migrated in or soft-reset");
        return ERROR_INVAL;
    }

    rc = check_guest_type(gc, d_config);
    if (rc) return rc;

    rc = libxl__shared_mem_check_regions(gc, d_config);
    if (rc) return rc;

    rc = libxl__shared_mem_check_hypervisor(gc, d_config);
    if (rc) return rc;

    rc = libxl__shared_mem_plan(gc, d_config,
                                libxl__shared_mem_get_layout(gc, d_config,
                                                             NULL),
                                &regions);
    if (rc) return rc;

    rc = libxl__shared_mem_arch_check_map(gc, d_config);
    if (rc) return rc;

    return libxl__shared_mem_check_memory(gc, d_config, regions);
}

/*----- Accounting -----*/

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

/* *memkb_r: what the domain adds to its RAM for one of its regions. */
static int forecast_memkb(libxl__gc *gc, const libxl_domain_config *d_config,
                          const libxl_static_shared_mem *mem,
                          const libxl__shared_mem_range *ram,
                          unsigned int nr_ram, uint64_t *memkb_r)
{
    region *r;
    int rc;

    *memkb_r = 0;

    if (!libxl__shared_mem_id_is_valid(mem->id ?: ""))
        return 0;

    GCNEW(r);
    rc = libxl__shared_mem_read_region(gc, mem->id, r);
    if (rc) return rc;

    r->request = config_request(mem);
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
    int i, rc = 0;

    *memkb_r = 0;

    if (!libxl__shared_mem_nr_ranges(d_config))
        return 0;

    nr_ram = libxl__shared_mem_arch_config_ram(d_config, ram);

    if (libxl__shared_mem_has_factory(d_config)) {
        const libxl__shared_mem_range page = factory_request(d_config).range;

        if (!is_inside_ram(&page, ram, nr_ram))
            *memkb_r += XC_PAGE_SIZE / 1024;
    }

    for (i = 0; !rc && i < d_config->num_static_shared_mems; i++) {
        rc = forecast_memkb(gc, d_config, &d_config->static_shared_mems[i],
                            ram, nr_ram, &memkb);
        *memkb_r += memkb;
    }

    return rc;
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

/* What the domain has regions in the place of is not its memory any more. */
static int lower_maximum(libxl__gc *gc, const libxl_domain_config *d_config,
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

    domain->memkb -= gone * (XC_PAGE_SIZE / 1024);
    return 0;
}

int libxl__shared_mem_extra_memory(libxl__gc *gc, uint32_t domid,
                                   uint64_t *memkb)
{
    int64_t extra;
    int rc;

    /* Each creation of a domain may set the target of the toolstack's. */
    if (domid == LIBXL_TOOLSTACK_DOMID)
        return 0;

    rc = libxl__shared_mem_read_memkb(gc, domid, &extra);
    *memkb += extra;

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

/*----- What is not possible with regions -----*/

int libxl__shared_mem_check_none(libxl__gc *gc, uint32_t domid,
                                 const char *action)
{
    const char *shares = LIBXL__SHARED_MEM_FACTORY_NAME;
    libxl__shared_mem_domain *domain;
    libxl__shared_mem_index *index;
    bool exists;
    int rc;

    GCNEW(index);
    rc = libxl__shared_mem_read_index(gc, domid, index, &exists);
    if (rc) return rc;
    if (!exists) return 0;

    if (index->nr_ids) {
        shares = index->ids[0];
    } else {
        GCNEW(domain);
        rc = libxl__shared_mem_read_domain(gc, domid, domain);
        if (rc) return rc;

        if (domain->change.range.size) {
            LOGD(ERROR, domid, "static_shared_mem: an attach or a detach did "
                 "not come to its end; do it again before the domain is %s",
                 action);
            return ERROR_INVAL;
        }
        if (!domain->has_factory)
            return 0;
    }

    LOGD(ERROR, domid, "%s: a domain that shares memory cannot be %s",
         libxl__shared_mem_option(gc, shares), action);
    return ERROR_INVAL;
}

int libxl__shared_mem_has_regions(libxl__gc *gc, uint32_t domid, bool *has_r)
{
    libxl__shared_mem_index *index;

    GCNEW(index);
    return libxl__shared_mem_read_index(gc, domid, index, has_r);
}

/*----- Carrying out what was planned -----*/

/* Puts the new peer down in the record. */
static int join_record(libxl__gc *gc, uint32_t domid, const char *uuid,
                       const libxl_domain_config *d_config,
                       uint64_t last_generation, region *r)
{
    const libxl__shared_mem_request *request = &r->request;
    libxl__shared_mem_mapping mapping = {
        .domid = domid,
        .begin = request->range.begin,
        .size = request->range.size,
        .offset = request->offset,
        .has_offset = request->has_offset,
        .read_only = request->read_only,
    };
    libxl__shared_mem_status status = LIBXL__SHARED_MEM_OK;

    snprintf(mapping.uuid, sizeof(mapping.uuid), "%s", uuid);

    if (!r->now.nr_mappings) {
        /* Nobody who knew a region of this name takes this one for it. */
        last_generation = max(last_generation, r->now.generation);
        status = libxl__shared_mem_record_init(&r->now, request->range.name,
                                               request->range.size,
                                               request->control);
        r->now.generation = last_generation;
    }
    if (!status)
        status = libxl__shared_mem_record_add(&r->now, &mapping);
    if (!status)
        return 0;

    SHARED_MEM_LOG(d_config, request->range.name,
                   "can't be recorded (status %d)", status);
    return ERROR_FAIL;
}

/* Pages that the domain is to get, wherever from. */
static uint64_t nr_pages(const libxl_domain_config *d_config,
                         const region *regions)
{
    uint64_t pages = 0;
    int i;

    for (i = 0; i < libxl__shared_mem_nr_ranges(d_config); i++)
        pages += to_pages(regions[i].request.range.size);

    return pages;
}

static int map_all(libxl__gc *gc, libxl__shared_mem_task *task)
{
    const libxl__shared_mem_job *job = task->job;
    int i, rc;

    for (i = 0; i < libxl__shared_mem_nr_ranges(job->d_config); i++) {
        rc = libxl__shared_mem_map_region(gc, task->domid, job->d_config,
                                          job->layout, &job->regions[i]);
        if (rc) return rc;
    }

    return 0;
}

/* Puts the domain down, in what is to be written. */
static int join(libxl__gc *gc, libxl__shared_mem_job *job)
{
    libxl__shared_mem_domain *domain = &job->domain;
    uint64_t last_generation;
    int i, rc;

    rc = libxl__shared_mem_read_last_generation(gc, XBT_NULL,
                                                &last_generation);
    if (rc) return rc;

    for (i = 0; i < libxl__shared_mem_nr_ranges(job->d_config); i++) {
        region *r = &job->regions[i];

        if (r->is_factory) {
            domain->has_factory = true;
            domain->factory = r->request.range.begin;
            continue;
        }

        rc = join_record(gc, domain->domid, domain->uuid, job->d_config,
                         last_generation, r);
        if (rc) return rc;

        libxl__shared_mem_index_add(&domain->index, r->request.range.name);
    }

    return lower_maximum(gc, job->d_config, job->regions, domain);
}

static void all_mapped(libxl__egc *egc, libxl__shared_mem_task *task, int rc)
{
    STATE_AO_GC(task->ao);

    if (!rc)
        rc = join(gc, task->job);

    task->carried_out(egc, task, rc);
}

void libxl__shared_mem_carry_out(libxl__egc *egc, libxl__shared_mem_task *task,
                                 libxl__shared_mem_callback *carried_out)
{
    STATE_AO_GC(task->ao);
    const libxl__shared_mem_job *job = task->job;
    int rc;

    rc = libxl__shared_mem_check_memory(gc, job->d_config, job->regions);
    if (rc) {
        carried_out(egc, task, rc);
        return;
    }

    task->carried_out = carried_out;
    libxl__shared_mem_work(egc, task, nr_pages(job->d_config, job->regions),
                           map_all, all_mapped);
}

/*----- Building a domain -----*/

static void end_task(libxl__egc *egc, libxl__shared_mem_task *task, int rc)
{
    STATE_AO_GC(task->ao);

    libxl__shared_mem_unlock(gc, task);
    task->callback(egc, task, rc);
}

static void build_carried_out(libxl__egc *egc, libxl__shared_mem_task *task,
                              int rc)
{
    STATE_AO_GC(task->ao);
    const libxl__shared_mem_job *job = task->job;

    if (!rc)
        rc = libxl__shared_mem_write(gc, job->regions,
                                     job->d_config->num_static_shared_mems,
                                     &job->domain);
    if (!rc)
        rc = libxl__shared_mem_update_factories(gc, &job->domain);

    end_task(egc, task, rc);
}

static void build_locked(libxl__egc *egc, libxl__shared_mem_task *task, int rc)
{
    STATE_AO_GC(task->ao);
    libxl__shared_mem_job *job = task->job;

    if (rc) goto out;

    rc = libxl__shared_mem_get_uuid(gc, task->domid, &job->domain.uuid);
    if (rc) goto out;

    libxl__shared_mem_drop_dead_peers(gc);

    rc = libxl__shared_mem_plan(gc, job->d_config, job->layout, &job->regions);
    if (rc) goto out;

    libxl__shared_mem_carry_out(egc, task, build_carried_out);
    return;

 out:
    end_task(egc, task, rc);
}

void libxl__shared_mem_build(libxl__egc *egc, libxl__shared_mem_task *task,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *image)
{
    STATE_AO_GC(task->ao);

    if (!libxl__shared_mem_nr_ranges(d_config)) {
        task->callback(egc, task, 0);
        return;
    }

    GCNEW(task->job);
    task->job->d_config = d_config;
    task->job->layout = libxl__shared_mem_get_layout(gc, d_config, image);
    task->job->domain.domid = task->domid;

    libxl__shared_mem_lock(egc, task, build_locked);
}

/*----- Destroying a domain -----*/

/* Takes the domain off the records of its regions. */
static int give_up(libxl__gc *gc, uint32_t domid)
{
    libxl__shared_mem_domain *domain;
    region *regions;
    unsigned int i, nr = 0;
    bool exists;
    int rc;

    GCNEW(domain);
    domain->domid = domid;
    domain->is_gone = true;

    rc = libxl__shared_mem_read_index(gc, domid, &domain->index, &exists);
    if (rc) return rc;

    libxl__shared_mem_drop_dead_peers(gc);

    GCNEW_ARRAY(regions, domain->index.nr_ids);

    for (i = 0; i < domain->index.nr_ids; i++) {
        /* One that can't be read is left alone, for the others to go on. */
        if (libxl__shared_mem_read_region(gc, domain->index.ids[i],
                                          &regions[nr]))
            continue;

        libxl__shared_mem_record_drop(&regions[nr].now, domid);
        nr++;
    }

    rc = libxl__shared_mem_write(gc, regions, nr, domain);
    if (rc) return rc;

    return libxl__shared_mem_update_factories(gc, NULL);
}

static void release_locked(libxl__egc *egc, libxl__shared_mem_task *task,
                           int rc)
{
    STATE_AO_GC(task->ao);

    if (!rc)
        rc = give_up(gc, task->domid);

    end_task(egc, task, rc);
}

void libxl__shared_mem_release(libxl__egc *egc, libxl__shared_mem_task *task)
{
    STATE_AO_GC(task->ao);
    bool exists;
    int rc;

    rc = libxl__shared_mem_has_regions(gc, task->domid, &exists);
    if (rc || !exists) {
        task->callback(egc, task, rc);
        return;
    }

    libxl__shared_mem_lock(egc, task, release_locked);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
