/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * pingpong: two guests hit a ball to and fro.  The ball is a number in the data
 * of a region with a control page; "it is your turn" is a notification.
 */
#include <shared_mem/atomic.h>

#include "peer.h"

const char peer_name[] = "pingpong";

#define ROUNDS 100

static void await_turn(struct shared_mem *handle, unsigned int peer)
{
    uint32_t from;
    int error;

    do
    {
        cpu_relax();
        error = shared_mem_take(handle, &from);
        if ( error )
            give_up("cannot take notifications", error);
    } while ( !(from >> peer & 1) );
}

_Noreturn void guest_main(uint64_t boot_info)
{
    struct shared_mem handle;
    volatile uint32_t *ball;
    unsigned int peer;
    uint32_t expected = 0;
    int error;

    (void)boot_info;
    attach_region(&handle, "court");
    ball = handle.data;
    peer = await_peer(&handle);

    /* The lower index serves: both know it without asking. */
    if ( handle.region.index > peer )
        await_turn(&handle, peer);

    for ( unsigned int round = 0; round < ROUNDS; round++ )
    {
        uint32_t number = shared_mem_load(ball);

        /* Each of us adds one; the server begins with what is there. */
        if ( round && number != expected )
            give_up("the ball has another number", (int)-number);
        expected = number + 2;

        shared_mem_store(ball, number + 1);
        error = shared_mem_notify(&handle, UINT32_C(1) << peer);
        if ( error )
            give_up("cannot notify", error);
        if ( round < ROUNDS - 1 || handle.region.index < peer )
            await_turn(&handle, peer);
    }

    say_number("played ", ROUNDS, " rounds");
    cpu_sleep_for_good();
}
