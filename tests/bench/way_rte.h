/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * DPDK's rte_ring with one producer and one consumer, and elements of the
 * message's size.  DPDK's environment (EAL) is not started: no_eal.c.
 */
#ifndef WAY_RTE_H
#define WAY_RTE_H

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "bench.h"

struct way_rte_sender {
    struct rte_ring *ring;
};

struct way_rte_taker {
    struct rte_ring *ring;
};

/* One element stays free. */
static inline void way_rte_start_sender(struct way_rte_sender *sender,
                                        void *area, uint32_t size)
{
    sender->ring = area;
    rte_ring_init(sender->ring, "bench",
                  (unsigned int)(bench_room(size) / size),
                  RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static inline void way_rte_start_taker(struct way_rte_taker *taker, void *area,
                                       uint32_t size)
{
    (void)size;
    taker->ring = area;
}

ALWAYS_INLINE uint32_t way_rte_send(struct way_rte_sender *sender,
                                    const uint8_t *messages, uint32_t size,
                                    uint32_t n)
{
    return rte_ring_sp_enqueue_burst_elem(sender->ring, messages, size, n,
                                          NULL);
}

ALWAYS_INLINE uint32_t way_rte_take(struct way_rte_taker *taker,
                                    uint8_t *messages, uint32_t size,
                                    uint32_t n)
{
    return rte_ring_sc_dequeue_burst_elem(taker->ring, messages, size, n,
                                          NULL);
}

#endif /* WAY_RTE_H */
