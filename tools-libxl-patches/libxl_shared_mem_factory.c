/*
 * Static shared memory: keeps the factory pages of domains current.  Whoever
 * changes a record brings all pages up to date, and the keeper, a process
 * that runs while there is any page, does so when a domain ends by itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What is on a page, and how it is changed while its guest reads it, is in
 * libxl_shared_mem_page.c.
 */

/* For xc_map_foreign_range(). */
#define XC_WANT_COMPAT_MAP_FOREIGN_API

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"
#include "libxl_shared_mem_page.h"

#include <poll.h>

/* The guest ABI promises a change of `beat' every second. */
#define BEAT_MS 400

/* Rounds in which nothing works: then another keeper may fare better. */
#define FAILURES_MAX 10

/* All pages are brought up to date each so many rounds, whatever was told: of
 * a domain that is resumed nobody tells. */
#define ROUNDS_MAX 10

#define KEEPER_START_SECONDS 10

/* A domain that has a factory page. */
typedef struct {
    uint32_t domid;
    uint64_t gpa;
    bool unknown;       /* the rest: it can't be found out */
    int rc;             /* of bringing its page up to date */
} factory;

/*----- Peers -----*/

/* A record that has been read, and which of its peers are alive. */
typedef struct {
    libxl__shared_mem_record record;
    uint32_t alive;     /* by their numbers */
} known_region;

/* All regions that an update has come across: many domains name the same. */
typedef struct {
    unsigned int nr;
    known_region **regions;
} known_regions;

/*
 * The numbers of those peers that exist, and neither crashed nor shut
 * down.  One that can't be asked for counts as alive.
 */
static uint32_t alive_peers(libxl__gc *gc,
                            const libxl__shared_mem_record *record)
{
    uint32_t alive = 0;
    unsigned int i;

    for (i = 0; i < record->nr_mappings; i++) {
        const libxl__shared_mem_mapping *mapping = &record->mappings[i];
        libxl__shared_mem_life life;

        if (libxl__shared_mem_get_life(gc, mapping->domid, mapping->uuid,
                                       &life) ||
            life == LIBXL__SHARED_MEM_ALIVE)
            alive |= UINT32_C(1) << mapping->number;
    }

    return alive;
}

/* NULL if its record can't be read. */
static const known_region *get_region(libxl__gc *gc, known_regions *known,
                                      const char *id)
{
    known_region *r;
    unsigned int i;

    for (i = 0; i < known->nr; i++)
        if (!strcmp(known->regions[i]->record.id, id))
            return known->regions[i];

    GCNEW(r);
    if (libxl__shared_mem_read_record(gc, id, &r->record))
        return NULL;

    r->alive = alive_peers(gc, &r->record);
    GCREALLOC_ARRAY(known->regions, known->nr + 1);
    known->regions[known->nr++] = r;
    return r;
}

/*----- One page -----*/

typedef void page_action(volatile uint32_t *page, const void *opaque);

/*
 * Maps the page, has action done to it, and flushes it: a guest on Arm may
 * have its caches off.
 */
static int with_page(libxl__gc *gc, const factory *f, page_action *action,
                     const void *opaque)
{
    const xen_pfn_t gfn = f->gpa >> XC_PAGE_SHIFT;
    void *page;

    page = xc_map_foreign_range(CTX->xch, f->domid, XC_PAGE_SIZE,
                                PROT_READ | PROT_WRITE, gfn);
    if (!page) {
        LOGED(ERROR, f->domid, "shared_mem_factory: can't map the page at "
              "0x%"PRIx64, f->gpa);
        return ERROR_FAIL;
    }

    action(page, opaque);
    munmap(page, XC_PAGE_SIZE);

    if (xc_domain_cacheflush(CTX->xch, f->domid, gfn, 1) < 0) {
        LOGED(ERROR, f->domid, "shared_mem_factory: can't flush the page at "
              "0x%"PRIx64, f->gpa);
        return ERROR_FAIL;
    }

    return 0;
}

static void update_page(volatile uint32_t *page, const void *opaque)
{
    libxl__shared_mem_page_update(page, opaque);
}

static void beat_page(volatile uint32_t *page, const void *opaque)
{
    libxl__shared_mem_page_beat(page);
}

