/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of reading the factory page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <shared_mem/factory.h>

#include "pages.h"

#define END_OF_ADDRESSES (UINT64_C(1) << 52)

#define NAME_OF_31 "abcdefghijklmnopqrstuvwxyzABCDE"

/* The page of domain 7, which has the regions ID1 and ID2. */
static struct shared_mem_factory_page *page;
static struct shared_mem_entry *first, *second;

static struct shared_mem_factory factory;
static struct shared_mem_region region;

static int setup(void **state)
{
    (void)state;
    page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ( page == MAP_FAILED )
        return -1;

    page_begin(page, 7);
    first = page_add(page, "ID1", 0x40000000, 256);
    second = page_add(page, "ID2", 0x80000000, 16);
    memset(&factory, 0xa5, sizeof(factory));
    memset(&region, 0xa5, sizeof(region));

    return 0;
}

static int teardown(void **state)
{
    (void)state;

    return munmap(page, sizeof(*page));
}

static void open_page(void)
{
    assert_int_equal(shared_mem_factory_open(&factory, page), 0);
}

static void refuses_page(void)
{
    assert_int_equal(shared_mem_factory_open(&factory, page),
                     SHARED_MEM_EPROTO);
}

/*----- Opening -----*/

static void opens(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_factory_open(&factory, page), 0);
    assert_int_equal(factory.domid, 7);
    assert_int_equal(factory.count, 2);
    assert_int_equal(factory.abi, 0x00010001);
}

static void opens_a_domain_without_regions(void **state)
{
    (void)state;
    page_begin(page, 7);
    open_page();
    assert_int_equal(factory.count, 0);
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_factory_find(&factory, "ID1", &region),
                     SHARED_MEM_ENOENT);
}

static void a_page_begins_at_a_page(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_factory_open(&factory, NULL),
                     SHARED_MEM_EINVAL);
    assert_int_equal(shared_mem_factory_open(&factory, &page->shmem),
                     SHARED_MEM_EINVAL);
}

static void each_byte_of_the_signature_counts(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < 64; i += 8 )
    {
        page->signature ^= UINT64_C(1) << i;
        refuses_page();
        page->signature ^= UINT64_C(1) << i;
    }
    open_page();
}

/* The table is the same, whatever the registers before it do. */
static void a_page_whose_registers_trap(void **state)
{
    (void)state;
    open_page();
    assert_false(shared_mem_factory_traps(&factory));
    memcpy(&page->signature, "QVMG2GSM", 8);
    open_page();
    assert_true(shared_mem_factory_traps(&factory));
    assert_int_equal(shared_mem_factory_find(&factory, "ID2", &region), 0);
    assert_int_equal(region.gpa, 0x80000000);
    each_byte_of_the_signature_counts(state);
}

/*
 * As x86 reads addresses where there is nothing: this is no page that is being
 * written, although its sequence is odd.
 */
static void all_ones_are_no_page(void **state)
{
    (void)state;
    memset(page, 0xff, sizeof(*page));
    refuses_page();
    assert_null(factory.page);
}

static void zeros_are_no_page(void **state)
{
    (void)state;
    memset(page, 0, sizeof(*page));
    refuses_page();
}

static void another_major_version_is_refused(void **state)
{
    (void)state;
    page->abi = 0x00020000;
    refuses_page();
    page->abi = 0x0000ffff;
    refuses_page();
}

static void another_minor_version_is_not(void **state)
{
    (void)state;
    page->abi = 0x00010000;
    open_page();
    page->abi = 0x0001ffff;
    open_page();
}

static void reserved_fields_are_ignored(void **state)
{
    (void)state;
    memset(page->reserved, 0xff, sizeof(page->reserved));
    first->reserved = 0xffff;
    first->flags = 0xfc;
    open_page();
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region), 0);
    assert_int_equal(region.flags, 0);
    assert_int_equal(region.number, 0);
}

static void sixty_two_regions_at_most(void **state)
{
    (void)state;
    page->count = 62;
    open_page();
    page->count = 63;
    refuses_page();
    page->count = UINT32_MAX;
    refuses_page();
}

