/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XENMEM_region_op: pages in and out of the p2m, see xen/region.h.
 */

#include <xen/domain_page.h>
#include <xen/region.h>
#include <xen/sched.h>

#include <asm/p2m.h>
#include <asm/page.h>

static p2m_type_t region_type(bool readonly)
{
    return readonly ? p2m_map_foreign_ro : p2m_map_foreign_rw;
}

static bool gfn_is_in_range(gfn_t gfn)
{
    return !(gfn_x(gfn) >> (p2m_ipa_bits - PAGE_SHIFT));
}

/* Whether what is at gfn, of that order, is all of the pages looked at. */
static unsigned long covered(unsigned long nr, unsigned int order)
{
    return order >= REGION_EXTENT_ORDER ? nr : 1;
}

int arch_region_probe(struct domain *d, gfn_t gfn, unsigned long *nr)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    unsigned long wanted = *nr;
    unsigned int order;
    p2m_type_t t;

    *nr = 0;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_read_lock(p2m);
    p2m_get_entry(p2m, gfn, &t, NULL, &order, NULL);
    p2m_read_unlock(p2m);

    if ( t != p2m_invalid )
        return -EEXIST;

    *nr = covered(wanted, order);

    return 0;
}

/* That's what p2m_set_entry() says when there's no memory for a table. */
static int no_table(int rc)
{
    return rc == -ENOENT ? -ENOMEM : rc;
}

/*
 * Undoes a change to a foreign type, and drops the reference that the entry
 * was to have.  What p2m_set_entry() has failed with may have come after the
 * change.  An entry that stays foreign, as it does when the domain is dying,
 * has the reference: relinquish_p2m_mapping() drops it.
 */
static void make_ram(struct p2m_domain *p2m, gfn_t gfn, mfn_t mfn,
                     p2m_access_t a)
{
    p2m_type_t t = p2m_ram_rw;

    if ( p2m_set_entry(p2m, gfn, 1, mfn, p2m_ram_rw, a) )
        p2m_get_entry(p2m, gfn, &t, NULL, NULL, NULL);

    if ( t == p2m_ram_rw )
        put_page(mfn_to_page(mfn));
    else if ( !p2m->domain->is_dying )
        domain_crash(p2m->domain);
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

    /* Likewise; with the entry go references, and the caller's are to stay. */
    if ( !mfn_eq(p2m_get_entry(p2m, gfn, NULL, NULL, NULL, NULL),
                 INVALID_MFN) )
    {
        region_get_pages(page, nr);
        p2m_set_entry(p2m, gfn, nr, INVALID_MFN, p2m_invalid, p2m_access_rwx);
    }

    return no_table(rc);
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
    struct page_info *page = mfn_to_page(mfn);
    unsigned long i;
    int rc;

    /* A static page is meant for this domain. */
    if ( page->count_info & PGC_static )
        return -EINVAL;

    /* One that can't be taken need not be the first. */
    if ( nr > 1 && !region_can_claim(d, page, nr) )
        nr = 1;

    /* Those that the new entry is to hold. */
    for ( i = 0; i < nr; i++ )
        if ( !get_page(page + i, d) )
        {
            region_put_pages(page, i);
            return -ENOENT;
        }

    rc = p2m_set_entry(p2m, gfn, nr, mfn, nt, p2m->default_access);

    for ( i = 0; !rc && i < nr; i++ )
    {
        rc = region_claim_page(d, page + i);
        if ( !rc )
            ++*done;
    }

    for ( i = *done; i < nr; i++ )
        make_ram(p2m, gfn_add(gfn, i), mfn_add(mfn, i), a);

    return no_table(rc);
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
    int rc;

    *nr = 0;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_write_lock(p2m);

    mfn = p2m_get_entry(p2m, gfn, &t, &a, &order, NULL);
    if ( d->is_dying )
        rc = -ESRCH;
    else if ( t == p2m_ram_rw && mfn_valid(mfn) )
        rc = take_pages(p2m, gfn, mfn, covered(wanted, order),
                        region_type(readonly), a, nr);
    else
        rc = -ENOENT;
    for ( i = 0; clear && i < *nr; i++ )
    {
        clear_domain_page(mfn_add(mfn, i));
        /* A guest may read it before its caches are on. */
        flush_page_to_ram(mfn_x(mfn) + i, false);
    }

    p2m_write_unlock(p2m);

    return rc;
}

/* The page of a region that's at gfn, and the order of its entry; or NULL. */
static struct page_info *look_up(struct p2m_domain *p2m, gfn_t gfn,
                                 unsigned int *order)
{
    p2m_type_t t;
    mfn_t mfn = p2m_get_entry(p2m, gfn, &t, NULL, order, NULL);

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

    if ( !gfn_is_in_range(gfn) )
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
    unsigned long wanted = *nr;
    unsigned int order;
    int rc = 0;

    *nr = 0;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_write_lock(p2m);

    if ( d->is_dying )
        rc = -ESRCH;
    else
    {
        bool there = look_up(p2m, gfn, &order);

        wanted = covered(wanted, order);
        if ( there )
            rc = p2m_set_entry(p2m, gfn, wanted, INVALID_MFN, p2m_invalid,
                               p2m_access_rwx);
    }

    p2m_write_unlock(p2m);

    if ( !rc )
        *nr = wanted;

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
