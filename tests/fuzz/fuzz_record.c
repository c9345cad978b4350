/*
 * Fuzz target for the record of a shared memory region: for whether a record
 * that somebody else made is in order, for the rules by which records change,
 * and for what follows for xenstore.  What is promised is checked here by code
 * of its own.
 *
 * The input is a list of steps, a byte each, with what they need behind it:
 *
 *   0  a record that somebody else made, see take_record(): if it is in order
 *      it takes the place of the one there was
 *   1  a peer is added: a domid, then the mapping, see take_mapping()
 *   2  a peer is dropped: a byte, which one, or 255 and a domid
 *   3  those are dropped that are dead: four bytes, who lives
 *
 * Then it is written to xenstore, unless 4 was added to the byte.
 *
 * Where a number is read, a byte below 0xf0 is the number (of pages, where it
 * is one of bytes), and any other one says that the number itself follows, in
 * eight bytes.  When the input is used up the rest is zeros.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl_shared_mem_record.h"

/* So that one input does not take for ever. */
#define MAX_STEPS 24

#define UUID "11111111-2222-3333-4444-55555555aaaa"
#define DIR "/local/shared_mem/ID1"

#define CHECK(condition)                                                \
    do {                                                                \
        if (!(condition)) {                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,          \
                    #condition);                                        \
            abort();                                                    \
        }                                                               \
    } while (0)

typedef libxl__shared_mem_record record_t;
typedef libxl__shared_mem_mapping mapping_t;
typedef libxl__shared_mem_changes changes_t;
typedef libxl__shared_mem_node node_t;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*----- The input -----*/

struct input {
    const uint8_t *data;
    size_t size;
};

static uint8_t take_byte(struct input *in)
{
    if (!in->size)
        return 0;
    in->size--;

    return *in->data++;
}

static uint64_t take_number(struct input *in, uint64_t unit)
{
    uint8_t byte = take_byte(in);
    uint64_t number = 0;
    unsigned int i;

    if (byte < 0xf0)
        return byte * unit;
    for (i = 0; i < 64; i += 8)
        number |= (uint64_t)take_byte(in) << i;

    return number;
}

enum {
    READ_ONLY = 1, HAS_OFFSET = 2, OTHER_SIZE = 4, OTHER_OFFSET = 8,
    OTHER_NUMBER = 16, OTHER_UUID = 32,
};

/*
 * A byte with flags and where the mapping begins; then, each if there is its
 * flag, its size and its offset, its number, and its UUID with its length.
 */
static mapping_t take_mapping(struct input *in, uint32_t domid,
                              uint64_t region_size, unsigned int number)
{
    uint8_t flags = take_byte(in);
    mapping_t m = {
        .domid = domid,
        .uuid = UUID,
        .number = number,
        .size = region_size,
        .has_offset = flags & HAS_OFFSET,
        .read_only = flags & READ_ONLY,
    };

    m.begin = take_number(in, 4096);
    if (flags & OTHER_SIZE)
        m.size = take_number(in, 4096);
    if (flags & OTHER_OFFSET)
        m.offset = take_number(in, 4096);
    if (flags & OTHER_NUMBER)
        m.number = (unsigned int)take_number(in, 1);
    if (flags & OTHER_UUID) {
        unsigned int i, len = take_byte(in) % sizeof(m.uuid);

        memset(m.uuid, 0, sizeof(m.uuid));
        for (i = 0; i < len; i++)
            m.uuid[i] = (char)take_byte(in);
    }

    return m;
}

enum { CONTROL = 1, HIDDEN = 2, OTHER_FREE = 4 };

/*
 * A byte with flags, the size, the owner, the generation, how many peers; each
 * peer: how much higher its domid is than the one before, and its mapping. If
 * there is the flag: how many numbers are free, and which.
 */
static record_t take_record(struct input *in)
{
    uint8_t flags = take_byte(in);
    record_t record = {
        .id = "ID1", .control = flags & CONTROL, .hidden = flags & HIDDEN,
    };
    uint32_t domid = 0;
    unsigned int i;

    record.size = take_number(in, 4096);
    record.owner = (uint32_t)take_number(in, 1);
    record.generation = take_number(in, 1);
    record.nr_mappings = 1 + take_byte(in) % 32;
    for (i = 0; i < record.nr_mappings; i++) {
        domid += (uint32_t)take_number(in, 1);
        record.mappings[i] = take_mapping(in, domid, record.size, i);
    }

    record.nr_free = 32 - record.nr_mappings;
    for (i = 0; i < record.nr_free; i++)
        record.free[i] = (uint8_t)(record.nr_mappings + i);
    if (flags & OTHER_FREE) {
        record.nr_free = take_byte(in) % 33;
        for (i = 0; i < record.nr_free; i++)
            record.free[i] = take_byte(in);
    }

    return record;
}

