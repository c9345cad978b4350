/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: bench WAY latency|single|batch SIZE
 *        bench WAY loop SIZE COUNT BATCH
 *
 * Measures messages between two processes, each on a CPU of its own, that share
 * memory.  Prints nanoseconds for one message: of its round trip, or from one
 * message to the next, sent and taken singly or in batches.
 *
 * "loop" sends and takes COUNT messages in one process, BATCH of them at once,
 * and prints nothing: for tools that count instructions.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"
#include "way_cell.h"
#include "way_ck.h"
#include "way_line.h"
#include "way_memcpy.h"
#include "way_ring.h"
#include "way_rte.h"

/* A measurement takes so many nanoseconds at least. */
#define ENOUGH 60000000

/* What the two processes agree by; each word is written by one of them. */
struct control {
    _Alignas(128) uint64_t count; /* messages to take; changes: begin */
    _Alignas(128) uint64_t ready; /* the child has begun that count */
    _Alignas(128) uint64_t done;  /* it has taken all of them */
};

struct run {
    struct control *control;
    uint8_t *there, *back; /* areas */
    uint8_t *messages;     /* private, for a batch */
    uint32_t batch;
};

/* Nanoseconds for @count messages, as the parent sees them. */
typedef uint64_t parent_fn(struct run *run, uint64_t count);
typedef void child_fn(struct run *run);

static void wait_for(const uint64_t *word, uint64_t value)
{
    while ( __atomic_load_n(word, __ATOMIC_ACQUIRE) != value )
        bench_relax();
}

/* The child waits for the next count; 0: there is none. */
static uint64_t next_count(struct control *control, uint64_t last)
{
    uint64_t count;

    while ( (count = __atomic_load_n(&control->count, __ATOMIC_ACQUIRE)) ==
            last )
        bench_relax();
    __atomic_store_n(&control->ready, count, __ATOMIC_RELEASE);

    return count;
}

static void begin(struct control *control, uint64_t count)
{
    __atomic_store_n(&control->count, count, __ATOMIC_RELEASE);
    wait_for(&control->ready, count);
}

/* Each message is to come, and the right one. */
static void check_message(const uint8_t *message, uint64_t number)
{
    uint32_t got;

    memcpy(&got, message, sizeof(got));
    if ( got != (uint32_t)number )
    {
        fprintf(stderr, "message %u instead of %u\n", got, (uint32_t)number);
        exit(1);
    }
}

static void number_messages(const struct run *run, uint32_t size, uint32_t n,
                            uint64_t number)
{
    for ( uint32_t i = 0; i < n; i++ )
    {
        uint32_t word = (uint32_t)number + i;

        memcpy(run->messages + (size_t)i * size, &word, sizeof(word));
    }
}

/*
 * The loops, once for each way and size: SIZE is a constant in all of them.
 */
