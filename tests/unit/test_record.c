/*
 * Unit tests of the record of a shared memory region, and of what of it all
 * domains may see.  They need neither Xen nor xenstore.  Every expected path
 * and value is written out here as documented, never built with the code under
 * test.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libxl_shared_mem_record.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define OK        LIBXL__SHARED_MEM_OK
#define INVALID   LIBXL__SHARED_MEM_INVALID
#define DUPLICATE LIBXL__SHARED_MEM_DUPLICATE
#define FULL      LIBXL__SHARED_MEM_FULL

#define UUID_A "11111111-2222-3333-4444-55555555aaaa"
#define UUID_B "11111111-2222-3333-4444-55555555bbbb"
#define UUID_C "11111111-2222-3333-4444-55555555cccc"

#define ID1 "/local/shared_mem/ID1"

#define ID_OF_31 "abcdefghijklmnopqrstuvwxyzABCDE"
#define ID_OF_32 ID_OF_31 "F"

typedef libxl__shared_mem_record record_t;
typedef libxl__shared_mem_mapping mapping_t;
typedef libxl__shared_mem_node node_t;
typedef libxl__shared_mem_path path_t;
typedef libxl__shared_mem_changes changes_t;

/*----- Helpers -----*/

static mapping_t mapping(uint32_t domid, const char *uuid, uint64_t begin,
                         uint64_t size)
{
    mapping_t m = { .domid = domid, .begin = begin, .size = size };

    snprintf(m.uuid, sizeof(m.uuid), "%s", uuid);

    return m;
}

static mapping_t part(uint32_t domid, const char *uuid, uint64_t begin,
                      uint64_t size, uint64_t offset)
{
    mapping_t m = mapping(domid, uuid, begin, size);

    m.has_offset = true;
    m.offset = offset;

    return m;
}

static mapping_t read_only(mapping_t m)
{
    m.read_only = true;

    return m;
}

static void add(record_t *record, mapping_t m)
{
    assert_int_equal(libxl__shared_mem_record_add(record, &m), OK);
}

static void drop_peer(record_t *record, uint32_t domid)
{
    assert_false(libxl__shared_mem_record_drop(record, domid));
}

static record_t new_record(const char *id, uint64_t size)
{
    record_t record;

    assert_int_equal(libxl__shared_mem_record_init(&record, id, size, false,
                                                   false), OK);

    return record;
}

/* Region ID1 with every kind of node: FULL_NODES. */
static record_t full_record(void)
{
    record_t record;

    assert_int_equal(libxl__shared_mem_record_init(&record, "ID1", 0x100000,
                                                   true, false), OK);
    add(&record, mapping(1, UUID_A, 0x40000000, 0x100000));
    add(&record, mapping(2, UUID_B, 0x80000000, 0x100000));
    add(&record, read_only(part(3, UUID_C, 0x50000000, 0x10000, 0x1000)));

    return record;
}

/* No node says who may read them. */
#define FULL_NODES \
    ID1 "/size = 0x100000\n" \
    ID1 "/control = 1\n" \
    ID1 "/owner = 1\n" \
    ID1 "/mappings/1 = 0x40000000-0x40100000\n" \
    ID1 "/mappings/2 = 0x80000000-0x80100000\n" \
    ID1 "/mappings/3 = 0x50000000-0x50010000\n" \
    ID1 "/mappings/3/prot = ro\n" \
    ID1 "/mappings/3/offset = 0x1000\n"

/* The same, and only its peers may read the nodes. */
static record_t hidden_record(void)
{
    record_t record = full_record();

    record.hidden = true;

    return record;
}

static void assert_same_record(const record_t *a, const record_t *b)
{
    unsigned int i;

    assert_string_equal(a->id, b->id);
    assert_int_equal(a->owner, b->owner);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->control, b->control);
    assert_int_equal(a->hidden, b->hidden);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->nr_free, b->nr_free);
    assert_memory_equal(a->free, b->free, a->nr_free);
    assert_int_equal(a->nr_mappings, b->nr_mappings);
    for (i = 0; i < a->nr_mappings; i++) {
        const mapping_t *m = &a->mappings[i], *n = &b->mappings[i];

        assert_int_equal(m->domid, n->domid);
        assert_string_equal(m->uuid, n->uuid);
        assert_int_equal(m->number, n->number);
        assert_int_equal(m->begin, n->begin);
        assert_int_equal(m->size, n->size);
        assert_int_equal(m->offset, n->offset);
        assert_int_equal(m->has_offset, n->has_offset);
        assert_int_equal(m->read_only, n->read_only);
    }
}

/* digits: the free numbers, to the base 32, the one free longest first. */
static void assert_free(const record_t *record, const char *digits)
{
    char text[LIBXL__SHARED_MEM_PEERS_MAX + 1];
    unsigned int i;

    assert_in_range(record->nr_free, 0, 32);
    for (i = 0; i < record->nr_free; i++) {
        assert_in_range(record->free[i], 0, 31);
        text[i] = record->free[i] < 10 ? '0' + record->free[i]
                                       : 'a' + record->free[i] - 10;
    }
    text[i] = '\0';
    assert_string_equal(text, digits);
    assert_int_equal(record->nr_free + record->nr_mappings, 32);
}

/* NULL: there is none. */
static void assert_problem(const record_t *record, const char *expected)
{
    const char *problem = libxl__shared_mem_record_problem(record);

    if (expected && problem)
        assert_string_equal(problem, expected);
    else if (expected)
        fail_msg("this was not found: %s", expected);
    else if (problem)
        fail_msg("this was found: %s", problem);
}

/*
 * What is done to the public part, one step a line: "make", which stands for
 * the region's directory, or "remove PATH", then "PATH = VALUE".
 */
static void assert_diff(const record_t *before, const record_t *after,
                        const char *expected)
{
    static changes_t changes;
    static char text[0x8000];
    size_t len = 0;
    unsigned int i;

    /* Nothing is left of the one before. */
    memset(&changes, 0x5a, sizeof(changes));
    libxl__shared_mem_record_diff(before, after, &changes);

    text[0] = '\0';
    for (i = 0; i < changes.nr_removals; i++)
        len += snprintf(text + len, sizeof(text) - len, "remove %s\n",
                        changes.removals[i].text);
    if (changes.anew)
        len += snprintf(text + len, sizeof(text) - len, "make\n");
    for (i = 0; i < changes.nr_writes; i++)
        len += snprintf(text + len, sizeof(text) - len, "%s = %s\n",
                        changes.writes[i].path.text,
                        changes.writes[i].value);
    assert_true(len < sizeof(text));
    assert_string_equal(text, expected);
}

/* These are all nodes of a region that was not there before. */
static void assert_nodes(const record_t *record, const char *expected)
{
    const record_t none = { .nr_mappings = 0 };

    assert_diff(&none, record, expected);
}

/*----- Names and paths -----*/

static void id_characters(void **state)
{
    unsigned int c;

    (void)state;
    for (c = 1; c < 256; c++) {
        char id[] = { 'x', (char)c, 'y', '\0' };
        bool allowed = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       (c >= '0' && c <= '9') || c == '_' || c == '-';

        assert_int_equal(libxl__shared_mem_id_is_valid(id), allowed);
    }
}

static void id_lengths(void **state)
{
    (void)state;
    assert_false(libxl__shared_mem_id_is_valid(""));
    assert_true(libxl__shared_mem_id_is_valid("1"));
    assert_true(libxl__shared_mem_id_is_valid("-"));
    assert_true(libxl__shared_mem_id_is_valid(ID_OF_31));
    assert_false(libxl__shared_mem_id_is_valid(ID_OF_32));
}

static void paths(void **state)
{
    path_t path;

    (void)state;
    assert_string_equal(LIBXL__SHARED_MEM_PUBLIC_ROOT, "/local/shared_mem");
    assert_string_equal(LIBXL__SHARED_MEM_PRIVATE_ROOT,
                        "/libxl/shared_mem");
    assert_string_equal(LIBXL__SHARED_MEM_FACTORY_ROOT,
                        "/libxl/shared_mem_factories");
    assert_string_equal(libxl__shared_mem_public_dir(&path, "ID1"),
                        "/local/shared_mem/ID1");
    assert_string_equal(path.text, "/local/shared_mem/ID1");
    assert_string_equal(libxl__shared_mem_record_path(&path, "ID1"),
                        "/libxl/shared_mem/ID1");
    assert_string_equal(path.text, "/libxl/shared_mem/ID1");
    assert_string_equal(libxl__shared_mem_domain_path(&path, 16),
                        "/libxl/16/shared_mem");
    assert_string_equal(path.text, "/libxl/16/shared_mem");
    assert_string_equal(libxl__shared_mem_domain_path(&path, 0),
                        "/libxl/0/shared_mem");
    assert_string_equal(libxl__shared_mem_factory_path(&path, 16),
                        "/libxl/shared_mem_factories/16");
    assert_string_equal(path.text, "/libxl/shared_mem_factories/16");
    assert_string_equal(libxl__shared_mem_factory_path(&path, 0),
                        "/libxl/shared_mem_factories/0");
}

