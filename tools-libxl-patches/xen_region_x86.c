/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XENMEM_region_op: pages in and out of the p2m, see xen/region.h.
 */

#include <xen/domain_page.h>
#include <xen/ioreq.h>
#include <xen/region.h>
#include <xen/sched.h>

#include <asm/p2m.h>

#include "mm-locks.h"
#include "p2m.h"

static p2m_type_t region_type(bool readonly)
{
    return readonly ? p2m_map_foreign_ro : p2m_map_foreign;
}

/* A type of no memory can have kept the frame of what was there. */
static bool is_empty(p2m_type_t t, mfn_t mfn)
{
    return (t == p2m_invalid || t == p2m_mmio_dm) && mfn_eq(mfn, INVALID_MFN);
}

static int check_domain(const struct domain *d, gfn_t gfn)
{
    if ( !gfn_valid(d, gfn) )
        return -ERANGE;

    /* Without one, p2m_entry_modify() takes no reference. */
    if ( !d->vcpu || !d->vcpu[0] )
        return -EINVAL;

    /* The shadow code doesn't map foreign pages. */
    return hap_enabled(d) && arch_acquire_resource_check(d) ? 0 : -EOPNOTSUPP;
}

/* Whether what is at gfn, of that order, is all of the pages looked at. */
static unsigned long covered(unsigned long nr, unsigned int order)
{
    return order >= REGION_EXTENT_ORDER ? nr : 1;
}

int arch_region_probe(struct domain *d, gfn_t gfn, unsigned long *nr)
{
    unsigned long wanted = *nr;
    unsigned int order;
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn;

    *nr = 0;

    if ( !gfn_valid(d, gfn) )
        return -ERANGE;

    mfn = get_gfn_type_access(p2m_get_hostp2m(d), gfn_x(gfn), &t, &a, 0,
                              &order);
    put_gfn(d, gfn_x(gfn));

    if ( !is_empty(t, mfn) )
        return -EEXIST;

    *nr = covered(wanted, order);

    return 0;
}

static unsigned int order_of(unsigned long nr)
{
    return nr > 1 ? REGION_EXTENT_ORDER : PAGE_ORDER_4K;
}

/* What p2m_set_entry() has failed with may have come after the change. */
static void make_ram(struct p2m_domain *p2m, gfn_t gfn, mfn_t mfn,
                     unsigned long nr, p2m_access_t a)
{
    p2m_type_t t;

    if ( !p2m_set_entry(p2m, gfn, mfn, order_of(nr), p2m_ram_rw, a) )
        return;

    p2m->get_entry(p2m, gfn, &t, &a, 0, NULL, NULL);
    if ( t != p2m_ram_rw )
        domain_crash(p2m->domain);
}

static int remove_pages(struct p2m_domain *p2m, gfn_t gfn, unsigned long nr)
{
    return p2m_set_entry(p2m, gfn, INVALID_MFN, order_of(nr), p2m_invalid,
                         p2m->default_access);
}

/* There's nothing at gfn so far. */
static int add_pages(struct p2m_domain *p2m, gfn_t gfn, struct page_info *page,
                     unsigned long nr, p2m_type_t nt)
{
    int rc = p2m_set_entry(p2m, gfn, page_to_mfn(page), order_of(nr), nt,
                           p2m->default_access);

    /* Likewise. */
    if ( rc )
        remove_pages(p2m, gfn, nr);

    return rc;
}

/*
 * Their entries in p2m, which is locked, are those of RAM, with access a.
 * *done: how many are taken, on an error as well.
 */
static int take_pages(struct p2m_domain *p2m, gfn_t gfn, mfn_t mfn,
                      unsigned long nr, p2m_type_t nt, p2m_access_t a,
                      unsigned long *done)
{
    struct domain *d = p2m->domain;
    unsigned long i;
    int rc;

    /* One that can't be taken need not be the first. */
    if ( nr > 1 && !region_can_claim(d, mfn_to_page(mfn), nr) )
        nr = 1;

    rc = p2m_set_entry(p2m, gfn, mfn, order_of(nr), nt, p2m->default_access);

    for ( *done = 0; !rc && *done < nr; ++*done )
    {
        /* The new entry's reference is the one to stay. */
        rc = region_claim_page(d, mfn_to_page(mfn_add(mfn, *done)));
        if ( rc )
            break;

        set_gpfn_from_mfn(mfn_x(mfn) + *done, INVALID_M2P_ENTRY);
    }

    /* Where there's an entry for all of them, that needs no table. */
    if ( rc && !*done )
        make_ram(p2m, gfn, mfn, nr, a);
    for ( i = *done; i && i < nr; i++ )
        make_ram(p2m, gfn_add(gfn, i), mfn_add(mfn, i), 1, a);

    if ( *done )
        ioreq_request_mapcache_invalidate(d);

    return rc;
}

