/*
 * Static shared memory: carries out what the static_shared_mem option of a
 * domain asks for when the domain is built, and takes it back when it is
 * destroyed.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What to do is decided in libxl_shared_mem_plan.c, what xenstore shows is
 * spelt in libxl_shared_mem_record.c, and what a guest has in its address
 * space is told by libxl_shared_mem_<arch>.c.
 *
 * The toolstack's record of a region decides who owns it and who has it
 * mapped.  Whoever reads a record in order to change it, and until the
 * change is made, holds the lock of lock_regions(): it serialises the
 * processes on this host, and the kernel drops it when one gets killed.  A
 * record is changed in one transaction, after all pages are mapped and
 * before any page is unmapped, so that a peer that the record names does
 * have the region.  A domain that died without being taken off its records
 * (because the toolstack died as well) is told by its UUID, and dropped by
 * whoever needs the region next.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"

/* The Linux privcmd driver and libxc handle arrays of this size well; it
 * bounds the memory needed to map a region of any size. */
#define PAGES_PER_CALL 1024

/* Pages that libxc maps at once to clear them. */
#define PAGES_PER_CLEAR 1024

/* What is known of a region, and what the domain being built does to it. */
typedef struct {
    const libxl_static_shared_mem *config;
    libxl__shared_mem_range range;
    libxl__shared_mem_record before;    /* as xenstore has it */
    libxl__shared_mem_record now;       /* without dead peers, later with us */
    bool owner;
} region;

/* One line that names the domain, the region and the cause. */
#define REGION_LOG(d_config, id, fmt, ...)                             \
    LOG(ERROR, "domain %s: static_shared_mem: region %s: " fmt,        \
        (d_config)->c_info.name ?: "(unnamed)", (id) ?: "(unnamed)",   \
        ##__VA_ARGS__)

static uint64_t to_gfn(uint64_t gpa)
{
    return gpa >> XC_PAGE_SHIFT;
}

static libxl__shared_mem_range config_range(const libxl_static_shared_mem *mem)
{
    libxl__shared_mem_range range = {
        .begin = mem->begin,
        .size = mem->size,
        .name = mem->id,
    };

    return range;
}

static libxl__shared_mem_range *
config_ranges(libxl__gc *gc, const libxl_domain_config *d_config)
{
    libxl__shared_mem_range *ranges;
    int i;

    GCNEW_ARRAY(ranges, d_config->num_static_shared_mems);
    for (i = 0; i < d_config->num_static_shared_mems; i++)
        ranges[i] = config_range(&d_config->static_shared_mems[i]);

    return ranges;
}

/*----- Reading and writing records -----*/

static libxl__flock *lock_regions(libxl__gc *gc)
{
    return libxl__lock_file(gc, GCSPRINTF("%s/shared-mem.lock",
                                          libxl__run_dir_path()));
}

/* Feeds the node root/path, and all below it, to the reader.  path is ""
 * for root itself.  A node that does not exist feeds nothing. */
static int feed_nodes(libxl__gc *gc, libxl__shared_mem_reader *reader,
                      libxl__shared_mem_area area,
                      const char *root, const char *path)
{
    const char *node = *path ? GCSPRINTF("%s/%s", root, path) : root;
    const char *value;
    char **children;
    unsigned int i, nr;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL, node, &value);
    if (rc) return rc;
    if (!value) return 0;

    /* The first problem stays in the reader. */
    libxl__shared_mem_reader_feed(reader, area, path, value);

    children = libxl__xs_directory(gc, XBT_NULL, node, &nr);
    if (!children) {
        LOGE(ERROR, "xenstore list failed: `%s'", node);
        return ERROR_FAIL;
    }

    for (i = 0; i < nr; i++) {
        rc = feed_nodes(gc, reader, area, root,
                        *path ? GCSPRINTF("%s/%s", path, children[i])
                              : children[i]);
        if (rc) return rc;
    }

    return 0;
}

