/*
 * What static shared memory decides about a guest's address space: whether a
 * range is RAM, where there is room for one, which addresses several take, and
 * what the memory map of the guest becomes.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "libxl_shared_mem_plan.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef libxl__shared_mem_range range_t;
typedef libxl__shared_mem_map_entry entry_t;

#define LIMIT (UINT64_C(1) << 36)

/*----- In RAM or not -----*/

static void test_place(void **state)
{
    (void)state;
    static const range_t ram[] = {
        { 0x1000, 0xf000, "low" },
        { UINT64_C(0x100000000), 0x10000, "high" },
    };
    static const struct {
        uint64_t begin, size;
        libxl__shared_mem_place place;
        const char *bank;
    } table[] = {
        { 0x1000, 0x1000, LIBXL__SHARED_MEM_INSIDE, "low" },
        { 0xf000, 0x1000, LIBXL__SHARED_MEM_INSIDE, "low" },
        { 0x1000, 0xf000, LIBXL__SHARED_MEM_INSIDE, "low" },
        { UINT64_C(0x10000f000), 0x1000, LIBXL__SHARED_MEM_INSIDE, "high" },
        { 0, 0x1000, LIBXL__SHARED_MEM_OUTSIDE, NULL },
        { 0x10000, 0x1000, LIBXL__SHARED_MEM_OUTSIDE, NULL },
        { 0x10000, UINT64_C(0xffff0000), LIBXL__SHARED_MEM_OUTSIDE, NULL },
        { UINT64_C(0x100010000), 0x1000, LIBXL__SHARED_MEM_OUTSIDE, NULL },
        { 0, 0x2000, LIBXL__SHARED_MEM_ACROSS, "low" },
        { 0xf000, 0x2000, LIBXL__SHARED_MEM_ACROSS, "low" },
        { 0, 0x11000, LIBXL__SHARED_MEM_ACROSS, "low" },
        { UINT64_C(0xfffff000), 0x2000, LIBXL__SHARED_MEM_ACROSS, "high" },
        { 0x1000, UINT64_C(0x10000f000), LIBXL__SHARED_MEM_ACROSS, "low" },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(table); i++) {
        range_t range = { table[i].begin, table[i].size, "ID1" };
        const range_t *bank;

        assert_int_equal(libxl__shared_mem_find_place(ram, ARRAY_LENGTH(ram),
                                                      &range, &bank),
                         table[i].place);
        if (table[i].bank)
            assert_string_equal(bank->name, table[i].bank);
        else
            assert_null(bank);
    }
}

/*----- Room for a region -----*/

static void check_free(const range_t *used, unsigned int nr, uint64_t from,
                       uint64_t size, uint64_t wanted)
{
    uint64_t address;

    assert_true(libxl__shared_mem_find_free(used, nr, from, size, LIMIT,
                                            &address));
    assert_int_equal(address, wanted);
}

static void test_find_free(void **state)
{
    (void)state;
    static const range_t used[] = {
        { 0x5000, 0x3000, "second" },
        { 0x1000, 0x3000, "first" },
        { 0x300000, 0x1000, "third" },
        { 0x40000000, 0x1000, "fourth" },
    };
    const unsigned int nr = ARRAY_LENGTH(used);

    check_free(NULL, 0, 0, 0x1000, 0);
    check_free(NULL, 0, 0x1000, 0x1000, 0x1000);
    check_free(used, nr, 0x1000, 0x1000, 0x4000);
    check_free(used, nr, 0x1000, 0x2000, 0x8000);
    check_free(used, nr, 0x2000, 0x1000, 0x4000);
    check_free(used, nr, 0x5000, 0x1000, 0x8000);
    /* To the last page before the next one. */
    check_free(used, nr, 0x8000, 0x1ff000, 0x8000);
    /* From 2 MiB on a boundary of 2 MiB, from 1 GiB on one of 1 GiB. */
    check_free(used, nr, 0x1000, 0x200000, 0x400000);
    check_free(used, nr, 0x1000, 0x201000, 0x400000);
    check_free(used, nr, 0x1000, 0x40000000, 0x80000000);
}

