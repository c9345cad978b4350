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
    dom_region->max_pages = UINT_MAX;

    return 0;
}
__initcall(region_init);

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

/*
 * Pages which nobody has so far, all zeros, with a reference each; or NULL.
 * They are as near to d as its own, and none of those that it has claimed.
 */
static struct page_info *allocate_pages(struct domain *d, unsigned long nr)
{
    const unsigned int order = get_order_from_pages(nr);
    struct page_info *page;
    unsigned long i;

    /* Nobody executes them. */
    page = alloc_domheap_pages(d, order, MEMF_no_owner | MEMF_zero |
                                         MEMF_no_icache_flush);
    if ( !page )
        return NULL;

    if ( assign_pages(page, nr, dom_region, 0) )
    {
        free_domheap_pages(page, order);
        return NULL;
    }

    /* The one reference is the caller's, and not that of the allocation. */
    for ( i = 0; i < nr; i++ )
        clear_bit(_PGC_allocated, &page[i].count_info);

    return page;
}

/*
 * What source has of a region at gfn, with a reference to each page; or NULL.
 * *nr: those that are next to each other, and aligned; or else 1.
 */
static struct page_info *get_pages(struct domain *source, gfn_t gfn,
                                   unsigned long *nr)
{
    struct page_info *page, *next;
    unsigned long i, one = 1, wanted = *nr;

    if ( arch_region_look(source, gfn, nr, &page) )
        return NULL;

    /* Those that have entries of their own. */
    for ( i = *nr;
          i < wanted && IS_ALIGNED(mfn_x(page_to_mfn(page)), wanted) &&
          !arch_region_look(source, gfn_add(gfn, i), &one, &next); i++ )
        if ( next != page + i )
        {
            put_page(next);
            break;
        }

    if ( i == wanted )
        *nr = wanted;
    else
        region_put_pages(page + 1, i - 1);

    return page;
}

/* Maps pages of source's, or new ones if that's NULL. */
static int try_map(struct domain *d, gfn_t gfn, struct domain *source,
                   gfn_t source_gfn, bool readonly, unsigned long *nr)
{
    struct page_info *page = source ? get_pages(source, source_gfn, nr)
                                    : allocate_pages(d, *nr);
    int rc;

    if ( !page )
        return source ? -ENOENT : -ENOSPC;

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

    return rc;
}

static int probe(struct domain *d, gfn_t gfn, unsigned long *nr)
{
    struct page_info *page;
    int rc = arch_region_look(d, gfn, nr, &page);

    if ( !rc )
        region_put_pages(page, *nr);

    return rc ? (rc == -ENOENT ? 0 : rc) : -EEXIST;
}

static int do_extent(const struct xen_region_op *op, struct domain *d,
                     struct domain *source, unsigned long *nr)
{
    gfn_t gfn = _gfn(op->gfn);

    switch ( op->op )
    {
    case XENMEM_REGION_OP_probe:
        return probe(d, gfn, nr);

    case XENMEM_REGION_OP_allocate:
    case XENMEM_REGION_OP_map:
        return map_extent(d, gfn, source, _gfn(op->source_gfn),
                          op->flags & XENMEM_REGION_readonly, nr);

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

        if ( rc )
            return rc;

        op->gfn += nr;
        if ( source )
            op->source_gfn += nr;
        op->nr -= nr;

        if ( op->nr && (nr > 1 || !(op->nr % 64)) &&
             hypercall_preempt_check() )
            return -ERESTART;
    }

    return 0;
}

static int check_op(const struct xen_region_op *op)
{
    static const uint8_t flags[] = {
        [XENMEM_REGION_OP_allocate] = XENMEM_REGION_readonly,
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
