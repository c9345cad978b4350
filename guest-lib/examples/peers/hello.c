/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * hello: two guests and one page at a fixed address.  Whoever comes first
 * leaves a greeting, the other one finds it by polling, and answers.  This
 * needs neither factory page nor control page.
 */
#include <shared_mem/atomic.h>

#include "../line.h"
#include "peer.h"

const char peer_name[] = "hello";

#define PAGE ((volatile struct page *)0x80000000)
#define TEXT_SIZE 32

/* Values of `state'; a new page is all zero. */
enum { EMPTY, GREETED, ANSWERED };

struct page {
    uint32_t claimed; /* not 0: somebody came first */
    uint32_t state;
    char greeting[TEXT_SIZE];
    char answer[TEXT_SIZE];
};

static void put(volatile char *to, const char *text)
{
    for ( unsigned int i = 0; i < TEXT_SIZE - 1 && text[i]; i++ )
        to[i] = text[i];
}

/* The other guest may write at any time: copy, then end the copy. */
static void show(const char *what, const volatile char *from)
{
    struct line line = { 0 };
    char copy[TEXT_SIZE];

    for ( unsigned int i = 0; i < TEXT_SIZE; i++ )
        copy[i] = from[i];
    copy[TEXT_SIZE - 1] = '\0';

    line_text(&line, peer_name);
    line_text(&line, what);
    line_text(&line, copy);
    line_end(&line);
}

static void wait_for(uint32_t state)
{
    /* Acquire: pairs with the other guest's release of the same state. */
    while ( shared_mem_load_acquire(&PAGE->state) < state )
        cpu_relax();
}

_Noreturn void guest_main(uint64_t boot_info)
{
    (void)boot_info;

    if ( !shared_mem_exchange_acquire(&PAGE->claimed, 1) )
    {
        put(PAGE->greeting, "good morning");
        shared_mem_store_release(&PAGE->state, GREETED);
        wait_for(ANSWERED);
        show(": the answer is: ", PAGE->answer);
    }
    else
    {
        wait_for(GREETED);
        show(": the greeting is: ", PAGE->greeting);
        put(PAGE->answer, "good evening");
        shared_mem_store_release(&PAGE->state, ANSWERED);
    }

    cpu_sleep_for_good();
}
