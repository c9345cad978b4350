/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring of messages: see docs/guest-ring.md for the protocol.
 *
 * Shared words that a side has written are never believed, but for the epoch
 * when it starts.  All that comes from the peer is loaded once and checked
 * before it becomes an offset.
 *
 * Most messages take but a look at `limit': a position up to which they may
 * reach.  Where that does not do there is a function of its own for all else.
 */
#include <shared_mem/atomic.h>
#include <shared_mem/ring.h>

/* Of a message's header, and of the one that marks the end of what there is. */
#define HEADER_SIZE ((uint32_t)sizeof(struct shared_mem_ring_header))

/*
 * The producer gets cache lines back from the consumer so many bytes ahead: two
 * for each message, as a short one may reach into a second one.
 */
#define AHEAD      1536u
#define CACHE_LINE 64u

static void prefetch_for_write(const void *address)
{
#if defined(__i386__) || defined(__x86_64__)
    /* The builtin would be a prefetch for reading, on most -march=. */
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
    __builtin_prefetch(address, 1);
#endif
}

/* Whatever @length is; @room is a multiple of 8, and below 0 as good as 0. */
static bool fits(uint32_t length, int32_t room)
{
    return (int64_t)length + HEADER_SIZE <= room;
}

static struct shared_mem_ring *ring_of(const struct shared_mem_ring_link *link)
{
    return (struct shared_mem_ring *)(void *)link->data - 1;
}

static struct shared_mem_ring_header *
header_at(const struct shared_mem_ring_link *link, uint32_t position)
{
    return (void *)(link->data + (position & link->mask));
}

/* Where the ring wraps round next. */
static uint32_t wrap_of(const struct shared_mem_ring_link *link)
{
    return (link->next | link->mask) + 1;
}

/* Says of a message where it is, in which session, and in how large a ring. */
static uint32_t check_of(const struct shared_mem_ring_link *link, uint32_t word)
{
    return word ^ link->next ^ link->seal;
}

/* Bytes at `next' that a message may take. */
static int32_t room_of(const struct shared_mem_ring_link *link)
{
    return (int32_t)(link->limit - link->next);
}

/* No message reaches beyond the ring, or into what has not been released. */
static void link_measure(struct shared_mem_ring_link *link)
{
    uint32_t wrap = wrap_of(link);
    uint32_t full = link->tail + link->mask + 1 - HEADER_SIZE;

    link->limit = (int32_t)(full - wrap) < 0 ? full : wrap;
}

/* Calls return @status from now on: the limit lets no message through. */
static __attribute__((noinline)) int
link_stop(struct shared_mem_ring_link *link, int status)
{
    link->limit = link->next;

    return link->status = status;
}

/*
 * Also mends what others may have written there.  Who starts with another
 * format stores the epoch first: see shared_mem_ring_check().
 *
 * Release: pairs with the acquires in the peer's link_connect() and
 * shared_mem_ring_check().
 */
static void link_announce(struct shared_mem_ring_link *link)
{
    shared_mem_store_release(&link->self->session, link->own);
    shared_mem_store_release(&link->self->format, link->format);
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
    uint32_t accepted = shared_mem_load(&link->peer->session) << 16;
    uint32_t own = link->own & ~0xffffu;

    do
        own += 0x10000;
    while ( !own || own == accepted );

    link->own = own;
    link->told = link->done = 0;
    link->next = 0;
    link->tail = 0;
    link->reserved = 0;
    link_stop(link, SHARED_MEM_ENOTCONN);
    link_announce(link);
    if ( !link->producer )
        shared_mem_store_release(&ring_of(link)->tail, 0);
}

int shared_mem_ring_init(struct shared_mem_ring_link *link, void *base,
                         size_t bytes, bool producer)
{
    struct shared_mem_ring *ring = base;
    uint32_t size;

    if ( !base || (uintptr_t)base % SHARED_MEM_RING_ALIGN )
        return SHARED_MEM_EINVAL;

    size = shared_mem_ring_size(bytes);
    if ( !size )
        return SHARED_MEM_EINVAL;

    link->producer = producer;
    link->self = producer ? &ring->producer : &ring->consumer;
    link->peer = producer ? &ring->consumer : &ring->producer;
    link->data = (unsigned char *)(ring + 1);
    link->mask = size - 1;
    link->format = size + SHARED_MEM_RING_VERSION;
    link->own = shared_mem_load(&link->self->session);
    link->dead = link->told_own = 0;
    shared_mem_ring_resync(link);

    return 0;
}

/*
 * Both have accepted.  The ring is as the producer says, and the consumer must
 * have room for it.  A size is a power of two: no other version says one.
 *
 * Acquire: pairs with the release in the peer's link_announce().  The format is
 * this peer's if it has not started anew before it was loaded.
 */
