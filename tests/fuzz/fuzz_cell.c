/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target for the guest library's cell: a writer and a reader that call in
 * any order, over memory that others write to between any two accesses.  The
 * first byte is the size of a value; then come calls, each a byte, with what
 * the others write in between (hostile.h).
 */
#include <stdbool.h>
#include <string.h>

#include <shared_mem/cell.h>

#include "hostile.h"

enum { WRITE, READ, START_WRITER, START_READER, SIGN, ASK, CALLS };

static struct shared_mem_cell *cell;
static size_t bytes;
static uint32_t size;
static bool reading;

static struct shared_mem_cell_writer writer;
static struct shared_mem_cell_reader reader;

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size);

/* Readers write nothing; the writer stays in the cell. */
static void check_write(const volatile uint32_t *word)
{
    uintptr_t offset = (uintptr_t)word - (uintptr_t)cell;

    CHECK(!reading);
    CHECK(offset < bytes);
    CHECK(offset < 12 || offset >= 128);
}

static void write_value(void)
{
    uint8_t *value = malloc(size);

    CHECK(value);
    memset(value, 0x11, size);
    shared_mem_cell_write(&writer, value);
    free(value);
    CHECK(writer.sequence);
}

static void read_value(void)
{
    uint8_t *value = malloc(size);
    uint32_t sequence;
    int rc;

    CHECK(value);
    reading = true;
    rc = shared_mem_cell_read(&reader, value, &sequence);
    reading = false;
    CHECK(!rc || rc == SHARED_MEM_EAGAIN || rc == SHARED_MEM_EPROTO);
    if ( !rc )
        CHECK(sequence);
    free(value);
}

static void one_call(uint8_t what)
{
    switch ( what % CALLS )
    {
    case WRITE:
        write_value();
        break;
    case READ:
        read_value();
        break;
    case START_WRITER:
        CHECK(!shared_mem_cell_writer_init(&writer, cell, bytes, size));
        break;
    case SIGN:
        shared_mem_cell_writer_is(&writer, what);
        break;
    case ASK:
        reading = true;
        (void)shared_mem_cell_age(&reader, what);
        (void)shared_mem_cell_writer_alive(&reader, ~0u);
        reading = false;
        break;
    case START_READER:
        CHECK(!shared_mem_cell_reader_init(&reader, cell, bytes, size));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size)
{
    unsigned long accesses;

    if ( !input_size )
        return 0;

    size = input[0] + 1u;
    bytes = SHARED_MEM_CELL_BYTES(size);
    hostile_start(input + 1, input_size - 1);
    hostile_on_write(check_write);
    cell = hostile_area(bytes);
    reading = false;
    CHECK(!shared_mem_cell_writer_init(&writer, cell, bytes, size));
    CHECK(!shared_mem_cell_reader_init(&reader, cell, bytes, size));
    while ( hostile_left() )
    {
        accesses = hostile_accesses();
        one_call(hostile_byte());
        /* Four tries: the header, the value, and three words around it. */
        CHECK(hostile_accesses() - accesses <= 4 * (5 + (size + 3) / 4));
    }

    return 0;
}
