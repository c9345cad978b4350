/*
 * Unit tests of the guest library's ring of messages, by docs/guest-ring.md.
 * Offsets and values of shared memory are written out here as documented.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <shared_mem/ring.h>

#include "words.h"

/* Of the memory below. */
#define get(offset)       word_at(memory, offset)
#define put(offset, word) set_word(memory, offset, word)

#define SIZE 256
#define MAX (SIZE - 16)
#define BYTES (256 + SIZE)

/* Words of shared memory, by their offsets. */
#define PRODUCER 0x00
#define CONSUMER 0x40
#define TAIL     0x80
#define FORMAT_OF(side) ((side) + 4)
#define WAKE_OF(side)   ((side) + 8)
#define DATA     0x100

/* Part of each message's check word. */
#define FORMAT (SIZE + 2)

/* Red zones of ASan are around it. */
static _Alignas(128) uint8_t memory[BYTES];

static struct shared_mem_ring_producer producer;
static struct shared_mem_ring_consumer consumer;

static int reserve(uint32_t length)
{
    void *message;

    return shared_mem_ring_reserve(&producer, length, &message);
}

static int peek(void)
{
    const void *message;
    uint32_t length;

    return shared_mem_ring_peek(&consumer, &message, &length);
}

static void start_producer(void)
{
    assert_int_equal(shared_mem_ring_producer_init(&producer, memory, BYTES),
                     0);
}

static void start_consumer(void)
{
    assert_int_equal(shared_mem_ring_consumer_init(&consumer, memory, BYTES),
                     0);
}

/* Two that wait for each other. */
static void connect(void)
{
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    assert_int_equal(reserve(0), 0);
    assert_int_equal(peek(), SHARED_MEM_EAGAIN);
}

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    start_producer();
    start_consumer();
    connect();

    return 0;
}

static void fill(uint8_t *bytes, uint32_t length, uint32_t seed)
{
    for ( uint32_t i = 0; i < length; i++ )
        bytes[i] = (uint8_t)(seed * 31 + i * 7 + 1);
}

static int send(uint32_t length, uint32_t seed)
{
    uint8_t bytes[SIZE];

    fill(bytes, length, seed);

    return shared_mem_ring_write(&producer, bytes, length);
}

static void assert_message(const void *message, uint32_t length, uint32_t seed)
{
    uint8_t bytes[SIZE];

    fill(bytes, length, seed);
    assert_memory_equal(message, bytes, length);
}

static void receive(uint32_t length, uint32_t seed)
{
    uint8_t bytes[SIZE];
    uint32_t got;

    assert_int_equal(
        shared_mem_ring_read(&consumer, bytes, sizeof(bytes), &got), 0);
    assert_int_equal(got, length);
    assert_message(bytes, length, seed);
}

static void transfer(uint32_t length, uint32_t seed)
{
    assert_int_equal(send(length, seed), 0);
    receive(length, seed);
}

/*
 * Starting.
 */

static void test_arguments(void **state)
{
    uint8_t *base = memory;

    (void)state;
    assert_int_equal(shared_mem_ring_producer_init(&producer, NULL, BYTES),
                     SHARED_MEM_EINVAL);
    for ( size_t bytes = 0; bytes < BYTES; bytes++ )
    {
        bool valid = bytes >= 256 + 64;

        assert_int_equal(shared_mem_ring_producer_init(&producer, base, bytes),
                         valid ? 0 : SHARED_MEM_EINVAL);
        assert_int_equal(shared_mem_ring_consumer_init(&consumer, base, bytes),
                         valid ? 0 : SHARED_MEM_EINVAL);
    }
    for ( unsigned int shift = 1; shift < 128; shift++ )
        assert_int_equal(shared_mem_ring_producer_init(&producer, base + shift,
                                                       256 + 64),
                         SHARED_MEM_EINVAL);
    assert_int_equal(shared_mem_ring_producer_init(&producer, base,
                                                   256 + ((size_t)1 << 30)),
                     0);
    assert_int_equal(get(FORMAT_OF(PRODUCER)), (1 << 30) + 2);
    assert_int_equal(shared_mem_ring_producer_init(&producer, base, SIZE_MAX),
                     0);
    assert_int_equal(get(FORMAT_OF(PRODUCER)), (1 << 30) + 2);
}

/* The largest power of two that fits. */
static void test_size(void **state)
{
    (void)state;
    for ( size_t bytes = 0; bytes < 256 + 64; bytes++ )
        assert_int_equal(shared_mem_ring_size(bytes), 0);
    for ( uint32_t size = 64; size <= 1u << 30; size *= 2 )
    {
        assert_int_equal(shared_mem_ring_size(256 + (size_t)size), size);
        assert_int_equal(shared_mem_ring_size(255 + 2 * (size_t)size), size);
    }
    assert_int_equal(shared_mem_ring_size(SIZE_MAX), 1u << 30);
    assert_int_equal(shared_mem_ring_size(65536), 32768);
}

static void test_layout(void **state)
{
    (void)state;
    assert_int_equal(get(PRODUCER), 0x00010001);
    assert_int_equal(get(CONSUMER), 0x00010001);
    assert_int_equal(get(FORMAT_OF(PRODUCER)), FORMAT);
    assert_int_equal(get(FORMAT_OF(CONSUMER)), FORMAT);
    assert_int_equal(get(TAIL), 0);

    assert_int_equal(shared_mem_ring_write(&producer, "abc", 3), 0);
    assert_int_equal(get(DATA), 0x80000003);
    assert_int_equal(get(DATA + 4), 0x80000003 ^ 0 ^ 0x00010001 ^ FORMAT);
    assert_memory_equal(&memory[DATA + 8], "abc", 3);
    assert_int_equal(get(DATA + 16), 0);

    assert_int_equal(shared_mem_ring_write(&producer, "", 0), 0);
    assert_int_equal(get(DATA + 16), 0x80000000);
    assert_int_equal(get(DATA + 20), 0x80000000 ^ 16 ^ 0x00010001 ^ FORMAT);
    assert_int_equal(get(DATA + 24), 0);

    assert_int_equal(get(TAIL), 0);
    assert_int_equal(peek(), 0);
    shared_mem_ring_release(&consumer);
    assert_int_equal(get(TAIL), 16);
    assert_int_equal(peek(), 0);
    shared_mem_ring_release(&consumer);
    assert_int_equal(get(TAIL), 24);
}

static void test_no_peer(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    start_producer();
    for ( unsigned int i = 0; i < 3; i++ )
    {
        assert_int_equal(reserve(1), SHARED_MEM_ENOTCONN);
        assert_int_equal(shared_mem_ring_publish(&producer),
                         SHARED_MEM_ENOTCONN);
        assert_int_equal(shared_mem_ring_write(&producer, "", 0),
                         SHARED_MEM_ENOTCONN);
    }

    /* 0 is no epoch. */
    put(CONSUMER, 0x00000001);
    assert_int_equal(reserve(1), SHARED_MEM_ENOTCONN);

    memset(memory, 0, sizeof(memory));
    start_consumer();
    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
}

