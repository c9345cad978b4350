/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring of messages, for users that rather copy.
 */
#include <shared_mem/copy.h>
#include <shared_mem/ring.h>

int shared_mem_ring_write(struct shared_mem_ring_producer *producer,
                          const void *data, uint32_t length)
{
    void *message;
    int rc = shared_mem_ring_reserve(producer, length, &message);

    if ( rc )
        return rc;

    shared_mem_copy_to(message, data, length);
    shared_mem_ring_commit(producer, length);

    return shared_mem_ring_publish(producer);
}

int shared_mem_ring_read(struct shared_mem_ring_consumer *consumer,
                         void *buffer, uint32_t size, uint32_t *length)
{
    struct shared_mem_ring_link *link = &consumer->link;
    const void *message;
    uint32_t begin;
    int rc = shared_mem_ring_peek(consumer, &message, length);

    if ( rc )
        return rc;

    begin = link->next - shared_mem_ring_slot(*length);
    if ( *length > size )
    {
        link->next = begin;
        return SHARED_MEM_EMSGSIZE;
    }

    shared_mem_copy_from(buffer, message, *length);

    /* Unless some are held that were peeked at before. */
    if ( link->tail == begin )
        shared_mem_ring_release(consumer);

    return 0;
}
