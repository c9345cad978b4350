/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring of messages: see docs/guest-ring.md for the protocol.
 *
 * Shared words that a side has written are never read back, but for the epoch
 * when it starts.  All that comes from the peer is loaded once and checked
 * before it becomes an offset.
 */
#include <shared_mem/atomic.h>
#include <shared_mem/ring.h>

/* Of a message's header, and of the one that marks the end of what there is. */
#define HEADER_SIZE ((uint32_t)sizeof(struct shared_mem_ring_header))

/* The producer gets cache lines back from the consumer so many bytes ahead. */
#define AHEAD 512u

static void prefetch_for_write(const void *address)
{
#if defined(__i386__) || defined(__x86_64__)
    /* The builtin would be a prefetch for reading, on most -march=. */
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
    __builtin_prefetch(address, 1);
#endif
}

/* Whatever @length is; @room is a multiple of 8. */
static bool fits(uint32_t length, uint32_t room)
{
    return length < room && shared_mem_ring_slot(length) <= room;
}

static struct shared_mem_ring *ring_of(const struct shared_mem_ring_link *link)
{
    return (struct shared_mem_ring *)link->data - 1;
}

static struct shared_mem_ring_header *
header_at(const struct shared_mem_ring_link *link, uint32_t position)
{
    return (void *)(link->data + (position & link->mask));
}

static bool is_producer(const struct shared_mem_ring_link *link)
{
    return link->self == &ring_of(link)->producer;
}

/* Bytes from @position to where the ring wraps round. */
static uint32_t contiguous(const struct shared_mem_ring_link *link,
                           uint32_t position)
{
    return (~position & link->mask) + 1;
}

/* Says of a message where it is, in which session, and in how large a ring. */
static uint32_t check_of(const struct shared_mem_ring_link *link, uint32_t word,
                         uint32_t position, uint32_t session)
{
    return word ^ position ^ session ^
           (link->mask + 1 + SHARED_MEM_RING_VERSION);
}

/*
 * Also mends what others may have written there.
 *
 * Release: pairs with the acquire in the peer's link_connect().
 */
static void link_announce(struct shared_mem_ring_link *link)
{
    shared_mem_store_release(link->self, link->own);
}

/*
 * Leave the session, if there is one, for an epoch that the peer does not take
 * for the current one, even if own word was overwritten.
 *
 * Release: pairs with the acquire in producer_refresh().  A producer that sees
 * this tail sees that the session is over.
 */
void shared_mem_ring_resync(struct shared_mem_ring_link *link)
{
    uint32_t accepted = shared_mem_load(link->peer) << 16;
    uint32_t own = link->own & ~0xffffu;

    do
        own += 0x10000;
    while ( !own || own == accepted );

    link->own = own;
    link->status = SHARED_MEM_EAGAIN;
    link->done = 0;
    link->next = 0;
    link->tail = 0;
    link->reserved = 0;
    link_announce(link);
    if ( !is_producer(link) )
        shared_mem_store_release(&ring_of(link)->tail, 0);
}

int shared_mem_ring_init(struct shared_mem_ring_link *link, void *base,
                         size_t bytes, bool producer)
{
    struct shared_mem_ring *ring = base;
    size_t size = bytes - sizeof(*ring);

    if ( !base || (uintptr_t)base % SHARED_MEM_RING_ALIGN ||
         size < SHARED_MEM_RING_SIZE_MIN || size > SHARED_MEM_RING_SIZE_MAX ||
         (size & (size - 1)) )
        return SHARED_MEM_EINVAL;

    link->self = producer ? &ring->producer : &ring->consumer;
    link->peer = producer ? &ring->consumer : &ring->producer;
    link->data = (unsigned char *)(ring + 1);
    link->mask = (uint32_t)size - 1;
    link->own = shared_mem_load(link->self);
    shared_mem_ring_resync(link);

    return 0;
}

/*
 * Try to begin a session.  First the consumer accepts the producer's epoch,
 * which says that it reads nothing any more of the session before.  So the
 * producer may write; it accepts the consumer's epoch, and both are in.
 *
 * Acquire: pairs with the release in the peer's link_announce().
 */
static int link_connect(struct shared_mem_ring_link *link)
{
    uint32_t peer = shared_mem_load_acquire(link->peer);
    bool producer = is_producer(link);

    link->expected = (peer & ~0xffffu) | link->own >> 16;
    if ( peer >> 16 && (peer == link->expected || !producer) )
    {
        if ( producer )
            shared_mem_store(&header_at(link, 0)->word, 0);
        link->own = (link->own & ~0xffffu) | peer >> 16;
        if ( peer == link->expected )
            link->status = link->gone = 0;
    }
    link_announce(link);

    return link->status;
}

/* Is the peer still in the session? */
static int link_check(struct shared_mem_ring_link *link)
{
    int status = link->status;

    if ( !status && shared_mem_load(link->peer) != link->expected )
        link->status = status = SHARED_MEM_ESTALE;

    return status ? status : link->gone;
}

/* Nothing to be done now; will there be? */
static int link_idle(struct shared_mem_ring_link *link)
{
    int rc = link_check(link);

    return rc ? rc : SHARED_MEM_EAGAIN;
}

/*
 * Producer.
 */

/*
 * See how far the consumer has got.  Its tail is from this session if its own
 * word still is: it changes first the word, then the tail.
 *
 * Acquire: pairs with the releases in shared_mem_ring_release() and
 * shared_mem_ring_resync().
 */
