/*
 * Unit tests of the guest library's cell, by docs/guest-ring.md.  Offsets and
 * values of shared memory are written out here as documented.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <shared_mem/cell.h>

#include "words.h"

/* Of the memory below. */
#define get(offset)       word_at(memory, offset)
#define put(offset, word) set_word(memory, offset, word)

#define VALUE 10
#define BYTES (128 + 4 * 128)

/* Words of shared memory, by their offsets. */
#define SEQUENCE 0x00
#define FORMAT   0x04
#define WRITER   0x08
#define SLOT(n)  (0x80 + 0x80 * (n))

/* Red zones of ASan are around it. */
static _Alignas(128) uint8_t memory[BYTES];

static struct shared_mem_cell_writer writer;
static struct shared_mem_cell_reader reader;

static void start_writer(void)
{
    assert_int_equal(
        shared_mem_cell_writer_init(&writer, memory, BYTES, VALUE), 0);
}

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    start_writer();
    assert_int_equal(
        shared_mem_cell_reader_init(&reader, memory, BYTES, VALUE), 0);

    return 0;
}

static void fill(uint8_t *value, uint32_t seed)
{
    for ( unsigned int i = 0; i < VALUE; i++ )
        value[i] = (uint8_t)(seed * 31 + i * 7 + 1);
}

static void write_value(uint32_t seed)
{
    uint8_t value[VALUE];

    fill(value, seed);
    shared_mem_cell_write(&writer, value);
}

static int read_value(void)
{
    uint8_t value[VALUE];
    uint32_t sequence;

    return shared_mem_cell_read(&reader, value, &sequence);
}

static void assert_value(uint32_t seed, uint32_t number)
{
    uint8_t value[VALUE + 1], expected[VALUE];
    uint32_t sequence;

    value[VALUE] = 0xee;
    fill(expected, seed);
    assert_int_equal(shared_mem_cell_read(&reader, value, &sequence), 0);
    assert_memory_equal(value, expected, VALUE);
    assert_int_equal(value[VALUE], 0xee);
    assert_int_equal(sequence, number);
}

static void test_arguments(void **state)
{
    static const uint32_t sizes[] = { 1, 4, 119, 120, 121, 1u << 24 };

    (void)state;
    for ( unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++ )
    {
        uint32_t size = sizes[i];
        size_t bytes = 128 + 4 * ((size + 8 + 127) / 128 * 128);
        void *area = aligned_alloc(128, bytes);

        assert_int_equal(SHARED_MEM_CELL_BYTES(size), bytes);
        memset(area, 0, bytes);
        assert_int_equal(
            shared_mem_cell_writer_init(&writer, area, bytes - 1, size),
            SHARED_MEM_EINVAL);
        assert_int_equal(
            shared_mem_cell_reader_init(&reader, area, bytes - 1, size),
            SHARED_MEM_EINVAL);
        assert_int_equal(
            shared_mem_cell_writer_init(&writer, area, bytes, size), 0);
        assert_int_equal(
            shared_mem_cell_reader_init(&reader, area, bytes, size), 0);
        free(area);
    }

    assert_int_equal(shared_mem_cell_writer_init(&writer, memory, BYTES, 0),
                     SHARED_MEM_EINVAL);
    assert_int_equal(shared_mem_cell_writer_init(&writer, memory, SIZE_MAX,
                                                 (1u << 24) + 1),
                     SHARED_MEM_EINVAL);
    assert_int_equal(shared_mem_cell_writer_init(&writer, memory, SIZE_MAX,
                                                 UINT32_MAX),
                     SHARED_MEM_EINVAL);
    assert_int_equal(shared_mem_cell_writer_init(&writer, NULL, BYTES, VALUE),
                     SHARED_MEM_EINVAL);
    for ( unsigned int shift = 1; shift < 128; shift++ )
        assert_int_equal(shared_mem_cell_reader_init(&reader, memory + shift,
                                                     BYTES, VALUE),
                         SHARED_MEM_EINVAL);
}

static void test_layout(void **state)
{
    uint8_t expected[VALUE];

    (void)state;
    for ( uint32_t n = 1; n < 12; n++ )
    {
        write_value(n);
        fill(expected, n);
        assert_int_equal(get(SEQUENCE), n);
        assert_int_equal(get(FORMAT), 0x10000000 + VALUE);
        assert_int_equal(get(SLOT(n % 4)), n);
        assert_int_equal(get(SLOT(n % 4) + 4), 0);
        assert_memory_equal(&memory[SLOT(n % 4) + 8], expected, VALUE);
        assert_int_equal(get(SLOT(n % 4) + 8 + VALUE) & 0xffff, 0);
    }
}

