/*
 * Static shared memory: gives a region to a domain that runs, or takes one
 * away from it, and changes its stored config accordingly.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What is to be done is planned and carried out as for a domain that is being
 * built.  But this domain stays when something fails, and when the toolstack
 * is killed.  So its own node in xenstore has the range before the first page
 * is mapped, and until the last one is unmapped; whoever changes the domain's
 * regions next takes back what it finds there.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"
#include "libxl_shared_mem_map.h"
#include "libxl_shared_mem_task.h"

typedef struct {
    libxl__shared_mem_task task;
    libxl_static_shared_mem mem;        /* to attach; or only its id */
    libxl_domain_config d_config;       /* as stored when it began */
    libxl_domain_config all, one;       /* see make_configs() */
    libxl__shared_mem_job job;
    libxl__shared_mem_domain begun;     /* job.domain before it was mapped */
    xc_domaininfo_t info;
    libxl__shared_mem_callback *taken_back;
    int rc;                             /* of what is being undone */
} state;

static state *state_of(libxl__shared_mem_task *task)
{
    return CONTAINER_OF(task, state, task);
}

static void end(libxl__egc *egc, libxl__shared_mem_task *task, int rc)
{
    STATE_AO_GC(task->ao);
    state *s = state_of(task);

    libxl__shared_mem_unlock(gc, task);
    libxl_static_shared_mem_dispose(&s->mem);
    libxl_domain_config_dispose(&s->d_config);
    libxl__ao_complete(egc, ao, rc);
}

/*----- Taking back what was left, or is to go -----*/

static int unmap_change(libxl__gc *gc, libxl__shared_mem_task *task)
{
    return libxl__shared_mem_unmap(gc, task->domid,
                                   &task->job->domain.change.range);
}

static void change_unmapped(libxl__egc *egc, libxl__shared_mem_task *task,
                            int rc)
{
    STATE_AO_GC(task->ao);
    libxl__shared_mem_domain *domain = &task->job->domain;

    if (!rc) {
        FILLZERO(domain->change);
        rc = libxl__shared_mem_write(gc, NULL, 0, domain);
    }

    state_of(task)->taken_back(egc, task, rc);
}

/* Takes back the pages of the change that the domain's node tells of. */
static void take_back(libxl__egc *egc, libxl__shared_mem_task *task,
                      libxl__shared_mem_callback *taken_back)
{
    const uint64_t size = task->job->domain.change.range.size;

    state_of(task)->taken_back = taken_back;
    libxl__shared_mem_work(egc, task, size >> XC_PAGE_SHIFT, unmap_change,
                           change_unmapped);
}

/*----- The stored config -----*/

/* The caller holds the lock of the domain's userdata. */
static int get_config(libxl__gc *gc, uint32_t domid,
                      libxl_domain_config *d_config)
{
    int rc = libxl__get_domain_configuration(gc, domid, d_config);

    if (rc)
        LOGD(ERROR, domid, "static_shared_mem: can't get the domain's config");

    return rc;
}

static int read_config(libxl__gc *gc, uint32_t domid,
                       libxl_domain_config *d_config)
{
    libxl__flock *lock = libxl__lock_domain_userdata(gc, domid);
    int rc;

    if (!lock) return ERROR_LOCK_FAIL;

    rc = get_config(gc, domid, d_config);
    libxl__unlock_file(lock);

    return rc;
}

/* Where the config has a region of that name, or would get it. */
static int find_config(const libxl_domain_config *d_config, const char *id)
{
    int i = 0;

    while (i < d_config->num_static_shared_mems &&
           strcmp(d_config->static_shared_mems[i].id ?: "", id))
        i++;

    return i;
}

static void config_set(libxl__gc *gc, libxl_domain_config *d_config,
                       const libxl_static_shared_mem *mem)
{
    const int i = find_config(d_config, mem->id);

    if (i == d_config->num_static_shared_mems) {
        d_config->static_shared_mems =
            libxl__realloc(NOGC, d_config->static_shared_mems,
                           (i + 1) * sizeof(*mem));
        d_config->num_static_shared_mems++;
    } else {
        libxl_static_shared_mem_dispose(&d_config->static_shared_mems[i]);
    }

    libxl_static_shared_mem_init(&d_config->static_shared_mems[i]);
    libxl_static_shared_mem_copy(CTX, &d_config->static_shared_mems[i], mem);
}

static void config_remove(libxl_domain_config *d_config, const char *id)
{
    libxl_static_shared_mem *mems = d_config->static_shared_mems;
    const int i = find_config(d_config, id);

    /* It has taken effect only on the config, or the config was updated. */
    if (i == d_config->num_static_shared_mems)
        return;

    libxl_static_shared_mem_dispose(&mems[i]);
    d_config->num_static_shared_mems--;
    memmove(&mems[i], &mems[i + 1],
            (d_config->num_static_shared_mems - i) * sizeof(*mems));
}

