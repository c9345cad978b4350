/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring of messages, for users that sleep until the peer notifies them.
 *
 * Each side says in its `wake' which position it waits for the other one to get
 * to, and then looks once more; the other one gets there, and then looks at
 * `wake'.  So either the one sees that the other is there, or the other sees
 * that it has to notify.  For that each store must come before the load that
 * follows it: full fences in shared_mem_ring_notify() and link_arm(), which
 * pair.
 */
#include <shared_mem/atomic.h>
#include <shared_mem/ring.h>

#define HEADER_SIZE ((uint32_t)sizeof(struct shared_mem_ring_header))

bool shared_mem_ring_notify(struct shared_mem_ring_link *link)
{
    uint32_t told = link->told;
    bool changed = link->told_own != link->own;

    link->told = link->done;
    link->told_own = link->own;
    if ( changed || told == link->done )
        return changed;

    /*
     * Full fence: pairs with the one in link_arm().  What was published, or
     * released, is there before `wake' is looked at.
     */
    shared_mem_fence_full();

    return shared_mem_load(&link->peer->wake) - told - 1 < link->done - told;
}

/*
 * Also goes on with a session that begins, as the peer may have notified before
 * this side was there.  What has been done up to @done must be told.
 */
static bool link_arm(struct shared_mem_ring_link *link, uint32_t done,
                     uint32_t position)
{
    int rc;

    shared_mem_store(&link->self->wake, position);

    /*
     * Full fence: pairs with the one in shared_mem_ring_notify().  `wake' is
     * there before this side looks whether it need not sleep.
     */
    shared_mem_fence_full();
    rc = shared_mem_ring_check(link);
    if ( link->told_own != link->own || link->told != done )
        return false;

    return !rc || rc == SHARED_MEM_ENOTCONN || rc == SHARED_MEM_EPIPE;
}

/*
 * There is room, or room for padding up to where the ring wraps round, when the
 * consumer has released so far.  It never has to release more than there is.
 */
bool shared_mem_ring_producer_arm(struct shared_mem_ring_producer *producer,
                                  uint32_t length)
{
    struct shared_mem_ring_link *link = &producer->link;
    const struct shared_mem_ring *ring = (const void *)link->data;
    uint32_t wrap = (link->next | link->mask) + 1;
    uint32_t end = link->next + shared_mem_ring_slot(length), tail;

    /* It never fits. */
    if ( length > link->mask + 1 - 2 * HEADER_SIZE )
        return false;

    if ( end - link->next > wrap - link->next )
        end = wrap;
    tail = end + HEADER_SIZE - link->mask - 1;

    return link_arm(link, link->next, tail) &&
           (link->status ||
            (int32_t)(shared_mem_load(&ring[-1].tail) - tail) < 0);
}

bool shared_mem_ring_consumer_arm(struct shared_mem_ring_consumer *consumer)
{
    struct shared_mem_ring_link *link = &consumer->link;
    const struct shared_mem_ring_header *next =
        (const void *)(link->data + (link->next & link->mask));

    return link_arm(link, link->tail, link->next + HEADER_SIZE) &&
           (link->status || !shared_mem_load(&next->word));
}
