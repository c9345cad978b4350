/*
 * The record of static shared memory in xenstore: its paths, its formats, and
 * the rules by which the record of a region changes.  Everything here is pure:
 * no I/O, no allocation, no Xen headers.  libxl_shared_mem_json.c turns what
 * is private of it into JSON and back, libxl_shared_mem_store.c reads and
 * writes the nodes.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * Public part: only the toolstack's domain may write it, and it only writes
 * it.  Every domain may read it; if the region is hidden, only its peers.
 *
 *   /local/shared_mem/ID/owner             = "1"         decimal domid
 *   /local/shared_mem/ID/size              = "0x100000"  bytes
 *   /local/shared_mem/ID/control           = "1"  if it has a control page
 *   /local/shared_mem/ID/mappings/1        = "0x40000000-0x40100000"
 *   /local/shared_mem/ID/mappings/1/prot   = "ro"        if read-only
 *   /local/shared_mem/ID/mappings/1/offset = "0x1000"    if one was given
 *
 * Private part: only the toolstack's domain may read or write it.  All that is
 * ever decided is decided from it.
 *
 *   /libxl/shared_mem             = "41"  decimal, or ""
 *   /libxl/shared_mem/ID          = JSON  libxl__shared_mem_stored_region
 *   /libxl/1/shared_mem           = JSON  libxl__shared_mem_stored_domain
 *   /libxl/shared_mem_factories/1 = ""    if the domain has a factory page
 *
 * The first one is the highest generation of the regions that are no more; ""
 * if there were none.  What the JSON has is said in libxl_types_internal.idl.
 * A text that is too long for one node goes on in its children 1, 2 and so on.
 * One with anything else than what this libxl writes is refused, as it would
 * get lost.  An earlier version had "" in place of the JSON of a region, and a
 * list of IDs in place of that of a domain.
 */

#ifndef LIBXL_SHARED_MEM_RECORD_H
#define LIBXL_SHARED_MEM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Limits.  Each is met with an error, never with a truncation. */
#define LIBXL__SHARED_MEM_ID_MAX       31     /* characters of an ID */
#define LIBXL__SHARED_MEM_PEERS_MAX    32     /* peers of a region */
#define LIBXL__SHARED_MEM_REGIONS_MAX  64     /* regions of a domain */
#define LIBXL__SHARED_MEM_DOMID_MAX    0x7fef /* < DOMID_FIRST_RESERVED */

/* Bytes.  Xen's ABI counts in 4 KiB pages on every architecture. */
#define LIBXL__SHARED_MEM_PAGE_SIZE    4096

/* Buffer sizes, the terminating NUL included. */
#define LIBXL__SHARED_MEM_ID_SIZE      (LIBXL__SHARED_MEM_ID_MAX + 1)
#define LIBXL__SHARED_MEM_UUID_SIZE    37

#define LIBXL__SHARED_MEM_PUBLIC_ROOT  "/local/shared_mem"
#define LIBXL__SHARED_MEM_PRIVATE_ROOT "/libxl/shared_mem"
#define LIBXL__SHARED_MEM_FACTORY_ROOT "/libxl/shared_mem_factories"

/* The longest path and value: 4294967295 is the longest uint32_t. */
#define LIBXL__SHARED_MEM_PATH_SIZE \
    (sizeof(LIBXL__SHARED_MEM_PUBLIC_ROOT "/") + \
     LIBXL__SHARED_MEM_ID_MAX + \
     sizeof("/mappings/4294967295/offset") - 1)
#define LIBXL__SHARED_MEM_VALUE_SIZE \
    sizeof("0xffffffffffffffff-0xffffffffffffffff")

/* Most nodes of a record: 3 of the region, 3 of each peer. */
#define LIBXL__SHARED_MEM_NODES_MAX (3 + 3 * LIBXL__SHARED_MEM_PEERS_MAX)

typedef enum libxl__shared_mem_status {
    LIBXL__SHARED_MEM_OK = 0,
    /* The caller's argument breaks a rule; nothing was changed. */
    LIBXL__SHARED_MEM_INVALID,
    /* The peer is there already; nothing was changed. */
    LIBXL__SHARED_MEM_DUPLICATE,
    /* The limit of peers is reached; nothing was changed. */
    LIBXL__SHARED_MEM_FULL,
} libxl__shared_mem_status;

