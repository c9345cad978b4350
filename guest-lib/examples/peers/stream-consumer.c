/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * stream-consumer: checks each message, and tells when the producer dies and
 * when it is back.
 */
#include "peer.h"
#include "stream.h"

const char peer_name[] = "consumer";

#define REPORT_EVERY 5000

/* Looks at the factory page now and then: it costs more than a message. */
#define LOOK_EVERY 256

struct consumer {
    struct shared_mem handle;
    struct shared_mem_ring_consumer ring;
    bool begun;         /* a message has come; it may have any number */
    uint32_t next;      /* number of the next message */
    bool producer_gone;
};

static void check(struct consumer *consumer, const unsigned char *message,
                  uint32_t length)
{
    struct stream_header header;

    if ( length < sizeof(header) )
        give_up("a message is too short", -(int)length);
    __builtin_memcpy(&header, message, sizeof(header));
    if ( header.length != length - sizeof(header) )
        give_up("a message has another length", -(int)length);
    if ( header.checksum !=
         stream_checksum(&header, message + sizeof(header)) )
        give_up("a checksum is wrong, message", -(int)header.number);
    if ( consumer->begun && header.number != consumer->next )
        give_up("a message is missing, or comes twice", -(int)header.number);

    consumer->begun = true;
    consumer->next = header.number + 1;
}

/*
 * The peers' deaths are on the factory page, and not in the ring.  Who was in
 * the ring before nobody is alive any more has died.
 */
static bool look_for_producer(struct consumer *consumer)
{
    const struct shared_mem_region *region = &consumer->handle.region;
    uint32_t producer = shared_mem_ring_consumer_peer(&consumer->ring);
    struct shared_mem_events events;

    if ( shared_mem_poll(&consumer->handle, &events) )
        return false;

    if ( events.went && !(region->alive & ~(UINT32_C(1) << region->index)) )
        shared_mem_ring_consumer_peer_gone(&consumer->ring, producer);
    if ( events.came )
        consumer->producer_gone = false;

    return true;
}

static void receive(struct consumer *consumer)
{
    const void *message;
    uint32_t length;
    int error = shared_mem_ring_peek(&consumer->ring, &message, &length);

    switch ( error )
    {
    case 0:
        check(consumer, message, length);
        shared_mem_ring_release(&consumer->ring);
        if ( consumer->next % REPORT_EVERY == 0 )
            say_number("received ", consumer->next, " messages, all right");
        break;

    case SHARED_MEM_EAGAIN:
    case SHARED_MEM_ENOTCONN:
        cpu_relax();
        break;

    case SHARED_MEM_EPIPE:
        if ( !consumer->producer_gone )
            say_number("the producer is gone after ", consumer->next,
                       " messages");
        consumer->producer_gone = true;
        break;

    case SHARED_MEM_ESTALE:
        if ( !look_for_producer(consumer) )
            break;
        say_number("the producer started anew, generation ",
                   consumer->handle.region.generation, "");
        shared_mem_ring_consumer_resync(&consumer->ring);
        consumer->next = 0;
        break;

    default:
        give_up("cannot receive", error);
    }
}

_Noreturn void guest_main(uint64_t boot_info)
{
    struct consumer consumer = { .next = 0 };
    int error;

    (void)boot_info;
    attach_region(&consumer.handle, "stream");
    error = shared_mem_ring_consumer_init(&consumer.ring, consumer.handle.data,
                                          consumer.handle.size);
    if ( error )
        give_up("no ring", error);

    for ( unsigned int turn = 0; ; turn++ )
    {
        if ( turn % LOOK_EVERY == 0 )
            (void)look_for_producer(&consumer);
        receive(&consumer);
    }
}
