/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XENMEM_region_op: the part that is the same for all architectures, see
 * xen/region.h.
 */

#include <xen/domain.h>
#include <xen/err.h>
#include <xen/event.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/init.h>
#include <xen/paging.h>
#include <xen/region.h>
#include <xen/sched.h>

#include <xsm/xsm.h>

struct domain *__read_mostly dom_region;

static int __init cf_check region_init(void)
{
    dom_region = domain_create(DOMID_REGION, NULL, 0);
    if ( IS_ERR(dom_region) )
        panic("Failed to create the owner of regions: %ld\n",
              PTR_ERR(dom_region));

    return 0;
}
__initcall(region_init);

bool region_can_claim(const struct domain *d, const struct page_info *page,
                      unsigned long nr)
{
    for ( ; nr; nr--, page++ )
        if ( page_get_owner(page) != d || is_special_page(page) ||
             (page->count_info & (PGC_count_mask | PGC_allocated)) !=
             (PGC_allocated | 1) )
            return false;

    return true;
}

int region_claim_page(struct domain *d, struct page_info *page)
{
    unsigned long x, y = page->count_info;
    bool drop_dom_ref;

    if ( page_get_owner(page) != d || is_special_page(page) )
        return -EINVAL;

    nrspin_lock(&d->page_alloc_lock);

    /* Not behind the back of who relinquishes the pages of a dying domain. */
    if ( d->is_dying )
    {
        nrspin_unlock(&d->page_alloc_lock);
        return -ESRCH;
    }

    /* With a count of 0 nobody gets another reference until it's done. */
    do {
        x = y;
        if ( (x & (PGC_count_mask | PGC_allocated)) != (PGC_allocated | 2) )
        {
            nrspin_unlock(&d->page_alloc_lock);
            return -EBUSY;
        }
        y = cmpxchg(&page->count_info, x,
                    x & ~(PGC_count_mask | PGC_allocated));
    } while ( x != y );

    page_list_del(page, page_to_list(d, page));
    drop_dom_ref = !domain_adjust_tot_pages(d, -1);

    nrspin_unlock(&d->page_alloc_lock);

    nrspin_lock(&dom_region->page_alloc_lock);

    page_set_owner(page, dom_region);
    page_list_add_tail(page, &dom_region->page_list);
    if ( domain_adjust_tot_pages(dom_region, 1) == 1 )
        get_knownalive_domain(dom_region);
    smp_wmb(); /* The owner has to be visible before there's a reference. */
    arch_fetch_and_add(&page->count_info, 1);

    nrspin_unlock(&dom_region->page_alloc_lock);

    if ( unlikely(drop_dom_ref) )
        put_domain(d);

    return 0;
}

void region_get_pages(struct page_info *page, unsigned long nr)
{
    for ( ; nr; nr--, page++ )
        arch_fetch_and_add(&page->count_info, 1);
}

void region_put_pages(struct page_info *page, unsigned long nr)
{
    for ( ; nr; nr--, page++ )
        put_page(page);
}

static int try_map(struct domain *d, gfn_t gfn, struct domain *source,
                   gfn_t source_gfn, bool readonly, unsigned long *nr)
{
    struct page_info *page = arch_region_get(source, source_gfn, nr);
    int rc;

    if ( !page )
        return -ENOENT;

    rc = arch_region_map(d, gfn, page, *nr, readonly);
    if ( rc )
        region_put_pages(page, *nr);

    return rc;
}

static int map_extent(struct domain *d, gfn_t gfn, struct domain *source,
                      gfn_t source_gfn, bool readonly, unsigned long *nr)
{
    int rc = try_map(d, gfn, source, source_gfn, readonly, nr);

    /* One that stands in the way need not be the first. */
    if ( rc && *nr > 1 )
    {
        *nr = 1;
        rc = try_map(d, gfn, source, source_gfn, readonly, nr);
    }

    if ( rc )
        *nr = 0;

    return rc;
}

static int do_extent(const struct xen_region_op *op, struct domain *d,
                     struct domain *source, unsigned long *nr)
{
    bool readonly = op->flags & XENMEM_REGION_readonly;
    gfn_t gfn = _gfn(op->gfn);