/* Reads the record of a region; no mappings if there is no such region. */
static int read_record(libxl__gc *gc, const char *id,
                       libxl__shared_mem_record *record_r)
{
    libxl__shared_mem_reader *reader;
    libxl__shared_mem_path path;
    int rc;

    GCNEW(reader);
    libxl__shared_mem_reader_init(reader, id);

    rc = feed_nodes(gc, reader, LIBXL__SHARED_MEM_PUBLIC,
                    libxl__shared_mem_public_dir(&path, id), "");
    if (rc) return rc;

    rc = feed_nodes(gc, reader, LIBXL__SHARED_MEM_PRIVATE,
                    libxl__shared_mem_private_dir(&path, id), "");
    if (rc) return rc;

    switch (libxl__shared_mem_reader_finish(reader, record_r)) {
    case LIBXL__SHARED_MEM_OK:
        return 0;
    case LIBXL__SHARED_MEM_ABSENT:
        FILLZERO(*record_r);
        return 0;
    default:
        LOG(ERROR, "static_shared_mem: region %s: its record in xenstore is "
            "broken: %s: %s", id, reader->problem.path.text,
            reader->problem.reason);
        return ERROR_INVAL;
    }
}

/* The UUID of a domain that exists and is not being destroyed; or NULL. */
static const char *live_uuid(libxl__gc *gc, uint32_t domid)
{
    xc_domaininfo_t info;
    libxl_uuid uuid;

    if (xc_domain_getinfo_single(CTX->xch, domid, &info) < 0 ||
        (info.flags & XEN_DOMINF_dying))
        return NULL;

    memcpy(&uuid, info.handle, sizeof(info.handle));
    return GCSPRINTF(LIBXL_UUID_FMT, LIBXL_UUID_BYTES(uuid));
}

static bool is_alive(uint32_t domid, const char *uuid, void *opaque)
{
    libxl__gc *gc = opaque;
    const char *actual = live_uuid(gc, domid);

    return actual && !strcmp(actual, uuid);
}

static int read_region(libxl__gc *gc, const char *id, region *r)
{
    int rc;

    rc = read_record(gc, id, &r->before);
    if (rc) return rc;

    r->now = r->before;
    libxl__shared_mem_record_drop_dead(&r->now, is_alive, gc);
    return 0;
}

/* Creates the directory that records go to.  others: an XS_PERM_*, which the
 * nodes below it inherit. */
static int make_root(libxl__gc *gc, xs_transaction_t t, const char *path,
                     unsigned int others)
{
    struct xs_permissions perms = {
        .id = LIBXL_TOOLSTACK_DOMID,
        .perms = others,
    };
    const char *value;
    int rc;

    rc = libxl__xs_read_checked(gc, t, path, &value);
    if (rc || value) return rc;

    return libxl__xs_mknod(gc, t, path, &perms, 1);
}

static int apply_changes(libxl__gc *gc, xs_transaction_t t,
                         const libxl__shared_mem_changes *changes)
{
    unsigned int i;
    int rc;

    for (i = 0; i < changes->nr_removals; i++) {
        rc = libxl__xs_rm_checked(gc, t, changes->removals[i].text);
        if (rc) return rc;
    }

    for (i = 0; i < changes->nr_writes; i++) {
        rc = libxl__xs_write_checked(gc, t, changes->writes[i].path.text,
                                     changes->writes[i].value);
        if (rc) return rc;
    }

    return 0;
}

/* Writes what changed of nr records, and the index of domid (or removes it,
 * if it is empty), in one transaction. */
