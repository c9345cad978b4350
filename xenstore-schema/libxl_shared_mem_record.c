/*
 * The xenstore record of a static shared memory region: turns a record
 * into nodes and nodes into a record, and changes it by its rules.  Pure;
 * see the header for the paths, the formats and the contract.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_shared_mem_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XENSTORE_VALUE_MAX 4096 /* XENSTORE_PAYLOAD_MAX */

_Static_assert(LIBXL__SHARED_MEM_INDEX_SIZE <= XENSTORE_VALUE_MAX,
               "a full index must fit in a xenstore value");
_Static_assert(sizeof(LIBXL__SHARED_MEM_PRIVATE_ROOT "/") +
               LIBXL__SHARED_MEM_ID_MAX +
               sizeof("/peers/4294967295/number") - 1 <=
               LIBXL__SHARED_MEM_PATH_SIZE,
               "a private path must fit in a path buffer");
_Static_assert(sizeof("/libxl/4294967295/shared_mem") <=
               LIBXL__SHARED_MEM_PATH_SIZE,
               "an index path must fit in a path buffer");
_Static_assert(sizeof(LIBXL__SHARED_MEM_FACTORY_ROOT "/4294967295") <=
               LIBXL__SHARED_MEM_PATH_SIZE,
               "a factory's path must fit in a path buffer");
_Static_assert(LIBXL__SHARED_MEM_UUID_SIZE <= LIBXL__SHARED_MEM_VALUE_SIZE,
               "a UUID must fit in a value buffer");

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

static const char *peer_path(libxl__shared_mem_path *path_r,
                             const char *id, uint32_t domid,
                             const char *suffix)
{
    snprintf(path_r->text, sizeof(path_r->text),
             LIBXL__SHARED_MEM_PRIVATE_ROOT "/%.*s/peers/%"PRIu32"%s",
             LIBXL__SHARED_MEM_ID_MAX, id, domid, suffix);

    return path_r->text;
}

const char *libxl__shared_mem_public_dir(libxl__shared_mem_path *path_r,
                                         const char *id)
{
    return region_path(path_r, LIBXL__SHARED_MEM_PUBLIC_ROOT, id, "");
}

const char *libxl__shared_mem_mappings_dir(libxl__shared_mem_path *path_r,
                                           const char *id)
{
    return region_path(path_r, LIBXL__SHARED_MEM_PUBLIC_ROOT, id,
                       "/mappings");
}

const char *libxl__shared_mem_mapping_dir(libxl__shared_mem_path *path_r,
                                          const char *id, uint32_t domid)
{
    return mapping_path(path_r, id, domid, "");
}

const char *libxl__shared_mem_private_dir(libxl__shared_mem_path *path_r,
                                          const char *id)
{
    return region_path(path_r, LIBXL__SHARED_MEM_PRIVATE_ROOT, id, "");
}

const char *libxl__shared_mem_peers_dir(libxl__shared_mem_path *path_r,
                                        const char *id)
{
    return region_path(path_r, LIBXL__SHARED_MEM_PRIVATE_ROOT, id,
                       "/peers");
}

const char *libxl__shared_mem_index_path(libxl__shared_mem_path *path_r,
                                         uint32_t domid)
{
    snprintf(path_r->text, sizeof(path_r->text),
             "/libxl/%"PRIu32"/shared_mem", domid);

    return path_r->text;
}

const char *libxl__shared_mem_memkb_path(libxl__shared_mem_path *path_r,
                                         uint32_t domid)
{
    snprintf(path_r->text, sizeof(path_r->text),
             "/libxl/%"PRIu32"/shared_mem/memkb", domid);

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
                              const char *id, uint64_t size, bool control)
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

