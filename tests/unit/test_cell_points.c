/*
 * Unit tests of the guest library's cell: the writer writes, or dies, at each
 * point of the protocol.  A point is before an access to a word of shared
 * memory; atomic.h of the fuzzers makes them known.  A value must be whole, the
 * latest one when the reader began or a later one.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shared_mem/cell.h>

#include "hostile.h"

#define WORDS 3
#define VALUE (WORDS * 4)
#define BYTES SHARED_MEM_CELL_BYTES(VALUE)

/* Two sizes; a slot of the other one begins in the middle of a long value. */
#define LONG_WORDS 75
#define LONG_VALUE (LONG_WORDS * 4)
#define LONG_BYTES SHARED_MEM_CELL_BYTES(LONG_VALUE)
#define OTHER_VALUE 160

static _Alignas(128) uint8_t memory[LONG_BYTES];

static struct shared_mem_cell_writer writer;
static struct shared_mem_cell_reader reader;
static uint32_t written;

static void (*action)(void);
static long points_left; /* until the action, once; below 0: at each one */
static bool acting;
static unsigned int burst; /* values that the action writes */
static long death_left;    /* points of the action until it stops; 0: never */
static jmp_buf death;

void hostile_before(const volatile uint32_t *word)
{
    (void)word;
    if ( acting && death_left && !--death_left )
        longjmp(death, 1);
    if ( !action || acting || (points_left > 0 && --points_left) )
        return;

    acting = true;
    action();
    acting = false;
    if ( !points_left )
        action = NULL;
}

void hostile_before_write(const volatile uint32_t *word)
{
    hostile_before(word);
}

static void write_value(void)
{
    uint32_t value[WORDS];

    written++;
    for ( unsigned int i = 0; i < WORDS; i++ )
        value[i] = written;
    shared_mem_cell_write(&writer, value);
}

static void write_burst(void)
{
    for ( unsigned int i = 0; i < burst; i++ )
        write_value();
}

static void die(void)
{
    acting = false;
    longjmp(death, 1);
}

static void start_writer(void)
{
    assert_int_equal(
        shared_mem_cell_writer_init(&writer, memory, BYTES, VALUE), 0);
}

static void begin(void)
{
    action = NULL;
    acting = false;
    death_left = 0;
    memset(memory, 0, sizeof(memory));
    written = 0;
    start_writer();
    assert_int_equal(
        shared_mem_cell_reader_init(&reader, memory, BYTES, VALUE), 0);
}

static int read_value(void)
{
    uint32_t value[WORDS], sequence, oldest = written;
    int rc = shared_mem_cell_read(&reader, value, &sequence);

    if ( rc )
    {
        assert_int_equal(rc, SHARED_MEM_EAGAIN);
        return rc;
    }
    assert_true(value[0] >= oldest && value[0] <= written);
    for ( unsigned int i = 1; i < WORDS; i++ )
        assert_int_equal(value[i], value[0]);

    return 0;
}

/* However many values come at one point, the reader gets one of them. */
static void test_writes_at_one_point(void **state)
{
    (void)state;
    for ( burst = 1; burst < 10; burst++ )
        for ( unsigned int before = 1; before < 9; before++ )
            for ( long point = 1; point < 40; point++ )
            {
                begin();
                for ( unsigned int i = 0; i < before; i++ )
                    write_value();
                action = write_burst;
                points_left = point;
                assert_int_equal(read_value(), 0);
            }
}

/* Three values during a read do not disturb it. */
static void test_writes_during_the_copy(void **state)
{
    (void)state;
    begin();
    write_value();
    burst = 1;
    action = write_burst;
    points_left = -1;
    for ( unsigned int i = 0; i < 100; i++ )
        (void)read_value();

    begin();
    write_value();
    burst = 3;
    action = write_burst;
    points_left = 3;
    assert_int_equal(read_value(), 0);
    assert_int_equal(written, 4);
}

/* The writer is overtaking the reader, and has got so far. */
static void write_burst_and_a_part(void)
{
    long part = death_left;

    death_left = 0;
    write_burst();
    death_left = part;
    if ( !setjmp(death) )
        write_value();
    death_left = 0;
}

