/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads the factory page: which regions this domain has, where they are, and
 * which peers are alive.  Nothing is written to it.
 *
 * What the functions give is a private copy, made in one consistent piece and
 * checked.  SHARED_MEM_EAGAIN: the toolstack was writing all the while, so try
 * later.  SHARED_MEM_EPROTO: what the page holds cannot be right.
 */
#ifndef SHARED_MEM_FACTORY_H
#define SHARED_MEM_FACTORY_H

#include <stdbool.h>

#include <shared_mem/abi.h>
#include <shared_mem/errors.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Filled by shared_mem_factory_open(); fields are for reading.  One that is
 * all zero bytes, or was not opened for an error, has no regions.
 */
struct shared_mem_factory {
    const volatile uint32_t *page; /* as mapped; NULL: could not be opened */
    uint32_t abi;                  /* version, see abi.h */
    uint32_t domid;                /* this domain's own */
    uint32_t count;                /* regions, when it was opened */
    uint32_t entry_offset;         /* bytes; the whole table is in the page */
    uint32_t entry_size;
    bool traps;                    /* see shared_mem_factory_traps() */
};

/*
 * One region as this domain has it, checked.  Laid out as the table's entry, of
 * which it is a copy.
 */
struct shared_mem_region {
    char name[SHARED_MEM_NAME_SIZE]; /* 1 to 31 bytes and a NUL */
    uint64_t gpa;        /* page-aligned; the mapping ends at 2^52 at most */
    uint64_t generation; /* another, higher number when a peer comes or goes */
    uint32_t pages;      /* of this domain's mapping, at least 1 */
    uint32_t offset;     /* of the mapping in the region, in pages */
    uint32_t alive;      /* bit n: the peer with index n; own bit is set */
    uint8_t index;       /* this domain's own, 0 to 31 */
    uint8_t flags;       /* SHARED_MEM_ENTRY_*, no others */
    uint16_t number;     /* in the table, from 0 */
};

static inline bool shared_mem_read_only(const struct shared_mem_region *region)
{
    return region->flags & SHARED_MEM_ENTRY_READ_ONLY;
}

/* Whether the mapping begins with the control page. */
static inline bool
shared_mem_has_control(const struct shared_mem_region *region)
{
    return region->flags & SHARED_MEM_ENTRY_CONTROL && !region->offset;
}

/*
 * @page is where the guest has mapped the factory page, 4096-byte aligned.  It
 * has to stay mapped while @factory is in use.  SHARED_MEM_EPROTO also tells
 * that there is no factory page, or one of a major version not known here.
 */
int shared_mem_factory_open(struct shared_mem_factory *factory,
                            const void *page);

/*
 * Region @number of the table as it is now: in the order of the domain's
 * config, then of what was attached.  SHARED_MEM_ENOENT: there are not so many.
 * When a region is detached, those behind it move up.
 */
int shared_mem_factory_region(const struct shared_mem_factory *factory,
                              uint32_t number,
                              struct shared_mem_region *region);

/*
 * SHARED_MEM_ENOENT: this domain has no region of that @name.  EAGAIN: it was
 * not there, but the table has changed meanwhile.
 */
int shared_mem_factory_find(const struct shared_mem_factory *factory,
                            const char *name,
                            struct shared_mem_region *region);

/*
 * Whether the registers at the begin of the page do something, as those of the
 * QNX hypervisor.  The functions above need none of them.
 */
static inline bool
shared_mem_factory_traps(const struct shared_mem_factory *factory)
{
    return factory->traps;
}

/*
 * Changes at least once a second while the page is kept current.  When it
 * stands still longer than that, `alive' may be old.  0 if no page is open.
 */
uint32_t shared_mem_factory_beat(const struct shared_mem_factory *factory);

#ifdef __cplusplus
}
#endif

#endif /* SHARED_MEM_FACTORY_H */
