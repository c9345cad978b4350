/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target for the guest library's ring of messages: a producer and a
 * consumer that call in any order, over memory that others write to between
 * any two accesses.  The first byte is the ring's size; then come calls, each
 * a byte and its arguments, with what the others write in between (hostile.h).
 */
#include <stdbool.h>
#include <string.h>

#include <shared_mem/ring.h>

#include "hostile.h"

/* More than any call needs, but for those that copy. */
#define ACCESSES_MAX 24

enum { RESERVE, COMMIT, PUBLISH, WRITE, PEEK, RELEASE, READ, CONTROL, CALLS };

static struct shared_mem_ring *ring;
static uint8_t *data;
static uint32_t size;

static struct shared_mem_ring_producer producer;
static struct shared_mem_ring_consumer consumer;
static const void *calling; /* which of the two */

/* Peeked at and not released: each of its 8 byte units belongs to a message. */
static bool held[8192 / 8];

#define COPY_SIZE 8192
#define GUARD 16
static uint8_t copy[COPY_SIZE + GUARD];

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size);

static bool own_word(const struct shared_mem_ring_side *side,
                     const volatile uint32_t *word)
{
    return word == &side->session || word == &side->format ||
           word == &side->wake;
}

/* Each side writes its own words only. */
static void check_write(const volatile uint32_t *word)
{
    const volatile uint8_t *byte = (const volatile uint8_t *)word;

    if ( calling == &producer )
        CHECK(own_word(&ring->producer, word) ||
              (byte >= data && byte < data + size));
    else
        CHECK(own_word(&ring->consumer, word) || word == &ring->tail);
}

static void check_result(int rc, int before)
{
    CHECK(rc == 0 || rc == SHARED_MEM_EAGAIN || rc == SHARED_MEM_ESTALE ||
          rc == SHARED_MEM_EPROTO || rc == SHARED_MEM_EPIPE ||
          rc == SHARED_MEM_ENOTCONN ||
          rc == SHARED_MEM_EMSGSIZE || rc == SHARED_MEM_EINVAL);

    /* These stay, whatever comes, but for calls that are wrong anyway. */
    if ( before == SHARED_MEM_ESTALE || before == SHARED_MEM_EPROTO )
        CHECK(rc == before || rc == SHARED_MEM_EMSGSIZE ||
              rc == SHARED_MEM_EINVAL);
}

static void check_positions(void)
{
    uint32_t used = producer.link.next - producer.link.tail;

    CHECK(used <= size - 8 && used % 8 == 0);
    CHECK(producer.link.done - producer.link.tail <= used);

    used = consumer.link.next - consumer.link.tail;
    CHECK(used <= size - 8 && used % 8 == 0);
    CHECK(producer.link.mask == size - 1);
    CHECK(consumer.link.mask <= size - 1 && consumer.link.mask >= 63);
}

static uint32_t length_argument(void)
{
    uint32_t length = hostile_byte();

    return length == 0xff ? hostile_word() : length * (size / 64);
}

static int reserve(void)
{
    uint32_t length = length_argument();
    void *message;
    int rc = shared_mem_ring_reserve(&producer, length, &message);

    if ( !rc )
    {
        uint8_t *bytes = message;

        CHECK(length <= size - 16);
        CHECK(bytes >= data + 8 && bytes + length <= data + size);
        CHECK((uintptr_t)bytes % 8 == 0);
        memset(bytes, 0xa5, length);
    }
    else if ( length > size - 16 )
        CHECK(rc == SHARED_MEM_EMSGSIZE);

    return rc;
}

static int peek(void)
{
    const void *message;
    uint32_t length;
    int rc = shared_mem_ring_peek(&consumer, &message, &length);
    const uint8_t *bytes = message;

    if ( rc )
        return rc;

    CHECK(length <= size - 16);
    CHECK(bytes >= data + 8 && bytes + length <= data + size);
    CHECK((uintptr_t)bytes % 8 == 0);
    for ( size_t i = (size_t)(bytes - data) / 8 - 1;
          i < ((size_t)(bytes - data) + length + 7) / 8; i++ )
    {
        CHECK(!held[i]);
        held[i] = true;
    }

    return 0;
}

