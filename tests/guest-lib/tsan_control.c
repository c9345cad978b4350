/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a peer wrote before it attached, notified or detached is seen by who
 * learns of it.  Data is written and read without any order of its own:
 * ThreadSanitizer reports a race wherever the library's orders do not make one
 * follow the other.  A TAP program.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <shared_mem/control.h>

#include "pages.h"

#define ROUNDS 200u

static _Alignas(4096) struct {
    struct shared_mem_control_page control;
    uint32_t data[1024];
} memory;

/* Peer 0, peer 1, and peer 2, which may only read. */
static _Alignas(4096) struct shared_mem_factory_page page[3];
static struct shared_mem handle[3];

static int attach(unsigned int index)
{
    struct shared_mem_factory factory;

    return shared_mem_factory_open(&factory, &page[index]) ||
           shared_mem_attach(&handle[index], &factory, "ID1", &memory);
}

static void make_pages(void)
{
    for ( unsigned int index = 0; index < 3; index++ )
    {
        struct shared_mem_entry *entry;

        page_begin(&page[index], index);
        entry = page_add(&page[index], "ID1", 0x40000000, 2);
        entry->index = (uint8_t)index;
        entry->alive = 7;
        entry->flags = SHARED_MEM_ENTRY_CONTROL;
        if ( index == 2 )
            entry->flags |= SHARED_MEM_ENTRY_READ_ONLY;
    }
}

static void wait_for_notification(unsigned int index)
{
    uint32_t from;

    do {
        if ( shared_mem_take(&handle[index], &from) )
            return;
    } while ( !from );
}

static uint32_t wrong;

/* The other end of each scene: the writer's value has to be what it reads. */
static void expect(uint32_t value)
{
    if ( memory.data[0] != value )
        wrong++;
}

static void *answer(void *arg)
{
    (void)arg;
    for ( uint32_t i = 0; i < ROUNDS; i++ )
    {
        wait_for_notification(1);
        expect(2 * i);
        memory.data[0] = 2 * i + 1;
        shared_mem_notify(&handle[1], 1);
    }

    return NULL;
}

static void ask(void)
{
    for ( uint32_t i = 0; i < ROUNDS; i++ )
    {
        memory.data[0] = 2 * i;
        shared_mem_notify(&handle[0], i % 2 ? SHARED_MEM_ALL : 2);
        wait_for_notification(0);
        expect(2 * i + 1);
    }
}

static void *take_it(void *arg)
{
    wait_for_notification(1);
    expect(*(uint32_t *)arg);

    return NULL;
}

static void *read_only(void *arg)
{
    wait_for_notification(2);
    expect(*(uint32_t *)arg);

    return NULL;
}

static void *see_it_come(void *arg)
{
    struct shared_mem_events events;

    do {
        (void)shared_mem_poll(&handle[1], &events);
    } while ( !(events.came & 1) );
    expect(*(uint32_t *)arg);

    return NULL;
}

static void *see_it_go(void *arg)
{
    while ( shared_mem_attached(&handle[1]) & 1 )
        ;
    expect(*(uint32_t *)arg);

    return NULL;
}

static unsigned int tests;

static void report(const char *what)
{
    printf("%sok %u - %s\n", wrong ? "not " : "", ++tests, what);
}

/* Starts @other, and lets @own happen meanwhile, after the data was written. */
static void scene(const char *what, void *(*other)(void *arg), void (*own)(void))
{
    wrong = 0;
    for ( uint32_t i = 0; i < ROUNDS; i++ )
    {
        pthread_t thread;

        memset(&memory, 0, sizeof(memory));
        if ( attach(1) || attach(2) ||
             (other != see_it_come && attach(0)) ||
             pthread_create(&thread, NULL, other, &i) )
        {
            printf("Bail out! no thread\n");
            return;
        }
        memory.data[0] = i;
        own();
        pthread_join(thread, NULL);
    }
    report(what);
}

static void come(void)
{
    if ( attach(0) )
        wrong++;
}

static void go(void)
{
    (void)shared_mem_detach(&handle[0]);
}

static void tell(void)
{
    (void)shared_mem_notify(&handle[0], 2);
}

int main(void)
{
    pthread_t thread;

    make_pages();
    if ( attach(0) || attach(1) ||
         pthread_create(&thread, NULL, answer, NULL) )
        return 1;
    ask();
    pthread_join(thread, NULL);
    report("a conversation");

    scene("data is seen by who is notified", take_it, tell);
    scene("data is seen by who only reads", read_only, tell);
    scene("data is seen by who sees the peer attach", see_it_come, come);
    scene("data is seen by who sees the peer detach", see_it_go, go);
    printf("1..%u\n", tests);

    return 0;
}