static void link_begin(struct shared_mem_ring_link *link)
{
    uint32_t format = shared_mem_load_acquire(&link->peer->format);
    uint32_t size = format - SHARED_MEM_RING_VERSION;
    uint32_t ring = format, most = link->format, session = link->expected;

    if ( link->producer )
    {
        ring = link->format;
        most = format;
        session = link->own;
    }

    if ( shared_mem_load(&link->peer->session) != link->expected )
        return;

    link->status = SHARED_MEM_EPROTO;
    if ( size < SHARED_MEM_RING_SIZE_MIN || (size & (size - 1)) || ring > most )
        return;

    link->status = 0;
    link->agreed = format;
    link->mask = ring - SHARED_MEM_RING_VERSION - 1;
    link->seal = session ^ ring;
}

/*
 * Try to begin a session.  First the consumer accepts the epoch of a producer
 * that waits, too, which says that it reads nothing any more of the session
 * before.  So the producer may write; it accepts the consumer's epoch, and both
 * are in.  It may have published, and started anew, before the consumer has
 * looked, which is told of that session's end all the same.
 *
 * Acquire: pairs with the releases in the peer's link_announce().
 */
static int link_connect(struct shared_mem_ring_link *link)
{
    uint32_t peer = shared_mem_load_acquire(&link->peer->session);
    uint32_t epoch = peer >> 16, accepted = link->own & 0xffff;
    uint32_t waiting = link->producer ? link->own >> 16 : 0;

    link->expected = (peer & ~0xffffu) | link->own >> 16;
    if ( accepted && accepted != epoch )
        return link_stop(link, SHARED_MEM_ESTALE);

    if ( epoch && epoch == link->dead )
        return SHARED_MEM_EPIPE;

    if ( epoch && (peer & 0xffff) == waiting )
    {
        if ( link->producer )
            shared_mem_store(&header_at(link, 0)->word, 0);
        link->own |= epoch;
    }
    if ( peer == link->expected && (link->own & 0xffff) )
        link_begin(link);
    link_announce(link);

    return link->status;
}

/*
 * Begin a session, or see that the peer is still in it, and nobody else is on
 * this side.
 *
 * Acquire: pairs with the release in the peer's link_announce().  Who sees
 * another format of a peer that has started anew sees that it has.
 */
int shared_mem_ring_check(struct shared_mem_ring_link *link)
{
    uint32_t format;

    if ( link->status == SHARED_MEM_ENOTCONN )
        return link_connect(link);
    if ( link->status )
        return link->status;

    format = shared_mem_load_acquire(&link->peer->format);
    if ( shared_mem_load(&link->peer->session) != link->expected )
        return link_stop(link, SHARED_MEM_ESTALE);

    if ( format != link->agreed ||
         shared_mem_load(&link->self->session) != link->own )
        return link_stop(link, SHARED_MEM_EPROTO);

    return link->dead == link->expected >> 16 ? SHARED_MEM_EPIPE : 0;
}

uint32_t shared_mem_ring_peer(const struct shared_mem_ring_link *link)
{
    return shared_mem_load(&link->peer->session) >> 16;
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
    int rc = shared_mem_ring_check(link);

    if ( rc )
        return rc;

    /* It only grows, and up to what has been published. */
    if ( tail % HEADER_SIZE || tail - link->tail > link->done - link->tail )
        return link_stop(link, SHARED_MEM_EPROTO);

    link->tail = tail;

    return 0;
}

int shared_mem_ring_publish(struct shared_mem_ring_producer *producer)
{
    struct shared_mem_ring_link *link = &producer->link;
    struct shared_mem_ring_header *first = header_at(link, link->done);
    struct shared_mem_ring_header *end = header_at(link, link->next);
    int rc = shared_mem_ring_check(link);

    if ( rc || first == end )
        return rc;

    link->done = link->next;

    /* The consumer comes to a stop behind the last message. */
    shared_mem_store(&end->word, 0);

    /* Release: pairs with the acquire in consumer_look(). */
    shared_mem_store_release(&first->word, link->first);

    return 0;
}

/*
 * The first message of a batch gets its word when the batch is published:
 * nothing behind it is seen before.
 */
static void producer_put(struct shared_mem_ring_link *link, uint32_t word,
                         uint32_t slot)
{
    struct shared_mem_ring_header *header = header_at(link, link->next);
    uint32_t next = link->next + slot;
    uint32_t check = check_of(link, word);

    if ( link->next == link->done )
        link->first = word;
    else
        shared_mem_store(&header->word, word);
    shared_mem_store(&header->check, check);

    link->next = next;
    prefetch_for_write(header_at(link, next + AHEAD));
    prefetch_for_write(header_at(link, next + AHEAD + CACHE_LINE));
}