static int write_regions(libxl__gc *gc, uint32_t domid,
                         const region *regions, unsigned int nr,
                         const libxl__shared_mem_index *index)
{
    libxl__shared_mem_changes *changes;
    libxl__shared_mem_path path;
    char value[LIBXL__SHARED_MEM_INDEX_SIZE];
    xs_transaction_t t = XBT_NULL;
    unsigned int i;
    int rc;

    GCNEW(changes);
    libxl__shared_mem_index_path(&path, domid);
    libxl__shared_mem_index_format(index, value);

    for (;;) {
        rc = libxl__xs_transaction_start(gc, &t);
        if (rc) goto out;

        rc = make_root(gc, t, LIBXL__SHARED_MEM_PUBLIC_ROOT, XS_PERM_READ);
        if (rc) goto out;
        rc = make_root(gc, t, LIBXL__SHARED_MEM_PRIVATE_ROOT, XS_PERM_NONE);
        if (rc) goto out;

        for (i = 0; i < nr; i++) {
            libxl__shared_mem_record_diff(&regions[i].before, &regions[i].now,
                                          changes);
            rc = apply_changes(gc, t, changes);
            if (rc) goto out;
        }

        rc = index->nr_ids ? libxl__xs_write_checked(gc, t, path.text, value)
                           : libxl__xs_rm_checked(gc, t, path.text);
        if (rc) goto out;

        rc = libxl__xs_transaction_commit(gc, &t);
        if (!rc) break;
        if (rc < 0) goto out;
    }

 out:
    libxl__xs_transaction_abort(gc, &t);
    return rc;
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

    if (!reason)
        return 0;

    REGION_LOG(d_config, d_config->static_shared_mems[0].id, "%s", reason);
    return ERROR_INVAL;
}

static int check_supported(libxl__gc *gc, const libxl_domain_config *d_config,
                           const libxl_static_shared_mem *mem)
{
    const char *key = NULL;

    if (mem->role != LIBXL_STATIC_SHARED_MEM_ROLE_AUTO)
        key = mem->role == LIBXL_STATIC_SHARED_MEM_ROLE_OWNER
              ? "role=owner" : "role=borrower";
    else if (mem->prot != LIBXL_STATIC_SHARED_MEM_PROT_RW)
        key = "prot=ro";
    else if (mem->offset != LIBXL_STATIC_SHARED_MEM_OFFSET_NONE)
        key = "offset=";
    else if (!libxl_defbool_is_default(mem->control) &&
             libxl_defbool_val(mem->control))
        key = "control=yes";

    if (!key)
        return 0;

    REGION_LOG(d_config, mem->id, "%s is not supported yet", key);
    return ERROR_INVAL;
}

/* What the guest has at fixed places, by its platform or by its config. */
static unsigned int get_layout(libxl__gc *gc,
                               const libxl_domain_config *d_config,
                               libxl__shared_mem_range **layout_r)
{
    const libxl_domain_build_info *b_info = &d_config->b_info;
    libxl__shared_mem_range *layout;
    unsigned int nr;
    int i;

    GCNEW_ARRAY(layout, LIBXL__SHARED_MEM_LAYOUT_MAX + b_info->num_iomem);
    nr = libxl__shared_mem_arch_layout(d_config, layout);

    for (i = 0; i < b_info->num_iomem; i++) {
        layout[nr].begin = b_info->iomem[i].gfn << XC_PAGE_SHIFT;
        layout[nr].size = b_info->iomem[i].number << XC_PAGE_SHIFT;
        layout[nr].name = "memory of a device (iomem=)";
        nr++;
    }

    *layout_r = layout;
    return nr;
}

static int check_layout(libxl__gc *gc, const libxl_domain_config *d_config,
                        const libxl__shared_mem_range *range)
{
    libxl__shared_mem_range *layout;
    unsigned int nr = get_layout(gc, d_config, &layout);
    const libxl__shared_mem_range *hit;

    hit = libxl__shared_mem_hit(layout, nr, range);
    if (!hit)
        return 0;

    REGION_LOG(d_config, range->name,
               "0x%"PRIx64"-0x%"PRIx64" overlaps the %s, "
               "0x%"PRIx64"-0x%"PRIx64,
               range->begin, range->begin + range->size, hit->name,
               hit->begin, hit->begin + hit->size);
    return ERROR_INVAL;
}

static int check_join(libxl__gc *gc, const libxl_domain_config *d_config,
                      const region *r)
{
    char reason[LIBXL__SHARED_MEM_REASON_SIZE];

    if (!r->now.nr_mappings ||
        libxl__shared_mem_may_join(&r->now, &r->range, reason))
        return 0;

    REGION_LOG(d_config, r->range.name, "%s", reason);
    return ERROR_INVAL;
}

/* Reads the records of all regions of a domain and checks that it may join
 * those which exist.  Without the lock the result is a forecast. */
