/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XENMEM_region_op: pages in and out of the p2m, see xen/region.h.
 */

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

static bool is_region(p2m_type_t t, mfn_t mfn)
{
    return p2m_is_foreign(t) && is_region_page(mfn_to_page(mfn));
}

/* How many of nr pages an entry of that order is for. */
static unsigned long covered(unsigned long nr, unsigned int order)
{
    return order >= REGION_EXTENT_ORDER ? nr : 1;
}

int arch_region_look(struct domain *d, gfn_t gfn, unsigned long *nr,
                     struct page_info **page)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    unsigned int order;
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn;
    int rc = -EEXIST;

    if ( !gfn_valid(d, gfn) )
        return -ERANGE;

    p2m_read_lock(p2m);

    mfn = p2m->get_entry(p2m, gfn, &t, &a, 0, &order, NULL);
    *nr = covered(*nr, order);
    if ( is_empty(t, mfn) )
        rc = -ENOENT;
    else if ( is_region(t, mfn) )
    {
        *page = mfn_to_page(mfn);
        region_get_pages(*page, *nr);
        rc = 0;
    }

    p2m_read_unlock(p2m);

    return rc;
}

static unsigned int order_of(unsigned long nr)
{
    return nr > 1 ? REGION_EXTENT_ORDER : PAGE_ORDER_4K;
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

    /* It may have failed after the change. */
    if ( rc )
        remove_pages(p2m, gfn, nr);

    return rc;
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
    struct page_info *page = NULL;
    const unsigned long wanted = *nr;
    unsigned int order;
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn;
    int rc = 0;

    if ( !gfn_valid(d, gfn) )
        return -ERANGE;

    gfn_lock(p2m, gfn, order_of(wanted));

    mfn = p2m->get_entry(p2m, gfn, &t, &a, 0, &order, NULL);
    *nr = covered(wanted, order);
    if ( is_region(t, mfn) )
    {
        page = mfn_to_page(mfn);
        region_get_pages(page, *nr);
        rc = remove_pages(p2m, gfn, *nr);
    }

    gfn_unlock(p2m, gfn, order_of(wanted));

    /* A page isn't freed with the p2m locked. */
    if ( page )
    {
        ioreq_request_mapcache_invalidate(d);
        region_put_pages(page, *nr);
    }

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
