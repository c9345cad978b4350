/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of pages that change while the library reads them.  The changes
 * are scripted: see tests/fuzz/hostile/hostile.h, which has what each byte of a
 * script means.  One byte goes with each access, in the library's order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shared_mem/registers.h>

#include "hostile.h"
#include "pages.h"

/* Bytes of scripts. */
#define QUIET 0x00
#define ADD(n) (0xa0 + (n))
#define WORD(offset, value) 0xc0, (offset) / 4 & 0xff, (offset) / 4 >> 8, \
                            (value) & 0xff, (value) >> 8

/* Where words of the first entry and the sequence are. */
#define SEQUENCE 0x48
#define PAGES (0x80 + 0x30)
#define ALIVE (0x80 + 0x38)

#define ENTRY_WORDS 16

/* To copy an entry: sequence, the entry, the number of entries, sequence. */
#define COPY (ENTRY_WORDS + 3)

/* More tries than any reader may make. */
#define TRIES 1000

static struct shared_mem_factory_page *page;
static struct shared_mem_factory factory;
static struct shared_mem_region region;

static void begin(void)
{
    hostile_start(NULL, 0);
    page = hostile_area(sizeof(*page));
    page_begin(page, 7);
    page_add(page, "ID1", 0x40000000, 256)->alive = 3;
    assert_int_equal(shared_mem_factory_open(&factory, page), 0);
}

/* The region is nothing but a control page. */
static struct shared_mem_control_page *begin_attached(struct shared_mem *handle)
{
    struct shared_mem_control_page *control;

    begin();
    page->entries[0].flags = SHARED_MEM_ENTRY_CONTROL;
    page->entries[0].pages = 1;
    control = hostile_area(sizeof(*control));
    assert_int_equal(shared_mem_attach(handle, &factory, "ID1", control), 0);

    return control;
}

/* From now on the script counts; the page stays. */
static int read_with(const uint8_t *script, size_t size)
{
    hostile_input(script, size);

    return shared_mem_factory_region(&factory, 0, &region);
}

static void all_of_a_copy_is_of_one_moment(void **state)
{
    /* The toolstack writes after the copy has begun, and is done with it. */
    const uint8_t script[] = {
        QUIET, QUIET, WORD(PAGES, 16), WORD(ALIVE, 1), WORD(SEQUENCE, 4),
    };

    (void)state;
    begin();
    assert_int_equal(read_with(script, sizeof(script)), 0);
    assert_int_equal(region.pages, 16);
    assert_int_equal(region.alive, 1);
    assert_int_equal(hostile_accesses(), 2 * COPY);
}

static void a_change_at_the_last_word_counts(void **state)
{
    uint8_t script[ENTRY_WORDS + 7] = { 0 };
    const uint8_t change[] = { WORD(ALIVE, 1), WORD(SEQUENCE, 4) };

    (void)state;
    begin();
    memcpy(script + ENTRY_WORDS, change, 5); /* the last word: too late */
    script[ENTRY_WORDS + 6] = ADD(2);        /* the sequence itself */
    assert_int_equal(read_with(script, sizeof(script)), 0);
    assert_int_equal(region.alive, 1);
    assert_int_equal(hostile_accesses(), 2 * COPY);
}

static void a_page_being_written_is_waited_for(void **state)
{
    const uint8_t script[] = { ADD(1), QUIET, WORD(ALIVE, 1), ADD(1) };

    (void)state;
    begin();
    assert_int_equal(read_with(script, sizeof(script)), 0);
    assert_int_equal(region.alive, 1);
    assert_int_equal(hostile_accesses(), 3 + COPY);
}

static void waiting_has_an_end(void **state)
{
    static uint8_t script[TRIES * COPY];

    (void)state;
    begin();
    for ( size_t i = COPY - 1; i < sizeof(script); i += COPY )
        script[i] = ADD(2); /* after each copy */
    assert_int_equal(read_with(script, sizeof(script)), SHARED_MEM_EAGAIN);
    assert_true(hostile_left() > 0);
}

/* Of a page that is being written the first region is enough to give up. */
static void finding_has_an_end(void **state)
{
    (void)state;
    begin();
    page_add(page, "ID2", 0x80000000, 1);
    assert_int_equal(shared_mem_factory_open(&factory, page), 0);
    page->sequence++;
    hostile_input(NULL, 0);
    assert_int_equal(shared_mem_factory_region(&factory, 0, &region),
                     SHARED_MEM_EAGAIN);
    assert_true(hostile_accesses() < TRIES);
    hostile_input(NULL, 0);
    assert_int_equal(shared_mem_factory_find(&factory, "ID2", &region),
                     SHARED_MEM_EAGAIN);
    assert_true(hostile_accesses() <= 65); /* and one look before */
}