static void a_table_is_in_the_page(void **state)
{
    static const struct {
        uint32_t offset, size, count;
        bool good;
    } tables[] = {
        { 0x80, 0x40, 62, true },
        { 0x78, 0x40, 62, false },        /* in the header */
        { 0, 0x40, 2, false },
        { 0x84, 0x40, 1, false },         /* not aligned */
        { 0x88, 0x40, 61, true },
        { 0x88, 0x40, 62, false },        /* beyond the page */
        { 0xfc0, 0x40, 1, true },
        { 0xfc8, 0x40, 1, false },
        { 0x1000, 0x40, 0, true },
        { 0x1000, 0x40, 1, false },
        { 0x1008, 0x40, 0, false },
        { 0xfffffff8, 0x40, 1, false },
        { 0x80, 0x38, 2, false },         /* shorter than version 1.0's */
        { 0x80, 0, 2, false },
        { 0x80, 0x44, 2, false },
        { 0x80, 0x48, 55, true },
        { 0x80, 0x48, 56, false },
        { 0x80, 0xf80, 1, true },
        { 0x80, 0xf88, 1, false },
        { 0x80, 0x80000000, 2, false },   /* the product is 0 in 32 bits */
        { 0x80, 0x40, 0x04000000, false },
        { 0x80, 0xfffffff8, 1, false },
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++ )
    {
        page->entry_offset = tables[i].offset;
        page->entry_size = tables[i].size;
        page->count = tables[i].count;
        assert_int_equal(shared_mem_factory_open(&factory, page),
                         tables[i].good ? 0 : SHARED_MEM_EPROTO);
    }
}

static void while_it_is_written_nothing_is_read(void **state)
{
    (void)state;
    open_page();
    page->sequence++;
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region),
                     SHARED_MEM_EAGAIN);
    assert_int_equal(shared_mem_factory_find(&factory, "ID1", &region),
                     SHARED_MEM_EAGAIN);
    assert_int_equal(shared_mem_factory_open(&factory, page),
                     SHARED_MEM_EAGAIN);
    page->sequence++;
    open_page();
}

/*----- Regions -----*/

static void a_region_is_what_the_page_says(void **state)
{
    (void)state;
    second->generation = UINT64_C(0x123456789abcdef0);
    second->offset = 3;
    second->index = 31;
    second->alive = 0x80000005;
    second->flags = SHARED_MEM_ENTRY_READ_ONLY;
    open_page();
    assert_int_equal(shared_mem_factory_region(&factory, 1, &region), 0);
    assert_string_equal(region.name, "ID2");
    assert_int_equal(region.gpa, 0x80000000);
    assert_int_equal(region.generation, UINT64_C(0x123456789abcdef0));
    assert_int_equal(region.pages, 16);
    assert_int_equal(region.offset, 3);
    assert_int_equal(region.index, 31);
    assert_int_equal(region.alive, 0x80000005);
    assert_int_equal(region.number, 1);
    assert_true(shared_mem_read_only(&region));
    assert_false(shared_mem_has_control(&region));
}

static void there_are_as_many_as_the_page_says(void **state)
{
    (void)state;
    open_page();
    assert_int_equal(shared_mem_factory_region(&factory, 2, &region),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_factory_region(&factory, UINT32_MAX, &region),
                     SHARED_MEM_ENOENT);
}

/* The page is open all the while. */
static void regions_come_and_go(void **state)
{
    (void)state;
    open_page();
    page_add(page, "ID3", 0xc0000000, 1);
    assert_int_equal(shared_mem_factory_region(&factory, 2, &region), 0);
    assert_string_equal(region.name, "ID3");
    assert_int_equal(shared_mem_factory_find(&factory, "ID3", &region), 0);

    /* The first one is detached, and the others move up. */
    memmove(first, second, 2 * sizeof(*first));
    memset(&page->entries[2], 0, sizeof(page->entries[2]));
    page->count = 2;
    assert_int_equal(shared_mem_factory_find(&factory, "ID2", &region), 0);
    assert_int_equal(region.number, 0);
    assert_int_equal(shared_mem_factory_find(&factory, "ID1", &region),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_factory_region(&factory, 2, &region),
                     SHARED_MEM_ENOENT);
}

/* A number that cannot be right is no reason to look beyond the page. */
static void more_than_there_is_room_for(void **state)
{
    static const struct {
        uint32_t offset, size, first_beyond;
    } tables[] = {
        { 0x80, 0x40, 62 }, { 0x80, 0x48, 55 }, { 0x88, 0x40, 61 },
        { 0xfc0, 0x40, 1 }, { 0xfc0, 0x1000, 1 },
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++ )
    {
        uint32_t beyond = tables[i].first_beyond;

        page->entry_offset = tables[i].offset;
        page->entry_size = tables[i].size;
        page->count = 0;
        open_page();
        page->count = UINT32_MAX;
        assert_int_not_equal(shared_mem_factory_region(&factory, beyond - 1,
                                                       &region),
                             SHARED_MEM_ENOENT);
        for ( uint32_t n = beyond; n < 10000; n++ )
            assert_int_equal(shared_mem_factory_region(&factory, n, &region),
                             SHARED_MEM_ENOENT);
        /* Its offset is the first one's in 32 bits. */
        assert_int_equal(shared_mem_factory_region(&factory, 0x04000000,
                                                   &region),
                         SHARED_MEM_ENOENT);
        assert_int_equal(shared_mem_factory_region(&factory, UINT32_MAX,
                                                   &region),
                         SHARED_MEM_ENOENT);
    }
}

