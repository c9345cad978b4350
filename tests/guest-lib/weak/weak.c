/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A machine with weakly ordered memory: see weak.h.
 */
#define _GNU_SOURCE
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "weak.h"

#define STACK    (128 * 1024)
#define VALUES   16384  /* in all */
#define STEPS    200000 /* of all threads: who needs more has no end */

/* Of each word, the number of one of its values. */
struct view {
    uint16_t at[WEAK_WORDS];
};

struct value {
    uint32_t value;
    struct view view;
};

struct thread {
    void (*life)(void);
    unsigned int lives;
    bool begun, asleep, notified;
    unsigned long accesses, crash;
    struct view current;  /* what it has to see */
    struct view acquired; /* what it has to see after an acquire fence */
    struct view released; /* what its relaxed stores give */
    struct view told;     /* by notifications */
    ucontext_t context;
    unsigned char *stack;
};

static uint32_t *base;
static size_t words;
static uint32_t state;
static struct value values[VALUES];
static unsigned int used;
static uint16_t history[WEAK_WORDS][VALUES / 16];
static uint16_t count[WEAK_WORDS];
static struct view fences; /* of all full fences so far */
static struct thread threads[WEAK_THREADS];
static struct thread *running;
static ucontext_t scheduler;
static const void *scheduler_stack;
static size_t scheduler_stack_size;
static const char *failure;
static bool stopped;

static struct weak_site sites[WEAK_SITES];
static int nr_sites;
static uint64_t without;

/* Threads that end in the middle of something leave frames behind. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=0";
}

uint32_t weak_random(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;

    return state >> 3;
}

static void join(struct view *view, const struct view *other)
{
    for ( size_t i = 0; i < words; i++ )
        if ( view->at[i] < other->at[i] )
            view->at[i] = other->at[i];
}

static void die(const char *what)
{
    fprintf(stderr, "weak.c: %s\n", what);
    abort();
}

void weak_begin(void *memory, size_t bytes, uint32_t seed)
{
    base = memory;
    words = bytes / sizeof(uint32_t);
    if ( words > WEAK_WORDS )
        die("too much memory");

    state = seed * 2654435761u | 1;
    memset(memory, 0, bytes);
    memset(&fences, 0, sizeof(fences));
    memset(&values[0], 0, sizeof(values[0]));
    used = 1;
    for ( size_t i = 0; i < words; i++ )
    {
        count[i] = 1;
        history[i][0] = 0;
    }
    failure = NULL;
    stopped = false;
    for ( unsigned int i = 0; i < WEAK_THREADS; i++ )
    {
        unsigned char *stack = threads[i].stack;

        memset(&threads[i], 0, sizeof(threads[i]));
        threads[i].stack = stack ? stack : malloc(STACK);
    }
}

void weak_thread(unsigned int number, void (*life)(void))
{
    threads[number].life = life;
}

void weak_crash(unsigned int number, unsigned long access)
{
    threads[number].crash = access;
}

unsigned int weak_lives(unsigned int number)
{
    return threads[number].lives;
}

static void to_scheduler(void)
{
    struct thread *self = running;
    void *fake;

    __sanitizer_start_switch_fiber(&fake, scheduler_stack,
                                   scheduler_stack_size);
    swapcontext(&self->context, &scheduler);
    __sanitizer_finish_switch_fiber(fake, &scheduler_stack,
                                    &scheduler_stack_size);
}

static void begin_life(void)
{
    __sanitizer_finish_switch_fiber(NULL, &scheduler_stack,
                                    &scheduler_stack_size);
    running->life();
    weak_fail("a thread has ended");
}

static void start(struct thread *thread)
{
    ASAN_UNPOISON_MEMORY_REGION(thread->stack, STACK);
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = thread->stack;
    thread->context.uc_stack.ss_size = STACK;
    thread->context.uc_link = NULL;
    makecontext(&thread->context, begin_life, 0);
    thread->begun = true;
    thread->asleep = thread->notified = false;
    thread->lives++;

    /* It sees at least what its last life has done. */
    thread->acquired = thread->released = thread->current;
}

