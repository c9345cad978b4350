/*
 * The xenstore record of a static shared memory region: its paths, its
 * value formats, and the rules by which it changes.  This header and its
 * .c file are the only place that spells them.  Everything here is pure:
 * no I/O, no allocation, no Xen headers.  libxl reads nodes and passes
 * them in, or takes nodes out and writes them in one transaction.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * Public part: every domain may read it, only the toolstack's domain may
 * write it.
 *
 *   /local/shared_mem/ID/owner             = "1"         decimal domid
 *   /local/shared_mem/ID/size              = "0x100000"  bytes
 *   /local/shared_mem/ID/control           = "1"  if it has a control page
 *   /local/shared_mem/ID/mappings/1        = "0x40000000-0x40100000"
 *   /local/shared_mem/ID/mappings/1/prot   = "ro"        if read-only
 *   /local/shared_mem/ID/mappings/1/offset = "0x1000"    if one was given
 *
 * Private part: only the toolstack's domain may read or write it.
 *
 *   /libxl/shared_mem                      = "41"        decimal, or ""
 *   /libxl/shared_mem/ID/generation        = "7"         decimal
 *   /libxl/shared_mem/ID/free_numbers      = "123...uv"  one digit each
 *   /libxl/shared_mem/ID/peers/1           = UUID of the domain
 *   /libxl/shared_mem/ID/peers/1/number    = "0"         decimal
 *   /libxl/1/shared_mem                    = "ID1 ID2"   the index, or ""
 *   /libxl/1/shared_mem/memkb              = "-64"       decimal, KiB
 *   /libxl/shared_mem_factories/1          = UUID of the domain
 *   /libxl/shared_mem_factories/1/gpa      = "0x41000000"
 *
 * The first one is the highest generation of the regions that are no more; ""
 * if there were none.  A peer's number is what guests know it by: `index' in
 * the guest ABI.  free_numbers are those that no peer has, the one that has
 * been free longest first, as digits to the base 32, 0 to 9 and a to v.  memkb
 * is what the regions and the factory page take away from the domain's own
 * memory, where they are in the place of its RAM, with a minus sign; it does
 * not exist where that is nothing.  The pages belong to the region, so those
 * outside of RAM add nothing.  The index of a domain that has a factory page,
 * but no regions, is "".
 *
 * Decimal numbers have no sign, blank or leading zero.  Hexadecimal
 * numbers have the prefix 0x, lower-case digits and no leading zero.
 * Ranges are BEGIN-END in guest-physical bytes, END exclusive.  A value
 * in any other form is an error.  What nobody here knows is ignored, so
 * that a later version may add nodes.  An earlier version's record, which
 * has /libxl/shared_mem/ID/suppliers, is broken: its pages are domains'.
 *
 * A new xenstore node inherits the permissions of its parent.  Create the
 * two roots with the right permissions (others may read the public one,
 * others have none on the private one), and the nodes below follow.
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
#define LIBXL__SHARED_MEM_INDEX_SIZE \
    (LIBXL__SHARED_MEM_REGIONS_MAX * LIBXL__SHARED_MEM_ID_SIZE)

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

/* Most nodes of a record: 5 of the region, 5 of each peer. */
#define LIBXL__SHARED_MEM_NODES_MAX (5 + 5 * LIBXL__SHARED_MEM_PEERS_MAX)

/* Most paths that one change removes: 1 of the region, 2 of each peer. */
#define LIBXL__SHARED_MEM_REMOVALS_MAX (1 + 2 * LIBXL__SHARED_MEM_PEERS_MAX)

typedef enum libxl__shared_mem_status {
    LIBXL__SHARED_MEM_OK = 0,
    /* There is no such region: not one node of it was seen. */
    LIBXL__SHARED_MEM_ABSENT,
    /* Something is there, and it is malformed or contradicts itself. */
    LIBXL__SHARED_MEM_BROKEN,
    /* The caller's argument breaks a rule; nothing was changed. */
    LIBXL__SHARED_MEM_INVALID,
    /* The peer or ID is there already; nothing was changed. */
    LIBXL__SHARED_MEM_DUPLICATE,
    /* The limit of peers or regions is reached; nothing was changed. */
    LIBXL__SHARED_MEM_FULL,
} libxl__shared_mem_status;

/* Which half of a record a node belongs to. */
typedef enum libxl__shared_mem_area {
    LIBXL__SHARED_MEM_PUBLIC,
    LIBXL__SHARED_MEM_PRIVATE,
} libxl__shared_mem_area;