static void longest_paths_fit(void **state)
{
    path_t path;

    (void)state;
    assert_string_equal(libxl__shared_mem_public_dir(&path, ID_OF_31),
                        "/local/shared_mem/" ID_OF_31);
    assert_string_equal(libxl__shared_mem_public_dir(&path, ID_OF_32),
                        "/local/shared_mem/" ID_OF_31);
    assert_string_equal(libxl__shared_mem_record_path(&path, ID_OF_31),
                        "/libxl/shared_mem/" ID_OF_31);
    assert_string_equal(libxl__shared_mem_record_path(&path, ID_OF_32),
                        "/libxl/shared_mem/" ID_OF_31);
    assert_string_equal(libxl__shared_mem_domain_path(&path, UINT32_MAX),
                        "/libxl/4294967295/shared_mem");
    assert_string_equal(libxl__shared_mem_factory_path(&path, UINT32_MAX),
                        "/libxl/shared_mem_factories/4294967295");
}

/*----- What all domains may see -----*/

static void documented_example(void **state)
{
    record_t record = new_record("ID1", 0x100000);

    (void)state;
    add(&record, mapping(1, UUID_A, 0x40000000, 0x100000));
    add(&record, mapping(2, UUID_B, 0x80000000, 0x100000));
    assert_nodes(&record,
                 "make\n"
                 "/local/shared_mem/ID1/size = 0x100000\n"
                 "/local/shared_mem/ID1/owner = 1\n"
                 "/local/shared_mem/ID1/mappings/1 = 0x40000000-0x40100000\n"
                 "/local/shared_mem/ID1/mappings/2 = 0x80000000-0x80100000\n");
}

static void what_is_not_the_default(void **state)
{
    record_t record = full_record(), hidden = hidden_record();

    (void)state;
    assert_nodes(&record, "make\n" FULL_NODES);
    assert_nodes(&hidden, "make\n" FULL_NODES);
}

static void given_offset_of_zero_is_written(void **state)
{
    record_t record = new_record("7", 0x2000);

    (void)state;
    add(&record, part(9, UUID_A, 0, 0x2000, 0));
    assert_nodes(&record, "make\n"
                          "/local/shared_mem/7/size = 0x2000\n"
                          "/local/shared_mem/7/owner = 9\n"
                          "/local/shared_mem/7/mappings/9 = 0x0-0x2000\n"
                          "/local/shared_mem/7/mappings/9/offset = 0x0\n");
}

