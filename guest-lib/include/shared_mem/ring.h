/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A ring of messages in a shared region: one producer, one consumer, no copy.
 * docs/guest-ring.md has the layout, the protocol, and what a peer that
 * misbehaves can and cannot do.
 *
 * A message is contiguous, of 0 to the ring's size - 16 bytes, and begins at a
 * multiple of 8.  It is the peer's to change at any time: copy what has to be
 * checked, then check the copy.
 *
 * Handles are private memory; one belongs to one thread at a time, and a ring
 * has one handle of each side.  Functions return 0 or a negative
 * shared_mem_error, and never wait:
 *   EAGAIN   full or empty: call again later
 *   ENOTCONN no peer yet: call again later
 *   ESTALE   the peer started anew; so until the resync
 *   EPROTO   what is in the ring cannot be right, or the peer has another
 *            format or too large a ring; so until the resync
 *   EPIPE    the peer is gone, see shared_mem_ring_consumer_peer_gone()
 *
 * Who sleeps asks two things, after whatever calls and results:
 *
 *   if ( shared_mem_ring_consumer_notify(&consumer) )
 *       notify the peer
 *   if ( shared_mem_ring_consumer_arm(&consumer) )
 *       sleep until a notification, also one that came since the arm
 *
 * Who polls for ever, and has a peer that does, needs neither.
 */
#ifndef SHARED_MEM_RING_H
#define SHARED_MEM_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shared_mem/errors.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The ring's size: a power of two, in bytes. */
#define SHARED_MEM_RING_SIZE_MIN 64u
#define SHARED_MEM_RING_SIZE_MAX (1u << 30)

/* Bytes of memory that a ring of this size takes; they begin at a multiple. */
#define SHARED_MEM_RING_BYTES(size) (sizeof(struct shared_mem_ring) + (size))
#define SHARED_MEM_RING_ALIGN 128u

/* What a side says to the other one.  It is seldom written. */
struct shared_mem_ring_side {
    uint32_t session; /* own epoch in bits 31:16; the peer's as accepted */
    uint32_t format;  /* size + SHARED_MEM_RING_VERSION; a consumer's: at most */
    uint32_t wake;    /* notify me when you get to this position */
    uint32_t reserved[13];
};

/* What shared memory begins with; the messages follow. */
struct shared_mem_ring {
    struct shared_mem_ring_side producer;
    struct shared_mem_ring_side consumer;
    uint32_t tail; /* the consumer has released up to here */
    uint32_t reserved[31];
};

/* What a message begins with. */
struct shared_mem_ring_header {
    uint32_t word;  /* 0: no message yet; else SHARED_MEM_RING_* */
    uint32_t check; /* word ^ position ^ session ^ format of the producer */
};

/* Below the smallest size. */
#define SHARED_MEM_RING_VERSION 2u

#define SHARED_MEM_RING_MESSAGE (2u << 30) /* and its length in bits 29:0 */
#define SHARED_MEM_RING_PADDING (3u << 30) /* and 0: go on at the beginning */

/*
 * What both handles have.  Positions are bytes since the session began, modulo
 * 2^32.
 */
struct shared_mem_ring_link {
    struct shared_mem_ring_side *self, *peer;
    unsigned char *data;
    uint32_t mask;     /* the ring's size - 1 */
    uint32_t format;   /* own, as in shared memory */
    uint32_t own;      /* own `session', as stored last */
    uint32_t expected; /* the peer's in this session */
    uint32_t agreed;   /* the peer's `format' in this session */
    uint32_t seal;     /* what each `check' of this session has in common */
    int status;        /* 0: in a session; else what calls return */
    bool producer;     /* or consumer */
    uint32_t dead;     /* epoch of a peer that is gone; 0: none */
    uint32_t told_own; /* own `session' at the last question: see `told' */
    uint32_t next;     /* committed, or peeked at, up to here */
    uint32_t tail;     /* released up to here; a producer: at least */
    uint32_t limit;    /* messages may reach up to here, at least */
    uint32_t done;     /* published, or released, up to here */
    uint32_t told;     /* the same at the last question whether to notify */

