/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether a guest has mapped shared memory as it has to: the CPU is asked for
 * its translation of an address, and leaves the answer in PAR.
 */
#include <shared_mem/mapping.h>

#if defined(__aarch64__)

int shared_mem_check_mapping(const void *address)
{
    uint64_t par;

    __asm__ volatile("at s1e1r, %[address]\n"
                     "isb\n"
                     "mrs %[par], par_el1"
                     : [par] "=r"(par)
                     : [address] "r"(address)
                     : "memory");

    return shared_mem_par(par);
}

#elif defined(__arm__)

/* CPUs that run Xen have the long PAR; this bit tells which of them it is. */
#define PAR_IS_LONG 0x800

int shared_mem_check_mapping(const void *address)
{
    uint32_t low, high;

    __asm__ volatile("mcr p15, 0, %[address], c7, c8, 0\n" /* ATS1CPR */
                     "isb\n"
                     "mrrc p15, 0, %[low], %[high], c7"    /* PAR */
                     : [low] "=r"(low), [high] "=r"(high)
                     : [address] "r"(address)
                     : "memory");

    if ( low & PAR_IS_LONG )
        return shared_mem_par((uint64_t)high << 32 | low);

    return shared_mem_short_par(low);
}

#else

int shared_mem_check_mapping(const void *address)
{
    (void)address;

    return SHARED_MEM_ENOSYS;
}

#endif
