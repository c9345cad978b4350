/*
 * What static shared memory decides before anything is done.  The header
 * tells what each function promises.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include <inttypes.h>
#include <stdio.h>

#include "libxl_shared_mem_plan.h"
#include "shared_mem/abi.h"

#define PAGE_SIZE ((uint64_t)LIBXL__SHARED_MEM_PAGE_SIZE)

/* A region can be in two page tables more than its length tells, on each of
 * the three levels below the root.  libxl gives a page for each MiB of RAM. */
#define PAGING_SLACK_KB (2 * 3 * 1024)

/* In pages, as powers of two: 1 GiB, 2 MiB, 4 KiB.  These are the sizes that
 * the second-stage page tables of both architectures know. */
static const unsigned int orders[] = { 18, 9, 0 };

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Of one that does not reach the end of the 64-bit address space. */
static uint64_t range_end(const libxl__shared_mem_range *range)
{
    return range->begin + range->size;
}

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
        return "begin and size have to be multiples of 4096";

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
                     "a domain has at most %d regions",
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

bool
libxl__shared_mem_check_factory(const libxl__shared_mem_range *regions,
                                unsigned int nr,
                                const libxl__shared_mem_range *page,
                                char reason_r[LIBXL__SHARED_MEM_REASON_SIZE])
{
    unsigned int i;

    if (page->begin % PAGE_SIZE) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "the address has to be a multiple of 4096");
        return false;
    }

    if (page->begin >= LIBXL__SHARED_MEM_ADDR_LIMIT) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "the address is not below 2^52, and no guest can use it");
        return false;
    }

    if (nr > SHARED_MEM_ENTRIES_MAX) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "the page has room for %u regions, and the domain has %u",
                 SHARED_MEM_ENTRIES_MAX, nr);
        return false;
    }

    for (i = 0; i < nr; i++) {
        if (overlap(page, &regions[i])) {
            snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                     "the page overlaps the range of region %s",
                     regions[i].name);
            return false;
        }
        if (regions[i].size / PAGE_SIZE > UINT32_MAX) {
            snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                     "the page cannot describe 16 TiB or more, which region "
                     "%s has", regions[i].name);
            return false;
        }
    }

    return true;
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

libxl__shared_mem_place
libxl__shared_mem_find_place(const libxl__shared_mem_range *ram,
                             unsigned int nr,
                             const libxl__shared_mem_range *range,
                             const libxl__shared_mem_range **bank_r)
{
    const libxl__shared_mem_range *bank;

    bank = *bank_r = libxl__shared_mem_hit(ram, nr, range);
    if (!bank)
        return LIBXL__SHARED_MEM_OUTSIDE;

    return range->begin >= bank->begin && range_end(range) <= range_end(bank)
           ? LIBXL__SHARED_MEM_INSIDE : LIBXL__SHARED_MEM_ACROSS;
}

bool libxl__shared_mem_find_free(const libxl__shared_mem_range *used,
                                 unsigned int nr, uint64_t from,
                                 uint64_t size, uint64_t limit,
                                 uint64_t *address_r)
{
    const libxl__shared_mem_range *hit;
    libxl__shared_mem_range range = { .begin = from, .size = size };
    uint64_t alignment = PAGE_SIZE;
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(orders); i++) {
        if (PAGE_SIZE << orders[i] <= size) {
            alignment = PAGE_SIZE << orders[i];
            break;
        }
    }

    for (;;) {
        range.begin = (range.begin + alignment - 1) & -alignment;
        if (range.begin > limit || size > limit - range.begin)
            return false;

        hit = libxl__shared_mem_hit(used, nr, &range);
        if (!hit)
            break;
        range.begin = range_end(hit);
    }

    *address_r = range.begin;
    return true;
}

/*----- Peers of a region -----*/

/* For a region that nobody has. */
static const char *new_region_problem(const libxl__shared_mem_request *request)
{
    if (request->must_borrow)
        return "role=borrower, but no domain has the region: create one that "
               "owns it first";

    if (request->has_offset)
        return "offset= takes a part of a region, but no domain has the "
               "region: create one that owns it first";

    return NULL;
}