static int producer_refresh(struct shared_mem_ring_link *link)
{
    uint32_t tail = shared_mem_load_acquire(&ring_of(link)->tail);
    int rc = link_check(link);

    if ( rc )
        return rc;

    /* It only grows, and up to what has been published. */
    if ( tail % HEADER_SIZE || tail - link->tail > link->done - link->tail )
        return link->status = SHARED_MEM_EPROTO;

    link->tail = tail;

    return 0;
}

/* Is there room for @slot bytes, and for the mark of the end behind them? */
static bool producer_has(const struct shared_mem_ring_link *link, uint32_t slot)
{
    return link->next - link->tail + slot + HEADER_SIZE - 1 <= link->mask;
}

static int producer_publish(struct shared_mem_ring_link *link)
{
    int rc = link_check(link);

    if ( rc || link->next == link->done )
        return rc;

    /* The consumer comes to a stop behind the last message. */
    shared_mem_store(&header_at(link, link->next)->word, 0);

    /* Release: pairs with the acquire in consumer_next(). */
    shared_mem_store_release(&header_at(link, link->done)->word, link->first);
    link->done = link->next;

    return 0;
}

static int producer_room(struct shared_mem_ring_link *link, uint32_t slot)
{
    int rc;

    if ( producer_has(link, slot) )
        return 0;

    rc = producer_refresh(link);
    if ( rc || producer_has(link, slot) )
        return rc;

    /* The consumer must see what is in the way. */
    producer_publish(link);

    return link_idle(link);
}

/*
 * The first message of a batch gets its word when the batch is published:
 * nothing behind it is seen before.
 */
static void producer_put(struct shared_mem_ring_link *link, uint32_t word,
                         uint32_t slot)
{
    uint32_t next = link->next;
    struct shared_mem_ring_header *header = header_at(link, next);

    shared_mem_store(&header->check, check_of(link, word, next, link->own));
    if ( next == link->done )
        link->first = word;
    else
        shared_mem_store(&header->word, word);

    link->next = next + slot;
    prefetch_for_write(header_at(link, next + AHEAD));
}

int shared_mem_ring_reserve(struct shared_mem_ring_producer *producer,
                            uint32_t length, void **message)
{
    struct shared_mem_ring_link *link = &producer->link;
    uint32_t room = contiguous(link, link->next);
    int rc;

    link->reserved = 0;
    if ( !fits(length, link->mask + 1 - HEADER_SIZE) )
        return SHARED_MEM_EMSGSIZE;

    rc = link->status == SHARED_MEM_EAGAIN ? link_connect(link)
                                           : link_check(link);
    if ( rc )
        return rc;

    if ( !fits(length, room) )
    {
        rc = producer_room(link, room);
        if ( rc )
            return rc;
        producer_put(link, SHARED_MEM_RING_PADDING, room);
    }

    rc = producer_room(link, shared_mem_ring_slot(length));
    if ( rc )
        return rc;

    link->reserved = shared_mem_ring_slot(length);
    *message = header_at(link, link->next) + 1;

    return 0;
}

int shared_mem_ring_commit(struct shared_mem_ring_producer *producer,
                           uint32_t length)
{
    struct shared_mem_ring_link *link = &producer->link;

    if ( !fits(length, link->reserved) )
        return SHARED_MEM_EINVAL;

    link->reserved = 0;
    producer_put(link, SHARED_MEM_RING_MESSAGE + length, shared_mem_ring_slot(length));

    return 0;
}

int shared_mem_ring_publish(struct shared_mem_ring_producer *producer)
{
    return producer_publish(&producer->link);
}

/*
 * Consumer.
 */

/*
 * Take one header, and go on behind it.  Nothing that it says reaches beyond
 * the ring, or into what has not been released.
 *
 * Acquire: pairs with the release in producer_publish().
 */
static int consumer_next(struct shared_mem_ring_link *link, uint32_t *length)
{
    uint32_t next = link->next;
    const struct shared_mem_ring_header *header = header_at(link, next);
    uint32_t word = shared_mem_load_acquire(&header->word);
    uint32_t bytes = word - SHARED_MEM_RING_MESSAGE;
    uint32_t room = contiguous(link, next);
    uint32_t left = link->done - next + link->mask + 1 - HEADER_SIZE;

    if ( !word )
        return link_idle(link);

    if ( word == SHARED_MEM_RING_PADDING )
        bytes = room - HEADER_SIZE;

    if ( !fits(bytes, room < left ? room : left) ||
         shared_mem_load(&header->check) !=
         check_of(link, word, next, link->expected) )
        return link->status = SHARED_MEM_EPROTO;

    link->next = next + shared_mem_ring_slot(bytes);
    *length = bytes;

    return word == SHARED_MEM_RING_PADDING;
}

int shared_mem_ring_peek(struct shared_mem_ring_consumer *consumer,
                         const void **message, uint32_t *length)
{
    struct shared_mem_ring_link *link = &consumer->link;
    uint32_t start;
    int rc = link->status;

    if ( rc == SHARED_MEM_EAGAIN )
        rc = link_connect(link);
    if ( rc )
        return rc;

    start = link->next;
    rc = consumer_next(link, length);
    if ( rc > 0 )
    {
        /* The producer may wait for just the room of the padding. */
        if ( start == link->done )
            shared_mem_ring_release(consumer);
        start = link->next;
        rc = consumer_next(link, length);
    }

    *message = header_at(link, start) + 1;

    return rc;
}

/*
 * Release: pairs with the acquire in producer_refresh(), after which the
 * producer writes where messages were read before.
 */
void shared_mem_ring_release(struct shared_mem_ring_consumer *consumer)
{
    struct shared_mem_ring_link *link = &consumer->link;

    link->done = link->next;
    shared_mem_store_release(&ring_of(link)->tail, link->done);
}