/* The producer writes no message's byte before it knows of the acceptance. */
static void test_strict_handshake(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    memset(&memory[DATA], 0x5a, SIZE);
    start_consumer();
    start_producer();
    assert_int_equal(reserve(1), SHARED_MEM_ENOTCONN);
    for ( unsigned int i = DATA; i < BYTES; i++ )
        assert_int_equal(memory[i], 0x5a);

    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    assert_int_equal(get(CONSUMER), 0x00010001);
    assert_int_equal(reserve(1), 0);
    assert_int_equal(get(DATA), 0);
    assert_int_equal(peek(), SHARED_MEM_EAGAIN);
    transfer(7, 1);
}

/* Whoever starts first, and however often each asks. */
static void test_start_orders(void **state)
{
    (void)state;
    for ( unsigned int order = 0; order < 64; order++ )
    {
        memset(memory, 0, sizeof(memory));
        if ( order & 1 )
            start_producer();
        start_consumer();
        if ( !(order & 1) )
            start_producer();
        for ( unsigned int i = 1; i < 6; i++ )
            if ( order >> i & 1 )
                (void)reserve(1);
            else
                (void)peek();
        assert_true(peek() == SHARED_MEM_EAGAIN || peek() == SHARED_MEM_ENOTCONN);
        assert_int_equal(send(5, order), 0);
        receive(5, order);
    }
}

/*
 * Messages.
 */

static void test_every_length(void **state)
{
    (void)state;
    for ( uint32_t length = 0; length <= MAX; length++ )
        for ( unsigned int i = 0; i < 2 * SIZE / (length + 8); i++ )
        {
            int rc = send(length, length + i);

            /* Padding alone, that the consumer has to drain. */
            if ( rc == SHARED_MEM_EAGAIN )
            {
                assert_int_equal(peek(), SHARED_MEM_EAGAIN);
                rc = send(length, length + i);
            }
            assert_int_equal(rc, 0);
            receive(length, length + i);
        }
}

static void test_too_long(void **state)
{
    (void)state;
    assert_int_equal(reserve(MAX + 1), SHARED_MEM_EMSGSIZE);
    assert_int_equal(reserve(UINT32_MAX), SHARED_MEM_EMSGSIZE);
    assert_int_equal(reserve(UINT32_MAX - 7), SHARED_MEM_EMSGSIZE);
    assert_int_equal(reserve(SIZE), SHARED_MEM_EMSGSIZE);
    assert_int_equal(reserve(MAX), 0);
}

/* The longest message gets through from each position of the ring. */
static void test_longest_from_everywhere(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < SIZE / 8; i++ )
    {
        int rc;

        setup(state);
        for ( unsigned int j = 0; j < i; j++ )
            transfer(0, j);
        rc = send(MAX, i);
        if ( i > 1 )
        {
            assert_int_equal(rc, SHARED_MEM_EAGAIN);
            assert_int_equal(send(MAX, i), SHARED_MEM_EAGAIN);
            assert_int_equal(peek(), SHARED_MEM_EAGAIN);
            rc = send(MAX, i);
        }
        assert_int_equal(rc, 0);
        assert_int_equal(send(0, 0), SHARED_MEM_EAGAIN);
        receive(MAX, i);
        transfer(1, i);
    }
}

/* Aligned to 8, and in one piece. */
static void test_places(void **state)
{
    void *message;

    (void)state;
    for ( uint32_t length = 0; length < 60; length++ )
    {
        assert_int_equal(shared_mem_ring_reserve(&producer, length, &message),
                         0);
        assert_int_equal((uintptr_t)message % 8, 0);
        assert_true((uint8_t *)message >= &memory[DATA + 8]);
        assert_true((uint8_t *)message + length <= &memory[BYTES]);
        fill(message, length, length);
        assert_int_equal(shared_mem_ring_commit(&producer, length), 0);
        assert_int_equal(shared_mem_ring_publish(&producer), 0);
        receive(length, length);
    }
}

static void test_full(void **state)
{
    unsigned int n = 0;

    (void)state;
    while ( !send(8, n) )
        n++;
    assert_int_equal(n, (SIZE - 8) / 16);
    assert_int_equal(send(8, n), SHARED_MEM_EAGAIN);
    receive(8, 0);
    assert_int_equal(send(8, n), 0);
    assert_int_equal(send(8, n), SHARED_MEM_EAGAIN);
    for ( unsigned int i = 1; i <= n; i++ )
        receive(8, i);
    assert_int_equal(peek(), SHARED_MEM_EAGAIN);
}

/* Positions go round after 2^32 bytes. */
static void test_position_wrap(void **state)
{
    uint32_t start = UINT32_MAX - 2 * SIZE + 1;

    (void)state;
    producer.link.done = producer.link.next = producer.link.tail = start;
    producer.link.limit = start;
    consumer.link.next = consumer.link.tail = consumer.link.limit = start;
    put(TAIL, start);

    /* The ring is full after as many bytes as ever. */
    for ( unsigned int lap = 0; lap < 3; lap++ )
    {
        for ( unsigned int i = 0; i < (SIZE - 8) / 16; i++ )
            assert_int_equal(send(8, i), 0);
        assert_int_equal(send(8, 0), SHARED_MEM_EAGAIN);
        for ( unsigned int i = 0; i < (SIZE - 8) / 16; i++ )
            receive(8, i);
    }
    assert_true(producer.link.next < start);
    for ( unsigned int i = 0; i < 64; i++ )
        transfer(i, i);
}

static void test_commit(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_ring_commit(&producer, 1), SHARED_MEM_EINVAL);
    assert_int_equal(reserve(20), 0);
    assert_int_equal(shared_mem_ring_commit(&producer, 25), SHARED_MEM_EINVAL);
    assert_int_equal(shared_mem_ring_commit(&producer, UINT32_MAX),
                     SHARED_MEM_EINVAL);
    assert_int_equal(shared_mem_ring_commit(&producer, 3), 0);
    assert_int_equal(shared_mem_ring_commit(&producer, 0), SHARED_MEM_EINVAL);
    assert_int_equal(shared_mem_ring_publish(&producer), 0);
    assert_int_equal(producer.link.next, 16);

    /* A reservation that is not wanted is replaced by the next one. */
    assert_int_equal(reserve(100), 0);
    assert_int_equal(reserve(4), 0);
    assert_int_equal(shared_mem_ring_commit(&producer, 100),
                     SHARED_MEM_EINVAL);
    assert_int_equal(reserve(MAX + 1), SHARED_MEM_EMSGSIZE);
    assert_int_equal(shared_mem_ring_commit(&producer, 4), SHARED_MEM_EINVAL);
}

static void test_read_sizes(void **state)
{
    uint8_t bytes[24];
    uint32_t length = 0;

    (void)state;
    assert_int_equal(send(20, 1), 0);
    assert_int_equal(send(3, 2), 0);
    for ( uint32_t size = 0; size < 20; size++ )
    {
        assert_int_equal(shared_mem_ring_read(&consumer, bytes, size, &length),
                         SHARED_MEM_EMSGSIZE);
        assert_int_equal(length, 20);
    }
    memset(bytes, 0xee, sizeof(bytes));
    assert_int_equal(shared_mem_ring_read(&consumer, bytes, 20, &length), 0);
    assert_message(bytes, 20, 1);
    assert_int_equal(bytes[20], 0xee);

    assert_int_equal(shared_mem_ring_read(&consumer, bytes + 1, 3, &length), 0);
    assert_int_equal(length, 3);
    assert_message(bytes + 1, 3, 2);
    assert_int_equal(shared_mem_ring_read(&consumer, bytes, 20, &length),
                     SHARED_MEM_EAGAIN);
}