static void test_no_room(void **state)
{
    (void)state;
    static const range_t used[] = {
        { 0, LIMIT - 0x2000, "most of it" },
        { LIMIT - 0x1000, 0x10000, "the end" },
    };
    uint64_t address = 1;

    check_free(used, 2, 0, 0x1000, LIMIT - 0x2000);
    assert_false(libxl__shared_mem_find_free(used, 2, 0, 0x2000, LIMIT,
                                             &address));
    assert_false(libxl__shared_mem_find_free(NULL, 0, 0, LIMIT + 0x1000, LIMIT,
                                             &address));
    assert_false(libxl__shared_mem_find_free(NULL, 0, LIMIT, 0x1000, LIMIT,
                                             &address));
    assert_int_equal(address, 1);
}

/*----- Pieces -----*/

static void check_pieces(range_t from, const range_t *holes, unsigned int nr,
                         const range_t *wanted, unsigned int nr_wanted)
{
    range_t pieces[9];
    unsigned int i, nr_pieces;

    assert_true(nr < ARRAY_LENGTH(pieces));
    nr_pieces = libxl__shared_mem_subtract(&from, holes, nr, pieces);
    assert_int_equal(nr_pieces, nr_wanted);
    for (i = 0; i < nr_pieces; i++) {
        assert_int_equal(pieces[i].begin, wanted[i].begin);
        assert_int_equal(pieces[i].size, wanted[i].size);
        assert_string_equal(pieces[i].name, from.name);
    }
}

static void test_subtract(void **state)
{
    (void)state;
    static const range_t from = { 0x10000, 0x10000, "bank" };
    static const range_t holes[] = {
        { 0x18000, 0x2000, "middle" },
        { 0x12000, 0x1000, "before it" },
        { 0x1a000, 0x1000, "next to it" },
        { 0x1f000, 0x1000, "last page" },
        { 0x30000, 0x1000, "elsewhere" },
        { 0x15000, 0, "empty" },
    };
    static const range_t pieces[] = {
        { 0x10000, 0x2000, "" }, { 0x13000, 0x5000, "" },
        { 0x1b000, 0x4000, "" },
    };
    static const range_t edges[] = {
        { 0x0f000, 0x2000, "begin" }, { 0x1f000, 0x2000, "end" },
    };
    static const range_t inner = { 0x11000, 0xe000, "" };
    static const range_t all = { 0, 0x100000, "all" };
    static const range_t same = { 0x10000, 0x10000, "same" };
    static const range_t nothing = { 0x10000, 0, "nothing" };

    check_pieces(from, holes, ARRAY_LENGTH(holes), pieces, 3);
    check_pieces(from, NULL, 0, &from, 1);
    check_pieces(from, &holes[4], 2, &from, 1);
    check_pieces(from, edges, 2, &inner, 1);
    check_pieces(from, &all, 1, NULL, 0);
    check_pieces(from, &same, 1, NULL, 0);
    check_pieces(nothing, holes, ARRAY_LENGTH(holes), NULL, 0);
}

/*----- Merging -----*/

static void test_merge(void **state)
{
    (void)state;
    static const range_t ranges[] = {
        { UINT64_C(0x8000000000), 0x1000, "far up" },
        { 0x5000, 0x1000, "inside another" },
        { 0x40000000, 0x2000, "next to one" },
        { 0x3fffe000, 0x2000, "and the one before" },
        { 0x4000, 0x4000, "other" },
        { 0x7000, 0x2000, "overlaps its end" },
        { 0x4000, 0x1000, "same begin" },
        { 0x6000, 0, "empty" },
        { 0x20000, 0, "empty, alone" },
        { 0xa000, 0x1000, "a page apart" },
        { 0, 0x1000, "first page" },
    };
    static const range_t wanted[] = {
        { 0, 0x1000, NULL },
        { 0x4000, 0x5000, NULL },
        { 0xa000, 0x1000, NULL },
        { 0x3fffe000, 0x4000, NULL },
        { UINT64_C(0x8000000000), 0x1000, NULL },
    };
    range_t merged[ARRAY_LENGTH(ranges)];
    unsigned int i;

    assert_int_equal(libxl__shared_mem_merge(ranges, ARRAY_LENGTH(ranges),
                                             merged), ARRAY_LENGTH(wanted));
    for (i = 0; i < ARRAY_LENGTH(wanted); i++) {
        assert_int_equal(merged[i].begin, wanted[i].begin);
        assert_int_equal(merged[i].size, wanted[i].size);
        assert_null(merged[i].name);
    }

    assert_int_equal(libxl__shared_mem_merge(NULL, 0, merged), 0);
    assert_int_equal(libxl__shared_mem_merge(&ranges[7], 2, merged), 0);
}

/*----- The memory map -----*/

