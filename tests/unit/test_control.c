/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of a region in use: attaching, who is there, notifications.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <shared_mem/control.h>

#include "pages.h"

#define PAGES 4u
#define BIT(n) (UINT32_C(1) << (n))

/* The region, which begins with its control page. */
static struct shared_mem_control_page *control;
static unsigned char *memory;

/* One domain that has it; the factory page is a whole page. */
struct domain {
    struct shared_mem_factory_page *page;
    struct shared_mem_entry *entry;
    struct shared_mem_factory factory;
    struct shared_mem handle;
};

static struct domain one, two, reader;

static void *pages(size_t count)
{
    void *begin = mmap(NULL, count * 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(begin != MAP_FAILED);

    return begin;
}

static void domain_begin(struct domain *domain, uint8_t index)
{
    domain->page = pages(1);
    page_begin(domain->page, 100u + index);
    page_add(domain->page, "other", 0x100000, 1);
    domain->entry = page_add(domain->page, "ID1", 0x40000000, PAGES);
    domain->entry->flags = SHARED_MEM_ENTRY_CONTROL;
    domain->entry->index = index;
    domain->entry->alive = BIT(index);
    assert_int_equal(shared_mem_factory_open(&domain->factory, domain->page),
                     0);
    memset(&domain->handle, 0xa5, sizeof(domain->handle));
}

/* As the toolstack says it, to all. */
static void alive(uint32_t mask)
{
    struct domain *const all[] = { &one, &two, &reader };

    for ( unsigned int i = 0; i < 3; i++ )
    {
        all[i]->entry->alive = mask | BIT(all[i]->entry->index);
        all[i]->entry->generation++;
        all[i]->page->sequence += 2;
    }
}

/* Peers 1 and 2, and 3, which may only read; all alive, none attached. */
static int setup(void **state)
{
    (void)state;
    memory = pages(PAGES);
    control = (struct shared_mem_control_page *)memory;
    domain_begin(&one, 1);
    domain_begin(&two, 2);
    domain_begin(&reader, 3);
    reader.entry->flags |= SHARED_MEM_ENTRY_READ_ONLY;
    alive(BIT(1) | BIT(2) | BIT(3));

    return 0;
}

static int teardown(void **state)
{
    (void)state;
    munmap(memory, PAGES * 4096);
    munmap(one.page, 4096);
    munmap(two.page, 4096);
    munmap(reader.page, 4096);

    return 0;
}

/* Peers that are not in this test leave their mark; @number 0: detach. */
static void peer_attaches(unsigned int index, uint32_t number)
{
    control->slots[index].attached = number;
    control->slots[index].count |= number;
    for ( unsigned int n = 0; n < 32; n++ )
        control->pending[n].changes += 64;
}

static int try_attach(struct domain *domain, void *base)
{
    return shared_mem_attach(&domain->handle, &domain->factory, "ID1", base);
}

static void attach(struct domain *domain)
{
    assert_int_equal(try_attach(domain, memory), 0);
}

static void attach_all(void)
{
    attach(&one);
    attach(&two);
    attach(&reader);
}

/* Checks what the next poll tells. */
static void polls(struct domain *domain, uint32_t came, uint32_t went,
                  uint32_t restarted)
{
    struct shared_mem_events events;

    assert_int_equal(shared_mem_poll(&domain->handle, &events), 0);
    assert_int_equal(events.came, came);
    assert_int_equal(events.went, went);
    assert_int_equal(events.restarted, restarted);
}

static void poll_fails(struct domain *domain, int error)
{
    struct shared_mem_events events = { 1, 1, 1 };

    assert_int_equal(shared_mem_poll(&domain->handle, &events), error);
    assert_int_equal(events.came | events.went | events.restarted, 0);
}

static void takes(struct domain *domain, uint32_t expected)
{
    uint32_t from = 0xa5;

    assert_int_equal(shared_mem_take(&domain->handle, &from), 0);
    assert_int_equal(from, expected);
}

/*----- Attaching -----*/

static void data_is_behind_the_control_page(void **state)
{
    static const struct {
        uint8_t flags;
        uint32_t offset, pages, skipped;
    } mappings[] = {
        { SHARED_MEM_ENTRY_CONTROL, 0, PAGES, 1 },
        { SHARED_MEM_ENTRY_CONTROL, 0, 1, 1 },     /* there is no data */
        { SHARED_MEM_ENTRY_CONTROL, 1, PAGES, 0 }, /* begins behind it */
        { 0, 0, PAGES, 0 },                        /* there is none */
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++ )
    {
        one.entry->flags = mappings[i].flags;
        one.entry->offset = mappings[i].offset;
        one.entry->pages = mappings[i].pages;
        attach(&one);
        assert_ptr_equal(one.handle.data, memory + mappings[i].skipped * 4096);
        assert_int_equal(one.handle.size,
                         (mappings[i].pages - mappings[i].skipped) * 4096);
        assert_int_equal(one.handle.region.index, 1);
        assert_string_equal(one.handle.region.name, "ID1");
    }
}

static void null_is_the_gpa_itself(void **state)
{
    (void)state;
    one.entry->gpa = (uintptr_t)memory;
    assert_int_equal(try_attach(&one, NULL), 0);
    assert_ptr_equal(one.handle.data, memory + 4096);
    assert_int_equal(control->slots[1].attached, 1);
}

static void no_such_region(void **state)
{
    (void)state;
    assert_int_equal(shared_mem_attach(&one.handle, &one.factory, "ID2",
                                       memory),
                     SHARED_MEM_ENOENT);
}

static void a_base_begins_at_a_page(void **state)
{
    (void)state;
    assert_int_equal(try_attach(&one, memory + 64), SHARED_MEM_EINVAL);
    poll_fails(&one, SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_detach(&one.handle), SHARED_MEM_ENOENT);
}

static void a_mapping_ends_where_addresses_do(void **state)
{
    uintptr_t last = UINTPTR_MAX - 4095;

    (void)state;
    one.entry->flags = 0;
    assert_int_equal(try_attach(&one, (void *)(last - 2 * 4096)),
                     SHARED_MEM_ERANGE);
    assert_int_equal(try_attach(&one, (void *)(last - 3 * 4096)), 0);
}

static void attaching_counts(void **state)
{
    (void)state;
    control->slots[1].count = 41;
    control->slots[1].attached = 7;
    attach(&one);
    assert_int_equal(control->slots[1].count, 42);
    assert_int_equal(control->slots[1].attached, 42);
    attach(&one);
    assert_int_equal(control->slots[1].attached, 43);
}

static void no_attachment_is_number_0(void **state)
{
    (void)state;
    control->slots[1].count = UINT32_MAX;
    attach(&one);
    assert_int_equal(control->slots[1].count, 1);
    assert_int_equal(control->slots[1].attached, 1);
}

static void what_was_meant_for_the_last_holder_goes(void **state)
{
    (void)state;
    control->pending[1].from = BIT(2);
    attach(&one);
    takes(&one, 0);
}

/* @one writes to its slot and to no other, and to pending words. */
static void each_writes_its_own_slot_only(void **state)
{
    struct shared_mem_control_page expected;
    uint32_t from;

    (void)state;
    memset(control, 0x11, sizeof(*control));
    expected = *control;
    attach(&one);
    shared_mem_notify(&one.handle, BIT(2));
    shared_mem_take(&one.handle, &from);
    polls(&one, BIT(2) | BIT(3), 0, 0);
    shared_mem_detach(&one.handle);

    expected.slots[1].attached = 0;
    expected.slots[1].count = 0x11111112;
    expected.slots[1].sent = 0x11111112;
    expected.pending[1].from = 0;
    expected.pending[2].from |= BIT(1);
    /* All are told of the attachment, then of its end. */
    for ( unsigned int n = 0; n < 32; n++ )
        expected.pending[n].changes = 0x11111112u << 6 | BIT(5) | 1;
    assert_memory_equal(control, &expected, sizeof(expected));
}

static void detaching(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    assert_int_equal(shared_mem_detach(&two.handle), 0);
    assert_int_equal(control->slots[2].attached, 0);
    assert_int_equal(control->slots[2].count, 1);
    polls(&one, 0, BIT(2), 0);
    assert_int_equal(shared_mem_detach(&two.handle), SHARED_MEM_ENOENT);
}

static void control_functions_need_a_control_page(struct domain *domain)
{
    struct shared_mem_status status;
    uint32_t from;

    assert_int_equal(shared_mem_notify(&domain->handle, BIT(2)),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_take(&domain->handle, &from),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_status(&domain->handle, &status),
                     SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_detach(&domain->handle), SHARED_MEM_ENOENT);
    assert_int_equal(shared_mem_attached(&domain->handle), 0);
    assert_int_equal(shared_mem_take_from(&domain->handle, SHARED_MEM_ALL), 0);
}

static void a_detached_handle_has_none(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    assert_int_equal(shared_mem_detach(&one.handle), 0);
    control_functions_need_a_control_page(&one);
    polls(&one, 0, BIT(2), 0);
    assert_int_equal(control->pending[2].from, 0);
}

/* Without a control page in the mapping, whatever the bytes there are. */
static void mappings_without_a_control_page(void **state)
{
    static const struct {
        uint8_t flags;
        uint32_t offset;
    } kinds[] = {
        { 0, 0 }, { SHARED_MEM_ENTRY_CONTROL, 1 },
        { SHARED_MEM_ENTRY_READ_ONLY, 0 },
    };

    (void)state;
    memset(memory, 0xff, 4096);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        one.entry->flags = kinds[i].flags;
        one.entry->offset = kinds[i].offset;
        alive(BIT(2) | BIT(3));
        assert_int_equal(mprotect(memory, 4096, PROT_READ), 0);
        attach(&one);
        control_functions_need_a_control_page(&one);
        polls(&one, BIT(2) | BIT(3), 0, 0);
        alive(BIT(3));
        polls(&one, 0, BIT(2), 0);
        assert_int_equal(shared_mem_peers(&one.handle), BIT(1) | BIT(3));
    }
}