static int read_regions(libxl__gc *gc, const libxl_domain_config *d_config,
                        region **regions_r)
{
    region *regions;
    int i, rc;

    GCNEW_ARRAY(regions, d_config->num_static_shared_mems);

    for (i = 0; i < d_config->num_static_shared_mems; i++) {
        region *r = &regions[i];

        r->config = &d_config->static_shared_mems[i];
        r->range = config_range(r->config);

        rc = read_region(gc, r->range.name, r);
        if (rc) return rc;

        r->owner = !r->now.nr_mappings;
        rc = check_join(gc, d_config, r);
        if (rc) return rc;
    }

    *regions_r = regions;
    return 0;
}

/* How many pages the domain is going to own; they have to be free.  Without
 * the lock, and before the domain is built, the result is a forecast. */
static int check_memory(libxl__gc *gc, const libxl_domain_config *d_config,
                        const region *regions, uint64_t *pages_r)
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

    for (i = 0; i < d_config->num_static_shared_mems; i++) {
        if (!regions[i].owner)
            continue;

        pages += to_gfn(regions[i].range.size);
        if (pages > free_pages) {
            REGION_LOG(d_config, regions[i].range.name,
                       "not enough free memory: %"PRIu64" KiB needed, "
                       "%"PRIu64" KiB free",
                       pages << (XC_PAGE_SHIFT - 10),
                       free_pages << (XC_PAGE_SHIFT - 10));
            return ERROR_NOMEM;
        }
    }

    *pages_r = pages;
    return 0;
}

int libxl__shared_mem_check(libxl__gc *gc, const libxl_domain_config *d_config,
                            bool restore)
{
    const int nr = d_config->num_static_shared_mems;
    char reason[LIBXL__SHARED_MEM_REASON_SIZE];
    const libxl__shared_mem_range *ranges;
    region *regions;
    uint64_t pages;
    int i, rc;

    if (!nr)
        return 0;

    ranges = config_ranges(gc, d_config);

    if (restore) {
        REGION_LOG(d_config, ranges[0].name, "a domain that shares memory "
                   "cannot be restored or migrated in");
        return ERROR_INVAL;
    }

    rc = check_guest_type(gc, d_config);
    if (rc) return rc;

    i = libxl__shared_mem_check_list(ranges, nr, reason);
    if (i < nr) {
        REGION_LOG(d_config, ranges[i].name, "%s", reason);
        return ERROR_INVAL;
    }

    for (i = 0; i < nr; i++) {
        rc = check_supported(gc, d_config, &d_config->static_shared_mems[i]);
        if (rc) return rc;
        rc = check_layout(gc, d_config, &ranges[i]);
        if (rc) return rc;
    }

    rc = read_regions(gc, d_config, &regions);
    if (rc) return rc;

    return check_memory(gc, d_config, regions, &pages);
}

/*----- Accounting -----*/

uint64_t libxl__shared_mem_paging_memkb(libxl__gc *gc,
                                        const libxl_domain_config *d_config)
{
    return libxl__shared_mem_paging_kb(config_ranges(gc, d_config),
                                       d_config->num_static_shared_mems);
}

int libxl__shared_mem_new_memkb(libxl__gc *gc,
                                const libxl_domain_config *d_config,
                                uint64_t *memkb_r)
{
    region *r;
    uint64_t memkb = 0;
    int i, rc;

    for (i = 0; i < d_config->num_static_shared_mems; i++) {
        const libxl_static_shared_mem *mem = &d_config->static_shared_mems[i];

        if (!libxl__shared_mem_id_is_valid(mem->id ?: ""))
            continue;

        GCNEW(r);
        rc = read_region(gc, mem->id, r);
        if (rc) return rc;

        if (!r->now.nr_mappings)
            memkb += mem->size / 1024;
    }

    *memkb_r = memkb;
    return 0;
}

/* Raises the domain's maximum by what it is going to own, and makes sure
 * that there is that much memory. */
