/*
 * Static shared memory: what xenstore has of the regions and of the domains
 * that have them.  Reads it whole, and changes it in one transaction.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What the nodes say and mean is in libxl_shared_mem_record.c; this file
 * fetches and stores them.  A record has many nodes, which are read, and
 * written, in one transaction.  Who changes a record has the locks that
 * libxl_shared_mem_task.c tells of.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"

typedef libxl__shared_mem_region region;

/* Feeds the node root/path, and all below it, to the reader.  path is ""
 * for root itself.  A node that does not exist feeds nothing. */
static int feed_nodes(libxl__gc *gc, xs_transaction_t t,
                      libxl__shared_mem_reader *reader,
                      libxl__shared_mem_area area,
                      const char *root, const char *path)
{
    const char *node = *path ? GCSPRINTF("%s/%s", root, path) : root;
    const char *value;
    char **children;
    unsigned int i, nr;
    int rc;

    rc = libxl__xs_read_checked(gc, t, node, &value);
    if (rc) return rc;
    if (!value) return 0;

    /* The first problem stays in the reader. */
    libxl__shared_mem_reader_feed(reader, area, path, value);
    if (!libxl__shared_mem_is_directory(path)) return 0;

    children = libxl__xs_directory(gc, t, node, &nr);
    if (!children) {
        LOGE(ERROR, "xenstore list failed: `%s'", node);
        return ERROR_FAIL;
    }

    for (i = 0; i < nr; i++) {
        rc = feed_nodes(gc, t, reader, area, root,
                        *path ? GCSPRINTF("%s/%s", path, children[i])
                              : children[i]);
        if (rc) return rc;
    }

    return 0;
}

/* What both directories of a region have, at one time. */
static int feed_record(libxl__gc *gc, libxl__shared_mem_reader *reader,
                       const char *id)
{
    libxl__shared_mem_path path;
    xs_transaction_t t = XBT_NULL;
    int rc;

    for (;;) {
        libxl__shared_mem_reader_init(reader, id);

        rc = libxl__xs_transaction_start(gc, &t);
        if (rc) break;

        rc = feed_nodes(gc, t, reader, LIBXL__SHARED_MEM_PUBLIC,
                        libxl__shared_mem_public_dir(&path, id), "");
        if (!rc)
            rc = feed_nodes(gc, t, reader, LIBXL__SHARED_MEM_PRIVATE,
                            libxl__shared_mem_private_dir(&path, id), "");
        if (rc) break;

        rc = libxl__xs_transaction_commit(gc, &t);
        if (rc <= 0) break;
    }

    libxl__xs_transaction_abort(gc, &t);
    return rc;
}

