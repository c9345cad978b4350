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

int arch_region_probe(struct domain *d, gfn_t gfn)
{
    p2m_type_t t;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_lookup(d, gfn, &t);

    return t == p2m_invalid ? 0 : -EEXIST;
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

/* Hands a reference to the page over to the entry; there's none so far. */
static int add_page(struct p2m_domain *p2m, gfn_t gfn, struct page_info *page,
                    p2m_type_t nt)
{
    int rc = p2m_set_entry(p2m, gfn, 1, page_to_mfn(page), nt,
                           p2m->default_access);

    if ( !rc )
        return 0;

    /* Likewise; with the entry goes the reference. */
    if ( mfn_eq(p2m_get_entry(p2m, gfn, NULL, NULL, NULL, NULL), INVALID_MFN) )
        put_page(page);
    else
        p2m_set_entry(p2m, gfn, 1, INVALID_MFN, p2m_invalid, p2m_access_rwx);

    return no_table(rc);
}

/* Its entry in p2m, which is locked, is that of RAM, with access a. */
static int take_page(struct p2m_domain *p2m, gfn_t gfn, mfn_t mfn,
                     p2m_type_t nt, p2m_access_t a)
{
    struct domain *d = p2m->domain;
    struct page_info *page = mfn_to_page(mfn);
    int rc;

    /* A static page is meant for this domain. */
    if ( page->count_info & PGC_static )
        return -EINVAL;

    /* The one that the new entry is to hold. */
    if ( !get_page(page, d) )
        return -ENOENT;

    rc = p2m_set_entry(p2m, gfn, 1, mfn, nt, p2m->default_access);
    if ( !rc )
        rc = region_claim_page(d, page);
    if ( rc )
        make_ram(p2m, gfn, mfn, a);

    return no_table(rc);
}

int arch_region_take(struct domain *d, gfn_t gfn, bool readonly, bool clear)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn;
    int rc;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_write_lock(p2m);

    mfn = p2m_get_entry(p2m, gfn, &t, &a, NULL, NULL);
    if ( d->is_dying )
        rc = -ESRCH;
    else if ( t == p2m_ram_rw && mfn_valid(mfn) )
        rc = take_page(p2m, gfn, mfn, region_type(readonly), a);
    else
        rc = -ENOENT;
    if ( !rc && clear )
    {
        clear_domain_page(mfn);
        /* A guest may read it before its caches are on. */
        flush_page_to_ram(mfn_x(mfn), false);
    }

    p2m_write_unlock(p2m);

    return rc;
}

int arch_region_map(struct domain *d, gfn_t gfn, struct page_info *page,
                    bool readonly)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    p2m_type_t t;
    int rc;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_write_lock(p2m);

    p2m_get_entry(p2m, gfn, &t, NULL, NULL, NULL);

    if ( t != p2m_invalid )
        rc = -EEXIST;
    /*
     * With the p2m locked here, and is_dying set before
     * relinquish_p2m_mapping() locks it, no entry can be added behind the
     * latter's back.
     */
    else if ( d->is_dying )
        rc = -ESRCH;
    else if ( !get_page(page, dom_region) )
        rc = -ENOENT;
    else
        rc = add_page(p2m, gfn, page, region_type(readonly));

    p2m_write_unlock(p2m);

    return rc;
}

int arch_region_unmap(struct domain *d, gfn_t gfn)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    p2m_type_t t;
    mfn_t mfn;
    int rc = 0;

    if ( !gfn_is_in_range(gfn) )
        return -ERANGE;

    p2m_write_lock(p2m);

    mfn = p2m_get_entry(p2m, gfn, &t, NULL, NULL, NULL);
    if ( d->is_dying )
        rc = -ESRCH;
    else if ( p2m_is_foreign(t) && is_region_page(mfn_to_page(mfn)) )
        rc = p2m_set_entry(p2m, gfn, 1, INVALID_MFN, p2m_invalid,
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
