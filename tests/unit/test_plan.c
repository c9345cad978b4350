/*
 * What static shared memory decides before anything is done: which lists of
 * regions, and which factory pages, are refused and in which words, what a
 * range hits, and how much paging memory it takes.  They need no Xen.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <limits.h>
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

#define ID_OF_31 "abcdefghijklmnopqrstuvwxyzABCDE"
#define ID_OF_32 ID_OF_31 "F"

/* The last page that a region can have, and the last one that there is. */
#define LAST_PAGE UINT64_C(0xffffffffff000)
#define TOP_PAGE  UINT64_C(0xfffffffffffff000)

#define BAD_ID   "an ID is 1 to 31 characters of A-Z a-z 0-9 _ -"
#define EMPTY    "the range is empty"
#define NO_PAGES "begin and size have to be multiples of 4096"
#define TOO_HIGH "the range ends above 2^52, which no guest can address"
#define TWICE    "a domain can name a region only once"

/*----- Lists of regions -----*/

static void check_accepted(const range_t *list, unsigned int nr)
{
    char reason[LIBXL__SHARED_MEM_REASON_SIZE] = "";
    unsigned int i = libxl__shared_mem_check_list(list, nr, reason);

    if (i != nr)
        fail_msg("region %u of %u (0x%llx, size 0x%llx) refused: %s", i, nr,
                 (unsigned long long)list[i].begin,
                 (unsigned long long)list[i].size, reason);
}

/* The region that is wrong is the one with this index. */
static void check_refused(const range_t *list, unsigned int nr,
                          unsigned int index, const char *wanted)
{
    char reason[LIBXL__SHARED_MEM_REASON_SIZE] = "no reason";
    unsigned int i = libxl__shared_mem_check_list(list, nr, reason);

    if (i != index || strcmp(reason, wanted))
        fail_msg("region %u of %u: %s; expected region %u: %s",
                 i, nr, reason, index, wanted);
}

static void test_empty_list(void **state)
{
    (void)state;
    check_accepted(NULL, 0);
}

static void test_good_regions(void **state)
{
    (void)state;
    static const range_t table[] = {
        { 0x40000000, 0x100000, "ID1" },
        { 0, 0x1000, "ID1" },
        { 0x1000, 0x1000, "1" },
        { 0x1000, 0x1000, "_" },
        { 0x1000, 0x1000, "-" },
        { 0x1000, 0x1000, ID_OF_31 },
        { LAST_PAGE, 0x1000, "ID1" },
        { 0x1000, LAST_PAGE, "ID1" },
        { 0, LAST_PAGE + 0x1000, "ID1" },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(table); i++)
        check_accepted(&table[i], 1);
}

static void test_bad_regions(void **state)
{
    (void)state;
    static const struct {
        range_t region;
        const char *reason;
    } table[] = {
        { { 0x1000, 0x1000, NULL }, BAD_ID },
        { { 0x1000, 0x1000, "" }, BAD_ID },
        { { 0x1000, 0x1000, ID_OF_32 }, BAD_ID },
        { { 0x1000, 0x1000, "ID 1" }, BAD_ID },
        { { 0x1000, 0x1000, "ID/1" }, BAD_ID },
        { { 0x1000, 0x1000, "ID1\n" }, BAD_ID },
        { { 0x1000, 0x1000, "\xc3\xa9" }, BAD_ID },
        { { 0x1000, 0, "ID1" }, EMPTY },
        { { 0, 0, "ID1" }, EMPTY },
        { { 0x1001, 0x1000, "ID1" }, NO_PAGES },
        { { 0x1800, 0x1000, "ID1" }, NO_PAGES },
        { { 0x1fff, 0x1000, "ID1" }, NO_PAGES },
        { { 0x1000, 1, "ID1" }, NO_PAGES },
        { { 0x1000, 0xfff, "ID1" }, NO_PAGES },
        { { 0x1000, 0x1800, "ID1" }, NO_PAGES },
        { { LAST_PAGE, 0xfff, "ID1" }, NO_PAGES },
        { { LAST_PAGE, 0x2000, "ID1" }, TOO_HIGH },
        { { 0x2000, LAST_PAGE, "ID1" }, TOO_HIGH },
        { { LAST_PAGE, LAST_PAGE, "ID1" }, TOO_HIGH },
        { { LAST_PAGE + 0x1000, 0x1000, "ID1" }, TOO_HIGH },
        { { LAST_PAGE + 0x2000, 0x1000, "ID1" }, TOO_HIGH },
        { { 0, LAST_PAGE + 0x2000, "ID1" }, TOO_HIGH },
        { { TOP_PAGE, 0x1000, "ID1" }, TOO_HIGH },
        /* Those wrap round the end of the address space. */
        { { TOP_PAGE, 0x2000, "ID1" }, TOO_HIGH },
        { { 0x1000, TOP_PAGE, "ID1" }, TOO_HIGH },
        { { 0x2000, TOP_PAGE, "ID1" }, TOO_HIGH },
        { { 0x8000000000000000, 0x8000000000001000, "ID1" }, TOO_HIGH },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(table); i++)
        check_refused(&table[i].region, 1, 0, table[i].reason);
}

