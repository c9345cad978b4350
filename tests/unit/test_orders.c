/*
 * Unit tests of the memory orders of the guest library's ring and cell, on a
 * machine with weakly ordered memory (weak.h): two sides that sleep until they
 * are notified, in random orders; with a side that dies at each of its
 * accesses; and without each of the orders that the library asks for, which
 * has to be noticed.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shared_mem/cell.h>
#include <shared_mem/copy.h>
#include <shared_mem/ring.h>

#include "weak.h"

#define SIZE 64 /* of the first ring; others are twice as large */
#define BYTES (256 + 2 * SIZE)
#define GOAL 12 /* messages in one piece, until a run is over */

#define VALUE 12
#define CELL_BYTES (128 + 4 * 128)

static _Alignas(128) uint8_t memory[CELL_BYTES];

enum { FIRST, SECOND }; /* producer or writer, consumer or reader */

static uint32_t sent;     /* number of the next message, or of the last value */
static uint32_t taken;    /* of the last one that was read */
static unsigned int run;  /* so many without a restart */
static unsigned int lives;
static uint32_t unsure;   /* may never have been sent: the producer died */
static bool may_skip;     /* it was told that some may be missing */

static uint32_t length_of(uint32_t number)
{
    return 4 + number * 20 % 48;
}

/*
 * Ring.
 */

static bool waits(int rc)
{
    return rc == SHARED_MEM_EAGAIN || rc == SHARED_MEM_ENOTCONN;
}

static void produce(void)
{
    struct shared_mem_ring_producer producer;
    uint32_t message[SIZE / 4];

    (void)shared_mem_ring_producer_init(&producer, memory,
                                        weak_lives(FIRST) > 1 ? BYTES
                                                              : 256 + SIZE);
    if ( weak_lives(FIRST) > 1 )
        unsure = sent++;

    for ( ; ; )
    {
        int rc;

        for ( unsigned int i = 0; i < SIZE / 4; i++ )
            message[i] = sent + i;
        rc = shared_mem_ring_write(&producer, message, length_of(sent));
        if ( !rc )
            sent++;
        else if ( rc == SHARED_MEM_ESTALE )
            shared_mem_ring_producer_resync(&producer);
        else if ( !waits(rc) )
            weak_fail("the producer takes something for wrong");

        if ( shared_mem_ring_producer_notify(&producer) )
            weak_notify(SECOND);
        if ( waits(rc) &&
             shared_mem_ring_producer_arm(&producer, length_of(sent)) )
            weak_sleep();
    }
}

static void check_message(const uint32_t *message, uint32_t length)
{
    if ( length != length_of(message[0]) )
        weak_fail("a message has another length");
    for ( uint32_t i = 0; i < length / 4; i++ )
        if ( message[i] != message[0] + i )
            weak_fail("a message is torn");
    if ( message[0] <= taken )
        weak_fail("a message comes twice, or late");
    if ( message[0] != taken + 1 + (unsure == taken + 1) && !may_skip &&
         message[0] != unsure )
        weak_fail("a message is missing, and nobody was told");

    may_skip = false;
    taken = message[0];
    if ( lives != weak_lives(FIRST) + weak_lives(SECOND) )
        run = 0;
    lives = weak_lives(FIRST) + weak_lives(SECOND);
    if ( ++run == GOAL )
        weak_stop();
}

/* In turn: copied; in place, and released two at a time. */
static int take(struct shared_mem_ring_consumer *consumer, unsigned int turn)
{
    uint32_t copy[SIZE / 4], length;
    const void *message;
    int rc;

    if ( turn / 4 % 2 )
        rc = shared_mem_ring_read(consumer, copy, sizeof(copy), &length);
    else
    {
        rc = shared_mem_ring_peek(consumer, &message, &length);
        if ( !rc )
            shared_mem_copy_from(copy, message, length);
        if ( rc || turn % 2 )
            shared_mem_ring_release(consumer);
    }
    if ( !rc )
        check_message(copy, length);

    return rc;
}

static void consume(void)
{
    struct shared_mem_ring_consumer consumer;

    (void)shared_mem_ring_consumer_init(&consumer, memory, BYTES);
    may_skip |= weak_lives(SECOND) > 1;
    for ( unsigned int turn = 0; ; turn++ )
    {
        int rc = take(&consumer, turn);

        if ( rc == SHARED_MEM_ESTALE )
        {
            shared_mem_ring_consumer_resync(&consumer);
            may_skip = true;
        }
        else if ( rc && !waits(rc) )
            weak_fail("the consumer takes something for wrong");

        if ( shared_mem_ring_consumer_notify(&consumer) )
            weak_notify(FIRST);
        if ( waits(rc) && shared_mem_ring_consumer_arm(&consumer) )
            weak_sleep();
    }
}

/* @crash: at this access of the @dying side; 0: at none. */
static const char *run_ring(uint32_t seed, unsigned int dying,
                            unsigned long crash)
{
    weak_begin(memory, BYTES, seed);
    weak_thread(FIRST, produce);
    weak_thread(SECOND, consume);
    weak_crash(dying, crash);
    sent = 1;
    taken = run = lives = unsure = 0;
    may_skip = false;

    return weak_run();
}

static void succeed(const char *failure, unsigned int seed)
{
    if ( failure )
        fail_msg("seed %u: %s", seed, failure);
}

static void test_ring(void **state)
{
    (void)state;
    for ( unsigned int seed = 1; seed <= 400; seed++ )
        succeed(run_ring(seed, FIRST, 0), seed);
}

