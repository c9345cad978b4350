/*
 * Fuzz target for reading the xenstore record of a shared memory region.
 * The input is a list of nodes, one a line, PATH=VALUE, after a first
 * character that says where: 'p' for the public part of the record, 'l' for
 * the private one, 'i' for the value of a domain's index, 'g' for the address
 * of a factory page, 'r' for a range. What is promised of a record that was
 * read is checked here by code of its own.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl_shared_mem_record.h"

/* More than the longest record has, directories included. */
#define MAX_LINES 200

#define CHECK(condition)                                                \
    do {                                                                \
        if (!(condition)) {                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,          \
                    #condition);                                        \
            abort();                                                    \
        }                                                               \
    } while (0)

/* Each line and each value in a block of its own, for ASan's sake. */
struct line {
    char *path;     /* after the first character of the line */
    char *value;
    char kind;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *copy(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    CHECK(text);
    memcpy(text, data, size);
    text[size] = '\0';

    return text;
}

static size_t split(const uint8_t *data, size_t size, struct line *lines)
{
    size_t nr = 0;

    while (size && nr < MAX_LINES) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;
        const uint8_t *equals = memchr(data, '=', len);

        if (equals && equals > data) {
            lines[nr].kind = (char)data[0];
            lines[nr].path = copy(data + 1, (size_t)(equals - data - 1));
            lines[nr].value = copy(equals + 1,
                                   (size_t)(data + len - equals - 1));
            nr++;
        }
        data += end ? len + 1 : len;
        size -= end ? len + 1 : len;
    }

    return nr;
}

static void check_index(const char *value)
{
    libxl__shared_mem_index index;
    char again[LIBXL__SHARED_MEM_INDEX_SIZE];
    unsigned int i;

    if (libxl__shared_mem_index_parse(value, &index))
        return;
    CHECK(index.nr_ids <= 64);
    CHECK(!index.nr_ids == !*value);
    for (i = 0; i < index.nr_ids; i++)
        CHECK(libxl__shared_mem_id_is_valid(index.ids[i]));
    libxl__shared_mem_index_format(&index, again);
    CHECK(!strcmp(again, value));
}

static void check_gpa(const char *value)
{
    uint64_t gpa;
    char again[32];

    if (!libxl__shared_mem_parse_gpa(value, &gpa))
        return;
    CHECK(gpa % 4096 == 0);
    snprintf(again, sizeof(again), "0x%" PRIx64, gpa);
    CHECK(!strcmp(again, value));
}

static void check_range(const char *value)
{
    uint64_t begin, size;
    char again[48];

    if (!libxl__shared_mem_parse_range(value, &begin, &size))
        return;
    CHECK(size && begin % 4096 == 0 && size % 4096 == 0);
    CHECK(begin + size > begin);
    snprintf(again, sizeof(again), "0x%" PRIx64 "-0x%" PRIx64, begin,
             begin + size);
    CHECK(!strcmp(again, value));
}

static void check_invariants(const libxl__shared_mem_record *record)
{
    bool owner_seen = false, number_seen[32] = { false };
    unsigned int i;

    CHECK(!strcmp(record->id, "ID1"));
    CHECK(record->size && record->size % 4096 == 0);
    CHECK(record->nr_mappings >= 1 && record->nr_mappings <= 32);
    CHECK(record->nr_free + record->nr_mappings == 32);
    for (i = 0; i < record->nr_free; i++) {
        CHECK(record->free[i] < 32);
        CHECK(!number_seen[record->free[i]]);
        number_seen[record->free[i]] = true;
    }
    for (i = 0; i < record->nr_mappings; i++) {
        const libxl__shared_mem_mapping *m = &record->mappings[i];

        CHECK(m->domid <= 32751);
        CHECK(!i || record->mappings[i - 1].domid < m->domid);
        CHECK(m->begin % 4096 == 0);
        CHECK(m->size && m->size % 4096 == 0);
        CHECK(m->begin + m->size > m->begin);
        CHECK(m->offset % 4096 == 0);
        CHECK(m->offset + m->size >= m->size);
        CHECK(m->offset + m->size <= record->size);
        CHECK(m->has_offset || m->size == record->size);
        CHECK(m->number < 32);
        CHECK(!number_seen[m->number]);
        number_seen[m->number] = true;
        CHECK(strlen(m->uuid) == 36);
        CHECK(strspn(m->uuid, "0123456789abcdef-") == 36);
        owner_seen |= m->domid == record->owner;
    }
    CHECK(owner_seen);
}

/*
 * There is one way to write each value: what the record gives again must
 * have been among what was read, to the letter.
 */
static void check_nodes(const libxl__shared_mem_record *record,
                        const struct line *lines, size_t nr_lines)
{
    static libxl__shared_mem_changes changes;
    unsigned int i;
    size_t j;

    libxl__shared_mem_record_diff(NULL, record, &changes);
    CHECK(!changes.nr_removals);
    for (i = 0; i < changes.nr_writes; i++) {
        const libxl__shared_mem_node *node = &changes.writes[i];
        bool public = node->area == LIBXL__SHARED_MEM_PUBLIC;
        const char *dir = public ? "/local/shared_mem/ID1/"
                                 : "/libxl/shared_mem/ID1/";

        CHECK(!strncmp(node->path.text, dir, strlen(dir)));
        for (j = 0; j < nr_lines; j++)
            if (lines[j].kind == (public ? 'p' : 'l') &&
                !strcmp(lines[j].path, node->path.text + strlen(dir)) &&
                !strcmp(lines[j].value, node->value))
                break;
        CHECK(j < nr_lines);
    }
}

