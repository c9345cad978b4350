/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Shared memory whose other users are hostile, for fuzzers.
 */
#define _GNU_SOURCE
#include <sanitizer/asan_interface.h>
#include <string.h>
#include <sys/mman.h>

#include "hostile.h"

#define PAGE 4096u
#define AREA_MAX (64 * PAGE)

/* One area: a page that nobody may touch, AREA_MAX bytes, another such page. */
struct area {
    uint8_t *begin;
    size_t size;
};

static struct area areas[HOSTILE_AREAS_MAX];
static unsigned int nr_areas;
static const uint8_t *input;
static size_t input_left;
static unsigned long accesses, fences, before_fence;
static void (*on_write)(const volatile uint32_t *word);
static bool wins;

void hostile_start(const uint8_t *data, size_t size)
{
    nr_areas = 0;
    on_write = NULL;
    wins = false;
    hostile_input(data, size);
}

void hostile_input(const uint8_t *data, size_t size)
{
    input = data;
    input_left = size;
    accesses = fences = before_fence = 0;
}

static uint8_t *reserve(void)
{
    uint8_t *pages = mmap(NULL, AREA_MAX + 2 * PAGE, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(pages != MAP_FAILED);
    CHECK(!mprotect(pages + PAGE, AREA_MAX, PROT_READ | PROT_WRITE));

    return pages + PAGE;
}

void *hostile_area(size_t size)
{
    struct area *area = &areas[nr_areas];

    CHECK(nr_areas < HOSTILE_AREAS_MAX);
    CHECK(size <= AREA_MAX);
    nr_areas++;

    /* Mapped once, and kept for all later inputs. */
    if ( !area->begin )
        area->begin = reserve();

    area->size = size;
    ASAN_UNPOISON_MEMORY_REGION(area->begin, AREA_MAX);
    memset(area->begin, 0, AREA_MAX);
    ASAN_POISON_MEMORY_REGION(area->begin + size, AREA_MAX - size);

    return area->begin;
}

void hostile_on_write(void (*check)(const volatile uint32_t *word))
{
    on_write = check;
}

void hostile_win(bool win)
{
    wins = win;
}

bool hostile_wins(void)
{
    return wins;
}

unsigned long hostile_accesses(void)
{
    return accesses;
}

unsigned long hostile_fences(void)
{
    return fences;
}

unsigned long hostile_before_fence(void)
{
    return before_fence;
}

void hostile_fence(void)
{
    fences++;
    before_fence = accesses;
}

size_t hostile_left(void)
{
    return input_left;
}

uint8_t hostile_byte(void)
{
    if ( !input_left )
        return 0;
    input_left--;

    return *input++;
}

uint32_t hostile_word(void)
{
    uint32_t word = 0;

    for ( unsigned int i = 0; i < 4; i++ )
        word |= (uint32_t)hostile_byte() << (8 * i);

    return word;
}

void hostile_bytes(void *to, size_t size)
{
    uint8_t *bytes = to;

    while ( size-- )
        *bytes++ = hostile_byte();
}

static struct area *area_of(const volatile uint32_t *word)
{
    for ( unsigned int i = 0; i < nr_areas; i++ )
    {
        uintptr_t offset = (uintptr_t)word - (uintptr_t)areas[i].begin;

        if ( offset < areas[i].size && areas[i].size - offset >= sizeof(*word) )
            return &areas[i];
    }

    return NULL;
}

static void write_elsewhere(struct area *area)
{
    size_t words = area->size / sizeof(uint32_t);
    uint32_t what = hostile_word();

    if ( words )
        ((volatile uint32_t *)area->begin)[(what & 0xffff) % words] =
            what >> 16;
}

void hostile_before(const volatile uint32_t *word)
{
    struct area *area = area_of(word);
    volatile uint32_t *target = (volatile uint32_t *)(uintptr_t)word;
    uint8_t what = hostile_byte();

    accesses++;
    CHECK((uintptr_t)word % sizeof(*word) == 0);
    if ( !area ) /* ASan or the MMU tells, if it is no memory of ours */
        return;

    if ( what >= 0xc0 )
        write_elsewhere(what & 1 ? &areas[nr_areas - 1] : area);
    else if ( what >= 0xa0 )
        *target += what & 0x10 ? -(uint32_t)(what & 0xf) : what & 0xfu;
    else if ( what >= 0x80 )
        *target = hostile_word();
    else if ( what >= 0x40 )
        *target = hostile_byte();
}

void hostile_before_write(const volatile uint32_t *word)
{
    hostile_before(word);
    if ( on_write )
        on_write(word);
}
