/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Concurrency Kit's ring with one producer and one consumer, and elements of
 * the message's size.  It has no batches.
 */
#ifndef WAY_CK_H
#define WAY_CK_H

#include <ck_ring.h>

#include "bench.h"

/* Only the one of the size is used. */
#define ELEMENT(bytes) \
    struct ck_element_##bytes { uint8_t data[bytes]; }; \
    CK_RING_PROTOTYPE(element_##bytes, ck_element_##bytes)
BENCH_SIZES(ELEMENT)
#undef ELEMENT

struct way_ck_shared {
    _Alignas(128) ck_ring_t ring;
    _Alignas(128) uint8_t data[];
};

struct way_ck_sender {
    struct way_ck_shared *shared;
};

struct way_ck_taker {
    struct way_ck_shared *shared;
};

static inline void way_ck_start_sender(struct way_ck_sender *sender,
                                       void *area, uint32_t size)
{
    sender->shared = area;
    ck_ring_init(&sender->shared->ring,
                 (unsigned int)(bench_room(size) / size));
}

static inline void way_ck_start_taker(struct way_ck_taker *taker, void *area,
                                      uint32_t size)
{
    (void)size;
    taker->shared = area;
}

ALWAYS_INLINE bool way_ck_enqueue(struct way_ck_shared *shared,
                                  const uint8_t *message, uint32_t size)
{
    switch ( size )
    {
#define ENQUEUE(bytes) \
    case bytes: \
        return ck_ring_enqueue_spsc_element_##bytes( \
            &shared->ring, (struct ck_element_##bytes *)shared->data, \
            (struct ck_element_##bytes *)(uintptr_t)message);
    BENCH_SIZES(ENQUEUE)
#undef ENQUEUE
    }

    return false;
}

ALWAYS_INLINE bool way_ck_dequeue(struct way_ck_shared *shared,
                                  uint8_t *message, uint32_t size)
{
    switch ( size )
    {
#define DEQUEUE(bytes) \
    case bytes: \
        return ck_ring_dequeue_spsc_element_##bytes( \
            &shared->ring, (struct ck_element_##bytes *)shared->data, \
            (struct ck_element_##bytes *)message);
    BENCH_SIZES(DEQUEUE)
#undef DEQUEUE
    }

    return false;
}

ALWAYS_INLINE uint32_t way_ck_send(struct way_ck_sender *sender,
                                   const uint8_t *messages, uint32_t size,
                                   uint32_t n)
{
    uint32_t i = 0;

    while ( i < n && way_ck_enqueue(sender->shared,
                                    messages + (size_t)i * size, size) )
        i++;

    return i;
}

ALWAYS_INLINE uint32_t way_ck_take(struct way_ck_taker *taker,
                                   uint8_t *messages, uint32_t size,
                                   uint32_t n)
{
    uint32_t i = 0;

    while ( i < n && way_ck_dequeue(taker->shared,
                                    messages + (size_t)i * size, size) )
        i++;

    return i;
}

#endif /* WAY_CK_H */
