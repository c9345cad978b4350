/*
 * Static shared memory: what xenstore has of the regions and of the domains
 * that have them.  Reads it whole, and changes it in one transaction.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What there is is said in libxl_shared_mem_record.h.  Who changes a record
 * has the locks that libxl_shared_mem_task.c tells of.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_life.h"
#include "libxl_shared_mem_store.h"
#include "libxl_shared_mem_task.h"

typedef libxl__shared_mem_region region;

/*----- Texts -----*/

/* oxenstored, as it is configured, takes no longer values of anybody. */
#define CHUNK_SIZE 2048

/* Where the nth part of a text is: all but the last have CHUNK_SIZE bytes. */
static const char *chunk_path(libxl__gc *gc, const char *path, unsigned int n)
{
    return n ? GCSPRINTF("%s/%u", path, n) : path;
}

static int write_text(libxl__gc *gc, xs_transaction_t t, const char *path,
                      const char *text)
{
    const char *chunk;
    unsigned int n = 0;
    int rc;

    if (!text) return ERROR_NOMEM;

    do {
        chunk = libxl__strndup(gc, text, CHUNK_SIZE);
        rc = libxl__xs_write_checked(gc, t, chunk_path(gc, path, n++), chunk);
        text += strlen(chunk);
    } while (!rc && strlen(chunk) == CHUNK_SIZE);

    return rc;
}

static int read_chunks(libxl__gc *gc, xs_transaction_t t, const char *path,
                       const char **text_r)
{
    const char *chunk;
    unsigned int n = 0;
    int rc;

    *text_r = NULL;

    do {
        rc = libxl__xs_read_checked(gc, t, chunk_path(gc, path, n++), &chunk);
        if (rc || !chunk) return rc;
        *text_r = GCSPRINTF("%s%s", *text_r ?: "", chunk);
    } while (strlen(chunk) == CHUNK_SIZE);

    return 0;
}

/* *text_r: NULL if there is none.  One request is enough for most. */
static int read_text(libxl__gc *gc, const char *path, const char **text_r)
{
    xs_transaction_t t = XBT_NULL;
    int rc;

    rc = libxl__xs_read_checked(gc, t, path, text_r);
    if (rc || !*text_r || strlen(*text_r) < CHUNK_SIZE) return rc;

    for (;;) {
        rc = libxl__xs_transaction_start(gc, &t);
        if (rc) break;

        rc = read_chunks(gc, t, path, text_r);
        if (rc) break;

        rc = libxl__xs_transaction_commit(gc, &t);
        if (rc <= 0) break;
    }

    libxl__xs_transaction_abort(gc, &t);
    return rc;
}

/*----- Reading -----*/

/* *problem_r: what is wrong with the record, or NULL. */
static int fetch_record(libxl__gc *gc, const char *id,
                        libxl__shared_mem_record *record_r,
                        const char **problem_r)
{
    libxl__shared_mem_path path;
    const char *text;
    int rc;

    FILLZERO(*record_r);
    *problem_r = NULL;

    rc = read_text(gc, libxl__shared_mem_record_path(&path, id), &text);
    if (rc || !text) return rc;

    *problem_r = libxl__shared_mem_record_from_json(gc, id, text, record_r);
    return 0;
}

int libxl__shared_mem_read_record(libxl__gc *gc, const char *id,
                                  libxl__shared_mem_record *record_r)
{
    libxl__shared_mem_path path;
    const char *problem;
    int rc;

    rc = fetch_record(gc, id, record_r, &problem);
    if (rc || !problem) return rc;

    LOG(ERROR, "static_shared_mem: region %s: its record in xenstore is "
        "broken: %s: %s", id, libxl__shared_mem_record_path(&path, id),
        problem);
    return ERROR_INVAL;
}

