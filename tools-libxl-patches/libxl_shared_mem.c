/*
 * Static shared memory: carries out what the static_shared_mem option of a
 * domain asks for when the domain is built, and takes it back when it is
 * destroyed.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What is asked for is told by libxl_shared_mem_config.c.  What to do is
 * decided in libxl_shared_mem_plan.c, where a region may lie in
 * libxl_shared_mem_layout.c; memory is counted by libxl_shared_mem_memory.c,
 * pages are moved by libxl_shared_mem_map.c, records are kept by
 * libxl_shared_mem_store.c, and domains told of their peers by
 * libxl_shared_mem_factory.c.
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
#include "libxl_shared_mem_life.h"
#include "libxl_shared_mem_map.h"
#include "libxl_shared_mem_task.h"

typedef libxl__shared_mem_region region;

static uint64_t to_pages(uint64_t bytes)
{
    return bytes >> XC_PAGE_SHIFT;
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
        r->request = libxl__shared_mem_get_request(d_config, i);

        rc = libxl__shared_mem_check_place(gc, d_config, layout,
                                           &r->request.range, &r->inside);
        if (rc) return rc;

        if (!r->is_factory) {
            rc = libxl__shared_mem_read_region(gc, r->request.range.name, r);
            if (rc) return rc;

            if (!libxl__shared_mem_may_have(&r->now, &r->request, reason)) {
                SHARED_MEM_LOG(d_config, r->request.range.name, "%s", reason);
                return ERROR_INVAL;
            }
        }

        r->nr_segments = libxl__shared_mem_split(&r->now, &r->request,
                                                 r->segments);
    }

    *regions_r = regions;
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

    rc = libxl__shared_mem_check_guest_type(gc, d_config);
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

/*----- What is not possible with regions -----*/

int libxl__shared_mem_check_none(libxl__gc *gc, uint32_t domid,
                                 const char *action)
{
    libxl__shared_mem_domain *domain;
    bool exists;
    int rc;

    GCNEW(domain);
    rc = libxl__shared_mem_fetch_domain(gc, domid, domain, &exists);
    if (rc) return rc;

    if (domain->nr_ids || domain->factory) {
        const char *shares = domain->nr_ids ? domain->ids[0]
                                            : LIBXL__SHARED_MEM_FACTORY_NAME;

        LOGD(ERROR, domid, "%s: a domain that shares memory cannot be %s",
             libxl__shared_mem_option(gc, shares), action);
        return ERROR_INVAL;
    }

    if (domain->change.range.size) {
        LOGD(ERROR, domid, "static_shared_mem: an attach or a detach did not "
             "come to its end; do it again before the domain is %s", action);
        return ERROR_INVAL;
    }

    return 0;
}

int libxl__shared_mem_has_regions(libxl__gc *gc, uint32_t domid, bool *has_r)
{
    libxl__shared_mem_domain *domain;

    GCNEW(domain);
    return libxl__shared_mem_fetch_domain(gc, domid, domain, has_r);
}

/*----- Carrying out what was planned -----*/

/* Who expects that nobody else sees the record has to know. */
static void check_hidden(libxl__gc *gc, const libxl_domain_config *d_config,
                         const region *r)
{
    if (r->request.hidden && r->now.nr_mappings && !r->now.hidden)
        LOG(WARN, "domain %s: %s: its record stays public, as it was made so",
            d_config->c_info.name ?: "(unnamed)",
            libxl__shared_mem_option(gc, r->request.range.name));
}

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
                                               request->control,
                                               request->hidden);
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

/* Up to where the regions have counted that are no more, if one is new. */
static int get_last_generation(libxl__gc *gc, const libxl__shared_mem_job *job,
                               uint64_t *generation_r)
{
    int i;

    *generation_r = 0;

    for (i = 0; i < job->d_config->num_static_shared_mems; i++)
        if (!job->regions[i].now.nr_mappings)
            return libxl__shared_mem_read_last_generation(gc, XBT_NULL,
                                                          generation_r);

    return 0;
}

/* Puts the domain down, in what is to be written. */
static int join(libxl__gc *gc, libxl__shared_mem_job *job)
{
    libxl__shared_mem_domain *domain = &job->domain;
    uint64_t last_generation;
    int i, rc;

    rc = get_last_generation(gc, job, &last_generation);
    if (rc) return rc;

    for (i = 0; i < libxl__shared_mem_nr_ranges(job->d_config); i++) {
        region *r = &job->regions[i];

        if (r->is_factory) {
            domain->factory = r->request.range.begin;
            continue;
        }

        check_hidden(gc, job->d_config, r);
        rc = join_record(gc, domain->domid, domain->uuid, job->d_config,
                         last_generation, r);
        if (rc) return rc;

        domain->ids[domain->nr_ids++] = r->request.range.name;
    }

    return libxl__shared_mem_lower_maximum(gc, job->d_config, job->regions,
                                           domain);
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
    rc = libxl__shared_mem_fetch_domain(gc, domid, domain, &exists);
    if (rc) return rc;

    domain->is_gone = true;

    libxl__shared_mem_drop_dead_peers(gc);

    GCNEW_ARRAY(regions, domain->nr_ids);

    for (i = 0; i < domain->nr_ids; i++) {
        /* One that can't be read is left alone, for the others to go on. */
        if (libxl__shared_mem_read_region(gc, domain->ids[i],
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
