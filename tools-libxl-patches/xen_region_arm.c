/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XENMEM_region_op: pages in and out of the p2m, see xen/region.h.
 */

#include <xen/region.h>
#include <xen/sched.h>

#include <asm/p2m.h>

static p2m_type_t region_type(bool readonly)
{
    return readonly ? p2m_map_foreign_ro : p2m_map_foreign_rw;
}

static bool gfn_is_in_range(gfn_t gfn)
{
    return !(gfn_x(gfn) >> (p2m_ipa_bits - PAGE_SHIFT));
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
    p2m_type_t t;
    mfn_t mfn;
    int rc = -EEXIST;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_read_lock(p2m);

    mfn = p2m_get_entry(p2m, gfn, &t, NULL, &order, NULL);
    *nr = covered(*nr, order);
    if ( t == p2m_invalid )
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

/* That's what p2m_set_entry() says when there's no memory for a table. */
static int no_table(int rc)
{
    return rc == -ENOENT ? -ENOMEM : rc;
}

/*
 * Hands the caller's references to the pages over to the entry; there's none
 * so far, and they are aligned so that it's one entry.
 */
static int add_pages(struct p2m_domain *p2m, gfn_t gfn, struct page_info *page,
                     unsigned long nr, p2m_type_t nt)
{
    int rc = p2m_set_entry(p2m, gfn, nr, page_to_mfn(page), nt,
                           p2m->default_access);

    if ( !rc )
        return 0;

    /*
     * It may have failed after the change.  With the entry go references,
     * and the caller's are to stay.
     */
    if ( !mfn_eq(p2m_get_entry(p2m, gfn, NULL, NULL, NULL, NULL),
                 INVALID_MFN) )
    {
        region_get_pages(page, nr);
        p2m_set_entry(p2m, gfn, nr, INVALID_MFN, p2m_invalid, p2m_access_rwx);
    }

    return no_table(rc);
}

static bool is_empty_range(struct p2m_domain *p2m, gfn_t gfn, unsigned long nr)
{
    unsigned int order;
    unsigned long i;
    p2m_type_t t;

    for ( i = 0; i < nr; i += covered(nr, order) )
    {
        p2m_get_entry(p2m, gfn_add(gfn, i), &t, NULL, &order, NULL);
        if ( t != p2m_invalid )
            return false;
    }

    return true;
}

int arch_region_map(struct domain *d, gfn_t gfn, struct page_info *page,
                    unsigned long nr, bool readonly)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    int rc;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_write_lock(p2m);

    if ( !is_empty_range(p2m, gfn, nr) )
        rc = -EEXIST;
    /*
     * With the p2m locked here, and is_dying set before
     * relinquish_p2m_mapping() locks it, no entry can be added behind the
     * latter's back.
     */
    else if ( d->is_dying )
        rc = -ESRCH;
    /* It would not be one entry. */
    else if ( nr > 1 && p2m->mem_access_enabled )
        rc = -EAGAIN;
    else
        rc = add_pages(p2m, gfn, page, nr, region_type(readonly));

    p2m_write_unlock(p2m);

    return rc;
}

int arch_region_unmap(struct domain *d, gfn_t gfn, unsigned long *nr)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    unsigned int order;
    p2m_type_t t;
    mfn_t mfn;
    int rc = 0;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_write_lock(p2m);

    mfn = p2m_get_entry(p2m, gfn, &t, NULL, &order, NULL);
    *nr = covered(*nr, order);
    if ( d->is_dying )
        rc = -ESRCH;
    else if ( is_region(t, mfn) )
        rc = p2m_set_entry(p2m, gfn, *nr, INVALID_MFN, p2m_invalid,
                           p2m_access_rwx);

    p2m_write_unlock(p2m);

    return no_table(rc);
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
