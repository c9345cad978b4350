/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * ring-bench: two bare-metal guests that do one thing as fast as they can, and
 * the second one tells how often.  What they do is in the name of their region:
 *
 *   stream-N   messages of N bytes through a ring
 *   trip-N     messages of N bytes to and fro, through two rings
 *   cell-N     values of N bytes through a cell, as many as the reader takes
 */
#include <shared_mem/cell.h>
#include <shared_mem/copy.h>
#include <shared_mem/ring.h>

#include "../../../guest-lib/examples/peers/peer.h"

const char peer_name[] = "bench";

#define SIZE_MAX_BENCH 65536u
#define RING_SIZE_MIN  32768u

/* Counts are told after so many bytes or so, and after each at least. */
#define REPORT_BYTES (1u << 22)

struct bench {
    struct shared_mem handle;
    uint32_t size;  /* of a message or value */
    uint32_t every; /* messages from one report to the next */
    uint64_t count;
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

static void count_one(void)
{
    if ( ++bench.count % bench.every == 0 )
        say_number("done ", bench.count, "");
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
static void send_one(struct shared_mem_ring_producer *ring)
{
    void *message;
    int error;

    while ( (error = shared_mem_ring_reserve(ring, bench.size, &message)) )
    {
        if ( error != SHARED_MEM_EAGAIN )
            give_up("cannot send", error);
        cpu_relax();
    }
    shared_mem_copy_to(message, bench.buffer, bench.size);
    error = shared_mem_ring_commit(ring, bench.size);
    if ( !error )
        error = shared_mem_ring_publish(ring);
    if ( error )
        give_up("cannot send", error);
}

static void receive_one(struct shared_mem_ring_consumer *ring)
{
    const void *message;
    uint32_t length;
    int error;

    while ( (error = shared_mem_ring_peek(ring, &message, &length)) )
    {
        if ( error != SHARED_MEM_EAGAIN )
            give_up("cannot receive", error);
        cpu_relax();
    }
    shared_mem_copy_from(bench.buffer, message, length);
    shared_mem_ring_release(ring);
}

static _Noreturn void stream(bool first)
{
    struct shared_mem_ring_producer to;
    struct shared_mem_ring_consumer from;

    if ( first )
    {
        begin_sending(&to, 0);
        for ( ; ; )
            send_one(&to);
    }

    begin_receiving(&from, 0);
    for ( ; ; )
    {
        receive_one(&from);
        count_one();
    }
}

static _Noreturn void trip(bool first)
{
    struct shared_mem_ring_producer to;
    struct shared_mem_ring_consumer from;

    begin_sending(&to, first ? 0 : 1);
    begin_receiving(&from, first ? 1 : 0);

    for ( ; ; )
    {
        if ( first )
            send_one(&to);
        receive_one(&from);
        if ( !first )
        {
            send_one(&to);
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

static _Noreturn void cell(bool first)
{
    if ( first )
        write_values();
    read_values();
}

_Noreturn void guest_main(uint64_t boot_info)
{
    static const struct {
        const char *prefix;
        void (*run)(bool first); /* does not return */
    } ways[] = { { "stream-", stream }, { "trip-", trip }, { "cell-", cell } };
    struct shared_mem_factory factory;
    struct shared_mem_region region;

    (void)boot_info;
    if ( shared_mem_factory_open(&factory, FACTORY_PAGE) ||
         shared_mem_factory_region(&factory, 0, &region) )
        give_up("no region", SHARED_MEM_ENOENT);
    attach_region(&bench.handle, region.name);
    (void)await_peer(&bench.handle);

    for ( unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++ )
    {
        bench.size = number_behind(region.name, ways[i].prefix);
        if ( !bench.size || bench.size > SIZE_MAX_BENCH )
            continue;
        bench.every = REPORT_BYTES / (bench.size + 256) / 8 + 1;
        ways[i].run(region.index == 0);
    }

    give_up("nothing to do", SHARED_MEM_EINVAL);
}