/* Tells the domain of each region that it has, as its record has it. */
static int update_factory(libxl__gc *gc, const factory *f,
                          known_regions *known)
{
    const libxl__shared_mem_mapping *mapping;
    libxl__shared_mem_contents *contents;
    libxl__shared_mem_index *index;
    const known_region *r;
    unsigned int i;
    bool exists;
    int rc;

    GCNEW(index);
    rc = libxl__shared_mem_read_index(gc, f->domid, index, &exists);
    if (rc) return rc;

    GCNEW(contents);
    contents->domid = f->domid;

    for (i = 0; i < index->nr_ids && contents->nr < SHARED_MEM_ENTRIES_MAX;
         i++) {
        r = get_region(gc, known, index->ids[i]);
        if (!r) return ERROR_FAIL;

        mapping = libxl__shared_mem_record_find(&r->record, f->domid);
        if (mapping)
            libxl__shared_mem_page_add(contents, &r->record, mapping,
                                       r->alive);
    }

    return with_page(gc, f, update_page, contents);
}

/*----- All pages -----*/

/*
 * Reads the entry of a domain.  *alive_r: whether it is still that domain, and
 * has its page.
 */
static int read_factory(libxl__gc *gc, const char *name, factory *f,
                        bool *alive_r)
{
    libxl__shared_mem_life life;
    const char *uuid;
    int rc;

    *alive_r = false;
    f->domid = strtoul(name, NULL, 10);

    rc = libxl__shared_mem_read_factory(gc, f->domid, &uuid, &f->gpa);
    if (rc || !uuid) return rc;

    rc = libxl__shared_mem_get_life(gc, f->domid, uuid, &life);
    if (rc) return rc;

    *alive_r = life >= LIBXL__SHARED_MEM_ENDED;
    return 0;
}

static void forget_factory(libxl__gc *gc, const factory *f)
{
    libxl__shared_mem_path path;

    libxl__xs_rm_checked(gc, XBT_NULL,
                         libxl__shared_mem_factory_path(&path, f->domid));
}

/*
 * All domains that have a factory page, and those of which that is unknown:
 * an error may pass.  forget: remove those that are no more; the caller
 * holds the lock of the pages then.
 */
static int list_factories(libxl__gc *gc, bool forget, factory **factories_r,
                          unsigned int *nr_r)
{
    factory *factories, *f;
    unsigned int i, nr, found = 0;
    char **names;
    bool alive;
    int rc;

    rc = libxl__shared_mem_list_names(gc, LIBXL__SHARED_MEM_FACTORY_ROOT,
                                      &names, &nr);
    if (rc) return rc;

    GCNEW_ARRAY(factories, nr);
    for (i = 0; i < nr; i++) {
        f = &factories[found];
        f->unknown = read_factory(gc, names[i], f, &alive);
        if (f->unknown || alive)
            found++;
        else if (forget)
            forget_factory(gc, f);
    }

    *factories_r = factories;
    *nr_r = found;
    return 0;
}

/* Lists all of them, and brings their pages up to date; each has its rc. */
static int update_all(libxl__gc *gc, factory **factories_r, unsigned int *nr_r)
{
    known_regions known = { .nr = 0 };
    libxl__flock *lock;
    unsigned int i;
    int rc;

    lock = libxl__shared_mem_lock_pages(gc);
    if (!lock) return ERROR_LOCK_FAIL;

    rc = list_factories(gc, true, factories_r, nr_r);
    for (i = 0; !rc && i < *nr_r; i++) {
        factory *f = &(*factories_r)[i];

        f->rc = f->unknown ? ERROR_FAIL : update_factory(gc, f, &known);
    }

    libxl__unlock_file(lock);
    return rc;
}

int libxl__shared_mem_update_factories(
    libxl__gc *gc, const libxl__shared_mem_domain *new_domain)
{
    factory *factories;
    unsigned int i, nr;
    int rc;

    rc = update_all(gc, &factories, &nr);

    /* Without a page of its own, the domain depends on none. */
    if (!new_domain || !new_domain->has_factory) return 0;

    for (i = 0; !rc && i < nr; i++)
        if (factories[i].domid == new_domain->domid)
            rc = factories[i].rc;

    return rc;
}

/*----- The keeper -----*/

int libxl__shared_mem_start_keeper(libxl__ao *ao,
                                   libxl__async_exec_state *aes,
                                   libxl__async_exec_callback *done)
{
    AO_GC;
    char **args;

    libxl__async_exec_init(aes);

    GCNEW_ARRAY(args, 2);
    args[0] = GCSPRINTF("%s/libxl-shared-mem-keeper",
                        libxl__private_bindir_path());

    aes->ao = ao;
    aes->what = args[0];
    aes->args = args;
    aes->callback = done;
    aes->timeout_ms = KEEPER_START_SECONDS * 1000;
    aes->stdfds[0] = -1;
    aes->stdfds[1] = -1;
    aes->stdfds[2] = -1;

    return libxl__async_exec_start(aes);
}