int libxl__shared_mem_fetch_domain(libxl__gc *gc, uint32_t domid,
                                   libxl__shared_mem_domain *domain,
                                   bool *exists_r)
{
    libxl__shared_mem_path path;
    const char *text, *problem;
    int rc;

    FILLZERO(*domain);
    domain->domid = domid;
    *exists_r = false;

    rc = read_text(gc, libxl__shared_mem_domain_path(&path, domid), &text);
    if (rc || !text) return rc;

    *exists_r = true;
    problem = libxl__shared_mem_domain_from_json(gc, text, domain);
    if (!problem) return 0;

    LOGD(ERROR, domid, "static_shared_mem: what xenstore has of the domain is "
         "broken: %s: %s", path.text, problem);
    return ERROR_INVAL;
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

/*----- Who is still there -----*/

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

static int drop_dead(libxl__gc *gc, region *r)
{
    liveness peers = { .gc = gc };

    r->now = r->before;
    libxl__shared_mem_record_drop_dead(&r->now, is_peer, &peers);
    return peers.rc;
}

int libxl__shared_mem_read_region(libxl__gc *gc, const char *id, region *r)
{
    int rc;

    rc = libxl__shared_mem_read_record(gc, id, &r->before);
    if (rc) return rc;

    return drop_dead(gc, r);
}

int libxl__shared_mem_read_domain(libxl__gc *gc, uint32_t domid,
                                  libxl__shared_mem_domain *domain)
{
    const char *uuid;
    bool exists;
    int rc;

    rc = libxl__shared_mem_get_uuid(gc, domid, &uuid);
    if (rc) return rc;

    rc = libxl__shared_mem_fetch_domain(gc, domid, domain, &exists);
    if (rc) return rc;

    if (exists && strcmp(domain->uuid, uuid)) {
        FILLZERO(*domain);
        domain->domid = domid;
    }
    domain->uuid = uuid;

    return 0;
}

/*----- Writing -----*/

/* Makes a directory.  others: an XS_PERM_*, which nodes below it inherit.  The
 * first nr_readers of *record's peers may read it. */
static int make_dir(libxl__gc *gc, xs_transaction_t t, const char *path,
                    unsigned int others,
                    const libxl__shared_mem_record *record,
                    unsigned int nr_readers)
{
    struct xs_permissions perms[1 + LIBXL__SHARED_MEM_PEERS_MAX];
    unsigned int i;

    perms[0].id = LIBXL_TOOLSTACK_DOMID;
    perms[0].perms = others;
    for (i = 0; i < nr_readers; i++) {
        perms[1 + i].id = record->mappings[i].domid;
        perms[1 + i].perms = XS_PERM_READ;
    }

    return libxl__xs_mknod(gc, t, path, perms, 1 + nr_readers);
}

/* The directory that records, or factory pages, go to. */
static int make_root(libxl__gc *gc, xs_transaction_t t, const char *path,
                     unsigned int others)
{
    const char *value;
    int rc;

    rc = libxl__xs_read_checked(gc, t, path, &value);
    if (rc || value) return rc;

    return make_dir(gc, t, path, others, NULL, 0);
}

/*
 * The directory of a region's public part, without what somebody may have left
 * there.  Where a region is hidden, the names of all are.
 */
static int make_public_dir(libxl__gc *gc, xs_transaction_t t,
                           const libxl__shared_mem_record *record)
{
    libxl__shared_mem_path path;
    int rc;

    libxl__shared_mem_public_dir(&path, record->id);
    rc = libxl__xs_rm_checked(gc, t, path.text);
    if (rc) return rc;

    if (!record->hidden)
        return make_dir(gc, t, path.text, XS_PERM_READ, NULL, 0);

    rc = make_dir(gc, t, LIBXL__SHARED_MEM_PUBLIC_ROOT, XS_PERM_NONE, NULL, 0);
    if (rc) return rc;

    return make_dir(gc, t, path.text, XS_PERM_NONE, record,
                    record->nr_mappings);
}

static int write_public(libxl__gc *gc, xs_transaction_t t, const region *r)
{
    libxl__shared_mem_changes *changes;
    unsigned int i;
    int rc;

    GCNEW(changes);
    libxl__shared_mem_record_diff(&r->before, &r->now, changes);

    if (changes->anew) {
        rc = make_public_dir(gc, t, &r->now);
        if (rc) return rc;
    }

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

static int write_record(libxl__gc *gc, xs_transaction_t t, const region *r)
{
    libxl__shared_mem_path path;
    int rc;

    if (!libxl__shared_mem_record_differs(&r->before, &r->now)) return 0;

    if (!r->before.nr_mappings) {
        rc = make_root(gc, t, LIBXL__SHARED_MEM_PUBLIC_ROOT, XS_PERM_READ);
        if (rc) return rc;
        rc = make_root(gc, t, LIBXL__SHARED_MEM_PRIVATE_ROOT, XS_PERM_NONE);
        if (rc) return rc;
    }

    rc = write_public(gc, t, r);
    if (rc) return rc;

    if (r->now.nr_mappings)
        return write_text(gc, t,
                          libxl__shared_mem_record_path(&path, r->now.id),
                          libxl__shared_mem_record_to_json(gc, &r->now));

    return libxl__xs_rm_checked(gc, t,
               libxl__shared_mem_record_path(&path, r->before.id));
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

/* Removes what write_domain() has written. */
static int remove_domain(libxl__gc *gc, xs_transaction_t t, uint32_t domid)
{
    libxl__shared_mem_path path;
    int rc;

    libxl__shared_mem_domain_path(&path, domid);
    rc = libxl__xs_rm_checked(gc, t, path.text);
    if (rc) return rc;

    libxl__shared_mem_factory_path(&path, domid);
    return libxl__xs_rm_checked(gc, t, path.text);
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
    return rc || value ? rc : libxl__shared_mem_destroyed(gc, domid);
}

static int write_domain(libxl__gc *gc, xs_transaction_t t,
                        const libxl__shared_mem_domain *domain)
{
    libxl__shared_mem_path path;
    int rc;

    if (!domain->is_gone) {
        rc = check_not_destroyed(gc, t, domain->domid);
        if (rc) return rc;
    }

    if (domain->is_gone ||
        (!domain->nr_ids && !domain->factory && !domain->given_memkb &&
         !domain->change.range.size))
        return remove_domain(gc, t, domain->domid);

    rc = write_text(gc, t, libxl__shared_mem_domain_path(&path, domain->domid),
                    libxl__shared_mem_domain_to_json(gc, domain));
    if (rc || !domain->factory) return rc;

    rc = make_root(gc, t, LIBXL__SHARED_MEM_FACTORY_ROOT, XS_PERM_NONE);
    if (rc) return rc;

    return libxl__xs_write_checked(gc, t,
               libxl__shared_mem_factory_path(&path, domain->domid), "");
}

int libxl__shared_mem_write(libxl__gc *gc, const region *regions,
                            unsigned int nr,
                            const libxl__shared_mem_domain *domain)
{
    xs_transaction_t t = XBT_NULL;
    libxl__flock *lock;
    unsigned int i;
    int rc;

    lock = libxl__shared_mem_lock_pages(gc);
    if (!lock) return ERROR_LOCK_FAIL;

    for (;;) {
        rc = libxl__xs_transaction_start(gc, &t);
        if (rc) goto out;

        for (i = 0; i < nr; i++) {
            rc = write_record(gc, t, &regions[i]);
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

void libxl__shared_mem_drop_dead_peers(libxl__gc *gc)
{
    const char *problem;
    char **ids;
    region *r;
    unsigned int i, nr;

    GCNEW(r);
    ids = libxl__xs_directory(gc, XBT_NULL, LIBXL__SHARED_MEM_PRIVATE_ROOT,
                              &nr);

    /* What can't be read is for the next one who needs that region. */
    for (i = 0; ids && i < nr; i++)
        if (libxl__shared_mem_id_is_valid(ids[i]) &&
            !fetch_record(gc, ids[i], &r->before, &problem) && !problem &&
            r->before.nr_mappings && !drop_dead(gc, r) &&
            libxl__shared_mem_record_differs(&r->before, &r->now))
            libxl__shared_mem_write(gc, r, 1, NULL);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
