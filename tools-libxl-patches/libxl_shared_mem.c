/*
 * Static shared memory: carries out what the static_shared_mem option of a
 * domain asks for when the domain is built, and takes it back when it is
 * destroyed.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What to do is decided in libxl_shared_mem_plan.c, where a region may lie in
 * libxl_shared_mem_layout.c, what xenstore shows is spelt in
 * libxl_shared_mem_record.c, and pages are moved by libxl_shared_mem_map.c.
 *
 * The toolstack's record of a region decides who owns it and who has it
 * mapped.  Whoever reads a record, and if it is in order to change it until
 * the change is made, holds the lock of lock_regions(): it serialises the
 * processes on this host, and the kernel drops it when one gets killed.  A
 * record has many nodes, and is not whole while somebody changes them.  A
 * record is changed in one transaction, after all pages are mapped and
 * before any page is unmapped, so that a peer that the record names does
 * have the region.  A domain that died without being taken off its records
 * (because the toolstack died as well) is told by its UUID, and dropped when
 * the next domain that has a region, whichever, is created or destroyed.
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
    const bool has_offset = mem->offset != LIBXL_STATIC_SHARED_MEM_OFFSET_NONE;
    libxl__shared_mem_request request = {
        .range = {
            .begin = mem->begin,
            .size = mem->size,
            .name = mem->id,
        },
        .offset = has_offset ? mem->offset : 0,
        .has_offset = has_offset,
        .read_only = mem->prot == LIBXL_STATIC_SHARED_MEM_PROT_RO,
        .must_own = mem->role == LIBXL_STATIC_SHARED_MEM_ROLE_OWNER,
        .must_borrow = mem->role == LIBXL_STATIC_SHARED_MEM_ROLE_BORROWER,
    };

    return request;
}

libxl__shared_mem_range *
libxl__shared_mem_config_ranges(libxl__gc *gc,
                                const libxl_domain_config *d_config)
{
    libxl__shared_mem_range *ranges;
    int i;

    GCNEW_ARRAY(ranges, d_config->num_static_shared_mems);
    for (i = 0; i < d_config->num_static_shared_mems; i++)
        ranges[i] = config_request(&d_config->static_shared_mems[i]).range;

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

/*
 * *uuid_r: the UUID of a domain that exists and is not being destroyed, or
 * NULL.  Returns an error if that can't be found out: nobody is to be taken
 * for dead for that.
 */
static int get_live_uuid(libxl__gc *gc, uint32_t domid, const char **uuid_r)
{
    xc_domaininfo_t info;
    libxl_uuid uuid;

    *uuid_r = NULL;

    if (xc_domain_getinfo_single(CTX->xch, domid, &info) < 0) {
        if (errno == ESRCH) return 0;
        LOGED(ERROR, domid, "static_shared_mem: can't ask Xen for the domain");
        return ERROR_FAIL;
    }

    if (!(info.flags & XEN_DOMINF_dying)) {
        memcpy(&uuid, info.handle, sizeof(info.handle));
        *uuid_r = GCSPRINTF(LIBXL_UUID_FMT, LIBXL_UUID_BYTES(uuid));
    }

    return 0;
}

/* The argument of is_alive. */
typedef struct {
    libxl__gc *gc;
    int rc;     /* the last error; the domain then counts as alive */
} liveness;

static bool is_alive(uint32_t domid, const char *uuid, void *opaque)
{
    liveness *l = opaque;
    const char *actual;
    int rc = get_live_uuid(l->gc, domid, &actual);

    if (rc) l->rc = rc;

    return rc || (actual && !strcmp(actual, uuid));
}