static void test_number_of_regions(void **state)
{
    (void)state;
    char names[66][LIBXL__SHARED_MEM_ID_SIZE];
    range_t list[66];
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(list); i++) {
        snprintf(names[i], sizeof(names[i]), "ID%u", i);
        list[i] = (range_t){ 0x80000000 + i * 0x1000, 0x1000, names[i] };
    }

    check_accepted(list, 63);
    check_accepted(list, 64);
    check_refused(list, 65, 64, "a domain has at most 64 regions");
    check_refused(list, 66, 64, "a domain has at most 64 regions");
}

static void test_same_id(void **state)
{
    (void)state;
    static const range_t adjacent[] = {
        { 0x1000, 0x1000, "ID1" }, { 0x2000, 0x1000, "ID1" },
    };
    static const range_t third[] = {
        { 0x1000, 0x1000, "a" }, { 0x3000, 0x1000, "b" },
        { 0x5000, 0x1000, "a" },
    };
    static const range_t longest[] = {
        { 0x1000, 0x1000, ID_OF_31 }, { 0x3000, 0x1000, ID_OF_31 },
    };
    /* IDs are compared as text, all of it, and case matters. */
    static const range_t distinct[] = {
        { 0x1000, 0x1000, "ID1" }, { 0x2000, 0x1000, "id1" },
        { 0x3000, 0x1000, "ID10" }, { 0x4000, 0x1000, "ID" },
        { 0x5000, 0x1000, "1" }, { 0x6000, 0x1000, "01" },
        { 0x7000, 0x1000, "0x1" },
    };

    check_refused(adjacent, 2, 1, TWICE);
    check_refused(third, 3, 2, TWICE);
    check_refused(longest, 2, 1, TWICE);
    check_accepted(distinct, ARRAY_LENGTH(distinct));
}

static void test_overlap(void **state)
{
    (void)state;
    static const struct {
        uint64_t begin, size;
        uint64_t begin2, size2;
    } table[] = {
        { 0x10000, 0x4000, 0x10000, 0x4000 },   /* the same */
        { 0x10000, 0x4000, 0x0d000, 0x4000 },   /* one page, below */
        { 0x10000, 0x4000, 0x13000, 0x4000 },   /* one page, above */
        { 0x10000, 0x4000, 0x11000, 0x1000 },   /* contained */
        { 0x10000, 0x4000, 0x0f000, 0x6000 },   /* containing */
        { 0x10000, 0x4000, 0x10000, 0x1000 },   /* the first page */
        { 0x10000, 0x4000, 0x13000, 0x1000 },   /* the last page */
        { 0x10000, 0x4000, 0, LAST_PAGE },
        { LAST_PAGE, 0x1000, LAST_PAGE, 0x1000 },
        { LAST_PAGE - 0x1000, 0x2000, LAST_PAGE, 0x1000 },
        { LAST_PAGE, 0x1000, 0x1000, LAST_PAGE },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(table); i++) {
        const range_t pair[] = {
            { table[i].begin, table[i].size, "old" },
            { table[i].begin2, table[i].size2, "new" },
        };

        check_refused(pair, 2, 1, "its range overlaps the one of region old");
    }
}

static void test_overlap_names_the_right_one(void **state)
{
    (void)state;
    static const range_t list[] = {
        { 0x10000, 0x1000, "a" }, { 0x30000, 0x1000, ID_OF_31 },
        { 0x50000, 0x1000, "c" }, { 0x2f000, 0x2000, "d" },
    };

    check_refused(list, 4, 3,
                  "its range overlaps the one of region " ID_OF_31);
}

static void test_adjacency_is_no_overlap(void **state)
{
    (void)state;
    static const range_t list[] = {
        { 0x10000, 0x4000, "middle" }, { 0x14000, 0x1000, "above" },
        { 0x0f000, 0x1000, "below" },
        { LAST_PAGE, 0x1000, "last" }, { LAST_PAGE - 0x1000, 0x1000, "b" },
        { 0, 0x1000, "first" },
    };

    check_accepted(list, ARRAY_LENGTH(list));
}