/*----- Handles that are of no use -----*/

static int call_poll(struct shared_mem *handle)
{
    struct shared_mem_events events = { 1, 1, 1 };
    int error = shared_mem_poll(handle, &events);

    assert_int_equal(events.came | events.went | events.restarted, 0);

    return error;
}

static int call_notify(struct shared_mem *handle)
{
    return shared_mem_notify(handle, BIT(2));
}

static int call_notify_all(struct shared_mem *handle)
{
    return shared_mem_notify(handle, SHARED_MEM_ALL);
}

static int call_take(struct shared_mem *handle)
{
    uint32_t from = 0xa5;
    int error = shared_mem_take(handle, &from);

    assert_int_equal(from, 0);

    return error;
}

static int call_status(struct shared_mem *handle)
{
    struct shared_mem_status status = { 0xa5, 0xa5 };
    int error = shared_mem_status(handle, &status);

    assert_int_equal(status.from | status.attached, 0);

    return error;
}

static int call_take_from(struct shared_mem *handle)
{
    return (int)shared_mem_take_from(handle, SHARED_MEM_ALL);
}

static int call_attached(struct shared_mem *handle)
{
    return (int)shared_mem_attached(handle);
}

static int call_peers(struct shared_mem *handle)
{
    return (int)shared_mem_peers(handle);
}