/* Whether the request fits into the region; says why not. */
static bool fits(const libxl__shared_mem_record *record,
                 const libxl__shared_mem_request *request,
                 char reason_r[LIBXL__SHARED_MEM_REASON_SIZE])
{
    const uint64_t size = request->range.size;

    if (!request->has_offset && size != record->size) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "the range has 0x%"PRIx64" bytes, but the region, which "
                 "domain %"PRIu32" owns, has 0x%"PRIx64"; offset= takes a "
                 "part of it", size, record->owner, record->size);
        return false;
    }

    if (request->offset > record->size ||
        size > record->size - request->offset) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "0x%"PRIx64" bytes from offset 0x%"PRIx64" end behind the "
                 "region, which domain %"PRIu32" owns, and which has "
                 "0x%"PRIx64, size, request->offset, record->owner,
                 record->size);
        return false;
    }

    return true;
}

bool libxl__shared_mem_may_have(const libxl__shared_mem_record *record,
                                const libxl__shared_mem_request *request,
                                char reason_r[LIBXL__SHARED_MEM_REASON_SIZE])
{
    if (!record->nr_mappings) {
        const char *problem = new_region_problem(request);

        if (problem)
            snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE, "%s", problem);
        return !problem;
    }

    if (request->must_own) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "role=owner, but the region exists: domain %"PRIu32" owns it",
                 record->owner);
        return false;
    }

    if (!fits(record, request, reason_r))
        return false;

    if (record->control != request->control) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "control=%s, but the region, which domain %"PRIu32" owns, "
                 "has %s control page: all peers have to agree",
                 request->control ? "yes" : "no", record->owner,
                 record->control ? "a" : "no");
        return false;
    }

    if (record->nr_mappings >= LIBXL__SHARED_MEM_PEERS_MAX) {
        snprintf(reason_r, LIBXL__SHARED_MEM_REASON_SIZE,
                 "the region has %d peers, and can have no more: destroy one "
                 "first",
                 LIBXL__SHARED_MEM_PEERS_MAX);
        return false;
    }

    return true;
}

/*
 * The peer to take what is at offset from: the owner if it has that, else the
 * one that has most of what follows.  If there is none, *gap_r is how many
 * bytes none has; UINT64_MAX: all to the end of the region.
 */
static const libxl__shared_mem_mapping *
find_source(const libxl__shared_mem_record *record, uint64_t offset,
            uint64_t *gap_r)
{
    const libxl__shared_mem_mapping *mapping, *best = NULL;
    unsigned int i;

    *gap_r = UINT64_MAX;

    for (i = 0; i < record->nr_mappings; i++) {
        mapping = &record->mappings[i];

        if (mapping->offset > offset) {
            if (mapping->offset - offset < *gap_r)
                *gap_r = mapping->offset - offset;
            continue;
        }
        if (offset - mapping->offset >= mapping->size)
            continue;
        if (mapping->domid == record->owner)
            return mapping;
        if (!best || mapping->offset + mapping->size >
                     best->offset + best->size)
            best = mapping;
    }

    return best;
}

const libxl__shared_mem_mapping *
libxl__shared_mem_next_source(const libxl__shared_mem_record *record,
                              uint64_t offset,
                              const libxl__shared_mem_mapping *previous)
{
    const libxl__shared_mem_mapping *mapping =
        previous ? previous + 1 : record->mappings;

    for (; mapping < record->mappings + record->nr_mappings; mapping++)
        if (mapping->offset <= offset &&
            offset - mapping->offset < mapping->size)
            return mapping;

    return NULL;
}

unsigned int libxl__shared_mem_split(
    const libxl__shared_mem_record *record,
    const libxl__shared_mem_request *request,
    libxl__shared_mem_segment segments_r[LIBXL__SHARED_MEM_SEGMENTS_MAX])
{
    const uint64_t size = request->range.size;
    uint64_t done, available;
    unsigned int nr = 0;

    for (done = 0; done < size; done += segments_r[nr++].size) {
        const uint64_t offset = request->offset + done;
        libxl__shared_mem_segment segment = {
            .begin = request->range.begin + done,
        };
        const libxl__shared_mem_mapping *source =
            find_source(record, offset, &available);

        segment.allocate = !source;
        if (source) {
            uint64_t within = offset - source->offset;

            segment.source = source->domid;
            segment.source_begin = source->begin + within;
            available = source->size - within;
        }
        segment.size = available < size - done ? available : size - done;
        segments_r[nr] = segment;
    }

    return nr;
}

/*----- Memory -----*/

uint64_t libxl__shared_mem_paging_kb(const libxl__shared_mem_range *regions,
                                     unsigned int nr)
{
    uint64_t kb = 0;
    unsigned int i;

    for (i = 0; i < nr; i++)
        kb += regions[i].size / 1024 + PAGING_SLACK_KB;

    return kb;
}

