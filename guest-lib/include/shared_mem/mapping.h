/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether a guest has mapped shared memory as it has to: docs/memory-types.md.
 */
#ifndef SHARED_MEM_MAPPING_H
#define SHARED_MEM_MAPPING_H

#include <stdint.h>

#include <shared_mem/errors.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Looks at the page that @address is in, by this domain's own page tables, and
 * touches nothing.  0: normal memory, inner and outer write-back, shareable.
 * SHARED_MEM_EINVAL: mapped otherwise, as it is while the MMU is off.
 * SHARED_MEM_ERANGE: not mapped for reading.  SHARED_MEM_ENOSYS: cannot be
 * known here, as on x86, where no instruction tells, and page tables are by
 * physical addresses that need not be mapped.
 *
 * On Arm it has to run in kernel mode (EL1; PL1), and where no interrupt
 * handler makes use of PAR meanwhile.
 */
int shared_mem_check_mapping(const void *address);

/* Private: whether one half of an attribute, as MAIR has it, is write-back. */
static inline int shared_mem_write_back(uint32_t half)
{
    return (half & 4) && half != 4;
}

/* Private: what a PAR of 64 bits comes to; it has the attribute from MAIR. */
static inline int shared_mem_par(uint64_t par)
{
    if ( par & 1 )
        return SHARED_MEM_ERANGE;
    if ( !shared_mem_write_back((uint32_t)(par >> 60)) ||
         !shared_mem_write_back((uint32_t)(par >> 56) & 0xf) ||
         !(par >> 7 & 3) )
        return SHARED_MEM_EINVAL;

    return 0;
}

/*
 * Private: the same for one of 32 bits, of page tables with short descriptors.
 * Inner: 5 and 7, outer: 1 and 3 are write-back.  Bit 1: a supersection.
 */
static inline int shared_mem_short_par(uint32_t par)
{
    if ( par & 1 )
        return SHARED_MEM_ERANGE;
    if ( (par & 0x50) != 0x50 || !(par & 0x4) || !(par & 0x80) )
        return SHARED_MEM_EINVAL;

    return 0;
}

#ifdef __cplusplus
}
#endif

#endif /* SHARED_MEM_MAPPING_H */