static void domids_are_decimal(void **state)
{
    static const struct {
        uint32_t domid;
        const char *nodes;
    } cases[] = {
        { 0, ID1 "/owner = 0\n" ID1 "/mappings/0 = 0x10000-0x11000\n" },
        { 9, ID1 "/owner = 9\n" ID1 "/mappings/9 = 0x10000-0x11000\n" },
        { 10, ID1 "/owner = 10\n" ID1 "/mappings/10 = 0x10000-0x11000\n" },
        { 16, ID1 "/owner = 16\n" ID1 "/mappings/16 = 0x10000-0x11000\n" },
        { 32751, ID1 "/owner = 32751\n"
                 ID1 "/mappings/32751 = 0x10000-0x11000\n" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        record_t record = new_record("ID1", 0x1000);
        char nodes[200];

        add(&record, mapping(cases[i].domid, UUID_A, 0x10000, 0x1000));
        snprintf(nodes, sizeof(nodes), "make\n" ID1 "/size = 0x1000\n%s",
                 cases[i].nodes);
        assert_nodes(&record, nodes);
    }
}

#define LONG "/local/shared_mem/" ID_OF_31

static void largest_values_fit(void **state)
{
    record_t record = new_record(ID_OF_31, 0xfffffffffffff000);

    (void)state;
    add(&record, mapping(32751, UUID_A, 0, 0xfffffffffffff000));
    add(&record, read_only(part(32750, UUID_B, 0xffffffffffffe000, 0x1000,
                                0xffffffffffffe000)));
    assert_problem(&record, NULL);
    assert_nodes(&record, "make\n"
                 LONG "/size = 0xfffffffffffff000\n"
                 LONG "/owner = 32751\n"
                 LONG "/mappings/32750 = "
                      "0xffffffffffffe000-0xfffffffffffff000\n"
                 LONG "/mappings/32750/prot = ro\n"
                 LONG "/mappings/32750/offset = 0xffffffffffffe000\n"
                 LONG "/mappings/32751 = 0x0-0xfffffffffffff000\n");
}

/* What no record may have, but what the buffers are made for. */
static void longest_nodes_fit(void **state)
{
    const record_t record = {
        .id = ID_OF_31, .owner = UINT32_MAX, .size = UINT64_MAX,
        .nr_mappings = 1,
        .mappings[0] = { .domid = UINT32_MAX, .begin = UINT64_MAX,
                         .offset = UINT64_MAX, .has_offset = true,
                         .read_only = true },
    };

    (void)state;
    assert_nodes(&record, "make\n"
                 LONG "/size = 0xffffffffffffffff\n"
                 LONG "/owner = 4294967295\n"
                 LONG "/mappings/4294967295 = "
                      "0xffffffffffffffff-0xffffffffffffffff\n"
                 LONG "/mappings/4294967295/prot = ro\n"
                 LONG "/mappings/4294967295/offset = 0xffffffffffffffff\n");
}

/*----- Limits -----*/

static record_t record_of_peers(unsigned int nr)
{
    record_t record = new_record(ID_OF_31, 0x2000);
    unsigned int i;

    for (i = 0; i < nr; i++)
        add(&record, i ? read_only(part(32000 + i, UUID_B, 0x1000, 0x1000,
                                        0x1000))
                       : mapping(32000, UUID_A, 0, 0x2000));

    return record;
}

static void peers_32_fit_and_33_do_not(void **state)
{
    record_t record = record_of_peers(32), before = record;
    mapping_t one_more = mapping(5, UUID_C, 0, 0x2000);

    (void)state;
    assert_int_equal(record.nr_mappings, 32);
    assert_int_equal(record.mappings[0].number, 0);
    assert_int_equal(record.mappings[31].number, 31);
    assert_free(&record, "");
    assert_int_equal(libxl__shared_mem_record_add(&record, &one_more), FULL);
    assert_same_record(&record, &before);

    /* A peer that is there already is called that, even in a full region. */
    one_more.domid = 32031;
    assert_int_equal(libxl__shared_mem_record_add(&record, &one_more),
                     DUPLICATE);
}

static void most_nodes_and_removals(void **state)
{
    const record_t none = { .nr_mappings = 0 };
    record_t record = new_record(ID_OF_31, 0x2000), others;
    static changes_t changes;
    unsigned int i;

    (void)state;
    record.control = true;
    for (i = 0; i < 32; i++)
        add(&record, read_only(part(32000 + i, UUID_B, 0, 0x2000, 0)));
    libxl__shared_mem_record_diff(&none, &record, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_int_equal(changes.nr_writes, 3 + 32 * 3);
    assert_int_equal(LIBXL__SHARED_MEM_NODES_MAX, 3 + 32 * 3);
    assert_string_equal(changes.writes[98].path.text,
                        LONG "/mappings/32031/offset");

    /* Other domains, and the same ones with other mappings. */
    others = new_record(ID_OF_31, 0x2000);
    others.control = true;
    others.generation = record.generation;
    for (i = 0; i < 32; i++)
        add(&others, read_only(part(31984 + i, UUID_B, 0x1000, 0x2000, 0)));
    libxl__shared_mem_record_diff(&record, &others, &changes);
    assert_int_equal(changes.anew, false);
    assert_int_equal(changes.nr_removals, 32);
    assert_int_equal(changes.nr_writes, 1 + 32 * 3);
    assert_string_equal(changes.removals[31].text, LONG "/mappings/32031");
    assert_string_equal(changes.writes[96].path.text,
                        LONG "/mappings/32015/offset");
}

/*----- Changing a record -----*/

static void init_checks_its_arguments(void **state)
{
    static const struct {
        const char *id;
        uint64_t size;
    } bad[] = {
        { "", 0x1000 }, { "a b", 0x1000 }, { ID_OF_32, 0x1000 }, { "a", 0 },
        { "a", 1 }, { "a", 0xfff }, { "a", 0x1800 }, { "a", UINT64_MAX },
    };
    record_t record, untouched;
    size_t i;

    (void)state;
    memset(&record, 0x5a, sizeof(record));
    memset(&untouched, 0x5a, sizeof(untouched));
    for (i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(libxl__shared_mem_record_init(&record, bad[i].id,
                                                       bad[i].size, false,
                                                       false), INVALID);
        assert_memory_equal(&record, &untouched, sizeof(record));
    }
}

static void init_starts_a_record(void **state)
{
    record_t record;
    unsigned int i;

    (void)state;
    for (i = 0; i < 4; i++) {
        memset(&record, 0x5a, sizeof(record));
        assert_int_equal(libxl__shared_mem_record_init(&record, "a", 0x1000,
                                                       i & 1, i & 2), OK);
        assert_string_equal(record.id, "a");
        assert_int_equal(record.size, 0x1000);
        assert_int_equal(record.control, i & 1);
        assert_int_equal(record.hidden, i >> 1);
        assert_int_equal(record.generation, 0);
        assert_int_equal(record.nr_mappings, 0);
        assert_free(&record, "0123456789abcdefghijklmnopqrstuv");
    }
    assert_int_equal(libxl__shared_mem_record_init(&record, ID_OF_31,
                                                   0xfffffffffffff000, false,
                                                   false), OK);
    assert_string_equal(record.id, ID_OF_31);
    assert_int_equal(record.size, 0xfffffffffffff000);
}

static void first_peer_owns(void **state)
{
    record_t record = new_record("ID1", 0x2000);

    (void)state;
    add(&record, mapping(7, UUID_A, 0, 0x2000));
    assert_int_equal(record.owner, 7);
    assert_int_equal(record.generation, 1);
    add(&record, mapping(3, UUID_B, 0, 0x2000));
    assert_int_equal(record.owner, 7);
    assert_int_equal(record.generation, 2);
    add(&record, mapping(5, UUID_C, 0, 0x2000));
    assert_int_equal(record.owner, 7);
    assert_int_equal(record.generation, 3);
}

/* It stays the owner when one comes that can write. */
/* It stays the owner when one comes that can write. */
static void first_peer_may_be_read_only(void **state)
{
    record_t record = new_record("ID1", 0x2000);

    (void)state;
    add(&record, read_only(mapping(7, UUID_A, 0, 0x2000)));
    assert_int_equal(record.owner, 7);
    assert_true(record.mappings[0].read_only);
    assert_problem(&record, NULL);

    add(&record, mapping(3, UUID_B, 0, 0x2000));
    assert_int_equal(record.owner, 7);
    drop_peer(&record, 7);
    assert_int_equal(record.owner, 3);
}

static void mappings_are_sorted_and_found(void **state)
{
    record_t record = new_record("ID1", 0x2000);

    (void)state;
    add(&record, mapping(7, UUID_A, 0x7000, 0x2000));
    add(&record, mapping(3, UUID_B, 0x3000, 0x2000));
    add(&record, mapping(5, UUID_C, 0x5000, 0x2000));
    assert_int_equal(record.mappings[0].domid, 3);
    assert_int_equal(record.mappings[1].domid, 5);
    assert_int_equal(record.mappings[2].domid, 7);
    assert_ptr_equal(libxl__shared_mem_record_find(&record, 5),
                     &record.mappings[1]);
    assert_int_equal(record.mappings[1].begin, 0x5000);
    assert_string_equal(record.mappings[1].uuid, UUID_C);
    assert_null(libxl__shared_mem_record_find(&record, 4));
    assert_null(libxl__shared_mem_record_find(&record, 8));
}

static void owner_must_map_the_whole_region(void **state)
{
    record_t record = new_record("ID1", 0x2000);
    mapping_t half = part(7, UUID_A, 0, 0x1000, 0x1000);

    (void)state;
    assert_int_equal(libxl__shared_mem_record_add(&record, &half), INVALID);
    assert_int_equal(record.nr_mappings, 0);
    assert_int_equal(record.generation, 0);
}

/* The same domid with another UUID: dead peers are to be dropped first. */
static void peer_is_not_added_twice(void **state)
{
    record_t record = full_record(), before = record;
    mapping_t again = mapping(2, UUID_C, 0, 0x100000);

    (void)state;
    assert_int_equal(libxl__shared_mem_record_add(&record, &again),
                     DUPLICATE);
    assert_same_record(&record, &before);
}

/* One that is set although none was given. */
static mapping_t with_stray_offset(mapping_t m)
{
    m.offset = 0x1000;

    return m;
}

static void mappings_that_do_not_fit(void **state)
{
    const struct {
        mapping_t m;
        const char *problem;
    } bad[] = {
        { mapping(32752, UUID_A, 0, 0x4000),
          "the domain ID is out of range" },
        { mapping(UINT32_MAX, UUID_A, 0, 0x4000),
          "the domain ID is out of range" },
        { mapping(9, "", 0, 0x4000), "the UUID is malformed" },
        { mapping(9, "name", 0, 0x4000), "the UUID is malformed" },
        { mapping(9, UUID_A, 0, 0), "the range is empty" },
        { part(9, UUID_A, 0, 0, 0), "the range is empty" },
        { part(9, UUID_A, 0, 0, 0x4000), "the range is empty" },
        { mapping(9, UUID_A, 0x800, 0x4000),
          "the range is not whole pages" },
        { mapping(9, UUID_A, 0, 0x4001), "the range is not whole pages" },
        { part(9, UUID_A, 0, 0x800, 0), "the range is not whole pages" },
        { part(9, UUID_A, 1, 0x1000, 0), "the range is not whole pages" },
        { mapping(9, UUID_A, UINT64_MAX - 0x3fff, 0x4000),
          "the range wraps round" },
        { mapping(9, UUID_A, UINT64_MAX - 0xfff, 0x4000),
          "the range wraps round" },
        { part(9, UUID_A, UINT64_MAX - 0xfff, 0x1000, 0),
          "the range wraps round" },
        { with_stray_offset(mapping(9, UUID_A, 0, 0x4000)),
          "an offset is set although none was given" },
        { with_stray_offset(mapping(9, UUID_A, 0, 0x3000)),
          "an offset is set although none was given" },
        { mapping(9, UUID_A, 0, 0x3000),
          "the range is not as long as the region" },
        { mapping(9, UUID_A, 0, 0x5000),
          "the range is not as long as the region" },
        { part(9, UUID_A, 0, 0x1000, 0x800),
          "the offset is not whole pages" },
        { part(9, UUID_A, 0, 0x1000, 0x4000),
          "the range reaches beyond the end of the region" },
        { part(9, UUID_A, 0, 0x1000, 0x5000),
          "the range reaches beyond the end of the region" },
        { part(9, UUID_A, 0, 0x2000, 0x3000),
          "the range reaches beyond the end of the region" },
        { part(9, UUID_A, 0, 0x5000, 0),
          "the range reaches beyond the end of the region" },
        { part(9, UUID_A, 0, 0x2000, UINT64_MAX - 0xfff),
          "the range reaches beyond the end of the region" },
    };
    record_t record = new_record("ID1", 0x4000), before, broken;
    size_t i;

    (void)state;
    add(&record, mapping(1, UUID_A, 0, 0x4000));
    before = record;
    for (i = 0; i < ARRAY_LENGTH(bad); i++) {
        const char *problem =
            libxl__shared_mem_mapping_problem(0x4000, &bad[i].m);

        assert_non_null(problem);
        assert_string_equal(problem, bad[i].problem);
        assert_int_equal(libxl__shared_mem_record_add(&record, &bad[i].m),
                         INVALID);
        assert_same_record(&record, &before);

        /* One that somebody else has put there, all else being in order. */
        broken = record;
        broken.mappings[1] = bad[i].m;
        broken.mappings[1].number = 1;
        broken.nr_mappings = 2;
        broken.nr_free = 30;
        memmove(broken.free, broken.free + 1, 30);
        assert_problem(&broken, bad[i].problem);
    }
}

static void mappings_that_fit(void **state)
{
    mapping_t good[] = {
        mapping(0, UUID_A, 0, 0x4000),
        mapping(32751, UUID_A, 0x1000, 0x4000),
        mapping(9, UUID_A, UINT64_MAX - 0x4fff, 0x4000),
        part(9, UUID_A, 0x1000, 0x4000, 0),
        part(9, UUID_A, 0x1000, 0x1000, 0x3000),
        part(9, UUID_A, 0x1000, 0x2000, 0x1000),
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(good); i++) {
        record_t record = new_record("ID1", 0x4000);

        assert_null(libxl__shared_mem_mapping_problem(0x4000, &good[i]));
        add(&record, mapping(100, UUID_B, 0, 0x4000));
        add(&record, good[i]);
        assert_problem(&record, NULL);
    }
}

/* Each character at each place, and each length. */
static void uuids(void **state)
{
    mapping_t m = mapping(9, UUID_A, 0, 0x4000);
    unsigned int i, c;

    (void)state;
    for (i = 0; i < 36; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

        for (c = 0; c < 256; c++) {
            bool allowed = hyphen ? c == '-' : (c >= '0' && c <= '9') ||
                                               (c >= 'a' && c <= 'f');

            m.uuid[i] = (char)c;
            assert_int_equal(!libxl__shared_mem_mapping_problem(0x4000, &m),
                             allowed);
        }
        m.uuid[i] = hyphen ? '-' : '0';
    }
    assert_null(libxl__shared_mem_mapping_problem(0x4000, &m));

    m.uuid[36] = '0';
    assert_string_equal(libxl__shared_mem_mapping_problem(0x4000, &m),
                        "the UUID is malformed");
}

static void dropping_a_borrower(void **state)
{
    record_t record = full_record();

    (void)state;
    drop_peer(&record, 2);
    assert_int_equal(record.nr_mappings, 2);
    assert_null(libxl__shared_mem_record_find(&record, 2));
    assert_int_equal(record.mappings[0].domid, 1);
    assert_int_equal(record.mappings[1].domid, 3);
    assert_string_equal(record.mappings[1].uuid, UUID_C);
    assert_int_equal(record.mappings[0].number, 0);
    assert_int_equal(record.mappings[1].number, 2);
    assert_free(&record, "3456789abcdefghijklmnopqrstuv1");
    assert_int_equal(record.owner, 1);
    assert_int_equal(record.generation, 4);
}

static void dropping_a_stranger_changes_nothing(void **state)
{
    record_t record = full_record(), before = record;

    (void)state;
    drop_peer(&record, 4);
    assert_same_record(&record, &before);
}

static void dropping_the_last_peer(void **state)
{
    record_t record = full_record();

    (void)state;
    drop_peer(&record, 1);
    drop_peer(&record, 2);
    assert_true(libxl__shared_mem_record_drop(&record, 3));
    assert_int_equal(record.nr_mappings, 0);
    assert_true(libxl__shared_mem_record_drop(&record, 3));
}

static void owner_moves_to_a_whole_writable_mapping(void **state)
{
    record_t record = new_record("ID1", 0x2000);

    (void)state;
    add(&record, mapping(6, UUID_A, 0, 0x2000));
    add(&record, part(1, UUID_B, 0, 0x1000, 0));
    add(&record, read_only(mapping(2, UUID_B, 0, 0x2000)));
    add(&record, mapping(20, UUID_B, 0, 0x2000));
    add(&record, part(10, UUID_B, 0, 0x2000, 0));
    add(&record, mapping(15, UUID_B, 0, 0x2000));

    drop_peer(&record, 6);
    assert_int_equal(record.owner, 10);
    drop_peer(&record, 10);
    assert_int_equal(record.owner, 15);
    drop_peer(&record, 2);
    assert_int_equal(record.owner, 15);
    drop_peer(&record, 15);
    assert_int_equal(record.owner, 20);
}

static void owner_moves_to_the_lowest_domid_otherwise(void **state)
{
    record_t record = new_record("ID1", 0x2000);

    (void)state;
    add(&record, mapping(4, UUID_A, 0, 0x2000));
    add(&record, read_only(mapping(9, UUID_B, 0, 0x2000)));
    add(&record, part(8, UUID_B, 0, 0x1000, 0x1000));
    drop_peer(&record, 4);
    assert_int_equal(record.owner, 8);
}

/* What a predicate knows: the domains that live, and what it was asked. */
struct living {
    const mapping_t *domains;
    size_t nr_domains;
    unsigned int nr_calls;
    uint32_t last;
};

static bool is_living(uint32_t domid, const char *uuid, void *opaque)
{
    struct living *living = opaque;
    size_t i;

    /* In order of domid. */
    assert_true(!living->nr_calls || domid > living->last);
    living->nr_calls++;
    living->last = domid;
    for (i = 0; i < living->nr_domains; i++)
        if (living->domains[i].domid == domid)
            return !strcmp(living->domains[i].uuid, uuid);

    return false;
}

static void drop_dead_keeps_the_living(void **state)
{
    mapping_t domains[] = {
        mapping(1, UUID_A, 0, 0), mapping(2, UUID_B, 0, 0),
        mapping(3, UUID_C, 0, 0),
    };
    struct living living = { .domains = domains, .nr_domains = 3 };
    record_t record = full_record(), before = record;

    (void)state;
    assert_int_equal(libxl__shared_mem_record_drop_dead(&record, is_living,
                                                        &living), 0);
    assert_int_equal(living.nr_calls, 3);
    assert_same_record(&record, &before);
}

static void drop_dead_knows_a_reused_domid(void **state)
{
    /* Domid 1, the owner, now belongs to a domain of another UUID. */
    mapping_t domains[] = {
        mapping(1, UUID_C, 0, 0), mapping(2, UUID_B, 0, 0),
    };
    struct living living = { .domains = domains, .nr_domains = 2 };
    record_t record = full_record();

    (void)state;
    assert_int_equal(libxl__shared_mem_record_drop_dead(&record, is_living,
                                                        &living), 2);
    assert_int_equal(living.nr_calls, 3);
    assert_int_equal(record.nr_mappings, 1);
    assert_int_equal(record.mappings[0].domid, 2);
    assert_string_equal(record.mappings[0].uuid, UUID_B);
    assert_int_equal(record.mappings[0].number, 1);
    assert_free(&record, "3456789abcdefghijklmnopqrstuv02");
    assert_int_equal(record.owner, 2);
    assert_int_equal(record.generation, 4);

    add(&record, mapping(1, UUID_C, 0x1000, 0x100000));
    assert_int_equal(record.mappings[0].number, 3);
    assert_int_equal(record.mappings[1].number, 1);
    assert_free(&record, "456789abcdefghijklmnopqrstuv02");
    assert_int_equal(record.owner, 2);
    assert_int_equal(record.generation, 5);
}

static void drop_dead_may_empty_a_record(void **state)
{
    struct living living = { .nr_domains = 0 };
    record_t record = full_record();

    (void)state;
    assert_int_equal(libxl__shared_mem_record_drop_dead(&record, is_living,
                                                        &living), 3);
    assert_int_equal(record.nr_mappings, 0);
    assert_free(&record, "3456789abcdefghijklmnopqrstuv012");
    assert_int_equal(record.generation, 4);
}

/*----- The peers' numbers -----*/

/* Adds domid and expects that it gets the given number. */
static void add_numbered(record_t *record, uint32_t domid,
                         unsigned int number)
{
    const mapping_t *added;

    add(record, mapping(domid, UUID_A, 0x1000, 0x1000));
    added = libxl__shared_mem_record_find(record, domid);
    assert_non_null(added);
    assert_int_equal(added->number, number);
    assert_int_equal(record->nr_free, 32 - record->nr_mappings);
}

/* Domids 100 to 131, who have the numbers 0 to 31. */
static record_t numbered_record(void)
{
    record_t record = new_record("ID1", 0x1000);
    unsigned int i;

    for (i = 0; i < 32; i++)
        add_numbered(&record, 100 + i, i);

    return record;
}

static unsigned int number_of(const record_t *record, uint32_t domid)
{
    const mapping_t *m = libxl__shared_mem_record_find(record, domid);

    assert_non_null(m);

    return m->number;
}

/* They go by the order in which peers come, not by domid. */
static void numbers_begin_at_0(void **state)
{
    record_t record = new_record("ID1", 0x1000);

    (void)state;
    assert_free(&record, "0123456789abcdefghijklmnopqrstuv");
    add_numbered(&record, 7, 0);
    add_numbered(&record, 3, 1);
    add_numbered(&record, 5, 2);
    add_numbered(&record, 0, 3);
    assert_free(&record, "456789abcdefghijklmnopqrstuv");
    assert_int_equal(number_of(&record, 0), 3);
    assert_int_equal(number_of(&record, 3), 1);
    assert_int_equal(number_of(&record, 5), 2);
    assert_int_equal(number_of(&record, 7), 0);
}

static void caller_does_not_choose_the_number(void **state)
{
    record_t record = new_record("ID1", 0x1000);
    mapping_t first = mapping(1, UUID_A, 0x1000, 0x1000);
    mapping_t second = mapping(2, UUID_B, 0x1000, 0x1000);
    mapping_t third = mapping(3, UUID_C, 0x1000, 0x1000);

    (void)state;
    first.number = 17;
    second.number = 0;
    third.number = 4294967295;
    add(&record, first);
    add(&record, second);
    add(&record, third);
    assert_int_equal(number_of(&record, 1), 0);
    assert_int_equal(number_of(&record, 2), 1);
    assert_int_equal(number_of(&record, 3), 2);
    assert_free(&record, "3456789abcdefghijklmnopqrstuv");
}

static void refused_peer_takes_no_number(void **state)
{
    record_t record = new_record("ID1", 0x1000);
    mapping_t invalid = mapping(8, UUID_A, 0x1000, 0x2000);
    mapping_t duplicate = mapping(7, UUID_B, 0x1000, 0x1000);

    (void)state;
    assert_int_equal(libxl__shared_mem_record_add(&record, &invalid),
                     INVALID);
    assert_free(&record, "0123456789abcdefghijklmnopqrstuv");
    add_numbered(&record, 7, 0);
    assert_int_equal(libxl__shared_mem_record_add(&record, &invalid),
                     INVALID);
    assert_int_equal(libxl__shared_mem_record_add(&record, &duplicate),
                     DUPLICATE);
    assert_free(&record, "123456789abcdefghijklmnopqrstuv");
    add_numbered(&record, 8, 1);
}

static void number_of_a_leaver_is_not_reused_at_once(void **state)
{
    record_t record = new_record("ID1", 0x1000);

    (void)state;
    add_numbered(&record, 1, 0);
    add_numbered(&record, 2, 1);
    add_numbered(&record, 3, 2);

    /* The last that came, one before it, and the owner, each twice. */
    drop_peer(&record, 3);
    assert_free(&record, "3456789abcdefghijklmnopqrstuv2");
    add_numbered(&record, 3, 3);
    drop_peer(&record, 3);
    add_numbered(&record, 4, 4);
    drop_peer(&record, 2);
    assert_free(&record, "56789abcdefghijklmnopqrstuv231");
    add_numbered(&record, 2, 5);
    drop_peer(&record, 2);
    add_numbered(&record, 5, 6);
    drop_peer(&record, 1);
    add_numbered(&record, 1, 7);
    drop_peer(&record, 1);
    add_numbered(&record, 6, 8);

    assert_int_equal(number_of(&record, 4), 4);
    assert_int_equal(number_of(&record, 5), 6);
    assert_int_equal(number_of(&record, 6), 8);
    assert_free(&record, "9abcdefghijklmnopqrstuv231507");
}

/* One peer stays, another comes and goes for three rounds. */
static void numbers_go_round_and_pass_by_a_peer(void **state)
{
    static const unsigned int numbers[] = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        1, 2, 3,
    };
    record_t record = new_record("ID1", 0x1000);
    size_t i;

    (void)state;
    add_numbered(&record, 9, 0);
    for (i = 0; i < ARRAY_LENGTH(numbers); i++) {
        add_numbered(&record, 4, numbers[i]);
        drop_peer(&record, 4);
        assert_int_equal(number_of(&record, 9), 0);
    }
}

/* Domid 1 keeps number 0 while domid 2 has all others, one by one. */
static void number_of_an_old_peer_is_not_reused_at_once(void **state)
{
    record_t record = new_record("ID1", 0x1000);
    unsigned int i;

    (void)state;
    add_numbered(&record, 1, 0);
    for (i = 1; i < 31; i++) {
        add_numbered(&record, 2, i);
        drop_peer(&record, 2);
    }
    add_numbered(&record, 2, 31);

    /* 1 to 30 are free, and have been for longer than 0. */
    drop_peer(&record, 1);
    add(&record, mapping(1, UUID_A, 0x1000, 0x1000));
    assert_int_equal(number_of(&record, 1), 1);
}

/* Neither the numbers nor the domids give the order. */
static void numbers_are_given_in_the_order_of_leaving(void **state)
{
    record_t record = numbered_record();

    (void)state;
    assert_free(&record, "");
    drop_peer(&record, 100);
    drop_peer(&record, 101);
    drop_peer(&record, 131);
    assert_free(&record, "01v");
    add_numbered(&record, 5, 0);
    add_numbered(&record, 6, 1);
    add_numbered(&record, 7, 31);

    drop_peer(&record, 7);
    drop_peer(&record, 115);
    drop_peer(&record, 6);
    drop_peer(&record, 114);
    assert_free(&record, "vf1e");
    add_numbered(&record, 9, 31);
    add_numbered(&record, 8, 15);
    add_numbered(&record, 7, 1);
    add_numbered(&record, 6, 14);
    assert_free(&record, "");
}

static void free_numbers_are_all_given_before_one_comes_again(void **state)
{
    record_t record = numbered_record();

    (void)state;
    drop_peer(&record, 120);
    drop_peer(&record, 103);
    drop_peer(&record, 104);
    drop_peer(&record, 131);
    add_numbered(&record, 1, 20);

    /* 20 is free again, but 3, 4 and 31 are first. */
    drop_peer(&record, 1);
    add_numbered(&record, 2, 3);
    drop_peer(&record, 2);
    add_numbered(&record, 3, 4);
    add_numbered(&record, 4, 31);
    add_numbered(&record, 5, 20);
    add_numbered(&record, 6, 3);
    assert_int_equal(record.nr_mappings, 32);
}

/* Those that are found dead together leave in the order of their domids. */
static void numbers_of_several_that_die_at_once(void **state)
{
    mapping_t domains[] = { mapping(5, UUID_A, 0, 0) };
    struct living living = { .domains = domains, .nr_domains = 1 };
    record_t record = new_record("ID1", 0x1000);

    (void)state;
    add_numbered(&record, 7, 0);
    add_numbered(&record, 3, 1);
    add_numbered(&record, 5, 2);
    add_numbered(&record, 1, 3);
    add_numbered(&record, 20, 4);
    drop_peer(&record, 20);
    assert_free(&record, "56789abcdefghijklmnopqrstuv4");
    assert_int_equal(libxl__shared_mem_record_drop_dead(&record, is_living,
                                                        &living), 3);
    assert_free(&record, "56789abcdefghijklmnopqrstuv4310");
    assert_int_equal(number_of(&record, 5), 2);
    add_numbered(&record, 1, 5);
    assert_free(&record, "6789abcdefghijklmnopqrstuv4310");
}

/* All but one of a full region, and all of it. */
static void numbers_of_a_full_region_that_dies(void **state)
{
    mapping_t domains[] = { mapping(116, UUID_A, 0, 0) };
    struct living living = { .domains = domains, .nr_domains = 1 };
    struct living nobody = { .nr_domains = 0 };
    record_t record = numbered_record();

    (void)state;
    assert_int_equal(libxl__shared_mem_record_drop_dead(&record, is_living,
                                                        &living), 31);
    assert_free(&record, "0123456789abcdefhijklmnopqrstuv");
    assert_int_equal(number_of(&record, 116), 16);
    assert_int_equal(libxl__shared_mem_record_drop_dead(&record, is_living,
                                                        &nobody), 1);
    assert_free(&record, "0123456789abcdefhijklmnopqrstuvg");
}

static void full_region_has_one_number_to_give(void **state)
{
    record_t record = numbered_record();
    mapping_t one_more = mapping(5, UUID_C, 0x1000, 0x1000);

    (void)state;
    assert_int_equal(libxl__shared_mem_record_add(&record, &one_more), FULL);
    assert_free(&record, "");

    /* The only free one is the leaver's own. */
    drop_peer(&record, 117);
    assert_free(&record, "h");
    add_numbered(&record, 117, 17);
    drop_peer(&record, 117);
    add_numbered(&record, 5, 17);
    drop_peer(&record, 116);
    add_numbered(&record, 6, 16);
    drop_peer(&record, 131);
    add_numbered(&record, 7, 31);
    drop_peer(&record, 100);
    add_numbered(&record, 8, 0);
    assert_int_equal(record.nr_mappings, 32);
}

/* From any order, as it may have been read. */
static void numbers_go_on_in_the_order_of_the_free_ones(void **state)
{
    static const uint8_t reversed[] = {
        31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14,
        13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3,
    };
    record_t record = full_record();

    (void)state;
    assert_int_equal(record.nr_free, ARRAY_LENGTH(reversed));
    memcpy(record.free, reversed, sizeof(reversed));
    assert_problem(&record, NULL);
    add(&record, mapping(4, UUID_A, 0x1000, 0x100000));
    add(&record, mapping(5, UUID_A, 0x1000, 0x100000));
    assert_int_equal(number_of(&record, 4), 31);
    assert_int_equal(number_of(&record, 5), 30);
    assert_free(&record, "tsrqponmlkjihgfedcba9876543");

    /* One is let out. */
    record = full_record();
    record.mappings[2].number = 3;
    record.free[0] = 2;
    assert_problem(&record, NULL);
    add(&record, mapping(4, UUID_A, 0x1000, 0x100000));
    assert_int_equal(number_of(&record, 4), 2);
    assert_free(&record, "456789abcdefghijklmnopqrstuv");
}

/*----- Checking a record -----*/

#define NUMBERS "not each index is either a peer's or free"

static void nothing_is_wrong(void **state)
{
    record_t one = new_record("ID1", 0x1000);
    record_t full = numbered_record(), some = full_record();
    record_t hidden = hidden_record();

    (void)state;
    add(&one, mapping(0, UUID_A, 0, 0x1000));
    assert_problem(&one, NULL);
    assert_problem(&full, NULL);
    assert_problem(&some, NULL);
    assert_problem(&hidden, NULL);

    /* Whichever peer owns it, even one that has a part of it read-only. */
    some.owner = 2;
    assert_problem(&some, NULL);
    some.owner = 3;
    assert_problem(&some, NULL);
    some.generation = 0;
    assert_problem(&some, NULL);
    some.generation = UINT64_MAX;
    assert_problem(&some, NULL);
    drop_peer(&some, 3);
    assert_problem(&some, NULL);
}

static void size_that_is_wrong(void **state)
{
    static const uint64_t bad[] = {
        0, 1, 0xfff, 0x1001, 0xfffff, 0x100800, UINT64_MAX,
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(bad); i++) {
        record_t record = full_record();
        unsigned int j;

        /* No mapping gives it away. */
        for (j = 0; j < record.nr_mappings; j++) {
            record.mappings[j].size = 0x1000;
            record.mappings[j].offset = 0;
            record.mappings[j].has_offset = true;
        }
        assert_problem(&record, NULL);
        record.size = bad[i];
        assert_problem(&record, "the region's size is not whole pages");
    }
}

/* Of the first peer, of the last, and of one between them. */
static void mapping_that_is_wrong(void **state)
{
    unsigned int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        record_t record = full_record();

        record.mappings[i].uuid[35] = 'A';
        assert_problem(&record, "the UUID is malformed");

        record = full_record();
        record.mappings[i].begin++;
        assert_problem(&record, "the range is not whole pages");

        record = full_record();
        record.mappings[i].size = 0;
        assert_problem(&record, "the range is empty");
    }
}

