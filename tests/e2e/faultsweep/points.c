/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Chooses a few faults out of all that an operation may have, see points.h.
 */
#include <string.h>

#include "points.h"

#define NR_SPREAD 3 /* calls that are chosen for no reason of their own */

/* The first call with a name, after the last that has the other name. */
struct key {
    const char *after, *name;
};

static const struct key keys[] = {
    { "memory_op populate_physmap", "memory_op populate_physmap" },
    { "region_op allocate", "region_op allocate" },
    { "region_op map", "region_op map" },
    { "region_op unmap", "region_op unmap" },
    { "domctl max_mem", "domctl max_mem" },
    { "write /local/shared_mem/", "transaction_end" },
    { "rm /local/shared_mem/", "rm /local/shared_mem/" },
    { "rm /local/shared_mem/", "transaction_end" },
    /* Are the peers of the record alive? */
    { "read /libxl/shared_mem/", "domctl getdomaininfo" },
    { "domctl destroydomain", "domctl destroydomain" },
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(NR_KEYS + NR_SPREAD <= POINTS_MAX, "room for all");

/* The number of the call; 0 if there is none. */
static uint32_t find(const struct fault *trace, uint32_t nr,
                     const struct key *key)
{
    uint32_t at = nr;

    while ( at && !strstr(trace->name[at - 1], key->after) )
        at--;
    while ( at && at <= nr && !strstr(trace->name[at - 1], key->name) )
        at++;

    return at <= nr ? at : 0;
}

unsigned int choose_points(const struct fault *trace, unsigned int turn,
                           struct point points[POINTS_MAX])
{
    const uint32_t nr = trace->calls < FAULT_CALLS_MAX ? trace->calls
                                                       : FAULT_CALLS_MAX;
    unsigned int found = 0;

    for ( unsigned int i = 0; i < NR_KEYS + NR_SPREAD; i++ )
    {
        const unsigned int spread = i - NR_KEYS;
        const uint32_t at = i < NR_KEYS
                            ? find(trace, nr, &keys[i])
                            : nr * (2 * spread + 1) / (2 * NR_SPREAD);

        if ( at )
            points[found++] = (struct point){
                .mode = (i + turn) % 2 ? FAULT_FAIL : FAULT_KILL,
                .at = at,
                .variant = i,
            };
    }

    return found;
}
