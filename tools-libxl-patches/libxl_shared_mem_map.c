/*
 * Static shared memory: gives a domain the pages of its regions.  Carries out
 * what was planned, page by page; decides nothing, and records nothing.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * On an error some pages may have been mapped or given back.  They go with
 * the domain, which is destroyed then.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"

/* The Linux privcmd driver and libxc handle arrays of this size well; it
 * bounds the memory needed to map a region of any size. */
#define PAGES_PER_CALL 1024

/* Pages that libxc maps at once to clear them. */
#define PAGES_PER_CLEAR 1024

/* The source has nothing there, or not what it should: a guest may remove
 * pages from its own address space, and a balloon driver does. */
#define SOURCE_LACKS_PAGE (-EINVAL)

static uint64_t to_gfn(uint64_t gpa)
{
    return gpa >> XC_PAGE_SHIFT;
}

static const char *mapping_problem(int error)
{
    switch (error) {
    case -EEXIST:
        return "the guest has something else there";
    case -ERANGE:
        return "that is beyond the guest's physical address width";
    case -ENOMEM:
        return "no memory left for the guest's page tables; raise "
               "shadow_memory=";
    case -EOPNOTSUPP:
        return "the guest's kind of paging does not allow it";
    case -EPERM:
    case -EACCES:
        return "the hypervisor's security policy does not allow it";
    default:
        return NULL;
    }
}

/*
 * An unpatched hypervisor knows no such map space, and says so for each
 * page, of which it looks at none.  Ours looks up the source domain before
 * anything else.
 */
int libxl__shared_mem_check_hypervisor(libxl__gc *gc, uint32_t domid,
                                       const libxl_domain_config *d_config)
{
    /* The newest: who has it has all of them. */
    const unsigned int space = XENMAPSPACE_gmfn_reshare_ro;
    const libxl__shared_mem_range *first =
        libxl__shared_mem_config_ranges(gc, d_config);
    xen_ulong_t source_gfn = 0;
    xen_pfn_t gfn = to_gfn(first->begin);
    int r, error = 0;

    if (!d_config->num_static_shared_mems)
        return 0;

    r = xc_domain_add_to_physmap_batch(CTX->xch, domid, DOMID_INVALID, space,
                                       1, &source_gfn, &gfn, &error);
    if (r < 0 && errno == ESRCH)
        return 0;

    if (r < 0)
        SHARED_MEM_LOG(d_config, first->name, "nothing can be mapped: %s",
                       mapping_problem(-errno) ?: strerror(errno));
    else
        SHARED_MEM_LOG(d_config, first->name, "this hypervisor lacks "
                       "XENMAPSPACE_gmfn_share; boot one built with the "
                       "static shared memory patches");
    return ERROR_FAIL;
}

/* What the calls for one region need to know, and the arrays they work on. */
typedef struct {
    uint32_t domid;
    const libxl_domain_config *d_config;
    const libxl__shared_mem_layout *layout;
    const libxl__shared_mem_region *region;
    xen_ulong_t source_gfns[PAGES_PER_CALL];
    xen_pfn_t gfns[PAGES_PER_CALL];
    int errors[PAGES_PER_CALL];
} mapping_job;

static mapping_job *new_job(libxl__gc *gc, uint32_t domid,
                            const libxl_domain_config *d_config,
                            const libxl__shared_mem_layout *layout,
                            const libxl__shared_mem_region *r)
{
    mapping_job *job;

    GCNEW(job);
    job->domid = domid;
    job->d_config = d_config;
    job->layout = layout;
    job->region = r;

    return job;
}

/*
 * Who has supplied no memory passes on what belongs to others, and nothing
 * else: a guest can put RAM of its own there instead, and a reader of the
 * region would become its writer.
 */