/* Up to the limit there is too little: begin, go round, or look for more. */
static int producer_make_room(struct shared_mem_ring_producer *producer,
                              uint32_t length)
{
    struct shared_mem_ring_link *link = &producer->link;
    uint32_t wrap = wrap_of(link);
    int rc;

    link->reserved = 0;
    if ( !fits(length, (int32_t)(link->mask + 1 - HEADER_SIZE)) )
        return SHARED_MEM_EMSGSIZE;

    rc = link->status ? shared_mem_ring_check(link) : producer_refresh(link);
    if ( rc )
        return rc;

    link_measure(link);
    if ( !fits(length, room_of(link)) && link->limit == wrap )
    {
        producer_put(link, SHARED_MEM_RING_PADDING, wrap - link->next);
        link_measure(link);
    }
    if ( fits(length, room_of(link)) )
        return 0;

    /* The consumer must see what is in the way. */
    rc = shared_mem_ring_publish(producer);

    return rc ? rc : SHARED_MEM_EAGAIN;
}

int shared_mem_ring_reserve(struct shared_mem_ring_producer *producer,
                            uint32_t length, void **message)
{
    struct shared_mem_ring_link *link = &producer->link;

    if ( !fits(length, room_of(link)) )
    {
        int rc = producer_make_room(producer, length);

        if ( rc )
            return rc;
    }

    link->reserved = shared_mem_ring_slot(length);
    *message = header_at(link, link->next) + 1;

    return 0;
}

int shared_mem_ring_commit(struct shared_mem_ring_producer *producer,
                           uint32_t length)
{
    struct shared_mem_ring_link *link = &producer->link;

    if ( !fits(length, (int32_t)link->reserved) )
        return SHARED_MEM_EINVAL;

    link->reserved = 0;
    producer_put(link, SHARED_MEM_RING_MESSAGE + length,
                 shared_mem_ring_slot(length));

    return 0;
}

/*
 * Consumer.
 */

/* Acquire: pairs with the release in shared_mem_ring_publish(). */
static uint32_t consumer_look(const struct shared_mem_ring_link *link)
{
    return shared_mem_load_acquire(&header_at(link, link->next)->word);
}

/*
 * Go on behind the message or padding that @word says is there.  Nothing that
 * it says reaches beyond the ring, or into what has not been released.
 */
static int consumer_take(struct shared_mem_ring_link *link, uint32_t word,
                         uint32_t bytes)
{
    if ( !fits(bytes, room_of(link)) ||
         shared_mem_load(&header_at(link, link->next)->check) !=
         check_of(link, word) )
        return link_stop(link, SHARED_MEM_EPROTO);

    link->next += shared_mem_ring_slot(bytes);

    return 0;
}

/* There is no message up to the limit: begin, go round, or look again. */
static int consumer_seek(struct shared_mem_ring_consumer *consumer,
                         uint32_t *word)
{
    struct shared_mem_ring_link *link = &consumer->link;
    int rc = link->status;

    if ( rc )
        rc = shared_mem_ring_check(link);
    if ( rc )
        return rc;

    link_measure(link);
    *word = consumer_look(link);
    if ( *word == SHARED_MEM_RING_PADDING )
    {
        bool alone = link->next == link->tail;

        rc = consumer_take(link, *word,
                           wrap_of(link) - link->next - HEADER_SIZE);
        if ( rc )
            return rc;

        /* The producer may wait for just the room of the padding. */
        if ( alone )
            shared_mem_ring_release(consumer);
        link_measure(link);
        *word = consumer_look(link);
    }
    if ( *word )
        return 0;

    rc = shared_mem_ring_check(link);

    return rc ? rc : SHARED_MEM_EAGAIN;
}

int shared_mem_ring_peek(struct shared_mem_ring_consumer *consumer,
                         const void **message, uint32_t *length)
{
    struct shared_mem_ring_link *link = &consumer->link;
    uint32_t word = consumer_look(link);

    if ( !fits(word - SHARED_MEM_RING_MESSAGE, room_of(link)) )
    {
        int rc = consumer_seek(consumer, &word);

        if ( rc )
            return rc;
    }

    *length = word - SHARED_MEM_RING_MESSAGE;
    *message = header_at(link, link->next) + 1;

    return consumer_take(link, word, *length);
}

/*
 * Release: pairs with the acquire in producer_refresh(), after which the
 * producer writes where messages were read before.
 */
void shared_mem_ring_release(struct shared_mem_ring_consumer *consumer)
{
    struct shared_mem_ring_link *link = &consumer->link;

    link->tail = link->done = link->next;
    shared_mem_store_release(&ring_of(link)->tail, link->tail);
}