/* What was peeked at before stays, with what is read, until the release. */
static void test_read_keeps_what_is_held(void **state)
{
    const void *message;
    uint32_t length;

    (void)state;
    assert_int_equal(send(20, 1), 0);
    assert_int_equal(send(30, 2), 0);
    assert_int_equal(shared_mem_ring_peek(&consumer, &message, &length), 0);
    receive(30, 2);
    assert_int_equal(get(TAIL), 0);
    while ( !send(9, 9) )
        continue;
    assert_message(message, 20, 1);
    shared_mem_ring_release(&consumer);
    assert_int_equal(get(TAIL), 32 + 40);
    receive(9, 9);
    assert_int_equal(get(TAIL), 32 + 40 + 24);
}

/* Also behind padding, whose room is given back all the same. */
static void test_read_too_small_behind_padding(void **state)
{
    uint8_t byte;
    uint32_t length;

    (void)state;
    transfer(200, 1);
    assert_int_equal(send(100, 2), 0);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        assert_int_equal(shared_mem_ring_read(&consumer, &byte, 1, &length),
                         SHARED_MEM_EMSGSIZE);
        assert_int_equal(length, 100);
    }

    /* Where the padding was is another message now. */
    assert_int_equal(send(104, 3), 0);
    receive(100, 2);
    receive(104, 3);
    transfer(9, 4);
}

/*
 * Batches.
 */

static void stage(uint32_t length, uint32_t seed)
{
    void *message;

    assert_int_equal(shared_mem_ring_reserve(&producer, length, &message), 0);
    fill(message, length, seed);
    assert_int_equal(shared_mem_ring_commit(&producer, length), 0);
}

static void test_publish_batch(void **state)
{
    (void)state;
    for ( unsigned int round = 0; round < 20; round++ )
    {
        for ( unsigned int i = 0; i < 5; i++ )
        {
            stage(i * 7, i);
            assert_int_equal(peek(), SHARED_MEM_EAGAIN);
        }
        assert_int_equal(shared_mem_ring_publish(&producer), 0);
        for ( unsigned int i = 0; i < 5; i++ )
            receive(i * 7, i);
        assert_int_equal(peek(), SHARED_MEM_EAGAIN);
        assert_int_equal(shared_mem_ring_publish(&producer), 0);
        assert_int_equal(peek(), SHARED_MEM_EAGAIN);
    }
}

static void test_release_batch(void **state)
{
    const void *message[5];
    uint32_t length, n = 0;

    (void)state;
    for ( unsigned int round = 0; round < 10; round++ )
    {
        for ( unsigned int i = 0; i < 5; i++ )
            assert_int_equal(send(20 + i, n + i), 0);
        for ( unsigned int i = 0; i < 5; i++ )
            assert_int_equal(
                shared_mem_ring_peek(&consumer, &message[i], &length), 0);
        assert_int_equal(peek(), SHARED_MEM_EAGAIN);

        /* What was peeked at stays, though there is little room. */
        while ( !send(30, 99) )
            continue;
        for ( unsigned int i = 0; i < 5; i++ )
            assert_message(message[i], 20 + i, n + i);
        shared_mem_ring_release(&consumer);
        while ( !peek() )
            shared_mem_ring_release(&consumer);
        n += 5;
    }
}

/* A batch that does not fit is published, or it would be in its own way. */
static void test_batch_larger_than_ring(void **state)
{
    (void)state;
    transfer(100, 0);
    stage(50, 1);
    stage(20, 2);
    assert_int_equal(peek(), SHARED_MEM_EAGAIN);
    assert_int_equal(reserve(MAX), SHARED_MEM_EAGAIN);
    receive(50, 1);
    receive(20, 2);
    assert_int_equal(reserve(MAX), SHARED_MEM_EAGAIN);
    assert_int_equal(peek(), SHARED_MEM_EAGAIN);
    stage(MAX, 3);
    assert_int_equal(shared_mem_ring_publish(&producer), 0);
    receive(MAX, 3);
}

/* Padding in the middle of a batch, and at its begin. */
static void test_batch_with_padding(void **state)
{
    (void)state;
    for ( uint32_t before = 120; before <= 232; before += 8 )
    {
        setup(state);
        transfer(before, 0);
        stage(24, 1);
        stage(24, 2);
        assert_int_equal(peek(), SHARED_MEM_EAGAIN);
        assert_int_equal(shared_mem_ring_publish(&producer), 0);
        receive(24, 1);
        receive(24, 2);
    }
}

/* Padding between messages that are not released: it goes with them. */
static void test_padding_is_released_with_its_neighbours(void **state)
{
    (void)state;
    transfer(120, 0);
    assert_int_equal(send(80, 1), 0);
    assert_int_equal(peek(), 0);
    assert_int_equal(send(60, 2), 0);
    assert_int_equal(peek(), 0);
    assert_int_equal(get(TAIL), 128);
    shared_mem_ring_release(&consumer);
    assert_int_equal(get(TAIL), 256 + 72);
}

/*
 * Restarts.
 */

static void test_producer_restart(void **state)
{
    (void)state;
    transfer(10, 1);
    assert_int_equal(send(11, 2), 0);
    stage(12, 3);
    start_producer();
    assert_int_equal(get(PRODUCER), 0x00020000);
    assert_int_equal(reserve(1), SHARED_MEM_ENOTCONN);

    /* What had been published is there still; then the restart is told. */
    receive(11, 2);
    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(peek(), SHARED_MEM_ESTALE);
    assert_int_equal(reserve(1), SHARED_MEM_ENOTCONN);
    shared_mem_ring_consumer_resync(&consumer);
    connect();
    transfer(13, 4);
}

static void test_consumer_restart(void **state)
{
    (void)state;
    transfer(10, 1);
    assert_int_equal(send(11, 2), 0);
    stage(12, 3);
    assert_int_equal(reserve(5), 0);
    start_consumer();
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);

    /* A producer that is in a session has to leave it first. */
    assert_int_equal(get(CONSUMER), 0x00020000);
    assert_int_equal(shared_mem_ring_publish(&producer), SHARED_MEM_ESTALE);
    assert_int_equal(shared_mem_ring_commit(&producer, 5), 0);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        assert_int_equal(shared_mem_ring_publish(&producer),
                         SHARED_MEM_ESTALE);
        assert_int_equal(reserve(1), SHARED_MEM_ESTALE);
        assert_int_equal(send(1, 1), SHARED_MEM_ESTALE);
    }
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    shared_mem_ring_producer_resync(&producer);
    assert_int_equal(shared_mem_ring_commit(&producer, 0), SHARED_MEM_EINVAL);
    connect();
    transfer(13, 4);
}

static void test_both_restart(void **state)
{
    (void)state;
    for ( unsigned int order = 0; order < 2; order++ )
    {
        assert_int_equal(send(10, 1), 0);
        if ( order )
            start_producer();
        start_consumer();
        if ( !order )
            start_producer();
        connect();
        transfer(3, 3);
    }
}