enum { RAM = 1, RESERVED = 2, ACPI = 3 };

static void check_map(const range_t *regions, unsigned int nr,
                      const entry_t *wanted, unsigned int nr_wanted)
{
    static const entry_t map[] = {
        { 0, 0x1000000, RAM },
        { 0xfeff8000, 0x8000, RESERVED },
        { 0xfc000000, 0x3000, ACPI },
        { UINT64_C(0x100000000), 0x40000000, RAM },
    };
    entry_t got[16];
    unsigned int i, nr_got;

    nr_got = libxl__shared_mem_reserve(map, ARRAY_LENGTH(map), regions, nr,
                                       RAM, RESERVED, got, ARRAY_LENGTH(got));
    assert_int_equal(nr_got, nr_wanted);
    for (i = 0; i < nr_got; i++) {
        assert_int_equal(got[i].begin, wanted[i].begin);
        assert_int_equal(got[i].size, wanted[i].size);
        assert_int_equal(got[i].type, wanted[i].type);
    }

    /* Exactly that many fit. */
    assert_int_equal(libxl__shared_mem_reserve(map, ARRAY_LENGTH(map), regions,
                                               nr, RAM, RESERVED, got,
                                               nr_wanted), nr_wanted);
    assert_int_equal(libxl__shared_mem_reserve(map, ARRAY_LENGTH(map), regions,
                                               nr, RAM, RESERVED, got,
                                               nr_wanted - 1), 0);
}

static void test_regions_outside_RAM(void **state)
{
    (void)state;
    static const range_t regions[] = {
        { UINT64_C(0x200000000), 0x1000, "high" },
        { 0x40000000, 0x100000, "low" },
        { 0x1000000, 0x1000, "behind RAM" },
    };
    static const entry_t wanted[] = {
        { 0, 0x1000000, RAM },
        { 0x1000000, 0x1000, RESERVED },
        { 0x40000000, 0x100000, RESERVED },
        { 0xfc000000, 0x3000, ACPI },
        { 0xfeff8000, 0x8000, RESERVED },
        { UINT64_C(0x100000000), 0x40000000, RAM },
        { UINT64_C(0x200000000), 0x1000, RESERVED },
    };

    check_map(regions, ARRAY_LENGTH(regions), wanted, ARRAY_LENGTH(wanted));
}

static void test_regions_inside_RAM(void **state)
{
    (void)state;
    static const range_t regions[] = {
        { 0xfff000, 0x1000, "last page" },
        { UINT64_C(0x110000000), 0x200000, "high" },
        { 0x800000, 0x1000, "middle" },
        { 0, 0x1000, "first page" },
    };
    static const entry_t wanted[] = {
        { 0, 0x1000, RESERVED },
        { 0x1000, 0x7ff000, RAM },
        { 0x800000, 0x1000, RESERVED },
        { 0x801000, 0x7fe000, RAM },
        { 0xfff000, 0x1000, RESERVED },
        { 0xfc000000, 0x3000, ACPI },
        { 0xfeff8000, 0x8000, RESERVED },
        { UINT64_C(0x100000000), 0x10000000, RAM },
        { UINT64_C(0x110000000), 0x200000, RESERVED },
        { UINT64_C(0x110200000), 0x2fe00000, RAM },
    };

    check_map(regions, ARRAY_LENGTH(regions), wanted, ARRAY_LENGTH(wanted));
}

/* One entry for those that are next to each other, in RAM and beyond. */
static void test_adjacent_regions(void **state)
{
    (void)state;
    static const range_t regions[] = {
        { 0x1000000, 0x2000, "behind RAM" },
        { 0xfff000, 0x1000, "last page" },
        { 0xffe000, 0x1000, "the one before" },
        { 0x1003000, 0x1000, "not adjacent" },
    };
    static const entry_t wanted[] = {
        { 0, 0xffe000, RAM },
        { 0xffe000, 0x4000, RESERVED },
        { 0x1003000, 0x1000, RESERVED },
        { 0xfc000000, 0x3000, ACPI },
        { 0xfeff8000, 0x8000, RESERVED },
        { UINT64_C(0x100000000), 0x40000000, RAM },
    };

    check_map(regions, ARRAY_LENGTH(regions), wanted, ARRAY_LENGTH(wanted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_find_free),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_subtract),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_regions_outside_RAM),
        cmocka_unit_test(test_regions_inside_RAM),
        cmocka_unit_test(test_adjacent_regions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
