/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * vm2: shares ID1 with vm1, at an address of its own.
 */
#include "demo.h"
#include "regions.h"

const char demo_name[] = "vm2";

_Noreturn void guest_main(uint64_t boot_info)
{
    struct talk talk = {
        .region = "ID1", .base = VM2_ID1_BASE, .size = VM2_ID1_SIZE,
        .side = 1,
    };

    (void)boot_info;
    demo_talk(&talk, 1);
}