/* What each call comes to on a handle that was never attached. */
static const struct {
    int (*call)(struct shared_mem *handle);
    int expected;
} calls[] = {
    { call_poll, SHARED_MEM_ENOENT },
    { call_notify, SHARED_MEM_ENOENT },
    { call_notify_all, SHARED_MEM_ENOENT },
    { call_take, SHARED_MEM_ENOENT },
    { call_status, SHARED_MEM_ENOENT },
    { shared_mem_detach, SHARED_MEM_ENOENT },
    { call_take_from, 0 },
    { call_attached, 0 },
    { call_peers, 0 },
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

static void all_calls_are_harmless(void)
{
    struct shared_mem before = one.handle;

    for ( size_t i = 0; i < CALLS; i++ )
    {
        assert_int_equal(calls[i].call(&one.handle), calls[i].expected);
        assert_memory_equal(&one.handle, &before, sizeof(before));
    }
}

static void a_handle_of_zeros_is_harmless(void **state)
{
    (void)state;
    memset(&one.handle, 0, sizeof(one.handle));
    all_calls_are_harmless();
}

/* Each way in which attaching fails; the handle was something else before. */
static void a_handle_that_failed_to_attach_is_harmless(void **state)
{
    static const struct shared_mem_factory never_opened;
    struct shared_mem_region region;

    (void)state;
    assert_int_equal(shared_mem_attach(&one.handle, &one.factory, "ID2",
                                       memory),
                     SHARED_MEM_ENOENT);
    all_calls_are_harmless();

    domain_begin(&one, 1);
    assert_int_equal(shared_mem_attach(&one.handle, &never_opened, "ID1",
                                       memory),
                     SHARED_MEM_ENOENT);
    all_calls_are_harmless();

    domain_begin(&one, 1);
    one.page->sequence++;
    assert_int_equal(try_attach(&one, memory), SHARED_MEM_EAGAIN);
    one.page->sequence++;
    all_calls_are_harmless();

    domain_begin(&one, 1);
    assert_int_equal(try_attach(&one, memory + 64), SHARED_MEM_EINVAL);
    all_calls_are_harmless();

    domain_begin(&one, 1);
    assert_int_equal(try_attach(&one, (void *)(UINTPTR_MAX - 4095)),
                     SHARED_MEM_ERANGE);
    all_calls_are_harmless();

    /* A factory that was never opened has no regions, whatever it is asked. */
    assert_int_equal(shared_mem_factory_find(&one.factory, "ID1", &region), 0);
    domain_begin(&one, 1);
    assert_int_equal(shared_mem_attach_region(&one.handle, &never_opened,
                                              &region, memory),
                     SHARED_MEM_ENOENT);
    all_calls_are_harmless();
    assert_int_equal(control->slots[1].attached, 0);
}

/* Regions that shared_mem_factory_find() never gives. */
static void a_region_that_cannot_be_is_not_attached(void **state)
{
    struct shared_mem_region region;

    (void)state;
    memset(&region, 0, sizeof(region));
    assert_int_equal(shared_mem_attach_region(&one.handle, &one.factory,
                                              &region, NULL),
                     SHARED_MEM_EINVAL);
    all_calls_are_harmless();

    assert_int_equal(shared_mem_factory_find(&one.factory, "ID1", &region), 0);
    region.index = 32;
    assert_int_equal(shared_mem_attach_region(&one.handle, &one.factory,
                                              &region, memory),
                     SHARED_MEM_EINVAL);
    all_calls_are_harmless();
}

/*----- Who is there -----*/

static void attached_is_alive_and_says_so(void **state)
{
    (void)state;
    attach(&one);
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1));
    attach(&two);
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1) | BIT(2));
    control->slots[9].attached = 1; /* dead */
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1) | BIT(2));
    alive(BIT(9));
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1) | BIT(9));
}

