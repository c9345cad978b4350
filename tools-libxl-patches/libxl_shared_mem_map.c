/*
 * Static shared memory: gives a domain the pages of its regions.  Carries out
 * what was planned, range by range; decides nothing, and records nothing.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * XENMEM_region_op allocates new pages, and maps what others have already.
 * It stops at the first page that it can't do.  On an error some pages may be
 * there, and RAM may have been given back.  They go with the domain if it is
 * being built; else the caller takes them back.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_arch.h"
#include "libxl_shared_mem_config.h"
#include "libxl_shared_mem_layout.h"
#include "libxl_shared_mem_life.h"
#include "libxl_shared_mem_map.h"

/* The Linux privcmd driver and libxc handle arrays of this size well; it
 * bounds the memory needed to give back RAM of any size. */
#define PAGES_PER_CALL 1024

/* A process that is in a hypercall cannot be killed. */
#define PAGES_PER_OP 16384

static uint64_t to_gfn(uint64_t gpa)
{
    return gpa >> XC_PAGE_SHIFT;
}

/* Returns 0 or a negative errno value.  *op is then what is left to do. */
static int region_op(libxl__gc *gc, xen_region_op_t *op)
{
    uint64_t left = op->nr;
    int r;

    do {
        op->nr = min(left, (uint64_t)PAGES_PER_OP);
        left -= op->nr;
        r = xc_region_op(CTX->xch, op);
        op->nr += left;
    } while (r >= 0 && left);

    return r < 0 ? -errno : 0;
}

static const char *mapping_problem(int error)
{
    switch (error) {
    case -EEXIST:
        return "the guest has something else there";
    case -ERANGE:
        return "that is beyond the guest's physical address width";
    case -ESRCH:
        return "the domain is being destroyed";
    case -ENOMEM:
        return "no memory left for the guest's page tables; raise "
               "shadow_memory=";
    case -ENOSPC:
        return "Xen has no memory left for it; free some";
    case -EOPNOTSUPP:
        return "the guest's kind of paging does not allow it";
    case -EPERM:
    case -EACCES:
        return "the hypervisor's security policy does not allow it";
    default:
        return NULL;
    }
}

/* An unpatched hypervisor knows no such operation.  Ours looks up the domain
 * before anything else. */
int libxl__shared_mem_check_hypervisor(libxl__gc *gc,
                                       const libxl_domain_config *d_config)
{
    const char *name;
    int error;

    if (!libxl__shared_mem_nr_ranges(d_config))
        return 0;

    error = libxl__shared_mem_probe(gc, DOMID_INVALID, 0, 1);
    if (error == -ESRCH)
        return 0;

    name = libxl__shared_mem_config_ranges(gc, d_config)->name;
    if (error == -ENOSYS)
        SHARED_MEM_LOG(d_config, name, "this hypervisor lacks "
                       "XENMEM_region_op; boot one built with the static "
                       "shared memory patches");
    else
        SHARED_MEM_LOG(d_config, name, "nothing can be mapped: %s",
                       mapping_problem(error) ?: strerror(-error));
    return ERROR_FAIL;
}

/* What the calls for one region need to know. */
typedef struct {
    uint32_t domid;
    const libxl_domain_config *d_config;
    const libxl__shared_mem_layout *layout;
    const libxl__shared_mem_region *region;
} mapping_job;

static uint8_t access_flags(const mapping_job *job)
{
    return job->region->request.read_only ? XENMEM_REGION_readonly : 0;
}

static void log_mapping_problem(libxl__gc *gc, const mapping_job *job,
                                uint64_t gfn, int error)
{
    const libxl__shared_mem_range *range = &job->region->request.range;
    const char *problem = mapping_problem(error), *suggestion = "";

    if (error == -EEXIST || error == -ERANGE)
        suggestion = libxl__shared_mem_suggest(gc, job->d_config, job->layout,
                                               range);

    SHARED_MEM_LOG(job->d_config, range->name,
                   "cannot be mapped at 0x%"PRIx64": %s%s",
                   gfn << XC_PAGE_SHIFT, problem ?: strerror(-error),
                   suggestion);
}

static int error_to_rc(int error)
{
    switch (error) {
    case -EEXIST:
    case -ERANGE:
        return ERROR_INVAL;
    case -ENOSPC:
        return ERROR_NOMEM;
    default:
        return ERROR_FAIL;
    }
}

/* One operation for all of the segment. */
static int do_segment(libxl__gc *gc, const mapping_job *job,
                      const libxl__shared_mem_segment *segment,
                      uint8_t operation, uint8_t flags)
{
    xen_region_op_t op = {
        .op = operation,
        .flags = flags,
        .domid = job->domid,
        .gfn = to_gfn(segment->begin),
        .nr = to_gfn(segment->size),
    };
    const int error = region_op(gc, &op);

    if (!error)
        return 0;

    log_mapping_problem(gc, job, op.gfn, error);
    return error_to_rc(error);
}

/* The domain's own RAM has to go before other memory can take its place. */
static int give_back_ram(libxl__gc *gc, const mapping_job *job,
                         const libxl__shared_mem_segment *segment)
{
    uint64_t gfn = to_gfn(segment->begin), left = to_gfn(segment->size);
    xen_pfn_t *gfns;

    GCNEW_ARRAY(gfns, PAGES_PER_CALL);

    while (left) {
        unsigned int i, nr = min(left, (uint64_t)PAGES_PER_CALL);

        for (i = 0; i < nr; i++)
            gfns[i] = gfn + i;

        if (xc_domain_decrease_reservation_exact(CTX->xch, job->domid, nr, 0,
                                                 gfns)) {
            SHARED_MEM_LOG(job->d_config, job->region->request.range.name,
                           "can't give back the RAM at 0x%"PRIx64"-0x%"PRIx64
                           ": %s", gfn << XC_PAGE_SHIFT,
                           (gfn + nr) << XC_PAGE_SHIFT, strerror(errno));
            return ERROR_FAIL;
        }

        gfn += nr;
        left -= nr;
    }

    return 0;
}

