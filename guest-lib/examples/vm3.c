/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * vm3: shares ID2 with vm1, and shows that it cannot see ID1, which is not
 * in its configuration.
 */
#include "demo.h"
#include "line.h"
#include "regions.h"

const char demo_name[] = "vm3";

struct probe {
    uint64_t base;
    uint64_t size;
    bool found; /* something other than the all-ones of an empty address */
};

static void probe_pages(void *arg)
{
    struct probe *probe = arg;

    for ( uint64_t offset = 0; offset < probe->size; offset += 4096 )
        if ( ~*(volatile uint64_t *)(uintptr_t)(probe->base + offset) )
            probe->found = true;
}

/*
 * Where nothing is mapped, an x86_64 guest reads all ones and an arm64 guest
 * gets a data abort.
 */
static void report_id1(uint64_t base, uint64_t size)
{
    struct probe probe = { .base = base, .size = size };
    struct line line = { 0 };
    int trapped = guarded_call(probe_pages, &probe);

    line_text(&line, demo_name);
    line_text(&line, ": ID1 is not mine, at ");
    line_hex(&line, base);
    line_text(&line, probe.found ? " I SEE MEMORY"
                     : trapped   ? " a read traps: nothing there"
                                 : " I read all ones: nothing there");
    line_end(&line);
}

_Noreturn void guest_main(uint64_t boot_info)
{
    struct talk talk = {
        .region = "ID2", .base = VM3_ID2_BASE, .size = VM3_ID2_SIZE,
        .side = 1,
    };

    (void)boot_info;
    report_id1(VM1_ID1_BASE, VM1_ID1_SIZE);
    report_id1(VM2_ID1_BASE, VM2_ID1_SIZE);
    demo_talk(&talk, 1);
}