/* For the page tables of a domain that began with all that the config has. */
static uint64_t paging_memkb(libxl__gc *gc, const state *s,
                             const libxl_domain_config *d_config)
{
    return libxl__get_required_paging_memory(
        d_config->b_info.max_memkb +
        libxl__shared_mem_paging_memkb(gc, d_config),
        s->info.max_vcpu_id + 1, LIBXL_DOMAIN_TYPE_HVM, true);
}

/* Puts the region into the config, or takes it out. */
static void change_config(libxl__gc *gc, const state *s, bool attaches,
                          libxl_domain_config *d_config)
{
    if (!attaches) {
        config_remove(d_config, s->mem.id);
        return;
    }

    config_set(gc, d_config, &s->mem);
    /* The domain is built anew by this: xl may have put the number there,
     * not its user. */
    if (d_config->b_info.shadow_memkb != LIBXL_MEMKB_DEFAULT)
        d_config->b_info.shadow_memkb =
            max(d_config->b_info.shadow_memkb, paging_memkb(gc, s, d_config));
}

/*
 * Stores the config with the region, or without it, and then what has changed
 * of its record and of the domain.  On error both are as before.
 */
static int store(libxl__gc *gc, state *s, bool attaches)
{
    const uint32_t domid = s->task.domid;
    libxl_domain_config before, after;
    libxl__flock *lock;
    int rc;

    libxl_domain_config_init(&before);
    libxl_domain_config_init(&after);

    lock = libxl__lock_domain_userdata(gc, domid);
    if (!lock) {
        rc = ERROR_LOCK_FAIL;
        goto out;
    }

    rc = get_config(gc, domid, &before);
    if (rc) goto out;

    libxl_domain_config_copy(CTX, &after, &before);
    change_config(gc, s, attaches, &after);
    rc = libxl__set_domain_configuration(gc, domid, &after);
    if (rc) goto out;

    rc = libxl__shared_mem_write(gc, s->job.regions, 1, &s->job.domain);
    if (rc)
        libxl__set_domain_configuration(gc, domid, &before);

 out:
    if (lock) libxl__unlock_file(lock);
    libxl_domain_config_dispose(&before);
    libxl_domain_config_dispose(&after);
    return rc;
}

/*----- Beginning -----*/

/* Reads what there is; and takes back what somebody left who was killed. */
static void begin_locked(libxl__egc *egc, libxl__shared_mem_task *task, int rc)
{
    STATE_AO_GC(task->ao);
    state *s = state_of(task);

    if (rc) goto out;

    rc = read_config(gc, task->domid, &s->d_config);
    if (rc) goto out;

    libxl__shared_mem_drop_dead_peers(gc);

    rc = libxl__shared_mem_read_domain(gc, task->domid, &s->job.domain);
    if (rc) goto out;

    if (s->job.domain.change.range.size) {
        take_back(egc, task, task->callback);
        return;
    }

 out:
    task->callback(egc, task, rc);
}

/* begun: called with the lock held, or after an error; it ends the ao. */
static int begin(libxl__egc *egc, libxl__ao *ao, uint32_t domid,
                 const libxl_static_shared_mem *mem, const char *id,
                 libxl__shared_mem_callback *begun)
{
    AO_GC;
    state *s;

    if (domid == LIBXL_TOOLSTACK_DOMID) {
        LOGD(ERROR, domid, "static_shared_mem: the domain of the toolstack "
             "cannot share memory");
        return ERROR_INVAL;
    }

    GCNEW(s);
    libxl_domain_config_init(&s->d_config);
    libxl_static_shared_mem_init(&s->mem);
    if (mem)
        libxl_static_shared_mem_copy(CTX, &s->mem, mem);
    else
        s->mem.id = libxl__strdup(NOGC, id);

    s->task.ao = ao;
    s->task.domid = domid;
    s->task.callback = begun;
    s->task.job = &s->job;
    libxl__shared_mem_lock(egc, &s->task, begin_locked);
    return 0;
}

/*----- Attach -----*/