/* What was reserved, and how far the consumer was, is of the old session. */
static void test_resync_forgets(void **state)
{
    uint32_t tail;

    (void)state;
    for ( unsigned int i = 0; i < 9; i++ )
        transfer(40, i);
    tail = producer.link.tail;
    assert_true(tail > 0);

    assert_int_equal(reserve(8), 0);
    shared_mem_ring_producer_resync(&producer);
    assert_int_equal(shared_mem_ring_commit(&producer, 8), SHARED_MEM_EINVAL);
    assert_int_equal(peek(), SHARED_MEM_ESTALE);
    shared_mem_ring_consumer_resync(&consumer);
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    put(TAIL, tail);
    assert_int_equal(send(40, 1), 0);
    assert_true(tail > producer.link.next);
    assert_int_equal(reserve(200), SHARED_MEM_EPROTO);
}

/* A restarted side does not take the old session's acceptance for its own. */
static void test_consumer_waits_for_its_own_session(void **state)
{
    (void)state;
    assert_int_equal(send(10, 1), 0);
    start_consumer();
    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    shared_mem_ring_producer_resync(&producer);
    connect();
    transfer(10, 2);
}

static void test_epoch_wrap(void **state)
{
    (void)state;
    put(PRODUCER, 0xffff0001);
    start_producer();
    assert_int_equal(get(PRODUCER), 0x00020000);

    put(CONSUMER, 0x00020000);
    put(PRODUCER, 0xffff0001);
    start_producer();
    assert_int_equal(get(PRODUCER), 0x00010000);
}

/* Own epoch was overwritten: the peer notices the restart all the same. */
static void test_restart_with_garbage_for_own_epoch(void **state)
{
    (void)state;
    for ( uint32_t garbage = 0; garbage < 5; garbage++ )
    {
        setup(state);
        put(PRODUCER, garbage << 16);
        start_producer();
        assert_int_equal(peek(), SHARED_MEM_ESTALE);
        shared_mem_ring_consumer_resync(&consumer);
        connect();

        put(CONSUMER, garbage << 16);
        start_consumer();
        assert_int_equal(shared_mem_ring_publish(&producer),
                         SHARED_MEM_ESTALE);
        shared_mem_ring_producer_resync(&producer);
        connect();
        transfer(1, 1);
    }
}

static void test_producer_waits_through_restarts(void **state)
{
    (void)state;
    start_producer();
    start_producer();
    assert_int_equal(get(PRODUCER), 0x00030000);
    start_producer();
    for ( unsigned int i = 0; i < 5; i++ )
    {
        assert_int_equal(reserve(0), SHARED_MEM_ENOTCONN);
        start_consumer();
    }
    connect();
    transfer(1, 1);

    start_consumer();
    for ( unsigned int i = 0; i < 5; i++ )
    {
        assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
        start_producer();

        /* Once it was accepted, it may have sent something. */
        if ( i )
        {
            assert_int_equal(peek(), SHARED_MEM_ESTALE);
            shared_mem_ring_consumer_resync(&consumer);
        }
    }
    connect();
    transfer(1, 1);
}

/*
 * What was published in a session that the consumer never looked at is lost,
 * and the consumer is told.
 */
static void test_session_that_nobody_saw(void **state)
{
    (void)state;
    for ( unsigned int again = 0; again < 2; again++ )
    {
        memset(memory, 0, sizeof(memory));
        start_producer();
        start_consumer();
        assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
        assert_int_equal(send(10, 1), 0);
        if ( again )
            start_producer();
        else
            shared_mem_ring_producer_resync(&producer);
        for ( unsigned int i = 0; i < 3; i++ )
            assert_int_equal(peek(), SHARED_MEM_ESTALE);
        shared_mem_ring_consumer_resync(&consumer);
        connect();
        transfer(3, 3);
    }
}

/*
 * A peer that is known to be dead.
 */

static void consumer_is_gone(void)
{
    shared_mem_ring_producer_peer_gone(
        &producer, shared_mem_ring_producer_peer(&producer));
}

static void producer_is_gone(void)
{
    shared_mem_ring_consumer_peer_gone(
        &consumer, shared_mem_ring_consumer_peer(&consumer));
}

static void test_consumer_gone(void **state)
{
    (void)state;
    assert_int_equal(send(1, 1), 0);
    assert_int_equal(reserve(1), 0);
    consumer_is_gone();
    assert_int_equal(shared_mem_ring_commit(&producer, 1), 0);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        assert_int_equal(reserve(1), SHARED_MEM_EPIPE);
        assert_int_equal(shared_mem_ring_publish(&producer), SHARED_MEM_EPIPE);
        assert_int_equal(send(1, 1), SHARED_MEM_EPIPE);
    }
    start_consumer();
    assert_int_equal(send(1, 1), SHARED_MEM_ESTALE);
    shared_mem_ring_producer_resync(&producer);
    connect();
    transfer(1, 2);
}

static void test_producer_gone(void **state)
{
    (void)state;
    assert_int_equal(send(1, 1), 0);
    assert_int_equal(send(2, 2), 0);
    producer_is_gone();
    receive(1, 1);
    receive(2, 2);
    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(peek(), SHARED_MEM_EPIPE);
    start_producer();
    assert_int_equal(peek(), SHARED_MEM_ESTALE);
    shared_mem_ring_consumer_resync(&consumer);
    connect();
    transfer(1, 2);
}

/* Nobody was there: nobody has died. */
static void test_gone_before_there(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    start_producer();
    assert_int_equal(shared_mem_ring_producer_peer(&producer), 0);
    consumer_is_gone();
    assert_int_equal(reserve(1), SHARED_MEM_ENOTCONN);
    start_consumer();
    connect();
    transfer(1, 1);
}

/* It had accepted, and has died: there will be no session with it. */
static void test_gone_before_the_session(void **state)
{
    (void)state;
    start_producer();
    assert_int_equal(peek(), SHARED_MEM_ESTALE);
    shared_mem_ring_consumer_resync(&consumer);
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    consumer_is_gone();
    for ( unsigned int i = 0; i < 300; i++ )
        assert_int_equal(send(0, 0), SHARED_MEM_EPIPE);
    start_consumer();
    assert_int_equal(send(0, 0), SHARED_MEM_ENOTCONN);
    connect();
    transfer(1, 1);

    start_consumer();
    start_producer();
    producer_is_gone();
    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(peek(), SHARED_MEM_EPIPE);
    assert_int_equal(get(CONSUMER) & 0xffff, 0);
    start_producer();
    connect();
    transfer(1, 1);
}

/* A death that is told late is not the new peer's. */
static void test_gone_is_of_one_peer(void **state)
{
    uint32_t dead;

    (void)state;
    dead = shared_mem_ring_producer_peer(&producer);
    start_consumer();
    assert_true(shared_mem_ring_producer_peer(&producer) != dead);
    assert_int_equal(send(1, 1), SHARED_MEM_ESTALE);
    shared_mem_ring_producer_resync(&producer);
    connect();
    shared_mem_ring_producer_peer_gone(&producer, dead);
    transfer(1, 1);
}

/*
 * Notifications.
 */

static bool producer_notifies(void)
{
    return shared_mem_ring_producer_notify(&producer);
}

static bool consumer_notifies(void)
{
    return shared_mem_ring_consumer_notify(&consumer);
}

