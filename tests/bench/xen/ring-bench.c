/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * ring-bench: one or two bare-metal guests that do one thing as fast as they
 * can, and the last one tells how often.  What it is is in the name of their
 * region:
 *
 *   stream-N   messages of N bytes through a ring, one at a time
 *   batch-N    the same, up to 32 of them published and released at once
 *   trip-N     messages of N bytes to and fro, through two rings
 *   cell-N     values of N bytes through a cell, as many as the reader takes
 *   alone-N         as stream-N, but one guest has both sides: nobody waits, so
 *   alone-batch-N   the instructions of a message can be counted
 */
#include <shared_mem/cell.h>
#include <shared_mem/copy.h>
#include <shared_mem/ring.h>

#include "../../../guest-lib/examples/peers/peer.h"

const char peer_name[] = "bench";

#define SIZE_MAX_BENCH 65536u
#define RING_SIZE_MIN  32768u

#define BATCH 32u

/*
 * Counts are told at this interval, a few times a second.  The console is not
 * for free: dom0 takes turns with the guests.  Nor is the time: it is looked at
 * after so many bytes or so, and after each message at least.
 */
#if defined(__x86_64__)
#define REPORT_TICKS (1u << 29)
#else
#define REPORT_TICKS (1u << 24)
#endif
#define LOOK_BYTES (1u << 22)

struct bench {
    struct shared_mem handle;
    uint32_t size;  /* of a message or value */
    uint32_t every; /* messages from one look at the time to the next */
    uint32_t left;  /* until the next look */
    uint64_t count; /* until the last look */
    uint64_t told;  /* when the count was told last, in ticks */
    unsigned char buffer[SIZE_MAX_BENCH];
};

static struct bench bench; /* too large for the stack */

/* The number behind the text, if the name begins with it; else 0. */
static uint32_t number_behind(const char *name, const char *text)
{
    uint32_t number = 0;

    while ( *text )
        if ( *name++ != *text++ )
            return 0;
    while ( *name >= '0' && *name <= '9' )
        number = number * 10 + (uint32_t)(*name++ - '0');

    return number;
}

/* The time in ticks: of the TSC, or of the virtual counter. */
static uint64_t ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    uint64_t value;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));

    return value;
#endif
}

static void count_one(void)
{
    uint64_t now;

    if ( --bench.left )
        return;

    bench.left = bench.every;
    bench.count += bench.every;
    now = ticks();
    if ( now - bench.told < REPORT_TICKS )
        return;

    bench.told = now;
    say_number("done ", bench.count, " times");
}

static uint32_t ring_size(void)
{
    uint32_t size = RING_SIZE_MIN;

    while ( size < 4 * bench.size )
        size *= 2;

    return size;
}

/* The first ring, or the second one behind it. */
static void *ring_memory(unsigned int number)
{
    size_t bytes = SHARED_MEM_RING_BYTES(ring_size());

    if ( (number + 1) * bytes > bench.handle.size )
        give_up("the region is too small", SHARED_MEM_EMSGSIZE);

    return (char *)bench.handle.data + number * bytes;
}

static void begin_sending(struct shared_mem_ring_producer *ring,
                          unsigned int number)
{
    if ( shared_mem_ring_producer_init(ring, ring_memory(number),
                                       SHARED_MEM_RING_BYTES(ring_size())) )
        give_up("no ring", SHARED_MEM_EINVAL);
}

static void begin_receiving(struct shared_mem_ring_consumer *ring,
                            unsigned int number)
{
    if ( shared_mem_ring_consumer_init(ring, ring_memory(number),
                                       SHARED_MEM_RING_BYTES(ring_size())) )
        give_up("no ring", SHARED_MEM_EINVAL);
}

/* A start of the other side, at the beginning, is all that may go wrong. */
static void must(int error, const char *what)
{
    if ( error )
        give_up(what, error);
}

/* Up to @batch messages, as many as there is room for; one at least. */
static void send(struct shared_mem_ring_producer *ring, unsigned int batch)
{
    unsigned int sent = 0;

    while ( sent < batch )
    {
        void *message;
        int error = shared_mem_ring_reserve(ring, bench.size, &message);

        if ( error == SHARED_MEM_EAGAIN || error == SHARED_MEM_ENOTCONN )
        {
            if ( sent )
                break;
            cpu_relax();
            continue;
        }
        must(error, "cannot send");
        shared_mem_copy_to(message, bench.buffer, bench.size);
        must(shared_mem_ring_commit(ring, bench.size), "cannot send");
        sent++;
    }
    must(shared_mem_ring_publish(ring), "cannot send");
}