static void order_that_is_wrong(void **state)
{
    static const char problem[] =
        "the peers are not in the order of their domain IDs";
    static const struct {
        uint32_t domids[3];
        const char *problem;
    } cases[] = {
        { { 1, 2, 3 }, NULL },
        { { 0, 1, 32751 }, NULL },
        { { 9, 10, 100 }, NULL },
        { { 2, 1, 3 }, problem },
        { { 1, 3, 2 }, problem },
        { { 3, 1, 2 }, problem },
        { { 3, 2, 1 }, problem },
        /* One twice. */
        { { 1, 1, 3 }, problem },
        { { 1, 3, 3 }, problem },
        { { 0, 0, 0 }, problem },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        record_t record = full_record();
        unsigned int j;

        for (j = 0; j < 3; j++)
            record.mappings[j].domid = cases[i].domids[j];
        record.owner = cases[i].domids[0];
        assert_problem(&record, cases[i].problem);
    }
}

static void owner_that_is_wrong(void **state)
{
    static const uint32_t bad[] = { 0, 4, 16, 32751, 65537, UINT32_MAX };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(bad); i++) {
        record_t record = full_record();

        record.owner = bad[i];
        assert_problem(&record, "the owner has no mapping");
    }
}

/* Each number may be any peer's, but then it is not free. */
static void each_number_is_looked_at(void **state)
{
    unsigned int i;

    (void)state;
    for (i = 3; i < 32; i++) {
        record_t record = full_record();

        /* It is free and the third peer's; 2 is nobody's. */
        record.mappings[2].number = i;
        assert_problem(&record, NUMBERS);

        record.free[i - 3] = 2;
        assert_problem(&record, NULL);

        /* Now i is nobody's. */
        record.mappings[2].number = 2;
        assert_problem(&record, NUMBERS);
    }
}

