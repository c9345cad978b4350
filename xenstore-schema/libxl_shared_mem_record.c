/*
 * The record of a static shared memory region: the rules by which it changes,
 * and what of it all domains may see.  Pure; see the header for the paths, the
 * formats and the contract.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_shared_mem_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof("/libxl/4294967295/shared_mem") <=
               LIBXL__SHARED_MEM_PATH_SIZE,
               "a domain's path must fit in a path buffer");
_Static_assert(sizeof(LIBXL__SHARED_MEM_FACTORY_ROOT "/4294967295") <=
               LIBXL__SHARED_MEM_PATH_SIZE,
               "a factory's path must fit in a path buffer");

/*----- Names and paths -----*/

static bool is_whole_pages(uint64_t bytes)
{
    return bytes % LIBXL__SHARED_MEM_PAGE_SIZE == 0;
}

bool libxl__shared_mem_id_is_valid(const char *id)
{
    size_t len = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz"
                            "0123456789_-");

    return len >= 1 && len <= LIBXL__SHARED_MEM_ID_MAX && !id[len];
}

static bool uuid_is_valid(const char *uuid)
{
    unsigned int i;

    for (i = 0; i < LIBXL__SHARED_MEM_UUID_SIZE - 1; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        const char *allowed = hyphen ? "-" : "0123456789abcdef";

        if (!uuid[i] || !strchr(allowed, uuid[i]))
            return false;
    }

    return !uuid[i];
}

/* suffix: what follows the ID, with its leading slash, or "". */
static const char *region_path(libxl__shared_mem_path *path_r,
                               const char *root, const char *id,
                               const char *suffix)
{
    snprintf(path_r->text, sizeof(path_r->text), "%s/%.*s%s",
             root, LIBXL__SHARED_MEM_ID_MAX, id, suffix);

    return path_r->text;
}

static const char *mapping_path(libxl__shared_mem_path *path_r,
                                const char *id, uint32_t domid,
                                const char *suffix)
{
    snprintf(path_r->text, sizeof(path_r->text),
             LIBXL__SHARED_MEM_PUBLIC_ROOT "/%.*s/mappings/%"PRIu32"%s",
             LIBXL__SHARED_MEM_ID_MAX, id, domid, suffix);

    return path_r->text;
}

const char *libxl__shared_mem_public_dir(libxl__shared_mem_path *path_r,
                                         const char *id)
{
    return region_path(path_r, LIBXL__SHARED_MEM_PUBLIC_ROOT, id, "");
}

const char *libxl__shared_mem_record_path(libxl__shared_mem_path *path_r,
                                          const char *id)
{
    return region_path(path_r, LIBXL__SHARED_MEM_PRIVATE_ROOT, id, "");
}

const char *libxl__shared_mem_domain_path(libxl__shared_mem_path *path_r,
                                          uint32_t domid)
{
    snprintf(path_r->text, sizeof(path_r->text),
             "/libxl/%"PRIu32"/shared_mem", domid);

    return path_r->text;
}

const char *libxl__shared_mem_factory_path(libxl__shared_mem_path *path_r,
                                           uint32_t domid)
{
    snprintf(path_r->text, sizeof(path_r->text),
             LIBXL__SHARED_MEM_FACTORY_ROOT "/%"PRIu32, domid);

    return path_r->text;
}

/*----- Changing a record -----*/

libxl__shared_mem_status
libxl__shared_mem_record_init(libxl__shared_mem_record *record_r,
                              const char *id, uint64_t size, bool control,
                              bool hidden)
{
    unsigned int number;

    if (!libxl__shared_mem_id_is_valid(id))
        return LIBXL__SHARED_MEM_INVALID;
    if (!size || !is_whole_pages(size))
        return LIBXL__SHARED_MEM_INVALID;

    memset(record_r, 0, sizeof(*record_r));
    snprintf(record_r->id, sizeof(record_r->id), "%s", id);
    record_r->size = size;
    record_r->control = control;
    record_r->hidden = hidden;
    for (number = 0; number < LIBXL__SHARED_MEM_PEERS_MAX; number++)
        record_r->free[record_r->nr_free++] = number;

    return LIBXL__SHARED_MEM_OK;
}

