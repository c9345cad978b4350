/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the registers by their QNX names: the usual flow of a guest
 * that was written for them, and what they read when something is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shared_mem/registers.h>

#include "pages.h"

#define BIT(n) (UINT32_C(1) << (n))

static _Alignas(4096) struct shared_mem_factory_page page;
static _Alignas(4096) unsigned char memory[3 * 4096];
static struct shared_mem_control_page *const control =
    (struct shared_mem_control_page *)memory;
static struct shared_mem_registers regs;

/* ID1 is plain; ID2 has a control page and a peer with index 5. */
static int setup(void **state)
{
    struct shared_mem_entry *entry;

    (void)state;
    memset(memory, 0, sizeof(memory));
    memset(&regs, 0xa5, sizeof(regs));
    page_begin(&page, 7);
    page_add(&page, "ID1", 0x40000000, 16);
    entry = page_add(&page, "ID2", (uintptr_t)memory, 3);
    entry->flags = SHARED_MEM_ENTRY_CONTROL;
    entry->index = 2;
    entry->alive = BIT(2) | BIT(5);
    control->slots[5].attached = control->slots[5].count = 1;

    return 0;
}

static void the_usual_flow(void **state)
{
    unsigned char *base;
    uint32_t status;

    (void)state;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    shared_mem_reg_name(&regs, "ID2");
    shared_mem_reg_create(&regs, 2);
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_OK);
    assert_int_equal(shared_mem_reg_vector(&regs), 0);

    /* Where a guest maps size + 1 pages. */
    assert_int_equal(shared_mem_reg_size(&regs) + 1, 3);
    base = (unsigned char *)(uintptr_t)shared_mem_reg_shmem(&regs);
    assert_ptr_equal(base, memory);
    assert_int_equal(shared_mem_reg_map(&regs, base), 0);
    assert_int_equal(shared_mem_reg_idx(&regs), 2);

    base[4096] = 1;
    shared_mem_reg_notify(&regs, ~0u);
    assert_int_equal(control->pending[5].from, BIT(2));
    assert_int_equal(control->pending[2].from, 0);

    control->pending[2].from = BIT(5);
    status = shared_mem_reg_status(&regs);
    assert_int_equal(status & 0xffff, BIT(5));
    assert_int_equal(status >> 16, BIT(2) | BIT(5));
    assert_int_equal(shared_mem_reg_status(&regs) & 0xffff, 0);

    shared_mem_reg_detach(&regs);
    assert_int_equal(control->slots[2].attached, 0);
    assert_int_equal(shared_mem_reg_status(&regs), 0);
}

static void the_first_region_is_selected(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    assert_int_equal(shared_mem_reg_factory_status(&regs), 0);
    assert_int_equal(shared_mem_reg_shmem(&regs), 0x40000000);
    assert_int_equal(shared_mem_reg_size(&regs), 16);
    assert_string_equal(regs.region.name, "ID1");
}

static void selecting_by_number(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    shared_mem_reg_find(&regs, 1);
    assert_string_equal(regs.region.name, "ID2");
    assert_int_equal(shared_mem_reg_size(&regs), 2);
    shared_mem_reg_find(&regs, 2);
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_DOES_NOT_EXIST);
    assert_int_equal(shared_mem_reg_size(&regs), 0);
    assert_int_equal(shared_mem_reg_shmem(&regs), 0);
    assert_int_equal(shared_mem_reg_map(&regs, memory), SHARED_MEM_ENOENT);
    shared_mem_reg_find(&regs, 0);
    assert_int_equal(shared_mem_reg_factory_status(&regs), 0);
}

static void no_such_name(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    shared_mem_reg_name(&regs, "ID3");
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_DOES_NOT_EXIST);
}

/* Not now is no failure: what was selected before stays so. */
static void a_selection_that_is_not_made(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    page.sequence++;
    for ( unsigned int i = 0; i < 2; i++ )
    {
        if ( i )
            shared_mem_reg_find(&regs, 1);
        else
            shared_mem_reg_name(&regs, "ID2");
        assert_int_equal(shared_mem_reg_factory_status(&regs),
                         SHARED_MEM_STATUS_BUSY);
        assert_int_equal(regs.status, SHARED_MEM_STATUS_OK);
        assert_int_equal(shared_mem_reg_size(&regs), 16);
        assert_int_equal(shared_mem_reg_shmem(&regs), 0x40000000);
        shared_mem_reg_create(&regs, 17);
        assert_int_equal(regs.status, SHARED_MEM_STATUS_OK);
        /* It is not the one that was asked for. */
        assert_int_equal(shared_mem_reg_map(&regs, memory),
                         SHARED_MEM_EAGAIN);
    }

    page.sequence++;
    shared_mem_reg_name(&regs, "ID2");
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_OK);
    assert_int_equal(shared_mem_reg_size(&regs), 2);
}

