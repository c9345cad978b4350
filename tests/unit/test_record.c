/*
 * Unit tests of the xenstore record of a shared memory region.  They need
 * neither Xen nor xenstore.  Every expected path and value is written out
 * here as documented, never built with the code under test.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

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
#define ABSENT    LIBXL__SHARED_MEM_ABSENT
#define BROKEN    LIBXL__SHARED_MEM_BROKEN
#define INVALID   LIBXL__SHARED_MEM_INVALID
#define DUPLICATE LIBXL__SHARED_MEM_DUPLICATE
#define FULL      LIBXL__SHARED_MEM_FULL

#define PUBLIC    LIBXL__SHARED_MEM_PUBLIC
#define PRIVATE   LIBXL__SHARED_MEM_PRIVATE

#define UUID_A "11111111-2222-3333-4444-55555555aaaa"
#define UUID_B "11111111-2222-3333-4444-55555555bbbb"
#define UUID_C "11111111-2222-3333-4444-55555555cccc"

#define ID_OF_31 "abcdefghijklmnopqrstuvwxyzABCDE"
#define ID_OF_32 ID_OF_31 "F"

typedef libxl__shared_mem_record record_t;
typedef libxl__shared_mem_mapping mapping_t;
typedef libxl__shared_mem_node node_t;
typedef libxl__shared_mem_path path_t;
typedef libxl__shared_mem_reader reader_t;
typedef libxl__shared_mem_changes changes_t;
typedef libxl__shared_mem_index id_index_t;

/*----- Helpers -----*/

/*
 * A node as a test writes it.  path is absolute where nodes come out of
 * the code, and relative to the region's directory where they go in.
 */
struct fact {
    libxl__shared_mem_area area;
    const char *path;
    const char *value;
};

/* Region ID1 with every kind of node. */
static const struct fact full_facts[] = {
    { PUBLIC, "owner", "1" },
    { PUBLIC, "size", "0x100000" },
    { PUBLIC, "control", "1" },
    { PUBLIC, "mappings", "" },
    { PUBLIC, "mappings/1", "0x40000000-0x40100000" },
    { PUBLIC, "mappings/2", "0x80000000-0x80100000" },
    { PUBLIC, "mappings/3", "0x50000000-0x50010000" },
    { PUBLIC, "mappings/3/prot", "ro" },
    { PUBLIC, "mappings/3/offset", "0x1000" },
    { PRIVATE, "generation", "3" },
    { PRIVATE, "free_numbers", "3456789abcdefghijklmnopqrstuv" },
    { PRIVATE, "peers", "" },
    { PRIVATE, "peers/1", UUID_A },
    { PRIVATE, "peers/1/number", "0" },
    { PRIVATE, "peers/2", UUID_B },
    { PRIVATE, "peers/2/number", "1" },
    { PRIVATE, "peers/3", UUID_C },
    { PRIVATE, "peers/3/number", "2" },
};

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

static record_t new_record(const char *id, uint64_t size)
{
    record_t record;

    assert_int_equal(libxl__shared_mem_record_init(&record, id, size, false),
                     OK);

    return record;
}

/* The record that full_facts[] describes. */
static record_t full_record(void)
{
    record_t record;

    assert_int_equal(libxl__shared_mem_record_init(&record, "ID1", 0x100000,
                                                   true), OK);
    add(&record, mapping(1, UUID_A, 0x40000000, 0x100000));
    add(&record, mapping(2, UUID_B, 0x80000000, 0x100000));
    add(&record, read_only(part(3, UUID_C, 0x50000000, 0x10000, 0x1000)));

    return record;
}

static void assert_same_record(const record_t *a, const record_t *b)
{
    unsigned int i;

    assert_string_equal(a->id, b->id);
    assert_int_equal(a->owner, b->owner);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->control, b->control);
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

static libxl__shared_mem_status read_facts(const struct fact *facts,
                                           size_t nr_facts, reader_t *reader,
                                           record_t *record)
{
    size_t i;

    assert_int_equal(libxl__shared_mem_reader_init(reader, "ID1"), OK);
    for (i = 0; i < nr_facts; i++)
        libxl__shared_mem_reader_feed(reader, facts[i].area, facts[i].path,
                                      facts[i].value);

    return libxl__shared_mem_reader_finish(reader, record);
}

static bool same_node(const struct fact *a, const struct fact *b)
{
    return a->area == b->area && !strcmp(a->path, b->path);
}

/*
 * full_facts[] with the values of some paths replaced, or with those paths
 * added that are not there, or without those whose value is NULL.
 */
static libxl__shared_mem_status read_with(const struct fact *altered,
                                          size_t nr_altered,
                                          reader_t *reader,
                                          record_t *record)
{
    struct fact facts[ARRAY_LENGTH(full_facts) + 4];
    size_t i, j, nr = 0;

    assert_in_range(nr_altered, 0, 4);
    for (i = 0; i < ARRAY_LENGTH(full_facts); i++) {
        for (j = 0; j < nr_altered; j++)
            if (same_node(&full_facts[i], &altered[j]))
                break;
        if (j == nr_altered)
            facts[nr++] = full_facts[i];
    }
    for (j = 0; j < nr_altered; j++)
        if (altered[j].value)
            facts[nr++] = altered[j];

    return read_facts(facts, nr, reader, record);
}

static libxl__shared_mem_status read_altered(struct fact altered,
                                             reader_t *reader,
                                             record_t *record)
{
    return read_with(&altered, 1, reader, record);
}

/* Reads back what record_nodes gave, in the order that order[] says. */
static libxl__shared_mem_status read_nodes(const char *id,
                                           const node_t *nodes,
                                           const unsigned int *order,
                                           unsigned int nr_nodes,
                                           record_t *record)
{
    char public_dir[64], private_dir[64];
    reader_t reader;
    unsigned int i;

    snprintf(public_dir, sizeof(public_dir), "/local/shared_mem/%s/", id);
    snprintf(private_dir, sizeof(private_dir), "/libxl/shared_mem/%s/", id);
    assert_int_equal(libxl__shared_mem_reader_init(&reader, id), OK);
    for (i = 0; i < nr_nodes; i++) {
        const node_t *node = &nodes[order ? order[i] : i];
        const char *dir = node->area == PUBLIC ? public_dir : private_dir;

        assert_memory_equal(node->path.text, dir, strlen(dir));
        assert_int_equal(
            libxl__shared_mem_reader_feed(&reader, node->area,
                                          node->path.text + strlen(dir),
                                          node->value), OK);
    }

    return libxl__shared_mem_reader_finish(&reader, record);
}

static void assert_facts(const node_t *nodes, unsigned int nr_nodes,
                         const struct fact *facts, size_t nr_facts)
{
    size_t i;

    assert_int_equal(nr_nodes, nr_facts);
    for (i = 0; i < nr_facts; i++) {
        assert_string_equal(nodes[i].path.text, facts[i].path);
        assert_string_equal(nodes[i].value, facts[i].value);
        assert_int_equal(nodes[i].area, facts[i].area);
    }
}

static void assert_removals(const changes_t *changes,
                            const char *const paths[], size_t nr_paths)
{
    size_t i;

    assert_int_equal(changes->nr_removals, nr_paths);
    for (i = 0; i < nr_paths; i++)
        assert_string_equal(changes->removals[i].text, paths[i]);
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
    assert_string_equal(libxl__shared_mem_mappings_dir(&path, "ID1"),
                        "/local/shared_mem/ID1/mappings");
    assert_string_equal(libxl__shared_mem_mapping_dir(&path, "ID1", 10),
                        "/local/shared_mem/ID1/mappings/10");
    assert_string_equal(libxl__shared_mem_private_dir(&path, "ID1"),
                        "/libxl/shared_mem/ID1");
    assert_string_equal(libxl__shared_mem_peers_dir(&path, "ID1"),
                        "/libxl/shared_mem/ID1/peers");
    assert_string_equal(libxl__shared_mem_index_path(&path, 16),
                        "/libxl/16/shared_mem");
    assert_string_equal(libxl__shared_mem_memkb_path(&path, 16),
                        "/libxl/16/shared_mem/memkb");
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
    assert_string_equal(
        libxl__shared_mem_mapping_dir(&path, ID_OF_31, UINT32_MAX),
        "/local/shared_mem/" ID_OF_31 "/mappings/4294967295");
    assert_string_equal(libxl__shared_mem_index_path(&path, UINT32_MAX),
                        "/libxl/4294967295/shared_mem");
    assert_string_equal(libxl__shared_mem_memkb_path(&path, UINT32_MAX),
                        "/libxl/4294967295/shared_mem/memkb");
    assert_string_equal(libxl__shared_mem_factory_path(&path, UINT32_MAX),
                        "/libxl/shared_mem_factories/4294967295");
    assert_string_equal(libxl__shared_mem_peers_dir(&path, ID_OF_32),
                        "/libxl/shared_mem/" ID_OF_31 "/peers");
}

/*----- From record to nodes -----*/

static void documented_example(void **state)
{
    static const struct fact facts[] = {
        { PUBLIC, "/local/shared_mem/ID1/owner", "1" },
        { PUBLIC, "/local/shared_mem/ID1/size", "0x100000" },
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "2" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers",
          "23456789abcdefghijklmnopqrstuv" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/1",
          "0x40000000-0x40100000" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/1", UUID_A },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/1/number", "0" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/2",
          "0x80000000-0x80100000" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/2", UUID_B },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/2/number", "1" },
    };
    node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t record = new_record("ID1", 0x100000);
    unsigned int nr;

    (void)state;
    add(&record, mapping(1, UUID_A, 0x40000000, 0x100000));
    add(&record, mapping(2, UUID_B, 0x80000000, 0x100000));
    nr = libxl__shared_mem_record_nodes(&record, nodes);
    assert_facts(nodes, nr, facts, ARRAY_LENGTH(facts));
}

static void what_is_not_the_default(void **state)
{
    static const struct fact facts[] = {
        { PUBLIC, "/local/shared_mem/ID1/owner", "1" },
        { PUBLIC, "/local/shared_mem/ID1/size", "0x100000" },
        { PUBLIC, "/local/shared_mem/ID1/control", "1" },
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "3" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers",
          "3456789abcdefghijklmnopqrstuv" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/1",
          "0x40000000-0x40100000" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/1", UUID_A },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/1/number", "0" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/2",
          "0x80000000-0x80100000" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/2", UUID_B },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/2/number", "1" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/3",
          "0x50000000-0x50010000" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/3/prot", "ro" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/3/offset", "0x1000" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/3", UUID_C },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/3/number", "2" },
    };
    node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t record = full_record();
    unsigned int nr;

    (void)state;
    nr = libxl__shared_mem_record_nodes(&record, nodes);
    assert_facts(nodes, nr, facts, ARRAY_LENGTH(facts));
}