static void test_no_value_yet(void **state)
{
    (void)state;
    assert_int_equal(read_value(), SHARED_MEM_EAGAIN);
    memset(memory, 0, sizeof(memory));
    assert_int_equal(read_value(), SHARED_MEM_EAGAIN);
    start_writer();
    write_value(1);
    assert_value(1, 1);
}

/* The number says whether it is another value. */
static void test_latest_value(void **state)
{
    (void)state;
    for ( uint32_t n = 1; n < 20; n++ )
    {
        write_value(n);
        if ( n % 3 )
            continue;
        assert_value(n, n);
        assert_value(n, n);
    }
}

static void test_every_size(void **state)
{
    (void)state;
    for ( uint32_t size = 1; size < 300; size++ )
    {
        size_t bytes = SHARED_MEM_CELL_BYTES(size);
        uint8_t *area = aligned_alloc(128, bytes);
        uint8_t *value = malloc(size), *copy = malloc(size);
        uint32_t sequence;

        memset(area, 0, bytes);
        assert_int_equal(
            shared_mem_cell_writer_init(&writer, area, bytes, size), 0);
        assert_int_equal(
            shared_mem_cell_reader_init(&reader, area, bytes, size), 0);
        for ( uint32_t n = 1; n < 10; n++ )
        {
            for ( uint32_t i = 0; i < size; i++ )
                value[i] = (uint8_t)(n + i);
            shared_mem_cell_write(&writer, value);
            assert_int_equal(shared_mem_cell_read(&reader, copy, &sequence), 0);
            assert_memory_equal(copy, value, size);
            assert_int_equal(sequence, n);
        }
        free(area);
        free(value);
        free(copy);
    }
}

/* 0 is no number. */
static void test_number_wrap(void **state)
{
    (void)state;
    put(SEQUENCE, UINT32_MAX - 2);
    start_writer();
    write_value(1);
    assert_value(1, UINT32_MAX - 1);
    write_value(2);
    assert_value(2, UINT32_MAX);
    write_value(3);
    assert_value(3, 1);
    write_value(4);
    assert_value(4, 2);
}

static void test_age(void **state)
{
    uint8_t value[VALUE];
    uint32_t sequence;

    (void)state;
    write_value(1);
    assert_int_equal(shared_mem_cell_read(&reader, value, &sequence), 0);
    for ( uint32_t age = 0; age < 9; age++ )
    {
        assert_int_equal(shared_mem_cell_age(&reader, sequence), age);
        write_value(age);
    }

    /* No value has the number 0. */
    writer.sequence = UINT32_MAX - 1;
    for ( uint32_t age = 0; age < 9; age++ )
    {
        write_value(age);
        assert_int_equal(shared_mem_cell_age(&reader, UINT32_MAX), age);
    }
}

static void test_writer_alive(void **state)
{
    (void)state;
    write_value(1);
    assert_false(shared_mem_cell_writer_alive(&reader, UINT32_MAX));
    for ( unsigned int index = 0; index < 32; index++ )
    {
        shared_mem_cell_writer_is(&writer, (uint8_t)index);
        assert_int_equal(get(WRITER), index + 1);
        assert_true(shared_mem_cell_writer_alive(&reader, 1u << index));
        assert_false(shared_mem_cell_writer_alive(&reader, ~(1u << index)));
    }

    /* What others write there is mended by the next value. */
    put(WRITER, 33);
    assert_false(shared_mem_cell_writer_alive(&reader, UINT32_MAX));
    put(WRITER, UINT32_MAX);
    assert_false(shared_mem_cell_writer_alive(&reader, UINT32_MAX));
    write_value(2);
    assert_true(shared_mem_cell_writer_alive(&reader, 1u << 31));

    /* The next writer is another one. */
    start_writer();
    assert_false(shared_mem_cell_writer_alive(&reader, UINT32_MAX));
    write_value(3);
    assert_false(shared_mem_cell_writer_alive(&reader, UINT32_MAX));
}

static void test_writer_restart(void **state)
{
    (void)state;
    write_value(1);
    write_value(2);
    start_writer();
    assert_value(2, 2);
    write_value(3);
    assert_value(3, 3);
}

