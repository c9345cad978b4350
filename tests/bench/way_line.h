/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The limit of a round trip: a cache line with a counter, each way.
 */
#ifndef WAY_LINE_H
#define WAY_LINE_H

#include "bench.h"

struct way_line_sender {
    uint32_t *word, sent;
};

struct way_line_taker {
    const uint32_t *word;
    uint32_t taken;
};

static inline void way_line_start_sender(struct way_line_sender *sender,
                                         void *area, uint32_t size)
{
    (void)size;
    sender->word = area;
    sender->sent = 0;
}

static inline void way_line_start_taker(struct way_line_taker *taker,
                                        void *area, uint32_t size)
{
    (void)size;
    taker->word = area;
    taker->taken = 0;
}

ALWAYS_INLINE uint32_t way_line_send(struct way_line_sender *sender,
                                     const uint8_t *messages, uint32_t size,
                                     uint32_t n)
{
    (void)messages;
    (void)size;
    (void)n;
    __atomic_store_n(sender->word, ++sender->sent, __ATOMIC_RELEASE);

    return 1;
}

ALWAYS_INLINE uint32_t way_line_take(struct way_line_taker *taker,
                                     uint8_t *messages, uint32_t size,
                                     uint32_t n)
{
    (void)messages;
    (void)size;
    (void)n;
    if ( __atomic_load_n(taker->word, __ATOMIC_ACQUIRE) == taker->taken )
        return 0;
    taker->taken++;

    return 1;
}

#endif /* WAY_LINE_H */