static int reserve_memory(libxl__gc *gc, uint32_t domid,
                          const libxl_domain_config *d_config,
                          const region *regions)
{
    uint64_t pages;
    xc_domaininfo_t domain;
    int rc;

    rc = check_memory(gc, d_config, regions, &pages);
    if (rc) return rc;
    if (!pages) return 0;

    if (xc_domain_getinfo_single(CTX->xch, domid, &domain) < 0) {
        LOGED(ERROR, domid, "static_shared_mem: can't get memory figures");
        return ERROR_FAIL;
    }

    if (xc_domain_setmaxmem(CTX->xch, domid,
                            (domain.max_pages + pages) <<
                            (XC_PAGE_SHIFT - 10)) < 0) {
        LOGED(ERROR, domid, "static_shared_mem: can't raise the domain's "
              "maximum memory by %"PRIu64" pages", pages);
        return ERROR_FAIL;
    }

    return 0;
}

/*----- Memory -----*/

/* The calls that map pages, on arrays made once. */
typedef struct {
    xen_ulong_t source_gfns[PAGES_PER_CALL];
    xen_pfn_t gfns[PAGES_PER_CALL];
    int errors[PAGES_PER_CALL];
} mapping_call;

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
static int check_hypervisor(libxl__gc *gc, uint32_t domid,
                            const libxl_domain_config *d_config)
{
    xen_ulong_t source_gfn = 0;
    xen_pfn_t gfn = to_gfn(d_config->static_shared_mems[0].begin);
    int r, error = 0;

    r = xc_domain_add_to_physmap_batch(CTX->xch, domid, DOMID_INVALID,
                                       XENMAPSPACE_gmfn_share, 1,
                                       &source_gfn, &gfn, &error);
    if (r < 0 && errno == ESRCH)
        return 0;

    if (r < 0)
        REGION_LOG(d_config, d_config->static_shared_mems[0].id,
                   "nothing can be mapped: %s",
                   mapping_problem(-errno) ?: strerror(errno));
    else
        REGION_LOG(d_config, d_config->static_shared_mems[0].id,
                   "this hypervisor lacks XENMAPSPACE_gmfn_share; boot one "
                   "built with the static shared memory patches");
    return ERROR_FAIL;
}

static void log_mapping_problem(libxl__gc *gc,
                                const libxl_domain_config *d_config,
                                const region *r, uint64_t gfn, int error)
{
    const char *problem = mapping_problem(error);

    REGION_LOG(d_config, r->range.name, "cannot be mapped at 0x%"PRIx64": %s",
               gfn << XC_PAGE_SHIFT, problem ?: strerror(-error));
}

/*
 * Shares nr pages of the domain `source', from source_gfn on, with domid at
 * gfn; with domid itself as the source it only finds out whether they are
 * free.  Stops at the first page whose error is not `expected', and returns
 * its index and error; else returns nr.
 */
static uint64_t share_pages(libxl__gc *gc, uint32_t domid, uint64_t gfn,
                            uint32_t source, uint64_t source_gfn, uint64_t nr,
                            int expected, int *error_r)
{
    mapping_call *call;
    uint64_t done;
    unsigned int i, now;

    GCNEW(call);

    for (done = 0; done < nr; done += now) {
        now = min(nr - done, (uint64_t)PAGES_PER_CALL);

        for (i = 0; i < now; i++) {
            call->source_gfns[i] = source_gfn + done + i;
            call->gfns[i] = gfn + done + i;
        }

        if (xc_domain_add_to_physmap_batch(CTX->xch, domid, source,
                                           XENMAPSPACE_gmfn_share, now,
                                           call->source_gfns, call->gfns,
                                           call->errors) < 0) {
            *error_r = -errno;
            return done;
        }

        for (i = 0; i < now; i++) {
            if (call->errors[i] != expected) {
                *error_r = call->errors[i];
                return done + i;
            }
        }
    }

    return nr;
}

static int check_free(libxl__gc *gc, uint32_t domid,
                      const libxl_domain_config *d_config, const region *r)
{
    const uint64_t gfn = to_gfn(r->range.begin);
    const uint64_t nr = to_gfn(r->range.size);
    uint64_t done;
    int error = 0;

    done = share_pages(gc, domid, gfn, domid, gfn, nr, -EINVAL, &error);
    if (done == nr)
        return 0;

    log_mapping_problem(gc, d_config, r, gfn + done, error);
    return ERROR_INVAL;
}

