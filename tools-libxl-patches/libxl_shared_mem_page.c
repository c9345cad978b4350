/*
 * The factory page of a domain.  The header tells what each function promises.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "libxl_shared_mem_page.h"

/* The guest ABI is little endian, as are all architectures that have it. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "convert the fields of the page");
_Static_assert(sizeof(struct shared_mem_factory_page) == SHARED_MEM_PAGE_SIZE,
               "the factory page is one page");

#define WORDS (SHARED_MEM_PAGE_SIZE / sizeof(uint32_t))
#define WORD_OF(field) \
    (offsetof(struct shared_mem_factory_page, field) / sizeof(uint32_t))

/* A whole page, as its fields and as what is written at once. */
typedef union {
    struct shared_mem_factory_page fields;
    uint32_t words[WORDS];
} image;

static uint32_t to_pages(uint64_t bytes)
{
    return bytes / LIBXL__SHARED_MEM_PAGE_SIZE;
}

static bool has_control_page(const struct shared_mem_entry *entry)
{
    return (entry->flags & SHARED_MEM_ENTRY_CONTROL) && !entry->offset;
}

void libxl__shared_mem_page_add(libxl__shared_mem_contents *contents,
                                const libxl__shared_mem_record *record,
                                const libxl__shared_mem_mapping *mapping,
                                uint32_t alive)
{
    struct shared_mem_entry *entry = &contents->entries[contents->nr++];

    memset(entry, 0, sizeof(*entry));
    snprintf(entry->name, sizeof(entry->name), "%s", record->id);
    entry->gpa = mapping->begin;
    entry->generation = record->generation;
    entry->pages = to_pages(mapping->size);
    entry->offset = to_pages(mapping->offset);
    entry->alive = alive;
    entry->index = mapping->number;
    if (mapping->read_only)
        entry->flags |= SHARED_MEM_ENTRY_READ_ONLY;
    if (record->control)
        entry->flags |= SHARED_MEM_ENTRY_CONTROL;
}

/* The registers show the first region. */
static void select_first(struct shared_mem_factory_page *page,
                         const libxl__shared_mem_contents *contents)
{
    const struct shared_mem_entry *first = &contents->entries[0];

    page->status = SHARED_MEM_STATUS_DOES_NOT_EXIST;
    if (!contents->nr)
        return;

    page->status = SHARED_MEM_STATUS_OK;
    page->shmem = first->gpa;
    page->size = first->pages - has_control_page(first);
    memcpy(page->name, first->name, sizeof(page->name));
}

static void compose(image *image_r, const libxl__shared_mem_contents *contents)
{
    struct shared_mem_factory_page *page = &image_r->fields;

    memset(image_r, 0, sizeof(*image_r));
    page->signature = SHARED_MEM_SIGNATURE;
    page->abi = SHARED_MEM_ABI_VERSION;
    page->domid = contents->domid;
    page->count = contents->nr;
    page->entry_offset = offsetof(struct shared_mem_factory_page, entries);
    page->entry_size = sizeof(page->entries[0]);
    memcpy(page->entries, contents->entries,
           contents->nr * sizeof(page->entries[0]));
    select_first(page, contents);
}

/* Words that change by themselves. */
static bool is_live(size_t word)
{
    return word == WORD_OF(sequence) || word == WORD_OF(beat);
}

static bool differs(const volatile uint32_t *page, const image *wanted)
{
    size_t i;

    for (i = 0; i < WORDS; i++)
        if (!is_live(i) && page[i] != wanted->words[i])
            return true;

    /* Whoever was writing has been killed. */
    return page[WORD_OF(sequence)] & 1;
}

bool libxl__shared_mem_page_update(volatile uint32_t *page,
                                   const libxl__shared_mem_contents *contents)
{
    volatile uint32_t *sequence = &page[WORD_OF(sequence)];
    uint32_t odd;
    image wanted;
    size_t i;

    compose(&wanted, contents);
    if (!differs(page, &wanted))
        return false;

    /* Pairs with the guest's fence before its second look at sequence. */
    odd = *sequence | 1;
    __atomic_store_n(sequence, odd, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);

    for (i = 0; i < WORDS; i++)
        if (!is_live(i))
            __atomic_store_n(&page[i], wanted.words[i], __ATOMIC_RELAXED);

    /* Pairs with the guest's first look at sequence. */
    __atomic_store_n(sequence, odd + 1, __ATOMIC_RELEASE);
    return true;
}

void libxl__shared_mem_page_beat(volatile uint32_t *page)
{
    volatile uint32_t *beat = &page[WORD_OF(beat)];

    __atomic_store_n(beat, *beat + 1, __ATOMIC_RELAXED);
}