/* There must be room.  Only the domid of the new mapping is set. */
static void insert_mapping(libxl__shared_mem_record *record,
                           unsigned int i, uint32_t domid)
{
    memmove(&record->mappings[i + 1], &record->mappings[i],
            (record->nr_mappings - i) * sizeof(record->mappings[0]));
    memset(&record->mappings[i], 0, sizeof(record->mappings[0]));
    record->mappings[i].domid = domid;
    record->nr_mappings++;
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

    insert_mapping(record, i, mapping->domid);
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

/*----- From record to nodes -----*/

typedef struct {
    libxl__shared_mem_node *nodes;
    unsigned int nr_nodes;
} node_list;

static libxl__shared_mem_node *append_node(node_list *list,
                                           libxl__shared_mem_area area)
{
    libxl__shared_mem_node *node = &list->nodes[list->nr_nodes++];

    node->area = area;

    return node;
}

static const char number_digits[] = "0123456789abcdefghijklmnopqrstuv";

_Static_assert(sizeof(number_digits) - 1 == LIBXL__SHARED_MEM_PEERS_MAX,
               "one digit for each number of a peer");
_Static_assert(sizeof(number_digits) <= LIBXL__SHARED_MEM_VALUE_SIZE,
               "all numbers must fit in a value buffer");

/* The free ones. */
static void format_numbers(const libxl__shared_mem_record *record,
                           char value_r[LIBXL__SHARED_MEM_VALUE_SIZE])
{
    unsigned int i;

    for (i = 0; i < record->nr_free; i++)
        value_r[i] = number_digits[record->free[i]];
    value_r[i] = '\0';
}

static void append_region_nodes(node_list *list,
                                const libxl__shared_mem_record *record)
{
    libxl__shared_mem_node *node;

    node = append_node(list, LIBXL__SHARED_MEM_PUBLIC);
    region_path(&node->path, LIBXL__SHARED_MEM_PUBLIC_ROOT, record->id,
                "/owner");
    snprintf(node->value, sizeof(node->value), "%"PRIu32, record->owner);

    node = append_node(list, LIBXL__SHARED_MEM_PUBLIC);
    region_path(&node->path, LIBXL__SHARED_MEM_PUBLIC_ROOT, record->id,
                "/size");
    snprintf(node->value, sizeof(node->value), "0x%"PRIx64, record->size);

    if (record->control) {
        node = append_node(list, LIBXL__SHARED_MEM_PUBLIC);
        region_path(&node->path, LIBXL__SHARED_MEM_PUBLIC_ROOT, record->id,
                    "/control");
        snprintf(node->value, sizeof(node->value), "1");
    }

    node = append_node(list, LIBXL__SHARED_MEM_PRIVATE);
    region_path(&node->path, LIBXL__SHARED_MEM_PRIVATE_ROOT, record->id,
                "/generation");
    snprintf(node->value, sizeof(node->value), "%"PRIu64,
             record->generation);

    node = append_node(list, LIBXL__SHARED_MEM_PRIVATE);
    region_path(&node->path, LIBXL__SHARED_MEM_PRIVATE_ROOT, record->id,
                "/free_numbers");
    format_numbers(record, node->value);
}

static void append_mapping_nodes(node_list *list, const char *id,
                                 const libxl__shared_mem_mapping *mapping)
{
    libxl__shared_mem_node *node;

    node = append_node(list, LIBXL__SHARED_MEM_PUBLIC);
    mapping_path(&node->path, id, mapping->domid, "");
    snprintf(node->value, sizeof(node->value), "0x%"PRIx64"-0x%"PRIx64,
             mapping->begin, mapping->begin + mapping->size);

    if (mapping->read_only) {
        node = append_node(list, LIBXL__SHARED_MEM_PUBLIC);
        mapping_path(&node->path, id, mapping->domid, "/prot");
        snprintf(node->value, sizeof(node->value), "ro");
    }

    if (mapping->has_offset) {
        node = append_node(list, LIBXL__SHARED_MEM_PUBLIC);
        mapping_path(&node->path, id, mapping->domid, "/offset");
        snprintf(node->value, sizeof(node->value), "0x%"PRIx64,
                 mapping->offset);
    }

    node = append_node(list, LIBXL__SHARED_MEM_PRIVATE);
    peer_path(&node->path, id, mapping->domid, "");
    snprintf(node->value, sizeof(node->value), "%s", mapping->uuid);

    node = append_node(list, LIBXL__SHARED_MEM_PRIVATE);
    peer_path(&node->path, id, mapping->domid, "/number");
    snprintf(node->value, sizeof(node->value), "%u", mapping->number);
}

unsigned int
libxl__shared_mem_record_nodes(const libxl__shared_mem_record *record,
    libxl__shared_mem_node nodes[LIBXL__SHARED_MEM_NODES_MAX])
{
    node_list list = { .nodes = nodes };
    unsigned int i;

    if (!record->nr_mappings)
        return 0;

    append_region_nodes(&list, record);
    for (i = 0; i < record->nr_mappings; i++)
        append_mapping_nodes(&list, record->id, &record->mappings[i]);

    return list.nr_nodes;
}

static bool is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return !strncmp(path, dir, len) && path[len] == '/';
}