static unsigned int map_space(const mapping_job *job, uint32_t source)
{
    const libxl__shared_mem_region *r = job->region;

    if (libxl__shared_mem_record_find_supplier(&r->now, source))
        return r->request.read_only ? XENMAPSPACE_gmfn_share_ro
                                    : XENMAPSPACE_gmfn_share;

    return r->request.read_only ? XENMAPSPACE_gmfn_reshare_ro
                                : XENMAPSPACE_gmfn_reshare;
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

/* page: its index in the segment. */
static void log_borrowing_problem(libxl__gc *gc, const mapping_job *job,
                                  const libxl__shared_mem_segment *segment,
                                  uint64_t page, int error)
{
    if (error == SOURCE_LACKS_PAGE)
        SHARED_MEM_LOG(job->d_config, job->region->request.range.name,
                       "domain %"PRIu32", which is to share it, has no memory "
                       "at 0x%"PRIx64" any more; destroy that domain",
                       segment->source,
                       segment->source_begin + (page << XC_PAGE_SHIFT));
    else
        log_mapping_problem(gc, job, to_gfn(segment->begin) + page, error);
}

/*
 * Shares nr pages, at most PAGES_PER_CALL, of the domain `source', from
 * source_gfn on, at gfn; with the domain itself as the source it only finds
 * out whether they are free.  Returns an error if the call as a whole failed;
 * else job->errors[] has what came of each page.
 */
static int share_pages(libxl__gc *gc, mapping_job *job, uint64_t gfn,
                       uint32_t source, uint64_t source_gfn, unsigned int nr)
{
    unsigned int i;

    for (i = 0; i < nr; i++) {
        job->source_gfns[i] = source_gfn + i;
        job->gfns[i] = gfn + i;
    }

    return xc_domain_add_to_physmap_batch(CTX->xch, job->domid, source,
                                          map_space(job, source),
                                          nr, job->source_gfns, job->gfns,
                                          job->errors) < 0 ? -errno : 0;
}

/* As share_pages, for one page; leaves the arrays of the job alone. */
static int share_page(libxl__gc *gc, const mapping_job *job, uint64_t gfn,
                      uint32_t source, uint64_t source_gfn)
{
    xen_ulong_t from = source_gfn;
    xen_pfn_t to = gfn;
    int error = 0;

    return xc_domain_add_to_physmap_batch(CTX->xch, job->domid, source,
                                          map_space(job, source),
                                          1, &from, &to, &error) < 0
           ? -errno : error;
}

/* Before RAM is added: that would replace what is there. */
static int check_free(libxl__gc *gc, mapping_job *job,
                      const libxl__shared_mem_segment *segment)
{
    const uint64_t gfn = to_gfn(segment->begin), nr = to_gfn(segment->size);
    uint64_t done;
    unsigned int i, now;
    int error;

    for (done = 0; done < nr; done += now) {
        now = min(nr - done, (uint64_t)PAGES_PER_CALL);

        error = share_pages(gc, job, gfn + done, job->domid, gfn + done, now);
        if (error) {
            log_mapping_problem(gc, job, gfn + done, error);
            return ERROR_FAIL;
        }

        for (i = 0; i < now; i++) {
            if (job->errors[i] != -EINVAL) {
                log_mapping_problem(gc, job, gfn + done + i, job->errors[i]);
                return ERROR_INVAL;
            }
        }
    }

    return 0;
}

static int populate(libxl__gc *gc, mapping_job *job,
                    const libxl__shared_mem_segment *segment)
{
    uint64_t gfn = to_gfn(segment->begin), left = to_gfn(segment->size);
    unsigned int max_order = LIBXL__SHARED_MEM_MAX_ORDER;

    while (left) {
        unsigned int i, nr, order;
        int done;

        nr = libxl__shared_mem_next_extents(gfn, left, max_order,
                                            PAGES_PER_CALL, &order);
        for (i = 0; i < nr; i++)
            job->gfns[i] = gfn + ((uint64_t)i << order);

        done = xc_domain_populate_physmap(CTX->xch, job->domid, nr, order, 0,
                                          job->gfns);
        if (done > 0) {
            gfn += (uint64_t)done << order;
            left -= (uint64_t)done << order;
        }
        if (done == nr)
            continue;

        /* Either there's no extent of that size, or no memory at all. */
        if (!order) {
            SHARED_MEM_LOG(job->d_config, job->region->request.range.name,
                           "can't get memory for 0x%"PRIx64"-0x%"PRIx64": "
                           "Xen has no more, or none for the guest's page "
                           "tables; free some, or raise shadow_memory=",
                           gfn << XC_PAGE_SHIFT,
                           (gfn + left) << XC_PAGE_SHIFT);
            return ERROR_NOMEM;
        }
        max_order = libxl__shared_mem_smaller_order(order);
    }

    return 0;
}

/*
 * Xen hands out scrubbed pages, but the scrubbing can be a pattern, or be
 * switched off.  On Arm the guest may start with its caches off, so the zeros
 * have to get to memory: xc_clear_domain_pages() sees to that.  It also
 * populates what is populated on demand.
 */
static int clear(libxl__gc *gc, mapping_job *job,
                 const libxl__shared_mem_segment *segment)
{
    const uint64_t gfn = to_gfn(segment->begin), nr = to_gfn(segment->size);
    uint64_t done;
    unsigned int now;

    for (done = 0; done < nr; done += now) {
        now = min(nr - done, (uint64_t)PAGES_PER_CLEAR);

        if (xc_clear_domain_pages(CTX->xch, job->domid, gfn + done,
                                  now) < 0) {
            SHARED_MEM_LOG(job->d_config, job->region->request.range.name,
                           "can't be cleared at 0x%"PRIx64": %s",
                           (gfn + done) << XC_PAGE_SHIFT, strerror(errno));
            return ERROR_FAIL;
        }
    }

    return 0;
}

static int supply(libxl__gc *gc, mapping_job *job,
                  const libxl__shared_mem_segment *segment)
{
    int rc;

    if (!job->region->inside) {
        rc = check_free(gc, job, segment);
        if (rc) return rc;

        rc = populate(gc, job, segment);
        if (rc) return rc;
    }

    return clear(gc, job, segment);
}

/* The domain's own RAM has to go before other memory can take its place. */
static int give_back(libxl__gc *gc, mapping_job *job,
                     const libxl__shared_mem_segment *segment)
{
    const uint64_t gfn = to_gfn(segment->begin), nr = to_gfn(segment->size);
    uint64_t done;
    unsigned int i, now;

    for (done = 0; done < nr; done += now) {
        now = min(nr - done, (uint64_t)PAGES_PER_CALL);

        for (i = 0; i < now; i++)
            job->gfns[i] = gfn + done + i;

        if (xc_domain_decrease_reservation_exact(CTX->xch, job->domid, now, 0,
                                                 job->gfns)) {
            SHARED_MEM_LOG(job->d_config, job->region->request.range.name,
                           "can't give back the RAM at 0x%"PRIx64": %s",
                           (gfn + done) << XC_PAGE_SHIFT, strerror(errno));
            return ERROR_FAIL;
        }
    }

    return 0;
}

/* Shares one page at gfn, which the planned source of the segment lacks, of
 * whichever peer has it. */
static int share_from_others(libxl__gc *gc, const mapping_job *job,
                             const libxl__shared_mem_segment *segment,
                             uint64_t gfn)
{
    const libxl__shared_mem_region *r = job->region;
    const uint64_t offset = r->request.offset + (gfn << XC_PAGE_SHIFT) -
                            r->request.range.begin;
    const libxl__shared_mem_mapping *peer = NULL;
    int error = SOURCE_LACKS_PAGE;

    while (error == SOURCE_LACKS_PAGE &&
           (peer = libxl__shared_mem_next_source(&r->now, offset, peer)))
        if (peer->domid != segment->source)
            error = share_page(gc, job, gfn, peer->domid,
                               to_gfn(peer->begin + offset - peer->offset));

    return error;
}

static int borrow(libxl__gc *gc, mapping_job *job,
                  const libxl__shared_mem_segment *segment)
{
    const uint64_t gfn = to_gfn(segment->begin), nr = to_gfn(segment->size);
    const uint64_t source_gfn = to_gfn(segment->source_begin);
    uint64_t done;
    unsigned int i, now;
    int rc, error;

    if (job->region->inside) {
        rc = give_back(gc, job, segment);
        if (rc) return rc;
    }

    for (done = 0; done < nr; done += now) {
        now = min(nr - done, (uint64_t)PAGES_PER_CALL);

        error = share_pages(gc, job, gfn + done, segment->source,
                            source_gfn + done, now);
        if (error) {
            log_mapping_problem(gc, job, gfn + done, error);
            return ERROR_FAIL;
        }

        for (i = 0; i < now; i++) {
            error = job->errors[i];
            if (error == SOURCE_LACKS_PAGE)
                error = share_from_others(gc, job, segment, gfn + done + i);
            if (error) {
                log_borrowing_problem(gc, job, segment, done + i, error);
                return ERROR_FAIL;
            }
        }
    }

    return 0;
}

int libxl__shared_mem_check_free(libxl__gc *gc, uint32_t domid,
                                 const libxl_domain_config *d_config,
                                 const libxl__shared_mem_layout *layout,
                                 const libxl__shared_mem_region *r)
{
    const libxl__shared_mem_segment whole = {
        .begin = r->request.range.begin,
        .size = r->request.range.size,
    };

    return check_free(gc, new_job(gc, domid, d_config, layout, r), &whole);
}

int libxl__shared_mem_map_region(libxl__gc *gc, uint32_t domid,
                                 const libxl_domain_config *d_config,
                                 const libxl__shared_mem_layout *layout,
                                 const libxl__shared_mem_region *r)
{
    mapping_job *job = new_job(gc, domid, d_config, layout, r);
    unsigned int i;
    int rc;

    /* The type has to be right before anybody touches the pages. */
    rc = libxl__shared_mem_arch_set_memory_type(gc, domid, &r->request.range);
    if (rc) return rc;

    for (i = 0; i < r->nr_segments; i++) {
        rc = r->segments[i].supply ? supply(gc, job, &r->segments[i])
                                   : borrow(gc, job, &r->segments[i]);
        if (rc) return rc;
    }

    return 0;
}

/*----- Taking pages back -----*/

/* Takes one page of another domain off a domain's address space.  It need not
 * be there: the guest may have removed it. */
static int remove_page(libxl__gc *gc, uint32_t domid, uint64_t gfn)
{
    if (!xc_domain_remove_from_physmap(CTX->xch, domid, gfn) ||
        errno == ENOENT)
        return 0;

    LOGED(ERROR, domid, "static_shared_mem: can't take back the page at "
          "0x%"PRIx64, gfn << XC_PAGE_SHIFT);
    return ERROR_FAIL;
}

/*
 * Gives Xen those of the nr pages from gfn on, at most PAGES_PER_CALL, that
 * belong to the domain, up to the first that does not; *done_r: how many.  A
 * page goes back when nobody has it mapped any more.
 */
static int give_up_pages(libxl__gc *gc, uint32_t domid, uint64_t gfn,
                         unsigned int nr, unsigned int *done_r)
{
    xen_pfn_t gfns[PAGES_PER_CALL];
    unsigned int i;
    int done;

    for (i = 0; i < nr; i++)
        gfns[i] = gfn + i;

    done = xc_domain_decrease_reservation(CTX->xch, domid, nr, 0, gfns);
    if (done < 0) {
        LOGED(ERROR, domid, "static_shared_mem: can't take back the page at "
              "0x%"PRIx64, gfn << XC_PAGE_SHIFT);
        return ERROR_FAIL;
    }

    *done_r = done;
    return 0;
}

int libxl__shared_mem_unmap(libxl__gc *gc, uint32_t domid,
                            const libxl__shared_mem_range *range,
                            bool may_own, uint64_t *given_up_r)
{
    const uint64_t end = to_gfn(range->begin + range->size);
    uint64_t gfn = to_gfn(range->begin);
    int rc;

    *given_up_r = 0;

    while (gfn < end) {
        const unsigned int nr = min(end - gfn, (uint64_t)PAGES_PER_CALL);
        unsigned int done = 0;

        if (may_own) {
            rc = give_up_pages(gc, domid, gfn, nr, &done);
            if (rc) return rc;
            gfn += done;
            *given_up_r += done;
        }
        if (done == nr)
            continue;

        /* Only now: one of the domain's own would be lost until it ends. */
        rc = remove_page(gc, domid, gfn);
        if (rc) return rc;
        gfn++;
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
