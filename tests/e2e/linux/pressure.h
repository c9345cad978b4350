/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory pressure: has Linux hand out all the memory that it has to give.
 */
#ifndef E2E_LINUX_PRESSURE_H
#define E2E_LINUX_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

struct pressure {
    uint64_t written; /* bytes, all passes together */
    uint64_t passes;  /* each takes the memory anew and gives it back */
    uint64_t held;    /* bytes, the most that a pass held */
    uint64_t free;    /* bytes, the least that was free (MemFree) meanwhile */
};

/*
 * For @seconds, take all available memory but a small margin and write each
 * byte of it, again and again.  A quarter is page cache (tmpfs), the rest
 * anonymous, and written several times before it is given back.  False, after
 * saying what is wrong, if it did not come to an end.
 */
bool put_under_pressure(uint64_t seconds, struct pressure *result);

#endif /* E2E_LINUX_PRESSURE_H */