static bool consumer_sleeps(void)
{
    return shared_mem_ring_consumer_arm(&consumer);
}

static bool producer_sleeps(uint32_t length)
{
    return shared_mem_ring_producer_arm(&producer, length);
}

/* All has been told so far. */
static void told(void)
{
    (void)producer_notifies();
    (void)consumer_notifies();
}

/* Each step of the handshake is told, once. */
static void test_notify_of_the_session(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    start_producer();
    assert_true(producer_notifies());
    assert_false(producer_notifies());
    assert_int_equal(reserve(1), SHARED_MEM_ENOTCONN);
    assert_false(producer_notifies());
    assert_true(producer_sleeps(1));

    start_consumer();
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    assert_true(consumer_notifies());
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    assert_false(consumer_notifies());
    assert_true(consumer_sleeps());

    assert_int_equal(reserve(1), 0);
    assert_true(producer_notifies());
    assert_int_equal(peek(), SHARED_MEM_EAGAIN);
    assert_false(consumer_notifies());
    assert_true(consumer_sleeps());

    shared_mem_ring_producer_resync(&producer);
    assert_true(producer_notifies());
    shared_mem_ring_consumer_resync(&consumer);
    assert_true(consumer_notifies());
}

/* A side that only asks whether it may sleep goes on with the handshake. */
static void test_arm_connects(void **state)
{
    (void)state;
    start_producer();
    start_consumer();
    told();
    assert_false(consumer_sleeps());
    assert_true(consumer_notifies());
    assert_true(consumer_sleeps());
    assert_false(producer_sleeps(1));
    assert_true(producer_notifies());
    assert_false(producer_sleeps(1)); /* there is room */
    assert_true(consumer_sleeps());
    transfer(1, 1);
}

static void test_notify_of_a_message(void **state)
{
    (void)state;
    told();
    assert_int_equal(send(8, 1), 0);
    assert_false(producer_notifies()); /* nobody sleeps */
    receive(8, 1);
    assert_false(consumer_notifies());
    for ( unsigned int i = 0; i < 50; i++ )
    {
        assert_true(consumer_sleeps());
        assert_int_equal(send(8, 1), 0);
        assert_true(producer_notifies());
        assert_false(producer_notifies());
        assert_int_equal(send(8, 2), 0);
        assert_false(producer_notifies());
        assert_false(consumer_sleeps());
        receive(8, 1);
        receive(8, 2);
        (void)consumer_notifies();
    }

    /* Several batches at once, and none at all. */
    assert_true(consumer_sleeps());
    assert_int_equal(shared_mem_ring_publish(&producer), 0);
    assert_false(producer_notifies());
    assert_int_equal(send(8, 1), 0);
    assert_int_equal(send(8, 2), 0);
    assert_true(producer_notifies());
}

static void test_notify_of_room(void **state)
{
    (void)state;
    transfer(104, 0);
    for ( unsigned int i = 0; i < 8; i++ )
        assert_int_equal(send(24, i), i < 7 ? 0 : SHARED_MEM_EAGAIN);
    told();
    assert_true(producer_sleeps(60));
    receive(24, 0);
    assert_false(consumer_notifies());
    receive(24, 1);
    assert_true(consumer_notifies());
    assert_false(producer_sleeps(60));
    assert_int_equal(send(60, 7), 0);
    receive(24, 2);
    assert_false(consumer_notifies());
    assert_int_equal(send(MAX, 8), SHARED_MEM_EAGAIN);

    /* For the longest one there has to be padding first. */
    told();
    assert_true(producer_sleeps(MAX));
    while ( !peek() )
        shared_mem_ring_release(&consumer);
    assert_true(consumer_notifies());
    assert_int_equal(send(MAX, 1), SHARED_MEM_EAGAIN);
}

/* It publishes padding, or a batch: the consumer may sleep in front of it. */
static void test_notify_after_a_failure(void **state)
{
    void *message;

    (void)state;
    transfer(100, 1);
    told();
    assert_true(consumer_sleeps());
    assert_int_equal(send(MAX, 2), SHARED_MEM_EAGAIN);
    assert_true(producer_notifies());
    assert_true(producer_sleeps(MAX));
    assert_int_equal(peek(), SHARED_MEM_EAGAIN);
    assert_true(consumer_notifies());
    assert_true(consumer_sleeps());
    assert_int_equal(send(MAX, 2), 0);
    assert_true(producer_notifies());
    receive(MAX, 2);

    told();
    assert_true(consumer_sleeps());
    assert_int_equal(shared_mem_ring_reserve(&producer, 8, &message), 0);
    fill(message, 8, 3);
    assert_int_equal(shared_mem_ring_commit(&producer, 8), 0);
    assert_false(producer_notifies());
    assert_false(producer_sleeps(MAX)); /* it is not published */
    assert_int_equal(reserve(MAX), SHARED_MEM_EAGAIN);
    assert_true(producer_notifies());
    receive(8, 3);
}

static void test_arm_for_a_message_that_never_fits(void **state)
{
    (void)state;
    told();
    assert_int_equal(send(MAX, 1), 0);
    (void)producer_notifies();
    assert_true(producer_sleeps(MAX));
    assert_false(producer_sleeps(MAX + 1));
    assert_false(producer_sleeps(SIZE));
    assert_false(producer_sleeps(UINT32_MAX));
    assert_false(producer_sleeps(UINT32_MAX - 7));
}

/* Who has not told the peer is not let sleep. */
static void test_arm_insists_on_notifying(void **state)
{
    (void)state;
    told();
    assert_int_equal(send(8, 1), 0);
    assert_int_equal(send(MAX, 2), SHARED_MEM_EAGAIN);
    assert_false(producer_sleeps(MAX));
    assert_false(producer_notifies());
    assert_true(producer_sleeps(MAX));
    receive(8, 1);
    assert_int_equal(peek(), SHARED_MEM_EAGAIN);
    assert_false(consumer_sleeps());
    assert_true(consumer_notifies());
    assert_true(consumer_sleeps());
}

static void test_arm_sees_the_peers_end(void **state)
{
    (void)state;
    told();
    start_producer();
    assert_false(consumer_sleeps());
    assert_int_equal(peek(), SHARED_MEM_ESTALE);
    assert_false(consumer_sleeps());
    shared_mem_ring_consumer_resync(&consumer);
    told();
    producer_is_gone();
    assert_int_equal(peek(), SHARED_MEM_EPIPE);
    assert_true(consumer_sleeps());
}

/*
 * Two sides that sleep when they are let, and go on only when notified.  The
 * order of their turns is random.
 */
