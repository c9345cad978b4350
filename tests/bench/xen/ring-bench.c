/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * ring-bench: a bare-metal guest that sends or receives messages of 64 bytes
 * through the guest library's ring as fast as it can.  The first one of the
 * region's peers sends, the second one receives, and tells how many it has.
 */
#include <shared_mem/ring.h>

#include "../../../guest-lib/examples/peers/peer.h"

const char peer_name[] = "bench";

#define RING_SIZE    32768u
#define MESSAGE_SIZE 64u
#define REPORT_EVERY (1u << 16)

static _Noreturn void send_all(struct shared_mem *handle)
{
    struct shared_mem_ring_producer ring;
    void *message;

    if ( shared_mem_ring_producer_init(&ring, handle->data,
                                       SHARED_MEM_RING_BYTES(RING_SIZE)) )
        give_up("no ring", SHARED_MEM_EINVAL);

    for ( uint64_t number = 0; ; )
    {
        if ( shared_mem_ring_reserve(&ring, MESSAGE_SIZE, &message) )
        {
            cpu_relax();
            continue;
        }
        for ( unsigned int i = 0; i < MESSAGE_SIZE / sizeof(number); i++ )
            ((uint64_t *)message)[i] = number;
        (void)shared_mem_ring_commit(&ring, MESSAGE_SIZE);
        if ( !shared_mem_ring_publish(&ring) )
            number++;
    }
}

static _Noreturn void receive_all(struct shared_mem *handle)
{
    struct shared_mem_ring_consumer ring;
    const void *message;
    uint32_t length;

    if ( shared_mem_ring_consumer_init(&ring, handle->data,
                                       SHARED_MEM_RING_BYTES(RING_SIZE)) )
        give_up("no ring", SHARED_MEM_EINVAL);

    for ( uint64_t number = 0; ; )
    {
        uint64_t copy[MESSAGE_SIZE / sizeof(uint64_t)];

        if ( shared_mem_ring_peek(&ring, &message, &length) )
        {
            cpu_relax();
            continue;
        }
        __builtin_memcpy(copy, message, sizeof(copy));
        shared_mem_ring_release(&ring);
        for ( unsigned int i = 0; i < MESSAGE_SIZE / sizeof(uint64_t); i++ )
            if ( copy[i] != number )
                give_up("a message has other bytes", (int)-number);

        if ( ++number % REPORT_EVERY == 0 )
            say_number("received ", number, "");
    }
}

_Noreturn void guest_main(uint64_t boot_info)
{
    struct shared_mem handle;

    (void)boot_info;
    attach_region(&handle, "bench");
    (void)await_peer(&handle);

    if ( handle.region.index == 0 )
        send_all(&handle);
    receive_all(&handle);
}