static void the_first_poll_tells_of_all(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    polls(&one, 0, 0, 0);
}

static void who_only_reads_is_alive_and_not_attached(void **state)
{
    (void)state;
    attach_all();
    assert_int_equal(control->slots[3].attached, 0);
    assert_int_equal(shared_mem_peers(&one.handle), BIT(1) | BIT(2) | BIT(3));
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1) | BIT(2));
}

static void a_peer_dies(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    alive(0);
    polls(&one, 0, BIT(2), 0);
    polls(&one, 0, 0, 0);
    /* Its slot outlives it, and is not asked. */
    assert_int_equal(control->slots[2].attached, 1);
}

static void attached_anew_in_whatever_short_time(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    shared_mem_detach(&two.handle);
    attach(&two);
    polls(&one, 0, 0, BIT(2));
    polls(&one, 0, 0, 0);
    attach(&two); /* as after a crash, without a word */
    polls(&one, 0, 0, BIT(2));
}

static void attached_anew_and_seen_in_between(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    shared_mem_detach(&two.handle);
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1));
    attach(&two);
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1) | BIT(2));
    polls(&one, 0, 0, BIT(2));
}

static void a_peer_comes_anew_and_was_missed_once(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    alive(0);
    polls(&one, 0, BIT(2), 0);
    attach(&two);
    alive(BIT(2));
    polls(&one, BIT(2), 0, 0);
}

/* With 32 peers an index may be given to another domain at once. */
static void an_index_is_used_again(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    shared_mem_notify(&one.handle, BIT(2));

    /* @two dies with its slot attached, and another domain takes over. */
    memset(&two.handle, 0, sizeof(two.handle));
    alive(0);
    alive(BIT(2));
    attach(&two);
    assert_int_equal(control->slots[2].attached, 2);
    takes(&two, 0);
    polls(&one, 0, 0, BIT(2));
}

static void itself_is_no_news(void **state)
{
    (void)state;
    attach(&one);
    polls(&one, 0, 0, 0);
    attach(&one);
    polls(&one, 0, 0, 0);
}

static void the_generation_is_read_anew(void **state)
{
    (void)state;
    attach(&one);
    one.entry->generation = 77;
    one.page->sequence += 2;
    polls(&one, 0, 0, 0);
    assert_int_equal(one.handle.region.generation, 77);
}

static void nothing_is_missed_by_a_poll_that_fails(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    attach(&two);
    alive(BIT(2) | BIT(4));
    peer_attaches(4, 1);
    one.page->sequence++;
    poll_fails(&one, SHARED_MEM_EAGAIN);
    assert_int_equal(shared_mem_peers(&one.handle), BIT(1) | BIT(2) | BIT(3));
    one.page->sequence++;
    polls(&one, BIT(4), 0, BIT(2));
}

static void a_page_that_cannot_be_right(void **state)
{
    (void)state;
    attach(&one);
    one.entry->alive = 0;
    one.page->sequence += 2;
    poll_fails(&one, SHARED_MEM_EPROTO);
    assert_int_equal(shared_mem_peers(&one.handle), BIT(1) | BIT(2) | BIT(3));
}