/* An absolute xenstore path. */
typedef struct libxl__shared_mem_path {
    char text[LIBXL__SHARED_MEM_PATH_SIZE];
} libxl__shared_mem_path;

/* One xenstore node with its value. */
typedef struct libxl__shared_mem_node {
    libxl__shared_mem_path path;
    char value[LIBXL__SHARED_MEM_VALUE_SIZE];
} libxl__shared_mem_node;

/* One peer's view of the region. */
typedef struct libxl__shared_mem_mapping {
    uint32_t domid;     /* 0 to LIBXL__SHARED_MEM_DOMID_MAX */
    char uuid[LIBXL__SHARED_MEM_UUID_SIZE]; /* LIBXL_UUID_FMT, lower case */
    unsigned int number;    /* what guests know it by, as `index' in the guest
                             * ABI: below LIBXL__SHARED_MEM_PEERS_MAX */
    uint64_t begin;     /* guest-physical address in bytes, page-aligned */
    uint64_t size;      /* bytes, whole pages, not 0 */
    uint64_t offset;    /* bytes into the region, page-aligned */
    bool has_offset;    /* false: offset is 0, size is the region's */
    bool read_only;
} libxl__shared_mem_mapping;

/*
 * A region as its record describes it.  A record with no mappings is one
 * of a region that does not exist, yet or any longer.
 *
 * Invariants, kept by the functions below, and checked by record_problem:
 * mappings are sorted by domid and each domid occurs once; each mapping lies
 * within the region; owner is the domid of a mapping; each number is a peer's
 * or free, and only once.
 */
typedef struct libxl__shared_mem_record {
    char id[LIBXL__SHARED_MEM_ID_SIZE];
    uint32_t owner;         /* meaningless if nr_mappings is 0 */
    uint64_t size;          /* bytes, whole pages, not 0 */
    bool control;           /* the first page is the control page */
    bool hidden;            /* only peers may read the public part */
    uint64_t generation;    /* grows whenever the set of peers changes; a
                             * region that comes again goes on from there */
    unsigned int nr_free;   /* numbers that no peer has; */
    uint8_t free[LIBXL__SHARED_MEM_PEERS_MAX];  /* free longest first */
    unsigned int nr_mappings;
    libxl__shared_mem_mapping mappings[LIBXL__SHARED_MEM_PEERS_MAX];
} libxl__shared_mem_record;

/*----- Names and paths -----*/

/* 1 to LIBXL__SHARED_MEM_ID_MAX characters of A-Z a-z 0-9 _ - */
bool libxl__shared_mem_id_is_valid(const char *id);

/*
 * Path builders.  Each fills *path_r and returns path_r->text.  id must
 * be valid; one that is too long is cut, so that the result always fits.
 *
 * public_dir    /local/shared_mem/ID
 * record_path   /libxl/shared_mem/ID
 * domain_path   /libxl/DOMID/shared_mem
 * factory_path  /libxl/shared_mem_factories/DOMID
 */
const char *libxl__shared_mem_public_dir(libxl__shared_mem_path *path_r,
                                         const char *id);
const char *libxl__shared_mem_record_path(libxl__shared_mem_path *path_r,
                                          const char *id);
const char *libxl__shared_mem_domain_path(libxl__shared_mem_path *path_r,
                                          uint32_t domid);
const char *libxl__shared_mem_factory_path(libxl__shared_mem_path *path_r,
                                           uint32_t domid);

/*----- Changing a record -----*/

/*
 * Starts the record of a region that does not exist yet: no mappings,
 * generation 0.  The first mapping added becomes the owner's.
 *
 * OK, or INVALID: id is not valid, or size is 0 or not whole pages.
 */
libxl__shared_mem_status
libxl__shared_mem_record_init(libxl__shared_mem_record *record_r,
                              const char *id, uint64_t size, bool control,
                              bool hidden);