/* Whether it is a domain that can be given anything. */
static int check_domain(libxl__gc *gc, state *s)
{
    const uint32_t domid = s->task.domid;
    const char *reason = NULL;

    if (xc_domain_getinfo_single(CTX->xch, domid, &s->info) < 0) {
        LOGED(ERROR, domid, "static_shared_mem: can't ask Xen for the domain");
        return ERROR_FAIL;
    }

    if (s->info.flags & XEN_DOMINF_shutdown)
        reason = "the domain has shut down; wait until it runs again";
    else if (!(s->info.flags & XEN_DOMINF_hvm_guest))
        reason = "a PV guest has no guest-physical address space to map it "
                 "in; use type=\"pvh\" or type=\"hvm\"";
    else if (!(s->info.flags & XEN_DOMINF_hap))
        reason = "shadow paging cannot map memory of other domains; remove "
                 "hap=0";

    if (!reason)
        return 0;

    SHARED_MEM_LOG(&s->d_config, s->mem.id, "%s", reason);
    return ERROR_INVAL;
}

/*
 * s->all: a config with the regions that the domain has, whatever the stored
 * one says, and behind them the one that it is to get.  s->one: with that
 * alone.  Not to be disposed of.
 */
static int make_configs(libxl__gc *gc, state *s)
{
    const libxl__shared_mem_domain *domain = &s->job.domain;
    const libxl__shared_mem_mapping *mapping;
    libxl__shared_mem_record *record;
    libxl_domain_config *all = &s->all;
    libxl_static_shared_mem *next;
    unsigned int i;
    int rc;

    *all = s->d_config;
    all->c_info.name = libxl__domid_to_name(gc, domain->domid);
    all->num_static_shared_mems = 0;
    GCNEW_ARRAY(all->static_shared_mems, domain->nr_ids + 1);
    all->shared_mem_factory = domain->factory;

    for (i = 0; i < domain->nr_ids; i++) {
        GCNEW(record);
        rc = libxl__shared_mem_read_record(gc, domain->ids[i], record);
        if (rc) return rc;

        mapping = libxl__shared_mem_record_find(record, domain->domid);
        if (!mapping) continue;

        next = &all->static_shared_mems[all->num_static_shared_mems++];
        libxl_static_shared_mem_init(next);
        next->id = record->id;
        next->begin = mapping->begin;
        next->size = mapping->size;
    }

    next = &all->static_shared_mems[all->num_static_shared_mems++];
    *next = s->mem;

    s->one = *all;
    s->one.static_shared_mems = next;
    s->one.num_static_shared_mems = 1;
    s->one.shared_mem_factory = 0;
    return 0;
}

/* With the regions that the domain has, too: all but the last. */
static const libxl__shared_mem_layout *
make_layout(libxl__gc *gc, const libxl_domain_config *all)
{
    libxl__shared_mem_layout *layout =
        libxl__shared_mem_get_layout(gc, all, NULL);
    const libxl__shared_mem_range *ranges =
        libxl__shared_mem_config_ranges(gc, all);
    const int nr = libxl__shared_mem_nr_ranges(all);
    const int last = all->num_static_shared_mems - 1;
    int i;

    GCREALLOC_ARRAY(layout->used, layout->nr_used + nr);
    for (i = 0; i < nr; i++)
        if (i != last)
            layout->used[layout->nr_used++] = ranges[i];

    return layout;
}

/*
 * The memory for the page tables of a domain is sized by what it begins with.
 * Makes it what it would be had the domain begun with all its regions.
 */
static int grow_paging_memory(libxl__gc *gc, const state *s,
                              const libxl_domain_config *all)
{
    const uint32_t domid = s->task.domid;
    const uint64_t needed = paging_memkb(gc, s, all) << 10;
    uint64_t bytes;

    if (!xc_get_paging_mempool_size(CTX->xch, domid, &bytes) &&
        (bytes >= needed ||
         !xc_set_paging_mempool_size(CTX->xch, domid, needed)))
        return 0;

    LOGED(ERROR, domid, "static_shared_mem: can't make the memory for the "
          "domain's page tables %"PRIu64" KiB", needed >> 10);
    return ERROR_FAIL;
}

/* What can be checked, and what the domain is to get. */
static int plan_attach(libxl__gc *gc, state *s)
{
    const libxl_domain_config *one = &s->one;
    libxl__shared_mem_job *job = &s->job;
    int rc;

    rc = check_domain(gc, s);
    if (rc) return rc;

    rc = make_configs(gc, s);
    if (rc) return rc;

    job->d_config = one;
    job->layout = make_layout(gc, &s->all);

    rc = libxl__shared_mem_check_regions(gc, &s->all);
    if (rc) return rc;

    rc = libxl__shared_mem_check_hypervisor(gc, one);
    if (rc) return rc;

    rc = libxl__shared_mem_plan(gc, one, job->layout, &job->regions);
    if (rc) return rc;

    /* The guest uses its RAM.  Where it has given that up, there is room. */
    job->regions[0].inside = false;

    rc = libxl__shared_mem_check_memory(gc, one, job->regions);
    if (rc) return rc;

    rc = libxl__shared_mem_check_free(gc, s->task.domid, one, job->layout,
                                      &job->regions[0]);
    if (rc) return rc;

    return grow_paging_memory(gc, s, &s->all);
}