/* The page has another region, or another mapping, in this place. */
static void a_page_with_something_else(void **state)
{
    struct shared_mem_entry good;

    (void)state;
    good = *one.entry;
    for ( unsigned int i = 0; i < 6; i++ )
    {
        attach(&one);
        switch ( i )
        {
        case 0: one.entry->name[2] = '2'; break;
        case 1: one.entry->gpa += 4096; break;
        case 2: one.entry->pages++; break;
        case 3: one.entry->offset++; break;
        case 4: one.entry->index = 2; break;
        case 5: one.entry->flags |= SHARED_MEM_ENTRY_READ_ONLY; break;
        }
        one.page->sequence += 2;
        poll_fails(&one, SHARED_MEM_ESTALE);
        assert_int_equal(one.handle.region.index, 1);
        assert_int_equal(one.handle.region.pages, PAGES);

        /* From now on: the handle stands for nothing. */
        *one.entry = good;
        one.page->sequence += 2;
        poll_fails(&one, SHARED_MEM_ESTALE);
        assert_int_equal(shared_mem_notify(&one.handle, BIT(2)),
                         SHARED_MEM_ESTALE);
        assert_int_equal(shared_mem_peers(&one.handle), 0);
    }
}

/* The region before it is detached, and another one attached. */
static void the_region_has_another_number(void **state)
{
    (void)state;
    attach(&one);
    polls(&one, 0, 0, 0);
    page_add(one.page, "ID2", 0x80000000, 1);
    memmove(&one.page->entries[0], &one.page->entries[1],
            2 * sizeof(one.page->entries[0]));
    one.page->count--;
    one.page->sequence += 2;
    one.entry--;
    polls(&one, 0, 0, 0);
    assert_int_equal(one.handle.region.number, 0);

    one.entry->alive = BIT(1) | BIT(2);
    one.page->sequence += 2;
    peer_attaches(2, 1);
    polls(&one, BIT(2), 0, 0);
    assert_int_equal(shared_mem_peers(&one.handle), BIT(1) | BIT(2));

    /* Now it is detached itself. */
    *one.entry = one.page->entries[1];
    one.page->count--;
    one.page->sequence += 2;
    poll_fails(&one, SHARED_MEM_ESTALE);
    one.page->count--;
    one.page->sequence += 2;
    poll_fails(&one, SHARED_MEM_ESTALE);
}

/* Where it was before, there is an entry that cannot be right. */
static void another_region_that_cannot_be_right(void **state)
{
    struct shared_mem_entry own;

    (void)state;
    attach(&one);
    own = *one.entry;
    one.entry->pages = 0;
    one.page->entries[0] = own;
    one.page->sequence += 2;
    polls(&one, 0, 0, 0);
    one.page->entries[0].name[0] = 'X';
    one.page->sequence += 2;
    poll_fails(&one, SHARED_MEM_EPROTO);
}

/* A look at who is alive by another call is no reason to miss news. */
static void nothing_is_missed_for_other_calls(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    alive(0);
    assert_int_equal(shared_mem_peers(&one.handle), BIT(1));
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1));
    polls(&one, 0, BIT(2), 0);
    alive(BIT(2));
    attach(&two);
    assert_int_equal(shared_mem_attached(&one.handle), BIT(1) | BIT(2));
    polls(&one, BIT(2), 0, 0);
    attach(&two);
    (void)shared_mem_attached(&one.handle);
    polls(&one, 0, 0, BIT(2));
}

/* Who only reads learns of it by the same word. */
static void who_only_reads_sees_peers_come_and_go(void **state)
{
    (void)state;
    attach(&reader);
    polls(&reader, 0, 0, 0);
    attach(&one);
    polls(&reader, BIT(1), 0, 0);
    attach(&one);
    polls(&reader, 0, 0, BIT(1));
    shared_mem_detach(&one.handle);
    polls(&reader, 0, BIT(1), 0);
    attach(&one);
    polls(&reader, BIT(1), 0, 0);
}

/*----- Losing the own attachment -----*/

/* @domain has lost its attachment: each call tells, and none writes. */
static void has_lost_it(struct domain *domain)
{
    for ( unsigned int round = 0; round < 2; round++ )
    {
        struct shared_mem_control_page before = *control;

        for ( size_t i = 0; i < CALLS; i++ )
            assert_int_equal(calls[i].call(&domain->handle),
                             calls[i].expected ? SHARED_MEM_ESTALE : 0);
        assert_memory_equal(control, &before, sizeof(before));
        /* Once it is noticed it does not come back by itself. */
        peer_attaches(1, 1);
    }
}

static void own_slot_becomes_zero(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    control->slots[1].attached = 0;
    poll_fails(&one, SHARED_MEM_ESTALE);
    has_lost_it(&one);

    attach(&one);
    polls(&one, BIT(2), 0, 0);
    assert_int_equal(shared_mem_notify(&one.handle, BIT(2)), 0);
    takes(&two, BIT(1));
}