#define LOOPS(way, SIZE) \
static uint64_t way##_##SIZE##_round_trips(struct run *run, uint64_t count) \
{ \
    static struct way_##way##_sender sender; \
    static struct way_##way##_taker taker; \
    static bool started; \
    uint64_t start; \
    if ( !started ) \
    { \
        way_##way##_start_sender(&sender, run->there, SIZE); \
        way_##way##_start_taker(&taker, run->back, SIZE); \
        started = true; \
    } \
    begin(run->control, count); \
    start = now(); \
    for ( uint64_t i = 0; i < count; i++ ) \
    { \
        while ( !way_##way##_send(&sender, run->messages, SIZE, 1) ) \
            bench_relax(); \
        while ( !way_##way##_take(&taker, run->messages, SIZE, 1) ) \
            bench_relax(); \
    } \
    return now() - start; \
} \
static void way##_##SIZE##_echo(struct run *run) \
{ \
    struct way_##way##_sender sender; \
    struct way_##way##_taker taker; \
    uint64_t count = 0; \
    way_##way##_start_sender(&sender, run->back, SIZE); \
    way_##way##_start_taker(&taker, run->there, SIZE); \
    while ( (count = next_count(run->control, count)) ) \
        for ( uint64_t i = 0; i < count; i++ ) \
        { \
            while ( !way_##way##_take(&taker, run->messages, SIZE, 1) ) \
                bench_relax(); \
            while ( !way_##way##_send(&sender, run->messages, SIZE, 1) ) \
                bench_relax(); \
        } \
} \
static uint64_t way##_##SIZE##_send_all(struct run *run, uint64_t count) \
{ \
    static struct way_##way##_sender sender; \
    static bool started; \
    uint64_t start; \
    if ( !started ) \
        way_##way##_start_sender(&sender, run->there, SIZE); \
    started = true; \
    begin(run->control, count); \
    start = now(); \
    for ( uint64_t i = 0; i < count; ) \
    { \
        uint32_t n = count - i < run->batch ? (uint32_t)(count - i) \
                                            : run->batch; \
        uint32_t sent = 0; \
        number_messages(run, SIZE, n, i); \
        while ( sent < n ) \
        { \
            uint32_t some = way_##way##_send( \
                &sender, run->messages + (size_t)sent * SIZE, SIZE, n - sent); \
            if ( !some ) \
                bench_relax(); \
            sent += some; \
        } \
        i += n; \
    } \
    wait_for(&run->control->done, count); \
    return now() - start; \
} \
static void way##_##SIZE##_take_all(struct run *run) \
{ \
    struct way_##way##_taker taker; \
    uint64_t count = 0; \
    way_##way##_start_taker(&taker, run->there, SIZE); \
    while ( (count = next_count(run->control, count)) ) \
    { \
        for ( uint64_t i = 0; i < count; ) \
        { \
            uint32_t n = way_##way##_take(&taker, run->messages, SIZE, \
                                          run->batch); \
            if ( !n ) \
                bench_relax(); \
            for ( uint32_t j = 0; j < n; j++ ) \
                check_message(run->messages + (size_t)j * SIZE, i + j); \
            i += n; \
        } \
        __atomic_store_n(&run->control->done, count, __ATOMIC_RELEASE); \
    } \
} \
static void way##_##SIZE##_loop(struct run *run, uint64_t count) \
{ \
    struct way_##way##_sender sender; \
    struct way_##way##_taker taker; \
    way_##way##_start_sender(&sender, run->there, SIZE); \
    way_##way##_start_taker(&taker, run->there, SIZE); \
    for ( uint64_t i = 0; i < count; ) \
    { \
        way_##way##_take(&taker, run->messages, SIZE, run->batch); \
        i += way_##way##_send(&sender, run->messages, SIZE, run->batch); \
    } \
}

#define WAYS(X) X(ring) X(cell) X(ck) X(rte) X(memcpy) X(line)

#define LOOPS_ring(size)   LOOPS(ring, size)
#define LOOPS_cell(size)   LOOPS(cell, size)
#define LOOPS_ck(size)     LOOPS(ck, size)
#define LOOPS_rte(size)    LOOPS(rte, size)
#define LOOPS_memcpy(size) LOOPS(memcpy, size)
#define LOOPS_line(size)   LOOPS(line, size)
#define ALL_LOOPS(way) BENCH_SIZES(LOOPS_##way)
WAYS(ALL_LOOPS)

static const struct way {
    const char *name;
    uint32_t size;
    parent_fn *round_trips, *send_all;
    child_fn *echo, *take_all;
    void (*loop)(struct run *run, uint64_t count);
} ways[] = {
#define WAY(name, size) \
    { #name, size, name##_##size##_round_trips, name##_##size##_send_all, \
      name##_##size##_echo, name##_##size##_take_all, name##_##size##_loop },
#define WAY_ring(size)   WAY(ring, size)
#define WAY_cell(size)   WAY(cell, size)
#define WAY_ck(size)     WAY(ck, size)
#define WAY_rte(size)    WAY(rte, size)
#define WAY_memcpy(size) WAY(memcpy, size)
#define WAY_line(size)   WAY(line, size)
#define ALL_SIZES(way) BENCH_SIZES(WAY_##way)
    WAYS(ALL_SIZES)
};

static const struct way *find_way(const char *name, uint32_t size)
{
    for ( size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++ )
        if ( !strcmp(ways[i].name, name) && ways[i].size == size )
            return &ways[i];

    fprintf(stderr, "no way %s for %u bytes\n", name, size);
    exit(1);
}

/* The first and the last CPU that we may use, for the parent and the child. */
static void choose_cpus(int cpus[2])
{
    cpu_set_t all;

    if ( sched_getaffinity(0, sizeof(all), &all) )
        fail("sched_getaffinity");
    if ( CPU_COUNT(&all) < 2 )
    {
        fprintf(stderr, "two CPUs are needed\n");
        exit(1);
    }
    cpus[0] = -1;
    for ( int i = 0; i < CPU_SETSIZE; i++ )
        if ( CPU_ISSET(i, &all) )
        {
            if ( cpus[0] < 0 )
                cpus[0] = i;
            cpus[1] = i;
        }
}

static void pin(int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if ( sched_setaffinity(0, sizeof(one), &one) )
        fail("sched_setaffinity");
}

/*
 * Two processes that wait for each other measure the scheduler once others want
 * their CPUs.  This takes root; without, the machine has to be idle.
 */
static void keep_cpu(void)
{
    struct sched_param lowest = { .sched_priority = 1 };

    (void)sched_setscheduler(0, SCHED_FIFO, &lowest);
}

static void *map_shared(size_t size)
{
    void *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if ( area == MAP_FAILED )
        fail("mmap");
    memset(area, 0, size); /* all pages are there */

    return area;
}

/*
 * Half a page beside the areas, which begin with a page: where the low 12 bits
 * of two addresses are alike, some processors copy at a fraction of the speed.
 */
static void get_messages(struct run *run, uint32_t size)
{
    size_t bytes = (size_t)size * run->batch;
    uint8_t *pages = aligned_alloc(4096, (bytes + 2 * 4096 - 1) / 4096 * 4096);

    if ( !pages )
        fail("aligned_alloc");
    run->messages = pages + 2048;
    memset(run->messages, 1, bytes);
}

/* Twice as many each time, until it takes long enough. */
static double measure(struct run *run, parent_fn *parent)
{
    uint64_t count = 64, time;

    while ( (time = parent(run, count)) < ENOUGH )
        count *= 2;
    __atomic_store_n(&run->control->count, 0, __ATOMIC_RELEASE);

    return (double)time / (double)count;
}

static void run_both(struct run *run, const struct way *way, bool latency)
{
    int status, cpus[2];
    pid_t child;

    choose_cpus(cpus);
    child = fork();
    if ( child < 0 )
        fail("fork");
    pin(cpus[!child]);
    get_messages(run, way->size);
    if ( !child )
    {
        (latency ? way->echo : way->take_all)(run);
        _exit(0);
    }
    printf("%.2f\n", measure(run, latency ? way->round_trips : way->send_all));
    if ( waitpid(child, &status, 0) != child || status )
    {
        fprintf(stderr, "the child failed\n");
        exit(1);
    }
}

/* What one batch takes at most: a quarter of the room. */
static uint32_t limited(uint32_t batch, uint32_t size)
{
    uint32_t most = (uint32_t)(bench_room(size) / 4 / size);

    return batch < most ? batch : most;
}

int main(int argc, char **argv)
{
    const struct way *way;
    struct run run = { .batch = 1 };
    bool loop = argc == 6 && !strcmp(argv[2], "loop");

    if ( argc != 4 && !loop )
    {
        fprintf(stderr, "usage: bench WAY latency|single|batch SIZE\n"
                        "       bench WAY loop SIZE COUNT BATCH\n");
        return 2;
    }
    way = find_way(argv[1], (uint32_t)strtoul(argv[3], NULL, 10));
    run.control = map_shared(sizeof(*run.control));
    run.there = map_shared(BENCH_AREA);
    run.back = map_shared(BENCH_AREA);

    if ( loop )
    {
        run.batch = limited((uint32_t)strtoul(argv[5], NULL, 10), way->size);
        get_messages(&run, way->size);
        way->loop(&run, strtoull(argv[4], NULL, 10));
        return 0;
    }

    if ( !strcmp(argv[2], "batch") )
        run.batch = limited(BENCH_BATCH, way->size);
    keep_cpu();
    run_both(&run, way, !strcmp(argv[2], "latency"));

    return 0;
}