static const libxl__shared_mem_node *
find_node(const libxl__shared_mem_node *nodes, unsigned int nr_nodes,
          const char *path)
{
    unsigned int i;

    for (i = 0; i < nr_nodes; i++)
        if (!strcmp(nodes[i].path.text, path))
            return &nodes[i];

    return NULL;
}

/*
 * Lists the nodes of before[] that are not among the writes.  A parent
 * comes right before its children, so the last removal is the one that
 * may cover a node.
 */
static void collect_removals(libxl__shared_mem_changes *changes,
                             const libxl__shared_mem_node *before,
                             unsigned int nr_before)
{
    const char *last = NULL;
    unsigned int i;

    for (i = 0; i < nr_before; i++) {
        const char *path = before[i].path.text;

        if (find_node(changes->writes, changes->nr_writes, path) ||
            (last && is_below(path, last)))
            continue;
        changes->removals[changes->nr_removals++] = before[i].path;
        last = path;
    }
}

/* Takes away the writes that would not change anything. */
static void skip_unchanged(libxl__shared_mem_changes *changes,
                           const libxl__shared_mem_node *before,
                           unsigned int nr_before)
{
    unsigned int i, nr_kept = 0;

    for (i = 0; i < changes->nr_writes; i++) {
        const libxl__shared_mem_node *node = &changes->writes[i];
        const libxl__shared_mem_node *old =
            find_node(before, nr_before, node->path.text);

        if (!old || strcmp(old->value, node->value))
            changes->writes[nr_kept++] = *node;
    }
    changes->nr_writes = nr_kept;
}

void libxl__shared_mem_record_diff(const libxl__shared_mem_record *before,
                                   const libxl__shared_mem_record *after,
                                   libxl__shared_mem_changes *changes_r)
{
    libxl__shared_mem_node nodes[LIBXL__SHARED_MEM_NODES_MAX];
    unsigned int nr_nodes;

    nr_nodes = before ? libxl__shared_mem_record_nodes(before, nodes) : 0;
    changes_r->nr_removals = 0;
    changes_r->nr_writes = 0;
    if (after)
        changes_r->nr_writes =
            libxl__shared_mem_record_nodes(after, changes_r->writes);

    if (nr_nodes && !changes_r->nr_writes) {
        libxl__shared_mem_public_dir(&changes_r->removals[0], before->id);
        libxl__shared_mem_private_dir(&changes_r->removals[1], before->id);
        changes_r->nr_removals = 2;
        return;
    }

    collect_removals(changes_r, nodes, nr_nodes);
    skip_unchanged(changes_r, nodes, nr_nodes);
}

/*----- From nodes to record -----*/

/*
 * Parses a number of the given base, with no prefix, at *text, and moves
 * *text past it.  At least one digit; the first is 0 only if it is the
 * only one; hexadecimal digits are lower-case.
 */
static bool take_number(const char **text, unsigned int base,
                        uint64_t *value_r)
{
    static const char digits[] = "0123456789abcdef";
    const char *begin = *text;
    uint64_t value = 0;

    for (; **text; (*text)++) {
        const char *digit = memchr(digits, **text, base);

        if (!digit)
            break;
        if (value > (UINT64_MAX - (digit - digits)) / base)
            return false;
        value = value * base + (digit - digits);
    }

    if (*text == begin || (*begin == '0' && *text != begin + 1))
        return false;
    *value_r = value;

    return true;
}

static bool take_hex(const char **text, uint64_t *value_r)
{
    if (strncmp(*text, "0x", 2))
        return false;
    *text += 2;

    return take_number(text, 16, value_r);
}

static bool take_domid(const char **text, uint32_t *domid_r)
{
    uint64_t value;

    if (!take_number(text, 10, &value) ||
        value > LIBXL__SHARED_MEM_DOMID_MAX)
        return false;
    *domid_r = value;

    return true;
}