static void test_ring_with_deaths(void **state)
{
    (void)state;
    for ( unsigned int dying = FIRST; dying <= SECOND; dying++ )
        for ( unsigned long access = 1; access < 250; access++ )
            for ( unsigned int seed = 1; seed <= 4; seed++ )
                succeed(run_ring(seed + (unsigned int)access * 5, dying,
                                 access), seed);
}

/*
 * Cell.
 */

static void write_values(void)
{
    struct shared_mem_cell_writer writer;
    uint32_t value[VALUE / 4];

    (void)shared_mem_cell_writer_init(&writer, memory, CELL_BYTES, VALUE);
    for ( ; ; )
    {
        sent++;
        for ( unsigned int i = 0; i < VALUE / 4; i++ )
            value[i] = sent * (i + 1);
        shared_mem_cell_write(&writer, value);
    }
}

static void read_values(void)
{
    struct shared_mem_cell_reader reader;
    uint32_t value[VALUE / 4], sequence, last = 0;

    (void)shared_mem_cell_reader_init(&reader, memory, CELL_BYTES, VALUE);
    while ( run < GOAL )
    {
        int rc = shared_mem_cell_read(&reader, value, &sequence);

        if ( rc == SHARED_MEM_EAGAIN )
            continue;
        if ( rc )
            weak_fail("the reader takes something for wrong");
        for ( unsigned int i = 0; i < VALUE / 4; i++ )
            if ( value[i] != value[0] * (i + 1) )
                weak_fail("a value is torn");
        if ( value[0] < taken || sequence < last )
            weak_fail("a value is older than the one before");
        run += value[0] != taken;
        taken = value[0];
        last = sequence;
    }
    weak_stop();
}

static const char *run_cell(uint32_t seed, unsigned long crash)
{
    weak_begin(memory, CELL_BYTES, seed);
    weak_thread(FIRST, write_values);
    weak_thread(SECOND, read_values);
    weak_crash(FIRST, crash);
    sent = taken = run = 0;

    return weak_run();
}

static void test_cell(void **state)
{
    (void)state;
    for ( unsigned int seed = 1; seed <= 300; seed++ )
        succeed(run_cell(seed, 0), seed);
    for ( unsigned int access = 1; access < 120; access++ )
        succeed(run_cell(access, access), access);
}

/*
 * Orders that are left out are noticed.
 *
 * Not among them: that of shared_mem_ring_release(), since the machine has no
 * load that comes after a later store; that of link_begin(), whose moment is
 * rare; and clear_slots(), as these cells keep their size.
 */

/* The n-th order in the function, by the line; and another one with it. */
struct order {
    const char *function;
    int number;
    const char *with;
    int with_number;
};

static const struct order orders[] = {
    { "shared_mem_ring_notify", 0, NULL, 0 }, /* full fence */
    { "link_arm", 0, NULL, 0 },               /* full fence */
    { "shared_mem_ring_publish", 0, NULL, 0 },
    { "consumer_look", 0, NULL, 0 },
    { "producer_refresh", 0, NULL, 0 },
    { "shared_mem_ring_resync", 0, NULL, 0 },
    { "link_announce", 0, NULL, 0 },
    { "link_announce", 1, NULL, 0 },
    { "link_connect", 0, NULL, 0 },
    { "shared_mem_ring_check", 0, NULL, 0 },
    { "shared_mem_cell_write", 0, NULL, 0 }, /* release fence */
    { "read_slot", 1, NULL, 0 },             /* acquire fence */

    /* The header's number orders what the slot's does, and the other way. */
    { "shared_mem_cell_write", 1, "shared_mem_cell_write", 2 },
    { "read_slot", 0, "shared_mem_cell_read", 0 },
};

/* The bit of a site that the tests before have met. */
static uint64_t site_of(const char *function, int number)
{
    for ( int i = 0; i < weak_sites(); i++ )
    {
        int before = 0;

        if ( strcmp(weak_site(i).function, function) )
            continue;
        for ( int j = 0; j < weak_sites(); j++ )
            before += !strcmp(weak_site(j).function, function) &&
                      weak_site(j).line < weak_site(i).line;
        if ( before == number )
            return UINT64_C(1) << i;
    }
    fail_msg("%s has no order number %d", function, number);

    return 0;
}

static const char *noticed(unsigned int *seed)
{
    const char *failure = NULL;

    for ( *seed = 1; !failure && *seed <= 1000; ++*seed )
    {
        failure = run_ring(*seed, FIRST, 0);
        if ( !failure )
            failure = run_ring(*seed, *seed % 2, *seed % 250);
        if ( !failure )
            failure = run_cell(*seed, 0);
    }

    return failure;
}

static void test_without_an_order(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < sizeof(orders) / sizeof(orders[0]); i++ )
    {
        const struct order *order = &orders[i];
        uint64_t sites = site_of(order->function, order->number);
        const char *failure;
        unsigned int seed;

        if ( order->with )
            sites |= site_of(order->with, order->with_number);
        weak_without(sites);
        failure = noticed(&seed);
        weak_without(0);
        if ( !failure )
            fail_msg("%s, order %d: nobody notices that it is left out",
                     order->function, order->number);
        print_message("# %s, order %d: %s, after %u\n", order->function,
                      order->number, failure, seed);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_ring_with_deaths),
        cmocka_unit_test(test_cell),
        cmocka_unit_test(test_without_an_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