/* One more peer gets the number that is free longest, if there is room. */
static void check_add(libxl__shared_mem_record record)
{
    const libxl__shared_mem_record before = record;
    libxl__shared_mem_mapping more = { .domid = 0, .size = record.size };
    const libxl__shared_mem_mapping *added;
    libxl__shared_mem_status status;
    unsigned int i;

    for (i = 0; i < record.nr_mappings; i++)
        if (record.mappings[i].domid == more.domid)
            more.domid++;
    snprintf(more.uuid, sizeof(more.uuid), "%s", record.mappings[0].uuid);

    status = libxl__shared_mem_record_add(&record, &more);
    if (before.nr_mappings == 32) {
        CHECK(status == LIBXL__SHARED_MEM_FULL);
        CHECK(record.nr_mappings == 32 && !record.nr_free);
        return;
    }
    CHECK(!status);
    CHECK(record.nr_mappings == before.nr_mappings + 1);
    check_invariants(&record);
    added = libxl__shared_mem_record_find(&record, more.domid);
    CHECK(added && added->number == before.free[0]);
    for (i = 0; i < record.nr_free; i++)
        CHECK(record.free[i] == before.free[i + 1]);
}

/* Who stays keeps its number; that of who leaves is free after all others. */
static void check_numbers(const libxl__shared_mem_record *before,
                          const libxl__shared_mem_record *after)
{
    const libxl__shared_mem_mapping *m;
    unsigned int i;

    CHECK(after->nr_free == before->nr_free + 1);
    for (i = 0; i < before->nr_free; i++)
        CHECK(after->free[i] == before->free[i]);
    m = libxl__shared_mem_record_find(before, before->owner);
    CHECK(m && after->free[before->nr_free] == m->number);
    for (i = 0; i < after->nr_mappings; i++) {
        m = libxl__shared_mem_record_find(before, after->mappings[i].domid);
        CHECK(m && m->number == after->mappings[i].number);
    }
}

/* Peers go one after another, the owner always first. */
static void check_drops(libxl__shared_mem_record *record)
{
    static libxl__shared_mem_changes changes;

    for (;;) {
        libxl__shared_mem_record before = *record;
        bool empty = libxl__shared_mem_record_drop(record, record->owner);

        CHECK(record->nr_mappings == before.nr_mappings - 1);
        CHECK(record->generation == before.generation + 1);
        CHECK(empty == !record->nr_mappings);
        check_numbers(&before, record);
        libxl__shared_mem_record_diff(&before, record, &changes);
        CHECK(changes.nr_removals == 2);
        CHECK(changes.nr_writes == (empty ? 0 : 3));
        if (empty)
            return;
        check_invariants(record);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line lines[MAX_LINES];
    size_t nr = split(data, size, lines), i;
    libxl__shared_mem_reader reader;
    libxl__shared_mem_record record;
    libxl__shared_mem_status status;
    bool fed = false, earlier = false;

    CHECK(!libxl__shared_mem_reader_init(&reader, "ID1"));
    for (i = 0; i < nr; i++) {
        if (lines[i].kind == 'i') {
            check_index(lines[i].value);
        } else if (lines[i].kind == 'g') {
            check_gpa(lines[i].value);
        } else if (lines[i].kind == 'r') {
            check_range(lines[i].value);
        } else if (lines[i].kind == 'p' || lines[i].kind == 'l') {
            fed = true;
            /* Only an earlier version's record has this node. */
            earlier |= lines[i].kind == 'l' &&
                       !strcmp(lines[i].path, "suppliers");
            libxl__shared_mem_reader_feed(&reader,
                                          lines[i].kind == 'p'
                                          ? LIBXL__SHARED_MEM_PUBLIC
                                          : LIBXL__SHARED_MEM_PRIVATE,
                                          lines[i].path, lines[i].value);
        }
    }

    status = libxl__shared_mem_reader_finish(&reader, &record);
    CHECK((status == LIBXL__SHARED_MEM_ABSENT) == !fed);
    CHECK((status == LIBXL__SHARED_MEM_BROKEN) == !!reader.problem.reason);
    CHECK(!earlier || status == LIBXL__SHARED_MEM_BROKEN);
    if (status == LIBXL__SHARED_MEM_BROKEN) {
        CHECK(memchr(reader.problem.path.text, '\0',
                     sizeof(reader.problem.path.text)));
        CHECK(reader.problem.path.text[0] == '/');
    } else if (status == LIBXL__SHARED_MEM_OK) {
        check_invariants(&record);
        check_nodes(&record, lines, nr);
        check_add(record);
        check_drops(&record);
    }

    for (i = 0; i < nr; i++) {
        free(lines[i].path);
        free(lines[i].value);
    }

    return 0;
}
