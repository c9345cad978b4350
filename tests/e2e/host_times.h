/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a test host's time goes: to xl, to other processes of dom0, to guests, or
 * to nobody.
 */
#ifndef E2E_HOST_TIMES_H
#define E2E_HOST_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include <xenctrl.h>

/* CPU time since the boot, in milliseconds, but for xls. */
struct host_times {
    uint64_t xl;      /* processes of that name that have ended */
    uint64_t dom0;    /* all of dom0, its kernel and xl too */
    uint64_t waiting; /* the machine was idle */
    uint64_t xls;     /* how many of those processes there were */
};

/* Has Linux write down each process that ends, in @path.  False: it does not. */
bool account_processes(const char *path);

/*
 * Adds to @times what has been since they were last taken; they begin as zero.
 * @path: as above; the file is emptied.
 */
void take_times(xc_interface *xch, const char *path, struct host_times *times);

#endif /* E2E_HOST_TIMES_H */
