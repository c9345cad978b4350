/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Chooses a few faults out of all that an operation may have.  Pure.
 */
#ifndef FAULTSWEEP_POINTS_H
#define FAULTSWEEP_POINTS_H

#include "../xen_fault.h"

#define POINTS_MAX 16

/* A fault, see struct fault. */
struct point {
    enum fault_mode mode;
    uint32_t at, variant;
};

/*
 * @trace: of the operation without a fault.  Chosen are the calls with which
 * a region is built or taken down, and others, evenly spread.  @turn: where
 * one is to be killed at an even turn, it is to fail at an odd one.  Returns
 * how many there are, in the order of their calls or not.
 */
unsigned int choose_points(const struct fault *trace, unsigned int turn,
                           struct point points[POINTS_MAX]);

#endif /* FAULTSWEEP_POINTS_H */
