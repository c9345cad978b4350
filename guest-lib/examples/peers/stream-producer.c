/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * stream-producer: sends numbered messages of all lengths, without end.
 */
#include "peer.h"
#include "stream.h"

const char peer_name[] = "producer";

#define REPORT_EVERY 5000

static void fill(void *message, uint32_t number, uint32_t length)
{
    struct stream_header *header = message;
    unsigned char *bytes = (unsigned char *)(header + 1);
    uint32_t x = number + 1;

    for ( uint32_t i = 0; i < length; i++ )
    {
        x = stream_mix(x);
        bytes[i] = x >> 24;
    }

    header->number = number;
    header->length = length;
    header->checksum = stream_checksum(header, bytes);
}

/* Sends one message; EAGAIN, or ENOTCONN: it has to be tried again. */
static int send(struct shared_mem_ring_producer *ring, uint32_t number)
{
    uint32_t length = stream_mix(number * 7919 + 1) % STREAM_LENGTH_MAX;
    void *message;
    int error;

    error = shared_mem_ring_reserve(ring,
                                    sizeof(struct stream_header) + length,
                                    &message);
    if ( error )
        return error;

    fill(message, number, length);
    error = shared_mem_ring_commit(ring,
                                   sizeof(struct stream_header) + length);

    return error ? error : shared_mem_ring_publish(ring);
}

_Noreturn void guest_main(uint64_t boot_info)
{
    struct shared_mem handle;
    struct shared_mem_ring_producer ring;
    uint32_t number = 0;
    int error;

    (void)boot_info;
    attach_region(&handle, "stream");
    error = shared_mem_ring_producer_init(&ring, handle.data, handle.size);
    if ( error )
        give_up("no ring", error);

    for ( ; ; )
    {
        error = send(&ring, number);
        if ( error == SHARED_MEM_EAGAIN || error == SHARED_MEM_ENOTCONN )
            cpu_relax();
        else if ( error == SHARED_MEM_ESTALE )
        {
            say("the consumer started anew");
            shared_mem_ring_producer_resync(&ring);
        }
        else if ( error )
            give_up("cannot send", error);
        else if ( ++number % REPORT_EVERY == 0 )
            say_number("sent ", number, " messages");
    }
}
