/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What librte_ring wants of DPDK's environment (EAL), for creating rings by
 * name.  The benchmark has rings in memory of its own and calls none of it; but
 * a constructor of the library registers a list.
 */
#include <stdio.h>
#include <stdlib.h>

int rte_eal_tailq_register(void *tailq);
size_t strlcpy(char *to, const char *from, size_t size);

__thread int per_lcore__rte_errno;

int rte_eal_tailq_register(void *tailq)
{
    (void)tailq;

    return 0;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    return (size_t)snprintf(to, size, "%s", from);
}

#define NOT_CALLED(name) void name(void); void name(void) { abort(); }
NOT_CALLED(__rte_panic)
NOT_CALLED(rte_free)
NOT_CALLED(rte_log)
NOT_CALLED(rte_mcfg_tailq_read_lock)
NOT_CALLED(rte_mcfg_tailq_read_unlock)
NOT_CALLED(rte_mcfg_tailq_write_lock)
NOT_CALLED(rte_mcfg_tailq_write_unlock)
NOT_CALLED(rte_memzone_free)
NOT_CALLED(rte_memzone_reserve_aligned)
NOT_CALLED(rte_zmalloc)