static bool parse_domid(const char *text, uint32_t *domid_r)
{
    return take_domid(&text, domid_r) && !*text;
}

static bool parse_decimal(const char *text, uint64_t *value_r)
{
    return take_number(&text, 10, value_r) && !*text;
}

static bool parse_hex(const char *text, uint64_t *value_r)
{
    return take_hex(&text, value_r) && !*text;
}

static bool parse_peer_number(const char *text, unsigned int *number_r)
{
    uint64_t value;

    if (!parse_decimal(text, &value) || value >= LIBXL__SHARED_MEM_PEERS_MAX)
        return false;
    *number_r = value;

    return true;
}

bool libxl__shared_mem_parse_gpa(const char *value, uint64_t *gpa_r)
{
    return parse_hex(value, gpa_r) && is_whole_pages(*gpa_r);
}

/* size is end - begin, so an end below begin has to be ruled out here. */
static bool parse_range(const char *text, uint64_t *begin_r,
                        uint64_t *size_r)
{
    uint64_t begin, end;

    if (!take_hex(&text, &begin) || *text++ != '-' ||
        !parse_hex(text, &end) || begin > end)
        return false;
    *begin_r = begin;
    *size_r = end - begin;

    return true;
}

bool libxl__shared_mem_parse_range(const char *value, uint64_t *begin_r,
                                   uint64_t *size_r)
{
    return parse_range(value, begin_r, size_r) && *size_r &&
           is_whole_pages(*begin_r) && is_whole_pages(*size_r);
}

/*
 * Each function below that returns a string returns what is wrong, as a
 * static string, or NULL if nothing is.
 */

static const char *see_once(bool *seen)
{
    if (*seen)
        return "it occurs twice";
    *seen = true;

    return NULL;
}

static const char *read_owner(libxl__shared_mem_reader *reader,
                              const char *value)
{
    if (!parse_domid(value, &reader->record.owner))
        return "not a decimal domain ID";

    return see_once(&reader->seen_owner);
}

static const char *read_size(libxl__shared_mem_reader *reader,
                             const char *value)
{
    uint64_t *size = &reader->record.size;

    if (!parse_hex(value, size) || !*size || !is_whole_pages(*size))
        return "not a hexadecimal size of whole pages";

    return see_once(&reader->seen_size);
}

static const char *read_control(libxl__shared_mem_reader *reader,
                                const char *value)
{
    if (strcmp(value, "1"))
        return "not 1";
    reader->record.control = true;

    return see_once(&reader->seen_control);
}

static const char *read_generation(libxl__shared_mem_reader *reader,
                                   const char *value)
{
    if (!parse_decimal(value, &reader->record.generation))
        return "not a decimal number";

    return see_once(&reader->seen_generation);
}

static const char *read_free(libxl__shared_mem_reader *reader,
                             const char *value)
{
    libxl__shared_mem_record *record = &reader->record;

    record->nr_free = 0;
    for (; *value; value++) {
        const char *digit = strchr(number_digits, *value);

        if (!digit || record->nr_free == LIBXL__SHARED_MEM_PEERS_MAX)
            return "not a list of numbers";
        record->free[record->nr_free++] = digit - number_digits;
    }

    return see_once(&reader->seen_free);
}

static const char *read_range(libxl__shared_mem_reader *reader,
                              unsigned int slot, const char *value)
{
    libxl__shared_mem_mapping *mapping = &reader->record.mappings[slot];

    if (!parse_range(value, &mapping->begin, &mapping->size))
        return "not a hexadecimal range BEGIN-END";

    return see_once(&reader->seen[slot].range);
}

static const char *read_prot(libxl__shared_mem_reader *reader,
                             unsigned int slot, const char *value)
{
    if (strcmp(value, "ro"))
        return "not ro";
    reader->record.mappings[slot].read_only = true;

    return see_once(&reader->seen[slot].prot);
}

static const char *read_offset(libxl__shared_mem_reader *reader,
                               unsigned int slot, const char *value)
{
    libxl__shared_mem_mapping *mapping = &reader->record.mappings[slot];

    if (!parse_hex(value, &mapping->offset))
        return "not a hexadecimal offset";
    mapping->has_offset = true;

    return see_once(&reader->seen[slot].offset);
}