/*----- The invariants -----*/

static bool is_uuid(const char *text)
{
    unsigned int i;

    if (strlen(text) != 36)
        return false;
    for (i = 0; i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23
            ? text[i] != '-'
            : !(text[i] >= '0' && text[i] <= '9') &&
              !(text[i] >= 'a' && text[i] <= 'f'))
            return false;

    return true;
}

static bool is_mapping_sound(const record_t *record, const mapping_t *m)
{
    const uint64_t size = record->size;

    return m->domid <= 32751 && is_uuid(m->uuid) &&
           m->size && m->size % 4096 == 0 && m->begin % 4096 == 0 &&
           m->begin + m->size > m->begin && m->offset % 4096 == 0 &&
           (m->has_offset ? m->size <= size && m->offset <= size &&
                            m->offset + m->size <= size &&
                            m->offset + m->size > m->offset
                          : m->size == size && !m->offset);
}

/* Counts how often each number occurs. */
static bool are_numbers_sound(const record_t *record)
{
    unsigned int seen[32] = { 0 }, i;

    for (i = 0; i < record->nr_free; i++)
        if (record->free[i] >= 32 || seen[record->free[i]]++)
            return false;
    for (i = 0; i < record->nr_mappings; i++)
        if (record->mappings[i].number >= 32 ||
            seen[record->mappings[i].number]++)
            return false;
    for (i = 0; i < 32; i++)
        if (!seen[i])
            return false;

    return true;
}

static bool is_sound(const record_t *record)
{
    bool owner_seen = false;
    unsigned int i;

    if (!record->size || record->size % 4096)
        return false;
    for (i = 0; i < record->nr_mappings; i++) {
        if (!is_mapping_sound(record, &record->mappings[i]) ||
            (i && record->mappings[i - 1].domid >= record->mappings[i].domid))
            return false;
        owner_seen |= record->mappings[i].domid == record->owner;
    }

    return owner_seen && are_numbers_sound(record);
}

static void check_problem(const record_t *record)
{
    const char *problem = libxl__shared_mem_record_problem(record);

    CHECK(!problem == is_sound(record));
    CHECK(!problem || *problem);
}

/*----- What xenstore has -----*/

static struct store {
    unsigned int nr;
    node_t nodes[1 + 3 + 32 * 3];
} store;

static node_t *store_find(const char *path)
{
    unsigned int i;

    for (i = 0; i < store.nr; i++)
        if (!strcmp(store.nodes[i].path.text, path))
            return &store.nodes[i];

    return NULL;
}

static void store_add(const char *path, const char *value)
{
    node_t *node = &store.nodes[store.nr++];

    CHECK(store.nr <= sizeof(store.nodes) / sizeof(store.nodes[0]));
    snprintf(node->path.text, sizeof(node->path.text), "%s", path);
    snprintf(node->value, sizeof(node->value), "%s", value);
}

/* Something must be there to remove. */
static void store_remove(const char *path)
{
    const unsigned int nr = store.nr;
    const size_t len = strlen(path);
    unsigned int i;

    store.nr = 0;
    for (i = 0; i < nr; i++) {
        const char *text = store.nodes[i].path.text;

        if (strncmp(text, path, len) || (text[len] && text[len] != '/'))
            store.nodes[store.nr++] = store.nodes[i];
    }
    CHECK(store.nr < nr);
}

static void check_path(const libxl__shared_mem_path *path)
{
    CHECK(memchr(path->text, '\0', sizeof(path->text)));
    CHECK(!strncmp(path->text, DIR, strlen(DIR)));
}

/* Nothing is done in vain, and nothing is written where nothing was made. */
static void apply(const changes_t *changes)
{
    unsigned int i;

    CHECK(changes->nr_removals <= 32);
    CHECK(changes->nr_writes <= 3 + 32 * 3);
    for (i = 0; i < changes->nr_removals; i++) {
        check_path(&changes->removals[i]);
        store_remove(changes->removals[i].text);
    }

    if (changes->anew) {
        CHECK(!changes->nr_removals);
        store.nr = 0;
        store_add(DIR, "");
    }

    for (i = 0; i < changes->nr_writes; i++) {
        const node_t *new = &changes->writes[i];
        node_t *node;

        check_path(&new->path);
        CHECK(memchr(new->value, '\0', sizeof(new->value)));
        node = store_find(new->path.text);
        CHECK(!node || strcmp(node->value, new->value));
        if (node)
            *node = *new;
        else
            store_add(new->path.text, new->value);
    }
    CHECK(!store.nr || store_find(DIR));
}