int libxl__shared_mem_read_record(libxl__gc *gc, const char *id,
                                  libxl__shared_mem_record *record_r)
{
    libxl__shared_mem_reader *reader;
    int rc;

    GCNEW(reader);
    rc = feed_record(gc, reader, id);
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

static bool is_dying(libxl__gc *gc, const xc_domaininfo_t *info)
{
    return (info->flags & XEN_DOMINF_dying) ||
           libxl__shared_mem_is_dying(gc, info->domain);
}

static int destroyed(libxl__gc *gc, uint32_t domid)
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

    return *uuid_r && !is_dying(gc, &info) ? 0 : destroyed(gc, domid);
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

/* Asks for a domain; the argument of is_peer(). */
typedef struct {
    libxl__gc *gc;
    int rc;     /* the last error; the domain then counts as alive */
} liveness;

/* One that has crashed or shut down still has its memory. */
static bool is_peer(uint32_t domid, const char *uuid, void *opaque)
{
    libxl__shared_mem_life life = LIBXL__SHARED_MEM_ALIVE;
    liveness *l = opaque;
    int rc = libxl__shared_mem_get_life(l->gc, domid, uuid, &life);

    if (rc) l->rc = rc;

    return life >= LIBXL__SHARED_MEM_ENDED;
}

int libxl__shared_mem_read_region(libxl__gc *gc, const char *id, region *r)
{
    liveness peers = { .gc = gc };
    int rc;

    rc = libxl__shared_mem_read_record(gc, id, &r->before);
    if (rc) return rc;

    r->now = r->before;
    libxl__shared_mem_record_drop_dead(&r->now, is_peer, &peers);
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

static int write_factory(libxl__gc *gc, xs_transaction_t t,
                         const libxl__shared_mem_domain *domain)
{
    libxl__shared_mem_path path;
    int rc;

    rc = make_root(gc, t, LIBXL__SHARED_MEM_FACTORY_ROOT, XS_PERM_NONE);
    if (rc) return rc;

    libxl__shared_mem_factory_path(&path, domain->domid);
    rc = libxl__xs_write_checked(gc, t, path.text, domain->uuid);
    if (rc) return rc;

    return libxl__xs_printf(gc, t, GCSPRINTF("%s/gpa", path.text),
                            "0x%"PRIx64, domain->factory);
}

/* Removes what write_domain() has written. */
static int remove_domain(libxl__gc *gc, xs_transaction_t t, uint32_t domid)
{
    libxl__shared_mem_path path;
    int rc;

    libxl__shared_mem_index_path(&path, domid);
    rc = libxl__xs_rm_checked(gc, t, path.text);
    if (rc) return rc;

    libxl__shared_mem_factory_path(&path, domid);
    return libxl__xs_rm_checked(gc, t, path.text);
}

/* The node that a libxl__shared_mem_change is in. */
static const char *change_path(libxl__gc *gc, uint32_t domid, bool detaches)
{
    libxl__shared_mem_path path;

    return GCSPRINTF("%s/%s", libxl__shared_mem_index_path(&path, domid),
                     detaches ? "detaching" : "attaching");
}

static int write_change(libxl__gc *gc, xs_transaction_t t,
                        const libxl__shared_mem_domain *domain)
{
    const libxl__shared_mem_change *change = &domain->change;

    return libxl__xs_printf(gc, t,
                            change_path(gc, domain->domid, change->detaches),
                            "0x%"PRIx64"-0x%"PRIx64, change->range.begin,
                            change->range.begin + change->range.size);
}

/* The nodes of a domain that has any, but for its factory page's. */
static int write_index(libxl__gc *gc, xs_transaction_t t,
                       const libxl__shared_mem_domain *domain)
{
    const libxl__shared_mem_range *changing = &domain->change.range;
    libxl__shared_mem_path path;
    char value[LIBXL__SHARED_MEM_INDEX_SIZE];
    int rc;

    libxl__shared_mem_index_path(&path, domain->domid);

    /* With it go nodes below it that are not written again. */
    if (domain->runs) {
        rc = libxl__xs_rm_checked(gc, t, path.text);
        if (rc) return rc;
    }

    libxl__shared_mem_index_format(&domain->index, value);
    rc = libxl__xs_write_checked(gc, t, path.text, value);
    if (rc) return rc;

    if (domain->memkb) {
        libxl__shared_mem_memkb_path(&path, domain->domid);
        rc = libxl__xs_printf(gc, t, path.text, "%"PRId64, domain->memkb);
        if (rc) return rc;
    }

    return changing->size ? write_change(gc, t, domain) : 0;
}

/* Whoever destroys a domain removes its directory first, then what is written
 * here: what came after that would stay for good. */
static int check_not_destroyed(libxl__gc *gc, xs_transaction_t t,
                               uint32_t domid)
{
    const char *value;
    int rc;

    rc = libxl__xs_read_checked(gc, t, GCSPRINTF("/local/domain/%"PRIu32,
                                                 domid), &value);
    return rc || value ? rc : destroyed(gc, domid);
}

static int write_domain(libxl__gc *gc, xs_transaction_t t,
                        const libxl__shared_mem_domain *domain)
{
    int rc;

    if (!domain->is_gone) {
        rc = check_not_destroyed(gc, t, domain->domid);
        if (rc) return rc;
    }

    if (domain->is_gone ||
        (!domain->index.nr_ids && !domain->has_factory && !domain->memkb &&
         !domain->change.range.size))
        return remove_domain(gc, t, domain->domid);

    rc = write_index(gc, t, domain);
    if (rc) return rc;

    return domain->has_factory ? write_factory(gc, t, domain) : 0;
}

int libxl__shared_mem_read_last_generation(libxl__gc *gc, xs_transaction_t t,
                                           uint64_t *generation_r)
{
    const char *value;
    int rc;

    rc = libxl__xs_read_checked(gc, t, LIBXL__SHARED_MEM_PRIVATE_ROOT,
                                &value);
    if (rc) return rc;

    *generation_r = libxl__shared_mem_number(value);
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

    rc = libxl__shared_mem_read_last_generation(gc, t, &last);
    if (rc || last >= highest) return rc;

    return libxl__xs_printf(gc, t, LIBXL__SHARED_MEM_PRIVATE_ROOT,
                            "%"PRIu64, highest);
}

int libxl__shared_mem_write(libxl__gc *gc, const region *regions,
                            unsigned int nr,
                            const libxl__shared_mem_domain *domain)
{
    libxl__shared_mem_changes *changes;
    xs_transaction_t t = XBT_NULL;
    libxl__flock *lock;
    unsigned int i;
    int rc;

    lock = libxl__shared_mem_lock_pages(gc);
    if (!lock) return ERROR_LOCK_FAIL;

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

        if (domain) {
            rc = write_domain(gc, t, domain);
            if (rc) goto out;
        }

        rc = libxl__xs_transaction_commit(gc, &t);
        if (!rc) break;
        if (rc < 0) goto out;
    }

 out:
    libxl__xs_transaction_abort(gc, &t);
    libxl__unlock_file(lock);
    return rc;
}

int libxl__shared_mem_list_names(libxl__gc *gc, const char *path,
                                 char ***names_r, unsigned int *nr_r)
{
    *names_r = libxl__xs_directory(gc, XBT_NULL, path, nr_r);
    if (*names_r) return 0;

    *nr_r = 0;
    if (errno == ENOENT) return 0;

    LOGE(ERROR, "xenstore list failed: `%s'", path);
    return ERROR_FAIL;
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
        if (uuid && !is_peer(strtoul(domids[i], NULL, 10), uuid, &unknown))
            return false;
    }

    return true;
}