static void given_offset_of_zero_is_written(void **state)
{
    static const struct fact facts[] = {
        { PUBLIC, "/local/shared_mem/7/owner", "9" },
        { PUBLIC, "/local/shared_mem/7/size", "0x2000" },
        { PRIVATE, "/libxl/shared_mem/7/generation", "1" },
        { PRIVATE, "/libxl/shared_mem/7/free_numbers",
          "123456789abcdefghijklmnopqrstuv" },
        { PUBLIC, "/local/shared_mem/7/mappings/9", "0x0-0x2000" },
        { PUBLIC, "/local/shared_mem/7/mappings/9/offset", "0x0" },
        { PRIVATE, "/libxl/shared_mem/7/peers/9", UUID_A },
        { PRIVATE, "/libxl/shared_mem/7/peers/9/number", "0" },
    };
    node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t record = new_record("7", 0x2000), again;
    unsigned int nr;

    (void)state;
    add(&record, part(9, UUID_A, 0, 0x2000, 0));
    nr = libxl__shared_mem_record_nodes(&record, nodes);
    assert_facts(nodes, nr, facts, ARRAY_LENGTH(facts));
    assert_int_equal(read_nodes("7", nodes, NULL, nr, &again), OK);
    assert_same_record(&record, &again);
}

static void domids_are_decimal(void **state)
{
    static const struct {
        uint32_t domid;
        const char *owner, *mapping, *peer, *number;
    } cases[] = {
        { 0, "0", "/local/shared_mem/ID1/mappings/0",
          "/libxl/shared_mem/ID1/peers/0",
          "/libxl/shared_mem/ID1/peers/0/number" },
        { 9, "9", "/local/shared_mem/ID1/mappings/9",
          "/libxl/shared_mem/ID1/peers/9",
          "/libxl/shared_mem/ID1/peers/9/number" },
        { 10, "10", "/local/shared_mem/ID1/mappings/10",
          "/libxl/shared_mem/ID1/peers/10",
          "/libxl/shared_mem/ID1/peers/10/number" },
        { 16, "16", "/local/shared_mem/ID1/mappings/16",
          "/libxl/shared_mem/ID1/peers/16",
          "/libxl/shared_mem/ID1/peers/16/number" },
        { 32751, "32751", "/local/shared_mem/ID1/mappings/32751",
          "/libxl/shared_mem/ID1/peers/32751",
          "/libxl/shared_mem/ID1/peers/32751/number" },
    };
    node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        record_t record = new_record("ID1", 0x1000), again;
        unsigned int nr;

        add(&record, mapping(cases[i].domid, UUID_A, 0x10000, 0x1000));
        nr = libxl__shared_mem_record_nodes(&record, nodes);
        assert_int_equal(nr, 7);
        assert_string_equal(nodes[0].value, cases[i].owner);
        assert_string_equal(nodes[4].path.text, cases[i].mapping);
        assert_string_equal(nodes[5].path.text, cases[i].peer);
        assert_string_equal(nodes[6].path.text, cases[i].number);
        assert_int_equal(read_nodes("ID1", nodes, NULL, nr, &again), OK);
        assert_int_equal(again.owner, cases[i].domid);
        assert_int_equal(again.mappings[0].domid, cases[i].domid);
    }
}

static void largest_values(void **state)
{
    static const struct fact facts[] = {
        { PUBLIC, "/local/shared_mem/" ID_OF_31 "/owner", "32751" },
        { PUBLIC, "/local/shared_mem/" ID_OF_31 "/size",
          "0xfffffffffffff000" },
        { PRIVATE, "/libxl/shared_mem/" ID_OF_31 "/generation",
          "18446744073709551615" },
        { PRIVATE, "/libxl/shared_mem/" ID_OF_31 "/free_numbers",
          "123456789abcdefghijklmnopqrstu" },
        { PUBLIC, "/local/shared_mem/" ID_OF_31 "/mappings/32750",
          "0xffffffffffffe000-0xfffffffffffff000" },
        { PUBLIC, "/local/shared_mem/" ID_OF_31 "/mappings/32750/prot",
          "ro" },
        { PUBLIC, "/local/shared_mem/" ID_OF_31 "/mappings/32750/offset",
          "0xffffffffffffe000" },
        { PRIVATE, "/libxl/shared_mem/" ID_OF_31 "/peers/32750", UUID_B },
        { PRIVATE, "/libxl/shared_mem/" ID_OF_31 "/peers/32750/number",
          "31" },
        { PUBLIC, "/local/shared_mem/" ID_OF_31 "/mappings/32751",
          "0x0-0xfffffffffffff000" },
        { PRIVATE, "/libxl/shared_mem/" ID_OF_31 "/peers/32751", UUID_A },
        { PRIVATE, "/libxl/shared_mem/" ID_OF_31 "/peers/32751/number",
          "0" },
    };
    node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t record = new_record(ID_OF_31, 0xfffffffffffff000), again;
    unsigned int nr, i;

    (void)state;
    add(&record, mapping(32751, UUID_A, 0, 0xfffffffffffff000));
    /* Somebody has had each of 1 to 30. */
    for (i = 0; i < 30; i++) {
        add(&record, mapping(1, UUID_A, 0, 0xfffffffffffff000));
        assert_false(libxl__shared_mem_record_drop(&record, 1));
    }
    add(&record, read_only(part(32750, UUID_B, 0xffffffffffffe000, 0x1000,
                                0xffffffffffffe000)));
    record.generation = UINT64_MAX;
    nr = libxl__shared_mem_record_nodes(&record, nodes);
    assert_facts(nodes, nr, facts, ARRAY_LENGTH(facts));
    assert_int_equal(read_nodes(ID_OF_31, nodes, NULL, nr, &again), OK);
    assert_same_record(&record, &again);
}

static void empty_record_has_no_nodes(void **state)
{
    node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t record = new_record("ID1", 0x1000);

    (void)state;
    assert_int_equal(libxl__shared_mem_record_nodes(&record, nodes), 0);
}

/*----- From nodes to record -----*/

static void reads_every_kind_of_node(void **state)
{
    record_t expected = full_record(), record;
    reader_t reader;

    (void)state;
    assert_int_equal(read_facts(full_facts, ARRAY_LENGTH(full_facts),
                                &reader, &record), OK);
    assert_same_record(&record, &expected);
    assert_int_equal(record.owner, 1);
    assert_int_equal(record.size, 0x100000);
    assert_true(record.control);
    assert_int_equal(record.generation, 3);
    assert_free(&record, "3456789abcdefghijklmnopqrstuv");
    assert_int_equal(record.nr_mappings, 3);
    assert_int_equal(record.mappings[0].number, 0);
    assert_int_equal(record.mappings[1].number, 1);
    assert_int_equal(record.mappings[2].number, 2);
    assert_int_equal(record.mappings[2].domid, 3);
    assert_string_equal(record.mappings[2].uuid, UUID_C);
    assert_int_equal(record.mappings[2].begin, 0x50000000);
    assert_int_equal(record.mappings[2].size, 0x10000);
    assert_int_equal(record.mappings[2].offset, 0x1000);
    assert_true(record.mappings[2].has_offset);
    assert_true(record.mappings[2].read_only);
    assert_false(record.mappings[1].has_offset);
    assert_false(record.mappings[1].read_only);
}

static void absent_is_not_broken(void **state)
{
    static const struct fact directory = { PUBLIC, "", "" };
    static const struct fact unknown = { PRIVATE, "later", "x" };
    record_t record;
    reader_t reader;

    (void)state;
    assert_int_equal(read_facts(NULL, 0, &reader, &record), ABSENT);
    assert_null(reader.problem.reason);
    assert_int_equal(read_facts(&directory, 1, &reader, &record), BROKEN);
    assert_non_null(reader.problem.reason);
    assert_int_equal(read_facts(&unknown, 1, &reader, &record), BROKEN);
}

static void missing_nodes(void **state)
{
    static const struct {
        struct fact fact;
        const char *path;
    } cases[] = {
        { { PUBLIC, "owner", NULL }, "/local/shared_mem/ID1/owner" },
        { { PUBLIC, "size", NULL }, "/local/shared_mem/ID1/size" },
        { { PUBLIC, "mappings/1", NULL },
          "/local/shared_mem/ID1/mappings/1" },
        { { PUBLIC, "mappings/2", NULL },
          "/local/shared_mem/ID1/mappings/2" },
        { { PUBLIC, "mappings/3", NULL },
          "/local/shared_mem/ID1/mappings/3" },
        { { PRIVATE, "generation", NULL },
          "/libxl/shared_mem/ID1/generation" },
        { { PRIVATE, "free_numbers", NULL },
          "/libxl/shared_mem/ID1/free_numbers" },
        { { PRIVATE, "peers/1", NULL }, "/libxl/shared_mem/ID1/peers/1" },
        { { PRIVATE, "peers/3", NULL }, "/libxl/shared_mem/ID1/peers/3" },
        { { PRIVATE, "peers/1/number", NULL },
          "/libxl/shared_mem/ID1/peers/1/number" },
        { { PRIVATE, "peers/2/number", NULL },
          "/libxl/shared_mem/ID1/peers/2/number" },
        { { PRIVATE, "peers/3/number", NULL },
          "/libxl/shared_mem/ID1/peers/3/number" },
    };
    record_t record;
    reader_t reader;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(read_altered(cases[i].fact, &reader, &record),
                         BROKEN);
        assert_string_equal(reader.problem.path.text, cases[i].path);
        assert_string_equal(reader.problem.reason, "it is missing");
    }
}

static void nodes_that_may_be_missing(void **state)
{
    static const struct fact cases[] = {
        { PUBLIC, "control", NULL },
        { PUBLIC, "mappings", NULL },
        { PUBLIC, "mappings/3/prot", NULL },
        { PRIVATE, "peers", NULL },
    };
    record_t record;
    reader_t reader;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(read_altered(cases[i], &reader, &record), OK);
}

/* A region whose last peer went has no record at all. */
static void record_without_mappings_is_broken(void **state)
{
    static const struct fact facts[] = {
        { PUBLIC, "owner", "1" },
        { PUBLIC, "size", "0x1000" },
        { PRIVATE, "generation", "1" },
        { PRIVATE, "free_numbers", "0123456789abcdefghijklmnopqrstuv" },
    };
    record_t record;
    reader_t reader;

    (void)state;
    assert_int_equal(read_facts(facts, ARRAY_LENGTH(facts), &reader,
                                &record), BROKEN);
    assert_string_equal(reader.problem.path.text,
                        "/local/shared_mem/ID1/owner");
    assert_string_equal(reader.problem.reason, "the owner has no mapping");
}