/* What can't be undone is left to the next one. */
static void attach_undone(libxl__egc *egc, libxl__shared_mem_task *task,
                          int rc)
{
    end(egc, task, state_of(task)->rc);
}

/* Puts the domain down everywhere.  On error it has neither pages nor that. */
static void attach_carried_out(libxl__egc *egc, libxl__shared_mem_task *task,
                               int rc)
{
    STATE_AO_GC(task->ao);
    state *s = state_of(task);
    libxl__shared_mem_domain *domain = &s->job.domain;

    if (!rc) {
        FILLZERO(domain->change);
        rc = store(gc, s, true);
    }
    if (!rc) {
        libxl__shared_mem_update_factories(gc, NULL);
        end(egc, task, 0);
        return;
    }

    *domain = s->begun;
    s->rc = rc;
    task->cleans_up = true;
    take_back(egc, task, attach_undone);
}

static void attach_begun(libxl__egc *egc, libxl__shared_mem_task *task, int rc)
{
    STATE_AO_GC(task->ao);
    state *s = state_of(task);
    libxl__shared_mem_change *change = &s->job.domain.change;

    if (rc) goto out;

    rc = plan_attach(gc, s);
    if (rc) goto out;

    change->range.begin = s->mem.begin;
    change->range.size = s->mem.size;
    rc = libxl__shared_mem_write(gc, NULL, 0, &s->job.domain);
    if (rc) goto out;

    s->begun = s->job.domain;
    libxl__shared_mem_carry_out(egc, task, attach_carried_out);
    return;

 out:
    end(egc, task, rc);
}

/*----- Detach -----*/

/* Returns false if the domain does not have it. */
static bool remove_id(libxl__shared_mem_domain *domain, const char *id)
{
    unsigned int i = 0;

    while (i < domain->nr_ids && strcmp(domain->ids[i], id))
        i++;
    if (i == domain->nr_ids)
        return false;

    domain->nr_ids--;
    memmove(&domain->ids[i], &domain->ids[i + 1],
            (domain->nr_ids - i) * sizeof(domain->ids[0]));
    return true;
}

static int plan_detach(libxl__gc *gc, state *s)
{
    const libxl__shared_mem_mapping *mapping;
    libxl__shared_mem_domain *domain = &s->job.domain;
    const uint32_t domid = s->task.domid;
    const char *id = s->mem.id;
    libxl__shared_mem_region *r;
    int rc;

    if (!remove_id(domain, id)) {
        LOGD(ERROR, domid, "static_shared_mem: region %s: the domain does not "
             "have it", id);
        return ERROR_NOTFOUND;
    }

    GCNEW(r);
    s->job.regions = r;
    rc = libxl__shared_mem_read_region(gc, id, r);
    if (rc) return rc;

    mapping = libxl__shared_mem_record_find(&r->now, domid);
    if (!mapping) {
        LOGD(ERROR, domid, "static_shared_mem: region %s: its record in "
             "xenstore does not have the domain", id);
        return ERROR_FAIL;
    }

    domain->change.detaches = true;
    domain->change.range.begin = mapping->begin;
    domain->change.range.size = mapping->size;
    libxl__shared_mem_record_drop(&r->now, domid);

    return 0;
}

static void detach_begun(libxl__egc *egc, libxl__shared_mem_task *task, int rc)
{
    STATE_AO_GC(task->ao);
    state *s = state_of(task);

    if (rc) goto out;

    rc = plan_detach(gc, s);
    if (rc) goto out;

    rc = store(gc, s, false);
    if (rc) goto out;

    /* The guest is told before it happens. */
    libxl__shared_mem_update_factories(gc, NULL);
    take_back(egc, task, end);
    return;

 out:
    end(egc, task, rc);
}

/*----- API -----*/

int libxl_shared_mem_attach(libxl_ctx *ctx, uint32_t domid,
                            const libxl_static_shared_mem *mem,
                            const libxl_asyncop_how *ao_how)
{
    AO_CREATE(ctx, domid, ao_how);
    int rc = begin(egc, ao, domid, mem, NULL, attach_begun);

    return rc ? AO_CREATE_FAIL(rc) : AO_INPROGRESS;
}

int libxl_shared_mem_detach(libxl_ctx *ctx, uint32_t domid, const char *id,
                            const libxl_asyncop_how *ao_how)
{
    AO_CREATE(ctx, domid, ao_how);
    int rc = begin(egc, ao, domid, NULL, id, detach_begun);

    return rc ? AO_CREATE_FAIL(rc) : AO_INPROGRESS;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