static const char *read_uuid(libxl__shared_mem_reader *reader,
                             unsigned int slot, const char *value)
{
    if (!uuid_is_valid(value))
        return "not a UUID";
    snprintf(reader->record.mappings[slot].uuid,
             sizeof(reader->record.mappings[slot].uuid), "%s", value);

    return see_once(&reader->seen[slot].uuid);
}

static const char *read_number(libxl__shared_mem_reader *reader,
                               unsigned int slot, const char *value)
{
    if (!parse_peer_number(value, &reader->record.mappings[slot].number))
        return "not a peer's number";

    return see_once(&reader->seen[slot].number);
}

/*
 * Where an earlier version had which domains the pages belonged to.  Such a
 * region is not one whose pages belong to itself.
 */
static const char *read_suppliers(libxl__shared_mem_reader *reader,
                                  const char *value)
{
    (void)reader;
    (void)value;
    return "an earlier version wrote it: start this Xen anew";
}

/* Nodes of the region as a whole. */
static const struct {
    libxl__shared_mem_area area;
    const char *path;
    const char *(*read)(libxl__shared_mem_reader *reader,
                        const char *value);
} region_nodes[] = {
    { LIBXL__SHARED_MEM_PUBLIC, "owner", read_owner },
    { LIBXL__SHARED_MEM_PUBLIC, "size", read_size },
    { LIBXL__SHARED_MEM_PUBLIC, "control", read_control },
    { LIBXL__SHARED_MEM_PRIVATE, "generation", read_generation },
    { LIBXL__SHARED_MEM_PRIVATE, "free_numbers", read_free },
    { LIBXL__SHARED_MEM_PRIVATE, "suppliers", read_suppliers },
};

/* Nodes of a peer; tail is what follows the domid in the path. */
static const struct {
    libxl__shared_mem_area area;
    const char *tail;
    const char *(*read)(libxl__shared_mem_reader *reader,
                        unsigned int slot, const char *value);
} peer_nodes[] = {
    { LIBXL__SHARED_MEM_PUBLIC, "", read_range },
    { LIBXL__SHARED_MEM_PUBLIC, "/prot", read_prot },
    { LIBXL__SHARED_MEM_PUBLIC, "/offset", read_offset },
    { LIBXL__SHARED_MEM_PRIVATE, "", read_uuid },
    { LIBXL__SHARED_MEM_PRIVATE, "/number", read_number },
};

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const char *feed_region(libxl__shared_mem_reader *reader,
                               libxl__shared_mem_area area,
                               const char *path, const char *value)
{
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(region_nodes); i++)
        if (region_nodes[i].area == area &&
            !strcmp(region_nodes[i].path, path))
            return region_nodes[i].read(reader, value);

    return NULL;
}

/*
 * The slot of domid, made if need be, in record.mappings and seen alike.
 * Returns false if there is no room for it.
 */
static bool peer_slot(libxl__shared_mem_reader *reader, uint32_t domid,
                      unsigned int *slot_r)
{
    libxl__shared_mem_record *record = &reader->record;
    unsigned int i = mapping_index(record, domid);

    *slot_r = i;
    if (has_mapping_at(record, i, domid))
        return true;
    if (record->nr_mappings == LIBXL__SHARED_MEM_PEERS_MAX)
        return false;

    memmove(&reader->seen[i + 1], &reader->seen[i],
            (record->nr_mappings - i) * sizeof(reader->seen[0]));
    memset(&reader->seen[i], 0, sizeof(reader->seen[0]));
    insert_mapping(record, i, domid);

    return true;
}

/* path: what follows "mappings/" or "peers/". */
static const char *feed_peer(libxl__shared_mem_reader *reader,
                             libxl__shared_mem_area area,
                             const char *path, const char *value)
{
    const char *tail = path;
    unsigned int i, slot;
    uint32_t domid;

    if (!take_domid(&tail, &domid) || (*tail && *tail != '/'))
        return "its name is not a decimal domain ID";

    for (i = 0; i < ARRAY_LENGTH(peer_nodes); i++) {
        if (peer_nodes[i].area != area || strcmp(peer_nodes[i].tail, tail))
            continue;
        if (!peer_slot(reader, domid, &slot))
            return "the region has too many peers";
        return peer_nodes[i].read(reader, slot, value);
    }

    return NULL;
}

