/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest library's cell.  Sending never waits, so a taker misses values:
 * only its round trip is measured.
 */
#ifndef WAY_CELL_H
#define WAY_CELL_H

#include <shared_mem/cell.h>

#include "bench.h"

struct way_cell_sender {
    struct shared_mem_cell_writer writer;
};

struct way_cell_taker {
    struct shared_mem_cell_reader reader;
    uint32_t last;
};

static inline void way_cell_start_sender(struct way_cell_sender *sender,
                                         void *area, uint32_t size)
{
    shared_mem_cell_writer_init(&sender->writer, area, BENCH_AREA, size);
}

static inline void way_cell_start_taker(struct way_cell_taker *taker,
                                        void *area, uint32_t size)
{
    shared_mem_cell_reader_init(&taker->reader, area, BENCH_AREA, size);
    taker->last = 0;
}

ALWAYS_INLINE uint32_t way_cell_send(struct way_cell_sender *sender,
                                     const uint8_t *messages, uint32_t size,
                                     uint32_t n)
{
    (void)size;
    (void)n;
    shared_mem_cell_write(&sender->writer, messages);

    return 1;
}

ALWAYS_INLINE uint32_t way_cell_take(struct way_cell_taker *taker,
                                     uint8_t *messages, uint32_t size,
                                     uint32_t n)
{
    uint32_t sequence;

    (void)size;
    (void)n;
    if ( shared_mem_cell_read(&taker->reader, messages, &sequence) ||
         sequence == taker->last )
        return 0;
    taker->last = sequence;

    return 1;
}

#endif /* WAY_CELL_H */
