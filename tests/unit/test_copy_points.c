/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the guest library's copies: of each size and alignment, byte by
 * byte; and that each word of shared memory is accessed once, which atomic.h of
 * the fuzzers makes known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shared_mem/copy.h>

#include "hostile.h"

#define SIZE_LIMIT 200u /* some blocks, and all that may be left of one */
#define MEMORY     (SIZE_LIMIT + 16u)
#define UNTOUCHED  0xee

/* What was there, or is copied: no two neighbours are the same. */
static uint8_t pattern(unsigned int i)
{
    return (uint8_t)(i * 7 + 3);
}

/* Red zones of ASan are around both. */
static _Alignas(16) uint8_t shared[MEMORY];
static uint8_t private[MEMORY];

static unsigned int accesses[MEMORY / 4]; /* of each shared word */
static bool writes;

static void note_access(const volatile uint32_t *word, bool write)
{
    const ptrdiff_t offset = (const volatile uint8_t *)word - shared;

    assert_in_range(offset, 0, MEMORY - 4);
    assert_int_equal(offset % 4, 0);
    accesses[offset / 4]++;
    writes |= write;
}

void hostile_before(const volatile uint32_t *word)
{
    note_access(word, false);
}

void hostile_before_write(const volatile uint32_t *word)
{
    note_access(word, true);
}

static void begin(void)
{
    memset(accesses, 0, sizeof(accesses));
    memset(shared, UNTOUCHED, sizeof(shared));
    memset(private, UNTOUCHED, sizeof(private));
    writes = false;
}

/* The words of @size bytes at @offset once each, and no other word. */
static void assert_accessed_once(unsigned int offset, unsigned int size)
{
    for ( unsigned int i = 0; i < MEMORY / 4; i++ )
        assert_int_equal(accesses[i],
                         i * 4 >= offset && i * 4 < offset + size);
}

static void copy_from(unsigned int offset, unsigned int misaligned,
                      unsigned int size)
{
    begin();
    for ( unsigned int i = 0; i < size; i++ )
        shared[offset + i] = pattern(i);

    shared_mem_copy_from(private + misaligned, shared + offset, size);

    for ( unsigned int i = 0; i < size; i++ )
        assert_int_equal(private[misaligned + i], pattern(i));
    for ( unsigned int i = 0; i < misaligned; i++ )
        assert_int_equal(private[i], UNTOUCHED);
    for ( unsigned int i = misaligned + size; i < MEMORY; i++ )
        assert_int_equal(private[i], UNTOUCHED);
    assert_accessed_once(offset, size);
    assert_false(writes);
}

/* Up to the end of its last word, which is zero behind the copy. */
static void copy_to(unsigned int offset, unsigned int misaligned,
                    unsigned int size)
{
    const unsigned int end = offset + (size + 3) / 4 * 4;

    begin();
    for ( unsigned int i = 0; i < size; i++ )
        private[misaligned + i] = pattern(i);

    shared_mem_copy_to(shared + offset, private + misaligned, size);

    for ( unsigned int i = 0; i < size; i++ )
        assert_int_equal(shared[offset + i], pattern(i));
    for ( unsigned int i = offset + size; i < end; i++ )
        assert_int_equal(shared[i], 0);
    for ( unsigned int i = 0; i < offset; i++ )
        assert_int_equal(shared[i], UNTOUCHED);
    for ( unsigned int i = end; i < MEMORY; i++ )
        assert_int_equal(shared[i], UNTOUCHED);
    assert_accessed_once(offset, size);
}

static void each(void (*copy)(unsigned int offset, unsigned int misaligned,
                              unsigned int size))
{
    for ( unsigned int size = 0; size <= SIZE_LIMIT; size++ )
        for ( unsigned int offset = 0; offset <= 12; offset += 4 )
            for ( unsigned int misaligned = 0; misaligned < 9; misaligned++ )
                copy(offset, misaligned, size);
}

static void each_size_and_alignment_from_shared_memory(void **state)
{
    (void)state;
    each(copy_from);
}

static void each_size_and_alignment_to_shared_memory(void **state)
{
    (void)state;
    each(copy_to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_size_and_alignment_from_shared_memory),
        cmocka_unit_test(each_size_and_alignment_to_shared_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
