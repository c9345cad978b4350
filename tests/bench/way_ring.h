/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest library's ring: messages are copied into and out of the ring, as
 * the others do it, though a user of it need not.
 */
#ifndef WAY_RING_H
#define WAY_RING_H

#include <string.h>

#include <shared_mem/ring.h>

#include "bench.h"

struct way_ring_sender {
    struct shared_mem_ring_producer producer;
};

struct way_ring_taker {
    struct shared_mem_ring_consumer consumer;
};

static inline void way_ring_start_sender(struct way_ring_sender *sender,
                                         void *area, uint32_t size)
{
    shared_mem_ring_producer_init(&sender->producer, area,
                                  SHARED_MEM_RING_BYTES(bench_room(size)));
}

static inline void way_ring_start_taker(struct way_ring_taker *taker,
                                        void *area, uint32_t size)
{
    shared_mem_ring_consumer_init(&taker->consumer, area,
                                  SHARED_MEM_RING_BYTES(bench_room(size)));
}

/* Returns how many were sent. */
ALWAYS_INLINE uint32_t way_ring_send(struct way_ring_sender *sender,
                                     const uint8_t *messages, uint32_t size,
                                     uint32_t n)
{
    uint32_t i;

    for ( i = 0; i < n; i++ )
    {
        void *message;

        if ( shared_mem_ring_reserve(&sender->producer, size, &message) )
            break;
        memcpy(message, messages + (size_t)i * size, size);
        shared_mem_ring_commit(&sender->producer, size);
    }
    if ( i )
        shared_mem_ring_publish(&sender->producer);

    return i;
}

/* Returns how many were taken. */
ALWAYS_INLINE uint32_t way_ring_take(struct way_ring_taker *taker,
                                     uint8_t *messages, uint32_t size,
                                     uint32_t n)
{
    uint32_t i, length;

    for ( i = 0; i < n; i++ )
    {
        const void *message;

        if ( shared_mem_ring_peek(&taker->consumer, &message, &length) ||
             length != size )
            break;
        memcpy(messages + (size_t)i * size, message, size);
    }
    if ( i )
        shared_mem_ring_release(&taker->consumer);

    return i;
}

#endif /* WAY_RING_H */
