/*
 * Static shared memory: keeps the factory pages of domains current.  Whoever
 * changes a record brings all pages up to date, and the keeper, a process of
 * its own, does so when a domain ends by itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What is on a page, and how it is changed while its guest reads it, is in
 * libxl_shared_mem_page.c.
 */

/* For xc_map_foreign_range(). */
#define XC_WANT_COMPAT_MAP_FOREIGN_API

#include "libxl_internal.h"
#include "libxl_shared_mem_arch.h"
#include "libxl_shared_mem_factory.h"
#include "libxl_shared_mem_keeper.h"
#include "libxl_shared_mem_life.h"
#include "libxl_shared_mem_page.h"
#include "libxl_shared_mem_task.h"

#include <poll.h>

/* The guest ABI promises a change of `beat' every second. */
#define BEAT_MS 400

/* Rounds in which nothing works: then another keeper may fare better. */
#define FAILURES_MAX 10

/* Nobody tells of a domain that is resumed, or of a page that its guest takes
 * away: for these the keeper looks each so many rounds. */
#define LOOK_ROUNDS 10

#define KEEPER_START_SECONDS 10

/* A domain that has a factory page. */
typedef struct {
    libxl__shared_mem_domain domain;
    bool unknown;       /* what it has: it can't be found out */
    int rc;             /* of bringing its page up to date */
    void *page;         /* mapped in this process, or NULL */
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
    bool unsure;        /* a peer could not be asked for */
} known_regions;

/*
 * The numbers of those peers that exist, and neither crashed nor shut
 * down.  One that can't be asked for counts as alive.
 */
static uint32_t alive_peers(libxl__gc *gc,
                            const libxl__shared_mem_record *record,
                            bool *unsure)
{
    uint32_t alive = 0;
    unsigned int i;

    for (i = 0; i < record->nr_mappings; i++) {
        const libxl__shared_mem_mapping *mapping = &record->mappings[i];
        libxl__shared_mem_life life;

        if (libxl__shared_mem_get_life(gc, mapping->domid, mapping->uuid,
                                       &life)) {
            *unsure = true;
            life = LIBXL__SHARED_MEM_ALIVE;
        }
        if (life == LIBXL__SHARED_MEM_ALIVE)
            alive |= UINT32_C(1) << mapping->number;
    }

    return alive;
}

/* Whether a peer that has ended is alive again. */
static bool any_resumed(libxl__gc *gc, const known_regions *known)
{
    unsigned int i, j;

    for (i = 0; i < known->nr; i++) {
        const known_region *r = known->regions[i];

        for (j = 0; j < r->record.nr_mappings; j++) {
            const libxl__shared_mem_mapping *mapping = &r->record.mappings[j];
            libxl__shared_mem_life life;

            if (!(r->alive & (UINT32_C(1) << mapping->number)) &&
                !libxl__shared_mem_get_life(gc, mapping->domid, mapping->uuid,
                                            &life) &&
                life == LIBXL__SHARED_MEM_ALIVE)
                return true;
        }
    }

    return false;
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

    r->alive = alive_peers(gc, &r->record, &known->unsure);
    GCREALLOC_ARRAY(known->regions, known->nr + 1);
    known->regions[known->nr++] = r;
    return r;
}

/*----- One page -----*/

static int map_page(libxl__gc *gc, factory *f)
{
    f->page = xc_map_foreign_range(CTX->xch, f->domain.domid, XC_PAGE_SIZE,
                                   PROT_READ | PROT_WRITE,
                                   f->domain.factory >> XC_PAGE_SHIFT);
    if (f->page) return 0;

    LOGED(ERROR, f->domain.domid, "shared_mem_factory: can't map the page at "
          "0x%"PRIx64, f->domain.factory);
    return ERROR_FAIL;
}