static void test_first_wrong_region(void **state)
{
    (void)state;
    static const range_t list[] = {
        { 0x1000, 0x1000, "a" }, { 0x2000, 0, "b" }, { 0x3000, 0x1000, "" },
    };

    check_refused(list, 3, 1, EMPTY);
    check_accepted(list, 1);
}

/*----- The factory page -----*/

#define UNALIGNED     "the address has to be a multiple of 4096"
#define PAGE_TOO_HIGH "the address is not below 2^52, and no guest can use it"

static void check_factory_accepted(const range_t *list, unsigned int nr,
                                   uint64_t address)
{
    const range_t page = { address, 0x1000, "shared_mem_factory" };
    char reason[LIBXL__SHARED_MEM_REASON_SIZE] = "";

    if (!libxl__shared_mem_check_factory(list, nr, &page, reason))
        fail_msg("0x%llx refused: %s", (unsigned long long)address, reason);
    assert_string_equal(reason, "");
}

static void check_factory_refused(const range_t *list, unsigned int nr,
                                  uint64_t address, const char *wanted)
{
    const range_t page = { address, 0x1000, "shared_mem_factory" };
    char reason[LIBXL__SHARED_MEM_REASON_SIZE] = "no reason";

    if (libxl__shared_mem_check_factory(list, nr, &page, reason))
        fail_msg("0x%llx accepted", (unsigned long long)address);
    assert_string_equal(reason, wanted);
}

static void test_factory_addresses(void **state)
{
    (void)state;
    static const uint64_t good[] = {
        0, 0x1000, 0x41000000, 0xfffff000, 0x100000000, LAST_PAGE,
    };
    static const uint64_t unaligned[] = {
        1, 0xfff, 0x1001, 0x1800, 0x1fff, 0x41000800, LAST_PAGE + 1,
        LAST_PAGE + 0xfff, LAST_PAGE + 0x1001, TOP_PAGE + 0xfff,
    };
    static const uint64_t high[] = {
        LAST_PAGE + 0x1000, LAST_PAGE + 0x2000, 0x8000000000000000, TOP_PAGE,
    };
    static const range_t region = { 0x80000000, 0x1000, "ID1" };
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(good); i++) {
        check_factory_accepted(NULL, 0, good[i]);
        check_factory_accepted(&region, 1, good[i]);
    }
    for (i = 0; i < ARRAY_LENGTH(unaligned); i++) {
        check_factory_refused(NULL, 0, unaligned[i], UNALIGNED);
        check_factory_refused(&region, 1, unaligned[i], UNALIGNED);
    }
    for (i = 0; i < ARRAY_LENGTH(high); i++) {
        check_factory_refused(NULL, 0, high[i], PAGE_TOO_HIGH);
        check_factory_refused(&region, 1, high[i], PAGE_TOO_HIGH);
    }
}

static void test_factory_number_of_regions(void **state)
{
    (void)state;
    char names[64][LIBXL__SHARED_MEM_ID_SIZE];
    range_t list[64];
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(list); i++) {
        snprintf(names[i], sizeof(names[i]), "ID%u", i);
        list[i] = (range_t){ 0x80000000 + i * 0x1000, 0x1000, names[i] };
    }

    for (i = 0; i <= 62; i++)
        check_factory_accepted(list, i, 0x41000000);
    check_factory_refused(list, 63, 0x41000000, "the page has room for 62 "
                          "regions, and the domain has 63");
    check_factory_refused(list, 64, 0x41000000, "the page has room for 62 "
                          "regions, and the domain has 64");

    /* The last one counts, and one more than there is room for does not. */
    check_factory_refused(list, 62, 0x8003d000,
                          "the page overlaps the range of region ID61");
    check_factory_refused(list, 63, 0x8003d000, "the page has room for 62 "
                          "regions, and the domain has 63");
}