/*----- What the guest is told, and where its memory is -----*/

/* The range with the lowest address that ends behind `from'; or NULL. */
static const libxl__shared_mem_range *
next_range(const libxl__shared_mem_range *ranges, unsigned int nr,
           uint64_t from)
{
    const libxl__shared_mem_range *next = NULL;
    unsigned int i;

    for (i = 0; i < nr; i++)
        if (ranges[i].size && range_end(&ranges[i]) > from &&
            (!next || ranges[i].begin < next->begin))
            next = &ranges[i];

    return next;
}

unsigned int libxl__shared_mem_subtract(const libxl__shared_mem_range *from,
                                        const libxl__shared_mem_range *holes,
                                        unsigned int nr,
                                        libxl__shared_mem_range *pieces_r)
{
    const uint64_t end = range_end(from);
    const libxl__shared_mem_range *hole;
    uint64_t begin = from->begin;
    unsigned int nr_pieces = 0;

    while (begin < end) {
        uint64_t stop = end;

        hole = next_range(holes, nr, begin);
        if (hole && hole->begin < end)
            stop = hole->begin;

        if (stop > begin)
            pieces_r[nr_pieces++] = (libxl__shared_mem_range){
                .begin = begin, .size = stop - begin, .name = from->name,
            };

        begin = stop < end ? range_end(hole) : end;
    }

    return nr_pieces;
}

unsigned int libxl__shared_mem_merge(const libxl__shared_mem_range *ranges,
                                     unsigned int nr,
                                     libxl__shared_mem_range *merged_r)
{
    const libxl__shared_mem_range *range, *next;
    unsigned int nr_merged = 0;
    uint64_t end;

    for (range = next_range(ranges, nr, 0); range; range = next) {
        end = range_end(range);
        while ((next = next_range(ranges, nr, end)) && next->begin <= end)
            end = range_end(next);

        merged_r[nr_merged++] = (libxl__shared_mem_range){
            .begin = range->begin, .size = end - range->begin,
        };
    }

    return nr_merged;
}

/* Adds an entry to a sorted map of *nr entries, unless it is full. */
static bool insert(libxl__shared_mem_map_entry *map, unsigned int *nr,
                   unsigned int max, libxl__shared_mem_map_entry entry)
{
    unsigned int i;

    if (*nr == max)
        return false;

    for (i = (*nr)++; i && map[i - 1].begin > entry.begin; i--)
        map[i] = map[i - 1];
    map[i] = entry;

    return true;
}

/* The rest of one entry of RAM. */
static bool insert_pieces(libxl__shared_mem_map_entry *map, unsigned int *nr,
                          unsigned int max,
                          const libxl__shared_mem_map_entry *entry,
                          const libxl__shared_mem_range *regions,
                          unsigned int nr_regions)
{
    const libxl__shared_mem_range whole = {
        .begin = entry->begin, .size = entry->size,
    };
    libxl__shared_mem_range pieces[LIBXL__SHARED_MEM_REGIONS_MAX + 1];
    unsigned int i, nr_pieces;

    nr_pieces = libxl__shared_mem_subtract(&whole, regions, nr_regions,
                                           pieces);
    for (i = 0; i < nr_pieces; i++) {
        libxl__shared_mem_map_entry piece = {
            .begin = pieces[i].begin,
            .size = pieces[i].size,
            .type = entry->type,
        };

        if (!insert(map, nr, max, piece))
            return false;
    }

    return true;
}

unsigned int
libxl__shared_mem_reserve(const libxl__shared_mem_map_entry *map,
                          unsigned int nr,
                          const libxl__shared_mem_range *regions,
                          unsigned int nr_regions,
                          uint32_t ram, uint32_t reserved,
                          libxl__shared_mem_map_entry *map_r,
                          unsigned int max)
{
    libxl__shared_mem_range merged[LIBXL__SHARED_MEM_REGIONS_MAX];
    unsigned int i, nr_merged, done = 0;

    for (i = 0; i < nr; i++)
        if (map[i].type == ram
            ? !insert_pieces(map_r, &done, max, &map[i], regions, nr_regions)
            : !insert(map_r, &done, max, map[i]))
            return 0;

    nr_merged = libxl__shared_mem_merge(regions, nr_regions, merged);
    for (i = 0; i < nr_merged; i++) {
        libxl__shared_mem_map_entry entry = {
            .begin = merged[i].begin,
            .size = merged[i].size,
            .type = reserved,
        };

        if (!insert(map_r, &done, max, entry))
            return 0;
    }

    return done;
}