static int read_region(libxl__gc *gc, const char *id, region *r)
{
    liveness peers = { .gc = gc };
    int rc;

    rc = read_record(gc, id, &r->before);
    if (rc) return rc;

    r->now = r->before;
    libxl__shared_mem_record_drop_dead(&r->now, is_alive, &peers);
    return peers.rc;
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

/* The index with what is below it; or removes it, if it is empty. */
static int write_index(libxl__gc *gc, xs_transaction_t t, uint32_t domid,
                       const libxl__shared_mem_index *index, int64_t memkb)
{
    libxl__shared_mem_path path;
    char value[LIBXL__SHARED_MEM_INDEX_SIZE];
    int rc;

    libxl__shared_mem_index_path(&path, domid);
    if (!index->nr_ids)
        return libxl__xs_rm_checked(gc, t, path.text);

    libxl__shared_mem_index_format(index, value);
    rc = libxl__xs_write_checked(gc, t, path.text, value);
    if (rc || !memkb) return rc;

    libxl__shared_mem_memkb_path(&path, domid);
    return libxl__xs_printf(gc, t, path.text, "%"PRId64, memkb);
}

/* The highest generation of the regions that are no more. */
static int read_last_generation(libxl__gc *gc, xs_transaction_t t,
                                uint64_t *generation_r)
{
    const char *value;
    int rc;

    rc = libxl__xs_read_checked(gc, t, LIBXL__SHARED_MEM_PRIVATE_ROOT,
                                &value);
    if (rc) return rc;

    *generation_r = libxl__shared_mem_last_generation(value);
    return 0;
}

/* Takes down up to where the regions have counted that are about to go. */
static int write_last_generation(libxl__gc *gc, xs_transaction_t t,
                                 const region *regions, unsigned int nr)
{
    uint64_t last, highest = 0;
    unsigned int i;
    int rc;

    for (i = 0; i < nr; i++)
        if (!regions[i].now.nr_mappings)
            highest = max(highest, regions[i].now.generation);

    if (!highest) return 0;

    rc = read_last_generation(gc, t, &last);
    if (rc || last >= highest) return rc;

    return libxl__xs_printf(gc, t, LIBXL__SHARED_MEM_PRIVATE_ROOT,
                            "%"PRIu64, highest);
}

/* Writes what changed of nr records, and the index of domid with what its
 * regions add to its memory, in one transaction.  index: NULL to leave that
 * alone. */
static int write_regions(libxl__gc *gc, const region *regions,
                         unsigned int nr, uint32_t domid,
                         const libxl__shared_mem_index *index, int64_t memkb)
{
    libxl__shared_mem_changes *changes;
    xs_transaction_t t = XBT_NULL;
    unsigned int i;
    int rc;

    GCNEW(changes);

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

        rc = write_last_generation(gc, t, regions, nr);
        if (rc) goto out;

        if (index) {
            rc = write_index(gc, t, domid, index, memkb);
            if (rc) goto out;
        }

        rc = libxl__xs_transaction_commit(gc, &t);
        if (!rc) break;
        if (rc < 0) goto out;
    }

 out:
    libxl__xs_transaction_abort(gc, &t);
    return rc;
}

/*----- Dead peers -----*/

/* Whether all peers of a region are alive.  As far as can be read: what
 * can't is for the next one who needs that region. */
static bool all_peers_alive(libxl__gc *gc, const char *id)
{
    libxl__shared_mem_path path;
    const char *peers = libxl__shared_mem_peers_dir(&path, id);
    liveness unknown = { .gc = gc };
    const char *uuid;
    char **domids;
    unsigned int i, nr;

    domids = libxl__xs_directory(gc, XBT_NULL, peers, &nr);
    for (i = 0; domids && i < nr; i++) {
        uuid = libxl__xs_read(gc, XBT_NULL,
                              GCSPRINTF("%s/%s", peers, domids[i]));
        if (uuid && !is_alive(strtoul(domids[i], NULL, 10), uuid, &unknown))
            return false;
    }

    return true;
}

/*
 * Drops dead peers from the records of all regions: those who should have
 * done so were killed.  The caller holds the lock, and has its own to do: an
 * error is logged, and leaves them for the next one.
 */