static void numbers_that_are_wrong(void **state)
{
    /* The last would exist if only some of their bits were looked at. */
    static const unsigned int bad[] = {
        32, 33, 63, 255, UINT32_MAX, 32 + 2, 64 + 2, 256 + 2, 0x10000 + 2,
    };
    static const uint8_t bad_free[] = {
        32, 33, 63, 255, 32 + 3, 64 + 3, 128 + 3,
    };
    record_t record;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(bad); i++) {
        record = full_record();
        record.mappings[2].number = bad[i];
        assert_problem(&record, NUMBERS);
    }

    /* 3 has been free longest. */
    for (i = 0; i < ARRAY_LENGTH(bad_free); i++) {
        record = full_record();
        record.free[0] = bad_free[i];
        assert_problem(&record, NUMBERS);
    }

    /* Two peers' the same. */
    for (i = 0; i < 2; i++) {
        record = full_record();
        record.mappings[i + 1].number = record.mappings[i].number;
        assert_problem(&record, NUMBERS);
    }

    /* A peer's among the free ones, in place of another, or in addition. */
    record = full_record();
    record.free[28] = 2;
    assert_problem(&record, NUMBERS);
    record = full_record();
    record.free[record.nr_free++] = 2;
    assert_problem(&record, NUMBERS);

    /* A free one twice, in place of another, or in addition. */
    record = full_record();
    record.free[0] = record.free[28];
    assert_problem(&record, NUMBERS);
    record = full_record();
    record.free[record.nr_free++] = 31;
    assert_problem(&record, NUMBERS);

    /* One fewer, none, and all. */
    record = full_record();
    record.nr_free--;
    assert_problem(&record, NUMBERS);
    record.nr_free = 0;
    assert_problem(&record, NUMBERS);
    record = full_record();
    for (i = 0; i < 32; i++)
        record.free[i] = (uint8_t)i;
    record.nr_free = 32;
    assert_problem(&record, NUMBERS);
}