int arch_region_take(struct domain *d, gfn_t gfn, bool readonly, bool clear,
                     unsigned long *nr)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    unsigned long i, wanted = *nr;
    unsigned int order;
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn;
    int rc = check_domain(d, gfn);

    *nr = 0;

    if ( rc )
        return rc;

    mfn = get_gfn_type_access(p2m, gfn_x(gfn), &t, &a,
                              P2M_ALLOC | P2M_UNSHARE, &order);

    /* See arch_region_map(). */
    if ( d->is_dying )
        rc = -ESRCH;
    else if ( t == p2m_ram_rw )
        rc = take_pages(p2m, gfn, mfn, covered(wanted, order),
                        region_type(readonly), a, nr);
    else
        rc = -ENOENT;
    if ( *nr && clear )
    {
        /* The guest may have been allowed to write until then. */
        p2m_tlb_flush_sync(p2m);
        for ( i = 0; i < *nr; i++ )
            clear_domain_page(mfn_add(mfn, i));
    }

    put_gfn(d, gfn_x(gfn));

    return rc;
}

/* The page of a region that's at gfn, and the order of its entry; or NULL. */
static struct page_info *look_up(struct p2m_domain *p2m, gfn_t gfn,
                                 unsigned int *order)
{
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn = p2m->get_entry(p2m, gfn, &t, &a, 0, order, NULL);

    return p2m_is_foreign(t) && is_region_page(mfn_to_page(mfn))
           ? mfn_to_page(mfn) : NULL;
}

struct page_info *arch_region_get(struct domain *d, gfn_t gfn,
                                  unsigned long *nr)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    struct page_info *page;
    unsigned long i = 0;
    unsigned int order;

    if ( !gfn_valid(d, gfn) )
        return NULL;

    p2m_read_lock(p2m);

    page = look_up(p2m, gfn, &order);
    if ( page && IS_ALIGNED(mfn_x(page_to_mfn(page)), *nr) )
        do {
            i += covered(*nr, order);
        } while ( i < *nr &&
                  look_up(p2m, gfn_add(gfn, i), &order) == page + i );
    if ( i < *nr )
        *nr = 1;
    if ( page )
        region_get_pages(page, *nr);

    p2m_read_unlock(p2m);

    return page;
}

static bool is_empty_range(struct p2m_domain *p2m, gfn_t gfn, unsigned long nr)
{
    unsigned int order;
    unsigned long i;
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn;

    for ( i = 0; i < nr; i += covered(nr, order) )
    {
        mfn = p2m->get_entry(p2m, gfn_add(gfn, i), &t, &a, 0, &order, NULL);
        if ( !is_empty(t, mfn) )
            return false;
    }

    return true;
}

int arch_region_map(struct domain *d, gfn_t gfn, struct page_info *page,
                    unsigned long nr, bool readonly)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    int rc = check_domain(d, gfn);

    if ( rc )
        return rc;

    gfn_lock(p2m, gfn, order_of(nr));

    if ( !is_empty_range(p2m, gfn, nr) )
        rc = -EEXIST;
    /*
     * With the p2m locked here, and is_dying set before
     * relinquish_p2m_mapping() locks it, no entry can be added behind the
     * latter's back.
     */
    else if ( d->is_dying )
        rc = -ESRCH;
    else
        rc = add_pages(p2m, gfn, page, nr, region_type(readonly));

    gfn_unlock(p2m, gfn, order_of(nr));

    /* The entry has its own. */
    if ( !rc )
        region_put_pages(page, nr);

    return rc;
}

int arch_region_unmap(struct domain *d, gfn_t gfn, unsigned long *nr)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    struct page_info *page;
    unsigned long wanted = *nr;
    unsigned int order;
    int rc = 0;

    *nr = 0;

    if ( !gfn_valid(d, gfn) )
        return -ERANGE;

    gfn_lock(p2m, gfn, order_of(wanted));

    page = look_up(p2m, gfn, &order);
    wanted = covered(wanted, order);
    if ( page )
    {
        region_get_pages(page, wanted);
        rc = remove_pages(p2m, gfn, wanted);
    }

    gfn_unlock(p2m, gfn, order_of(wanted));

    /* A page isn't freed with the p2m locked. */
    if ( page )
    {
        ioreq_request_mapcache_invalidate(d);
        region_put_pages(page, wanted);
    }

    if ( !rc )
        *nr = wanted;

    return rc;
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