/* A guest may have removed pages from its own address space, and another
 * toolstack may have destroyed it.  It may be the new peer that is destroyed,
 * too: then no source will do. */
static bool source_lacks_page(int error)
{
    return error == -ENOENT || error == -ESRCH;
}

/* *op stopped at a page that its source lacks: maps it, and what follows, of
 * whichever other peer has it, and has *op go on behind that. */
static int map_from_others(libxl__gc *gc, const mapping_job *job,
                           xen_region_op_t *op)
{
    const libxl__shared_mem_region *r = job->region;
    const uint64_t offset = r->request.offset + (op->gfn << XC_PAGE_SHIFT) -
                            r->request.range.begin;
    const libxl__shared_mem_mapping *peer = NULL;
    const char *uuid;
    int error = -ENOENT;

    while (source_lacks_page(error) &&
           (peer = libxl__shared_mem_next_source(&r->now, offset, peer))) {
        xen_region_op_t one = *op;

        if (peer->domid == op->source)
            continue;

        one.source = peer->domid;
        one.source_gfn = to_gfn(peer->begin + offset - peer->offset);
        one.nr = min((uint64_t)op->nr,
                     to_gfn(peer->offset + peer->size - offset));
        error = region_op(gc, &one);
        if (one.gfn != op->gfn) {
            const uint64_t done = one.gfn - op->gfn;

            op->gfn += done;
            op->source_gfn += done;
            op->nr -= done;
            return 0;
        }
    }

    if (!source_lacks_page(error)) {
        log_mapping_problem(gc, job, op->gfn, error);
    } else if (!libxl__shared_mem_get_uuid(gc, job->domid, &uuid)) {
        SHARED_MEM_LOG(job->d_config, r->request.range.name,
                       "no domain that has it has the page at offset "
                       "0x%"PRIx64" any more: the guests gave it up; destroy "
                       "them all, or leave it out with offset=", offset);
    }

    return error;
}

static int borrow(libxl__gc *gc, const mapping_job *job,
                  const libxl__shared_mem_segment *segment)
{
    xen_region_op_t op = {
        .op = XENMEM_REGION_OP_map,
        .flags = access_flags(job),
        .domid = job->domid,
        .source = segment->source,
        .gfn = to_gfn(segment->begin),
        .source_gfn = to_gfn(segment->source_begin),
        .nr = to_gfn(segment->size),
    };

    while (op.nr) {
        int error = region_op(gc, &op);

        if (error && !source_lacks_page(error)) {
            log_mapping_problem(gc, job, op.gfn, error);
            return ERROR_FAIL;
        }
        if (error && map_from_others(gc, job, &op))
            return ERROR_FAIL;
    }

    return 0;
}

int libxl__shared_mem_check_free(libxl__gc *gc, uint32_t domid,
                                 const libxl_domain_config *d_config,
                                 const libxl__shared_mem_layout *layout,
                                 const libxl__shared_mem_region *r)
{
    const mapping_job job = { domid, d_config, layout, r };
    const libxl__shared_mem_segment whole = {
        .begin = r->request.range.begin,
        .size = r->request.range.size,
    };

    return do_segment(gc, &job, &whole, XENMEM_REGION_OP_probe, 0);
}

int libxl__shared_mem_map_region(libxl__gc *gc, uint32_t domid,
                                 const libxl_domain_config *d_config,
                                 const libxl__shared_mem_layout *layout,
                                 const libxl__shared_mem_region *r)
{
    const mapping_job job = { domid, d_config, layout, r };
    unsigned int i;
    int rc;

    /* The type has to be right before anybody touches the pages. */
    rc = libxl__shared_mem_arch_set_memory_type(gc, domid, &r->request.range);
    if (rc) return rc;

    for (i = 0; i < r->nr_segments; i++) {
        const libxl__shared_mem_segment *segment = &r->segments[i];

        if (r->inside) {
            rc = give_back_ram(gc, &job, segment);
            if (rc) return rc;
        }

        rc = segment->allocate
             ? do_segment(gc, &job, segment, XENMEM_REGION_OP_allocate,
                          access_flags(&job))
             : borrow(gc, &job, segment);
        if (rc) return rc;
    }

    return 0;
}

int libxl__shared_mem_unmap(libxl__gc *gc, uint32_t domid,
                            const libxl__shared_mem_range *range)
{
    xen_region_op_t op = {
        .op = XENMEM_REGION_OP_unmap,
        .domid = domid,
        .gfn = to_gfn(range->begin),
        .nr = to_gfn(range->size),
    };
    const int error = region_op(gc, &op);

    /* They go with it, if it does. */
    if (error == -ESRCH &&
        libxl__shared_mem_probe(gc, domid, 0, 0) == -ESRCH)
        return 0;
    if (error) {
        LOGD(ERROR, domid, "static_shared_mem: can't take back the page at "
             "0x%"PRIx64": %s", (uint64_t)op.gfn << XC_PAGE_SHIFT,
             mapping_problem(error) ?: strerror(-error));
        return ERROR_FAIL;
    }

    return libxl__shared_mem_arch_reset_memory_type(gc, domid, range);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
