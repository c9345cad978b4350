/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target for a region in use, among hostile peers.  The input: four bytes,
 * pages, own index, flags and offset of the region; four bytes, who is alive;
 * then calls, one byte each, with what is written meanwhile between them, see
 * hostile/hostile.h.  Peers write to the factory page too: it is checked
 * although they cannot.
 */
#include <shared_mem/control.h>

#include "hostile.h"
#include "pages.h"
#include "region_check.h"

/* Accesses of one call: what the library may try, and some more. */
#define ACCESSES_MAX 2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct shared_mem_factory factory;
static struct shared_mem handle;

/* As it was when the domain attached: what the library is to go by. */
static struct shared_mem_region region;
static unsigned char *memory;

/* The library writes its own slot and notifications, and nothing else. */
static void own_words(const volatile uint32_t *word)
{
    const struct shared_mem_control_page *control = (const void *)memory;
    const struct shared_mem_slot *slot = &control->slots[region.index];

    CHECK(shared_mem_has_control(&region));
    CHECK(!shared_mem_read_only(&region));
    if ( word == &slot->attached || word == &slot->count ||
         word == &slot->sent )
        return;
    for ( unsigned int n = 0; n < 32; n++ )
        if ( word == &control->pending[n].from ||
             word == &control->pending[n].changes )
            return;
    CHECK(!"a word that is not ours is not written");
}

static void check_handle(void)
{
    size_t skip = shared_mem_has_control(&region) ? 4096 : 0;

    check_region(&handle.region);
    CHECK(handle.region.index == region.index);
    CHECK(handle.region.pages == region.pages);
    CHECK(handle.data == memory + skip);
    CHECK(handle.size == region.pages * 4096u - skip);
}

static void check_events(const struct shared_mem_events *events, int error)
{
    uint32_t own = UINT32_C(1) << region.index;

    CHECK(error <= 0);
    CHECK(!error || !(events->came | events->went | events->restarted));
    CHECK(!(events->came & events->went));
    CHECK(!(events->restarted & (events->came | events->went)));
    CHECK(!(events->came & ~handle.region.alive));
    CHECK(!(events->restarted & ~handle.region.alive));
    CHECK(!((events->came | events->went | events->restarted) & own));
}

static void attach(void)
{
    struct shared_mem_region now;

    if ( shared_mem_factory_find(&factory, "ID1", &now) )
        return;
    check_region(&now);
    /* The guest maps what it was told once; another length is no mapping. */
    if ( now.pages != region.pages )
        return;
    region = now;
    CHECK(!shared_mem_attach_region(&handle, &factory, &now, memory));
}

static void call(uint8_t what)
{
    struct shared_mem_events events;
    struct shared_mem_status status;
    uint32_t mask;
    int error;

    switch ( what % 8 )
    {
    case 0:
        error = shared_mem_poll(&handle, &events);
        check_events(&events, error);
        break;
    case 1:
        mask = shared_mem_peers(&handle);
        CHECK(!mask || mask == handle.region.alive);
        break;
    case 2:
        mask = shared_mem_attached(&handle);
        CHECK(!(mask & ~handle.region.alive));
        break;
    case 3:
        error = shared_mem_notify(&handle, what & 8 ? SHARED_MEM_ALL
                                                    : hostile_word());
        CHECK(error <= 0);
        CHECK(error || !shared_mem_read_only(&region));
        break;
    case 4:
        error = shared_mem_take(&handle, &mask);
        CHECK(error == 0 || error == SHARED_MEM_ENOENT ||
              error == SHARED_MEM_ESTALE);
        CHECK(!error || !mask);
        break;
    case 5:
        mask = shared_mem_take_from(&handle, 0xffff);
        CHECK(!(mask >> 16));
        break;
    case 6:
        error = shared_mem_status(&handle, &status);
        CHECK(error || !(status.attached & ~handle.region.alive));
        break;
    case 7:
        if ( what & 8 )
            (void)shared_mem_detach(&handle);
        else
            attach();
        break;
    }
}

static void make_page(struct shared_mem_factory_page *page)
{
    struct shared_mem_entry *entry;

    page_begin(page, 7);
    page_add(page, "other", 0x100000, 1);
    entry = page_add(page, "ID1", 0x40000000, 1 + hostile_byte() % 4u);
    entry->index = hostile_byte() % 32;
    entry->flags = hostile_byte() % 4;
    entry->offset = hostile_byte() % 2;
    entry->alive = hostile_word() | UINT32_C(1) << entry->index;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shared_mem_factory_page *page;

    hostile_start(data, size);
    page = hostile_area(sizeof(*page));
    make_page(page);
    memory = hostile_area(page->entries[1].pages * 4096u);

    if ( shared_mem_factory_open(&factory, page) ||
         shared_mem_factory_find(&factory, "ID1", &region) ||
         region.pages * UINT64_C(4096) != page->entries[1].pages * 4096u )
        return 0;
    hostile_on_write(own_words);
    if ( shared_mem_attach_region(&handle, &factory, &region, memory) )
        return 0;

    check_handle();
    while ( hostile_left() )
    {
        unsigned long before = hostile_accesses();

        call(hostile_byte());
        CHECK(hostile_accesses() - before < 2 * ACCESSES_MAX);
        check_handle();
    }

    return 0;
}