/* With nothing but what the lost handle has. */
static void a_handle_is_attached_once_more(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    control->slots[1].attached = 0;
    poll_fails(&one, SHARED_MEM_ESTALE);
    assert_int_equal(shared_mem_attach(&one.handle, &one.handle.factory,
                                       one.handle.region.name, memory), 0);
    polls(&one, BIT(2), 0, 0);
    assert_int_equal(shared_mem_attach_region(&one.handle,
                                              &one.handle.factory,
                                              &one.handle.region, memory), 0);
    polls(&one, BIT(2), 0, 0);
    assert_int_equal(control->slots[1].attached, 3);
}

/* The slot of who only reads is nobody's; it is looked at all the same. */
static void who_only_reads_loses_it_too(void **state)
{
    (void)state;
    control->slots[3].attached = 7;
    attach_all();
    polls(&reader, BIT(1) | BIT(2), 0, 0);
    memset(memory, 0, PAGES * 4096);
    poll_fails(&reader, SHARED_MEM_ESTALE);
    has_lost_it(&reader);
}

static void own_slot_has_another_number(void **state)
{
    (void)state;
    attach_all();
    control->slots[1].attached = 77;
    poll_fails(&one, SHARED_MEM_ESTALE);
    has_lost_it(&one);
}

/* Detached, and attached to another region by that name at the same place. */
static void the_region_is_another_one(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    memset(memory, 0, PAGES * 4096);
    alive(BIT(2));
    poll_fails(&one, SHARED_MEM_ESTALE);
    has_lost_it(&one);
}

/* What is called first notices it, whatever it is. */
static void any_call_notices(void **state)
{
    (void)state;
    for ( size_t i = 0; i < CALLS; i++ )
    {
        if ( calls[i].call == call_peers ) /* looks at the factory page only */
            continue;
        attach_all();
        control->slots[1].attached = 0;
        control->pending[1].from = BIT(2);
        assert_int_equal(calls[i].call(&one.handle),
                         calls[i].expected ? SHARED_MEM_ESTALE : 0);
        assert_int_equal(control->pending[1].from, BIT(2));
        assert_int_equal(control->pending[2].from, 0);
        poll_fails(&one, SHARED_MEM_ESTALE);
    }
}

/* As x86 reads what is not mapped any more; writes do nothing. */
static void all_ones_are_no_region(void **state)
{
    (void)state;
    attach_all();
    polls(&one, BIT(2), 0, 0);
    memset(memory, 0xff, PAGES * 4096);
    has_lost_it(&one);
    has_lost_it(&reader);

    /* From the begin on. */
    memset(memory, 0xff, PAGES * 4096);
    attach(&reader);
    has_lost_it(&reader);
}

static void no_attachment_is_all_ones(void **state)
{
    (void)state;
    control->slots[1].count = UINT32_MAX - 1;
    attach(&one);
    assert_int_equal(control->slots[1].attached, 1);
}

/*----- Notifications -----*/

static void who_never_attached_sends_none(void **state)
{
    (void)state;
    attach_all();
    control->pending[1].from = UINT32_MAX;
    assert_int_equal(shared_mem_take_from(&one.handle, BIT(2) | BIT(9)),
                     BIT(2));
    takes(&one, BIT(1));
    control->pending[1].from = UINT32_MAX;
    peer_attaches(9, 3);
    peer_attaches(9, 0); /* and is gone since */
    takes(&one, BIT(1) | BIT(2) | BIT(9));
}

/* The mapping cannot be written: whatever writes says so, and does not. */
static void who_only_reads_is_told_so(void **state)
{
    static const struct {
        int (*call)(struct shared_mem *handle);
        int expected;
    } reads[] = {
        { call_poll, 0 },
        { call_notify, SHARED_MEM_EACCES },
        { call_notify_all, SHARED_MEM_EACCES },
        { call_take, 0 },
        { call_take_from, 0 },
        { call_attached, 0 },
        { call_peers, BIT(1) | BIT(2) | BIT(3) },
        { shared_mem_detach, 0 },
        { call_notify, SHARED_MEM_ENOENT },
    };

    (void)state;
    assert_int_equal(mprotect(memory, PAGES * 4096, PROT_READ), 0);
    attach(&reader);
    for ( size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++ )
        assert_int_equal(reads[i].call(&reader.handle), reads[i].expected);
}

static void a_notification_arrives_once(void **state)
{
    (void)state;
    attach_all();
    assert_int_equal(shared_mem_notify(&one.handle, BIT(2)), 0);
    assert_int_equal(control->pending[2].from, BIT(1));
    assert_int_equal(control->slots[1].sent, 1);
    takes(&two, BIT(1));
    takes(&two, 0);
}

