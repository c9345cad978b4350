/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring of messages between two threads, under ThreadSanitizer: messages of
 * all lengths, single and in batches, read in place and copied.  TAP.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shared_mem/ring.h>

#define SIZE 4096
#define MESSAGES 60000u

static _Alignas(128) uint8_t memory[256 + SIZE];

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;

    return *state >> 8;
}

/* Few are as long as the ring; most are short. */
static uint32_t length_of(uint32_t number)
{
    uint32_t state = number * 2654435761u;
    uint32_t n = next_random(&state);

    return n % 64 ? n % 200 : next_random(&state) % (SIZE - 15);
}

static void fill(uint8_t *bytes, uint32_t number)
{
    for ( uint32_t i = 0; i < length_of(number); i++ )
        bytes[i] = (uint8_t)(number + i * 3);
}

static bool right(const uint8_t *bytes, uint32_t length, uint32_t number)
{
    if ( length != length_of(number) )
        return false;
    for ( uint32_t i = 0; i < length; i++ )
        if ( bytes[i] != (uint8_t)(number + i * 3) )
            return false;

    return true;
}

static void fail(const char *what, int rc)
{
    printf("not ok 1 - ring: %s: %d\n", what, rc);
    exit(1);
}

/* Anything but EAGAIN, or that the other has not begun yet, is wrong here. */
static bool again(int rc, const char *what)
{
    if ( rc && rc != SHARED_MEM_EAGAIN && rc != SHARED_MEM_ENOENT )
        fail(what, rc);
    if ( rc )
        sched_yield();

    return rc;
}

static void *produce(void *arg)
{
    static uint8_t bytes[SIZE];
    struct shared_mem_ring_producer producer;
    uint32_t state = 1;
    void *message;

    (void)arg;
    if ( shared_mem_ring_producer_init(&producer, memory, sizeof(memory)) )
        fail("producer_init", 0);

    for ( uint32_t number = 0; number < MESSAGES; number++ )
    {
        if ( number % 2 )
        {
            fill(bytes, number);
            while ( again(shared_mem_ring_write(&producer, bytes,
                                                length_of(number)), "write") )
                continue;
            continue;
        }
        while ( again(shared_mem_ring_reserve(&producer, length_of(number),
                                              &message), "reserve") )
            continue;
        fill(message, number);
        if ( shared_mem_ring_commit(&producer, length_of(number)) )
            fail("commit", 0);
        if ( next_random(&state) % 4 == 0 &&
             shared_mem_ring_publish(&producer) )
            fail("publish", 0);
    }
    if ( shared_mem_ring_publish(&producer) )
        fail("publish", 0);

    return NULL;
}

static void consume(void)
{
    static uint8_t bytes[SIZE];
    struct shared_mem_ring_consumer consumer;
    uint32_t number = 0, state = 2, length;
    const void *message;
    int rc;

    if ( shared_mem_ring_consumer_init(&consumer, memory, sizeof(memory)) )
        fail("consumer_init", 0);

    while ( number < MESSAGES )
    {
        if ( next_random(&state) % 2 )
        {
            rc = shared_mem_ring_read(&consumer, bytes, sizeof(bytes), &length);
            message = bytes;
        }
        else
            rc = shared_mem_ring_peek(&consumer, &message, &length);

        if ( again(rc, "read") )
            shared_mem_ring_release(&consumer);
        else if ( !right(message, length, number++) )
            fail("a wrong message", (int)number - 1);
        else if ( next_random(&state) % 4 == 0 )
            shared_mem_ring_release(&consumer);
    }
}

int main(void)
{
    pthread_t thread;

    printf("1..1\n");
    if ( pthread_create(&thread, NULL, produce, NULL) )
        fail("pthread_create", 0);
    consume();
    pthread_join(thread, NULL);
    printf("ok 1 - ring: %u messages between two threads\n", MESSAGES);

    return 0;
}