static void check_node(const char *path, const char *value)
{
    const node_t *node = store_find(path);

    CHECK(node && !strcmp(node->value, value));
}

static unsigned int check_mapping_nodes(const mapping_t *m)
{
    char path[100], value[100];
    int len = snprintf(path, sizeof(path), DIR "/mappings/%" PRIu32,
                       m->domid);
    unsigned int nr = 1;

    snprintf(value, sizeof(value), "0x%" PRIx64 "-0x%" PRIx64, m->begin,
             m->begin + m->size);
    check_node(path, value);
    if (m->read_only) {
        strcpy(path + len, "/prot");
        check_node(path, "ro");
        nr++;
    }
    if (m->has_offset) {
        strcpy(path + len, "/offset");
        snprintf(value, sizeof(value), "0x%" PRIx64, m->offset);
        check_node(path, value);
        nr++;
    }

    return nr;
}

/* The store has what the record says, and no more. */
static void check_store(const record_t *record)
{
    unsigned int i, nr = 3;
    char value[100];

    if (!record->nr_mappings) {
        CHECK(!store.nr);
        return;
    }

    check_node(DIR, "");
    snprintf(value, sizeof(value), "%" PRIu32, record->owner);
    check_node(DIR "/owner", value);
    snprintf(value, sizeof(value), "0x%" PRIx64, record->size);
    check_node(DIR "/size", value);
    if (record->control) {
        check_node(DIR "/control", "1");
        nr++;
    }
    for (i = 0; i < record->nr_mappings; i++)
        nr += check_mapping_nodes(&record->mappings[i]);
    CHECK(store.nr == nr);
}

/* changed: whether anything was, even if no domain can see it. */
static void check_write(const record_t *before, const record_t *after,
                        bool changed)
{
    static changes_t changes;

    CHECK(libxl__shared_mem_record_differs(before, after) == changed);
    memset(&changes, 0x5a, sizeof(changes));
    libxl__shared_mem_record_diff(before, after, &changes);
    if (!changed)
        CHECK(!changes.nr_removals && !changes.anew && !changes.nr_writes);
    /* Those who may read the nodes are others now. */
    else if (after->nr_mappings && (before->hidden || after->hidden))
        CHECK(changes.anew);
    apply(&changes);
    check_store(after);
}

/*----- How a record changes -----*/

static bool is_peer(const record_t *record, uint32_t domid)
{
    unsigned int i;

    for (i = 0; i < record->nr_mappings; i++)
        if (record->mappings[i].domid == domid)
            return true;

    return false;
}

static bool is_same_mapping(const mapping_t *a, const mapping_t *b)
{
    return a->domid == b->domid && !strcmp(a->uuid, b->uuid) &&
           a->number == b->number && a->begin == b->begin &&
           a->size == b->size && a->offset == b->offset &&
           a->has_offset == b->has_offset && a->read_only == b->read_only;
}

/* All of *less are in *more, and just as they were. */
static void check_peers_stay(const record_t *less, const record_t *more)
{
    unsigned int i;

    for (i = 0; i < less->nr_mappings; i++) {
        const mapping_t *m = &less->mappings[i];
        const mapping_t *same = libxl__shared_mem_record_find(more, m->domid);

        CHECK(same && is_same_mapping(m, same));
    }
}

static void check_add(record_t *record, const mapping_t *more)
{
    const record_t before = *record;
    const bool first = !before.nr_mappings;
    const mapping_t *added;
    libxl__shared_mem_status status =
        libxl__shared_mem_record_add(record, more);

    check_peers_stay(&before, record);
    if (!is_mapping_sound(&before, more) ||
        (first && more->size != before.size)) {
        CHECK(status == LIBXL__SHARED_MEM_INVALID);
    } else if (is_peer(&before, more->domid)) {
        CHECK(status == LIBXL__SHARED_MEM_DUPLICATE);
    } else if (before.nr_mappings == 32) {
        CHECK(status == LIBXL__SHARED_MEM_FULL);
    } else {
        CHECK(status == LIBXL__SHARED_MEM_OK);
        CHECK(record->nr_mappings == before.nr_mappings + 1);
        CHECK(record->generation == before.generation + 1);
        CHECK(record->owner == (first ? more->domid : before.owner));

        /* It gets the number that has been free longest. */
        added = libxl__shared_mem_record_find(record, more->domid);
        CHECK(added && added->number == before.free[0]);
        CHECK(record->nr_free == before.nr_free - 1);
        CHECK(!memcmp(record->free, before.free + 1, record->nr_free));
        return;
    }

    CHECK(record->nr_mappings == before.nr_mappings);
    CHECK(record->generation == before.generation);
    CHECK(record->owner == before.owner);
    CHECK(record->nr_free == before.nr_free);
    CHECK(!memcmp(record->free, before.free, before.nr_free));
}