static void run(struct thread *thread)
{
    void *fake;

    if ( !thread->begun )
        start(thread);
    running = thread;
    __sanitizer_start_switch_fiber(&fake, thread->stack, STACK);
    swapcontext(&scheduler, &thread->context);
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
}

const char *weak_run(void)
{
    for ( unsigned long step = 0; !failure && !stopped; step++ )
    {
        unsigned int first = weak_random() % WEAK_THREADS, i;
        struct thread *thread = NULL;

        for ( i = 0; i < WEAK_THREADS; i++ )
        {
            thread = &threads[(first + i) % WEAK_THREADS];
            if ( thread->life && (!thread->asleep || thread->notified) )
                break;
        }
        if ( i == WEAK_THREADS )
            return "all sleep";
        if ( step == STEPS )
            return "no end";
        run(thread);
    }

    return failure;
}

_Noreturn void weak_stop(void)
{
    stopped = true;
    for ( ; ; )
        to_scheduler();
}

_Noreturn void weak_fail(const char *what)
{
    failure = what;
    for ( ; ; )
        to_scheduler();
}

void weak_notify(unsigned int number)
{
    join(&threads[number].told, &running->current);
    threads[number].notified = true;
}

void weak_sleep(void)
{
    running->asleep = true;
    to_scheduler();
    running->asleep = running->notified = false;
    join(&running->current, &running->told);
    join(&running->acquired, &running->told);
}

/* Somebody else may go on here, and this thread may die. */
static void point(void)
{
    if ( running->crash && ++running->accesses == running->crash )
    {
        running->begun = false;
        to_scheduler();
    }
    if ( weak_random() % 2 )
        to_scheduler();
}

/* Has this site its orders? */
static bool ordered(struct weak_site site)
{
    int i = 0;

    while ( i < nr_sites && (sites[i].line != site.line ||
                             strcmp(sites[i].file, site.file)) )
        i++;
    if ( i == nr_sites )
    {
        if ( i == WEAK_SITES )
            die("too many sites");
        sites[nr_sites++] = site;
    }

    return !(without >> i & 1);
}

void weak_without(uint64_t sites_left_out)
{
    without = sites_left_out;
}

int weak_sites(void)
{
    return nr_sites;
}

struct weak_site weak_site(int site)
{
    return sites[site];
}

static size_t index_of(const volatile uint32_t *word)
{
    size_t i = (size_t)(word - base);

    if ( i >= words )
        die("an access outside of the memory");

    return i;
}

uint32_t weak_load(const volatile uint32_t *word, bool acquire,
                   struct weak_site site)
{
    size_t i = index_of(word);
    const struct value *value;
    unsigned int oldest, chosen;

    point();
    oldest = running->current.at[i];
    chosen = count[i] - 1u;
    if ( weak_random() % 2 )
        chosen = oldest + weak_random() % (count[i] - oldest);

    value = &values[history[i][chosen]];
    running->current.at[i] = (uint16_t)chosen;
    join(&running->acquired, &value->view);
    if ( running->acquired.at[i] < chosen )
        running->acquired.at[i] = (uint16_t)chosen;
    if ( acquire && ordered(site) )
        join(&running->current, &value->view);

    return value->value;
}

void weak_store(volatile uint32_t *word, uint32_t value, bool release,
                struct weak_site site)
{
    size_t i = index_of(word);
    struct value *added;

    point();
    if ( used == VALUES || count[i] == VALUES / 16 )
        weak_fail("too many stores");

    added = &values[used];
    added->value = value;
    history[i][count[i]] = (uint16_t)used++;
    running->current.at[i] = count[i]++;
    if ( running->acquired.at[i] < running->current.at[i] )
        running->acquired.at[i] = running->current.at[i];
    added->view = release && ordered(site) ? running->current
                                           : running->released;
    added->view.at[i] = running->current.at[i];
}

void weak_fence(enum weak_fence fence, struct weak_site site)
{
    point();
    if ( !ordered(site) )
        return;
    if ( fence != WEAK_RELEASE )
        running->current = running->acquired;
    if ( fence == WEAK_FULL )
    {
        join(&running->current, &fences);
        fences = running->acquired = running->current;
    }
    if ( fence != WEAK_ACQUIRE )
        running->released = running->current;
}
