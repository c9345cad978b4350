/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What vm1, vm2 and vm3 have in common.
 */
#include "demo.h"
#include "last_words.h"

_Noreturn void demo_talk(struct talk *talks, unsigned int count)
{
    for ( unsigned int i = 0; i < count; i++ )
    {
        talks[i].self = demo_name;
        talk_start(&talks[i]);
    }

    /* Polling only: the guests have no interrupt and make no hypercall. */
    for ( ; ; )
    {
        for ( unsigned int i = 0; i < count; i++ )
            talk_poll(&talks[i]);
        cpu_relax();
    }
}

_Noreturn void trap_fatal(const struct trap *trap)
{
    last_words(demo_name, trap);
}
