/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzz target for reading the factory page, while others write to it.  The
 * input: one byte, the number of regions of a page as the toolstack writes it,
 * or, from 0x80 on, the page's 4096 bytes follow; one byte, how many words are
 * changed, and for each its offset in words and its value, of 16 and 32 bits;
 * then what is written meanwhile, see hostile/hostile.h.
 */
#include <shared_mem/factory.h>

#include "hostile.h"
#include "pages.h"
#include "region_check.h"

/* Reads of one region: what the library may try, and some more. */
#define ACCESSES_MAX 2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void never(const volatile uint32_t *word)
{
    (void)word;
    CHECK(!"the factory page is not written");
}

static void make_page(struct shared_mem_factory_page *page)
{
    unsigned int regions = hostile_byte(), i;

    if ( regions >= 0x80 )
        hostile_bytes(page, sizeof(*page));
    else
    {
        page_begin(page, 7);
        for ( i = 0; i < regions && i < SHARED_MEM_ENTRIES_MAX; i++ )
        {
            char name[] = { 'I', 'D', (char)('0' + i), '\0' };

            page_add(page, name, (i + 1) * UINT64_C(0x40000000), i + 1);
        }
    }

    for ( i = hostile_byte(); i && hostile_left(); i-- )
    {
        uint32_t word = hostile_byte() | (uint32_t)hostile_byte() << 8;

        ((volatile uint32_t *)page)[word % 1024] = hostile_word();
    }
}

static void read_all(const struct shared_mem_factory *factory)
{
    static const char *const names[] = { "ID1", "ID9", "", "no such name" };
    struct shared_mem_region region;
    unsigned long before;

    for ( uint32_t n = 0; n <= SHARED_MEM_ENTRIES_MAX; n++ )
    {
        int error;

        before = hostile_accesses();
        error = shared_mem_factory_region(factory, n, &region);
        CHECK(hostile_accesses() - before < ACCESSES_MAX);
        CHECK(error <= 0);
        CHECK(n < SHARED_MEM_ENTRIES_MAX || error == SHARED_MEM_ENOENT);
        if ( !error )
        {
            CHECK(region.number == n);
            check_region(&region);
        }
    }

    for ( size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++ )
    {
        before = hostile_accesses();
        if ( !shared_mem_factory_find(factory, names[i], &region) )
        {
            check_region(&region);
            CHECK(!strcmp(region.name, names[i]));
        }
        CHECK(hostile_accesses() - before < 2 * ACCESSES_MAX);
    }

    (void)shared_mem_factory_beat(factory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shared_mem_factory_page *page;
    struct shared_mem_factory factory;

    hostile_start(data, size);
    page = hostile_area(sizeof(*page));
    make_page(page);
    hostile_on_write(never);

    if ( !shared_mem_factory_open(&factory, page) )
    {
        CHECK(factory.count <= SHARED_MEM_ENTRIES_MAX);
        CHECK(factory.abi >> 16 == 1);
        read_all(&factory);
    }

    return 0;
}