/* Where domid is among the mappings, or would have to be inserted. */
static unsigned int mapping_index(const libxl__shared_mem_record *record,
                                  uint32_t domid)
{
    unsigned int i = 0;

    while (i < record->nr_mappings && record->mappings[i].domid < domid)
        i++;

    return i;
}

static bool has_mapping_at(const libxl__shared_mem_record *record,
                           unsigned int i, uint32_t domid)
{
    return i < record->nr_mappings && record->mappings[i].domid == domid;
}

const libxl__shared_mem_mapping *
libxl__shared_mem_record_find(const libxl__shared_mem_record *record,
                              uint32_t domid)
{
    unsigned int i = mapping_index(record, domid);

    return has_mapping_at(record, i, domid) ? &record->mappings[i] : NULL;
}

const char *
libxl__shared_mem_mapping_problem(uint64_t region_size,
                                  const libxl__shared_mem_mapping *mapping)
{
    if (mapping->domid > LIBXL__SHARED_MEM_DOMID_MAX)
        return "the domain ID is out of range";
    if (!uuid_is_valid(mapping->uuid))
        return "the UUID is malformed";
    if (!mapping->size)
        return "the range is empty";
    if (!is_whole_pages(mapping->begin) || !is_whole_pages(mapping->size))
        return "the range is not whole pages";
    if (mapping->size > UINT64_MAX - mapping->begin)
        return "the range wraps round";

    if (!mapping->has_offset) {
        if (mapping->offset)
            return "an offset is set although none was given";
        if (mapping->size != region_size)
            return "the range is not as long as the region";
        return NULL;
    }

    if (!is_whole_pages(mapping->offset))
        return "the offset is not whole pages";
    if (mapping->offset > region_size ||
        mapping->size > region_size - mapping->offset)
        return "the range reaches beyond the end of the region";

    return NULL;
}

/*
 * The one that has been free longest.  There must be room for another peer,
 * and so there is one.
 */
static unsigned int take_free_number(libxl__shared_mem_record *record)
{
    unsigned int number = record->free[0];

    record->nr_free--;
    memmove(&record->free[0], &record->free[1], record->nr_free);

    return number;
}

libxl__shared_mem_status
libxl__shared_mem_record_add(libxl__shared_mem_record *record,
                             const libxl__shared_mem_mapping *mapping)
{
    unsigned int i = mapping_index(record, mapping->domid);
    bool first = !record->nr_mappings;

    if (libxl__shared_mem_mapping_problem(record->size, mapping))
        return LIBXL__SHARED_MEM_INVALID;
    if (first && mapping->size != record->size)
        return LIBXL__SHARED_MEM_INVALID;
    if (has_mapping_at(record, i, mapping->domid))
        return LIBXL__SHARED_MEM_DUPLICATE;
    if (record->nr_mappings == LIBXL__SHARED_MEM_PEERS_MAX)
        return LIBXL__SHARED_MEM_FULL;

    memmove(&record->mappings[i + 1], &record->mappings[i],
            (record->nr_mappings - i) * sizeof(record->mappings[0]));
    record->nr_mappings++;
    record->mappings[i] = *mapping;
    record->mappings[i].number = take_free_number(record);
    if (first)
        record->owner = mapping->domid;
    record->generation++;

    return LIBXL__SHARED_MEM_OK;
}

/*
 * A mapping of the whole region read-write is the best to borrow from:
 * any other mapping of the region can be made from it.
 */