/* Killed while it wrote: the last complete value stays. */
static void test_writer_killed(void **state)
{
    (void)state;
    for ( uint32_t n = 1; n < 9; n++ )
    {
        write_value(n);
        put(SLOT((n + 1) % 4), 0);
        memset(&memory[SLOT((n + 1) % 4) + 8], 0x77, VALUE / 2);
        assert_value(n, n);
        start_writer();
        assert_value(n, n);
    }
}

/* Old bytes do not become a value of another size. */
static void test_other_size(void **state)
{
    static _Alignas(128) uint8_t area[128 + 4 * 256];
    uint8_t small[8] = { 0 }, large[200];
    uint32_t sequence;

    (void)state;
    assert_int_equal(
        shared_mem_cell_writer_init(&writer, area, sizeof(area), 8), 0);
    for ( unsigned int i = 0; i < 7; i++ )
        shared_mem_cell_write(&writer, small);
    assert_int_equal(
        shared_mem_cell_reader_init(&reader, area, sizeof(area), 200), 0);
    assert_int_equal(shared_mem_cell_read(&reader, large, &sequence),
                     SHARED_MEM_EPROTO);

    memset(&area[128 + 256 * 3], 7, 4);
    assert_int_equal(
        shared_mem_cell_writer_init(&writer, area, sizeof(area), 200), 0);
    assert_int_equal(shared_mem_cell_read(&reader, large, &sequence),
                     SHARED_MEM_EAGAIN);
    memset(large, 0x44, sizeof(large));
    shared_mem_cell_write(&writer, large);
    assert_int_equal(shared_mem_cell_read(&reader, large, &sequence), 0);
    assert_int_equal(sequence, 8);
    assert_int_equal(large[199], 0x44);
}

static void test_garbage(void **state)
{
    static const uint32_t garbage[] = { 0, 1, 2, 5, 6, 0x10000000, UINT32_MAX };

    (void)state;
    for ( unsigned int i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++ )
    {
        setup(state);
        for ( uint32_t n = 1; n <= 6; n++ )
            write_value(n);
        put(SEQUENCE, garbage[i]);
        if ( garbage[i] == 5 )
            assert_value(5, 5);
        else if ( garbage[i] == 6 )
            assert_value(6, 6);
        else
            assert_int_equal(read_value(), SHARED_MEM_EAGAIN);
        write_value(7);
        assert_value(7, 7);

        put(FORMAT, garbage[i]);
        assert_int_equal(read_value(), garbage[i] ? SHARED_MEM_EPROTO
                                                  : SHARED_MEM_EAGAIN);
        write_value(8);
        assert_value(8, 8);

        put(SLOT(0), garbage[i]);
        assert_int_equal(read_value(), SHARED_MEM_EAGAIN);
        put(SLOT(0), 0);
        put(SEQUENCE, 0);
        assert_int_equal(read_value(), SHARED_MEM_EAGAIN);
        write_value(9);
        assert_value(9, 9);
    }
}

static void test_readers_may_be_read_only(void **state)
{
    int fd = memfd_create("cell", 0);
    struct shared_mem_cell_reader others[2];
    void *one, *other;
    uint8_t value[VALUE], copy[VALUE];
    uint32_t sequence;

    (void)state;
    assert_int_equal(ftruncate(fd, 4096), 0);
    one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    other = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(one != MAP_FAILED && other != MAP_FAILED);
    assert_int_equal(shared_mem_cell_writer_init(&writer, one, 4096, VALUE), 0);
    for ( unsigned int i = 0; i < 2; i++ )
        assert_int_equal(
            shared_mem_cell_reader_init(&others[i], other, 4096, VALUE), 0);
    for ( uint32_t n = 1; n < 10; n++ )
    {
        fill(value, n);
        shared_mem_cell_write(&writer, value);
        for ( unsigned int i = 0; i < 2; i++ )
        {
            assert_int_equal(shared_mem_cell_read(&others[i], copy, &sequence),
                             0);
            assert_memory_equal(value, copy, VALUE);
            assert_int_equal(sequence, n);
        }
    }
    munmap(one, 4096);
    munmap(other, 4096);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_arguments),
        TEST(test_layout),
        TEST(test_no_value_yet),
        TEST(test_latest_value),
        TEST(test_every_size),
        TEST(test_number_wrap),
        TEST(test_age),
        TEST(test_writer_alive),
        TEST(test_writer_restart),
        TEST(test_writer_killed),
        TEST(test_other_size),
        TEST(test_garbage),
        TEST(test_readers_may_be_read_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