/* The first region is detached when the search is past it. */
static void a_region_that_moves_is_not_missed(void **state)
{
    uint8_t script[1 + 2 * (COPY + 1)] = { 0 };

    (void)state;
    begin();
    page_add(page, "ID2", 0x80000000, 1);
    script[sizeof(script) - 1] = ADD(2); /* the sequence, after the last one */
    hostile_input(script, sizeof(script));
    assert_int_equal(shared_mem_factory_find(&factory, "ID3", &region),
                     SHARED_MEM_EAGAIN);
    hostile_input(NULL, 0);
    assert_int_equal(shared_mem_factory_find(&factory, "ID3", &region),
                     SHARED_MEM_ENOENT);
}

/* What is read of the page later does not move where the library writes. */
static void own_index_is_private(void **state)
{
    struct shared_mem_control_page *control;
    struct shared_mem handle;

    (void)state;
    control = begin_attached(&handle);

    page->entries[0].index = 31;
    page->entries[0].alive = UINT32_MAX;
    assert_int_equal(shared_mem_notify(&handle, 2), 0);
    assert_int_equal(control->pending[1].from, 1);
    assert_int_equal(control->slots[0].sent, 1);
    assert_int_equal(control->slots[31].sent, 0);

    /* Nor after it was looked at. */
    (void)shared_mem_peers(&handle);
    assert_int_equal(shared_mem_notify(&handle, 2), SHARED_MEM_ESTALE);
    assert_int_equal(control->slots[0].sent, 1);
    assert_int_equal(control->slots[31].sent, 0);
}

static void poll_is_quiet(struct shared_mem *handle, unsigned long accesses)
{
    struct shared_mem_events events;

    hostile_input(NULL, 0);
    assert_int_equal(shared_mem_poll(handle, &events), 0);
    assert_int_equal(events.came | events.went | events.restarted, 0);
    assert_int_equal(hostile_accesses(), accesses);
}

/* The factory's sequence, the own slot, and whether anybody came or went. */
static void a_poll_without_news_makes_three_loads(void **state)
{
    struct shared_mem_control_page *control;
    struct shared_mem_events events;
    struct shared_mem handle;

    (void)state;
    control = begin_attached(&handle);
    for ( unsigned int i = 0; i < 40; i++ )
        page_add(page, "another", 0x80000000 + i * 4096, 1);
    control->slots[1].attached = control->slots[1].count = 1;
    assert_int_equal(shared_mem_poll(&handle, &events), 0);
    assert_int_equal(events.came, 2);
    poll_is_quiet(&handle, 3);

    /* What is for take() is no news. */
    control->pending[0].from = 2;
    poll_is_quiet(&handle, 3);

    page->sequence += 2;
    hostile_input(NULL, 0);
    assert_int_equal(shared_mem_poll(&handle, &events), 0);
    assert_true(hostile_accesses() > 32);
    poll_is_quiet(&handle, 3);
}

static void without_a_control_page_it_makes_one(void **state)
{
    struct shared_mem_events events;
    struct shared_mem handle;

    (void)state;
    begin();
    assert_int_equal(shared_mem_attach(&handle, &factory, "ID1", NULL), 0);
    assert_int_equal(shared_mem_poll(&handle, &events), 0);
    assert_int_equal(events.came, 2);
    poll_is_quiet(&handle, 1);
}

/*
 * Data is written, then the slots are looked at: a peer that attaches in
 * between either is seen or sees the data, if a full fence is between the two.
 */
static void a_fence_is_before_the_look_at_who_is_attached(void **state)
{
    struct shared_mem_events events;
    struct shared_mem handle;

    (void)state;
    (void)begin_attached(&handle);
    assert_int_equal(shared_mem_poll(&handle, &events), 0);

    hostile_input(NULL, 0);
    (void)shared_mem_attached(&handle);
    assert_int_equal(hostile_fences(), 1);
    assert_int_equal(hostile_before_fence(), 1); /* the factory's sequence */

    hostile_input(NULL, 0);
    assert_int_equal(shared_mem_notify(&handle, SHARED_MEM_ALL), 0);
    assert_int_equal(hostile_fences(), 1);
    assert_int_equal(hostile_before_fence(), 1); /* the own slot */

    /* A peer that attaches clears what is left for it, and sees the data. */
    hostile_input(NULL, 0);
    assert_int_equal(shared_mem_notify(&handle, 2), 0);
    assert_int_equal(hostile_fences(), 1);
    assert_int_equal(hostile_before_fence(), 1);

    /* The other side: between the slot and what is read from then on. */
    hostile_input(NULL, 0);
    assert_int_equal(shared_mem_attach(&handle, &factory, "ID1",
                                       handle.control), 0);
    assert_int_equal(hostile_fences(), 1);
    assert_int_equal(hostile_accesses() - hostile_before_fence(), 32);
}

