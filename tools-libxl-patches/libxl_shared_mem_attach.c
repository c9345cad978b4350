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

/* Both locks, and what they protect. */
typedef struct {
    libxl__flock *config_lock, *lock;
    libxl_domain_config d_config;       /* as stored */
    libxl__shared_mem_domain domain;
    xc_domaininfo_t info;
} state;

/* Takes back the pages of the change that the domain's nodes tell of. */
static int take_back(libxl__gc *gc, libxl__shared_mem_domain *domain)
{
    libxl__shared_mem_change *change = &domain->change;
    int rc;

    rc = libxl__shared_mem_unmap(gc, domain->domid, &change->range);
    if (rc) return rc;

    change->detaches = false;
    change->range.size = 0;

    return libxl__shared_mem_write(gc, NULL, 0, domain);
}

/* The caller ends what was begun, even after an error. */
static int begin(libxl__gc *gc, uint32_t domid, state *s)
{
    int rc;

    libxl_domain_config_init(&s->d_config);

    if (domid == LIBXL_TOOLSTACK_DOMID) {
        LOGD(ERROR, domid, "static_shared_mem: the domain of the toolstack "
             "cannot share memory");
        return ERROR_INVAL;
    }

    s->config_lock = libxl__lock_domain_userdata(gc, domid);
    if (!s->config_lock) return ERROR_LOCK_FAIL;

    rc = libxl__get_domain_configuration(gc, domid, &s->d_config);
    if (rc) {
        LOGD(ERROR, domid, "static_shared_mem: can't get the domain's config");
        return rc;
    }

    s->lock = libxl__shared_mem_lock(gc);
    if (!s->lock) return ERROR_LOCK_FAIL;

    libxl__shared_mem_drop_dead_peers(gc);

    rc = libxl__shared_mem_read_domain(gc, domid, &s->domain);
    if (rc) return rc;

    /* Who began that was killed. */
    return s->domain.change.range.size ? take_back(gc, &s->domain) : 0;
}