    switch ( op->op )
    {
    case XENMEM_REGION_OP_probe:
        return arch_region_probe(d, gfn, nr);

    case XENMEM_REGION_OP_take:
        return arch_region_take(d, gfn, readonly,
                                op->flags & XENMEM_REGION_clear, nr);

    case XENMEM_REGION_OP_map:
        return map_extent(d, gfn, source, _gfn(op->source_gfn), readonly, nr);

    case XENMEM_REGION_OP_unmap:
        return arch_region_unmap(d, gfn, nr);
    }

    ASSERT_UNREACHABLE();
    return -EINVAL;
}

/* source_gfn is 0 where there's no source. */
static unsigned long extent_at(const struct xen_region_op *op)
{
    return op->nr >= REGION_EXTENT &&
           IS_ALIGNED(op->gfn | op->source_gfn, REGION_EXTENT)
           ? REGION_EXTENT : 1;
}

static int do_range(struct xen_region_op *op, struct domain *d,
                    struct domain *source)
{
    while ( op->nr )
    {
        unsigned long nr = extent_at(op);
        int rc = do_extent(op, d, source, &nr);

        op->gfn += nr;
        if ( source )
            op->source_gfn += nr;
        op->nr -= nr;

        if ( rc )
            return rc;

        if ( op->nr && (nr > 1 || !(op->nr % 64)) &&
             hypercall_preempt_check() )
            return -ERESTART;
    }

    return 0;
}

static int check_op(const struct xen_region_op *op)
{
    static const uint8_t flags[] = {
        [XENMEM_REGION_OP_take] = XENMEM_REGION_readonly | XENMEM_REGION_clear,
        [XENMEM_REGION_OP_map] = XENMEM_REGION_readonly,
        [XENMEM_REGION_OP_unmap] = 0,
    };

    if ( op->op >= ARRAY_SIZE(flags) || (op->flags & ~flags[op->op]) ||
         op->pad || op->gfn + op->nr < op->gfn ||
         op->source_gfn + op->nr < op->source_gfn )
        return -EINVAL;

    /* On 32-bit Arm a GFN has fewer bits. */
    if ( op->gfn + op->nr > ULONG_MAX || op->source_gfn + op->nr > ULONG_MAX )
        return -ERANGE;

    return op->op != XENMEM_REGION_OP_map && (op->source || op->source_gfn)
           ? -EINVAL : 0;
}

/* Everybody whose physmap changes, or is read, has to be somebody else. */
static int lock_domain(domid_t domid, struct domain **d)
{
    int rc = rcu_lock_live_remote_domain_by_id(domid, d);

    /* It's dying. */
    return rc == -EINVAL ? -ESRCH : rc;
}

static int check_rights(struct domain *d, struct domain *source)
{
    int rc = xsm_add_to_physmap(XSM_TARGET, current->domain, d);

    return rc ?: xsm_region_op(XSM_PRIV, d, source ?: d);
}

static int do_op(struct xen_region_op *op, struct domain *d)
{
    struct domain *source = NULL;
    int rc;

    if ( op->op == XENMEM_REGION_OP_map )
    {
        rc = lock_domain(op->source, &source);
        if ( rc )
            return rc;
    }

    rc = check_rights(d, source);
    if ( !rc && (!paging_mode_translate(d) || d == source ||
                 (source && !paging_mode_translate(source))) )
        rc = -EINVAL;
    if ( !rc )
        rc = do_range(op, d, source);

    if ( source )
        rcu_unlock_domain(source);

    return rc;
}

int region_op(XEN_GUEST_HANDLE_PARAM(xen_region_op_t) arg)
{
    struct xen_region_op op;
    struct domain *d;
    int rc;

    if ( copy_from_guest(&op, arg, 1) )
        return -EFAULT;

    rc = check_op(&op);
    if ( rc )
        return rc;

    rc = lock_domain(op.domid, &d);
    if ( rc )
        return rc;

    rc = do_op(&op, d);
    rcu_unlock_domain(d);

    /* The structure is where a call that's continued goes on. */
    if ( __copy_to_guest(arg, &op, 1) )
        return -EFAULT;

    return rc != -ERESTART
           ? rc : hypercall_create_continuation(__HYPERVISOR_memory_op, "lh",
                                                XENMEM_region_op, arg);
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