static void release(void)
{
    shared_mem_ring_release(&consumer);
    memset(held, 0, sizeof(held));
}

static int read_message(void)
{
    uint32_t room = length_argument() % COPY_SIZE, length;
    int rc;

    memset(copy + room, 0x5a, GUARD);
    rc = shared_mem_ring_read(&consumer, copy, room, &length);
    if ( !rc )
    {
        CHECK(length <= room);
        memset(held, 0, sizeof(held));
    }
    else if ( rc == SHARED_MEM_EMSGSIZE )
        CHECK(length > room && length <= size - 16);
    for ( size_t i = room; i < room + GUARD; i++ )
        CHECK(copy[i] == 0x5a);

    return rc;
}

static int start_producer(void)
{
    return shared_mem_ring_producer_init(&producer, ring,
                                         sizeof(*ring) + size);
}

static int start_consumer(void)
{
    return shared_mem_ring_consumer_init(&consumer, ring,
                                         sizeof(*ring) + size);
}

static void control(uint8_t what)
{
    calling = what & 1 ? (void *)&producer : (void *)&consumer;
    switch ( what & 7 )
    {
    case 1:
        shared_mem_ring_producer_resync(&producer);
        break;
    case 3:
        CHECK(!start_producer());
        break;
    case 5:
        shared_mem_ring_producer_peer_gone(
            &producer, shared_mem_ring_producer_peer(&producer));
        break;
    case 0:
        shared_mem_ring_consumer_resync(&consumer);
        memset(held, 0, sizeof(held));
        break;
    case 2:
        CHECK(!start_consumer());
        memset(held, 0, sizeof(held));
        break;
    case 4:
        shared_mem_ring_consumer_peer_gone(
            &consumer, shared_mem_ring_consumer_peer(&consumer));
        break;
    case 7:
        if ( !shared_mem_ring_producer_notify(&producer) )
            (void)shared_mem_ring_producer_arm(&producer, length_argument());
        break;
    case 6:
        if ( !shared_mem_ring_consumer_notify(&consumer) )
            (void)shared_mem_ring_consumer_arm(&consumer);
        break;
    }
}

static void one_call(uint8_t what)
{
    int before, rc = 0;

    calling = what % CALLS < PEEK ? (void *)&producer : (void *)&consumer;
    before = what % CALLS < PEEK ? producer.link.status
                                 : consumer.link.status;
    switch ( what % CALLS )
    {
    case RESERVE:
        rc = reserve();
        break;
    case COMMIT:
        rc = shared_mem_ring_commit(&producer, length_argument());
        before = 0;
        break;
    case PUBLISH:
        rc = shared_mem_ring_publish(&producer);
        break;
    case WRITE:
        rc = shared_mem_ring_write(&producer, copy,
                                   length_argument() % COPY_SIZE);
        break;
    case PEEK:
        rc = peek();
        break;
    case RELEASE:
        release();
        before = 0;
        break;
    case READ:
        rc = read_message();
        break;
    case CONTROL:
        control(what / CALLS);
        before = 0;
        break;
    }
    check_result(rc, before);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size)
{
    unsigned long accesses;
    uint8_t what;

    if ( !input_size )
        return 0;

    size = 64u << input[0] % 7;
    hostile_start(input + 1, input_size - 1);
    hostile_on_write(check_write);
    ring = hostile_area(sizeof(*ring) + size);
    data = (uint8_t *)(ring + 1);
    memset(held, 0, sizeof(held));

    calling = &producer;
    CHECK(!start_producer());
    calling = &consumer;
    CHECK(!start_consumer());
    while ( hostile_left() )
    {
        what = hostile_byte();
        accesses = hostile_accesses();
        one_call(what);
        accesses = hostile_accesses() - accesses;
        CHECK(accesses <= ACCESSES_MAX + size / 4);
        if ( what % CALLS != WRITE && what % CALLS != READ )
            CHECK(accesses <= ACCESSES_MAX);
        check_positions();
    }

    return 0;
}