static void test_nobody_oversleeps(void **state)
{
    unsigned long notifications = 0;
    uint32_t random = 1;
    unsigned int sent = 0, taken = 0;
    bool awake[2] = { true, true };

    (void)state;
    for ( unsigned int turn = 0; turn < 200000; turn++ )
    {
        uint32_t length = sent * 37 % 5 ? sent % 40 : sent % (MAX + 1);
        int rc = 0;

        random = random * 1664525 + 1013904223;
        assert_true(awake[0] || awake[1]);
        if ( random >> 31 && awake[0] )
        {
            rc = send(length, sent);
            sent += !rc;
            if ( producer_notifies() )
            {
                awake[1] = true;
                notifications++;
            }
            if ( rc && producer_sleeps(length) )
                awake[0] = false;
        }
        else if ( !(random >> 31) && awake[1] )
        {
            uint8_t bytes[SIZE];
            uint32_t got;

            rc = shared_mem_ring_read(&consumer, bytes, sizeof(bytes), &got);
            if ( !rc )
                assert_message(bytes, got, taken);
            taken += !rc;
            if ( consumer_notifies() )
            {
                awake[0] = true;
                notifications++;
            }
            if ( rc && consumer_sleeps() )
                awake[1] = false;
        }
        if ( rc == SHARED_MEM_ESTALE )
            fail();
        if ( random >> 8 & 0xfff )
            continue;
        /* One of them restarts. */
        sent = taken = 0;
        awake[0] = awake[1] = true;
        start_producer();
        start_consumer();
    }
    assert_true(sent > 100 || taken > 100);
    assert_true(notifications > 1000);
}

/* A peer that lies in `wake' gets one notification for each question at most. */
static void test_garbage_wake(void **state)
{
    (void)state;
    told();
    for ( uint32_t i = 0; i < 2000; i++ )
    {
        put(WAKE_OF(CONSUMER), i * 0x01234567);
        put(WAKE_OF(PRODUCER), i * 0x07654321);
        assert_false(producer_notifies());
        assert_false(consumer_notifies());
        transfer(i % 60, i);
        (void)producer_notifies();
        (void)consumer_notifies();
        assert_false(producer_notifies());
        assert_false(consumer_notifies());
    }
}

/*
 * Words that cannot be right.
 */

static void assert_consumer_recovers(void)
{
    uint8_t before[SIZE];

    /* Once it has been seen, it does not help that it goes. */
    assert_int_equal(peek(), SHARED_MEM_EPROTO);
    memcpy(before, &memory[DATA], SIZE);
    memset(&memory[DATA], 0, SIZE);
    assert_int_equal(peek(), SHARED_MEM_EPROTO);
    memcpy(&memory[DATA], before, SIZE);

    for ( unsigned int i = 0; i < 3; i++ )
        assert_int_equal(peek(), SHARED_MEM_EPROTO);
    shared_mem_ring_consumer_resync(&consumer);
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    assert_int_equal(send(1, 1), SHARED_MEM_ESTALE);
    shared_mem_ring_producer_resync(&producer);
    connect();
    transfer(17, 3);
}

/* The check word says so, unless the peer lies in both. */
static void test_garbage_message_words(void **state)
{
    static const uint32_t words[] = {
        1, 8, 0x7fffffff, 0x80000000, 0x80000009, 0x80000010, 0x800000f0,
        0x800000f8, 0x80000100, 0xbfffffff, 0xc0000000, 0xc0000001, 0xffffffff,
    };

    for ( unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++ )
    {
        setup(state);
        assert_int_equal(send(8, 1), 0);
        put(DATA, words[i]);
        assert_consumer_recovers();
    }

    setup(state);
    assert_int_equal(send(8, 1), 0);
    put(DATA + 4, get(DATA + 4) ^ 0x100);
    assert_consumer_recovers();

    /* The mark behind the last message. */
    assert_int_equal(send(8, 1), 0);
    put(DATA + 32 + 16, 0x80000001);
    receive(8, 1);
    assert_consumer_recovers();
}

/* A peer that gets all words right but the room. */
static void lie(uint32_t position, uint32_t word)
{
    put(DATA + position % SIZE, word);
    put(DATA + position % SIZE + 4, word ^ position ^ get(PRODUCER) ^ FORMAT);
}

static void test_lengths_that_leave_the_ring(void **state)
{
    for ( uint32_t before = 0; before < SIZE / 8; before++ )
        for ( uint32_t length = 0; length <= SIZE + 16; length++ )
        {
            uint32_t room = SIZE - before * 8;
            bool valid = 8 + (length + 7) / 8 * 8 <= room && length <= MAX;
            const uint8_t *bytes;
            const void *message;
            uint32_t got;

            setup(state);
            for ( uint32_t i = 0; i < before; i++ )
                transfer(0, 0);
            lie(before * 8, 0x80000000 + length);
            if ( !valid )
            {
                assert_consumer_recovers();
                continue;
            }
            assert_int_equal(shared_mem_ring_peek(&consumer, &message, &got),
                             0);
            bytes = message;
            assert_int_equal(got, length);
            assert_true(bytes >= &memory[DATA]);
            assert_true(bytes + got <= &memory[BYTES]);
        }
}

static void test_kinds_that_do_not_exist(void **state)
{
    static const uint32_t words[] = {
        1, 0x3fffffff, 0x40000000, 0x40000008, 0x7fffffff, 0xbfffffff,
        0xbffffff9, 0xc0000001, 0xc0000008, 0xffffffff, 0xfffffff9,
    };

    for ( unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++ )
    {
        setup(state);
        lie(0, words[i]);
        assert_consumer_recovers();
    }

    /* Padding where the ring begins would never end. */
    setup(state);
    lie(0, 0xc0000000);
    assert_consumer_recovers();

    setup(state);
    transfer(0, 0);
    lie(8, 0xc0000000);
    lie(SIZE, 0xc0000000);
    assert_consumer_recovers();
}

/* What is peeked at is not delivered a second time, one round later. */
static void test_messages_that_reach_what_is_not_released(void **state)
{
    setup(state);
    assert_int_equal(send(100, 1), 0);
    assert_int_equal(peek(), 0);
    lie(112, 0x80000000 + 256 - 112 - 8);
    assert_consumer_recovers();

    setup(state);
    assert_int_equal(send(100, 1), 0);
    assert_int_equal(peek(), 0);
    lie(112, 0x80000000 + 256 - 112 - 16);
    assert_int_equal(peek(), 0);
    lie(248, 0x80000000);
    assert_consumer_recovers();
}

/* The same words at the same place, from an earlier round or session. */
static void test_old_messages_are_not_taken(void **state)
{
    uint32_t word, check;

    setup(state);
    assert_int_equal(send(8, 1), 0);
    word = get(DATA);
    check = get(DATA + 4);
    receive(8, 1);
    for ( unsigned int i = 0; i < SIZE / 16 - 1; i++ )
        transfer(8, i);
    put(DATA, word);
    put(DATA + 4, check);
    assert_consumer_recovers();

    setup(state);
    assert_int_equal(send(8, 1), 0);
    start_producer();
    receive(8, 1);
    assert_int_equal(peek(), SHARED_MEM_ESTALE);
    shared_mem_ring_consumer_resync(&consumer);
    connect();
    put(DATA, word);
    put(DATA + 4, check);
    assert_consumer_recovers();
}

static void test_garbage_tail(void **state)
{
    for ( uint32_t tail = 0; tail < 2 * SIZE; tail++ )
    {
        int rc;

        setup(state);
        assert_int_equal(send(100, 1), 0);
        receive(100, 1);
        assert_int_equal(send(100, 2), 0);
        put(TAIL, tail);
        rc = send(100, 3);
        if ( tail % 8 == 0 && tail <= 224 )
        {
            assert_int_equal(rc, tail >= 120 ? 0 : SHARED_MEM_EAGAIN);
            continue;
        }
        assert_int_equal(rc, SHARED_MEM_EPROTO);
        assert_int_equal(send(100, 3), SHARED_MEM_EPROTO);
        assert_int_equal(shared_mem_ring_publish(&producer),
                         SHARED_MEM_EPROTO);
        shared_mem_ring_producer_resync(&producer);
        assert_int_equal(reserve(1), SHARED_MEM_ENOTCONN);
        receive(100, 2);
        assert_int_equal(peek(), SHARED_MEM_ESTALE);
        shared_mem_ring_consumer_resync(&consumer);
        connect();
        transfer(9, 9);
    }
}

