/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a Linux guest's user space learns of the guest's regions: what the
 * kernel shows of its command line and memory map (x86) or device tree (Arm).
 */
#ifndef E2E_LINUX_REGIONS_H
#define E2E_LINUX_REGIONS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_REGIONS 8

struct region {
    uint64_t gpa;  /* bytes, multiples of the page size */
    uint64_t size;
    char *memory;  /* @size bytes, once it is mapped */
};

/*
 * Write the regions that Linux knows of to @regions, which has room for
 * MAX_REGIONS.  Returns how many there are, or -1 after saying what is wrong.
 */
int find_regions(struct region *regions);

#endif /* E2E_LINUX_REGIONS_H */