/* There are as many as there may be peers. */
static void full_region_has_no_free_numbers(void **state)
{
    record_t record = numbered_record();

    (void)state;
    assert_int_equal(record.nr_free, 0);
    assert_problem(&record, NULL);

    record.nr_free = 1;
    record.free[0] = 0;
    assert_problem(&record, NUMBERS);

    record = numbered_record();
    record.mappings[31].number = 30;
    assert_problem(&record, NUMBERS);
    record.mappings[30].number = 31;
    assert_problem(&record, NULL);
}

/*----- Differences -----*/

static void records_that_differ(void **state)
{
    const record_t before = full_record();
    struct living living = { .nr_domains = 0 };
    record_t after = before, gone, again;

    (void)state;
    assert_false(libxl__shared_mem_record_differs(&before, &before));
    assert_false(libxl__shared_mem_record_differs(&before, &after));

    add(&after, mapping(4, UUID_A, 0, 0x100000));
    assert_true(libxl__shared_mem_record_differs(&before, &after));
    assert_true(libxl__shared_mem_record_differs(&after, &before));

    /* As many peers as before, at the same places. */
    after = before;
    drop_peer(&after, 3);
    assert_true(libxl__shared_mem_record_differs(&before, &after));
    add(&after, before.mappings[2]);
    assert_true(libxl__shared_mem_record_differs(&before, &after));

    gone = before;
    libxl__shared_mem_record_drop_dead(&gone, is_living, &living);
    assert_int_equal(gone.nr_mappings, 0);
    assert_true(libxl__shared_mem_record_differs(&before, &gone));
    assert_true(libxl__shared_mem_record_differs(&gone, &before));

    /* A region that goes and comes again in one step. */
    again = before;
    again.generation = before.generation + 4;
    assert_true(libxl__shared_mem_record_differs(&before, &again));
}

/* Neither has a region: that they have counted to is of no interest. */
static void records_without_peers_do_not_differ(void **state)
{
    record_t none = { .nr_mappings = 0 }, gone = new_record("ID1", 0x1000);

    (void)state;
    gone.generation = 7;
    gone.hidden = true;
    assert_false(libxl__shared_mem_record_differs(&none, &gone));
    assert_false(libxl__shared_mem_record_differs(&gone, &none));
    assert_diff(&none, &gone, "");
    assert_diff(&gone, &none, "");
}

/* Whatever is said in the record of one that does not exist. */
static void diff_of_a_new_region(void **state)
{
    record_t record = full_record(), empty = new_record("ID1", 0x100000);

    (void)state;
    assert_diff(&empty, &record, "make\n" FULL_NODES);
    empty.size = 0x1000;
    empty.control = empty.hidden = true;
    empty.owner = 1;
    empty.generation = record.generation;
    assert_diff(&empty, &record, "make\n" FULL_NODES);
}

static void diff_of_equal_records_is_nothing(void **state)
{
    record_t record = full_record(), hidden = hidden_record();

    (void)state;
    assert_diff(&record, &record, "");
    assert_diff(&hidden, &hidden, "");
}

static void diff_of_a_new_borrower(void **state)
{
    record_t before = full_record(), after = before;

    (void)state;
    add(&after, read_only(part(16, UUID_A, 0x90000000, 0x1000, 0x2000)));
    assert_diff(&before, &after,
                ID1 "/mappings/16 = 0x90000000-0x90001000\n"
                ID1 "/mappings/16/prot = ro\n"
                ID1 "/mappings/16/offset = 0x2000\n");
}

/* A mapping takes its options along, and only its own. */
static void diff_of_a_dropped_borrower(void **state)
{
    record_t before = full_record(), after;

    (void)state;
    add(&before, mapping(30, UUID_A, 0x90000000, 0x100000));
    after = before;
    drop_peer(&after, 3);
    drop_peer(&after, 30);
    assert_diff(&before, &after, "remove " ID1 "/mappings/3\n"
                                 "remove " ID1 "/mappings/30\n");
}

static void diff_of_an_owner_that_goes(void **state)
{
    record_t before = full_record(), after = before;

    (void)state;
    drop_peer(&after, 1);
    assert_diff(&before, &after, "remove " ID1 "/mappings/1\n"
                                 ID1 "/owner = 2\n");
}

/* All below goes along, what a later version has put there too. */
static void diff_of_a_region_that_goes(void **state)
{
    const record_t none = { .nr_mappings = 0 };
    record_t before = full_record(), hidden = hidden_record();
    record_t after = before;

    (void)state;
    drop_peer(&after, 1);
    drop_peer(&after, 2);
    assert_true(libxl__shared_mem_record_drop(&after, 3));
    assert_diff(&before, &after, "remove " ID1 "\n");
    assert_diff(&before, &none, "remove " ID1 "\n");
    assert_diff(&hidden, &none, "remove " ID1 "\n");
}

/* The dead domain's options must not be left on the new one's mapping. */
static void diff_of_a_reused_domid(void **state)
{
    record_t before = full_record(), after = before;

    (void)state;
    drop_peer(&after, 3);
    add(&after, mapping(3, UUID_A, 0x50000000, 0x100000));
    assert_diff(&before, &after,
                "remove " ID1 "/mappings/3\n"
                ID1 "/mappings/3 = 0x50000000-0x50100000\n");
}