/* It does not go back, nor to what was committed and not published. */
static void test_tail_only_grows(void **state)
{
    setup(state);
    for ( unsigned int i = 0; i < 5; i++ )
        transfer(40, i);
    while ( !send(40, 1) )
        continue;
    assert_true(producer.link.tail > 0);
    put(TAIL, producer.link.tail - 8);
    assert_int_equal(send(40, 1), SHARED_MEM_EPROTO);

    setup(state);
    transfer(40, 0);
    stage(40, 1);
    put(TAIL, 96);
    assert_int_equal(reserve(200), SHARED_MEM_EPROTO);
}

/* Positions are the sides' own: what is in shared memory is never taken up. */
static void test_own_words_are_not_read(void **state)
{
    setup(state);
    transfer(40, 0);
    put(TAIL, 0x12345678);
    for ( unsigned int i = 0; i < 5; i++ )
        transfer(10, i);
}

static void test_garbage_state(void **state)
{
    static const uint32_t words[] = {
        0, 1, 0xffff, 0x10000, 0x20000, 0x10002, 0x20001, 0xffffffff,
    };

    for ( unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++ )
    {
        /* Each side takes the other one for restarted, and they meet again. */
        setup(state);
        put(PRODUCER, words[i]);
        assert_int_equal(peek(), SHARED_MEM_ESTALE);
        shared_mem_ring_consumer_resync(&consumer);
        assert_int_equal(shared_mem_ring_publish(&producer),
                         SHARED_MEM_ESTALE);
        shared_mem_ring_producer_resync(&producer);
        connect();
        transfer(1, 1);

        setup(state);
        put(CONSUMER, words[i]);
        assert_int_equal(shared_mem_ring_publish(&producer),
                         SHARED_MEM_ESTALE);
        shared_mem_ring_producer_resync(&producer);
        assert_int_equal(reserve(1) == 0, 0);
        assert_int_equal(peek(), SHARED_MEM_ESTALE);
        shared_mem_ring_consumer_resync(&consumer);
        connect();
        transfer(1, 1);
    }
}

/* Two that wait announce themselves again and again. */
static void test_garbage_while_waiting(void **state)
{
    for ( unsigned int i = 0; i < 2; i++ )
    {
        setup(state);
        start_producer();
        start_consumer();
        put(i * 0x40, 0xdeadbeef);
        (void)peek();
        (void)reserve(1);
        if ( peek() == SHARED_MEM_ESTALE )
            shared_mem_ring_consumer_resync(&consumer);
        (void)peek();
        (void)reserve(1);
        assert_int_equal(peek(), SHARED_MEM_EAGAIN);
        transfer(1, 1);
    }
}

/* The consumer takes the ring as the producer made it. */
static void test_size_is_the_producers(void **state)
{
    (void)state;
    for ( uint32_t size = 64; size <= SIZE; size *= 2 )
    {
        memset(memory, 0, sizeof(memory));
        start_consumer();
        assert_int_equal(
            shared_mem_ring_producer_init(&producer, memory, 256 + size), 0);
        connect();
        assert_int_equal(get(FORMAT_OF(PRODUCER)), size + 2);
        assert_int_equal(get(FORMAT_OF(CONSUMER)), FORMAT);
        for ( unsigned int i = 0; i < 50; i++ )
            transfer(i % (size / 2 - 8), i);
        assert_int_equal(reserve(size - 15), SHARED_MEM_EMSGSIZE);

        /* It may be another one in its next life. */
        start_producer();
        assert_int_equal(peek(), SHARED_MEM_ESTALE);
        shared_mem_ring_consumer_resync(&consumer);
        connect();
        for ( unsigned int i = 0; i < 50; i++ )
            transfer(i, i);
    }
}

/* Both learn that it does not fit. */
static void test_size_that_does_not_fit(void **state)
{
    (void)state;
    for ( unsigned int order = 0; order < 2; order++ )
    {
        memset(memory, 0, sizeof(memory));
        if ( order )
            start_producer();
        assert_int_equal(
            shared_mem_ring_consumer_init(&consumer, memory, 256 + 128), 0);
        if ( !order )
            start_producer();
        assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
        for ( unsigned int i = 0; i < 3; i++ )
            assert_int_equal(send(1, 1), SHARED_MEM_EPROTO);
        for ( unsigned int i = 0; i < 3; i++ )
            assert_int_equal(peek(), SHARED_MEM_EPROTO);
        start_consumer();
        shared_mem_ring_producer_resync(&producer);
        connect();
        transfer(1, 1);
    }
}

/* Whatever the peer says of the format: no session, or the right one. */
static void test_garbage_format(void **state)
{
    static const uint32_t formats[] = {
        0, 1, 2, 34, 64, 65, 67, 130, 129, 131, 256, 257, 259, 194, 1026,
        0x40000002, 0x80000002, 0xffffffff,
    };

    for ( unsigned int i = 0; i < sizeof(formats) / sizeof(formats[0]); i++ )
    {
        bool small = formats[i] == 130;
        bool large = formats[i] == 1026 || formats[i] == 0x40000002 ||
                     formats[i] == 0x80000002;

        /* As it is when the session begins. */
        setup(state);
        start_producer();
        start_consumer();
        assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
        assert_int_equal(reserve(1), 0);
        put(FORMAT_OF(PRODUCER), formats[i]);
        assert_int_equal(peek(),
                         small ? SHARED_MEM_EAGAIN : SHARED_MEM_EPROTO);
        setup(state);
        start_producer();
        start_consumer();
        assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
        put(FORMAT_OF(CONSUMER), formats[i]);
        assert_int_equal(reserve(1), large ? 0 : SHARED_MEM_EPROTO);

        /* And later. */
        setup(state);
        put(FORMAT_OF(PRODUCER), formats[i]);
        assert_int_equal(peek(), SHARED_MEM_EPROTO);
        shared_mem_ring_consumer_resync(&consumer);
        assert_int_equal(send(1, 1), SHARED_MEM_ESTALE);
        shared_mem_ring_producer_resync(&producer);
        connect();
        transfer(1, 1);
        put(FORMAT_OF(CONSUMER), formats[i]);
        assert_int_equal(send(1, 1), SHARED_MEM_EPROTO);
        assert_int_equal(peek(), SHARED_MEM_EAGAIN);
    }
}

/* Peers of version 1: their words were at 0x00 and 0x04, and nothing else. */
static void test_version_1(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    start_consumer();
    put(PRODUCER, 0x00010000);
    assert_int_equal(peek(), SHARED_MEM_ENOTCONN);
    put(PRODUCER, 0x00010001);
    put(FORMAT_OF(PRODUCER), 0);
    assert_int_equal(peek(), SHARED_MEM_EPROTO);

    memset(memory, 0, sizeof(memory));
    start_producer();
    put(CONSUMER, 0x00010001);
    assert_int_equal(reserve(1), SHARED_MEM_EPROTO);
}