/* Up to @batch messages, as many as there are; one at least. */
static unsigned int receive(struct shared_mem_ring_consumer *ring,
                            unsigned int batch)
{
    unsigned int received = 0;

    while ( received < batch )
    {
        const void *message;
        uint32_t length;
        int error = shared_mem_ring_peek(ring, &message, &length);

        if ( error == SHARED_MEM_EAGAIN || error == SHARED_MEM_ENOTCONN )
        {
            if ( received )
                break;
            cpu_relax();
            continue;
        }
        must(error, "cannot receive");
        shared_mem_copy_from(bench.buffer, message, length);
        received++;
    }
    shared_mem_ring_release(ring);

    return received;
}

static _Noreturn void stream(bool first, unsigned int batch)
{
    struct shared_mem_ring_producer to;
    struct shared_mem_ring_consumer from;

    if ( first )
    {
        begin_sending(&to, 0);
        for ( ; ; )
            send(&to, batch);
    }

    begin_receiving(&from, 0);
    for ( ; ; )
        for ( unsigned int n = receive(&from, batch); n; n-- )
            count_one();
}

static _Noreturn void alone(bool first, unsigned int batch)
{
    struct shared_mem_ring_producer to;
    struct shared_mem_ring_consumer from;
    const void *message;
    uint32_t length;

    (void)first;
    begin_sending(&to, 0);
    begin_receiving(&from, 0);
    /* Each side sees that the other one has begun. */
    (void)shared_mem_ring_peek(&from, &message, &length);

    for ( ; ; )
    {
        send(&to, batch);
        for ( unsigned int n = receive(&from, batch); n; n-- )
            count_one();
    }
}

static _Noreturn void trip(bool first, unsigned int batch)
{
    struct shared_mem_ring_producer to;
    struct shared_mem_ring_consumer from;

    begin_sending(&to, first ? 0 : 1);
    begin_receiving(&from, first ? 1 : 0);

    for ( ; ; )
    {
        if ( first )
            send(&to, batch);
        (void)receive(&from, batch);
        if ( !first )
        {
            send(&to, batch);
            count_one();
        }
    }
}

static _Noreturn void write_values(void)
{
    struct shared_mem_cell_writer writer;

    if ( shared_mem_cell_writer_init(&writer, bench.handle.data,
                                     bench.handle.size, bench.size) )
        give_up("no cell", SHARED_MEM_EINVAL);

    for ( ; ; )
        shared_mem_cell_write(&writer, bench.buffer);
}

static _Noreturn void read_values(void)
{
    struct shared_mem_cell_reader reader;
    uint32_t sequence, last = 0;

    if ( shared_mem_cell_reader_init(&reader, bench.handle.data,
                                     bench.handle.size, bench.size) )
        give_up("no cell", SHARED_MEM_EINVAL);

    for ( ; ; )
    {
        if ( shared_mem_cell_read(&reader, bench.buffer, &sequence) ||
             sequence == last )
        {
            cpu_relax();
            continue;
        }
        last = sequence;
        count_one();
    }
}

static _Noreturn void cell(bool first, unsigned int batch)
{
    (void)batch;
    if ( first )
        write_values();
    read_values();
}

_Noreturn void guest_main(uint64_t boot_info)
{
    static const struct {
        const char *prefix;
        bool peer; /* there is another guest */
        unsigned int batch; /* messages at a time, at most */
        void (*run)(bool first, unsigned int batch); /* does not return */
    } ways[] = {
        { "stream-", true, 1, stream },
        { "batch-", true, BATCH, stream },
        { "trip-", true, 1, trip },
        { "cell-", true, 1, cell },
        { "alone-", false, 1, alone },
        { "alone-batch-", false, BATCH, alone },
    };
    struct shared_mem_factory factory;
    struct shared_mem_region region;

    (void)boot_info;
    if ( shared_mem_factory_open(&factory, FACTORY_PAGE) ||
         shared_mem_factory_region(&factory, 0, &region) )
        give_up("no region", SHARED_MEM_ENOENT);
    attach_region(&bench.handle, region.name);

    for ( unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++ )
    {
        bench.size = number_behind(region.name, ways[i].prefix);
        if ( !bench.size || bench.size > SIZE_MAX_BENCH )
            continue;
        bench.every = LOOK_BYTES / (bench.size + 256) / 8 + 1;
        bench.left = bench.every;
        if ( ways[i].peer )
            (void)await_peer(&bench.handle);
        ways[i].run(region.index == 0, ways[i].batch);
    }

    give_up("nothing to do", SHARED_MEM_EINVAL);
}