static void a_page_that_cannot_be_opened_now(void **state)
{
    (void)state;
    page.sequence++;
    assert_int_equal(shared_mem_reg_open(&regs, &page), SHARED_MEM_EAGAIN);
    assert_int_not_equal(shared_mem_reg_factory_status(&regs), 0);
    page.sequence++;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    assert_int_equal(shared_mem_reg_factory_status(&regs), 0);
}

static void no_region_at_all(void **state)
{
    (void)state;
    page_begin(&page, 7);
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_DOES_NOT_EXIST);
    assert_int_equal(shared_mem_reg_status(&regs), 0);
}

static void no_factory_page(void **state)
{
    (void)state;
    page.signature = 0;
    assert_int_equal(shared_mem_reg_open(&regs, &page), SHARED_MEM_EPROTO);
    assert_int_not_equal(shared_mem_reg_factory_status(&regs), 0);
    shared_mem_reg_find(&regs, 0);
    assert_int_not_equal(shared_mem_reg_factory_status(&regs), 0);
    shared_mem_reg_name(&regs, "ID1");
    assert_int_not_equal(shared_mem_reg_factory_status(&regs), 0);
    assert_int_equal(shared_mem_reg_vector(&regs), 0);
    assert_int_equal(shared_mem_reg_status(&regs), 0);
    shared_mem_reg_notify(&regs, ~0u);
    shared_mem_reg_detach(&regs);
}

/* Every register, of a device that there is not. */
static void all_read_as_nothing(void)
{
    assert_int_equal(shared_mem_reg_size(&regs), 0);
    assert_int_equal(shared_mem_reg_shmem(&regs), 0);
    assert_int_equal(shared_mem_reg_vector(&regs), 0);
    assert_int_equal(shared_mem_reg_idx(&regs), 0);
    assert_int_equal(shared_mem_reg_status(&regs), 0);
    assert_int_equal(shared_mem_reg_map(&regs, memory), SHARED_MEM_ENOENT);
    shared_mem_reg_notify(&regs, ~0u);
    shared_mem_reg_detach(&regs);
    assert_int_equal(shared_mem_reg_status(&regs), 0);
    shared_mem_reg_create(&regs, 1);
    assert_int_not_equal(shared_mem_reg_factory_status(&regs), 0);
    shared_mem_reg_find(&regs, 0);
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_DOES_NOT_EXIST);
    shared_mem_reg_name(&regs, "ID2");
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_DOES_NOT_EXIST);
    assert_int_equal(shared_mem_poll(&regs.handle,
                                     &(struct shared_mem_events){ 0 }),
                     SHARED_MEM_ENOENT);
}

static void registers_that_are_not_open_are_harmless(void **state)
{
    (void)state;
    memset(&regs, 0, sizeof(regs));
    all_read_as_nothing();

    memset(&regs, 0xa5, sizeof(regs));
    assert_int_equal(shared_mem_reg_open(&regs, NULL), SHARED_MEM_EINVAL);
    all_read_as_nothing();

    memset(&regs, 0xa5, sizeof(regs));
    memset(&page, 0xff, sizeof(page));
    assert_int_equal(shared_mem_reg_open(&regs, &page), SHARED_MEM_EPROTO);
    all_read_as_nothing();
}

static void less_than_was_asked_for(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    shared_mem_reg_create(&regs, 16);
    assert_int_equal(shared_mem_reg_factory_status(&regs), 0);
    shared_mem_reg_create(&regs, 17);
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_NOMEM);
    shared_mem_reg_create(&regs, 1);
    assert_int_equal(shared_mem_reg_factory_status(&regs),
                     SHARED_MEM_STATUS_NOMEM);
}

static void high_indices_stay_for_the_wide_form(void **state)
{
    uint32_t from;

    (void)state;
    page.entries[1].alive |= BIT(15) | BIT(16);
    control->slots[15].attached = control->slots[15].count = 1;
    control->slots[16].attached = control->slots[16].count = 1;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    shared_mem_reg_find(&regs, 1);
    assert_int_equal(shared_mem_reg_map(&regs, NULL), 0);
    control->pending[2].from = BIT(15) | BIT(16);
    assert_int_equal(shared_mem_reg_status(&regs),
                     (BIT(15) | BIT(5) | BIT(2)) << 16 | BIT(15));
    assert_int_equal(shared_mem_take(&regs.handle, &from), 0);
    assert_int_equal(from, BIT(16));
}

static void an_interrupt_if_there_is_one(void **state)
{
    (void)state;
    page.vector = 37;
    assert_int_equal(shared_mem_reg_open(&regs, &page), 0);
    assert_int_equal(shared_mem_reg_vector(&regs), 37);
}

#define TEST(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_usual_flow),
        TEST(the_first_region_is_selected),
        TEST(selecting_by_number),
        TEST(no_such_name),
        TEST(a_selection_that_is_not_made),
        TEST(a_page_that_cannot_be_opened_now),
        TEST(no_region_at_all),
        TEST(no_factory_page),
        TEST(registers_that_are_not_open_are_harmless),
        TEST(less_than_was_asked_for),
        TEST(high_indices_stay_for_the_wide_form),
        TEST(an_interrupt_if_there_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