static void test_writes_in_part(void **state)
{
    (void)state;
    for ( burst = 0; burst < 8; burst++ )
        for ( long point = 1; point < 12; point++ )
            for ( long part = 1; part < 12; part++ )
            {
                begin();
                write_value();
                action = write_burst_and_a_part;
                points_left = point;
                death_left = part;
                (void)read_value();
            }
}

/* The header is wrong, and names the value that is being written just now. */
static void finish_value(void)
{
    uint32_t words[] = { 2, 0, 2, 2, 2 };

    memcpy(&memory[0x80 + 2 * 0x80], words, sizeof(words));
    written = 2;
}

static void test_header_is_early(void **state)
{
    (void)state;
    for ( long point = 1; point < 12; point++ )
    {
        begin();
        write_value();
        memcpy(memory, &(uint32_t){ 2 }, 4);
        action = finish_value;
        points_left = point;
        (void)read_value();
    }
}

/* A writer that is faster all the time costs an error, and an end. */
static void test_writes_all_the_time(void **state)
{
    (void)state;
    for ( burst = 4; burst < 9; burst++ )
    {
        begin();
        write_value();
        action = write_burst;
        points_left = -1;
        assert_int_equal(read_value(), SHARED_MEM_EAGAIN);
    }
}

/* The writer's next life has another size; it comes to its end or not. */
static void write_others(void)
{
    uint8_t value[OTHER_VALUE];

    memset(value, 0xa5, sizeof(value));
    if ( !setjmp(death) )
    {
        assert_int_equal(shared_mem_cell_writer_init(&writer, memory,
                                                     LONG_BYTES, OTHER_VALUE),
                         0);
        for ( unsigned int i = 0; i < burst; i++ )
            shared_mem_cell_write(&writer, value);
    }
    death_left = 0;
}

/* All words of a long value are its number. */
static void begin_with_long_values(unsigned int count)
{
    uint32_t value[LONG_WORDS];

    begin();
    assert_int_equal(shared_mem_cell_writer_init(&writer, memory, LONG_BYTES,
                                                 LONG_VALUE), 0);
    for ( unsigned int number = 1; number <= count; number++ )
    {
        for ( unsigned int i = 0; i < LONG_WORDS; i++ )
            value[i] = number;
        shared_mem_cell_write(&writer, value);
    }
    assert_int_equal(shared_mem_cell_reader_init(&reader, memory, LONG_BYTES,
                                                 LONG_VALUE), 0);
}

/* The reader has a whole value of its size, or learns that there is none. */
static void test_writer_with_another_size(void **state)
{
    uint32_t value[LONG_WORDS], sequence;
    int rc;

    (void)state;
    for ( unsigned int before = 1; before < 5; before++ )
        for ( long point = 1; point < LONG_WORDS + 8; point++ )
            for ( burst = 0; burst < 4; burst++ )
                for ( long part = 0; part < 90; part += 3 )
                {
                    begin_with_long_values(before);
                    action = write_others;
                    points_left = point;
                    death_left = part;
                    rc = shared_mem_cell_read(&reader, value, &sequence);
                    assert_true(rc == 0 || rc == SHARED_MEM_EAGAIN ||
                                rc == SHARED_MEM_EPROTO);
                    for ( unsigned int i = 0; !rc && i < LONG_WORDS; i++ )
                        assert_int_equal(value[i], before);
                }
}

static bool survives(long point)
{
    action = die;
    points_left = point;
    if ( setjmp(death) )
    {
        action = NULL;
        return false;
    }
    write_value();
    action = NULL;

    return true;
}

/* The value before stays, or the new one is there; the next one is right. */
static void test_writer_dies_at_each_point(void **state)
{
    (void)state;
    for ( unsigned int before = 1; before < 6; before++ )
        for ( long point = 1; point < 40; point++ )
        {
            begin();
            for ( unsigned int i = 0; i < before; i++ )
                write_value();
            if ( survives(point) )
                break;
            written--;
            assert_int_equal(read_value(), 0);
            start_writer();
            assert_int_equal(read_value(), 0);
            written++;
            write_value();
            assert_int_equal(read_value(), 0);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_at_one_point),
        cmocka_unit_test(test_writes_during_the_copy),
        cmocka_unit_test(test_writes_in_part),
        cmocka_unit_test(test_header_is_early),
        cmocka_unit_test(test_writes_all_the_time),
        cmocka_unit_test(test_writer_with_another_size),
        cmocka_unit_test(test_writer_dies_at_each_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