static void test_factory_overlap(void **state)
{
    (void)state;
    static const range_t list[] = {
        { 0x50000000, 0x3000, "ID2" },
        { 0x40000000, 0x1000, ID_OF_31 },
        { LAST_PAGE - 0x1000, 0x2000, "top" },
        { 0, 0x1000, "bottom" },
    };
    static const uint64_t free[] = {
        0x1000, 0x3ffff000, 0x40001000, 0x4ffff000, 0x50003000,
        LAST_PAGE - 0x2000,
    };
    static const struct {
        uint64_t address;
        const char *reason;
    } taken[] = {
        { 0x50000000, "the page overlaps the range of region ID2" },
        { 0x50001000, "the page overlaps the range of region ID2" },
        { 0x50002000, "the page overlaps the range of region ID2" },
        { 0x40000000, "the page overlaps the range of region " ID_OF_31 },
        { LAST_PAGE - 0x1000, "the page overlaps the range of region top" },
        { LAST_PAGE, "the page overlaps the range of region top" },
        { 0, "the page overlaps the range of region bottom" },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(free); i++)
        check_factory_accepted(list, ARRAY_LENGTH(list), free[i]);
    for (i = 0; i < ARRAY_LENGTH(taken); i++)
        check_factory_refused(list, ARRAY_LENGTH(list), taken[i].address,
                              taken[i].reason);
}

/* The fields of the page are of 32 bits, and count pages. */
static void test_factory_and_large_regions(void **state)
{
    (void)state;
    static const range_t largest = {
        0x100000000000, 0xffffffff000, "largest"
    };
    static const range_t large[] = {
        { 0x80000000, 0x1000, "small" },
        { 0x100000000000, 0x100000000000, "large" },
    };
    static const range_t all = { 0, 0x10000000000000, "all" };
    static const range_t rest = { 0x1000, LAST_PAGE, ID_OF_31 };

    check_factory_accepted(&largest, 1, 0x41000000);
    check_factory_accepted(&largest, 1, 0x1ffffffff000);
    check_factory_accepted(large, 1, 0x41000000);
    check_factory_refused(large, 2, 0x41000000, "the page cannot describe "
                          "16 TiB or more, which region large has");
    check_factory_refused(&rest, 1, 0, "the page cannot describe 16 TiB or "
                          "more, which region " ID_OF_31 " has");

    /* The address is what is easier to change. */
    check_factory_refused(&all, 1, 0x41000000,
                          "the page overlaps the range of region all");
}

/*----- What a range hits -----*/

static void test_hit(void **state)
{
    (void)state;
    static const range_t table[] = {
        { 0x10000, 0x4000, "RAM" },
        { 0x20000, 0, "nothing" },
        { 0x30000, 0x1000, "page" },
        { 0x3f000, 0x2000, "first of two" },
        { 0x40000, 0x2000, "second of two" },
        { 0x50fff, 2, "two bytes" },
        { TOP_PAGE, 0x1000, "last page" },
    };
    static const struct {
        uint64_t begin, size;
        const char *hit;
    } ranges[] = {
        { 0x10000, 0x4000, "RAM" },
        { 0x10000, 0x1000, "RAM" },
        { 0x12000, 0x1000, "RAM" },
        { 0x13000, 0x1000, "RAM" },
        { 0x0f000, 0x2000, "RAM" },         /* half in, half out */
        { 0x13000, 0x2000, "RAM" },
        { 0x0f000, 0x6000, "RAM" },
        { 0x0f000, 0x1000, NULL },          /* adjacent */
        { 0x14000, 0x1000, NULL },
        { 0x14000, 0x1c000, NULL },         /* from RAM to page */
        { 0x14000, 0x1d000, "page" },
        { 0x1f000, 0x2000, NULL },          /* around an empty entry */
        { 0x20000, 0x1000, NULL },
        { 0x12000, 0, NULL },               /* an empty range */
        { 0, 0, NULL },
        { 0x40000, 0x1000, "first of two" },
        { 0x41000, 0x1000, "second of two" },
        { 0x50000, 0x1000, "two bytes" },
        { 0x51000, 0x1000, "two bytes" },
        { 0x52000, 0x1000, NULL },
        { TOP_PAGE, 0x1000, "last page" },
        { TOP_PAGE - 0x1000, 0x1000, NULL },
        { TOP_PAGE - 0x1000, 0x2000, "last page" },
        { 0, 0x10000, NULL },
        { 0, TOP_PAGE, "RAM" },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_LENGTH(ranges); i++) {
        range_t range = { ranges[i].begin, ranges[i].size, "ID1" };
        const range_t *hit =
            libxl__shared_mem_hit(table, ARRAY_LENGTH(table), &range);
        const char *name = hit ? hit->name : "no entry";
        const char *wanted = ranges[i].hit ? ranges[i].hit : "no entry";

        if (strcmp(name, wanted))
            fail_msg("0x%llx, size 0x%llx hits %s, expected %s",
                     (unsigned long long)range.begin,
                     (unsigned long long)range.size, name, wanted);
    }
}

static void test_hit_in_an_empty_table(void **state)
{
    (void)state;
    static const range_t range = { 0, 0x1000, "ID1" };

    assert_null(libxl__shared_mem_hit(NULL, 0, &range));
}

