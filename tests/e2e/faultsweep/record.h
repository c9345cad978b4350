/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Compares xenstore's records of regions, and the factory pages, with what they
 * are to be.
 */
#ifndef FAULTSWEEP_RECORD_H
#define FAULTSWEEP_RECORD_H

#include "sweep.h"

/*
 * Complains of each node that is more, less or different than the guests that
 * there are call for.  The owner of a region is its guest with the lowest
 * number, as long as each maps all of it.  While sweep->stale is set there
 * may be more than that, and the owner may be wrong.
 */
void check_records(struct sweep *sweep);

/*
 * Complains of each factory page of a guest that does not have the guest's region,
 * or as many peers as there are, or is not whole.  Waits for the keeper.
 */
void check_factories(struct sweep *sweep);

/* Removes all records. */
void remove_records(struct sweep *sweep);

#endif /* FAULTSWEEP_RECORD_H */