static void drop_dead_peers(libxl__gc *gc)
{
    char **ids;
    region *r;
    unsigned int i, nr;

    ids = libxl__xs_directory(gc, XBT_NULL, LIBXL__SHARED_MEM_PRIVATE_ROOT,
                              &nr);
    for (i = 0; ids && i < nr; i++) {
        if (!libxl__shared_mem_id_is_valid(ids[i]) ||
            all_peers_alive(gc, ids[i]))
            continue;

        GCNEW(r);
        if (!read_region(gc, ids[i], r))
            write_regions(gc, r, 1, 0, NULL, 0);
    }
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

    if (!reason)
        return 0;

    SHARED_MEM_LOG(d_config, d_config->static_shared_mems[0].id, "%s", reason);
    return ERROR_INVAL;
}

static int check_supported(libxl__gc *gc, const libxl_domain_config *d_config,
                           const libxl_static_shared_mem *mem)
{
    if (libxl_defbool_is_default(mem->control) ||
        !libxl_defbool_val(mem->control))
        return 0;

    SHARED_MEM_LOG(d_config, mem->id, "control=yes is not supported yet");
    return ERROR_INVAL;
}

/* Offsets that are no whole pages, from callers that are not xl. */
static int check_offset(libxl__gc *gc, const libxl_domain_config *d_config,
                        const libxl__shared_mem_request *request)
{
    if (!(request->offset % XC_PAGE_SIZE))
        return 0;

    SHARED_MEM_LOG(d_config, request->range.name,
                   "offset has to be a multiple of 0x1000");
    return ERROR_INVAL;
}

/*
 * Reads the records of all regions of a domain, checks each region against
 * them and against the guest's address space, and plans where its pages are
 * to come from.  The caller holds the lock; when it is dropped, and before the
 * domain is built, the result is a forecast.
 */