/* The region is detached while notifications are taken: reads give ones. */
static void a_region_that_goes_sends_nothing(void **state)
{
    uint8_t script[1 + 5 + 32 * 5 + 5] = { QUIET };
    struct shared_mem_control_page *control;
    struct shared_mem handle;
    uint32_t from;

    (void)state;
    control = begin_attached(&handle);
    for ( size_t i = 1; i < sizeof(script); i++ )
        script[i] = (i - 1) % 5 ? 0xff : 0x80;
    hostile_input(script, sizeof(script));
    assert_int_equal(shared_mem_take_from(&handle, SHARED_MEM_ALL), 0);
    assert_int_equal(control->slots[0].attached, UINT32_MAX);
    assert_int_equal(shared_mem_take(&handle, &from), SHARED_MEM_ESTALE);
    assert_int_equal(from, 0);
}

/* It is lost between two looks: what is told is of one of them. */
static void one_that_goes_afterwards_does_not_matter_yet(void **state)
{
    const uint8_t script[] = { QUIET, QUIET, QUIET, 0x40, 9 };
    struct shared_mem_control_page *control;
    struct shared_mem handle;
    uint32_t from;

    (void)state;
    control = begin_attached(&handle);
    control->slots[1].count = 1;
    handle.known = 2;
    control->pending[0].from = 2;
    hostile_input(script, sizeof(script));
    assert_int_equal(shared_mem_take(&handle, &from), 0);
    assert_int_equal(from, 2);
    assert_int_equal(shared_mem_take(&handle, &from), SHARED_MEM_ESTALE);
    assert_int_equal(from, 0);
}

/* Longer than one search waits, but not for long. */
static void a_selection_waits_for_the_toolstack(void **state)
{
    uint8_t script[151] = { 0 };
    struct shared_mem_registers regs;

    (void)state;
    begin();
    page_add(page, "ID2", 0x80000000, 1);
    assert_int_equal(shared_mem_reg_open(&regs, page), 0);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        page->sequence++;
        script[sizeof(script) - 1] = ADD(1);
        hostile_input(script, sizeof(script));
        if ( i )
            shared_mem_reg_find(&regs, 0);
        else
            shared_mem_reg_name(&regs, "ID2");
        assert_int_equal(shared_mem_reg_factory_status(&regs),
                         SHARED_MEM_STATUS_OK);
        assert_string_equal(regs.region.name, i ? "ID1" : "ID2");
    }

    page->sequence++;
    hostile_input(NULL, 0);
    shared_mem_reg_name(&regs, "ID2");
    assert_true(hostile_accesses() <= 16 * 65);
}

/* It does nothing but write where others would leave notifications. */
static void a_peer_that_lets_nobody_notify_it(void **state)
{
    struct shared_mem_control_page *control;
    struct shared_mem handle;
    uint32_t from;

    (void)state;
    control = begin_attached(&handle);
    control->pending[0].from = 2;
    control->slots[1].count = 1;

    hostile_win(true);
    assert_int_equal(shared_mem_notify(&handle, 2), SHARED_MEM_EAGAIN);
    assert_int_equal(control->pending[1].from, 0);
    assert_int_equal(control->slots[0].sent, 1);
    assert_int_equal(shared_mem_take(&handle, &from), 0);
    assert_int_equal(from, 0);

    /* What it sent is not lost, only late. */
    hostile_win(false);
    assert_int_equal(shared_mem_take(&handle, &from), 0);
    assert_int_equal(from, 2);
    assert_int_equal(shared_mem_notify(&handle, 2), 0);
    assert_int_equal(control->pending[1].from, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_copy_is_of_one_moment),
        cmocka_unit_test(a_change_at_the_last_word_counts),
        cmocka_unit_test(a_page_being_written_is_waited_for),
        cmocka_unit_test(waiting_has_an_end),
        cmocka_unit_test(finding_has_an_end),
        cmocka_unit_test(a_region_that_moves_is_not_missed),
        cmocka_unit_test(own_index_is_private),
        cmocka_unit_test(a_poll_without_news_makes_three_loads),
        cmocka_unit_test(without_a_control_page_it_makes_one),
        cmocka_unit_test(a_fence_is_before_the_look_at_who_is_attached),
        cmocka_unit_test(a_region_that_goes_sends_nothing),
        cmocka_unit_test(one_that_goes_afterwards_does_not_matter_yet),
        cmocka_unit_test(a_selection_waits_for_the_toolstack),
        cmocka_unit_test(a_peer_that_lets_nobody_notify_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