void libxl__shared_mem_drop_dead_peers(libxl__gc *gc)
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
        if (!libxl__shared_mem_read_region(gc, ids[i], r))
            libxl__shared_mem_write(gc, r, 1, NULL);
    }
}

/*----- The nodes of a domain -----*/

int libxl__shared_mem_read_index(libxl__gc *gc, uint32_t domid,
                                 libxl__shared_mem_index *index_r,
                                 bool *exists_r)
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

    *exists_r = value;
    return 0;
}

int libxl__shared_mem_read_memkb(libxl__gc *gc, uint32_t domid,
                                 int64_t *memkb_r)
{
    libxl__shared_mem_path path;
    const char *value;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                libxl__shared_mem_memkb_path(&path, domid),
                                &value);
    *memkb_r = !rc && value ? strtoll(value, NULL, 10) : 0;

    return rc;
}

int libxl__shared_mem_read_factory(libxl__gc *gc, uint32_t domid,
                                   const char **uuid_r, uint64_t *gpa_r)
{
    libxl__shared_mem_path path;
    const char *gpa;
    int rc;

    libxl__shared_mem_factory_path(&path, domid);
    rc = libxl__xs_read_checked(gc, XBT_NULL, path.text, uuid_r);
    if (rc || !*uuid_r) return rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL, GCSPRINTF("%s/gpa", path.text),
                                &gpa);
    if (rc) return rc;
    if (!gpa || !libxl__shared_mem_parse_gpa(gpa, gpa_r)) {
        LOGD(ERROR, domid, "shared_mem_factory: its address in xenstore is "
             "broken: %s/gpa", path.text);
        return ERROR_INVAL;
    }

    return 0;
}

static int read_change(libxl__gc *gc, uint32_t domid, bool detaches,
                       libxl__shared_mem_change *change)
{
    const char *node = change_path(gc, domid, detaches), *value;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL, node, &value);
    if (rc || !value) return rc;

    if (!libxl__shared_mem_parse_range(value, &change->range.begin,
                                       &change->range.size)) {
        LOGD(ERROR, domid, "static_shared_mem: a range in xenstore is broken: "
             "%s", node);
        return ERROR_INVAL;
    }
    change->detaches = detaches;

    return 0;
}

int libxl__shared_mem_read_domain(libxl__gc *gc, uint32_t domid,
                                  libxl__shared_mem_domain *domain)
{
    const char *uuid;
    bool exists;
    int rc;

    domain->domid = domid;
    domain->runs = true;

    rc = libxl__shared_mem_get_uuid(gc, domid, &domain->uuid);
    if (rc) return rc;

    rc = libxl__shared_mem_read_index(gc, domid, &domain->index, &exists);
    if (rc || !exists) return rc;

    rc = libxl__shared_mem_read_memkb(gc, domid, &domain->memkb);
    if (rc) return rc;

    rc = libxl__shared_mem_read_factory(gc, domid, &uuid, &domain->factory);
    if (rc) return rc;
    domain->has_factory = uuid && !strcmp(uuid, domain->uuid);

    rc = read_change(gc, domid, false, &domain->change);
    if (rc) return rc;

    return read_change(gc, domid, true, &domain->change);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
