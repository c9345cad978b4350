/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * x86_64 hypercalls, through the page of stubs that Xen writes on request:
 * right on Intel and AMD alike.
 */
#include "hypercall.h"

#define STUB_SIZE 32
#define UNUSED_PORT 0x2000

static uint8_t stubs[4096] __attribute__((aligned(4096)));
static bool stubs_written;

static void cpuid(uint32_t leaf, uint32_t registers[4])
{
    __asm__ ( "cpuid"
              : "=a" (registers[0]), "=b" (registers[1]),
                "=c" (registers[2]), "=d" (registers[3])
              : "0" (leaf), "2" (0) );
}

/* Returns Xen's first CPUID leaf, 0 where this is not Xen. */
static uint32_t xen_leaf(void)
{
    for ( uint32_t leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100 )
    {
        uint32_t r[4];

        cpuid(leaf, r);
        /* "XenVMMXenVMM" */
        if ( r[1] == 0x566e6558 && r[2] == 0x65584d4d && r[3] == 0x4d4d566e )
            return leaf;
    }

    return 0;
}

bool request_hypercall_page(uint64_t gpa)
{
    uint32_t leaf = xen_leaf();
    uint32_t r[4];

    if ( !leaf )
        return false;

    cpuid(leaf + 2, r);
    __asm__ volatile ( "wrmsr"
                       :: "c" (r[1]), "a" ((uint32_t)gpa),
                          "d" ((uint32_t)(gpa >> 32))
                       : "memory" );

    return true;
}

bool input_to_memory(uint64_t gpa)
{
    __asm__ volatile ( "insb"
                       : "+D" (gpa) : "d" (UNUSED_PORT) : "memory" );

    return true;
}

int64_t hypercall(uint64_t number, uint64_t first, uint64_t second,
                  uint64_t third)
{
    int64_t result;

    if ( !stubs_written )
        stubs_written = request_hypercall_page((uintptr_t)stubs);
    if ( !stubs_written )
        return -38; /* ENOSYS: no hypervisor to call */

    __asm__ volatile ( "call *%[stub]"
                       : "=a" (result), "+D" (first), "+S" (second),
                         "+d" (third)
                       : [stub] "r" (&stubs[number * STUB_SIZE])
                       : "rcx", "r8", "r9", "r10", "r11", "memory" );

    return result;
}