static void end(libxl__gc *gc, state *s)
{
    if (s->lock) libxl__unlock_file(s->lock);
    if (s->config_lock) libxl__unlock_file(s->config_lock);
    libxl_domain_config_dispose(&s->d_config);
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

/*
 * Stores the config with mem, or, if that is NULL, without the region id; and
 * then what has changed of one record and of the domain.  On error both are
 * as before.
 */
static int store(libxl__gc *gc, state *s, const char *id,
                 const libxl_static_shared_mem *mem,
                 const libxl__shared_mem_region *r)
{
    const uint32_t domid = s->domain.domid;
    libxl_domain_config d_config;
    int rc;

    libxl_domain_config_init(&d_config);
    libxl_domain_config_copy(CTX, &d_config, &s->d_config);

    if (mem) {
        config_set(gc, &d_config, mem);
        /* The domain is built anew by this: xl may have put the number there,
         * not its user. */
        if (d_config.b_info.shadow_memkb != LIBXL_MEMKB_DEFAULT)
            d_config.b_info.shadow_memkb =
                max(d_config.b_info.shadow_memkb,
                    paging_memkb(gc, s, &d_config));
    } else {
        config_remove(&d_config, id);
    }

    rc = libxl__set_domain_configuration(gc, domid, &d_config);
    if (rc) goto out;

    rc = libxl__shared_mem_write(gc, r, 1, &s->domain);
    if (rc)
        libxl__set_domain_configuration(gc, domid, &s->d_config);

 out:
    libxl_domain_config_dispose(&d_config);
    return rc;
}

/*----- Attach -----*/

/* Whether it is a domain that can be given anything. */
static int check_domain(libxl__gc *gc, state *s,
                        const libxl_static_shared_mem *mem)
{
    const uint32_t domid = s->domain.domid;
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

    SHARED_MEM_LOG(&s->d_config, mem->id, "%s", reason);
    return ERROR_INVAL;
}

/*
 * *all: a config with the regions that the domain has, whatever the stored one
 * says, and behind them the one that it is to get.  Not to be disposed of.
 */
static int make_config(libxl__gc *gc, const state *s,
                       const libxl_static_shared_mem *mem,
                       libxl_domain_config *all)
{
    const libxl__shared_mem_domain *domain = &s->domain;
    const libxl__shared_mem_mapping *mapping;
    libxl__shared_mem_record *record;
    libxl_static_shared_mem *next;
    unsigned int i;
    int rc;

    *all = s->d_config;
    all->c_info.name = libxl__domid_to_name(gc, domain->domid);
    all->num_static_shared_mems = 0;
    GCNEW_ARRAY(all->static_shared_mems, domain->index.nr_ids + 1);
    all->shared_mem_factory = domain->has_factory
                              ? domain->factory
                              : LIBXL_SHARED_MEM_FACTORY_NONE;

    for (i = 0; i < domain->index.nr_ids; i++) {
        GCNEW(record);
        rc = libxl__shared_mem_read_record(gc, domain->index.ids[i], record);
        if (rc) return rc;

        mapping = libxl__shared_mem_record_find(record, domain->domid);
        if (!mapping) continue;

        next = &all->static_shared_mems[all->num_static_shared_mems++];
        libxl_static_shared_mem_init(next);
        next->id = record->id;
        next->begin = mapping->begin;
        next->size = mapping->size;
    }

    all->static_shared_mems[all->num_static_shared_mems++] = *mem;
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
    const uint32_t domid = s->domain.domid;
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

/* What can be checked, and what the domain is to get: *r has one region. */
static int plan_attach(libxl__gc *gc, const state *s,
                       const libxl_domain_config *all,
                       const libxl_domain_config *one,
                       const libxl__shared_mem_layout *layout,
                       libxl__shared_mem_region **r)
{
    const uint32_t domid = s->domain.domid;
    int rc;

    rc = libxl__shared_mem_check_regions(gc, all);
    if (rc) return rc;

    rc = libxl__shared_mem_check_hypervisor(gc, one);
    if (rc) return rc;

    rc = libxl__shared_mem_plan(gc, one, layout, r);
    if (rc) return rc;

    /* The guest uses its RAM.  Where it has given that up, there is room. */
    (*r)->inside = false;

    rc = libxl__shared_mem_check_memory(gc, one, *r);
    if (rc) return rc;

    return libxl__shared_mem_check_free(gc, domid, one, layout, *r);
}

/* Gives the domain the pages, and puts it down everywhere.  On error it has
 * neither; what can't be undone is left to the next one. */
static int carry_out_attach(libxl__gc *gc, state *s,
                            const libxl_domain_config *one,
                            const libxl__shared_mem_layout *layout,
                            const libxl_static_shared_mem *mem,
                            libxl__shared_mem_region *r)
{
    libxl__shared_mem_range *changing = &s->domain.change.range;
    libxl__shared_mem_domain begun;
    int rc;

    changing->begin = mem->begin;
    changing->size = mem->size;
    rc = libxl__shared_mem_write(gc, NULL, 0, &s->domain);
    if (rc) return rc;

    begun = s->domain;

    rc = libxl__shared_mem_carry_out(gc, one, layout, r, &s->domain);
    if (rc) goto undo;

    changing->size = 0;
    rc = store(gc, s, mem->id, mem, r);
    if (rc) goto undo;

    return 0;

 undo:
    s->domain = begun;
    take_back(gc, &s->domain);
    return rc;
}

static int attach(libxl__gc *gc, uint32_t domid,
                  const libxl_static_shared_mem *mem)
{
    const libxl__shared_mem_layout *layout;
    libxl_domain_config all, one;
    libxl__shared_mem_region *r;
    state *s;
    int rc;

    GCNEW(s);
    rc = begin(gc, domid, s);
    if (rc) goto out;

    rc = check_domain(gc, s, mem);
    if (rc) goto out;

    rc = make_config(gc, s, mem, &all);
    if (rc) goto out;

    one = all;
    one.static_shared_mems += all.num_static_shared_mems - 1;
    one.num_static_shared_mems = 1;
    one.shared_mem_factory = LIBXL_SHARED_MEM_FACTORY_NONE;
    layout = make_layout(gc, &all);

    rc = plan_attach(gc, s, &all, &one, layout, &r);
    if (rc) goto out;

    rc = grow_paging_memory(gc, s, &all);
    if (rc) goto out;

    rc = carry_out_attach(gc, s, &one, layout, mem, r);
    if (rc) goto out;

    libxl__shared_mem_update_factories(gc, NULL);

 out:
    end(gc, s);
    return rc;
}

/*----- Detach -----*/

static int detach(libxl__gc *gc, uint32_t domid, const char *id)
{
    const libxl__shared_mem_mapping *mapping;
    libxl__shared_mem_region *r;
    state *s;
    int rc;

    GCNEW(s);
    rc = begin(gc, domid, s);
    if (rc) goto out;

    if (!libxl__shared_mem_index_remove(&s->domain.index, id)) {
        LOGD(ERROR, domid, "static_shared_mem: region %s: the domain does not "
             "have it", id);
        rc = ERROR_NOTFOUND;
        goto out;
    }

    GCNEW(r);
    rc = libxl__shared_mem_read_region(gc, id, r);
    if (rc) goto out;

    mapping = libxl__shared_mem_record_find(&r->now, domid);
    if (!mapping) {
        LOGD(ERROR, domid, "static_shared_mem: region %s: its record in "
             "xenstore does not have the domain", id);
        rc = ERROR_FAIL;
        goto out;
    }

    s->domain.change.detaches = true;
    s->domain.change.range.begin = mapping->begin;
    s->domain.change.range.size = mapping->size;
    libxl__shared_mem_record_drop(&r->now, domid);

    rc = store(gc, s, id, NULL, r);
    if (rc) goto out;

    /* The guest is told before it happens. */
    libxl__shared_mem_update_factories(gc, NULL);
    rc = take_back(gc, &s->domain);

 out:
    end(gc, s);
    return rc;
}

/*----- API -----*/

int libxl_shared_mem_attach(libxl_ctx *ctx, uint32_t domid,
                            const libxl_static_shared_mem *mem,
                            const libxl_asyncop_how *ao_how)
{
    AO_CREATE(ctx, domid, ao_how);
    int rc = attach(gc, domid, mem);

    if (rc) return AO_CREATE_FAIL(rc);

    libxl__ao_complete(egc, ao, 0);
    return AO_INPROGRESS;
}

int libxl_shared_mem_detach(libxl_ctx *ctx, uint32_t domid, const char *id,
                            const libxl_asyncop_how *ao_how)
{
    AO_CREATE(ctx, domid, ao_how);
    int rc = detach(gc, domid, id);

    if (rc) return AO_CREATE_FAIL(rc);

    libxl__ao_complete(egc, ao, 0);
    return AO_INPROGRESS;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
