/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A clock of the agent guest's: the counter that its CPU has.
 */
#ifndef E2E_CLOCK_H
#define E2E_CLOCK_H

#include <stdint.h>

/* In ticks, as Xen's log has their frequency. */
static inline uint64_t clock_now(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;

    __asm__ volatile ( "isb; mrs %0, cntvct_el0" : "=r" (ticks) :: "memory" );

    return ticks;
#else
#error "no agent guest for this architecture"
#endif
}

#endif /* E2E_CLOCK_H */
