/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What there is in xenstore and in the toolstack's directories, by name, to
 * be compared with what there was before.
 */
#ifndef FAULTSWEEP_NAMES_H
#define FAULTSWEEP_NAMES_H

#include "sweep.h"

/*
 * All nodes, but for the records of regions (see record.h), and all files of
 * the toolstack.  In each name a guest's number and UUID are replaced by its
 * role.  To be released with names_free().
 */
struct names *names_take(struct sweep *sweep);

/* Complains of each name that is more or less in @now; true if there is none. */
bool names_compare(struct sweep *sweep, const struct names *before,
                   const struct names *now);

/* Removes what @now has and @before has not. */
void names_remove_extra(struct sweep *sweep, const struct names *before,
                        const struct names *now);

void names_free(struct names *names);

#endif /* FAULTSWEEP_NAMES_H */
