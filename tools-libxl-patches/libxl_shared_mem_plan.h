/*
 * What static shared memory decides before anything is done: whether the
 * regions of a domain make sense, whether a range is free by the layout
 * of its guest and which one is, whether a domain may have a region, where
 * it gets which part of it from, what the guest is told, and where its memory
 * is.  Pure: no I/O, no hypercalls, no Xen headers.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_PLAN_H
#define LIBXL_SHARED_MEM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libxl_shared_mem_record.h"

#pragma GCC visibility push(hidden)

/* The longest explanation that a function below writes, with its NUL. */
#define LIBXL__SHARED_MEM_REASON_SIZE 256

/* No region ends above this guest-physical address.  A guest's own addresses
 * may be narrower, which is for Xen to say. */
#define LIBXL__SHARED_MEM_ADDR_LIMIT (UINT64_C(1) << 52)

/* A run of guest-physical addresses with a name: a region, or what the
 * guest has there.  begin and size are in bytes. */
typedef struct libxl__shared_mem_range {
    uint64_t begin;
    uint64_t size;
    const char *name;
} libxl__shared_mem_range;

/* Both architectures have at most two banks. */
#define LIBXL__SHARED_MEM_RAM_MAX 2

/*
 * What a guest has in its address space: its banks of RAM, and what is to be
 * missed, in RAM or elsewhere.  Where two of used[] overlap, the first one is
 * the one to be named.
 */
typedef struct libxl__shared_mem_layout {
    unsigned int nr_ram;
    libxl__shared_mem_range ram[LIBXL__SHARED_MEM_RAM_MAX];
    unsigned int nr_used;
    libxl__shared_mem_range *used;
} libxl__shared_mem_layout;

/*
 * Checks the list of regions that one domain asks for: their number, and
 * each one's ID, alignment, length, upper end and distinctness from those
 * before it.
 *
 * Returns the index of the first region that is wrong and says in reason_r
 * what is; or returns nr if all is well.
 */
unsigned int
libxl__shared_mem_check_list(const libxl__shared_mem_range *regions,
                             unsigned int nr,
                             char reason_r[LIBXL__SHARED_MEM_REASON_SIZE]);

/*
 * Whether a domain with those regions, which are fine by themselves, can have
 * a factory page at *page.  Returns false and says why in reason_r if not.
 */
bool
libxl__shared_mem_check_factory(const libxl__shared_mem_range *regions,
                                unsigned int nr,
                                const libxl__shared_mem_range *page,
                                char reason_r[LIBXL__SHARED_MEM_REASON_SIZE]);

/* The first of table[] that has an address in common with *range; or NULL.
 * An entry of size 0 hits nothing. */
const libxl__shared_mem_range *
libxl__shared_mem_hit(const libxl__shared_mem_range *table, unsigned int nr,
                      const libxl__shared_mem_range *range);

/* Where a range lies with regard to the guest's RAM. */
typedef enum libxl__shared_mem_place {
    LIBXL__SHARED_MEM_OUTSIDE,  /* has no address in common with it */
    LIBXL__SHARED_MEM_INSIDE,   /* all of it is within one bank */
    LIBXL__SHARED_MEM_ACROSS,   /* neither */
} libxl__shared_mem_place;

/*
 * Finds out where *range lies.  ram[] are the guest's banks, none of which
 * overlaps another or begins where another ends.  *bank_r is the first bank
 * that it has an address in common with; NULL if there is none.
 */
libxl__shared_mem_place
libxl__shared_mem_find_place(const libxl__shared_mem_range *ram,
                             unsigned int nr,
                             const libxl__shared_mem_range *range,
                             const libxl__shared_mem_range **bank_r);

/*
 * The lowest address, from `from' on, at which size bytes fit between used[]
 * and end at `limit' or before it.  It is aligned to the largest page of the
 * second-stage page tables (1 GiB, 2 MiB, 4 KiB) that is not larger than
 * size.  size and from are multiples of the page size, size is not 0.
 * Returns false if there is no such address.
 */
bool libxl__shared_mem_find_free(const libxl__shared_mem_range *used,
                                 unsigned int nr, uint64_t from,
                                 uint64_t size, uint64_t limit,
                                 uint64_t *address_r);

/* What one domain asks for of one region. */
typedef struct libxl__shared_mem_request {
    libxl__shared_mem_range range;      /* named by the ID */
    uint64_t offset;    /* bytes into the region, whole pages */
    bool has_offset;    /* false: offset is 0, and range the whole region */
    bool read_only;
    bool must_own;      /* role=owner */
    bool must_borrow;   /* role=borrower */
    bool control;       /* the region has, or is to have, a control page */
    bool hidden;        /* a new region's record is for its peers alone */
} libxl__shared_mem_request;