/*----- Paging memory -----*/

/* Pages in 2 MiB and in 1 GiB. */
#define MID UINT64_C(0x200)
#define BIG UINT64_C(0x40000)

/* Starts and lengths on, before and behind each boundary, small and large. */
static const uint64_t starts[] = {
    0, 1, MID - 1, MID, MID + 1, BIG - MID, BIG - 1, BIG, BIG + 1,
    BIG + MID, 0x80000, 0x90000, 0x100000, 0x123457, 2 * BIG - MID - 1,
    UINT64_C(0x100000000), (UINT64_C(1) << 40) - 1,
    (UINT64_C(1) << 52) - (UINT64_C(1) << 32),
};

static const uint64_t lengths[] = {
    1, 2, MID - 1, MID, MID + 1, 2 * MID - 2, 2 * MID - 1, 2 * MID,
    3 * MID + 7, BIG - MID, BIG - 1, BIG, BIG + 1, BIG + MID, BIG + MID + 1,
    2 * BIG - 1, 2 * BIG, 2 * BIG + MID - 1, 5 * BIG + 3 * MID + 11,
    /* 4 TiB, a little less, a little more, and 16 TiB less one page. */
    4096 * BIG - 1, 4096 * BIG, 4097 * BIG + MID + 1,
    (UINT64_C(1) << 32) - 1,
};

/* The tables of one level, each for 2^order pages, that a range is in. */
static uint64_t tables(const range_t *range, unsigned int order)
{
    const unsigned int shift = 12 + order;

    return ((range->begin + range->size - 1) >> shift) -
           (range->begin >> shift) + 1;
}

/*
 * libxl gives a domain a page of paging memory for each MiB of RAM.  A region
 * that is mapped in 4 KiB pages, and shares no table with anything, must find
 * that to be enough for its tables of 2 MiB, 1 GiB and 512 GiB.
 */
static void test_paging_memory_of_one_region(void **state)
{
    (void)state;
    unsigned int i, j;

    for (i = 0; i < ARRAY_LENGTH(starts); i++) {
        for (j = 0; j < ARRAY_LENGTH(lengths); j++) {
            const range_t range = { starts[i] << 12, lengths[j] << 12, "a" };
            uint64_t kb = libxl__shared_mem_paging_kb(&range, 1);
            uint64_t pages = tables(&range, 9) + tables(&range, 18) +
                             tables(&range, 27);

            if (kb / 1024 < pages)
                fail_msg("0x%llx, size 0x%llx: %llu tables, %llu KiB",
                         (unsigned long long)range.begin,
                         (unsigned long long)range.size,
                         (unsigned long long)pages, (unsigned long long)kb);
        }
    }
}

static void test_paging_memory_of_many_regions(void **state)
{
    (void)state;
    range_t list[64];
    unsigned int i;
    uint64_t kb;

    assert_int_equal(libxl__shared_mem_paging_kb(NULL, 0), 0);

    /* Each one page behind, and one before, a boundary of all tables. */
    for (i = 0; i < ARRAY_LENGTH(list); i++)
        list[i] = (range_t){ ((i + UINT64_C(1)) << 39) - 0x1000, 0x2000, "" };
    kb = libxl__shared_mem_paging_kb(list, ARRAY_LENGTH(list));
    assert_true(kb / 1024 >= 64 * 6);

    /* It is all of one region's memory, not half of it, and not twice. */
    list[0] = (range_t){ 0, UINT64_C(1) << 40, "" };
    kb = libxl__shared_mem_paging_kb(list, 1);
    assert_in_range(kb, UINT64_C(1) << 30, (UINT64_C(1) << 30) + 8192);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_list),
        cmocka_unit_test(test_good_regions),
        cmocka_unit_test(test_bad_regions),
        cmocka_unit_test(test_number_of_regions),
        cmocka_unit_test(test_same_id),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_overlap_names_the_right_one),
        cmocka_unit_test(test_adjacency_is_no_overlap),
        cmocka_unit_test(test_first_wrong_region),
        cmocka_unit_test(test_factory_addresses),
        cmocka_unit_test(test_factory_number_of_regions),
        cmocka_unit_test(test_factory_overlap),
        cmocka_unit_test(test_factory_and_large_regions),
        cmocka_unit_test(test_hit),
        cmocka_unit_test(test_hit_in_an_empty_table),
        cmocka_unit_test(test_paging_memory_of_one_region),
        cmocka_unit_test(test_paging_memory_of_many_regions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
