/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring of messages between two threads, under ThreadSanitizer: messages of
 * all lengths, single and in batches, read in place and copied; by sides that
 * poll, and by sides that sleep until they are notified.  TAP.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static bool sleeping; /* and not polling */

static void fail(const char *what, int rc)
{
    printf("not ok %d - ring: %s: %d\n", 1 + sleeping, what, rc);
    exit(1);
}

/* What wakes a side. */
struct bell {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool rung;
};

static struct bell producers = { .mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .cond = PTHREAD_COND_INITIALIZER };
static struct bell consumers = { .mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .cond = PTHREAD_COND_INITIALIZER };
static unsigned long rings;

static void ring(struct bell *bell)
{
    pthread_mutex_lock(&bell->mutex);
    bell->rung = true;
    pthread_cond_signal(&bell->cond);
    pthread_mutex_unlock(&bell->mutex);
    __atomic_fetch_add(&rings, 1, __ATOMIC_RELAXED);
}

static void await(struct bell *bell)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 60;
    pthread_mutex_lock(&bell->mutex);
    while ( !bell->rung )
        if ( pthread_cond_timedwait(&bell->cond, &bell->mutex, &end) )
            fail("a side sleeps for good", 0);
    bell->rung = false;
    pthread_mutex_unlock(&bell->mutex);
}

/* Anything but EAGAIN, or that the other has not begun yet, is wrong here. */
static bool again(int rc, const char *what)
{
    if ( rc && rc != SHARED_MEM_EAGAIN && rc != SHARED_MEM_ENOTCONN )
        fail(what, rc);
    if ( rc && !sleeping )
        sched_yield();

    return rc;
}

/* After each call: tell the consumer, and sleep if nothing else is left. */
static void tell_consumer(struct shared_mem_ring_producer *producer, bool wait,
                          uint32_t length)
{
    if ( !sleeping )
        return;
    if ( shared_mem_ring_producer_notify(producer) )
        ring(&consumers);
    if ( wait && shared_mem_ring_producer_arm(producer, length) )
        await(&producers);
}

static void tell_producer(struct shared_mem_ring_consumer *consumer, bool wait)
{
    if ( !sleeping )
        return;
    if ( shared_mem_ring_consumer_notify(consumer) )
        ring(&producers);
    if ( wait && shared_mem_ring_consumer_arm(consumer) )
        await(&consumers);
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
                tell_consumer(&producer, true, length_of(number));
            tell_consumer(&producer, false, 0);
            continue;
        }
        while ( again(shared_mem_ring_reserve(&producer, length_of(number),
                                              &message), "reserve") )
            tell_consumer(&producer, true, length_of(number));
        fill(message, number);
        if ( shared_mem_ring_commit(&producer, length_of(number)) )
            fail("commit", 0);
        if ( next_random(&state) % 4 == 0 &&
             shared_mem_ring_publish(&producer) )
            fail("publish", 0);
    }
    if ( shared_mem_ring_publish(&producer) )
        fail("publish", 0);
    tell_consumer(&producer, false, 0);

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
        {
            shared_mem_ring_release(&consumer);
            tell_producer(&consumer, true);
        }
        else if ( !right(message, length, number++) )
            fail("a wrong message", (int)number - 1);
        else if ( next_random(&state) % 4 == 0 )
        {
            shared_mem_ring_release(&consumer);
            tell_producer(&consumer, false);
        }
    }
    tell_producer(&consumer, false);
}

int main(void)
{
    pthread_t thread;

    printf("1..2\n");
    for ( unsigned int i = 0; i < 2; i++ )
    {
        sleeping = i;
        memset(memory, 0, sizeof(memory));
        if ( pthread_create(&thread, NULL, produce, NULL) )
            fail("pthread_create", 0);
        consume();
        pthread_join(thread, NULL);
        printf("ok %u - ring: %u messages between two threads that %s\n",
               i + 1, MESSAGES, i ? "sleep" : "poll");
    }
    printf("# %lu notifications\n", rings);

    return 0;
}