/* Has bytes of the page reach a guest whose caches are off. */
static int clean_page(libxl__gc *gc, const factory *f, size_t offset,
                      size_t size)
{
    if (!libxl__shared_mem_arch_clean(gc, f->domain.domid,
                                      f->domain.factory >> XC_PAGE_SHIFT,
                                      (char *)f->page + offset, size))
        return 0;

    LOGED(ERROR, f->domain.domid, "shared_mem_factory: can't flush the page "
          "at 0x%"PRIx64, f->domain.factory);
    return ERROR_FAIL;
}

static int beat_page(libxl__gc *gc, const factory *f)
{
    libxl__shared_mem_page_beat(f->page);

    return clean_page(gc, f, offsetof(struct shared_mem_factory_page, beat),
                      sizeof(uint32_t));
}

/* Whether there is nothing where the page was: its guest may take it away. */
static bool is_page_gone(libxl__gc *gc, const factory *f)
{
    const int error =
        libxl__shared_mem_probe(gc, f->domain.domid,
                                f->domain.factory >> XC_PAGE_SHIFT, 1);

    return !error || error == -ESRCH;
}

/* Tells the domain of each region that it has, as its record has it.  The
 * page stays mapped. */
static int update_factory(libxl__gc *gc, factory *f, known_regions *known)
{
    const libxl__shared_mem_mapping *mapping;
    const libxl__shared_mem_domain *domain = &f->domain;
    libxl__shared_mem_contents *contents;
    const known_region *r;
    unsigned int i;
    int rc;

    GCNEW(contents);
    contents->domid = domain->domid;

    for (i = 0; i < domain->nr_ids && contents->nr < SHARED_MEM_ENTRIES_MAX;
         i++) {
        r = get_region(gc, known, domain->ids[i]);
        if (!r) return ERROR_FAIL;

        mapping = libxl__shared_mem_record_find(&r->record, domain->domid);
        if (mapping)
            libxl__shared_mem_page_add(contents, &r->record, mapping,
                                       r->alive);
    }

    rc = map_page(gc, f);
    if (rc) return rc;

    libxl__shared_mem_page_update(f->page, contents);
    return clean_page(gc, f, 0, XC_PAGE_SIZE);
}

/*----- All pages -----*/

/* Reads what is kept of a domain.  *alive_r: whether it is still that domain,
 * and has a page. */
static int read_factory(libxl__gc *gc, const char *name,
                        libxl__shared_mem_domain *domain, bool *alive_r)
{
    libxl__shared_mem_life life;
    bool exists;
    int rc;

    *alive_r = false;

    rc = libxl__shared_mem_fetch_domain(gc, strtoul(name, NULL, 10), domain,
                                        &exists);
    if (rc || !domain->factory) return rc;

    rc = libxl__shared_mem_get_life(gc, domain->domid, domain->uuid, &life);
    if (rc) return rc;

    *alive_r = life >= LIBXL__SHARED_MEM_ENDED;
    return 0;
}

static void forget_factory(libxl__gc *gc, const factory *f)
{
    libxl__shared_mem_path path;

    libxl__xs_rm_checked(gc, XBT_NULL,
                         libxl__shared_mem_factory_path(&path,
                                                        f->domain.domid));
}

/* All pages, as an update has left them.  Begin with all zeros. */
typedef struct {
    unsigned int nr;
    factory *factories;
    known_regions known;
} factory_pages;

/*
 * All domains that have a factory page, and those of which that is unknown:
 * an error may pass.  Removes the entries of those that are no more: the
 * caller holds the lock of the pages.
 */
static int list_factories(libxl__gc *gc, factory_pages *pages)
{
    unsigned int i, nr;
    factory *f;
    char **names;
    bool alive;
    int rc;

    rc = libxl__shared_mem_list_names(gc, LIBXL__SHARED_MEM_FACTORY_ROOT,
                                      &names, &nr);
    if (rc) return rc;

    GCNEW_ARRAY(pages->factories, nr);
    for (i = 0; i < nr; i++) {
        f = &pages->factories[pages->nr];
        f->unknown = read_factory(gc, names[i], &f->domain, &alive);
        if (f->unknown || alive)
            pages->nr++;
        else
            forget_factory(gc, f);
    }

    return 0;
}