static void malformed_nodes(void **state)
{
    static const char *const bad_domids[] = {
        "", "-1", "+1", " 1", "1 ", "01", "00", "0x1", "1a", "a", "one",
        "32752", "65536", "4294967297", "18446744073709551617", "1\n",
    };
    static const char *const bad_hex[] = {
        "", "0x", "0", "1000", "0X1000", "0x01000", "0x00", " 0x1000",
        "0x1000 ", "0xA000", "-0x1000", "+0x1000", "0x-1000", "0x1000g",
        "0x10000000000000000", "0x1000-0x2000", "x1000", "0x 1000",
    };
    static const char *const bad_sizes[] = {
        "0x0", "0x1", "0xfff", "0x1001", "0xffffffffffffffff",
    };
    static const char *const bad_ranges[] = {
        "", "-", "0x0", "0x0-", "-0x100000", "0x100000-0x100000",
        "0x200000-0x100000", "0x40100000-0x40000000",
        "0x40000000+0x100000", "40000000-40100000", "0x40000000-40100000",
        "0x40000000 - 0x40100000", "0x40000000--0x40100000",
        "0x40000000-0x40100000-", "0x40000000-0x40100000 ",
        "0x40000000-0x401000000000000000", "0x040000000-0x40100000",
        "0x4000000A-0x40100000", "0x40000000-0x10000000040100000",
        "0x40000000-0x400fffff", "0x40000800-0x40100800",
        "0x40000000-0x40101000", "0x40000000-0x400ff000",
    };
    static const char *const bad_generations[] = {
        "", "-1", "+1", "01", "0x1", "1 ", " 1", "1.0",
        "18446744073709551616", "99999999999999999999",
    };
    static const char *const bad_numbers[] = {
        "", "32", "-1", "+1", "01", "00", "0x1", "x", "1x", "1 ", " 1",
        "1.0", "1\n", "33", "100", "4294967296", "18446744073709551616",
    };
    static const char *const bad_lists[] = {
        "w", "A", "V", "/", ":", "`", "@", "-", " ", "\n", "\xff", "3,4",
        "3 4", "w456789abcdefghijklmnopqrstuv",
        "3456789abcdefghijklmnopqrstuw", "3456789Abcdefghijklmnopqrstuv",
        "3456789ABCDEFGHIJKLMNOPQRSTUV", " 3456789abcdefghijklmnopqrstuv",
        "3456789abcdefghijklmnopqrstuv ",
        "3456789abcdefghijklmnopqrstuv\n",
        "0123456789abcdefghijklmnopqrstuv0",
        "333333333333333333333333333333333",
        "0123456789abcdefghijklmnopqrstuv0123456789abcdefghijklmnopqrstuv",
    };
    static const char *const bad_free[] = {
        "", "3", "0", "0123456789abcdefghijklmnopqrstuv",
        "456789abcdefghijklmnopqrstuv", "3456789abcdefghijklmnopqrstu",
        "3456789abcdefgijklmnopqrstuv", "33456789abcdefghijklmnopqrstu",
        "3456789abcdefghijklmnopqrstuu", "3456789abcdefghijklmnopqrstuvv",
        "3456789abcdefghijklmnopqrstuv3", "03456789abcdefghijklmnopqrstuv",
        "3456789abcdefghijklmnopqrstuv2", "0456789abcdefghijklmnopqrstuv",
        "3456789abcdefghijklmnopqrstu1",
    };
    static const char *const bad_uuids[] = {
        "", "11111111-2222-3333-4444-55555555aaa",
        "11111111-2222-3333-4444-55555555aaaaa",
        "11111111-2222-3333-4444-55555555AAAA",
        "11111111-2222-3333-4444-55555555aaag",
        "1111111-12222-3333-4444-55555555aaaa",
        "11111111222233334444555555555555aaaa",
        "11111111-2222-3333-4444-55555555aaa-",
        "11111111-2222-3333-4444-55555555aaaa ",
        "------------------------------------",
    };
    static const char *const bad_flags[] = {
        "", "0", "01", "1 ", " 1", "yes", "true", "2", "11",
    };
    static const char *const bad_prots[] = {
        "", "rw", "RO", "ro ", " ro", "r", "rx", "row",
    };
    static const char *const bad_offsets[] = {
        "0x1", "0xfff", "0xf1000", "0x100000", "0xfffffffffffff000",
    };
#define VALUES(array) array, ARRAY_LENGTH(array)
    static const struct {
        libxl__shared_mem_area area;
        const char *path;
        const char *const *values;
        size_t nr_values;
        const char *problem;
    } cases[] = {
        { PUBLIC, "owner", VALUES(bad_domids),
          "/local/shared_mem/ID1/owner" },
        { PUBLIC, "size", VALUES(bad_hex), "/local/shared_mem/ID1/size" },
        { PUBLIC, "size", VALUES(bad_sizes), "/local/shared_mem/ID1/size" },
        { PUBLIC, "control", VALUES(bad_flags),
          "/local/shared_mem/ID1/control" },
        { PUBLIC, "mappings/1", VALUES(bad_ranges),
          "/local/shared_mem/ID1/mappings/1" },
        { PUBLIC, "mappings/3/prot", VALUES(bad_prots),
          "/local/shared_mem/ID1/mappings/3/prot" },
        { PUBLIC, "mappings/3/offset", VALUES(bad_hex),
          "/local/shared_mem/ID1/mappings/3/offset" },
        { PUBLIC, "mappings/3/offset", VALUES(bad_offsets),
          "/local/shared_mem/ID1/mappings/3" },
        { PRIVATE, "generation", VALUES(bad_generations),
          "/libxl/shared_mem/ID1/generation" },
        { PRIVATE, "free_numbers", VALUES(bad_lists),
          "/libxl/shared_mem/ID1/free_numbers" },
        { PRIVATE, "free_numbers", VALUES(bad_free),
          "/libxl/shared_mem/ID1/free_numbers" },
        { PRIVATE, "peers/2", VALUES(bad_uuids),
          "/libxl/shared_mem/ID1/peers/2" },
        { PRIVATE, "peers/2/number", VALUES(bad_numbers),
          "/libxl/shared_mem/ID1/peers/2/number" },
    };
#undef VALUES
    reader_t reader;
    size_t i, j;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (j = 0; j < cases[i].nr_values; j++) {
            struct fact fact = { cases[i].area, cases[i].path,
                                 cases[i].values[j] };
            record_t record, untouched;

            memset(&record, 0x5a, sizeof(record));
            memset(&untouched, 0x5a, sizeof(untouched));
            if (read_altered(fact, &reader, &record) != BROKEN)
                fail_msg("%s = \"%s\" was taken", fact.path, fact.value);
            assert_string_equal(reader.problem.path.text, cases[i].problem);
            assert_non_null(reader.problem.reason);
            assert_memory_equal(&record, &untouched, sizeof(record));
        }
    }
}

static void malformed_names(void **state)
{
    static const struct {
        struct fact fact;
        const char *path;
    } cases[] = {
        { { PUBLIC, "mappings/", "0x0-0x100000" },
          "/local/shared_mem/ID1/mappings/" },
        { { PUBLIC, "mappings/04", "0x0-0x100000" },
          "/local/shared_mem/ID1/mappings/04" },
        { { PUBLIC, "mappings/a", "0x0-0x100000" },
          "/local/shared_mem/ID1/mappings/a" },
        { { PUBLIC, "mappings/0x10", "0x0-0x100000" },
          "/local/shared_mem/ID1/mappings/0x10" },
        { { PUBLIC, "mappings/4x", "0x0-0x100000" },
          "/local/shared_mem/ID1/mappings/4x" },
        { { PUBLIC, "mappings/32752", "0x0-0x100000" },
          "/local/shared_mem/ID1/mappings/32752" },
        { { PUBLIC, "mappings//prot", "ro" },
          "/local/shared_mem/ID1/mappings//prot" },
        { { PRIVATE, "peers/", UUID_A }, "/libxl/shared_mem/ID1/peers/" },
        { { PRIVATE, "peers/-4", UUID_A },
          "/libxl/shared_mem/ID1/peers/-4" },
        { { PRIVATE, "peers//number", "3" },
          "/libxl/shared_mem/ID1/peers//number" },
        { { PRIVATE, "peers/04/number", "3" },
          "/libxl/shared_mem/ID1/peers/04/number" },
        { { PRIVATE, "peers/32752/number", "3" },
          "/libxl/shared_mem/ID1/peers/32752/number" },
    };
    record_t record;
    reader_t reader;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(read_altered(cases[i].fact, &reader, &record),
                         BROKEN);
        assert_string_equal(reader.problem.path.text, cases[i].path);
    }
}