/* The mapping of domid, or NULL.  It points into *record. */
const libxl__shared_mem_mapping *
libxl__shared_mem_record_find(const libxl__shared_mem_record *record,
                              uint32_t domid);

/*
 * What is wrong with a mapping in a region of region_size bytes: a
 * static string for an error message, or NULL if nothing is.
 */
const char *
libxl__shared_mem_mapping_problem(uint64_t region_size,
                                  const libxl__shared_mem_mapping *mapping);

/*
 * Adds a peer and bumps the generation.  The first peer becomes the
 * owner, and its mapping must be the whole region; it may be read-only.
 * Drop dead peers first: a dead domain's entry under the same domid is a
 * DUPLICATE.
 *
 * Which number the peer gets is decided here: the one that has been free
 * longest, so that one that a peer has had is given to another only after all
 * others that were free then.
 *
 * OK, or INVALID (see mapping_problem), DUPLICATE, FULL.
 */
libxl__shared_mem_status
libxl__shared_mem_record_add(libxl__shared_mem_record *record,
                             const libxl__shared_mem_mapping *mapping);

/*
 * Drops a peer, which frees its number, and bumps the generation.  If it
 * was the owner, the next owner is the lowest domid that maps the whole
 * region read-write, or the lowest domid if there is none.  A domid that is
 * no peer changes nothing.  Returns true if the record has no mappings now.
 */
bool libxl__shared_mem_record_drop(libxl__shared_mem_record *record,
                                   uint32_t domid);

/*
 * Tells whether the domain that had domid and uuid is still there.  Must
 * return false if the domid now belongs to a domain of another uuid.
 */
typedef bool libxl__shared_mem_alive(uint32_t domid, const char *uuid,
                                     void *opaque);

/*
 * Drops each peer that alive() denies; bumps the generation once if there
 * was any, and then chooses the owner as record_drop does.  alive() is
 * called once for each mapping, in order of domid.  Returns the number
 * of peers dropped.
 */
unsigned int
libxl__shared_mem_record_drop_dead(libxl__shared_mem_record *record,
                                   libxl__shared_mem_alive *alive,
                                   void *opaque);

/*----- Checking a record -----*/

/*
 * Which invariant a record with mappings that somebody else made breaks: a
 * static string for an error message, or NULL.  Its id and the lengths of its
 * arrays must be valid.
 */
const char *
libxl__shared_mem_record_problem(const libxl__shared_mem_record *record);

/*----- What all domains may see -----*/

/* Whether xenstore has to change for one record to be replaced by another. */
bool libxl__shared_mem_record_differs(const libxl__shared_mem_record *before,
                                      const libxl__shared_mem_record *after);

/*
 * What to do to the public part to replace one record by another: first the
 * removals, each of which takes the nodes below it along, then the writes.
 */
typedef struct libxl__shared_mem_changes {
    bool anew;      /* public_dir is to be removed first, and made again */
    unsigned int nr_removals;
    libxl__shared_mem_path removals[LIBXL__SHARED_MEM_PEERS_MAX];
    unsigned int nr_writes;
    libxl__shared_mem_node writes[LIBXL__SHARED_MEM_NODES_MAX];
} libxl__shared_mem_changes;

/*
 * The writes and removals that turn the nodes of *before into those of *after.
 * Both are of the same ID, or have no mappings: the region does not exist
 * then.  Only the mappings that have changed are removed and written; but all
 * nodes are made anew, and nodes that nobody here knows go, where the region
 * is new, has another size or control page than the one of that ID before, or
 * is hidden, so that others may read it.
 */
void libxl__shared_mem_record_diff(const libxl__shared_mem_record *before,
                                   const libxl__shared_mem_record *after,
                                   libxl__shared_mem_changes *changes_r);

/*
 * The number in the node LIBXL__SHARED_MEM_PRIVATE_ROOT; its value is NULL if
 * it does not exist.  0 if there is none, or anything but a number: then the
 * counter begins anew, which is better than no regions at all.
 */
uint64_t libxl__shared_mem_number(const char *value);

#pragma GCC visibility pop

#endif /* LIBXL_SHARED_MEM_RECORD_H */