/* Lists all of them, and brings their pages up to date; each has its rc.  The
 * pages are mapped then. */
static int update_all(libxl__gc *gc, factory_pages *pages)
{
    libxl__flock *lock;
    unsigned int i;
    int rc;

    lock = libxl__shared_mem_lock_pages(gc);
    if (!lock) return ERROR_LOCK_FAIL;

    rc = list_factories(gc, pages);
    for (i = 0; !rc && i < pages->nr; i++) {
        factory *f = &pages->factories[i];

        f->rc = f->unknown ? ERROR_FAIL
                           : update_factory(gc, f, &pages->known);
    }

    libxl__unlock_file(lock);
    return rc;
}

static void unmap_all(factory_pages *pages)
{
    unsigned int i;

    for (i = 0; i < pages->nr; i++) {
        factory *f = &pages->factories[i];

        if (f->page)
            munmap(f->page, XC_PAGE_SIZE);
        f->page = NULL;
    }
}

int libxl__shared_mem_update_factories(
    libxl__gc *gc, const libxl__shared_mem_domain *new_domain)
{
    factory_pages pages = { .nr = 0 };
    unsigned int i;
    int rc;

    rc = update_all(gc, &pages);
    unmap_all(&pages);

    /* Without a page of its own, the domain depends on none. */
    if (!new_domain || !new_domain->factory) return 0;

    for (i = 0; !rc && i < pages.nr; i++)
        if (pages.factories[i].domain.domid == new_domain->domid)
            rc = pages.factories[i].rc;

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

/* What the keeper waits for. */
typedef enum {
    NOTHING,            /* it is time for the next round */
    EVENT,              /* records, pages or domains have changed */
    DISCONNECTED,       /* xenstored has gone: others have to begin anew */
} event;

typedef struct {
    libxl_ctx *ctx;
    struct xs_handle *xsh;
    bool stays;
    libxl__shared_mem_after_round *after_round;
    void *opaque;
    unsigned int failures;  /* updates, one after the other */
    bool failing;           /* a page was out of reach last time */
} keeper;

/* Drops dead peers.  Returns false if somebody has the lock, which may take
 * long, and who drops them as well. */
static bool drop_dead_peers(libxl__gc *gc)
{
    libxl__flock *lock = libxl__shared_mem_try_lock(gc);

    if (!lock) return false;

    libxl__shared_mem_drop_dead_peers(gc);
    libxl__unlock_file(lock);
    return true;
}

/* *again_r: there is something that has to be tried again. */
static int keep_current(libxl__gc *gc, factory_pages *pages, bool *again_r)
{
    unsigned int i, nr;
    char **names;
    int rc;

    /* For nobody's sake there is nothing to do. */
    rc = libxl__shared_mem_list_names(gc, LIBXL__SHARED_MEM_FACTORY_ROOT,
                                      &names, &nr);
    if (rc || !nr) return rc;

    *again_r = !drop_dead_peers(gc);

    rc = update_all(gc, pages);
    *again_r |= pages->known.unsure;
    for (i = 0; i < pages->nr; i++)
        *again_r |= pages->factories[i].rc != 0;

    return rc;
}

/*
 * Lets guests see that somebody is there who can reach their pages, and has
 * brought these up to date.  Returns whether one can't see it.
 */
static bool beat(libxl__gc *gc, const factory_pages *pages)
{
    bool failed = false;
    unsigned int i;

    for (i = 0; i < pages->nr; i++) {
        const factory *f = &pages->factories[i];

        failed |= f->rc || beat_page(gc, f);
    }

    return failed;
}

/* Whether something has changed of which nobody tells. */
static bool look(libxl_ctx *ctx, const factory_pages *pages)
{
    GC_INIT(ctx);
    bool changed = any_resumed(gc, &pages->known);
    unsigned int i;

    for (i = 0; !changed && i < pages->nr; i++)
        changed = is_page_gone(gc, &pages->factories[i]);

    GC_FREE;
    return changed;
}

/* Looks at what has arrived already: no request is made. */
static event take_events(struct xs_handle *xsh)
{
    event found = NOTHING;
    char **watch;

    while ((watch = xs_check_watch(xsh))) {
        found = EVENT;
        free(watch);
    }

    /* The thread that reads has ended; poll() does not tell. */
    return errno == EAGAIN ? found : DISCONNECTED;
}

static event wait_for_event(struct xs_handle *xsh, int ms)
{
    struct pollfd fd = { .fd = xs_fileno(xsh), .events = POLLIN };

    poll(&fd, 1, ms);
    return take_events(xsh);
}

/* What tells of a domain's end, and of a change of records. */
static bool watch_events(struct xs_handle *xsh)
{
    return xs_watch(xsh, "@releaseDomain", "") &&
           xs_watch(xsh, LIBXL__SHARED_MEM_PRIVATE_ROOT, "") &&
           xs_watch(xsh, LIBXL__SHARED_MEM_FACTORY_ROOT, "");
}

/*
 * The rounds of a keeper from one update to the next, which is due when this
 * returns.  Without an event they cost a word in each page; the look, a
 * hypercall for each page, two for each ended peer.  rc: of that update.
 * *leave_r: another keeper may fare better.
 */
static int keep_beating(keeper *k, const factory_pages *pages, int rc,
                        bool again, bool *leave_r)
{
    GC_INIT(k->ctx);
    unsigned int rounds = 0;
    bool failed, replaceable, due;
    event e;

    do {
        failed = rc || beat(gc, pages);
        replaceable = k->after_round(k->opaque, failed);

        /* Without a page there is nobody whose word has to change. */
        e = wait_for_event(k->xsh, rc || pages->nr ? BEAT_MS
                                                   : BEAT_MS * LOOK_ROUNDS);
        rounds++;

        /* One page that stays out of reach does not cost the host much. */
        due = e != NOTHING || rc || (failed && !k->failing) ||
              (pages->nr && rounds >= LOOK_ROUNDS &&
               (again || failed || look(k->ctx, pages)));
        if (rounds >= LOOK_ROUNDS)
            rounds = 0;
    } while (!due);

    k->failing = failed;
    *leave_r = replaceable &&
               (e == DISCONNECTED || k->failures >= FAILURES_MAX);
    if (e == DISCONNECTED) {
        LOG(ERROR, "shared_mem_factory: xenstored has closed the connection");
        rc = ERROR_FAIL;
    }

    GC_FREE;
    return rc;
}

/* Brings all pages up to date, and keeps them so until that is due again.
 * *leave_r: the keeper has to end. */
static int keep_once(keeper *k, bool *leave_r)
{
    GC_INIT(k->ctx);
    factory_pages pages = { .nr = 0 };
    bool again = false;
    int rc;

    rc = keep_current(gc, &pages, &again);
    k->failures = rc ? k->failures + 1 : 0;

    *leave_r = !rc && !pages.nr && !k->stays;
    if (!*leave_r)
        rc = keep_beating(k, &pages, rc, again, leave_r);

    /* A page that is mapped stays allocated: none of a domain that has been
     * destroyed is to be left here. */
    unmap_all(&pages);
    GC_FREE;
    return rc;
}

int libxl_shared_mem_keep(libxl_ctx *ctx, bool stays,
                          libxl__shared_mem_after_round *after_round,
                          void *opaque)
{
    keeper k = {
        .ctx = ctx,
        .stays = stays,
        .after_round = after_round,
        .opaque = opaque,
    };
    bool leave = false;
    int rc = ERROR_FAIL;

    k.xsh = xs_open(0);
    if (!k.xsh || !watch_events(k.xsh)) {
        GC_INIT(ctx);

        LOGE(ERROR, "shared_mem_factory: can't watch xenstore");
        GC_FREE;
        goto out;
    }

    /* An error may pass: until it has, there is no beat. */
    do {
        rc = keep_once(&k, &leave);
    } while (!leave);

 out:
    if (k.xsh) xs_close(k.xsh);
    return rc;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