static void several_become_one(void **state)
{
    (void)state;
    attach_all();
    shared_mem_notify(&one.handle, BIT(2));
    shared_mem_notify(&one.handle, BIT(2));
    peer_attaches(31, 1);
    control->pending[2].from |= BIT(31);
    assert_int_equal(control->slots[1].sent, 2);
    takes(&two, BIT(1) | BIT(31));
    takes(&two, 0);
}

static void to_a_set_of_peers(void **state)
{
    (void)state;
    attach_all();
    shared_mem_notify(&one.handle, BIT(2) | BIT(31) | BIT(1));
    assert_int_equal(control->pending[2].from, BIT(1));
    assert_int_equal(control->pending[31].from, BIT(1));
    assert_int_equal(control->pending[0].from, 0);
    takes(&one, BIT(1)); /* itself, as it asked for */
    assert_int_equal(control->slots[1].sent, 1);
}

static void to_all_but_itself(void **state)
{
    (void)state;
    attach_all();
    control->slots[31].attached = 5;
    shared_mem_notify(&one.handle, SHARED_MEM_ALL);
    for ( unsigned int n = 0; n < 32; n++ )
        assert_int_equal(control->pending[n].from,
                         n == 2 || n == 31 ? BIT(1) : 0);
    assert_int_equal(control->slots[1].sent, 1);
}

/* A peer that attached since the last poll is one of all. */
static void to_one_that_came_this_instant(void **state)
{
    (void)state;
    attach(&one);
    alive(0);
    polls(&one, 0, 0, 0);
    one.page->sequence++; /* the toolstack is about to tell */
    attach(&two);
    shared_mem_notify(&one.handle, SHARED_MEM_ALL);
    takes(&two, BIT(1));
}

static void sent_wraps_round(void **state)
{
    (void)state;
    control->slots[1].sent = UINT32_MAX;
    attach_all();
    shared_mem_notify(&one.handle, BIT(2));
    assert_int_equal(control->slots[1].sent, 0);
    takes(&reader, BIT(1));
}

static void who_only_reads_writes_nothing(void **state)
{
    struct shared_mem_status status;

    (void)state;
    attach(&one);
    assert_int_equal(mprotect(memory, PAGES * 4096, PROT_READ), 0);
    attach(&reader);
    polls(&reader, BIT(1), 0, 0);
    assert_int_equal(shared_mem_notify(&reader.handle, BIT(1)),
                     SHARED_MEM_EACCES);
    assert_int_equal(shared_mem_notify(&reader.handle, SHARED_MEM_ALL),
                     SHARED_MEM_EACCES);
    takes(&reader, 0);
    assert_int_equal(shared_mem_status(&reader.handle, &status), 0);
    assert_int_equal(status.attached, BIT(1));
    assert_int_equal(shared_mem_detach(&reader.handle), 0);
    control_functions_need_a_control_page(&reader);
}

static void who_only_reads_learns_of_any_notification(void **state)
{
    (void)state;
    control->slots[1].sent = 7; /* before it came: no news */
    attach_all();
    takes(&reader, 0);
    shared_mem_notify(&one.handle, BIT(2));
    takes(&reader, BIT(1));
    takes(&reader, 0);
    shared_mem_notify(&one.handle, BIT(2));
    shared_mem_notify(&two.handle, BIT(1));
    takes(&reader, BIT(1) | BIT(2));
}

static void taken_of_some_others_stay(void **state)
{
    (void)state;
    attach_all();
    peer_attaches(15, 1);
    peer_attaches(16, 1);
    peer_attaches(31, 1);
    control->pending[2].from = BIT(1) | BIT(15) | BIT(16) | BIT(31);
    assert_int_equal(shared_mem_take_from(&two.handle, 0xffff),
                     BIT(1) | BIT(15));
    assert_int_equal(shared_mem_take_from(&two.handle, 0xffff), 0);
    assert_int_equal(shared_mem_take_from(&two.handle, BIT(31)), BIT(31));
    shared_mem_notify(&one.handle, BIT(2));
    takes(&two, BIT(1) | BIT(16));
    takes(&two, 0);
}

static void status_has_both(void **state)
{
    struct shared_mem_status status;

    (void)state;
    attach_all();
    shared_mem_notify(&one.handle, BIT(2));
    peer_attaches(31, 1);
    control->pending[2].from |= BIT(31);
    assert_int_equal(shared_mem_status(&two.handle, &status), 0);
    assert_int_equal(status.from, BIT(1) | BIT(31));
    assert_int_equal(status.attached, BIT(1) | BIT(2));
    assert_int_equal(shared_mem_status(&two.handle, &status), 0);
    assert_int_equal(status.from, 0);
}

