/*
 * Static shared memory: turns what libxl itself keeps of a region, or of a
 * domain that has some, into JSON and back.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * libxl_types_internal.idl has the types of the JSON, and libxl's generator
 * makes the code for them.  What was read is checked here, before anybody goes
 * by it: xenstore may have been written to by hand, or by another version.
 * The generated code takes a field of another type for one that is missing,
 * and ignores what it does not know; so what was read has to be just what is
 * written for it.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_store.h"

static const char *format_problem(bool is_json)
{
    if (!is_json)
        return "it is not JSON: an earlier version may have written it; then "
               "start this Xen anew";

    return "it is not as this libxl writes it";
}

static libxl__json_object *parse(libxl__gc *gc, const char *text)
{
    /* Of what an earlier version wrote, nothing else is said. */
    return *text == '{' ? libxl__json_parse(gc, text) : NULL;
}

static const char *collect(libxl__gc *gc, char *json)
{
    libxl__ptr_add(gc, json);
    return json;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \n");
}

/* Whether two texts are the same but for blanks and line ends. */
static bool is_same(const char *a, const char *b)
{
    do {
        a = skip_blanks(a);
        b = skip_blanks(b);
        if (*a != *b)
            return false;
        b++;
    } while (*a++);

    return true;
}

/*----- A region -----*/

const char *
libxl__shared_mem_record_to_json(libxl__gc *gc,
                                 const libxl__shared_mem_record *record)
{
    libxl__shared_mem_stored_region region = {
        .owner = record->owner,
        .size = record->size,
        .control = record->control,
        .hidden = record->hidden,
        .generation = record->generation,
        .num_free_indices = record->nr_free,
        .num_peers = record->nr_mappings,
    };
    unsigned int i;

    GCNEW_ARRAY(region.free_indices, record->nr_free);
    for (i = 0; i < record->nr_free; i++)
        region.free_indices[i] = record->free[i];

    GCNEW_ARRAY(region.peers, record->nr_mappings);
    for (i = 0; i < record->nr_mappings; i++) {
        const libxl__shared_mem_mapping *mapping = &record->mappings[i];

        region.peers[i] = (libxl__shared_mem_stored_peer) {
            .domid = mapping->domid,
            .uuid = libxl__strdup(gc, mapping->uuid),
            .index = mapping->number,
            .begin = mapping->begin,
            .size = mapping->size,
            .offset = mapping->offset,
            .has_offset = mapping->has_offset,
            .read_only = mapping->read_only,
        };
    }

    return collect(gc,
        libxl__shared_mem_stored_region_to_json(CTX, &region));
}

static void get_mapping(const libxl__shared_mem_stored_peer *peer,
                        libxl__shared_mem_mapping *mapping)
{
    *mapping = (libxl__shared_mem_mapping) {
        .domid = peer->domid,
        .number = peer->index,
        .begin = peer->begin,
        .size = peer->size,
        .offset = peer->offset,
        .has_offset = peer->has_offset,
        .read_only = peer->read_only,
    };
    /* One that is too long is malformed, like one that is missing. */
    if (peer->uuid && strlen(peer->uuid) < sizeof(mapping->uuid))
        strcpy(mapping->uuid, peer->uuid);
}

static const char *get_region(const libxl__shared_mem_stored_region *region,
                              libxl__shared_mem_record *record)
{
    int i;

    if (region->num_peers < 1 ||
        region->num_peers > LIBXL__SHARED_MEM_PEERS_MAX)
        return "it has no peers, or too many";
    if (region->num_free_indices > LIBXL__SHARED_MEM_PEERS_MAX)
        return "it has too many indices";

    record->owner = region->owner;
    record->size = region->size;
    record->control = region->control;
    record->hidden = region->hidden;
    record->generation = region->generation;

    record->nr_free = region->num_free_indices;
    for (i = 0; i < region->num_free_indices; i++)
        record->free[i] = region->free_indices[i];

    record->nr_mappings = region->num_peers;
    for (i = 0; i < region->num_peers; i++)
        get_mapping(&region->peers[i], &record->mappings[i]);

    return libxl__shared_mem_record_problem(record);
}