/*
 * Whether the domain may have what it asks for of the region in *record,
 * which need not have any peer yet.  Returns false and says why in reason_r
 * if it can't.
 */
bool libxl__shared_mem_may_have(const libxl__shared_mem_record *record,
                                const libxl__shared_mem_request *request,
                                char reason_r[LIBXL__SHARED_MEM_REASON_SIZE]);

/* A part of a range, and where its pages come from. */
typedef struct libxl__shared_mem_segment {
    uint64_t begin;         /* guest-physical address in the new peer */
    uint64_t size;          /* bytes, whole pages, not 0 */
    bool allocate;          /* no peer has it: it is new */
    uint32_t source;        /* else: the peer to take it from, */
    uint64_t source_begin;  /* and its guest-physical address there */
} libxl__shared_mem_segment;

/* Each peer's mapping begins and ends at most one segment. */
#define LIBXL__SHARED_MEM_SEGMENTS_MAX (2 * LIBXL__SHARED_MEM_PEERS_MAX + 1)

/*
 * Splits the range of a request that the domain may have into segments, in
 * order of their addresses.  Parts of a region can be missing: peers that
 * have a part of it do not keep the rest when the others go.  Returns how
 * many segments there are; 1 or more.
 */
unsigned int libxl__shared_mem_split(
    const libxl__shared_mem_record *record,
    const libxl__shared_mem_request *request,
    libxl__shared_mem_segment segments_r[LIBXL__SHARED_MEM_SEGMENTS_MAX]);

/* A region, and what the domain being built does to it; or its factory page,
 * which has no record. */
typedef struct libxl__shared_mem_region {
    bool is_factory;
    libxl__shared_mem_request request;
    libxl__shared_mem_record before;    /* as xenstore has it */
    libxl__shared_mem_record now;       /* without dead peers, later with us */
    bool inside;                        /* the range is RAM of the domain */
    unsigned int nr_segments;
    libxl__shared_mem_segment segments[LIBXL__SHARED_MEM_SEGMENTS_MAX];
} libxl__shared_mem_region;

/*
 * The peers that have what is at offset, whole pages, one by one: the first
 * if previous is NULL, else the one after it; NULL if there is no other.
 */
const libxl__shared_mem_mapping *
libxl__shared_mem_next_source(const libxl__shared_mem_record *record,
                              uint64_t offset,
                              const libxl__shared_mem_mapping *previous);

/*
 * How much RAM, in KiB, the page tables that map the regions correspond to,
 * for the sizing of a domain's paging memory by its RAM.  A region may be
 * mapped in 4 KiB pages, and need intermediate tables of its own.
 */
uint64_t libxl__shared_mem_paging_kb(const libxl__shared_mem_range *regions,
                                     unsigned int nr);

/*
 * What is left of *from without holes[]: pieces_r[], in order of their
 * addresses, with the name of *from.  It has room for nr + 1 pieces.
 * Returns how many there are.
 */
unsigned int libxl__shared_mem_subtract(const libxl__shared_mem_range *from,
                                        const libxl__shared_mem_range *holes,
                                        unsigned int nr,
                                        libxl__shared_mem_range *pieces_r);

/*
 * The addresses of ranges[] as merged_r[]: in order, with one range for those
 * that overlap or are next to each other, without empty ones, and without
 * names.  merged_r has room for nr ranges.  Returns how many there are.
 */
unsigned int libxl__shared_mem_merge(const libxl__shared_mem_range *ranges,
                                     unsigned int nr,
                                     libxl__shared_mem_range *merged_r);

/* An entry of a guest's memory map; types are the platform's (e820). */
typedef struct libxl__shared_mem_map_entry {
    uint64_t begin;     /* guest-physical address in bytes */
    uint64_t size;      /* bytes */
    uint32_t type;
} libxl__shared_mem_map_entry;

/*
 * Reserves regions[], which do not overlap, in the memory map map[]: takes
 * them out of its entries of type `ram', adds entries of type `reserved' (one
 * for regions that are next to each other), and sorts by address.
 *
 * Returns the number of entries of map_r[]; or 0 if there would be more
 * than max of them.
 */
unsigned int
libxl__shared_mem_reserve(const libxl__shared_mem_map_entry *map,
                          unsigned int nr,
                          const libxl__shared_mem_range *regions,
                          unsigned int nr_regions,
                          uint32_t ram, uint32_t reserved,
                          libxl__shared_mem_map_entry *map_r,
                          unsigned int max);

#pragma GCC visibility pop

#endif /* LIBXL_SHARED_MEM_PLAN_H */
