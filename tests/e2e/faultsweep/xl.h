/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs xl, with or without a fault in it.
 */
#ifndef FAULTSWEEP_XL_H
#define FAULTSWEEP_XL_H

#include "sweep.h"

/* How a run of xl ended, all its children with it. */
struct outcome {
    bool killed_itself; /* by the fault, as planned */
    bool succeeded;     /* exit status 0; else it is another one */
};

/*
 * Maps the file of the plan.  To be called once, before run_xl(); from then
 * on this process looks after all orphans of its children.
 */
bool prepare_xl(struct sweep *sweep);

/*
 * Runs "xl WORD...", until it and all its children have ended.  @mode, @at
 * and @variant are the plan, see xen_fault.h; what came of it is in
 * sweep->fault.  Complains if xl hangs, or ends by another signal.
 */
struct outcome run_xl(struct sweep *sweep, enum fault_mode mode, uint32_t at,
                      uint32_t variant, const char *const *words);

/* Prints what the last xl printed. */
void print_xl_output(void);

#endif /* FAULTSWEEP_XL_H */