    /* Of a producer only. */
    uint32_t first;    /* word of the message at `done', once it is committed */
    uint32_t reserved; /* bytes at `next', with the message's header */
};

struct shared_mem_ring_producer {
    struct shared_mem_ring_link link;
};

struct shared_mem_ring_consumer {
    struct shared_mem_ring_link link;
};

/* Bytes that a message takes, with its header. */
static inline uint32_t shared_mem_ring_slot(uint32_t length)
{
    return (length + (uint32_t)sizeof(struct shared_mem_ring_header) + 7) & ~7u;
}

/* The size of the largest ring in @bytes of memory; 0: there is none. */
static inline uint32_t shared_mem_ring_size(size_t bytes)
{
    if ( bytes < SHARED_MEM_RING_BYTES(SHARED_MEM_RING_SIZE_MIN) )
        return 0;

    bytes -= sizeof(struct shared_mem_ring);
    if ( bytes >= SHARED_MEM_RING_SIZE_MAX )
        return SHARED_MEM_RING_SIZE_MAX;

    return 1u << (31 - __builtin_clz((uint32_t)bytes));
}

/* For the functions below, which know their side. */
int shared_mem_ring_init(struct shared_mem_ring_link *link, void *base,
                         size_t bytes, bool producer);
void shared_mem_ring_resync(struct shared_mem_ring_link *link);
int shared_mem_ring_check(struct shared_mem_ring_link *link);
bool shared_mem_ring_notify(struct shared_mem_ring_link *link);
uint32_t shared_mem_ring_peer(const struct shared_mem_ring_link *link);

static inline void shared_mem_ring_peer_gone(struct shared_mem_ring_link *link,
                                             uint32_t peer)
{
    link->dead = peer;
    link->limit = link->next;
}

/*
 * Start a side: a new session, whatever was there before.  @bytes is what
 * there is at @base, a multiple of SHARED_MEM_RING_ALIGN.  The producer makes
 * the largest ring that fits; the consumer takes it as it is, or says EPROTO.
 * EINVAL: there is not even room for the smallest.  The peer is told (ESTALE).
 * What is in the ring can still be read if it is the producer that starts, and
 * is lost if it is the consumer.
 */
static inline int
shared_mem_ring_producer_init(struct shared_mem_ring_producer *producer,
                              void *base, size_t bytes)
{
    return shared_mem_ring_init(&producer->link, base, bytes, true);
}

static inline int
shared_mem_ring_consumer_init(struct shared_mem_ring_consumer *consumer,
                              void *base, size_t bytes)
{
    return shared_mem_ring_init(&consumer->link, base, bytes, false);
}

/*
 * Give up the session, and wait for another one.  Pointers to messages are
 * void, and so is what was reserved or committed.
 */
static inline void
shared_mem_ring_producer_resync(struct shared_mem_ring_producer *producer)
{
    shared_mem_ring_resync(&producer->link);
}

static inline void
shared_mem_ring_consumer_resync(struct shared_mem_ring_consumer *consumer)
{
    shared_mem_ring_resync(&consumer->link);
}

/*
 * Does the peer have to be notified of what was done since the last such
 * question?  It is the same after each call, whatever it returned: a start, a
 * resync, and a call that fails may have told the peer something.  Ask at the
 * latest before sleeping, or before doing nothing for long.
 */
static inline bool
shared_mem_ring_producer_notify(struct shared_mem_ring_producer *producer)
{
    return shared_mem_ring_notify(&producer->link);
}

static inline bool
shared_mem_ring_consumer_notify(struct shared_mem_ring_consumer *consumer)
{
    return shared_mem_ring_notify(&consumer->link);
}

/*
 * The peer is to notify: a producer when a message of @length bytes may fit, a
 * consumer when there is a message, both when a session begins or is over.
 * Returns whether the caller may sleep until then; false: call again now, there
 * is something to do, or to notify the peer of; or the message never fits.
 */