/* Whichever one thing is another, the mapping is another. */
static void diff_of_a_mapping_that_is_another_in_one_thing(void **state)
{
    const struct {
        mapping_t m;
        const char *changes;
    } cases[] = {
        { read_only(part(3, UUID_C, 0x50001000, 0x10000, 0x1000)),
          "remove " ID1 "/mappings/3\n"
          ID1 "/mappings/3 = 0x50001000-0x50011000\n"
          ID1 "/mappings/3/prot = ro\n"
          ID1 "/mappings/3/offset = 0x1000\n" },
        { read_only(part(3, UUID_C, 0x50000000, 0x11000, 0x1000)),
          "remove " ID1 "/mappings/3\n"
          ID1 "/mappings/3 = 0x50000000-0x50011000\n"
          ID1 "/mappings/3/prot = ro\n"
          ID1 "/mappings/3/offset = 0x1000\n" },
        { read_only(part(3, UUID_C, 0x50000000, 0x10000, 0x2000)),
          "remove " ID1 "/mappings/3\n"
          ID1 "/mappings/3 = 0x50000000-0x50010000\n"
          ID1 "/mappings/3/prot = ro\n"
          ID1 "/mappings/3/offset = 0x2000\n" },
        { part(3, UUID_C, 0x50000000, 0x10000, 0x1000),
          "remove " ID1 "/mappings/3\n"
          ID1 "/mappings/3 = 0x50000000-0x50010000\n"
          ID1 "/mappings/3/offset = 0x1000\n" },
    };
    record_t before = full_record(), after;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        after = before;
        drop_peer(&after, 3);
        add(&after, cases[i].m);
        assert_diff(&before, &after, cases[i].changes);
    }

    /* An offset of 0 that is given, and one that is not. */
    before = full_record();
    drop_peer(&before, 3);
    after = before;
    add(&before, mapping(3, UUID_C, 0x50000000, 0x100000));
    add(&after, part(3, UUID_C, 0x50000000, 0x100000, 0));
    before.generation--;
    assert_diff(&before, &after, "remove " ID1 "/mappings/3\n"
                                 ID1 "/mappings/3 = 0x50000000-0x50100000\n"
                                 ID1 "/mappings/3/offset = 0x0\n");
    assert_diff(&after, &before, "remove " ID1 "/mappings/3\n"
                                 ID1 "/mappings/3 = 0x50000000-0x50100000\n");
}

/* Which domain has the domid, and what its index is, is not public. */
static void diff_of_a_mapping_that_comes_back(void **state)
{
    static const char *const uuids[] = { UUID_B, UUID_A };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(uuids); i++) {
        record_t before = full_record(), after = before;

        drop_peer(&after, 2);
        add(&after, mapping(2, uuids[i], 0x80000000, 0x100000));
        assert_int_equal(number_of(&after, 2), 3);
        assert_true(libxl__shared_mem_record_differs(&before, &after));
        assert_diff(&before, &after, "");
    }
}

/* Another peer has got the region meanwhile. */
static void diff_of_an_owner_that_comes_back(void **state)
{
    record_t before = full_record(), after = before;

    (void)state;
    drop_peer(&after, 1);
    add(&after, mapping(1, UUID_A, 0x40000000, 0x100000));
    assert_diff(&before, &after, ID1 "/owner = 2\n");
}