/* Two producers, or two consumers: the first one is told. */
static void test_two_on_one_side(void **state)
{
    struct shared_mem_ring_producer other;
    struct shared_mem_ring_consumer another;

    (void)state;
    assert_int_equal(shared_mem_ring_producer_init(&other, memory, BYTES), 0);
    assert_int_equal(send(1, 1), SHARED_MEM_EPROTO);
    setup(state);
    assert_int_equal(shared_mem_ring_consumer_init(&another, memory, BYTES), 0);
    assert_int_equal(peek(), SHARED_MEM_EPROTO);
}

static void test_used_and_free(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_ring_used(&producer), 0);
    assert_int_equal(shared_mem_ring_free(&producer), SIZE - 8);
    assert_int_equal(send(10, 1), 0);
    assert_int_equal(shared_mem_ring_used(&producer), 24);
    assert_int_equal(shared_mem_ring_free(&producer), SIZE - 32);
    assert_int_equal(shared_mem_ring_held(&consumer), 0);
    assert_int_equal(peek(), 0);
    assert_int_equal(shared_mem_ring_held(&consumer), 24);
    shared_mem_ring_release(&consumer);
    assert_int_equal(shared_mem_ring_held(&consumer), 0);
    assert_true(shared_mem_ring_producer_connected(&producer));
    assert_true(shared_mem_ring_consumer_connected(&consumer));
    start_producer();
    assert_int_equal(peek(), SHARED_MEM_ESTALE);
    assert_false(shared_mem_ring_producer_connected(&producer));
    assert_false(shared_mem_ring_consumer_connected(&consumer));
}

/* Each word, at three moments: nothing wrong is taken, and it goes on. */
static void survive(unsigned int offset, uint32_t garbage, unsigned int moment)
{
    uint32_t sent = 0, taken = 0, length, stuck = 0;
    uint8_t bytes[SIZE];
    int rc;

    for ( unsigned int step = 0; step < 100; step++ )
    {
        if ( step == moment )
            put(offset, garbage);
        rc = send(24 + sent % 40, sent);
        if ( !rc )
            sent++;
        else if ( rc != SHARED_MEM_EAGAIN && rc != SHARED_MEM_ENOTCONN )
            shared_mem_ring_producer_resync(&producer);

        if ( step % 3 == 0 )
            continue;
        rc = shared_mem_ring_read(&consumer, bytes, sizeof(bytes), &length);
        if ( !rc )
        {
            /* The length says which one it is: none twice, none from before. */
            while ( taken < sent && 24 + taken % 40 != length )
                taken++;
            assert_true(taken < sent);
            assert_message(bytes, length, taken);
            taken++;
            stuck = 0;
        }
        else if ( (rc != SHARED_MEM_EAGAIN && rc != SHARED_MEM_ENOTCONN) ||
                  ++stuck == 8 )
            shared_mem_ring_consumer_resync(&consumer);
    }
    assert_true(taken > 10);
}

static void test_garbage_in_every_word(void **state)
{
    static const uint32_t garbage[] = { 0,          1,          0x80000000,
                                        0xc0000000, 0xffffffff, 0x5aa55aa5 };
    static const unsigned int offsets[] = { PRODUCER, CONSUMER };

    for ( unsigned int i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++ )
        for ( unsigned int moment = 0; moment < 40; moment++ )
        {
            for ( unsigned int j = 0; j < 2; j++ )
            {
                setup(state);
                survive(offsets[j], garbage[i], moment);
            }
            for ( unsigned int j = 0; j < 2; j++ )
            {
                /* The header that the consumer comes to next. */
                setup(state);
                for ( unsigned int k = 0; k < moment; k++ )
                    transfer(k, k);
                survive(DATA + 4 * j + consumer.link.next % SIZE, garbage[i],
                        1);
            }
        }
}

/*
 * Two mappings of the same memory, as two domains have them.
 */
static void test_two_mappings(void **state)
{
    int fd = memfd_create("ring", 0);
    uint8_t *one, *other;
    size_t bytes = 256 + 4096;

    (void)state;
    assert_int_equal(ftruncate(fd, 8192), 0);
    one = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    other = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(one != MAP_FAILED && other != MAP_FAILED && one != other);
    assert_int_equal(shared_mem_ring_producer_init(&producer, one, bytes), 0);
    assert_int_equal(shared_mem_ring_consumer_init(&consumer, other, bytes), 0);
    connect();
    for ( unsigned int i = 0; i < 200; i++ )
        transfer(i, i);
    munmap(one, 8192);
    munmap(other, 8192);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_arguments),
        TEST(test_size),
        TEST(test_layout),
        TEST(test_no_peer),
        TEST(test_strict_handshake),
        TEST(test_start_orders),
        TEST(test_every_length),
        TEST(test_too_long),
        TEST(test_longest_from_everywhere),
        TEST(test_places),
        TEST(test_full),
        TEST(test_position_wrap),
        TEST(test_commit),
        TEST(test_read_sizes),
        TEST(test_read_keeps_what_is_held),
        TEST(test_read_too_small_behind_padding),
        TEST(test_publish_batch),
        TEST(test_release_batch),
        TEST(test_batch_larger_than_ring),
        TEST(test_batch_with_padding),
        TEST(test_padding_is_released_with_its_neighbours),
        TEST(test_producer_restart),
        TEST(test_consumer_restart),
        TEST(test_both_restart),
        TEST(test_resync_forgets),
        TEST(test_consumer_waits_for_its_own_session),
        TEST(test_epoch_wrap),
        TEST(test_restart_with_garbage_for_own_epoch),
        TEST(test_producer_waits_through_restarts),
        TEST(test_session_that_nobody_saw),
        TEST(test_consumer_gone),
        TEST(test_producer_gone),
        TEST(test_gone_before_there),
        TEST(test_gone_before_the_session),
        TEST(test_gone_is_of_one_peer),
        TEST(test_notify_of_the_session),
        TEST(test_arm_connects),
        TEST(test_notify_of_a_message),
        TEST(test_notify_of_room),
        TEST(test_notify_after_a_failure),
        TEST(test_arm_for_a_message_that_never_fits),
        TEST(test_arm_insists_on_notifying),
        TEST(test_arm_sees_the_peers_end),
        TEST(test_nobody_oversleeps),
        TEST(test_garbage_wake),
        TEST(test_garbage_message_words),
        TEST(test_lengths_that_leave_the_ring),
        TEST(test_kinds_that_do_not_exist),
        TEST(test_messages_that_reach_what_is_not_released),
        TEST(test_old_messages_are_not_taken),
        TEST(test_garbage_tail),
        TEST(test_tail_only_grows),
        TEST(test_own_words_are_not_read),
        TEST(test_garbage_state),
        TEST(test_garbage_while_waiting),
        TEST(test_size_is_the_producers),
        TEST(test_size_that_does_not_fit),
        TEST(test_garbage_format),
        TEST(test_version_1),
        TEST(test_two_on_one_side),
        TEST(test_used_and_free),
        TEST(test_garbage_in_every_word),
        TEST(test_two_mappings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
