/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * vm1: shares ID1 with vm2 and ID2 with vm3, and talks to both.
 */
#include "demo.h"
#include "regions.h"

const char demo_name[] = "vm1";

_Noreturn void guest_main(uint64_t boot_info)
{
    struct talk talks[] = {
        { .region = "ID1", .base = VM1_ID1_BASE, .size = VM1_ID1_SIZE,
          .side = 0 },
        { .region = "ID2", .base = VM1_ID2_BASE, .size = VM1_ID2_SIZE,
          .side = 0 },
    };

    (void)boot_info;
    demo_talk(talks, 2);
}
