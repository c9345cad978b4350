/*
 * Unit tests of the guest library's ring of messages: the other side does
 * something, or this side dies, at each point of the protocol.  A point is
 * before an access to a word of shared memory; atomic.h of the fuzzers makes
 * them known.  Messages must come through in order, whole, and each once.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shared_mem/ring.h>

#include "hostile.h"

#define SIZE 128 /* of each second producer's ring; the others' is twice it */
#define BYTES (256 + 2 * SIZE)

static _Alignas(128) uint8_t memory[BYTES];

static struct shared_mem_ring_producer producer;
static struct shared_mem_ring_consumer consumer;

static uint32_t sent;  /* the number of the next message */
static uint32_t taken; /* of the last one that was read */
static uint32_t skipped;
static unsigned int producer_stale, consumer_stale;
static unsigned int producers; /* that were started */

/*
 * What happens at points: at one of them, or at all.
 */

static void (*action)(void);
static long points_left; /* until the action; below 0: at each one */
static bool acting;
static jmp_buf death;

void hostile_before(const volatile uint32_t *word)
{
    (void)word;
    if ( !action || acting )
        return;
    if ( points_left > 0 && --points_left )
        return;
    if ( !points_left )
        points_left = 1L << 30;

    acting = true;
    action();
    acting = false;
}

void hostile_before_write(const volatile uint32_t *word)
{
    hostile_before(word);
}

/* The peer comes between two accesses; orders are for test_orders.c. */
void hostile_fence(void)
{
}

/* From now on; @point counts from 1. */
static void at_point(long point, void (*what)(void))
{
    action = what;
    points_left = point;
}

static bool happened(void)
{
    bool yes = action && points_left > 1L << 20;

    action = NULL;

    return yes;
}

static void die(void)
{
    action = NULL;
    acting = false;
    longjmp(death, 1);
}

/*
 * Two sides, each of which does all that a user has to.
 */

static void start_producer(void)
{
    size_t bytes = producers++ % 2 ? BYTES : 256 + SIZE;

    assert_int_equal(shared_mem_ring_producer_init(&producer, memory, bytes),
                     0);
}

static void start_consumer(void)
{
    assert_int_equal(shared_mem_ring_consumer_init(&consumer, memory, BYTES),
                     0);
}

static uint32_t length_of(uint32_t number)
{
    return 4 + number * 13 % 60;
}

static void fill(uint8_t *bytes, uint32_t number)
{
    memcpy(bytes, &number, sizeof(number));
    for ( uint32_t i = 4; i < length_of(number); i++ )
        bytes[i] = (uint8_t)(number * 31 + i * 7);
}

static int stage(void)
{
    void *message;
    int rc = shared_mem_ring_reserve(&producer, length_of(sent), &message);

    if ( rc )
        return rc;
    fill(message, sent);
    rc = shared_mem_ring_commit(&producer, length_of(sent));
    if ( !rc )
        sent++;

    return rc;
}

/* Batches of three, but where the ring is full. */
static void produce(void)
{
    uint32_t before = sent;
    int rc = 0;

    while ( !rc && sent < before + 3 )
        rc = stage();
    if ( !rc )
        rc = shared_mem_ring_publish(&producer);

    if ( rc == SHARED_MEM_ESTALE )
    {
        shared_mem_ring_producer_resync(&producer);
        producer_stale++;
    }
    else
        assert_true(!rc || rc == SHARED_MEM_EAGAIN || rc == SHARED_MEM_ENOTCONN);
}

static void consume(void)
{
    uint8_t bytes[SIZE], expected[SIZE];
    uint32_t length, number;
    int rc = shared_mem_ring_read(&consumer, bytes, sizeof(bytes), &length);

    if ( rc == SHARED_MEM_ESTALE )
    {
        shared_mem_ring_consumer_resync(&consumer);
        consumer_stale++;
    }
    if ( rc )
    {
        assert_true(rc == SHARED_MEM_EAGAIN || rc == SHARED_MEM_ENOTCONN ||
                    rc == SHARED_MEM_ESTALE);
        return;
    }

    memcpy(&number, bytes, sizeof(number));
    assert_true(number > taken);
    assert_int_equal(length, length_of(number));
    fill(expected, number);
    assert_memory_equal(bytes, expected, length);
    skipped += number - taken - 1;
    taken = number;
}

static void both(unsigned int rounds)
{
    for ( unsigned int i = 0; i < rounds; i++ )
    {
        produce();
        consume();
        consume();
    }
}

/* All that was sent before is read, or will never be. */
static void finish(void)
{
    uint32_t goal;

    at_point(0, NULL);
    both(10);
    goal = sent + 3;
    skipped = 0;
    both(30);
    assert_true(taken >= goal);
    assert_int_equal(skipped, 0);
}

static void begin(void)
{
    at_point(0, NULL);
    acting = false;
    memset(memory, 0, sizeof(memory));
    sent = 1;
    taken = skipped = 0;
    producer_stale = consumer_stale = 0;
    producers = 0;
    start_producer();
    start_consumer();
}

/*
 * Tests.
 */

