/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the examples of the guest library have in common.
 */
#include "../last_words.h"
#include "../line.h"
#include "peer.h"

void say(const char *text)
{
    struct line line = { 0 };

    line_text(&line, peer_name);
    line_text(&line, ": ");
    line_text(&line, text);
    line_end(&line);
}

void say_number(const char *before, uint64_t number, const char *after)
{
    struct line line = { 0 };

    line_text(&line, peer_name);
    line_text(&line, ": ");
    line_text(&line, before);
    line_decimal(&line, number);
    line_text(&line, after);
    line_end(&line);
}

_Noreturn void give_up(const char *what, int error)
{
    struct line line = { 0 };

    line_text(&line, peer_name);
    line_text(&line, ": WRONG: ");
    line_text(&line, what);
    line_text(&line, ", error -");
    line_decimal(&line, (uint64_t)-(int64_t)error);
    line_end(&line);

    cpu_sleep_for_good();
}

_Noreturn void trap_fatal(const struct trap *trap)
{
    last_words(peer_name, trap);
}

void attach_region(struct shared_mem *handle, const char *name)
{
    struct shared_mem_factory factory;
    int error;

    do
        error = shared_mem_factory_open(&factory, FACTORY_PAGE);
    while ( error == SHARED_MEM_EAGAIN );
    if ( error )
        give_up("no factory page", error);

    do
        error = shared_mem_attach(handle, &factory, name, NULL);
    while ( error == SHARED_MEM_EAGAIN );
    if ( error )
        give_up("cannot attach", error);
}

unsigned int await_peer(struct shared_mem *handle)
{
    unsigned int index = 0;
    uint32_t others;

    while ( !(others = shared_mem_attached(handle) &
                       ~(UINT32_C(1) << handle->region.index)) )
        cpu_relax();

    while ( !(others >> index & 1) )
        index++;

    return index;
}
