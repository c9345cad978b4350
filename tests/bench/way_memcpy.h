/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The limit: memcpy into and out of as much shared memory as the rings have,
 * with one counter each way and nothing else.  No lengths, no checks, no
 * restarts.
 */
#ifndef WAY_MEMCPY_H
#define WAY_MEMCPY_H

#include <string.h>

#include "bench.h"

struct way_memcpy_shared {
    _Alignas(128) uint32_t sent;
    _Alignas(128) uint32_t taken;
    _Alignas(128) uint8_t data[];
};

struct way_memcpy_sender {
    struct way_memcpy_shared *shared;
    uint32_t mask, sent, taken;
};

struct way_memcpy_taker {
    struct way_memcpy_shared *shared;
    uint32_t mask, taken, sent;
};

static inline void way_memcpy_start_sender(struct way_memcpy_sender *sender,
                                           void *area, uint32_t size)
{
    sender->shared = area;
    sender->mask = (uint32_t)(bench_room(size) / size - 1);
    sender->sent = sender->taken = 0;
}

static inline void way_memcpy_start_taker(struct way_memcpy_taker *taker,
                                          void *area, uint32_t size)
{
    taker->shared = area;
    taker->mask = (uint32_t)(bench_room(size) / size - 1);
    taker->sent = taker->taken = 0;
}

ALWAYS_INLINE uint32_t way_memcpy_send(struct way_memcpy_sender *sender,
                                       const uint8_t *messages, uint32_t size,
                                       uint32_t n)
{
    struct way_memcpy_shared *shared = sender->shared;
    uint32_t i;

    if ( sender->sent - sender->taken + n > sender->mask + 1 )
        sender->taken = __atomic_load_n(&shared->taken, __ATOMIC_ACQUIRE);
    for ( i = 0; i < n && sender->sent - sender->taken <= sender->mask; i++ )
        memcpy(&shared->data[(size_t)(sender->sent++ & sender->mask) * size],
               messages + (size_t)i * size, size);
    if ( i )
        __atomic_store_n(&shared->sent, sender->sent, __ATOMIC_RELEASE);

    return i;
}

ALWAYS_INLINE uint32_t way_memcpy_take(struct way_memcpy_taker *taker,
                                       uint8_t *messages, uint32_t size,
                                       uint32_t n)
{
    struct way_memcpy_shared *shared = taker->shared;
    uint32_t i;

    if ( taker->sent - taker->taken < n )
        taker->sent = __atomic_load_n(&shared->sent, __ATOMIC_ACQUIRE);
    for ( i = 0; i < n && taker->taken != taker->sent; i++ )
        memcpy(messages + (size_t)i * size,
               &shared->data[(size_t)(taker->taken++ & taker->mask) * size],
               size);
    if ( i )
        __atomic_store_n(&shared->taken, taker->taken, __ATOMIC_RELEASE);

    return i;
}

#endif /* WAY_MEMCPY_H */
