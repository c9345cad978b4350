/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * arm64 hypercalls: HVC with Xen's own immediate.
 */
#include "hypercall.h"

int64_t hypercall(uint64_t number, uint64_t first, uint64_t second,
                  uint64_t third)
{
    register uint64_t x0 __asm__("x0") = first;
    register uint64_t x1 __asm__("x1") = second;
    register uint64_t x2 __asm__("x2") = third;
    register uint64_t x16 __asm__("x16") = number;

    __asm__ volatile ( "hvc #0xea1"
                       : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x16)
                       :: "memory" );

    return x0;
}

bool request_hypercall_page(uint64_t gpa)
{
    (void)gpa;

    return false;
}

bool input_to_memory(uint64_t gpa)
{
    (void)gpa;

    return false;
}
