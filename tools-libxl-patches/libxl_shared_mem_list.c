/*
 * Static shared memory: lists the regions of this host and their peers, as
 * their records have them.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"

static int peer_state(libxl__gc *gc, const libxl__shared_mem_mapping *mapping,
                      libxl_shared_mem_peer_state *state_r)
{
    const char *uuid;
    bool has_ended;
    int rc;

    rc = libxl__shared_mem_get_uuid(gc, mapping->domid, &uuid, &has_ended);
    if (rc) return rc;

    if (!uuid || strcmp(uuid, mapping->uuid))
        *state_r = LIBXL_SHARED_MEM_PEER_STATE_GONE;
    else if (has_ended)
        *state_r = LIBXL_SHARED_MEM_PEER_STATE_ENDED;
    else
        *state_r = LIBXL_SHARED_MEM_PEER_STATE_ALIVE;

    return 0;
}

/* *region has been initialised; the caller disposes of it. */
static int fill_region(libxl__gc *gc, const libxl__shared_mem_record *record,
                       libxl_shared_mem_region *region)
{
    unsigned int i;
    int rc;

    region->id = libxl__strdup(NOGC, record->id);
    region->size = record->size;
    region->owner = record->owner;
    region->control = record->control;
    region->generation = record->generation;
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
        rc = peer_state(gc, mapping, &peer->state);
        if (rc) return rc;
    }

    return 0;
}

/* The names of all regions, in order.  NULL, with *nr_r 0, if none. */
static char **list_ids(libxl__gc *gc, unsigned int *nr_r, int *rc_r)
{
    char **names, **ids;
    unsigned int i, nr;

    *nr_r = 0;
    *rc_r = 0;

    names = libxl__xs_directory(gc, XBT_NULL, LIBXL__SHARED_MEM_PUBLIC_ROOT,
                                &nr);
    if (!names) {
        if (errno != ENOENT) {
            LOGE(ERROR, "xenstore list failed: `%s'",
                 LIBXL__SHARED_MEM_PUBLIC_ROOT);
            *rc_r = ERROR_FAIL;
        }
        return NULL;
    }

    GCNEW_ARRAY(ids, nr);
    for (i = 0; i < nr; i++)
        if (libxl__shared_mem_id_is_valid(names[i]))
            ids[(*nr_r)++] = names[i];

    return ids;
}

/* Regions that go while this looks are left out: the caller has the lock. */
static int list_regions(libxl__gc *gc, libxl_shared_mem_region **regions_r,
                        int *nb_r)
{
    libxl__shared_mem_record *record;
    unsigned int i, nr;
    char **ids;
    int rc;

    ids = list_ids(gc, &nr, &rc);
    if (rc) return rc;

    GCNEW(record);
    *regions_r = libxl__calloc(NOGC, nr, sizeof(**regions_r));

    for (i = 0; i < nr; i++) {
        rc = libxl__shared_mem_read_record(gc, ids[i], record);
        if (rc) return rc;
        if (!record->nr_mappings)
            continue;

        libxl_shared_mem_region_init(&(*regions_r)[*nb_r]);
        (*nb_r)++;
        rc = fill_region(gc, record, &(*regions_r)[*nb_r - 1]);
        if (rc) return rc;
    }

    return 0;
}

libxl_shared_mem_region *libxl_list_shared_mem_region(libxl_ctx *ctx,
                                                      int *nb_region_out)
{
    GC_INIT(ctx);
    libxl_shared_mem_region *regions = NULL;
    libxl__flock *lock;
    int rc = ERROR_LOCK_FAIL;

    *nb_region_out = 0;

    lock = libxl__shared_mem_lock(gc);
    if (lock) {
        rc = list_regions(gc, &regions, nb_region_out);
        libxl__unlock_file(lock);
    }
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