static int plan_regions(libxl__gc *gc, const libxl_domain_config *d_config,
                        const libxl__shared_mem_layout *layout,
                        region **regions_r)
{
    char reason[LIBXL__SHARED_MEM_REASON_SIZE];
    region *regions;
    int i, rc;

    GCNEW_ARRAY(regions, d_config->num_static_shared_mems);

    for (i = 0; i < d_config->num_static_shared_mems; i++) {
        region *r = &regions[i];

        r->request = config_request(&d_config->static_shared_mems[i]);

        rc = libxl__shared_mem_check_place(gc, d_config, layout,
                                           &r->request.range, &r->inside);
        if (rc) return rc;

        rc = read_region(gc, r->request.range.name, r);
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

/* Pages that the domain adds to its RAM for a region. */
static uint64_t added_pages(const region *r)
{
    uint64_t pages = 0;
    unsigned int i;

    for (i = 0; i < r->nr_segments && !r->inside; i++)
        if (r->segments[i].supply)
            pages += to_pages(r->segments[i].size);

    return pages;
}

/* How many pages the domain is going to add; they have to be free.  A
 * forecast, as above. */
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
        uint64_t added = added_pages(&regions[i]);

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
    libxl__flock *lock;
    uint64_t pages;
    int i, rc;

    if (!nr)
        return 0;

    ranges = libxl__shared_mem_config_ranges(gc, d_config);

    if (restore) {
        SHARED_MEM_LOG(d_config, ranges[0].name, "a domain that shares memory "
                       "cannot be restored or migrated in");
        return ERROR_INVAL;
    }

    rc = check_guest_type(gc, d_config);
    if (rc) return rc;

    i = libxl__shared_mem_check_list(ranges, nr, reason);
    if (i < nr) {
        SHARED_MEM_LOG(d_config, ranges[i].name, "%s", reason);
        return ERROR_INVAL;
    }

    for (i = 0; i < nr; i++) {
        const libxl_static_shared_mem *mem = &d_config->static_shared_mems[i];
        const libxl__shared_mem_request request = config_request(mem);

        rc = check_supported(gc, d_config, mem);
        if (rc) return rc;
        rc = check_offset(gc, d_config, &request);
        if (rc) return rc;
    }

    lock = lock_regions(gc);
    if (!lock) return ERROR_LOCK_FAIL;
    rc = plan_regions(gc, d_config,
                      libxl__shared_mem_get_layout(gc, d_config, NULL),
                      &regions);
    libxl__unlock_file(lock);
    if (rc) return rc;

    rc = libxl__shared_mem_arch_check_map(gc, d_config);
    if (rc) return rc;

    return check_memory(gc, d_config, regions, &pages);
}

/*----- Accounting -----*/

uint64_t libxl__shared_mem_paging_memkb(libxl__gc *gc,
                                        const libxl_domain_config *d_config)
{
    return libxl__shared_mem_paging_kb(
        libxl__shared_mem_config_ranges(gc, d_config),
        d_config->num_static_shared_mems);
}

/* *memkb_r: what the domain adds to its RAM for one of its regions. */
static int forecast_memkb(libxl__gc *gc, const libxl_static_shared_mem *mem,
                          const libxl__shared_mem_range *ram,
                          unsigned int nr_ram, uint64_t *memkb_r)
{
    const libxl__shared_mem_range *bank;
    region *r;
    int rc;

    *memkb_r = 0;

    if (!libxl__shared_mem_id_is_valid(mem->id ?: ""))
        return 0;

    GCNEW(r);
    rc = read_region(gc, mem->id, r);
    if (rc) return rc;

    r->request = config_request(mem);
    r->inside = libxl__shared_mem_find_place(ram, nr_ram, &r->request.range,
                                             &bank) !=
                LIBXL__SHARED_MEM_OUTSIDE;
    r->nr_segments = libxl__shared_mem_split(&r->now, &r->request,
                                             r->segments);
    *memkb_r = added_pages(r) << (XC_PAGE_SHIFT - 10);

    return 0;
}

int libxl__shared_mem_new_memkb(libxl__gc *gc,
                                const libxl_domain_config *d_config,
                                uint64_t *memkb_r)
{
    libxl__shared_mem_range ram[LIBXL__SHARED_MEM_RAM_MAX];
    unsigned int nr_ram;
    libxl__flock *lock;
    uint64_t memkb;
    int i, rc = 0;

    *memkb_r = 0;

    if (!d_config->num_static_shared_mems)
        return 0;

    nr_ram = libxl__shared_mem_arch_config_ram(d_config, ram);

    lock = lock_regions(gc);
    if (!lock) return ERROR_LOCK_FAIL;

    for (i = 0; !rc && i < d_config->num_static_shared_mems; i++) {
        rc = forecast_memkb(gc, &d_config->static_shared_mems[i], ram, nr_ram,
                            &memkb);
        *memkb_r += memkb;
    }

    libxl__unlock_file(lock);
    return rc;
}

static int get_memory(libxl__gc *gc, uint32_t domid, xc_domaininfo_t *info_r)
{
    if (xc_domain_getinfo_single(CTX->xch, domid, info_r) < 0) {
        LOGED(ERROR, domid, "static_shared_mem: can't get memory figures");
        return ERROR_FAIL;
    }

    return 0;
}

static int set_max_pages(libxl__gc *gc, uint32_t domid, uint64_t pages)
{
    if (xc_domain_setmaxmem(CTX->xch, domid,
                            pages << (XC_PAGE_SHIFT - 10)) < 0) {
        LOGED(ERROR, domid, "static_shared_mem: can't set the domain's "
              "maximum memory to %"PRIu64" pages", pages);
        return ERROR_FAIL;
    }

    return 0;
}

/*
 * Raises the domain's maximum by what it is going to add, and makes sure
 * that there is that much memory.  *before_r: the figures until then.
 */
static int reserve_memory(libxl__gc *gc, uint32_t domid,
                          const libxl_domain_config *d_config,
                          const region *regions,
                          xc_domaininfo_t *before_r, uint64_t *added_r)
{
    int rc;

    rc = check_memory(gc, d_config, regions, added_r);
    if (rc) return rc;

    rc = get_memory(gc, domid, before_r);
    if (rc || !*added_r) return rc;

    return set_max_pages(gc, domid, before_r->max_pages + *added_r);
}

/*
 * Lowers the domain's maximum by the RAM that it has given back.  *memkb_r:
 * how much more memory it has than before.
 */
static int settle_memory(libxl__gc *gc, uint32_t domid,
                         const xc_domaininfo_t *before, uint64_t added,
                         int64_t *memkb_r)
{
    xc_domaininfo_t now;
    int64_t more;
    int rc;

    rc = get_memory(gc, domid, &now);
    if (rc) return rc;

    more = now.tot_pages - before->tot_pages;
    *memkb_r = more * (XC_PAGE_SIZE / 1024);

    return more == added
           ? 0 : set_max_pages(gc, domid, before->max_pages + more);
}

int libxl__shared_mem_extra_memory(libxl__gc *gc, uint32_t domid,
                                   const libxl_domain_config *d_config,
                                   uint64_t *memkb)
{
    libxl__shared_mem_path path;
    const char *value;
    int rc;

    if (!d_config->num_static_shared_mems)
        return 0;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                libxl__shared_mem_memkb_path(&path, domid),
                                &value);
    if (!rc && value)
        *memkb += strtoll(value, NULL, 10);

    return rc;
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

int libxl__shared_mem_has_regions(libxl__gc *gc, uint32_t domid, bool *has_r)
{
    libxl__shared_mem_index *index;
    int rc;

    GCNEW(index);
    rc = read_index(gc, domid, index);
    if (!rc)
        *has_r = index->nr_ids;

    return rc;
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
                                               request->range.size, false);
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

int libxl__shared_mem_build(libxl__gc *gc, uint32_t domid,
                            const libxl_domain_config *d_config,
                            const libxl__shared_mem_layout *image)
{
    const int nr = d_config->num_static_shared_mems;
    const libxl__shared_mem_layout *layout;
    libxl__shared_mem_index *index;
    libxl__flock *lock = NULL;
    region *regions;
    const char *uuid;
    xc_domaininfo_t before;
    uint64_t added, last_generation;
    int64_t memkb;
    int i, rc;

    if (!nr)
        return 0;

    rc = libxl__shared_mem_check_hypervisor(gc, domid, d_config);
    if (rc) goto out;

    lock = lock_regions(gc);
    if (!lock) {
        rc = ERROR_LOCK_FAIL;
        goto out;
    }

    rc = get_live_uuid(gc, domid, &uuid);
    if (rc) goto out;
    if (!uuid) {
        LOGD(ERROR, domid, "static_shared_mem: somebody else destroys the "
             "domain");
        rc = ERROR_FAIL;
        goto out;
    }

    drop_dead_peers(gc);

    rc = read_last_generation(gc, XBT_NULL, &last_generation);
    if (rc) goto out;

    layout = libxl__shared_mem_get_layout(gc, d_config, image);
    rc = plan_regions(gc, d_config, layout, &regions);
    if (rc) goto out;

    rc = reserve_memory(gc, domid, d_config, regions, &before, &added);
    if (rc) goto out;

    GCNEW(index);

    for (i = 0; i < nr; i++) {
        region *r = &regions[i];

        rc = libxl__shared_mem_map_region(gc, domid, d_config, layout, r);
        if (rc) goto out;

        rc = join_record(gc, domid, uuid, d_config, last_generation, r);
        if (rc) goto out;

        libxl__shared_mem_index_add(index, r->request.range.name);
    }

    rc = settle_memory(gc, domid, &before, added, &memkb);
    if (rc) goto out;

    rc = write_regions(gc, regions, nr, domid, index, memkb);

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

    drop_dead_peers(gc);

    GCNEW_ARRAY(regions, index->nr_ids);

    for (i = 0; i < index->nr_ids; i++) {
        /* One that can't be read is left alone, for the others to go on. */
        if (read_region(gc, index->ids[i], &regions[nr]))
            continue;

        libxl__shared_mem_record_drop(&regions[nr].now, domid);
        nr++;
    }

    index->nr_ids = 0;
    rc = write_regions(gc, regions, nr, domid, index, 0);

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