static int populate(libxl__gc *gc, uint32_t domid,
                    const libxl_domain_config *d_config, const region *r)
{
    uint64_t gfn = to_gfn(r->range.begin);
    uint64_t left = to_gfn(r->range.size);
    unsigned int max_order = LIBXL__SHARED_MEM_MAX_ORDER;
    xen_pfn_t *extents;

    GCNEW_ARRAY(extents, PAGES_PER_CALL);

    while (left) {
        unsigned int i, nr, order;
        int done;

        nr = libxl__shared_mem_next_extents(gfn, left, max_order,
                                            PAGES_PER_CALL, &order);
        for (i = 0; i < nr; i++)
            extents[i] = gfn + ((uint64_t)i << order);

        done = xc_domain_populate_physmap(CTX->xch, domid, nr, order, 0,
                                          extents);
        if (done > 0) {
            gfn += (uint64_t)done << order;
            left -= (uint64_t)done << order;
        }
        if (done == nr)
            continue;

        /* Either there's no extent of that size, or no memory at all. */
        if (!order) {
            REGION_LOG(d_config, r->range.name,
                       "can't get memory for 0x%"PRIx64"-0x%"PRIx64": Xen has "
                       "no more, or none for the guest's page tables; free "
                       "some, or raise shadow_memory=",
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
 * have to get to memory: xc_clear_domain_pages() sees to that.
 */
static int clear(libxl__gc *gc, uint32_t domid,
                 const libxl_domain_config *d_config, const region *r)
{
    const uint64_t gfn = to_gfn(r->range.begin);
    const uint64_t nr = to_gfn(r->range.size);
    uint64_t done;
    unsigned int now;

    for (done = 0; done < nr; done += now) {
        now = min(nr - done, (uint64_t)PAGES_PER_CLEAR);

        if (xc_clear_domain_pages(CTX->xch, domid, gfn + done, now) < 0) {
            REGION_LOG(d_config, r->range.name, "can't be cleared at "
                       "0x%"PRIx64": %s", (gfn + done) << XC_PAGE_SHIFT,
                       strerror(errno));
            return ERROR_FAIL;
        }
    }

    return 0;
}

static int own_region(libxl__gc *gc, uint32_t domid,
                      const libxl_domain_config *d_config, const region *r)
{
    int rc;

    rc = check_free(gc, domid, d_config, r);
    if (rc) return rc;

    /* The type has to be right before anybody touches the pages. */
    rc = libxl__shared_mem_arch_set_memory_type(gc, domid, &r->range);
    if (rc) return rc;

    rc = populate(gc, domid, d_config, r);
    if (rc) return rc;

    return clear(gc, domid, d_config, r);
}

static int borrow_region(libxl__gc *gc, uint32_t domid,
                         const libxl_domain_config *d_config, const region *r)
{
    const libxl__shared_mem_mapping *source =
        libxl__shared_mem_record_find(&r->now, r->now.owner);
    const uint64_t gfn = to_gfn(r->range.begin);
    const uint64_t nr = to_gfn(r->range.size);
    uint64_t done;
    int rc, error = 0;

    rc = libxl__shared_mem_arch_set_memory_type(gc, domid, &r->range);
    if (rc) return rc;

    done = share_pages(gc, domid, gfn, source->domid, to_gfn(source->begin),
                       nr, 0, &error);
    if (done == nr)
        return 0;

    log_mapping_problem(gc, d_config, r, gfn + done, error);
    return ERROR_FAIL;
}

/*----- Building and destroying a domain -----*/

/* Reads the list of regions that a domain has; an empty one if none. */
static int read_index(libxl__gc *gc, uint32_t domid,
                      libxl__shared_mem_index *index_r)
{
    libxl__shared_mem_path path;
    const char *value;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                libxl__shared_mem_index_path(&path, domid),
                                &value);
    if (rc) return rc;

    if (libxl__shared_mem_index_parse(value, index_r)) {
        LOGD(ERROR, domid, "static_shared_mem: the list of the domain's "
             "regions in xenstore is broken: %s", path.text);
        return ERROR_INVAL;
    }

    return 0;
}

int libxl__shared_mem_check_none(libxl__gc *gc, uint32_t domid,
                                 const char *action)
{
    libxl__shared_mem_index *index;
    int rc;

    GCNEW(index);
    rc = read_index(gc, domid, index);
    if (rc) return rc;
    if (!index->nr_ids) return 0;

    LOGD(ERROR, domid, "static_shared_mem: region %s: a domain that shares "
         "memory cannot be %s", index->ids[0], action);
    return ERROR_INVAL;
}

/* Puts the new peer down in the record. */
static int join_record(libxl__gc *gc, uint32_t domid, const char *uuid,
                       const libxl_domain_config *d_config, region *r)
{
    libxl__shared_mem_mapping mapping = {
        .domid = domid,
        .begin = r->range.begin,
        .size = r->range.size,
    };
    libxl__shared_mem_status status = LIBXL__SHARED_MEM_OK;

    snprintf(mapping.uuid, sizeof(mapping.uuid), "%s", uuid);

    if (r->owner) {
        /* The counter goes on where a region that has died out left it. */
        uint64_t generation = r->now.generation;

        status = libxl__shared_mem_record_init(&r->now, r->range.name,
                                               r->range.size, false);
        r->now.generation = generation;
    }
    if (!status)
        status = libxl__shared_mem_record_add(&r->now, &mapping);
    if (!status)
        return 0;

    REGION_LOG(d_config, r->range.name, "can't be recorded (status %d)",
               status);
    return ERROR_FAIL;
}

int libxl__shared_mem_build(libxl__gc *gc, uint32_t domid,
                            const libxl_domain_config *d_config)
{
    const int nr = d_config->num_static_shared_mems;
    libxl__shared_mem_index *index;
    libxl__flock *lock = NULL;
    region *regions;
    const char *uuid;
    int i, rc;

    if (!nr)
        return 0;

    rc = check_hypervisor(gc, domid, d_config);
    if (rc) goto out;

    lock = lock_regions(gc);
    if (!lock) {
        rc = ERROR_LOCK_FAIL;
        goto out;
    }

    uuid = live_uuid(gc, domid);
    if (!uuid) {
        LOGED(ERROR, domid, "static_shared_mem: can't get the domain's UUID");
        rc = ERROR_FAIL;
        goto out;
    }

    rc = read_regions(gc, d_config, &regions);
    if (rc) goto out;

    rc = reserve_memory(gc, domid, d_config, regions);
    if (rc) goto out;

    GCNEW(index);

    for (i = 0; i < nr; i++) {
        region *r = &regions[i];

        rc = r->owner ? own_region(gc, domid, d_config, r)
                      : borrow_region(gc, domid, d_config, r);
        if (rc) goto out;

        rc = join_record(gc, domid, uuid, d_config, r);
        if (rc) goto out;

        libxl__shared_mem_index_add(index, r->range.name);
    }

    rc = write_regions(gc, domid, regions, nr, index);

 out:
    if (lock) libxl__unlock_file(lock);
    return rc;
}

int libxl__shared_mem_release(libxl__gc *gc, uint32_t domid)
{
    libxl__shared_mem_index *index;
    libxl__flock *lock = NULL;
    region *regions;
    unsigned int i, nr = 0;
    int rc;

    GCNEW(index);
    rc = read_index(gc, domid, index);
    if (rc) goto out;
    if (!index->nr_ids) goto out;

    lock = lock_regions(gc);
    if (!lock) {
        rc = ERROR_LOCK_FAIL;
        goto out;
    }

    GCNEW_ARRAY(regions, index->nr_ids);

    for (i = 0; i < index->nr_ids; i++) {
        /* One that can't be read is left alone, for the others to go on. */
        if (read_region(gc, index->ids[i], &regions[nr]))
            continue;

        libxl__shared_mem_record_drop(&regions[nr].now, domid);
        nr++;
    }

    index->nr_ids = 0;
    rc = write_regions(gc, domid, regions, nr, index);

 out:
    if (lock) libxl__unlock_file(lock);
    return rc;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