libxl__shared_mem_status
libxl__shared_mem_reader_init(libxl__shared_mem_reader *reader_r,
                              const char *id)
{
    if (!libxl__shared_mem_id_is_valid(id))
        return LIBXL__SHARED_MEM_INVALID;

    memset(reader_r, 0, sizeof(*reader_r));
    snprintf(reader_r->record.id, sizeof(reader_r->record.id), "%s", id);

    return LIBXL__SHARED_MEM_OK;
}

libxl__shared_mem_status
libxl__shared_mem_reader_feed(libxl__shared_mem_reader *reader,
                              libxl__shared_mem_area area,
                              const char *path, const char *value)
{
    libxl__shared_mem_problem *problem = &reader->problem;
    bool public = area == LIBXL__SHARED_MEM_PUBLIC;
    const char *peers = public ? "mappings/" : "peers/";

    reader->seen_any = true;
    if (problem->reason)
        return LIBXL__SHARED_MEM_BROKEN;

    if (!strncmp(path, peers, strlen(peers)))
        problem->reason = feed_peer(reader, area, path + strlen(peers),
                                    value);
    else
        problem->reason = feed_region(reader, area, path, value);

    if (!problem->reason)
        return LIBXL__SHARED_MEM_OK;

    snprintf(problem->path.text, sizeof(problem->path.text), "%s/%s/%s",
             public ? LIBXL__SHARED_MEM_PUBLIC_ROOT
                    : LIBXL__SHARED_MEM_PRIVATE_ROOT,
             reader->record.id, path);

    return LIBXL__SHARED_MEM_BROKEN;
}

/* The directory itself, those of peers, and each peer's own. */
bool libxl__shared_mem_is_directory(const char *path)
{
    static const char *const peers[] = { "mappings", "peers" };
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(peers); i++) {
        const char *tail = path + strlen(peers[i]);

        if (!strncmp(path, peers[i], strlen(peers[i])) &&
            (!*tail || (*tail == '/' && !strchr(tail + 1, '/'))))
            return true;
    }

    return !*path;
}

/* On return *path_r is the path that was looked at last. */
static const char *check_region(const libxl__shared_mem_reader *reader,
                                libxl__shared_mem_path *path_r)
{
    const libxl__shared_mem_record *record = &reader->record;

    region_path(path_r, LIBXL__SHARED_MEM_PRIVATE_ROOT, record->id,
                "/generation");
    if (!reader->seen_generation)
        return "it is missing";

    region_path(path_r, LIBXL__SHARED_MEM_PRIVATE_ROOT, record->id,
                "/free_numbers");
    if (!reader->seen_free)
        return "it is missing";

    region_path(path_r, LIBXL__SHARED_MEM_PUBLIC_ROOT, record->id,
                "/size");
    if (!reader->seen_size)
        return "it is missing";

    region_path(path_r, LIBXL__SHARED_MEM_PUBLIC_ROOT, record->id,
                "/owner");
    if (!reader->seen_owner)
        return "it is missing";
    if (!libxl__shared_mem_record_find(record, record->owner))
        return "the owner has no mapping";

    return NULL;
}

/* As check_region, for the peer in the given slot. */
static const char *check_peer(const libxl__shared_mem_reader *reader,
                              unsigned int slot,
                              libxl__shared_mem_path *path_r)
{
    const libxl__shared_mem_record *record = &reader->record;
    const libxl__shared_mem_mapping *mapping = &record->mappings[slot];

    peer_path(path_r, record->id, mapping->domid, "");
    if (!reader->seen[slot].uuid)
        return "it is missing";

    peer_path(path_r, record->id, mapping->domid, "/number");
    if (!reader->seen[slot].number)
        return "it is missing";

    mapping_path(path_r, record->id, mapping->domid, "");
    if (!reader->seen[slot].range)
        return "it is missing";

    return libxl__shared_mem_mapping_problem(record->size, mapping);
}