const char *
libxl__shared_mem_record_from_json(libxl__gc *gc, const char *id,
                                   const char *text,
                                   libxl__shared_mem_record *record_r)
{
    const libxl__json_object *json = parse(gc, text);
    libxl__shared_mem_stored_region region;
    const char *problem, *again;

    if (!json)
        return format_problem(false);

    FILLZERO(*record_r);
    snprintf(record_r->id, sizeof(record_r->id), "%s", id);

    libxl__shared_mem_stored_region_init(&region);
    problem = libxl___shared_mem_stored_region_parse_json(gc, json, &region)
              ? format_problem(true) : get_region(&region, record_r);
    libxl__shared_mem_stored_region_dispose(&region);
    if (problem)
        return problem;

    again = libxl__shared_mem_record_to_json(gc, record_r);
    return again && is_same(text, again) ? NULL : format_problem(true);
}

/*----- A domain -----*/

const char *
libxl__shared_mem_domain_to_json(libxl__gc *gc,
                                 const libxl__shared_mem_domain *domain)
{
    libxl__shared_mem_stored_domain stored = {
        .uuid = libxl__strdup(gc, domain->uuid),
        .num_regions = domain->nr_ids,
        .regions = (char **)domain->ids,
        .given_memkb = domain->given_memkb,
        .factory = domain->factory,
        .change = {
            .begin = domain->change.range.begin,
            .size = domain->change.range.size,
            .detaches = domain->change.detaches,
        },
    };

    return collect(gc,
        libxl__shared_mem_stored_domain_to_json(CTX, &stored));
}

static bool is_whole_pages(uint64_t bytes)
{
    return !(bytes % LIBXL__SHARED_MEM_PAGE_SIZE);
}

static const char *get_domain(libxl__gc *gc,
                              const libxl__shared_mem_stored_domain *stored,
                              libxl__shared_mem_domain *domain)
{
    int i;

    if (!stored->uuid)
        return "it has no UUID";
    if (stored->num_regions > LIBXL__SHARED_MEM_REGIONS_MAX)
        return "it has too many regions";
    if (!is_whole_pages(stored->factory) ||
        !is_whole_pages(stored->change.begin) ||
        !is_whole_pages(stored->change.size) ||
        stored->change.size > UINT64_MAX - stored->change.begin)
        return "an address in it is not of whole pages";

    domain->uuid = libxl__strdup(gc, stored->uuid);
    domain->given_memkb = stored->given_memkb;
    domain->factory = stored->factory;
    domain->change.range.begin = stored->change.begin;
    domain->change.range.size = stored->change.size;
    domain->change.detaches = stored->change.detaches;

    domain->nr_ids = stored->num_regions;
    for (i = 0; i < stored->num_regions; i++) {
        if (!libxl__shared_mem_id_is_valid(stored->regions[i] ?: ""))
            return "the name of a region is malformed";
        domain->ids[i] = libxl__strdup(gc, stored->regions[i]);
    }

    return NULL;
}

const char *
libxl__shared_mem_domain_from_json(libxl__gc *gc, const char *text,
                                   libxl__shared_mem_domain *domain)
{
    const libxl__json_object *json = parse(gc, text);
    libxl__shared_mem_stored_domain stored;
    const char *problem, *again;

    if (!json)
        return format_problem(false);

    libxl__shared_mem_stored_domain_init(&stored);
    problem = libxl___shared_mem_stored_domain_parse_json(gc, json, &stored)
              ? format_problem(true) : get_domain(gc, &stored, domain);
    libxl__shared_mem_stored_domain_dispose(&stored);
    if (problem)
        return problem;

    again = libxl__shared_mem_domain_to_json(gc, domain);
    return again && is_same(text, again) ? NULL : format_problem(true);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