static void choose_owner(libxl__shared_mem_record *record)
{
    unsigned int i;

    if (!record->nr_mappings ||
        libxl__shared_mem_record_find(record, record->owner))
        return;

    record->owner = record->mappings[0].domid;
    for (i = 0; i < record->nr_mappings; i++) {
        const libxl__shared_mem_mapping *mapping = &record->mappings[i];

        if (mapping->size == record->size && !mapping->read_only) {
            record->owner = mapping->domid;
            return;
        }
    }
}

unsigned int
libxl__shared_mem_record_drop_dead(libxl__shared_mem_record *record,
                                   libxl__shared_mem_alive *alive,
                                   void *opaque)
{
    unsigned int i, nr_alive = 0, nr_dropped;

    for (i = 0; i < record->nr_mappings; i++) {
        const libxl__shared_mem_mapping *mapping = &record->mappings[i];

        if (alive(mapping->domid, mapping->uuid, opaque))
            record->mappings[nr_alive++] = *mapping;
        else
            record->free[record->nr_free++] = mapping->number;
    }

    nr_dropped = record->nr_mappings - nr_alive;
    if (nr_dropped) {
        record->nr_mappings = nr_alive;
        record->generation++;
        choose_owner(record);
    }

    return nr_dropped;
}

static bool is_other_domid(uint32_t domid, const char *uuid, void *opaque)
{
    const uint32_t *dropped = opaque;

    (void)uuid;
    return domid != *dropped;
}

bool libxl__shared_mem_record_drop(libxl__shared_mem_record *record,
                                   uint32_t domid)
{
    libxl__shared_mem_record_drop_dead(record, is_other_domid, &domid);

    return !record->nr_mappings;
}

/*----- Checking a record -----*/

static const char *numbers_problem(const libxl__shared_mem_record *record)
{
    uint32_t seen = 0;
    unsigned int i;

    if (record->nr_free + record->nr_mappings != LIBXL__SHARED_MEM_PEERS_MAX)
        return "not each index is either a peer's or free";

    for (i = 0; i < LIBXL__SHARED_MEM_PEERS_MAX; i++) {
        unsigned int number = i < record->nr_free
            ? record->free[i] : record->mappings[i - record->nr_free].number;

        if (number < LIBXL__SHARED_MEM_PEERS_MAX)
            seen |= UINT32_C(1) << number;
    }

    return seen == UINT32_MAX
           ? NULL : "not each index is either a peer's or free";
}

const char *
libxl__shared_mem_record_problem(const libxl__shared_mem_record *record)
{
    unsigned int i;

    if (!record->size || !is_whole_pages(record->size))
        return "the region's size is not whole pages";

    for (i = 0; i < record->nr_mappings; i++) {
        const libxl__shared_mem_mapping *mapping = &record->mappings[i];
        const char *problem =
            libxl__shared_mem_mapping_problem(record->size, mapping);

        if (problem)
            return problem;
        if (i && mapping[-1].domid >= mapping->domid)
            return "the peers are not in the order of their domain IDs";
    }

    if (!libxl__shared_mem_record_find(record, record->owner))
        return "the owner has no mapping";

    return numbers_problem(record);
}

/*----- What all domains may see -----*/

static libxl__shared_mem_path *
append_removal(libxl__shared_mem_changes *changes)
{
    return &changes->removals[changes->nr_removals++];
}

static libxl__shared_mem_node *
append_write(libxl__shared_mem_changes *changes)
{
    return &changes->writes[changes->nr_writes++];
}

static void write_owner(libxl__shared_mem_changes *changes,
                        const libxl__shared_mem_record *record)
{
    libxl__shared_mem_node *node = append_write(changes);

    region_path(&node->path, LIBXL__SHARED_MEM_PUBLIC_ROOT, record->id,
                "/owner");
    snprintf(node->value, sizeof(node->value), "%"PRIu32, record->owner);
}