/* An absolute xenstore path. */
typedef struct libxl__shared_mem_path {
    char text[LIBXL__SHARED_MEM_PATH_SIZE];
} libxl__shared_mem_path;

/* One xenstore node with its value. */
typedef struct libxl__shared_mem_node {
    libxl__shared_mem_area area;
    libxl__shared_mem_path path;
    char value[LIBXL__SHARED_MEM_VALUE_SIZE];
} libxl__shared_mem_node;

/* One peer's view of the region. */
typedef struct libxl__shared_mem_mapping {
    uint32_t domid;     /* 0 to LIBXL__SHARED_MEM_DOMID_MAX */
    char uuid[LIBXL__SHARED_MEM_UUID_SIZE]; /* LIBXL_UUID_FMT, lower case */
    unsigned int number;    /* below LIBXL__SHARED_MEM_PEERS_MAX */
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
 * Invariants, kept by the functions below and checked when nodes are
 * read: mappings are sorted by domid and each domid occurs once; each
 * mapping lies within the region; owner is the domid of a mapping; each
 * number is a peer's or free, and only once.
 */
typedef struct libxl__shared_mem_record {
    char id[LIBXL__SHARED_MEM_ID_SIZE];
    uint32_t owner;         /* meaningless if nr_mappings is 0 */
    uint64_t size;          /* bytes, whole pages, not 0 */
    bool control;           /* the first page is the control page */
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
 * mappings_dir  /local/shared_mem/ID/mappings
 * mapping_dir   /local/shared_mem/ID/mappings/DOMID
 * private_dir   /libxl/shared_mem/ID
 * peers_dir     /libxl/shared_mem/ID/peers
 * index_path    /libxl/DOMID/shared_mem
 * memkb_path    /libxl/DOMID/shared_mem/memkb
 * factory_path  /libxl/shared_mem_factories/DOMID
 */
const char *libxl__shared_mem_public_dir(libxl__shared_mem_path *path_r,
                                         const char *id);
const char *libxl__shared_mem_mappings_dir(libxl__shared_mem_path *path_r,
                                           const char *id);
const char *libxl__shared_mem_mapping_dir(libxl__shared_mem_path *path_r,
                                          const char *id, uint32_t domid);
const char *libxl__shared_mem_private_dir(libxl__shared_mem_path *path_r,
                                          const char *id);
const char *libxl__shared_mem_peers_dir(libxl__shared_mem_path *path_r,
                                        const char *id);
const char *libxl__shared_mem_index_path(libxl__shared_mem_path *path_r,
                                         uint32_t domid);
const char *libxl__shared_mem_memkb_path(libxl__shared_mem_path *path_r,
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
                              const char *id, uint64_t size, bool control);

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

/*----- From record to nodes -----*/

/*
 * Writes the nodes of *record to nodes[], a parent before its children,
 * and returns how many there are; none if there are no mappings.
 */
unsigned int
libxl__shared_mem_record_nodes(const libxl__shared_mem_record *record,
    libxl__shared_mem_node nodes[LIBXL__SHARED_MEM_NODES_MAX]);

/*
 * What to do to xenstore to replace one record by another.  Removing a
 * path takes the nodes below it along.  No path is both removed and
 * written, so the order does not matter within one transaction.
 */
typedef struct libxl__shared_mem_changes {
    unsigned int nr_removals;
    libxl__shared_mem_path removals[LIBXL__SHARED_MEM_REMOVALS_MAX];
    unsigned int nr_writes;
    libxl__shared_mem_node writes[LIBXL__SHARED_MEM_NODES_MAX];
} libxl__shared_mem_changes;

/*
 * The fewest writes and removals that turn the nodes of *before into
 * those of *after.  Both are of the same ID.  Either may be NULL or have
 * no mappings: the region does not exist then.  A region that goes takes
 * both of its directories along, nodes of a later version included.
 */
void libxl__shared_mem_record_diff(const libxl__shared_mem_record *before,
                                   const libxl__shared_mem_record *after,
                                   libxl__shared_mem_changes *changes_r);

/*----- From nodes to record -----*/

/* Why a record is broken. */
typedef struct libxl__shared_mem_problem {
    libxl__shared_mem_path path;    /* absolute; cut if it is too long */
    const char *reason;             /* static string; NULL if not broken */
} libxl__shared_mem_problem;

/*
 * Reads a record node by node.  Call reader_init, then reader_feed for
 * each node that exists below public_dir and private_dir, in any order,
 * then reader_finish once.
 *
 * All nodes have to be of one transaction.
 *
 * All fields are private but problem, which says why after BROKEN.
 */
typedef struct libxl__shared_mem_reader {
    libxl__shared_mem_problem problem;
    libxl__shared_mem_record record;
    bool seen_any;
    bool seen_owner;
    bool seen_size;
    bool seen_control;
    bool seen_generation;
    bool seen_free;
    struct {
        bool range, prot, offset, uuid, number;
    } seen[LIBXL__SHARED_MEM_PEERS_MAX];    /* goes with record.mappings */
} libxl__shared_mem_reader;

/* OK, or INVALID: id is not valid. */
libxl__shared_mem_status
libxl__shared_mem_reader_init(libxl__shared_mem_reader *reader_r,
                              const char *id);

/*
 * Takes one node.  path is relative to public_dir or private_dir, as area
 * says ("owner", "mappings/3/prot"); "" is that directory itself.
 * Neither string is needed after the call.
 *
 * OK, or BROKEN, now and on every later call: the first problem stays.
 * It is fine to look at the result of reader_finish only.
 */
libxl__shared_mem_status
libxl__shared_mem_reader_feed(libxl__shared_mem_reader *reader,
                              libxl__shared_mem_area area,
                              const char *path, const char *value);

/*
 * Whether there are nodes below the one at path, relative as for reader_feed,
 * that are of any interest.  Each look at what a node has costs a request.
 */
bool libxl__shared_mem_is_directory(const char *path);

/*
 * OK: *record_r is the whole record, with all invariants checked.
 * ABSENT: no node was fed; the region does not exist.
 * BROKEN: see reader->problem.
 * *record_r is written only on OK.
 */
libxl__shared_mem_status
libxl__shared_mem_reader_finish(libxl__shared_mem_reader *reader,
                                libxl__shared_mem_record *record_r);

/*
 * The number in a node, whose value is NULL if it does not exist.  0 if there
 * is none, or anything but a number.  In the node of
 * LIBXL__SHARED_MEM_PRIVATE_ROOT that has the counter begin anew, which is
 * better than no regions at all.
 */
uint64_t libxl__shared_mem_number(const char *value);

/*
 * The guest-physical address in the node factory_path/gpa: hexadecimal, whole
 * pages.  Returns false if it is anything else.
 */
bool libxl__shared_mem_parse_gpa(const char *value, uint64_t *gpa_r);

/*
 * The range in the node index_path/attaching or /detaching: whole pages, not
 * empty, in the form of a mapping.  Returns false if it is anything else.
 */
bool libxl__shared_mem_parse_range(const char *value, uint64_t *begin_r,
                                   uint64_t *size_r);

/*----- The index: which regions a domain has -----*/

/* The IDs in the order in which they were added; each occurs once. */
typedef struct libxl__shared_mem_index {
    unsigned int nr_ids;
    char ids[LIBXL__SHARED_MEM_REGIONS_MAX][LIBXL__SHARED_MEM_ID_SIZE];
} libxl__shared_mem_index;

/*
 * Splits the value of the index node.  NULL, for a node that does not
 * exist, is the empty index.
 *
 * OK, or BROKEN: anything but "" or 1 to LIBXL__SHARED_MEM_REGIONS_MAX
 * different valid IDs with one space between two.  *index_r is written
 * only on OK.
 */
libxl__shared_mem_status
libxl__shared_mem_index_parse(const char *value,
                              libxl__shared_mem_index *index_r);

/* Joins the IDs to the value of the index node. */
void
libxl__shared_mem_index_format(const libxl__shared_mem_index *index,
                               char value_r[LIBXL__SHARED_MEM_INDEX_SIZE]);

bool libxl__shared_mem_index_contains(const libxl__shared_mem_index *index,
                                      const char *id);

/* OK, or INVALID (not a valid ID), DUPLICATE, FULL. */
libxl__shared_mem_status
libxl__shared_mem_index_add(libxl__shared_mem_index *index, const char *id);

/* Returns false, and changes nothing, if id is not there. */
bool libxl__shared_mem_index_remove(libxl__shared_mem_index *index,
                                    const char *id);

#pragma GCC visibility pop

#endif /* LIBXL_SHARED_MEM_RECORD_H */