/* Who owns a region that has lost its owner. */
static uint32_t next_owner(const record_t *record)
{
    unsigned int i;

    for (i = 0; i < record->nr_mappings; i++)
        if (record->mappings[i].size == record->size &&
            !record->mappings[i].read_only)
            return record->mappings[i].domid;

    return record->mappings[0].domid;
}

/* The next one that is asked for lives if the lowest bit of *opaque is set. */
static bool lives(uint32_t domid, const char *uuid, void *opaque)
{
    uint32_t *living = opaque;
    bool answer = *living & 1;

    (void)domid;
    CHECK(is_uuid(uuid));
    *living >>= 1;

    return answer;
}

/* *record has lost those whose bits are not set in living. */
static void check_dropped(const record_t *before, const record_t *record,
                          uint32_t living)
{
    unsigned int i, nr_free = before->nr_free;

    CHECK(!memcmp(record->free, before->free, nr_free));
    for (i = 0; i < before->nr_mappings; i++) {
        const mapping_t *m = &before->mappings[i];

        CHECK(is_peer(record, m->domid) == (living >> i & 1));
        if (!(living >> i & 1))
            CHECK(record->free[nr_free++] == m->number);
    }
    CHECK(record->nr_free == nr_free);
    CHECK(record->nr_mappings == 32 - nr_free);
    check_peers_stay(record, before);

    CHECK(record->generation ==
          before->generation + (nr_free != before->nr_free));
    if (record->nr_mappings)
        CHECK(record->owner == (is_peer(record, before->owner)
                                ? before->owner : next_owner(record)));
}

static void check_drop(record_t *record, struct input *in)
{
    const record_t before = *record;
    uint8_t which = take_byte(in);
    uint32_t living = UINT32_MAX, domid;
    unsigned int i;

    if (which < 255 && before.nr_mappings)
        domid = before.mappings[which % before.nr_mappings].domid;
    else
        domid = (uint32_t)take_number(in, 1);
    for (i = 0; i < before.nr_mappings; i++)
        if (before.mappings[i].domid == domid)
            living &= ~(UINT32_C(1) << i);

    CHECK(libxl__shared_mem_record_drop(record, domid) ==
          !record->nr_mappings);
    check_dropped(&before, record, living);
}

static void check_drop_dead(record_t *record, struct input *in)
{
    const record_t before = *record;
    uint32_t living = 0, asked;
    unsigned int i, nr;

    for (i = 0; i < 32; i += 8)
        living |= (uint32_t)take_byte(in) << i;
    asked = living;

    nr = libxl__shared_mem_record_drop_dead(record, lives, &asked);
    CHECK(nr == before.nr_mappings - record->nr_mappings);
    CHECK(asked == (before.nr_mappings < 32
                    ? living >> before.nr_mappings : 0));
    check_dropped(&before, record, living);
}

/* The generation tells records apart: it goes on, if there was a region. */
static void check_replace(record_t *record, struct input *in)
{
    record_t other = take_record(in);

    check_problem(&other);
    if (!is_sound(&other))
        return;
    if (store.nr || record->nr_mappings ||
        other.generation == record->generation)
        other.generation = record->generation + 1;
    *record = other;
}

/* what: the step's byte. */
static void step(record_t *record, uint8_t what, struct input *in)
{
    uint32_t domid;
    mapping_t m;

    switch (what % 4) {
    case 0:
        check_replace(record, in);
        break;
    case 1:
        domid = (uint32_t)take_number(in, 1);
        m = take_mapping(in, domid, record->size, 0);
        check_add(record, &m);
        break;
    case 2:
        check_drop(record, in);
        break;
    case 3:
        check_drop_dead(record, in);
        break;
    }

    if (record->nr_mappings) {
        CHECK(is_sound(record));
        check_problem(record);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    record_t record, written, before;
    bool changed = false;
    unsigned int nr;

    store.nr = 0;
    CHECK(!libxl__shared_mem_record_init(&record, "ID1", 0x2000, false,
                                         false));
    written = record;
    for (nr = 0; in.size && nr < MAX_STEPS; nr++) {
        uint8_t what = take_byte(&in);

        before = record;
        step(&record, what, &in);
        changed |= record.generation != before.generation;
        if (what & 4)
            continue;
        /* Of no interest if there is no region, and was none. */
        check_write(&written, &record, changed && (record.nr_mappings ||
                                                   written.nr_mappings));
        changed = false;
        written = record;
    }

    return 0;
}