/* Drops dead peers.  Who has the lock does so too, and it may take long. */
static void drop_dead_peers(libxl__gc *gc)
{
    libxl__flock *lock = libxl__shared_mem_try_lock(gc);

    if (!lock) return;

    libxl__shared_mem_drop_dead_peers(gc);
    libxl__unlock_file(lock);
}

/*
 * Lists all pages, and brings them up to date if something has changed.
 * stale: the domains that could not be told of the last change.
 */
static int keep_current(libxl__gc *gc, bool changed, libxl_bitmap *stale,
                        factory **factories_r, unsigned int *nr_r)
{
    unsigned int i;
    int rc;

    if (!changed)
        return list_factories(gc, false, factories_r, nr_r);

    drop_dead_peers(gc);

    rc = update_all(gc, factories_r, nr_r);
    for (i = 0; !rc && i < *nr_r; i++) {
        const factory *f = &(*factories_r)[i];

        if (f->rc)
            libxl_bitmap_set(stale, f->domid);
        else
            libxl_bitmap_reset(stale, f->domid);
    }

    return rc;
}

/*
 * Lets guests see that somebody is there who can reach xenstore, Xen and their
 * pages, and has brought these up to date.  Returns whether one can't see it.
 */
static bool beat(libxl__gc *gc, const libxl_bitmap *stale,
                 const factory *factories, unsigned int nr)
{
    bool failed = false;
    unsigned int i;

    for (i = 0; i < nr; i++)
        failed |= factories[i].unknown ||
                  libxl_bitmap_test(stale, factories[i].domid) ||
                  with_page(gc, &factories[i], beat_page, NULL);

    return failed;
}

/* Waits until it is time for the next beat, or a watch fires. */
static bool wait_for_event(struct xs_handle *xsh)
{
    struct pollfd fd = { .fd = xs_fileno(xsh), .events = POLLIN };
    bool any = false;
    char **event;

    if (poll(&fd, 1, BEAT_MS) <= 0)
        return false;

    while ((event = xs_check_watch(xsh))) {
        any = true;
        free(event);
    }

    return any;
}

/* What tells of a domain's end, and of a change of records. */
static bool watch_events(struct xs_handle *xsh)
{
    return xs_watch(xsh, "@releaseDomain", "") &&
           xs_watch(xsh, LIBXL__SHARED_MEM_PRIVATE_ROOT, "") &&
           xs_watch(xsh, LIBXL__SHARED_MEM_FACTORY_ROOT, "");
}

/*
 * One round; nothing that it allocates outlives it.  *failed_r: somebody could
 * not be told of a change, or that there was none.
 */
static int keep_once(libxl_ctx *ctx, bool changed, libxl_bitmap *stale,
                     unsigned int *nr_r, bool *failed_r)
{
    GC_INIT(ctx);
    factory *factories;
    int rc;

    rc = keep_current(gc, changed, stale, &factories, nr_r);
    *failed_r = rc || beat(gc, stale, factories, *nr_r);

    GC_FREE;
    return rc;
}

int libxl_shared_mem_keep(libxl_ctx *ctx,
                          bool (*after_round)(void *opaque, bool failed),
                          void *opaque)
{
    unsigned int nr = 0, rounds = 0, failures = 0;
    bool changed = true, failed, failing = false, replaceable;
    struct xs_handle *xsh;
    libxl_bitmap stale;
    int rc = ERROR_FAIL;

    libxl_bitmap_init(&stale);

    xsh = xs_open(0);
    if (!xsh || !watch_events(xsh) ||
        libxl_bitmap_alloc(ctx, &stale, DOMID_FIRST_RESERVED))
        goto out;

    /* An error may pass: until it has, there is no beat. */
    do {
        rc = keep_once(ctx, changed, &stale, &nr, &failed);
        if (!rc && !nr)
            break;

        failures = rc ? failures + 1 : 0;
        replaceable = after_round(opaque, failed);

        /* One page that stays out of reach does not cost the host much. */
        changed = wait_for_event(xsh) || rc || (failed && !failing) ||
                  ++rounds % ROUNDS_MAX == 0;
        failing = failed;
    } while (failures < FAILURES_MAX || !replaceable);

 out:
    libxl_bitmap_dispose(&stale);
    if (xsh) xs_close(xsh);
    return rc;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