/* It is another region, of the same name. */
static void diff_of_a_region_of_another_kind(void **state)
{
    static const struct {
        uint64_t size;
        bool control, hidden;
        const char *changes;
    } cases[] = {
        { 0x200000, true, false,
          "make\n"
          ID1 "/size = 0x200000\n"
          ID1 "/control = 1\n"
          ID1 "/owner = 1\n"
          ID1 "/mappings/1 = 0x40000000-0x40200000\n" },
        { 0x100000, false, false,
          "make\n"
          ID1 "/size = 0x100000\n"
          ID1 "/owner = 1\n"
          ID1 "/mappings/1 = 0x40000000-0x40100000\n" },
        { 0x100000, true, true,
          "make\n"
          ID1 "/size = 0x100000\n"
          ID1 "/control = 1\n"
          ID1 "/owner = 1\n"
          ID1 "/mappings/1 = 0x40000000-0x40100000\n" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        record_t before = full_record(), after;

        assert_int_equal(
            libxl__shared_mem_record_init(&after, "ID1", cases[i].size,
                                          cases[i].control,
                                          cases[i].hidden), OK);
        after.generation = before.generation;
        add(&after, mapping(1, UUID_A, 0x40000000, cases[i].size));
        assert_diff(&before, &after, cases[i].changes);
        assert_diff(&after, &before, "make\n" FULL_NODES);
    }
}

/*
 * Who may read the nodes changes with the peers: one comes, one goes, and
 * another domain gets the domid and the mapping of one before.
 */
static void diff_of_a_hidden_region(void **state)
{
    record_t before = hidden_record(), after = before;

    (void)state;
    add(&after, mapping(4, UUID_A, 0, 0x100000));
    assert_diff(&before, &after, "make\n" FULL_NODES
                                 ID1 "/mappings/4 = 0x0-0x100000\n");

    after = before;
    drop_peer(&after, 1);
    assert_diff(&before, &after,
                "make\n"
                ID1 "/size = 0x100000\n"
                ID1 "/control = 1\n"
                ID1 "/owner = 2\n"
                ID1 "/mappings/2 = 0x80000000-0x80100000\n"
                ID1 "/mappings/3 = 0x50000000-0x50010000\n"
                ID1 "/mappings/3/prot = ro\n"
                ID1 "/mappings/3/offset = 0x1000\n");

    after = before;
    drop_peer(&after, 2);
    add(&after, mapping(2, UUID_A, 0x80000000, 0x100000));
    assert_diff(&before, &after, "make\n" FULL_NODES);
}

/*----- Differences, at random -----*/

/* A xenstore in small: the nodes that exist, in no special order. */
struct store {
    unsigned int nr;
    node_t nodes[1 + LIBXL__SHARED_MEM_NODES_MAX];
};

/* Returns how many nodes there were. */
static unsigned int store_remove(struct store *store, const char *path)
{
    unsigned int i, kept = 0, nr = store->nr;
    size_t len = strlen(path);

    for (i = 0; i < nr; i++) {
        const char *text = store->nodes[i].path.text;
        bool covered = !strncmp(text, path, len) &&
                       (text[len] == '\0' || text[len] == '/');

        if (!covered)
            store->nodes[kept++] = store->nodes[i];
    }
    store->nr = kept;

    return nr - kept;
}

static const char *store_read(const struct store *store, const char *path)
{
    unsigned int i;

    for (i = 0; i < store->nr; i++)
        if (!strcmp(store->nodes[i].path.text, path))
            return store->nodes[i].value;

    return NULL;
}

static void store_add(struct store *store, const char *path,
                      const char *value)
{
    node_t *node = &store->nodes[store->nr++];

    assert_true(store->nr <= ARRAY_LENGTH(store->nodes));
    snprintf(node->path.text, sizeof(node->path.text), "%s", path);
    snprintf(node->value, sizeof(node->value), "%s", value);
}

static void store_write(struct store *store, const node_t *node)
{
    unsigned int i;

    for (i = 0; i < store->nr; i++)
        if (!strcmp(store->nodes[i].path.text, node->path.text)) {
            store->nodes[i] = *node;
            return;
        }
    store_add(store, node->path.text, node->value);
}

/*
 * Who may read the nodes, which whoever makes the directory decides: all, or
 * those who are peers then.
 */
static void store_make(struct store *store, const record_t *record)
{
    char readers[32] = "all";

    if (record->hidden)
        snprintf(readers, sizeof(readers), "peers at %" PRIu64,
                 record->generation);
    store_add(store, ID1, readers);
}

/* Nothing is done in vain. */
static void store_apply(struct store *store, const changes_t *changes,
                        const record_t *after)
{
    unsigned int i;

    for (i = 0; i < changes->nr_removals; i++)
        assert_true(store_remove(store, changes->removals[i].text));

    if (changes->anew) {
        assert_int_equal(changes->nr_removals, 0);
        store->nr = 0;
        store_make(store, after);
    }

    for (i = 0; i < changes->nr_writes; i++) {
        const node_t *node = &changes->writes[i];
        const char *value = store_read(store, node->path.text);

        assert_true(!value || strcmp(value, node->value));
        store_write(store, node);
    }

    assert_true(!store->nr || store_read(store, ID1));
}

/* What the store has to have, as documented. */
static void describe(struct store *store, const record_t *record)
{
    char path[100], value[100];
    unsigned int i;

    store->nr = 0;
    if (!record->nr_mappings)
        return;

    store_make(store, record);
    snprintf(value, sizeof(value), "%u", (unsigned int)record->owner);
    store_add(store, ID1 "/owner", value);
    snprintf(value, sizeof(value), "0x%" PRIx64, record->size);
    store_add(store, ID1 "/size", value);
    if (record->control)
        store_add(store, ID1 "/control", "1");

    for (i = 0; i < record->nr_mappings; i++) {
        const mapping_t *m = &record->mappings[i];
        int len = snprintf(path, sizeof(path), ID1 "/mappings/%u",
                           (unsigned int)m->domid);

        snprintf(value, sizeof(value), "0x%" PRIx64 "-0x%" PRIx64, m->begin,
                 m->begin + m->size);
        store_add(store, path, value);
        if (m->read_only) {
            snprintf(path + len, sizeof(path) - len, "/prot");
            store_add(store, path, "ro");
        }
        if (m->has_offset) {
            snprintf(path + len, sizeof(path) - len, "/offset");
            snprintf(value, sizeof(value), "0x%" PRIx64, m->offset);
            store_add(store, path, value);
        }
    }
}

static void assert_same_store(const struct store *a, const struct store *b)
{
    unsigned int i;

    assert_int_equal(a->nr, b->nr);
    for (i = 0; i < a->nr; i++) {
        const char *value = store_read(b, a->nodes[i].path.text);

        assert_non_null(value);
        assert_string_equal(value, a->nodes[i].value);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;

    return *seed >> 33;
}

static bool one_in(unsigned int n, uint64_t *seed)
{
    return next_random(seed) % n == 0;
}

/* Few enough domids that many come again, and often with the same mapping. */
static mapping_t random_mapping(const record_t *record, uint64_t *seed)
{
    static const char *const uuids[] = { UUID_A, UUID_B, UUID_C };
    uint64_t pages = record->size / 0x1000;
    mapping_t m = mapping(next_random(seed) % 40,
                          uuids[next_random(seed) % 3],
                          (next_random(seed) % 2) * 0x40000000, record->size);

    m.read_only = one_in(3, seed);
    if (one_in(2, seed)) {
        uint64_t skipped = record->nr_mappings ? next_random(seed) % pages : 0;

        m.has_offset = true;
        m.offset = skipped * 0x1000;
        if (record->nr_mappings)
            m.size = (1 + next_random(seed) % (pages - skipped)) * 0x1000;
    }

    return m;
}

static bool coin(uint32_t domid, const char *uuid, void *opaque)
{
    (void)domid;
    (void)uuid;

    return !one_in(3, opaque);
}

/* Peers go and come, or the region goes, and perhaps another one comes. */
static void change_at_random(record_t *record, uint64_t *seed)
{
    unsigned int nr;

    if (one_in(3, seed))
        libxl__shared_mem_record_drop_dead(record, coin, seed);
    if (one_in(20, seed))
        while (record->nr_mappings)
            libxl__shared_mem_record_drop(record, record->mappings[0].domid);

    if (!record->nr_mappings) {
        uint64_t generation = record->generation;

        assert_int_equal(
            libxl__shared_mem_record_init(record, "ID1",
                                          0x1000 << next_random(seed) % 3,
                                          one_in(2, seed), one_in(4, seed)),
            OK);
        record->generation = generation;
    }

    for (nr = next_random(seed) % 6; nr; nr--) {
        mapping_t m = random_mapping(record, seed);
        libxl__shared_mem_status expected =
            libxl__shared_mem_record_find(record, m.domid) ? DUPLICATE :
            record->nr_mappings == 32 ? FULL : OK;

        assert_int_equal(libxl__shared_mem_record_add(record, &m), expected);
    }
}

static void random_diffs_lead_to_the_record(void **state)
{
    static struct store store, from_nothing, expected;
    static changes_t changes;
    const record_t none = { .nr_mappings = 0 };
    record_t record = new_record("ID1", 0x1000);
    uint64_t seed = 7;
    unsigned int round;

    (void)state;
    store.nr = 0;
    for (round = 0; round < 3000; round++) {
        record_t before = record;

        change_at_random(&record, &seed);
        if (record.nr_mappings)
            assert_problem(&record, NULL);

        describe(&expected, &record);
        libxl__shared_mem_record_diff(&before, &record, &changes);
        store_apply(&store, &changes, &record);
        assert_same_store(&store, &expected);

        from_nothing.nr = 0;
        libxl__shared_mem_record_diff(&none, &record, &changes);
        store_apply(&from_nothing, &changes, &record);
        assert_same_store(&store, &from_nothing);
    }
}

/*----- The highest generation of regions that are no more -----*/

static void last_generation_is_a_number_or_0(void **state)
{
    static const char *const none[] = {
        NULL, "", " ", " 7", "7 ", "\t7", "7\n", "1 2", "-1", "-0", "+1", "-",
        "0x7", "7a", "a7", "seven", "7/", "7:", "/", ":", "1.0", "1,0",
        "\xb7", "7\xff",
        /* Too large, by 1 and by more. */
        "18446744073709551616", "18446744073709551617",
        "18446744073709551619", "18446744073709551620",
        "18446744073709551625", "20000000000000000000",
        "99999999999999999999", "184467440737095516150",
        "340282366920938463463374607431768211457",
    };
    static const struct {
        const char *value;
        uint64_t number;
    } numbers[] = {
        { "0", 0 },
        { "9", 9 },
        { "41", 41 },
        { "1234567890", 1234567890 },
        { "4294967296", UINT64_C(4294967296) },
        { "10000000000000000000", UINT64_C(10000000000000000000) },
        { "18446744073709551609", UINT64_MAX - 6 },
        { "18446744073709551610", UINT64_MAX - 5 },
        { "18446744073709551615", UINT64_MAX },
        { "00", 0 },
        { "07", 7 },
        { "010", 10 },
        { "000000000000000000000000000041", 41 },
        { "0000000000018446744073709551615", UINT64_MAX },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(none); i++)
        if (libxl__shared_mem_number(none[i]))
            fail_msg("\"%s\" was taken", none[i]);
    for (i = 0; i < ARRAY_LENGTH(numbers); i++)
        assert_int_equal(libxl__shared_mem_number(numbers[i].value),
                         numbers[i].number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_characters),
        cmocka_unit_test(id_lengths),
        cmocka_unit_test(paths),
        cmocka_unit_test(longest_paths_fit),
        cmocka_unit_test(documented_example),
        cmocka_unit_test(what_is_not_the_default),
        cmocka_unit_test(given_offset_of_zero_is_written),
        cmocka_unit_test(domids_are_decimal),
        cmocka_unit_test(largest_values_fit),
        cmocka_unit_test(longest_nodes_fit),
        cmocka_unit_test(peers_32_fit_and_33_do_not),
        cmocka_unit_test(most_nodes_and_removals),
        cmocka_unit_test(init_checks_its_arguments),
        cmocka_unit_test(init_starts_a_record),
        cmocka_unit_test(first_peer_owns),
        cmocka_unit_test(first_peer_may_be_read_only),
        cmocka_unit_test(mappings_are_sorted_and_found),
        cmocka_unit_test(owner_must_map_the_whole_region),
        cmocka_unit_test(peer_is_not_added_twice),
        cmocka_unit_test(mappings_that_do_not_fit),
        cmocka_unit_test(mappings_that_fit),
        cmocka_unit_test(uuids),
        cmocka_unit_test(dropping_a_borrower),
        cmocka_unit_test(dropping_a_stranger_changes_nothing),
        cmocka_unit_test(dropping_the_last_peer),
        cmocka_unit_test(owner_moves_to_a_whole_writable_mapping),
        cmocka_unit_test(owner_moves_to_the_lowest_domid_otherwise),
        cmocka_unit_test(drop_dead_keeps_the_living),
        cmocka_unit_test(drop_dead_knows_a_reused_domid),
        cmocka_unit_test(drop_dead_may_empty_a_record),
        cmocka_unit_test(numbers_begin_at_0),
        cmocka_unit_test(caller_does_not_choose_the_number),
        cmocka_unit_test(refused_peer_takes_no_number),
        cmocka_unit_test(number_of_a_leaver_is_not_reused_at_once),
        cmocka_unit_test(numbers_go_round_and_pass_by_a_peer),
        cmocka_unit_test(number_of_an_old_peer_is_not_reused_at_once),
        cmocka_unit_test(numbers_are_given_in_the_order_of_leaving),
        cmocka_unit_test(free_numbers_are_all_given_before_one_comes_again),
        cmocka_unit_test(numbers_of_several_that_die_at_once),
        cmocka_unit_test(numbers_of_a_full_region_that_dies),
        cmocka_unit_test(full_region_has_one_number_to_give),
        cmocka_unit_test(numbers_go_on_in_the_order_of_the_free_ones),
        cmocka_unit_test(nothing_is_wrong),
        cmocka_unit_test(size_that_is_wrong),
        cmocka_unit_test(mapping_that_is_wrong),
        cmocka_unit_test(order_that_is_wrong),
        cmocka_unit_test(owner_that_is_wrong),
        cmocka_unit_test(each_number_is_looked_at),
        cmocka_unit_test(numbers_that_are_wrong),
        cmocka_unit_test(full_region_has_no_free_numbers),
        cmocka_unit_test(records_that_differ),
        cmocka_unit_test(records_without_peers_do_not_differ),
        cmocka_unit_test(diff_of_a_new_region),
        cmocka_unit_test(diff_of_equal_records_is_nothing),
        cmocka_unit_test(diff_of_a_new_borrower),
        cmocka_unit_test(diff_of_a_dropped_borrower),
        cmocka_unit_test(diff_of_an_owner_that_goes),
        cmocka_unit_test(diff_of_a_region_that_goes),
        cmocka_unit_test(diff_of_a_reused_domid),
        cmocka_unit_test(diff_of_a_mapping_that_is_another_in_one_thing),
        cmocka_unit_test(diff_of_a_mapping_that_comes_back),
        cmocka_unit_test(diff_of_an_owner_that_comes_back),
        cmocka_unit_test(diff_of_a_region_of_another_kind),
        cmocka_unit_test(diff_of_a_hidden_region),
        cmocka_unit_test(random_diffs_lead_to_the_record),
        cmocka_unit_test(last_generation_is_a_number_or_0),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
