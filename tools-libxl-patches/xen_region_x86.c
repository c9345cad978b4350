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

int arch_region_probe(struct domain *d, gfn_t gfn)
{
    p2m_type_t t;
    mfn_t mfn;

    if ( !gfn_valid(d, gfn) )
        return -ERANGE;

    mfn = get_gfn_query(d, gfn_x(gfn), &t);
    put_gfn(d, gfn_x(gfn));

    return is_empty(t, mfn) ? 0 : -EEXIST;
}

/* What p2m_set_entry() has failed with may have come after the change. */
static void make_ram(struct p2m_domain *p2m, gfn_t gfn, mfn_t mfn,
                     p2m_access_t a)
{
    p2m_type_t t;

    if ( !p2m_set_entry(p2m, gfn, mfn, PAGE_ORDER_4K, p2m_ram_rw, a) )
        return;

    p2m->get_entry(p2m, gfn, &t, &a, 0, NULL, NULL);
    if ( t != p2m_ram_rw )
        domain_crash(p2m->domain);
}

static int remove_page(struct p2m_domain *p2m, gfn_t gfn)
{
    return p2m_set_entry(p2m, gfn, INVALID_MFN, PAGE_ORDER_4K, p2m_invalid,
                         p2m->default_access);
}

/* There's nothing at gfn so far. */
static int add_page(struct p2m_domain *p2m, gfn_t gfn, struct page_info *page,
                    p2m_type_t nt)
{
    int rc = p2m_set_entry(p2m, gfn, page_to_mfn(page), PAGE_ORDER_4K, nt,
                           p2m->default_access);

    /* Likewise. */
    if ( rc )
        remove_page(p2m, gfn);

    return rc;
}

/* Its entry in p2m, which is locked, is that of RAM, with access a. */
static int take_page(struct p2m_domain *p2m, gfn_t gfn, mfn_t mfn,
                     p2m_type_t nt, p2m_access_t a)
{
    struct domain *d = p2m->domain;
    int rc = p2m_set_entry(p2m, gfn, mfn, PAGE_ORDER_4K, nt,
                           p2m->default_access);

    /* The new entry's reference is the one to stay. */
    if ( !rc )
        rc = region_claim_page(d, mfn_to_page(mfn));
    if ( rc )
    {
        make_ram(p2m, gfn, mfn, a);
        return rc;
    }

    set_gpfn_from_mfn(mfn_x(mfn), INVALID_M2P_ENTRY);
    ioreq_request_mapcache_invalidate(d);

    return 0;
}

int arch_region_take(struct domain *d, gfn_t gfn, bool readonly, bool clear)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    p2m_access_t a;
    p2m_type_t t;
    mfn_t mfn;
    int rc = check_domain(d, gfn);

    if ( rc )
        return rc;

    mfn = get_gfn_type_access(p2m, gfn_x(gfn), &t, &a,
                              P2M_ALLOC | P2M_UNSHARE, NULL);

    rc = t == p2m_ram_rw
         ? take_page(p2m, gfn, mfn, region_type(readonly), a) : -ENOENT;
    if ( !rc && clear )
    {
        /* The guest may have been allowed to write until then. */
        p2m_tlb_flush_sync(p2m);
        clear_domain_page(mfn);
    }

    put_gfn(d, gfn_x(gfn));

    return rc;
}

int arch_region_map(struct domain *d, gfn_t gfn, struct page_info *page,
                    bool readonly)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    p2m_type_t t;
    mfn_t mfn;
    int rc = check_domain(d, gfn);

    if ( rc )
        return rc;

    mfn = get_gfn_query(d, gfn_x(gfn), &t);

    if ( !is_empty(t, mfn) )
        rc = -EEXIST;
    /*
     * With the p2m locked here, and is_dying set before
     * relinquish_p2m_mapping() locks it, no entry can be added behind the
     * latter's back.
     */
    else if ( d->is_dying )
        rc = -ESRCH;
    else
        rc = add_page(p2m, gfn, page, region_type(readonly));

    put_gfn(d, gfn_x(gfn));

    return rc;
}

int arch_region_unmap(struct domain *d, gfn_t gfn)
{
    struct p2m_domain *p2m = p2m_get_hostp2m(d);
    struct page_info *page = NULL;
    p2m_type_t t;
    mfn_t mfn;
    int rc = 0;

    if ( !gfn_valid(d, gfn) )
        return -ERANGE;

    mfn = get_gfn_query(d, gfn_x(gfn), &t);

    if ( p2m_is_foreign(t) )
        page = get_page_from_mfn(mfn, dom_region);
    if ( page )
        rc = remove_page(p2m, gfn);

    put_gfn(d, gfn_x(gfn));

    /* A page isn't freed with the p2m locked. */
    if ( page )
    {
        ioreq_request_mapcache_invalidate(d);
        put_page(page);
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