static void who_is_attached_takes_no_notification(void **state)
{
    (void)state;
    attach_all();
    shared_mem_notify(&one.handle, BIT(2));
    (void)shared_mem_attached(&two.handle);
    polls(&two, BIT(1), 0, 0);
    takes(&two, BIT(1));
}

/* Others may write to own words; what is private does not change by that. */
static void own_numbers_are_private(void **state)
{
    (void)state;
    attach_all();
    shared_mem_notify(&one.handle, BIT(2));
    control->slots[1].sent = 999;
    shared_mem_notify(&one.handle, BIT(2));
    assert_int_equal(control->slots[1].sent, 2);
}

/*----- Two at once -----*/

#define ROUNDS 20000u

static uint32_t done;

static void *notifier(void *arg)
{
    volatile uint32_t *data = two.handle.data;

    (void)arg;
    for ( uint32_t i = 1; i <= ROUNDS; i++ )
    {
        __atomic_store_n(data, i, __ATOMIC_RELAXED);
        shared_mem_notify(&two.handle, BIT(1));
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);

    return NULL;
}

/* After the last notification was taken, what was written before it is seen. */
static void no_notification_is_lost(void **state)
{
    const volatile uint32_t *data;
    uint32_t from, last, seen = 0;
    pthread_t thread;

    (void)state;
    attach_all();
    data = one.handle.data;
    assert_int_equal(pthread_create(&thread, NULL, notifier, NULL), 0);
    do {
        last = __atomic_load_n(&done, __ATOMIC_ACQUIRE);
        assert_int_equal(shared_mem_take(&one.handle, &from), 0);
        if ( from )
            seen = __atomic_load_n(data, __ATOMIC_RELAXED);
    } while ( !last );
    pthread_join(thread, NULL);
    assert_int_equal(seen, ROUNDS);
    assert_int_equal(control->slots[2].sent, ROUNDS);
}

#define TEST(function) \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(data_is_behind_the_control_page),
        TEST(null_is_the_gpa_itself),
        TEST(no_such_region),
        TEST(a_base_begins_at_a_page),
        TEST(a_mapping_ends_where_addresses_do),
        TEST(attaching_counts),
        TEST(no_attachment_is_number_0),
        TEST(what_was_meant_for_the_last_holder_goes),
        TEST(each_writes_its_own_slot_only),
        TEST(detaching),
        TEST(a_detached_handle_has_none),
        TEST(mappings_without_a_control_page),
        TEST(a_handle_of_zeros_is_harmless),
        TEST(a_handle_that_failed_to_attach_is_harmless),
        TEST(a_region_that_cannot_be_is_not_attached),
        TEST(attached_is_alive_and_says_so),
        TEST(the_first_poll_tells_of_all),
        TEST(who_only_reads_is_alive_and_not_attached),
        TEST(a_peer_dies),
        TEST(attached_anew_in_whatever_short_time),
        TEST(attached_anew_and_seen_in_between),
        TEST(a_peer_comes_anew_and_was_missed_once),
        TEST(an_index_is_used_again),
        TEST(itself_is_no_news),
        TEST(the_generation_is_read_anew),
        TEST(nothing_is_missed_by_a_poll_that_fails),
        TEST(a_page_that_cannot_be_right),
        TEST(a_page_with_something_else),
        TEST(the_region_has_another_number),
        TEST(another_region_that_cannot_be_right),
        TEST(nothing_is_missed_for_other_calls),
        TEST(who_only_reads_sees_peers_come_and_go),
        TEST(own_slot_becomes_zero),
        TEST(a_handle_is_attached_once_more),
        TEST(who_only_reads_loses_it_too),
        TEST(own_slot_has_another_number),
        TEST(the_region_is_another_one),
        TEST(any_call_notices),
        TEST(all_ones_are_no_region),
        TEST(no_attachment_is_all_ones),
        TEST(who_never_attached_sends_none),
        TEST(who_only_reads_is_told_so),
        TEST(a_notification_arrives_once),
        TEST(several_become_one),
        TEST(to_a_set_of_peers),
        TEST(to_all_but_itself),
        TEST(to_one_that_came_this_instant),
        TEST(sent_wraps_round),
        TEST(who_only_reads_writes_nothing),
        TEST(who_only_reads_learns_of_any_notification),
        TEST(taken_of_some_others_stay),
        TEST(status_has_both),
        TEST(who_is_attached_takes_no_notification),
        TEST(own_numbers_are_private),
        TEST(no_notification_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