static void a_page_that_could_not_be_opened_has_no_region(void **state)
{
    (void)state;
    page->signature = 0;
    refuses_page();
    assert_null(factory.page);
    assert_int_equal(factory.count, 0);
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_factory_find(&factory, "ID1", &region),
                     SHARED_MEM_ENOENT);
}

static void a_control_page_is_at_the_regions_begin(void **state)
{
    (void)state;
    open_page();
    first->flags = SHARED_MEM_ENTRY_CONTROL;
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region), 0);
    assert_true(shared_mem_has_control(&region));
    first->offset = 1;
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region), 0);
    assert_false(shared_mem_has_control(&region));
}

static void entries_may_be_longer_and_elsewhere(void **state)
{
    struct shared_mem_entry one = *first, two = *second;

    (void)state;
    memset(page->entries, 0xff, sizeof(page->entries));
    memcpy((char *)page + 0x200, &one, sizeof(one));
    memcpy((char *)page + 0x258, &two, sizeof(two));
    page->entry_offset = 0x200;
    page->entry_size = 0x58;
    open_page();
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region), 0);
    assert_string_equal(region.name, "ID1");
    assert_int_equal(shared_mem_factory_find(&factory, "ID2", &region), 0);
    assert_int_equal(region.gpa, 0x80000000);
}

/* What makes an entry wrong; each is undone before the next. */
static void no_name(struct shared_mem_entry *entry)
{
    entry->name[0] = '\0';
}

static void name_without_end(struct shared_mem_entry *entry)
{
    memset(entry->name, 'x', sizeof(entry->name));
}

static void gpa_in_a_page(struct shared_mem_entry *entry)
{
    entry->gpa += 0x800;
}

static void gpa_by_one(struct shared_mem_entry *entry)
{
    entry->gpa += 1;
}

static void gpa_too_high(struct shared_mem_entry *entry)
{
    entry->gpa = END_OF_ADDRESSES;
}

static void gpa_at_the_top(struct shared_mem_entry *entry)
{
    entry->gpa = UINT64_MAX - 0xfff;
}

static void end_too_high(struct shared_mem_entry *entry)
{
    entry->gpa = END_OF_ADDRESSES - (entry->pages - 1) * 4096;
}

static void no_pages(struct shared_mem_entry *entry)
{
    entry->pages = 0;
}

static void index_too_high(struct shared_mem_entry *entry)
{
    entry->index = 32;
    entry->alive = UINT32_MAX;
}

static void dead_itself(struct shared_mem_entry *entry)
{
    entry->index = 4;
    entry->alive = ~(UINT32_C(1) << 4);
}

static void (*const wrongs[])(struct shared_mem_entry *entry) = {
    no_name, name_without_end, gpa_in_a_page, gpa_by_one, gpa_too_high,
    gpa_at_the_top, end_too_high, no_pages, index_too_high, dead_itself,
};

static void entries_that_cannot_be_right(void **state)
{
    (void)state;
    open_page();
    for ( size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++ )
    {
        struct shared_mem_entry good = *first;

        wrongs[i](first);
        assert_int_equal(shared_mem_factory_region(&factory, 0, &region),
                         SHARED_MEM_EPROTO);
        *first = good;
    }
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region), 0);
}

static void extremes_are_right(void **state)
{
    (void)state;
    first->gpa = END_OF_ADDRESSES - UINT64_C(0xffffffff) * 4096;
    first->pages = UINT32_MAX;
    first->offset = UINT32_MAX;
    first->generation = UINT64_MAX;
    first->alive = UINT32_MAX;
    first->index = 31;
    open_page();
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region), 0);
    first->gpa = 0;
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region), 0);
}

/*----- Finding -----*/

static void finds_by_name(void **state)
{
    (void)state;
    page_add(page, NAME_OF_31, 0xc0000000, 1);
    page_add(page, "4", 0xd0000000, 1);
    open_page();
    assert_int_equal(shared_mem_factory_find(&factory, "ID2", &region), 0);
    assert_int_equal(region.number, 1);
    assert_int_equal(region.gpa, 0x80000000);
    assert_int_equal(shared_mem_factory_find(&factory, NAME_OF_31, &region),
                     0);
    assert_int_equal(region.number, 2);
    assert_int_equal(shared_mem_factory_find(&factory, "4", &region), 0);
    assert_int_equal(region.number, 3);
}