/* As check_region, when all peers are known. */
static const char *check_numbers(const libxl__shared_mem_reader *reader,
                                 libxl__shared_mem_path *path_r)
{
    const libxl__shared_mem_record *record = &reader->record;
    uint32_t seen = 0;
    unsigned int i;

    for (i = 0; i < record->nr_free; i++)
        seen |= UINT32_C(1) << record->free[i];
    for (i = 0; i < record->nr_mappings; i++)
        seen |= UINT32_C(1) << record->mappings[i].number;

    region_path(path_r, LIBXL__SHARED_MEM_PRIVATE_ROOT, record->id,
                "/free_numbers");

    return seen == UINT32_MAX && record->nr_free + record->nr_mappings ==
                                 LIBXL__SHARED_MEM_PEERS_MAX
           ? NULL : "not each number is either a peer's or free";
}

libxl__shared_mem_status
libxl__shared_mem_reader_finish(libxl__shared_mem_reader *reader,
                                libxl__shared_mem_record *record_r)
{
    libxl__shared_mem_problem *problem = &reader->problem;
    unsigned int i;

    if (!reader->seen_any)
        return LIBXL__SHARED_MEM_ABSENT;

    if (!problem->reason)
        problem->reason = check_region(reader, &problem->path);
    for (i = 0; i < reader->record.nr_mappings && !problem->reason; i++)
        problem->reason = check_peer(reader, i, &problem->path);
    if (!problem->reason)
        problem->reason = check_numbers(reader, &problem->path);
    if (problem->reason)
        return LIBXL__SHARED_MEM_BROKEN;

    *record_r = reader->record;

    return LIBXL__SHARED_MEM_OK;
}

uint64_t libxl__shared_mem_number(const char *value)
{
    uint64_t generation;

    return value && parse_decimal(value, &generation) ? generation : 0;
}

/*----- The index -----*/

/* Where id is in the index, or nr_ids. */
static unsigned int index_position(const libxl__shared_mem_index *index,
                                   const char *id)
{
    unsigned int i = 0;

    while (i < index->nr_ids && strcmp(index->ids[i], id))
        i++;

    return i;
}

bool libxl__shared_mem_index_contains(const libxl__shared_mem_index *index,
                                      const char *id)
{
    return index_position(index, id) < index->nr_ids;
}

libxl__shared_mem_status
libxl__shared_mem_index_add(libxl__shared_mem_index *index, const char *id)
{
    if (!libxl__shared_mem_id_is_valid(id))
        return LIBXL__SHARED_MEM_INVALID;
    if (libxl__shared_mem_index_contains(index, id))
        return LIBXL__SHARED_MEM_DUPLICATE;
    if (index->nr_ids == LIBXL__SHARED_MEM_REGIONS_MAX)
        return LIBXL__SHARED_MEM_FULL;

    snprintf(index->ids[index->nr_ids], sizeof(index->ids[0]), "%s", id);
    index->nr_ids++;

    return LIBXL__SHARED_MEM_OK;
}

bool libxl__shared_mem_index_remove(libxl__shared_mem_index *index,
                                    const char *id)
{
    unsigned int i = index_position(index, id);

    if (i == index->nr_ids)
        return false;

    index->nr_ids--;
    memmove(&index->ids[i], &index->ids[i + 1],
            (index->nr_ids - i) * sizeof(index->ids[0]));

    return true;
}

libxl__shared_mem_status
libxl__shared_mem_index_parse(const char *value,
                              libxl__shared_mem_index *index_r)
{
    libxl__shared_mem_index index = { .nr_ids = 0 };
    const char *next = value && *value ? value : NULL;

    while (next) {
        char id[LIBXL__SHARED_MEM_ID_SIZE];
        size_t len = strcspn(next, " ");

        if (len >= sizeof(id))
            return LIBXL__SHARED_MEM_BROKEN;
        memcpy(id, next, len);
        id[len] = '\0';
        if (libxl__shared_mem_index_add(&index, id))
            return LIBXL__SHARED_MEM_BROKEN;
        next = next[len] ? next + len + 1 : NULL;
    }

    *index_r = index;

    return LIBXL__SHARED_MEM_OK;
}

void
libxl__shared_mem_index_format(const libxl__shared_mem_index *index,
                               char value_r[LIBXL__SHARED_MEM_INDEX_SIZE])
{
    size_t used = 0;
    unsigned int i;

    value_r[0] = '\0';
    for (i = 0; i < index->nr_ids; i++)
        used += snprintf(value_r + used,
                         LIBXL__SHARED_MEM_INDEX_SIZE - used, "%s%s",
                         i ? " " : "", index->ids[i]);
}
