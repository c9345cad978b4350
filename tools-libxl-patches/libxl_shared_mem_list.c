/*
 * Static shared memory: lists the regions of this host and their peers, as
 * their records have them.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_life.h"
#include "libxl_shared_mem_store.h"

static const libxl_shared_mem_state states[] = {
    [LIBXL__SHARED_MEM_GONE]  = LIBXL_SHARED_MEM_STATE_GONE,
    [LIBXL__SHARED_MEM_DYING] = LIBXL_SHARED_MEM_STATE_DYING,
    [LIBXL__SHARED_MEM_ENDED] = LIBXL_SHARED_MEM_STATE_ENDED,
    [LIBXL__SHARED_MEM_ALIVE] = LIBXL_SHARED_MEM_STATE_ALIVE,
};

static int get_state(libxl__gc *gc, uint32_t domid, const char *uuid,
                     libxl_shared_mem_state *state_r)
{
    libxl__shared_mem_life life;
    int rc;

    rc = libxl__shared_mem_get_life(gc, domid, uuid, &life);
    if (!rc)
        *state_r = states[life];

    return rc;
}

static int fill_peers(libxl__gc *gc, const libxl__shared_mem_record *record,
                      libxl_shared_mem_region *region)
{
    unsigned int i;
    int rc;

    region->peers = libxl__calloc(NOGC, record->nr_mappings,
                                  sizeof(*region->peers));

    for (i = 0; i < record->nr_mappings; i++) {
        const libxl__shared_mem_mapping *mapping = &record->mappings[i];
        libxl_shared_mem_peer *peer = &region->peers[i];

        libxl_shared_mem_peer_init(peer);
        region->num_peers++;
        peer->domid = mapping->domid;
        peer->index = mapping->number;
        peer->begin = mapping->begin;
        peer->size = mapping->size;
        peer->offset = mapping->offset;
        peer->prot = mapping->read_only ? LIBXL_STATIC_SHARED_MEM_PROT_RO
                                        : LIBXL_STATIC_SHARED_MEM_PROT_RW;
        rc = get_state(gc, mapping->domid, mapping->uuid, &peer->state);
        if (rc) return rc;
        /* The number of one that is gone may be another domain's by now. */
        if (peer->state != LIBXL_SHARED_MEM_STATE_GONE)
            peer->name = libxl_domid_to_name(CTX, peer->domid);
    }

    return 0;
}

/* A part is missing when the last domain that had it has gone. */
static uint64_t memkb(libxl__gc *gc, const libxl__shared_mem_record *record)
{
    const libxl__shared_mem_request whole = { .range.size = record->size };
    libxl__shared_mem_segment *segments;
    uint64_t bytes = 0;
    unsigned int i, nr;

    GCNEW_ARRAY(segments, LIBXL__SHARED_MEM_SEGMENTS_MAX);
    nr = libxl__shared_mem_split(record, &whole, segments);
    for (i = 0; i < nr; i++)
        if (!segments[i].allocate)
            bytes += segments[i].size;

    return bytes / 1024;
}

/* With those who are dead, who have none of its memory.  *region has been
 * initialised; the caller disposes of it. */
static int fill_region(libxl__gc *gc, const libxl__shared_mem_region *r,
                       libxl_shared_mem_region *region)
{
    const libxl__shared_mem_record *record = &r->before;

    region->id = libxl__strdup(NOGC, record->id);
    region->size = record->size;
    region->memkb = memkb(gc, &r->now);
    region->owner = record->owner;
    region->control = record->control;
    region->hidden = record->hidden;
    region->generation = record->generation;

    return fill_peers(gc, record, region);
}

/* Regions that go while this looks are left out. */
static int list_regions(libxl__gc *gc, libxl_shared_mem_region **regions_r,
                        int *nb_r)
{
    libxl__shared_mem_region *r;
    unsigned int i, nr;
    char **ids;
    int rc;

    rc = libxl__shared_mem_list_names(gc, LIBXL__SHARED_MEM_PRIVATE_ROOT, &ids,
                                      &nr);
    if (rc) return rc;

    GCNEW(r);
    *regions_r = libxl__calloc(NOGC, nr, sizeof(**regions_r));

    for (i = 0; i < nr; i++) {
        if (!libxl__shared_mem_id_is_valid(ids[i]))
            continue;
        rc = libxl__shared_mem_read_region(gc, ids[i], r);
        if (rc) return rc;
        if (!r->before.nr_mappings)
            continue;

        libxl_shared_mem_region_init(&(*regions_r)[*nb_r]);
        (*nb_r)++;
        rc = fill_region(gc, r, &(*regions_r)[*nb_r - 1]);
        if (rc) return rc;
    }

    return 0;
}

libxl_shared_mem_region *libxl_list_shared_mem_region(libxl_ctx *ctx,
                                                      int *nb_region_out)
{
    GC_INIT(ctx);
    libxl_shared_mem_region *regions = NULL;
    int rc;

    *nb_region_out = 0;

    rc = list_regions(gc, &regions, nb_region_out);
    if (rc) {
        libxl_shared_mem_region_list_free(regions, *nb_region_out);
        regions = NULL;
        *nb_region_out = 0;
    } else if (!regions) {
        regions = libxl__calloc(NOGC, 1, sizeof(*regions));
    }

    GC_FREE;
    return regions;
}

void libxl_shared_mem_region_list_free(libxl_shared_mem_region *list,
                                       int nb_region)
{
    int i;

    for (i = 0; i < nb_region; i++)
        libxl_shared_mem_region_dispose(&list[i]);
    free(list);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
