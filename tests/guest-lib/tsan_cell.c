/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A cell with a writer and two readers, each a thread, under ThreadSanitizer.
 * No value may be torn, older than the one before, or not its number's.  TAP.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shared_mem/cell.h>

#define WORDS 61
#define VALUES 40000u

static _Alignas(128) uint8_t memory[SHARED_MEM_CELL_BYTES(WORDS * 4)];

static void fail(const char *what, uint32_t number)
{
    printf("not ok 1 - cell: %s: %u\n", what, number);
    exit(1);
}

static uint32_t reads; /* by both */

/* Bursts overtake a reader; after each it gets a chance, for a while. */
static void let_read(void)
{
    uint32_t before = __atomic_load_n(&reads, __ATOMIC_RELAXED);

    for ( unsigned int i = 0; i < 2000; i++ )
        if ( __atomic_load_n(&reads, __ATOMIC_RELAXED) - before > 2 )
            return;
}

static void *read_all(void *arg)
{
    struct shared_mem_cell_reader reader;
    uint32_t value[WORDS], sequence, last = 0;
    unsigned long *taken = arg;
    int rc;

    if ( shared_mem_cell_reader_init(&reader, memory, sizeof(memory),
                                     sizeof(value)) )
        fail("reader_init", 0);

    while ( last < VALUES )
    {
        rc = shared_mem_cell_read(&reader, value, &sequence);
        if ( rc == SHARED_MEM_EAGAIN )
            continue;
        if ( rc )
            fail("read", (uint32_t)rc);
        if ( sequence < last )
            fail("an older value", sequence);
        for ( uint32_t i = 0; i < WORDS; i++ )
            if ( value[i] != sequence * (i + 1) )
                fail("a wrong value", sequence);
        __atomic_fetch_add(&reads, 1, __ATOMIC_RELAXED);
        *taken += sequence != last;
        last = sequence;
    }

    return NULL;
}

int main(void)
{
    struct shared_mem_cell_writer writer;
    uint32_t value[WORDS];
    unsigned long taken[2] = { 0, 0 };
    pthread_t readers[2];

    printf("1..1\n");
    if ( shared_mem_cell_writer_init(&writer, memory, sizeof(memory),
                                     sizeof(value)) )
        fail("writer_init", 0);
    for ( unsigned int i = 0; i < 2; i++ )
        if ( pthread_create(&readers[i], NULL, read_all, &taken[i]) )
            fail("pthread_create", i);

    for ( uint32_t number = 1; number <= VALUES; number++ )
    {
        for ( uint32_t i = 0; i < WORDS; i++ )
            value[i] = number * (i + 1);
        shared_mem_cell_write(&writer, value);
        if ( number % 8 == 0 )
            let_read();
    }
    for ( unsigned int i = 0; i < 2; i++ )
        pthread_join(readers[i], NULL);

    printf("# of %u values the readers took %lu and %lu\n", VALUES, taken[0],
           taken[1]);
    printf("ok 1 - cell: a writer and two readers\n");

    return 0;
}