/* What does not change while the region lives. */
static void write_region(libxl__shared_mem_changes *changes,
                         const libxl__shared_mem_record *record)
{
    libxl__shared_mem_node *node = append_write(changes);

    region_path(&node->path, LIBXL__SHARED_MEM_PUBLIC_ROOT, record->id,
                "/size");
    snprintf(node->value, sizeof(node->value), "0x%"PRIx64, record->size);

    if (record->control) {
        node = append_write(changes);
        region_path(&node->path, LIBXL__SHARED_MEM_PUBLIC_ROOT, record->id,
                    "/control");
        snprintf(node->value, sizeof(node->value), "1");
    }
}

static void write_mapping(libxl__shared_mem_changes *changes, const char *id,
                          const libxl__shared_mem_mapping *mapping)
{
    libxl__shared_mem_node *node = append_write(changes);

    mapping_path(&node->path, id, mapping->domid, "");
    snprintf(node->value, sizeof(node->value), "0x%"PRIx64"-0x%"PRIx64,
             mapping->begin, mapping->begin + mapping->size);

    if (mapping->read_only) {
        node = append_write(changes);
        mapping_path(&node->path, id, mapping->domid, "/prot");
        snprintf(node->value, sizeof(node->value), "ro");
    }

    if (mapping->has_offset) {
        node = append_write(changes);
        mapping_path(&node->path, id, mapping->domid, "/offset");
        snprintf(node->value, sizeof(node->value), "0x%"PRIx64,
                 mapping->offset);
    }
}

/* Whether the record has a mapping that looks just like this one. */
static bool has_same_mapping(const libxl__shared_mem_record *record,
                             const libxl__shared_mem_mapping *mapping)
{
    const libxl__shared_mem_mapping *other =
        libxl__shared_mem_record_find(record, mapping->domid);

    return other && other->begin == mapping->begin &&
           other->size == mapping->size && other->offset == mapping->offset &&
           other->has_offset == mapping->has_offset &&
           other->read_only == mapping->read_only;
}

/*
 * Whether the nodes of a region have to be made anew: there were none, they
 * are another region's of that name, or others than before may read them.
 */
static bool is_made_anew(const libxl__shared_mem_record *before,
                         const libxl__shared_mem_record *after)
{
    return after->nr_mappings &&
           (!before->nr_mappings || before->size != after->size ||
            before->control != after->control || before->hidden ||
            after->hidden);
}

bool libxl__shared_mem_record_differs(const libxl__shared_mem_record *before,
                                      const libxl__shared_mem_record *after)
{
    /* A record's generation grows with each change. */
    return before->nr_mappings != after->nr_mappings ||
           (after->nr_mappings && before->generation != after->generation);
}

void libxl__shared_mem_record_diff(const libxl__shared_mem_record *before,
                                   const libxl__shared_mem_record *after,
                                   libxl__shared_mem_changes *changes_r)
{
    const bool anew = is_made_anew(before, after);
    unsigned int i;

    memset(changes_r, 0, sizeof(*changes_r));
    if (!libxl__shared_mem_record_differs(before, after))
        return;

    changes_r->anew = anew;
    if (!after->nr_mappings) {
        libxl__shared_mem_public_dir(append_removal(changes_r), before->id);
        return;
    }

    for (i = 0; !anew && i < before->nr_mappings; i++)
        if (!has_same_mapping(after, &before->mappings[i]))
            mapping_path(append_removal(changes_r), before->id,
                         before->mappings[i].domid, "");

    if (anew)
        write_region(changes_r, after);
    if (anew || before->owner != after->owner)
        write_owner(changes_r, after);
    for (i = 0; i < after->nr_mappings; i++)
        if (anew || !has_same_mapping(before, &after->mappings[i]))
            write_mapping(changes_r, after->id, &after->mappings[i]);
}

uint64_t libxl__shared_mem_number(const char *value)
{
    uint64_t number = 0;

    for (; value && *value; value++) {
        const unsigned int digit = *value - '0';

        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }

    return number;
}
