/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: memory that several domains have and that belongs to none of them.
 * The interface is XENMEM_region_op, see public/memory.h.
 *
 * A region's pages belong to dom_region.  Each domain that has one maps it as
 * it would another domain's, and each such mapping holds a reference.  There's
 * no other one, so a page is freed with the last mapping.
 */
#ifndef XEN_REGION_H
#define XEN_REGION_H

#include <xen/mm.h>

#include <public/memory.h>

#ifdef CONFIG_HVM

extern struct domain *dom_region;

int region_op(XEN_GUEST_HANDLE_PARAM(xen_region_op_t) arg);

/* The caller holds a reference to the page. */
static inline bool is_region_page(const struct page_info *page)
{
    return page_get_owner(page) == dom_region;
}

/* A page, or as many as one larger entry of the p2m maps. */
#define REGION_EXTENT_ORDER 9
#define REGION_EXTENT (1UL << REGION_EXTENT_ORDER)

/* The pages have a reference already, which nobody drops meanwhile. */
void region_get_pages(struct page_info *page, unsigned long nr);
void region_put_pages(struct page_info *page, unsigned long nr);

/*
 * They return what XENMEM_region_op does; the caller keeps d from going away.
 * *nr is 1, or REGION_EXTENT with GFNs that are aligned to that.  On return it
 * is how many pages there were done, or looked at: all of them, or 1.
 */

/*
 * What d has at gfn.  0: pages of a region, the first of which is *page, and
 * for each of which the caller has to drop a reference.  -ENOENT: nothing.
 * -EEXIST: something else.
 */
int arch_region_look(struct domain *d, gfn_t gfn, unsigned long *nr,
                     struct page_info **page);

/* Maps all of the nr pages, and uses up the caller's references; or none. */
int arch_region_map(struct domain *d, gfn_t gfn, struct page_info *page,
                    unsigned long nr, bool readonly);

int arch_region_unmap(struct domain *d, gfn_t gfn, unsigned long *nr);

#else

static inline int region_op(XEN_GUEST_HANDLE_PARAM(xen_region_op_t) arg)
{
    return -EOPNOTSUPP;
}

static inline bool is_region_page(const struct page_info *page)
{
    return false;
}

#endif

#endif /* XEN_REGION_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