static void names_are_whole(void **state)
{
    static const char *const others[] = {
        "", "ID", "ID11", "id1", "ID3", NAME_OF_31 "F",
    };

    (void)state;
    page_add(page, NAME_OF_31, 0xc0000000, 1);
    open_page();
    for ( size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++ )
        assert_int_equal(shared_mem_factory_find(&factory, others[i], &region),
                         SHARED_MEM_ENOENT);
}

static void a_wrong_entry_hides_no_other(void **state)
{
    (void)state;
    first->gpa = 1;
    open_page();
    assert_int_equal(shared_mem_factory_find(&factory, "ID2", &region), 0);
    assert_int_equal(region.number, 1);
    /* It may have been the one. */
    assert_int_equal(shared_mem_factory_find(&factory, "ID1", &region),
                     SHARED_MEM_EPROTO);
}

/*----- Without a page -----*/

/* What each function gives for a page that is not open. */
static void never_opened(void)
{
    assert_int_equal(shared_mem_factory_beat(&factory), 0);
    assert_false(shared_mem_factory_traps(&factory));
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_factory_find(&factory, "ID1", &region),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_factory_find(&factory, "", &region),
                     SHARED_MEM_ENOENT);
}

static void a_page_that_is_not_open_is_harmless(void **state)
{
    (void)state;
    memset(&factory, 0, sizeof(factory));
    never_opened();

    memset(&factory, 0xa5, sizeof(factory));
    assert_int_equal(shared_mem_factory_open(&factory, NULL),
                     SHARED_MEM_EINVAL);
    never_opened();

    memset(&factory, 0xa5, sizeof(factory));
    page->signature = 0;
    refuses_page();
    never_opened();

    memset(&factory, 0xa5, sizeof(factory));
    page_begin(page, 7);
    page->sequence++;
    assert_int_equal(shared_mem_factory_open(&factory, page),
                     SHARED_MEM_EAGAIN);
    never_opened();
}

/*----- The rest -----*/

static void the_beat_is_read_anew(void **state)
{
    (void)state;
    open_page();
    page->beat = 41;
    assert_int_equal(shared_mem_factory_beat(&factory), 41);
    page->sequence++; /* the beat is apart from it */
    page->beat = 42;
    assert_int_equal(shared_mem_factory_beat(&factory), 42);
}

static void the_header_is_a_private_copy(void **state)
{
    (void)state;
    open_page();
    page->entry_offset = 0xfc0;
    page->entry_size = 0xfffffff8;
    page->domid = 8;
    assert_int_equal(shared_mem_factory_region(&factory, 1, &region), 0);
    assert_string_equal(region.name, "ID2");
    assert_int_equal(factory.domid, 7);
}

static void nothing_is_written(void **state)
{
    (void)state;
    assert_int_equal(mprotect(page, sizeof(*page), PROT_READ), 0);
    open_page();
    assert_int_equal(shared_mem_factory_find(&factory, "ID2", &region), 0);
    assert_int_equal(shared_mem_factory_beat(&factory), 0);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens),
        TEST(opens_a_domain_without_regions),
        TEST(a_page_begins_at_a_page),
        TEST(each_byte_of_the_signature_counts),
        TEST(a_page_whose_registers_trap),
        TEST(all_ones_are_no_page),
        TEST(zeros_are_no_page),
        TEST(another_major_version_is_refused),
        TEST(another_minor_version_is_not),
        TEST(reserved_fields_are_ignored),
        TEST(sixty_two_regions_at_most),
        TEST(a_table_is_in_the_page),
        TEST(while_it_is_written_nothing_is_read),
        TEST(a_region_is_what_the_page_says),
        TEST(there_are_as_many_as_the_page_says),
        TEST(regions_come_and_go),
        TEST(more_than_there_is_room_for),
        TEST(a_page_that_could_not_be_opened_has_no_region),
        TEST(a_control_page_is_at_the_regions_begin),
        TEST(entries_may_be_longer_and_elsewhere),
        TEST(entries_that_cannot_be_right),
        TEST(extremes_are_right),
        TEST(finds_by_name),
        TEST(names_are_whole),
        TEST(a_wrong_entry_hides_no_other),
        TEST(a_page_that_is_not_open_is_harmless),
        TEST(the_beat_is_read_anew),
        TEST(the_header_is_a_private_copy),
        TEST(nothing_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
