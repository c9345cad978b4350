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
 * Handles are private memory; one belongs to one thread at a time.  Functions
 * return 0 or a negative shared_mem_error, and never wait:
 *   EAGAIN   no peer yet, ring full or empty: call again later
 *   ESTALE   the peer started anew; so until the resync
 *   EPROTO   what is in the ring cannot be right; so until the resync
 *   EPIPE    the peer is gone, see shared_mem_ring_peer_gone()
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

/* What shared memory begins with; the messages follow. */
struct shared_mem_ring {
    /* Own epoch in the high 16 bits; in the low, the peer's as accepted. */
    uint32_t producer;
    uint32_t consumer;
    uint32_t reserved0[30];
    uint32_t tail; /* the consumer has released up to here */
    uint32_t reserved1[31];
};

/* What a message begins with. */
struct shared_mem_ring_header {
    uint32_t word;  /* 0: no message yet; else SHARED_MEM_RING_* */
    uint32_t check; /* word ^ position ^ `producer' ^ (size + version) */
};

#define SHARED_MEM_RING_VERSION 1u

#define SHARED_MEM_RING_MESSAGE (2u << 30) /* and its length in bits 29:0 */
#define SHARED_MEM_RING_PADDING (3u << 30) /* and 0: go on at the beginning */

/*
 * What both handles have.  Positions are bytes since the session began, modulo
 * 2^32.
 */
struct shared_mem_ring_link {
    volatile uint32_t *self, *peer; /* `producer' and `consumer' */
    unsigned char *data;
    uint32_t mask;     /* the ring's size - 1 */
    uint32_t own;      /* own word, as stored last */
    uint32_t expected; /* the peer's word in this session */
    uint32_t seal;     /* what each `check' of this session has in common */
    int status;        /* 0: in a session; else what calls return */
    int gone;          /* 0, or EPIPE */
    uint32_t next;     /* committed, or peeked at, up to here */
    uint32_t tail;     /* released up to here; a producer: at least */
    uint32_t limit;    /* messages may reach up to here, at least */

    /* Of a producer only. */
    uint32_t done;     /* published up to here */
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

/* For the functions below, which know their side. */
int shared_mem_ring_init(struct shared_mem_ring_link *link, void *base,
                         size_t bytes, bool producer);
void shared_mem_ring_resync(struct shared_mem_ring_link *link);

/*
 * Start a side: a new session, whatever was there before.  @bytes is
 * SHARED_MEM_RING_BYTES(size), @base a multiple of SHARED_MEM_RING_ALIGN;
 * otherwise EINVAL.  The peer is told (ESTALE).  What is in the ring can still
 * be read if it is the producer that starts, and is lost if it is the consumer.
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
 * The caller knows from elsewhere that the peer has died.  Until it has
 * started again (ESTALE), the producer gets EPIPE, and the consumer too once
 * it has read what is left.  It says nothing of a peer that was not there yet.
 *
 * After ESTALE, learn of all deaths there were before the resync.  A death that
 * is told later is taken for the new peer's, which need not start again.
 */
static inline void shared_mem_ring_peer_gone(struct shared_mem_ring_link *link)
{
    link->gone = SHARED_MEM_EPIPE;
    link->limit = link->next;
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
 * *length, and stays the next message.
 */
int shared_mem_ring_read(struct shared_mem_ring_consumer *consumer,
                         void *buffer, uint32_t size, uint32_t *length);

#ifdef __cplusplus
}
#endif

#endif /* SHARED_MEM_RING_H */
