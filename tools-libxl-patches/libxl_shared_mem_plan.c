/*
 * What static shared memory decides before anything is done.  The header
 * tells what each function promises.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include <inttypes.h>
#include <stdio.h>

#include "libxl_shared_mem_plan.h"

#define PAGE_SIZE ((uint64_t)LIBXL__SHARED_MEM_PAGE_SIZE)

/* A region can be in two page tables more than its length tells, on each of
 * the three levels below the root.  libxl gives a page for each MiB of RAM. */
#define PAGING_SLACK_KB (2 * 3 * 1024)

/* In pages, as powers of two: 1 GiB, 2 MiB, 4 KiB.  These are the sizes that
 * the second-stage page tables of both architectures know. */
static const unsigned int orders[] = { LIBXL__SHARED_MEM_MAX_ORDER, 9, 0 };

static bool overlap(const libxl__shared_mem_range *a,
                    const libxl__shared_mem_range *b)
{
    return a->size && b->size &&
           a->begin <= b->begin + (b->size - 1) &&
           b->begin <= a->begin + (a->size - 1);
}

static bool same_id(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* What is wrong with a region by itself: a static string, or NULL. */
static const char *region_problem(const libxl__shared_mem_range *region)
{
    if (!region->name || !libxl__shared_mem_id_is_valid(region->name))
        return "an ID is 1 to 31 characters of A-Z a-z 0-9 _ -";

    if (!region->size)
        return "the range is empty";

    if (region->begin % PAGE_SIZE || region->size % PAGE_SIZE)
        return "begin and size have to be multiples of 0x1000";

    if (region->begin > LIBXL__SHARED_MEM_ADDR_LIMIT ||
        region->size > LIBXL__SHARED_MEM_ADDR_LIMIT - region->begin)
        return "the range ends above 2^52, which no guest can address";

    return NULL;
}

unsigned int
libxl__shared_mem_check_list(const libxl__shared_mem_range *regions,
                             unsigned int nr,
                             char reason_r[LIBXL__SHARED_MEM_REASON_SIZE])
{
    unsigned int i, j;

    for (i = 0; i < nr; i++) {
        const libxl__shared_mem_range *region = &regions[i];
        const char *problem = region_problem(region);

        if (problem) {
            snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE, "%s", problem);
            return i;
        }

        if (i == LIBXL__SHARED_MEM_REGIONS_MAX) {
            snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                     "a domain can have no more than %d regions",
                     LIBXL__SHARED_MEM_REGIONS_MAX);
            return i;
        }

        for (j = 0; j < i; j++) {
            if (same_id(region->name, regions[j].name)) {
                snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                         "a domain can name a region only once");
                return i;
            }
            if (overlap(region, &regions[j])) {
                snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                         "its range overlaps the one of region %s",
                         regions[j].name);
                return i;
            }
        }
    }

    return nr;
}

const libxl__shared_mem_range *
libxl__shared_mem_hit(const libxl__shared_mem_range *table, unsigned int nr,
                      const libxl__shared_mem_range *range)
{
    unsigned int i;

    for (i = 0; i < nr; i++)
        if (overlap(&table[i], range))
            return &table[i];

    return NULL;
}

bool libxl__shared_mem_may_join(const libxl__shared_mem_record *record,
                                const libxl__shared_mem_range *range,
                                char reason_r[LIBXL__SHARED_MEM_REASON_SIZE])
{
    if (range->size != record->size) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "the range has 0x%"PRIx64" bytes, but the region, which "
                 "domain %"PRIu32" owns, has 0x%"PRIx64,
                 range->size, record->owner, record->size);
        return false;
    }

    if (record->control) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "the region has a control page (control=yes)");
        return false;
    }

    if (record->nr_mappings >= LIBXL__SHARED_MEM_PEERS_MAX) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "the region has %d peers, and can have no more",
                 LIBXL__SHARED_MEM_PEERS_MAX);
        return false;
    }

    return true;
}

unsigned int libxl__shared_mem_next_extents(uint64_t gfn, uint64_t nr,
                                            unsigned int max_order,
                                            unsigned int max_extents,
                                            unsigned int *order_r)
{
    unsigned int i, order = 0;
    uint64_t pages = nr;

    for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        uint64_t extent = UINT64_C(1) << orders[i];
        uint64_t head = -gfn & (extent - 1);

        if (orders[i] > max_order)
            continue;

        if (!head && nr >= extent) {
            order = orders[i];
            break;
        }

        /* One of this order fits behind the next boundary: stop there. */
        if (nr >= head + extent && head < pages)
            pages = head;
    }

    *order_r = order;
    pages >>= order;
    return pages < max_extents ? pages : max_extents;
}

unsigned int libxl__shared_mem_smaller_order(unsigned int order)
{
    unsigned int i = 0;

    while (orders[i] >= order)
        i++;

    return orders[i];
}

uint64_t libxl__shared_mem_paging_kb(const libxl__shared_mem_range *regions,
                                     unsigned int nr)
{
    uint64_t kb = 0;
    unsigned int i;

    for (i = 0; i < nr; i++)
        kb += regions[i].size / 1024 + PAGING_SLACK_KB;

    return kb;
}