/* Nobody restarts: nothing is lost, nobody is told of a restart. */
static void test_consumer_reads_at_each_point(void **state)
{
    (void)state;
    begin();
    at_point(-1, consume);
    for ( unsigned int i = 0; i < 2000; i++ )
        produce();
    finish();
    assert_int_equal(producer_stale + consumer_stale, 0);
    assert_int_equal(skipped, 0);

    /* It may also be slow, and the ring full. */
    for ( long point = 1; point < 200; point++ )
    {
        begin();
        both(3);
        at_point(point, consume);
        for ( unsigned int i = 0; i < 20; i++ )
            produce();
        finish();
        assert_int_equal(producer_stale + consumer_stale, 0);
    }
}

static void test_producer_writes_at_each_point(void **state)
{
    (void)state;
    begin();
    at_point(-1, produce);
    for ( unsigned int i = 0; i < 2000; i++ )
        consume();
    finish();
    assert_int_equal(producer_stale + consumer_stale, 0);
    assert_int_equal(skipped, 0);
}

/*
 * A side that starts while the other is in the middle of something.  @call is
 * the other's, and is made in each state that the first rounds lead to.
 */
static void restart_at_each_point(void (*restart)(void), void (*call)(void))
{
    for ( unsigned int rounds = 0; rounds < 12; rounds++ )
        for ( long point = 1; point < 100; point++ )
        {
            begin();
            both(rounds);
            at_point(point, restart);
            call();
            if ( !happened() )
            {
                assert_true(point > 2);
                break;
            }
            finish();
            assert_true(producer_stale <= 1 && consumer_stale <= 1);
        }
}

static void test_consumer_restarts_at_each_point(void **state)
{
    (void)state;
    restart_at_each_point(start_consumer, produce);
}

static void test_producer_restarts_at_each_point(void **state)
{
    (void)state;
    restart_at_each_point(start_producer, consume);
}

static void start_consumer_and_read(void)
{
    start_consumer();
    consume();
    consume();
}

static void start_producer_and_write(void)
{
    start_producer();
    produce();
    produce();
}

static void test_peer_restarts_and_goes_on_at_each_point(void **state)
{
    (void)state;
    restart_at_each_point(start_consumer_and_read, produce);
    restart_at_each_point(start_producer_and_write, consume);
}

/* Does @call get to its end, or die at this point? */
static bool survives(long point, void (*call)(void))
{
    at_point(point, die);
    if ( setjmp(death) )
        return false;
    call();
    at_point(0, NULL);

    return true;
}

/*
 * A side dies in the middle of @call, is started again, dies at a point of
 * that, and is started once more.
 */
static void die_at_each_point(void (*start)(void), void (*call)(void),
                              void (*start_and_call)(void))
{
    for ( unsigned int rounds = 0; rounds < 12; rounds++ )
        for ( long point = 1; point < 100; point++ )
        {
            bool survived = false;

            for ( long second = 1; second < 12; second++ )
            {
                begin();
                both(rounds);
                survived = survives(point, call);
                (void)survives(second, start_and_call);
                sent += 3; /* how far it got with these nobody knows */
                start();
                finish();
            }
            if ( survived )
                break;
        }
}

static void test_producer_dies_at_each_point(void **state)
{
    (void)state;
    die_at_each_point(start_producer, produce, start_producer_and_write);
}

static void test_consumer_dies_at_each_point(void **state)
{
    (void)state;
    die_at_each_point(start_consumer, consume, start_consumer_and_read);
}

/* What had been published before the death is read all the same. */
static void test_producer_dies_and_nothing_is_lost(void **state)
{
    (void)state;
    for ( long point = 1; point < 40; point++ )
    {
        begin();
        both(5);
        while ( taken + 1 < sent )
            consume();
        produce();
        assert_int_equal(producer_stale + consumer_stale, 0);
        (void)survives(point, produce);
        at_point(0, NULL);
        start_producer();
        for ( unsigned int i = 0; i < 9 && !consumer_stale; i++ )
            consume();
        assert_int_equal(consumer_stale, 1);
        assert_int_equal(skipped, 0);
        assert_true(taken >= sent - 4);
    }
}

/* Each restarts at a point of the other's next call. */
static void test_both_restart_at_each_two_points(void **state)
{
    (void)state;
    for ( unsigned int rounds = 0; rounds < 4; rounds++ )
        for ( long point = 1; point < 30; point++ )
            for ( long second = 1; second < 30; second++ )
            {
                begin();
                both(rounds);
                at_point(point, start_consumer);
                produce();
                at_point(second, start_producer);
                consume();
                consume();
                finish();
            }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_consumer_reads_at_each_point),
        cmocka_unit_test(test_producer_writes_at_each_point),
        cmocka_unit_test(test_consumer_restarts_at_each_point),
        cmocka_unit_test(test_producer_restarts_at_each_point),
        cmocka_unit_test(test_peer_restarts_and_goes_on_at_each_point),
        cmocka_unit_test(test_producer_dies_at_each_point),
        cmocka_unit_test(test_consumer_dies_at_each_point),
        cmocka_unit_test(test_producer_dies_and_nothing_is_lost),
        cmocka_unit_test(test_both_restart_at_each_two_points),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
