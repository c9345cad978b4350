/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * arm64 hypercalls: HVC with Xen's own immediate.
 */
#include "hypercall.h"

int64_t hypercall(uint64_t number, uint64_t command, void *argument)
{
    register uint64_t x0 __asm__("x0") = command;
    register uint64_t x1 __asm__("x1") = (uintptr_t)argument;
    register uint64_t x16 __asm__("x16") = number;

    __asm__ volatile ( "hvc #0xea1"
                       : "+r" (x0), "+r" (x1), "+r" (x16) :: "memory" );

    return x0;
}