static void contradictions(void **state)
{
    static const struct {
        struct fact fact;
        const char *path, *reason;
    } cases[] = {
        { { PUBLIC, "owner", "4" }, "/local/shared_mem/ID1/owner",
          "the owner has no mapping" },
        { { PUBLIC, "owner", "16" }, "/local/shared_mem/ID1/owner",
          "the owner has no mapping" },
        { { PUBLIC, "size", "0x200000" },
          "/local/shared_mem/ID1/mappings/1",
          "the range is not as long as the region" },
        { { PUBLIC, "size", "0x1000" }, "/local/shared_mem/ID1/mappings/1",
          "the range is not as long as the region" },
        { { PUBLIC, "mappings/1", "0x40000000-0x40000000" },
          "/local/shared_mem/ID1/mappings/1", "the range is empty" },
        { { PUBLIC, "mappings/1", "0x40100000-0x40000000" },
          "/local/shared_mem/ID1/mappings/1",
          "not a hexadecimal range BEGIN-END" },
        { { PUBLIC, "mappings/3/offset", NULL },
          "/local/shared_mem/ID1/mappings/3",
          "the range is not as long as the region" },
        { { PUBLIC, "mappings/3/offset", "0xf1000" },
          "/local/shared_mem/ID1/mappings/3",
          "the range reaches beyond the end of the region" },
        { { PUBLIC, "mappings/4", "0x0-0x100000" },
          "/libxl/shared_mem/ID1/peers/4", "it is missing" },
        { { PRIVATE, "peers/4", UUID_A },
          "/libxl/shared_mem/ID1/peers/4/number", "it is missing" },
        { { PUBLIC, "mappings/4/prot", "ro" },
          "/libxl/shared_mem/ID1/peers/4", "it is missing" },
        { { PRIVATE, "peers/4/number", "3" },
          "/libxl/shared_mem/ID1/peers/4", "it is missing" },
        { { PRIVATE, "peers/2/number", "0" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "peers/3/number", "0" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "peers/3/number", "1" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "peers/1/number", "2" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        /* Free, and nobody's. */
        { { PRIVATE, "peers/3/number", "3" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "peers/3/number", "31" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "peers/3/number", "32" },
          "/libxl/shared_mem/ID1/peers/3/number", "not a peer's number" },
        /* No digits. */
        { { PRIVATE, "free_numbers", "w" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not a list of numbers" },
        { { PRIVATE, "free_numbers", "A" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not a list of numbers" },
        { { PRIVATE, "free_numbers", "3456789abcdefghijklmnopqrstuw" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not a list of numbers" },
        { { PRIVATE, "free_numbers", "3456789Abcdefghijklmnopqrstuv" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not a list of numbers" },
        /* 33 of them. */
        { { PRIVATE, "free_numbers", "0123456789abcdefghijklmnopqrstuv0" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not a list of numbers" },
        /* A number twice, more or instead of another. */
        { { PRIVATE, "free_numbers", "3456789abcdefghijklmnopqrstuvv" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "free_numbers", "3456789abcdefghijklmnopqrstuu" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        /* A peer's, more or instead of another. */
        { { PRIVATE, "free_numbers", "03456789abcdefghijklmnopqrstuv" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "free_numbers", "3456789abcdefghijklmnopqrstu2" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        /* All of them, none, and all but one. */
        { { PRIVATE, "free_numbers", "0123456789abcdefghijklmnopqrstuv" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "free_numbers", "" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "free_numbers", "456789abcdefghijklmnopqrstuv" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
        { { PRIVATE, "free_numbers", "3456789abcdefghijklmnopqrstu" },
          "/libxl/shared_mem/ID1/free_numbers",
          "not each number is either a peer's or free" },
    };
    record_t record;
    reader_t reader;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(read_altered(cases[i].fact, &reader, &record),
                         BROKEN);
        assert_string_equal(reader.problem.path.text, cases[i].path);
        assert_string_equal(reader.problem.reason, cases[i].reason);
    }
}

/* All that is private of a peer is there, and nothing that is public. */
static void peer_without_a_mapping_is_broken(void **state)
{
    struct fact facts[ARRAY_LENGTH(full_facts) + 2];
    const struct fact uuid = { PRIVATE, "peers/4", UUID_A };
    const struct fact number = { PRIVATE, "peers/4/number", "3" };
    record_t record;
    reader_t reader;

    (void)state;
    memcpy(facts, full_facts, sizeof(full_facts));
    facts[ARRAY_LENGTH(full_facts)] = uuid;
    facts[ARRAY_LENGTH(full_facts) + 1] = number;
    assert_int_equal(read_facts(facts, ARRAY_LENGTH(facts), &reader,
                                &record), BROKEN);
    assert_string_equal(reader.problem.path.text,
                        "/local/shared_mem/ID1/mappings/4");
    assert_string_equal(reader.problem.reason, "it is missing");
}

static void numbers_0_to_31_are_read(void **state)
{
    static const struct {
        const char *value, *free;
        unsigned int number;
    } cases[] = {
        { "2", "3456789abcdefghijklmnopqrstuv", 2 },
        { "3", "2456789abcdefghijklmnopqrstuv", 3 },
        { "9", "2345678abcdefghijklmnopqrstuv", 9 },
        { "10", "23456789bcdefghijklmnopqrstuv", 10 },
        { "15", "23456789abcdeghijklmnopqrstuv", 15 },
        { "16", "23456789abcdefhijklmnopqrstuv", 16 },
        { "30", "23456789abcdefghijklmnopqrstv", 30 },
        { "31", "23456789abcdefghijklmnopqrstu", 31 },
    };
    record_t record;
    reader_t reader;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct fact altered[] = {
            { PRIVATE, "peers/3/number", cases[i].value },
            { PRIVATE, "free_numbers", cases[i].free },
        };

        assert_int_equal(read_with(altered, 2, &reader, &record), OK);
        assert_int_equal(record.mappings[0].number, 0);
        assert_int_equal(record.mappings[1].number, 1);
        assert_int_equal(record.mappings[2].number, cases[i].number);
        assert_free(&record, cases[i].free);
    }
}

/* Any order may be read, and is kept; so may be which peer has which number. */
static void order_of_free_numbers_is_read(void **state)
{
    static const struct fact altered[] = {
        { PRIVATE, "peers/1/number", "31" },
        { PRIVATE, "peers/2/number", "10" },
        { PRIVATE, "peers/3/number", "0" },
        { PRIVATE, "free_numbers", "1u2t3s4r5q6p7o8n9mlbkcjdiehfg" },
    };
    static const unsigned int expected[] = {
        1, 30, 2, 29, 3, 28, 4, 27, 5, 26, 6, 25, 7, 24, 8, 23, 9, 22, 21, 11,
        20, 12, 19, 13, 18, 14, 17, 15, 16,
    };
    record_t record;
    reader_t reader;
    size_t i;

    (void)state;
    assert_int_equal(read_with(altered, 4, &reader, &record), OK);
    assert_int_equal(record.mappings[0].number, 31);
    assert_int_equal(record.mappings[1].number, 10);
    assert_int_equal(record.mappings[2].number, 0);
    assert_int_equal(record.nr_free, 29);
    for (i = 0; i < 29; i++)
        assert_int_equal(record.free[i], expected[i]);
}

/* What is wrong with a peer is told first: it is what makes the list wrong. */
static void missing_number_is_told_before_the_free_ones(void **state)
{
    static const struct fact altered[] = {
        { PRIVATE, "peers/2/number", NULL },
        { PRIVATE, "free_numbers", "1" },
    };
    record_t record;
    reader_t reader;

    (void)state;
    assert_int_equal(read_with(altered, 2, &reader, &record), BROKEN);
    assert_string_equal(reader.problem.path.text,
                        "/libxl/shared_mem/ID1/peers/2/number");
    assert_string_equal(reader.problem.reason, "it is missing");
}

static void end_of_region_is_reachable(void **state)
{
    static const struct fact last = { PUBLIC, "mappings/3/offset",
                                      "0xf0000" };
    record_t record;
    reader_t reader;

    (void)state;
    assert_int_equal(read_altered(last, &reader, &record), OK);
    assert_int_equal(record.mappings[2].offset, 0xf0000);
}

static void unknown_nodes_are_ignored(void **state)
{
    static const struct fact cases[] = {
        { PUBLIC, "", "" },
        { PUBLIC, "later", "anything" },
        { PUBLIC, "ownership", "x" },
        { PUBLIC, "owner/since", "x" },
        { PUBLIC, "mappings2/x", "x" },
        { PUBLIC, "mappings/3/vector", "x" },
        { PUBLIC, "mappings/3/prot/x", "x" },
        { PUBLIC, "mappings/3/", "x" },
        { PUBLIC, "generation", "x" },
        { PUBLIC, "free_numbers", "x" },
        { PUBLIC, "mappings/3/number", "x" },
        { PUBLIC, "peers/x", "x" },
        { PRIVATE, "owner", "x" },
        { PRIVATE, "size", "x" },
        { PRIVATE, "mappings/x", "x" },
        { PRIVATE, "peers/3/name", "x" },
        { PRIVATE, "peers/3/prot", "x" },
        { PRIVATE, "peers/3/number/x", "x" },
        { PRIVATE, "peers/3/numbers", "x" },
        { PRIVATE, "peers/3/free_numbers", "x" },
        { PRIVATE, "free_numbers/x", "x" },
        { PRIVATE, "free_numbers2", "x" },
        { PRIVATE, "last_number", "x" },
        { PRIVATE, "number", "x" },
        { PRIVATE, "supplier/1", "x" },
        { PRIVATE, "suppliers2/1", "x" },
        { PUBLIC, "suppliers/x", "x" },
        { PRIVATE, "suppliers/1", UUID_A },
        { PRIVATE, "suppliers/", "x" },
    };
    record_t expected = full_record(), record;
    reader_t reader;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(read_altered(cases[i], &reader, &record), OK);
        assert_same_record(&record, &expected);
    }
}

/* All else is as it is now, and the node may be the last that is read. */
static void record_of_an_earlier_version_is_broken(void **state)
{
    static const struct fact altered[] = {
        { PRIVATE, "suppliers", "" },
        { PRIVATE, "suppliers/1", UUID_A },
    };
    record_t record;
    reader_t reader;
    size_t nr;

    (void)state;
    for (nr = 1; nr <= ARRAY_LENGTH(altered); nr++) {
        assert_int_equal(read_with(altered, nr, &reader, &record), BROKEN);
        assert_string_equal(reader.problem.path.text,
                            "/libxl/shared_mem/ID1/suppliers");
        assert_string_equal(
            reader.problem.reason,
            "an earlier version wrote it: start this Xen anew");
    }
}

/* The same where nothing else is left. */
static void earlier_version_is_told_before_what_is_missing(void **state)
{
    static const struct fact suppliers = { PRIVATE, "suppliers", "" };
    record_t record;
    reader_t reader;

    (void)state;
    assert_int_equal(read_facts(&suppliers, 1, &reader, &record), BROKEN);
    assert_string_equal(reader.problem.path.text,
                        "/libxl/shared_mem/ID1/suppliers");
    assert_string_equal(reader.problem.reason,
                        "an earlier version wrote it: start this Xen anew");
}

/* No version has written it: a later one may. */
static void public_suppliers_are_ignored(void **state)
{
    static const struct fact altered[] = {
        { PUBLIC, "suppliers", "" },
        { PUBLIC, "suppliers/1", UUID_A },
    };
    record_t expected = full_record(), record;
    reader_t reader;

    (void)state;
    assert_int_equal(read_with(altered, ARRAY_LENGTH(altered), &reader,
                               &record), OK);
    assert_same_record(&record, &expected);
}

static void node_fed_twice_is_broken(void **state)
{
    struct fact facts[ARRAY_LENGTH(full_facts) + 1];
    record_t record;
    reader_t reader;
    size_t i;

    (void)state;
    memcpy(facts, full_facts, sizeof(full_facts));
    for (i = 0; i < ARRAY_LENGTH(full_facts); i++) {
        bool directory = !full_facts[i].value[0];

        facts[ARRAY_LENGTH(full_facts)] = full_facts[i];
        assert_int_equal(read_facts(facts, ARRAY_LENGTH(facts), &reader,
                                    &record), directory ? OK : BROKEN);
        if (!directory)
            assert_string_equal(reader.problem.reason, "it occurs twice");
    }
}

static void first_problem_stays(void **state)
{
    record_t record;
    reader_t reader;

    (void)state;
    assert_int_equal(libxl__shared_mem_reader_init(&reader, "ID1"), OK);
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PUBLIC, "owner",
                                                   "x"), BROKEN);
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PUBLIC, "owner",
                                                   "1"), BROKEN);
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PUBLIC, "size",
                                                   "x"), BROKEN);
    assert_int_equal(libxl__shared_mem_reader_finish(&reader, &record),
                     BROKEN);
    assert_string_equal(reader.problem.path.text,
                        "/local/shared_mem/ID1/owner");
    assert_string_equal(reader.problem.reason, "not a decimal domain ID");
}

static void long_path_in_problem_is_cut(void **state)
{
    char path[1000] = "mappings/";
    reader_t reader;

    (void)state;
    memset(path + 9, 'x', sizeof(path) - 10);
    assert_int_equal(libxl__shared_mem_reader_init(&reader, "ID1"), OK);
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PUBLIC, path,
                                                   ""), BROKEN);
    assert_memory_equal(reader.problem.path.text,
                        "/local/shared_mem/ID1/mappings/xxxx", 35);
    assert_int_equal(strlen(reader.problem.path.text),
                     sizeof(reader.problem.path.text) - 1);
}

static void reader_refuses_an_invalid_id(void **state)
{
    reader_t reader;

    (void)state;
    assert_int_equal(libxl__shared_mem_reader_init(&reader, ""), INVALID);
    assert_int_equal(libxl__shared_mem_reader_init(&reader, "a/b"), INVALID);
    assert_int_equal(libxl__shared_mem_reader_init(&reader, ID_OF_32),
                     INVALID);
    assert_int_equal(libxl__shared_mem_reader_init(&reader, ID_OF_31), OK);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;

    return *seed >> 33;
}

static void shuffle(unsigned int *order, unsigned int nr, uint64_t *seed)
{
    unsigned int i;

    for (i = 0; i < nr; i++)
        order[i] = i;
    for (i = nr; i > 1; i--) {
        unsigned int j = next_random(seed) % i, other = order[j];

        order[j] = order[i - 1];
        order[i - 1] = other;
    }
}

static void order_does_not_matter(void **state)
{
    struct fact facts[ARRAY_LENGTH(full_facts)];
    unsigned int order[ARRAY_LENGTH(full_facts)];
    record_t expected = full_record(), record;
    reader_t reader;
    uint64_t seed = 1;
    unsigned int round;
    size_t i;

    (void)state;
    for (round = 0; round < 500; round++) {
        shuffle(order, ARRAY_LENGTH(order), &seed);
        for (i = 0; i < ARRAY_LENGTH(facts); i++)
            facts[i] = full_facts[order[i]];
        assert_int_equal(read_facts(facts, ARRAY_LENGTH(facts), &reader,
                                    &record), OK);
        assert_same_record(&record, &expected);
    }
}

static void random_uuid(char uuid[LIBXL__SHARED_MEM_UUID_SIZE],
                        uint64_t *seed)
{
    snprintf(uuid, LIBXL__SHARED_MEM_UUID_SIZE, "%08x-%04x-%04x-%04x-%04x%08x",
             (unsigned int)next_random(seed),
             (unsigned int)(next_random(seed) & 0xffff),
             (unsigned int)(next_random(seed) & 0xffff),
             (unsigned int)(next_random(seed) & 0xffff),
             (unsigned int)(next_random(seed) & 0xffff),
             (unsigned int)next_random(seed));
}

static record_t random_record(uint64_t *seed)
{
    uint64_t pages = 1 + next_random(seed) % 0x1000000;
    unsigned int nr = 1 + next_random(seed) % 32;
    bool control = next_random(seed) & 1;
    record_t record;

    assert_int_equal(libxl__shared_mem_record_init(&record, "ID1",
                                                   pages * 0x1000, control),
                     OK);
    while (record.nr_mappings < nr) {
        mapping_t m = { .domid = next_random(seed) % 32752 };

        random_uuid(m.uuid, seed);
        m.begin = next_random(seed) * 0x1000;
        m.size = record.size;
        m.read_only = next_random(seed) & 1;
        if (record.nr_mappings && (next_random(seed) & 1)) {
            uint64_t skipped = next_random(seed) % pages;

            m.has_offset = true;
            m.offset = skipped * 0x1000;
            m.size = (1 + next_random(seed) % (pages - skipped)) * 0x1000;
        }
        if (!libxl__shared_mem_record_find(&record, m.domid))
            add(&record, m);
    }

    return record;
}

static void random_round_trips(void **state)
{
    static node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    unsigned int order[LIBXL__SHARED_MEM_NODES_MAX];
    uint64_t seed = 2024;
    unsigned int round;

    (void)state;
    for (round = 0; round < 2000; round++) {
        record_t record = random_record(&seed), again;
        unsigned int nr = libxl__shared_mem_record_nodes(&record, nodes);

        shuffle(order, nr, &seed);
        assert_int_equal(read_nodes("ID1", nodes, order, nr, &again), OK);
        assert_same_record(&record, &again);
    }
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
    static changes_t changes;
    record_t record = new_record(ID_OF_31, 0x2000), plain, again;
    unsigned int i;

    (void)state;
    record.control = true;
    for (i = 0; i < 32; i++)
        add(&record, read_only(part(32000 + i, UUID_B, 0, 0x2000, 0)));
    libxl__shared_mem_record_diff(NULL, &record, &changes);
    assert_int_equal(changes.nr_writes, 5 + 32 * 5);
    assert_int_equal(LIBXL__SHARED_MEM_NODES_MAX, 5 + 32 * 5);
    assert_int_equal(read_nodes(ID_OF_31, changes.writes, NULL,
                                changes.nr_writes, &again), OK);
    assert_same_record(&record, &again);

    plain = record;
    plain.control = false;
    for (i = 0; i < 32; i++) {
        plain.mappings[i].read_only = false;
        plain.mappings[i].has_offset = false;
    }
    libxl__shared_mem_record_diff(&record, &plain, &changes);
    assert_int_equal(changes.nr_removals, 1 + 32 * 2);
    assert_int_equal(LIBXL__SHARED_MEM_REMOVALS_MAX, 1 + 32 * 2);
    assert_int_equal(changes.nr_writes, 0);
}

static void reading_33_peers_is_broken(void **state)
{
    static node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t record = new_record("ID1", 0x1000), again;
    unsigned int i, nr;
    reader_t reader;

    (void)state;
    for (i = 0; i < 32; i++)
        add(&record, mapping(100 + i, UUID_A, 0x1000, 0x1000));
    nr = libxl__shared_mem_record_nodes(&record, nodes);
    assert_int_equal(read_nodes("ID1", nodes, NULL, nr, &again), OK);
    assert_same_record(&record, &again);

    assert_int_equal(libxl__shared_mem_reader_init(&reader, "ID1"), OK);
    for (i = 0; i < 32; i++) {
        char path[32];

        snprintf(path, sizeof(path), "peers/%u", 100 + i);
        assert_int_equal(libxl__shared_mem_reader_feed(&reader, PRIVATE,
                                                       path, UUID_A), OK);
    }
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PUBLIC,
                                                   "mappings/131",
                                                   "0x0-0x1000"), OK);
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PUBLIC,
                                                   "mappings/7",
                                                   "0x0-0x1000"), BROKEN);
    assert_string_equal(reader.problem.path.text,
                        "/local/shared_mem/ID1/mappings/7");
    assert_string_equal(reader.problem.reason,
                        "the region has too many peers");
}

static void reading_33_numbers_is_broken(void **state)
{
    reader_t reader;
    unsigned int i;

    (void)state;
    assert_int_equal(libxl__shared_mem_reader_init(&reader, "ID1"), OK);
    for (i = 0; i < 32; i++) {
        char path[32], value[32];

        snprintf(path, sizeof(path), "peers/%u/number", 100 + i);
        snprintf(value, sizeof(value), "%u", i);
        assert_int_equal(libxl__shared_mem_reader_feed(&reader, PRIVATE,
                                                       path, value), OK);
    }
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PRIVATE,
                                                   "peers/7/number", "0"),
                     BROKEN);
    assert_string_equal(reader.problem.path.text,
                        "/libxl/shared_mem/ID1/peers/7/number");
    assert_string_equal(reader.problem.reason,
                        "the region has too many peers");
}

/*----- Changing a record -----*/

static void init_checks_its_arguments(void **state)
{
    record_t record;

    (void)state;
    assert_int_equal(libxl__shared_mem_record_init(&record, "", 0x1000,
                                                   false), INVALID);
    assert_int_equal(libxl__shared_mem_record_init(&record, "a b", 0x1000,
                                                   false), INVALID);
    assert_int_equal(libxl__shared_mem_record_init(&record, ID_OF_32, 0x1000,
                                                   false), INVALID);
    assert_int_equal(libxl__shared_mem_record_init(&record, "a", 0, false),
                     INVALID);
    assert_int_equal(libxl__shared_mem_record_init(&record, "a", 0x1800,
                                                   false), INVALID);
    assert_int_equal(libxl__shared_mem_record_init(&record, "a", 0x1000,
                                                   true), OK);
    assert_string_equal(record.id, "a");
    assert_int_equal(record.size, 0x1000);
    assert_true(record.control);
    assert_int_equal(record.generation, 0);
    assert_int_equal(record.nr_mappings, 0);
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
static void first_peer_may_be_read_only(void **state)
{
    node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t record = new_record("ID1", 0x2000), again;
    unsigned int nr;

    (void)state;
    add(&record, read_only(mapping(7, UUID_A, 0, 0x2000)));
    assert_int_equal(record.owner, 7);
    assert_true(record.mappings[0].read_only);
    nr = libxl__shared_mem_record_nodes(&record, nodes);
    assert_int_equal(read_nodes("ID1", nodes, NULL, nr, &again), OK);
    assert_same_record(&record, &again);

    add(&record, mapping(3, UUID_B, 0, 0x2000));
    assert_int_equal(record.owner, 7);
    assert_false(libxl__shared_mem_record_drop(&record, 7));
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

static void mappings_that_do_not_fit(void **state)
{
    mapping_t bad[] = {
        mapping(32752, UUID_A, 0, 0x4000),
        mapping(UINT32_MAX, UUID_A, 0, 0x4000),
        mapping(9, "", 0, 0x4000),
        mapping(9, "name", 0, 0x4000),
        mapping(9, UUID_A, 0, 0),
        mapping(9, UUID_A, 0, 0x3000),
        mapping(9, UUID_A, 0, 0x5000),
        mapping(9, UUID_A, 0x800, 0x4000),
        mapping(9, UUID_A, 0, 0x4001),
        mapping(9, UUID_A, UINT64_MAX - 0x3fff, 0x4000),
        mapping(9, UUID_A, UINT64_MAX - 0xfff, 0x4000),
        part(9, UUID_A, 0, 0, 0),
        part(9, UUID_A, 0, 0x1000, 0x800),
        part(9, UUID_A, 0, 0x1000, 0x4000),
        part(9, UUID_A, 0, 0x2000, 0x3000),
        part(9, UUID_A, 0, 0x5000, 0),
        part(9, UUID_A, 0, 0x2000, UINT64_MAX - 0xfff),
        part(9, UUID_A, 0, 0x800, 0),
    };
    record_t record = new_record("ID1", 0x4000), before;
    mapping_t stray = mapping(9, UUID_A, 0, 0x4000);
    size_t i;

    (void)state;
    add(&record, mapping(1, UUID_A, 0, 0x4000));
    before = record;
    for (i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_non_null(libxl__shared_mem_mapping_problem(0x4000, &bad[i]));
        assert_int_equal(libxl__shared_mem_record_add(&record, &bad[i]),
                         INVALID);
        assert_same_record(&record, &before);
    }

    stray.offset = 0x1000;
    assert_non_null(libxl__shared_mem_mapping_problem(0x4000, &stray));
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
    for (i = 0; i < ARRAY_LENGTH(good); i++)
        assert_null(libxl__shared_mem_mapping_problem(0x4000, &good[i]));
}

static void dropping_a_borrower(void **state)
{
    record_t record = full_record();

    (void)state;
    assert_false(libxl__shared_mem_record_drop(&record, 2));
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
    assert_false(libxl__shared_mem_record_drop(&record, 4));
    assert_same_record(&record, &before);
}

static void dropping_the_last_peer(void **state)
{
    record_t record = full_record();

    (void)state;
    assert_false(libxl__shared_mem_record_drop(&record, 1));
    assert_false(libxl__shared_mem_record_drop(&record, 2));
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

    assert_false(libxl__shared_mem_record_drop(&record, 6));
    assert_int_equal(record.owner, 10);
    assert_false(libxl__shared_mem_record_drop(&record, 10));
    assert_int_equal(record.owner, 15);
    assert_false(libxl__shared_mem_record_drop(&record, 2));
    assert_int_equal(record.owner, 15);
    assert_false(libxl__shared_mem_record_drop(&record, 15));
    assert_int_equal(record.owner, 20);
}

static void owner_moves_to_the_lowest_domid_otherwise(void **state)
{
    record_t record = new_record("ID1", 0x2000);

    (void)state;
    add(&record, mapping(4, UUID_A, 0, 0x2000));
    add(&record, read_only(mapping(9, UUID_B, 0, 0x2000)));
    add(&record, part(8, UUID_B, 0, 0x1000, 0x1000));
    assert_false(libxl__shared_mem_record_drop(&record, 4));
    assert_int_equal(record.owner, 8);
}

/* What a predicate knows: the domains that live, and what it was asked. */
struct living {
    const mapping_t *domains;
    size_t nr_domains;
    unsigned int nr_calls;
};

static bool is_living(uint32_t domid, const char *uuid, void *opaque)
{
    struct living *living = opaque;
    size_t i;

    living->nr_calls++;
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
    struct living living = { domains, 3, 0 };
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
    struct living living = { domains, 2, 0 };
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
    struct living living = { NULL, 0, 0 };
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

static void drop_peer(record_t *record, uint32_t domid)
{
    assert_false(libxl__shared_mem_record_drop(record, domid));
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
    struct living living = { domains, 1, 0 };
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
    struct living living = { domains, 1, 0 }, nobody = { NULL, 0, 0 };
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

static void numbers_go_on_after_reading(void **state)
{
    static const struct fact reversed[] = {
        { PRIVATE, "free_numbers", "vutsrqponmlkjihgfedcba9876543" },
    };
    static const struct fact third[] = {
        { PRIVATE, "peers/3/number", "3" },
        { PRIVATE, "free_numbers", "2456789abcdefghijklmnopqrstuv" },
    };
    record_t record;
    reader_t reader;

    (void)state;
    assert_int_equal(read_facts(full_facts, ARRAY_LENGTH(full_facts),
                                &reader, &record), OK);
    add(&record, mapping(4, UUID_A, 0x1000, 0x100000));
    assert_int_equal(number_of(&record, 4), 3);
    assert_free(&record, "456789abcdefghijklmnopqrstuv");

    assert_int_equal(read_with(reversed, 1, &reader, &record), OK);
    add(&record, mapping(4, UUID_A, 0x1000, 0x100000));
    add(&record, mapping(5, UUID_A, 0x1000, 0x100000));
    assert_int_equal(number_of(&record, 4), 31);
    assert_int_equal(number_of(&record, 5), 30);
    assert_free(&record, "tsrqponmlkjihgfedcba9876543");

    assert_int_equal(read_with(third, 2, &reader, &record), OK);
    add(&record, mapping(4, UUID_A, 0x1000, 0x100000));
    assert_int_equal(number_of(&record, 4), 2);
    assert_free(&record, "456789abcdefghijklmnopqrstuv");
}

/* Reads a region of 32 peers with the given free_numbers, which may be NULL. */
static libxl__shared_mem_status read_full_region(const char *free,
                                                 reader_t *reader,
                                                 record_t *record)
{
    struct fact facts[4 + 32 * 3];
    char paths[32][3][32], numbers[32][4];
    size_t nr = 0;
    unsigned int i;

    facts[nr++] = (struct fact){ PUBLIC, "owner", "100" };
    facts[nr++] = (struct fact){ PUBLIC, "size", "0x1000" };
    facts[nr++] = (struct fact){ PRIVATE, "generation", "32" };
    if (free)
        facts[nr++] = (struct fact){ PRIVATE, "free_numbers", free };
    for (i = 0; i < 32; i++) {
        snprintf(paths[i][0], 32, "mappings/%u", 100 + i);
        snprintf(paths[i][1], 32, "peers/%u", 100 + i);
        snprintf(paths[i][2], 32, "peers/%u/number", 100 + i);
        snprintf(numbers[i], 4, "%u", i);
        facts[nr++] = (struct fact){ PUBLIC, paths[i][0], "0x1000-0x2000" };
        facts[nr++] = (struct fact){ PRIVATE, paths[i][1], UUID_A };
        facts[nr++] = (struct fact){ PRIVATE, paths[i][2], numbers[i] };
    }

    return read_facts(facts, nr, reader, record);
}

static void full_region_has_no_free_numbers(void **state)
{
    static const struct {
        const char *free, *reason;
    } broken[] = {
        { NULL, "it is missing" },
        { "0", "not each number is either a peer's or free" },
        { "v", "not each number is either a peer's or free" },
        { "w", "not a list of numbers" },
        { "0123456789abcdefghijklmnopqrstuv",
          "not each number is either a peer's or free" },
    };
    static node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t expected = numbered_record(), record;
    reader_t reader;
    size_t i;

    (void)state;
    assert_int_equal(libxl__shared_mem_record_nodes(&expected, nodes),
                     4 + 32 * 3);
    assert_string_equal(nodes[3].path.text,
                        "/libxl/shared_mem/ID1/free_numbers");
    assert_string_equal(nodes[3].value, "");

    assert_int_equal(read_full_region("", &reader, &record), OK);
    assert_same_record(&record, &expected);
    assert_free(&record, "");
    drop_peer(&record, 109);
    add_numbered(&record, 3, 9);

    for (i = 0; i < ARRAY_LENGTH(broken); i++) {
        assert_int_equal(read_full_region(broken[i].free, &reader, &record),
                         BROKEN);
        assert_string_equal(reader.problem.path.text,
                            "/libxl/shared_mem/ID1/free_numbers");
        assert_string_equal(reader.problem.reason, broken[i].reason);
    }
}

static void empty_free_numbers_may_not_be_fed_twice(void **state)
{
    reader_t reader;

    (void)state;
    assert_int_equal(libxl__shared_mem_reader_init(&reader, "ID1"), OK);
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PRIVATE,
                                                   "free_numbers", ""), OK);
    assert_int_equal(libxl__shared_mem_reader_feed(&reader, PRIVATE,
                                                   "free_numbers", ""),
                     BROKEN);
    assert_string_equal(reader.problem.reason, "it occurs twice");
}

static void directories(void **state)
{
    static const char *const directories[] = {
        "", "mappings", "mappings/1", "mappings/32751", "peers", "peers/1",
    };
    static const char *const leaves[] = {
        "owner", "size", "control", "generation", "free_numbers",
        "mappings/1/prot", "mappings/1/offset", "peers/1/number", "peer",
        "mapping", "mappingsx", "peersx/1", "owner/1", "x", "suppliers",
        "suppliers/1", "supplier", "suppliersx",
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(directories); i++)
        assert_true(libxl__shared_mem_is_directory(directories[i]));
    for (i = 0; i < ARRAY_LENGTH(leaves); i++)
        assert_false(libxl__shared_mem_is_directory(leaves[i]));
}

/*----- Differences -----*/

static void diff_of_a_new_region_is_all_nodes(void **state)
{
    static changes_t changes;
    static node_t nodes[LIBXL__SHARED_MEM_NODES_MAX];
    record_t record = full_record(), empty = new_record("ID1", 0x100000);
    unsigned int nr = libxl__shared_mem_record_nodes(&record, nodes), i;

    (void)state;
    libxl__shared_mem_record_diff(NULL, &record, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_int_equal(changes.nr_writes, nr);
    for (i = 0; i < nr; i++) {
        assert_string_equal(changes.writes[i].path.text, nodes[i].path.text);
        assert_string_equal(changes.writes[i].value, nodes[i].value);
    }
    libxl__shared_mem_record_diff(&empty, &record, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_int_equal(changes.nr_writes, nr);
}

static void diff_of_equal_records_is_nothing(void **state)
{
    static changes_t changes;
    record_t record = full_record(), empty = new_record("ID1", 0x100000);

    (void)state;
    libxl__shared_mem_record_diff(&record, &record, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_int_equal(changes.nr_writes, 0);
    libxl__shared_mem_record_diff(NULL, NULL, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_int_equal(changes.nr_writes, 0);
    libxl__shared_mem_record_diff(NULL, &empty, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_int_equal(changes.nr_writes, 0);
}

static void diff_of_a_new_borrower(void **state)
{
    static const struct fact writes[] = {
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "4" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers",
          "456789abcdefghijklmnopqrstuv" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/16",
          "0x90000000-0x90100000" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/16", UUID_A },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/16/number", "3" },
    };
    static changes_t changes;
    record_t before = full_record(), after = before;

    (void)state;
    add(&after, mapping(16, UUID_A, 0x90000000, 0x100000));
    libxl__shared_mem_record_diff(&before, &after, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_facts(changes.writes, changes.nr_writes, writes,
                 ARRAY_LENGTH(writes));
}

/* A mapping takes its options along, and only its own. */
static void diff_of_a_dropped_borrower(void **state)
{
    static const char *const removals[] = {
        "/local/shared_mem/ID1/mappings/3",
        "/libxl/shared_mem/ID1/peers/3",
        "/local/shared_mem/ID1/mappings/30",
        "/libxl/shared_mem/ID1/peers/30",
    };
    static const struct fact writes[] = {
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "6" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers",
          "456789abcdefghijklmnopqrstuv23" },
    };
    static changes_t changes;
    record_t before = full_record(), after;

    (void)state;
    add(&before, mapping(30, UUID_A, 0x90000000, 0x100000));
    after = before;
    assert_false(libxl__shared_mem_record_drop(&after, 3));
    assert_false(libxl__shared_mem_record_drop(&after, 30));
    libxl__shared_mem_record_diff(&before, &after, &changes);
    assert_removals(&changes, removals, ARRAY_LENGTH(removals));
    assert_facts(changes.writes, changes.nr_writes, writes,
                 ARRAY_LENGTH(writes));
}

static void diff_of_an_owner_that_goes(void **state)
{
    static const char *const removals[] = {
        "/local/shared_mem/ID1/mappings/1",
        "/libxl/shared_mem/ID1/peers/1",
    };
    static const struct fact writes[] = {
        { PUBLIC, "/local/shared_mem/ID1/owner", "2" },
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "4" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers",
          "3456789abcdefghijklmnopqrstuv0" },
    };
    static changes_t changes;
    record_t before = full_record(), after = before;

    (void)state;
    assert_false(libxl__shared_mem_record_drop(&after, 1));
    libxl__shared_mem_record_diff(&before, &after, &changes);
    assert_removals(&changes, removals, ARRAY_LENGTH(removals));
    assert_facts(changes.writes, changes.nr_writes, writes,
                 ARRAY_LENGTH(writes));
}

static void diff_of_a_region_that_goes(void **state)
{
    static const char *const removals[] = {
        "/local/shared_mem/ID1",
        "/libxl/shared_mem/ID1",
    };
    static changes_t changes;
    record_t before = full_record(), after = before;
    struct living living = { NULL, 0, 0 };

    (void)state;
    libxl__shared_mem_record_drop_dead(&after, is_living, &living);
    libxl__shared_mem_record_diff(&before, &after, &changes);
    assert_removals(&changes, removals, ARRAY_LENGTH(removals));
    assert_int_equal(changes.nr_writes, 0);
    libxl__shared_mem_record_diff(&before, NULL, &changes);
    assert_removals(&changes, removals, ARRAY_LENGTH(removals));
    assert_int_equal(changes.nr_writes, 0);
}

/* The dead domain's options must not be left on the new one's mapping. */
static void diff_of_a_reused_domid(void **state)
{
    static const char *const removals[] = {
        "/local/shared_mem/ID1/mappings/3/prot",
        "/local/shared_mem/ID1/mappings/3/offset",
    };
    static const struct fact writes[] = {
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "5" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers",
          "456789abcdefghijklmnopqrstuv2" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/3",
          "0x50000000-0x50100000" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/3", UUID_A },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/3/number", "3" },
    };
    static changes_t changes;
    record_t before = full_record(), after = before;

    (void)state;
    assert_false(libxl__shared_mem_record_drop(&after, 3));
    add(&after, mapping(3, UUID_A, 0x50000000, 0x100000));
    libxl__shared_mem_record_diff(&before, &after, &changes);
    assert_removals(&changes, removals, ARRAY_LENGTH(removals));
    assert_facts(changes.writes, changes.nr_writes, writes,
                 ARRAY_LENGTH(writes));
}

/* The same domain with the same mapping: all that is new are numbers. */
static void diff_of_a_peer_that_comes_back(void **state)
{
    static const struct fact writes[] = {
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "5" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers",
          "456789abcdefghijklmnopqrstuv1" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/2/number", "3" },
    };
    static changes_t changes;
    record_t before = full_record(), after = before;

    (void)state;
    assert_false(libxl__shared_mem_record_drop(&after, 2));
    add(&after, mapping(2, UUID_B, 0x80000000, 0x100000));
    libxl__shared_mem_record_diff(&before, &after, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_facts(changes.writes, changes.nr_writes, writes,
                 ARRAY_LENGTH(writes));
}

/* A peer takes its number along, and leaves it behind the others. */
static void diff_of_a_number_that_goes(void **state)
{
    static const char *const removals[] = {
        "/local/shared_mem/ID1/mappings/3",
        "/libxl/shared_mem/ID1/peers/3",
    };
    static const struct fact writes[] = {
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "4" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers",
          "3456789abcdefghijklmnopqrstuv2" },
    };
    static changes_t changes;
    record_t before = full_record(), after = before;

    (void)state;
    assert_false(libxl__shared_mem_record_drop(&after, 3));
    libxl__shared_mem_record_diff(&before, &after, &changes);
    assert_removals(&changes, removals, ARRAY_LENGTH(removals));
    assert_facts(changes.writes, changes.nr_writes, writes,
                 ARRAY_LENGTH(writes));
}

static void diff_of_a_full_region(void **state)
{
    static const char *const removals[] = {
        "/local/shared_mem/ID1/mappings/117",
        "/libxl/shared_mem/ID1/peers/117",
    };
    static const struct fact left[] = {
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "33" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers", "h" },
    };
    static const struct fact back[] = {
        { PRIVATE, "/libxl/shared_mem/ID1/generation", "34" },
        { PRIVATE, "/libxl/shared_mem/ID1/free_numbers", "" },
        { PUBLIC, "/local/shared_mem/ID1/mappings/5", "0x1000-0x2000" },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/5", UUID_B },
        { PRIVATE, "/libxl/shared_mem/ID1/peers/5/number", "17" },
    };
    static changes_t changes;
    record_t full = numbered_record(), less = full, again;

    (void)state;
    drop_peer(&less, 117);
    libxl__shared_mem_record_diff(&full, &less, &changes);
    assert_removals(&changes, removals, ARRAY_LENGTH(removals));
    assert_facts(changes.writes, changes.nr_writes, left,
                 ARRAY_LENGTH(left));

    again = less;
    add(&again, mapping(5, UUID_B, 0x1000, 0x1000));
    libxl__shared_mem_record_diff(&less, &again, &changes);
    assert_int_equal(changes.nr_removals, 0);
    assert_facts(changes.writes, changes.nr_writes, back,
                 ARRAY_LENGTH(back));
}

/* A xenstore in small: the nodes that exist, in no special order. */
struct store {
    unsigned int nr;
    node_t nodes[2 * LIBXL__SHARED_MEM_NODES_MAX];
};

static void store_remove(struct store *store, const char *path)
{
    unsigned int i, kept = 0;
    size_t len = strlen(path);

    for (i = 0; i < store->nr; i++) {
        const char *text = store->nodes[i].path.text;
        bool covered = !strncmp(text, path, len) &&
                       (text[len] == '\0' || text[len] == '/');

        if (!covered)
            store->nodes[kept++] = store->nodes[i];
    }
    store->nr = kept;
}

static void store_write(struct store *store, const node_t *node)
{
    unsigned int i = 0;

    while (i < store->nr &&
           strcmp(store->nodes[i].path.text, node->path.text))
        i++;
    if (i == store->nr)
        store->nr++;
    store->nodes[i] = *node;
}

static bool coin(uint32_t domid, const char *uuid, void *opaque)
{
    (void)domid;
    (void)uuid;
    return next_random(opaque) % 3;
}

static void store_apply(struct store *store, const changes_t *changes,
                        bool removals_first)
{
    unsigned int i, phase;

    for (phase = 0; phase < 2; phase++) {
        if ((phase == 0) == removals_first) {
            for (i = 0; i < changes->nr_removals; i++)
                store_remove(store, changes->removals[i].text);
        } else {
            for (i = 0; i < changes->nr_writes; i++)
                store_write(store, &changes->writes[i]);
        }
    }
}

static void random_diffs_lead_to_the_record(void **state)
{
    static struct store store;
    static changes_t changes;
    record_t record = new_record("ID1", 0x1000);
    uint64_t seed = 7;
    unsigned int round;

    (void)state;
    for (round = 0; round < 2000; round++) {
        record_t before = record, again;
        libxl__shared_mem_status expected;

        libxl__shared_mem_record_drop_dead(&record, coin, &seed);
        if (!record.nr_mappings)
            record = random_record(&seed);
        else if (record.nr_mappings < 32)
            (void)libxl__shared_mem_record_add(&record,
                &(mapping_t){ .domid = next_random(&seed) % 40,
                              .uuid = UUID_A, .begin = 0x1000,
                              .size = record.size });
        if (next_random(&seed) % 50 == 0)
            record.nr_mappings = 0;

        libxl__shared_mem_record_diff(&before, &record, &changes);
        store_apply(&store, &changes, next_random(&seed) & 1);
        expected = record.nr_mappings ? OK : ABSENT;
        assert_int_equal(read_nodes("ID1", store.nodes, NULL, store.nr,
                                    &again), expected);
        if (expected == OK)
            assert_same_record(&record, &again);
    }
}

/*----- The index -----*/

static void index_value(const id_index_t *ids, const char *expected)
{
    char value[LIBXL__SHARED_MEM_INDEX_SIZE];

    libxl__shared_mem_index_format(ids, value);
    assert_string_equal(value, expected);
}

static void index_adds_and_removes(void **state)
{
    id_index_t ids;

    (void)state;
    assert_int_equal(libxl__shared_mem_index_parse(NULL, &ids), OK);
    assert_int_equal(ids.nr_ids, 0);
    index_value(&ids, "");
    assert_int_equal(libxl__shared_mem_index_add(&ids, "ID2"), OK);
    index_value(&ids, "ID2");
    assert_int_equal(libxl__shared_mem_index_add(&ids, "ID1"), OK);
    assert_int_equal(libxl__shared_mem_index_add(&ids, "ID"), OK);
    index_value(&ids, "ID2 ID1 ID");
    assert_true(libxl__shared_mem_index_contains(&ids, "ID1"));
    assert_false(libxl__shared_mem_index_contains(&ids, "ID3"));
    assert_false(libxl__shared_mem_index_contains(&ids, "I"));
    assert_int_equal(libxl__shared_mem_index_add(&ids, "ID1"), DUPLICATE);
    assert_int_equal(libxl__shared_mem_index_add(&ids, "a b"), INVALID);
    assert_int_equal(libxl__shared_mem_index_add(&ids, ""), INVALID);
    assert_int_equal(libxl__shared_mem_index_add(&ids, ID_OF_32), INVALID);
    index_value(&ids, "ID2 ID1 ID");
    assert_false(libxl__shared_mem_index_remove(&ids, "ID3"));
    assert_true(libxl__shared_mem_index_remove(&ids, "ID1"));
    index_value(&ids, "ID2 ID");
    assert_true(libxl__shared_mem_index_remove(&ids, "ID2"));
    assert_true(libxl__shared_mem_index_remove(&ids, "ID"));
    assert_int_equal(ids.nr_ids, 0);
    assert_false(libxl__shared_mem_index_remove(&ids, "ID"));
    index_value(&ids, "");
}

static void index_parses(void **state)
{
    id_index_t ids;

    (void)state;
    assert_int_equal(libxl__shared_mem_index_parse("ID1", &ids), OK);
    assert_int_equal(ids.nr_ids, 1);
    assert_string_equal(ids.ids[0], "ID1");
    assert_int_equal(libxl__shared_mem_index_parse("ID1 7 a_-Z " ID_OF_31,
                                                   &ids), OK);
    assert_int_equal(ids.nr_ids, 4);
    assert_string_equal(ids.ids[0], "ID1");
    assert_string_equal(ids.ids[1], "7");
    assert_string_equal(ids.ids[2], "a_-Z");
    assert_string_equal(ids.ids[3], ID_OF_31);
}

/* That of a domain that has a factory page, but no regions. */
static void index_may_be_empty(void **state)
{
    id_index_t ids = { .nr_ids = 12345 };

    (void)state;
    assert_int_equal(libxl__shared_mem_index_parse("", &ids), OK);
    assert_int_equal(ids.nr_ids, 0);
    assert_false(libxl__shared_mem_index_contains(&ids, ""));
    index_value(&ids, "");
    assert_int_equal(libxl__shared_mem_index_add(&ids, "ID1"), OK);
    index_value(&ids, "ID1");
}

static void factory_gpas(void **state)
{
    static const struct {
        const char *value;
        uint64_t gpa;
    } good[] = {
        { "0x0", 0 },
        { "0x1000", 4096 },
        { "0x41000000", 1090519040 },
        { "0xabcdef000", 0xabcdef000 },
        { "0xfffffffffffff000", 0xfffffffffffff000 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(good); i++) {
        uint64_t gpa = 12345;

        assert_true(libxl__shared_mem_parse_gpa(good[i].value, &gpa));
        assert_int_equal(gpa, good[i].gpa);
    }
}

static void factory_gpas_malformed(void **state)
{
    static const char *const bad[] = {
        "", "0x", "0", "x1000", "1000", "41000000", "0X1000", "0x01000",
        "0x00", " 0x1000", "0x1000 ", "0x1000\n", "0x 1000", "0xA000",
        "-0x1000", "+0x1000", "0x-1000", "0x1000g", "0x1000-0x2000",
        "0x1", "0xfff", "0x1001", "0x41000800", "0xffffffffffffffff",
        "0x10000000000000000", "0x10000000000001000",
    };
    uint64_t gpa;
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(bad); i++)
        if (libxl__shared_mem_parse_gpa(bad[i], &gpa))
            fail_msg("\"%s\" was taken", bad[i]);
}

static void ranges(void **state)
{
    static const char *const bad[] = {
        "", "0x1000", "0x1000-", "0x1000-0x1000", "0x2000-0x1000",
        "0x1001-0x2001", "0x1000-0x2001", "1000-2000", "0x1000-0x2000 ",
    };
    uint64_t begin, size;
    size_t i;

    (void)state;
    assert_true(libxl__shared_mem_parse_range("0x60000000-0x60010000", &begin,
                                              &size));
    assert_int_equal(begin, 0x60000000);
    assert_int_equal(size, 0x10000);
    for (i = 0; i < ARRAY_LENGTH(bad); i++)
        if (libxl__shared_mem_parse_range(bad[i], &begin, &size))
            fail_msg("\"%s\" was taken", bad[i]);
}

static void last_generation_is_a_number_or_0(void **state)
{
    static const char *const none[] = {
        NULL, "", " 7", "7 ", "07", "-1", "0x7", "seven",
        "18446744073709551616",
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(none); i++)
        assert_int_equal(libxl__shared_mem_number(none[i]), 0);

    assert_int_equal(libxl__shared_mem_number("0"), 0);
    assert_int_equal(libxl__shared_mem_number("41"), 41);
    assert_int_equal(
        libxl__shared_mem_number("18446744073709551615"),
        UINT64_MAX);
}

static void index_malformed(void **state)
{
    static const char *const bad[] = {
        " ", "  ", " ID1", "ID1 ", "ID1  ID2", "ID1\tID2", "ID1,ID2",
        "ID1\n", "ID1 ID1", "ID1 ID2 ID1", "ID/1", ID_OF_32,
        "ID1 " ID_OF_32, ID_OF_32 " ID1",
    };
    id_index_t ids = { .nr_ids = 12345 };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(bad); i++) {
        if (libxl__shared_mem_index_parse(bad[i], &ids) != BROKEN)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(ids.nr_ids, 12345);
    }
}

static void index_holds_64_of_the_longest_ids(void **state)
{
    char expected[64 * 32 + 32] = "", value[LIBXL__SHARED_MEM_INDEX_SIZE];
    id_index_t ids = { .nr_ids = 0 }, again;
    unsigned int i;

    (void)state;
    for (i = 0; i < 64; i++) {
        char id[32];

        snprintf(id, sizeof(id), "region-with-the-longest-name-%02u", i);
        assert_int_equal(strlen(id), 31);
        assert_int_equal(libxl__shared_mem_index_add(&ids, id), OK);
        strcat(expected, i ? " " : "");
        strcat(expected, id);
    }
    assert_int_equal(libxl__shared_mem_index_add(&ids, "x"), FULL);
    assert_int_equal(ids.nr_ids, 64);

    libxl__shared_mem_index_format(&ids, value);
    assert_string_equal(value, expected);
    assert_int_equal(strlen(value), 64 * 31 + 63);
    assert_true(strlen(value) < 4096);
    assert_int_equal(libxl__shared_mem_index_parse(value, &again), OK);
    assert_int_equal(again.nr_ids, 64);
    assert_memory_equal(&again, &ids, sizeof(ids));

    strcat(expected, " x");
    assert_int_equal(libxl__shared_mem_index_parse(expected, &again),
                     BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_characters),
        cmocka_unit_test(id_lengths),
        cmocka_unit_test(paths),
        cmocka_unit_test(directories),
        cmocka_unit_test(longest_paths_fit),
        cmocka_unit_test(documented_example),
        cmocka_unit_test(what_is_not_the_default),
        cmocka_unit_test(given_offset_of_zero_is_written),
        cmocka_unit_test(domids_are_decimal),
        cmocka_unit_test(largest_values),
        cmocka_unit_test(empty_record_has_no_nodes),
        cmocka_unit_test(reads_every_kind_of_node),
        cmocka_unit_test(absent_is_not_broken),
        cmocka_unit_test(missing_nodes),
        cmocka_unit_test(nodes_that_may_be_missing),
        cmocka_unit_test(record_without_mappings_is_broken),
        cmocka_unit_test(malformed_nodes),
        cmocka_unit_test(malformed_names),
        cmocka_unit_test(contradictions),
        cmocka_unit_test(peer_without_a_mapping_is_broken),
        cmocka_unit_test(numbers_0_to_31_are_read),
        cmocka_unit_test(order_of_free_numbers_is_read),
        cmocka_unit_test(missing_number_is_told_before_the_free_ones),
        cmocka_unit_test(end_of_region_is_reachable),
        cmocka_unit_test(unknown_nodes_are_ignored),
        cmocka_unit_test(record_of_an_earlier_version_is_broken),
        cmocka_unit_test(earlier_version_is_told_before_what_is_missing),
        cmocka_unit_test(public_suppliers_are_ignored),
        cmocka_unit_test(node_fed_twice_is_broken),
        cmocka_unit_test(first_problem_stays),
        cmocka_unit_test(long_path_in_problem_is_cut),
        cmocka_unit_test(reader_refuses_an_invalid_id),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(random_round_trips),
        cmocka_unit_test(peers_32_fit_and_33_do_not),
        cmocka_unit_test(most_nodes_and_removals),
        cmocka_unit_test(reading_33_peers_is_broken),
        cmocka_unit_test(reading_33_numbers_is_broken),
        cmocka_unit_test(init_checks_its_arguments),
        cmocka_unit_test(first_peer_owns),
        cmocka_unit_test(first_peer_may_be_read_only),
        cmocka_unit_test(mappings_are_sorted_and_found),
        cmocka_unit_test(owner_must_map_the_whole_region),
        cmocka_unit_test(peer_is_not_added_twice),
        cmocka_unit_test(mappings_that_do_not_fit),
        cmocka_unit_test(mappings_that_fit),
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
        cmocka_unit_test(numbers_go_on_after_reading),
        cmocka_unit_test(full_region_has_no_free_numbers),
        cmocka_unit_test(empty_free_numbers_may_not_be_fed_twice),
        cmocka_unit_test(diff_of_a_new_region_is_all_nodes),
        cmocka_unit_test(diff_of_equal_records_is_nothing),
        cmocka_unit_test(diff_of_a_new_borrower),
        cmocka_unit_test(diff_of_a_dropped_borrower),
        cmocka_unit_test(diff_of_an_owner_that_goes),
        cmocka_unit_test(diff_of_a_region_that_goes),
        cmocka_unit_test(diff_of_a_reused_domid),
        cmocka_unit_test(diff_of_a_peer_that_comes_back),
        cmocka_unit_test(diff_of_a_number_that_goes),
        cmocka_unit_test(diff_of_a_full_region),
        cmocka_unit_test(random_diffs_lead_to_the_record),
        cmocka_unit_test(ranges),
        cmocka_unit_test(last_generation_is_a_number_or_0),
        cmocka_unit_test(factory_gpas),
        cmocka_unit_test(factory_gpas_malformed),
        cmocka_unit_test(index_adds_and_removes),
        cmocka_unit_test(index_parses),
        cmocka_unit_test(index_may_be_empty),
        cmocka_unit_test(index_malformed),
        cmocka_unit_test(index_holds_64_of_the_longest_ids),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