bool shared_mem_ring_producer_arm(struct shared_mem_ring_producer *producer,
                                  uint32_t length);
bool shared_mem_ring_consumer_arm(struct shared_mem_ring_consumer *consumer);

/*
 * Which peer it is whose words are in the ring; 0: nobody has been there yet.
 * It is another one each time that the peer starts or resyncs.
 */
static inline uint32_t
shared_mem_ring_producer_peer(const struct shared_mem_ring_producer *producer)
{
    return shared_mem_ring_peer(&producer->link);
}

static inline uint32_t
shared_mem_ring_consumer_peer(const struct shared_mem_ring_consumer *consumer)
{
    return shared_mem_ring_peer(&consumer->link);
}

/*
 * The caller knows from elsewhere that this @peer has died.  Until it has
 * started again the producer gets EPIPE, and the consumer too once it has read
 * what is left; no session with it begins.  To be sure that it is this one:
 * first ask for @peer, then look whether anybody is alive who may be the other
 * side, and tell if nobody is.
 */
static inline void
shared_mem_ring_producer_peer_gone(struct shared_mem_ring_producer *producer,
                                   uint32_t peer)
{
    shared_mem_ring_peer_gone(&producer->link, peer);
}

static inline void
shared_mem_ring_consumer_peer_gone(struct shared_mem_ring_consumer *consumer,
                                   uint32_t peer)
{
    shared_mem_ring_peer_gone(&consumer->link, peer);
}

/*
 * As at the last call, without a look at shared memory: is there a session; the
 * bytes, with headers, that were committed, and that the consumer is not known
 * to have released; those that are left; those that the consumer holds.
 */
static inline bool
shared_mem_ring_producer_connected(const struct shared_mem_ring_producer *side)
{
    return !side->link.status;
}

static inline bool
shared_mem_ring_consumer_connected(const struct shared_mem_ring_consumer *side)
{
    return !side->link.status;
}

static inline uint32_t
shared_mem_ring_used(const struct shared_mem_ring_producer *producer)
{
    return producer->link.next - producer->link.tail;
}

static inline uint32_t
shared_mem_ring_free(const struct shared_mem_ring_producer *producer)
{
    return producer->link.mask + 1 -
           (uint32_t)sizeof(struct shared_mem_ring_header) -
           shared_mem_ring_used(producer);
}

static inline uint32_t
shared_mem_ring_held(const struct shared_mem_ring_consumer *consumer)
{
    return consumer->link.next - consumer->link.tail;
}

/*
 * Room for a message of up to @length bytes.  EMSGSIZE: it never fits.  When
 * it returns EAGAIN, all that was committed has been published.  Where room is
 * known to be there it is not noticed that the peer started anew: publish does.
 */
int shared_mem_ring_reserve(struct shared_mem_ring_producer *producer,
                            uint32_t length, void **message);

/* It is complete, with @length bytes; EINVAL: more than reserved, or none. */
int shared_mem_ring_commit(struct shared_mem_ring_producer *producer,
                           uint32_t length);

/* The consumer shall see all that was committed.  After ESTALE it does not. */
int shared_mem_ring_publish(struct shared_mem_ring_producer *producer);

/* Reserve, copy, commit and publish. */
int shared_mem_ring_write(struct shared_mem_ring_producer *producer,
                          const void *data, uint32_t length);

/* The next message.  It stays where it is until the release. */
int shared_mem_ring_peek(struct shared_mem_ring_consumer *consumer,
                         const void **message, uint32_t *length);

/* Give back the room of all messages that were peeked at. */
void shared_mem_ring_release(struct shared_mem_ring_consumer *consumer);

/*
 * Peek, copy and release.  EMSGSIZE: it does not fit into @size bytes, has
 * *length, and stays the next message.  While others are held from a peek it
 * is held with them, until the release.
 */
int shared_mem_ring_read(struct shared_mem_ring_consumer *consumer,
                         void *buffer, uint32_t size, uint32_t *length);

#ifdef __cplusplus
}
#endif

#endif /* SHARED_MEM_RING_H */
