/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads the factory page.
 */
#include <stddef.h>

#include <shared_mem/atomic.h>
#include <shared_mem/factory.h>

/* A write takes microseconds: whoever is later than this was preempted. */
#define TRIES_MAX 64

/* Physical addresses have 52 bits at most, those of pages end in zeros. */
#define ADDRESS_MAX (UINT64_C(1) << 52)
#define GPA_BITS (ADDRESS_MAX - SHARED_MEM_PAGE_SIZE)

#define WORD_OF(field) \
    (offsetof(struct shared_mem_factory_page, field) / sizeof(uint32_t))

/* Of the header what does not change, or not alone. */
#define HEADER_OFFSET offsetof(struct shared_mem_factory_page, abi)
#define HEADER_WORDS IN_HEADER(beat)
#define IN_HEADER(field) (WORD_OF(field) - WORD_OF(abi))

_Static_assert(SHARED_MEM_SIGNATURE >> 32 == SHARED_MEM_SIGNATURE_TRAP >> 32,
               "the signatures differ in their first half");

#define ENTRY_WORDS (sizeof(struct shared_mem_entry) / sizeof(uint32_t))

/* shared_mem_factory_region() copies one to the other. */
#define SAME_PLACE(in_entry, in_region)                               \
    _Static_assert(offsetof(struct shared_mem_entry, in_entry) ==     \
                       offsetof(struct shared_mem_region, in_region), \
                   "a region is laid out as its entry")

_Static_assert(sizeof(struct shared_mem_entry) ==
                   sizeof(struct shared_mem_region),
               "a region is laid out as its entry");
SAME_PLACE(name, name);
SAME_PLACE(gpa, gpa);
SAME_PLACE(generation, generation);
SAME_PLACE(pages, pages);
SAME_PLACE(offset, offset);
SAME_PLACE(alive, alive);
SAME_PLACE(index, index);
SAME_PLACE(flags, flags);
SAME_PLACE(reserved, number);

/*
 * Copies @count words that begin @offset bytes into the page; @regions: how
 * many there are at the same time.
 */
static int copy_words(const volatile uint32_t *page, uint32_t offset,
                      uint32_t *to, unsigned int count, uint32_t *regions)
{
    const volatile uint32_t *from = &page[offset / sizeof(*page)];

    for ( unsigned int tries = 0; tries < TRIES_MAX; tries++ )
    {
        /* Acquire: pairs with the toolstack's release of an even number. */
        uint32_t sequence = shared_mem_load_acquire(&page[WORD_OF(sequence)]);

        if ( sequence & 1 )
            continue;

        for ( unsigned int i = 0; i < count; i++ )
            to[i] = shared_mem_load(&from[i]);
        *regions = shared_mem_load(&page[WORD_OF(count)]);

        /* Pairs with the toolstack's fence after it made the number odd. */
        shared_mem_fence_acquire();
        if ( shared_mem_load(&page[WORD_OF(sequence)]) == sequence )
            return 0;
    }

    return SHARED_MEM_EAGAIN;
}

static bool within(uint32_t value, uint32_t min, uint32_t max)
{
    return value - min <= max - min;
}

/* Whether the whole table is in the page, and behind the header. */
static bool table_valid(const struct shared_mem_factory *factory)
{
    uint32_t offset = factory->entry_offset;
    uint32_t size = factory->entry_size;

    return (offset | size) % sizeof(uint64_t) == 0 &&
           within(offset, offsetof(struct shared_mem_factory_page, entries),
                  SHARED_MEM_PAGE_SIZE) &&
           within(size, sizeof(struct shared_mem_entry),
                  SHARED_MEM_PAGE_SIZE) &&
           factory->count <= SHARED_MEM_ENTRIES_MAX &&
           factory->count * size <= SHARED_MEM_PAGE_SIZE - offset;
}

/*
 * The signature comes first: where there is no page a load may give anything,
 * also a sequence that says that the page is being written.  It never changes.
 */
static int read_header(struct shared_mem_factory *factory,
                       const volatile uint32_t *page)
{
    uint32_t signature = shared_mem_load(&page[0]);
    uint32_t header[HEADER_WORDS];
    int error;

    factory->traps = signature == (uint32_t)SHARED_MEM_SIGNATURE_TRAP;
    if ( (!factory->traps && signature != (uint32_t)SHARED_MEM_SIGNATURE) ||
         shared_mem_load(&page[1]) != SHARED_MEM_SIGNATURE >> 32 )
        return SHARED_MEM_EPROTO;

    error = copy_words(page, HEADER_OFFSET, header, HEADER_WORDS,
                       &factory->count);
    if ( error )
        return error;

    factory->abi = header[IN_HEADER(abi)];
    factory->domid = header[IN_HEADER(domid)];
    factory->entry_offset = header[IN_HEADER(entry_offset)];
    factory->entry_size = header[IN_HEADER(entry_size)];

    if ( SHARED_MEM_ABI_MAJOR(factory->abi) !=
             SHARED_MEM_ABI_MAJOR(SHARED_MEM_ABI_VERSION) ||
         !table_valid(factory) )
        return SHARED_MEM_EPROTO;

    return 0;
}

int shared_mem_factory_open(struct shared_mem_factory *factory,
                            const void *page)
{
    int error = SHARED_MEM_EINVAL;

    if ( page && !((uintptr_t)page % SHARED_MEM_PAGE_SIZE) )
        error = read_header(factory, page);

    if ( error )
        __builtin_memset(factory, 0, sizeof(*factory));
    else
        factory->page = page;

    return error;
}

static bool region_valid(const struct shared_mem_region *region)
{
    return region->name[0] && !region->name[SHARED_MEM_NAME_SIZE - 1] &&
           !(region->gpa & ~GPA_BITS) && region->pages &&
           region->pages <=
               (ADDRESS_MAX - region->gpa) / SHARED_MEM_PAGE_SIZE &&
           region->index < SHARED_MEM_PEERS_MAX &&
           region->alive >> region->index & 1;
}

int shared_mem_factory_region(const struct shared_mem_factory *factory,
                              uint32_t number,
                              struct shared_mem_region *region)
{
    uint32_t words[ENTRY_WORDS], count, offset;
    struct shared_mem_region copy;
    int error;

    if ( !factory->page || number >= SHARED_MEM_ENTRIES_MAX )
        return SHARED_MEM_ENOENT;

    offset = factory->entry_offset + number * factory->entry_size;
    if ( offset > SHARED_MEM_PAGE_SIZE - sizeof(words) )
        return SHARED_MEM_ENOENT;

    error = copy_words(factory->page, offset, words, ENTRY_WORDS, &count);
    if ( error )
        return error;
    if ( number >= count )
        return SHARED_MEM_ENOENT;

    __builtin_memcpy(&copy, words, sizeof(copy));
    if ( !region_valid(&copy) )
        return SHARED_MEM_EPROTO;

    copy.flags &= SHARED_MEM_ENTRY_READ_ONLY | SHARED_MEM_ENTRY_CONTROL;
    copy.number = (uint16_t)number;
    *region = copy;

    return 0;
}

/* @name ends with a NUL within its array; @wanted may be longer. */
static bool same_name(const char *name, const char *wanted)
{
    while ( *name && *name == *wanted )
    {
        name++;
        wanted++;
    }

    return *name == *wanted;
}

int shared_mem_factory_find(const struct shared_mem_factory *factory,
                            const char *name,
                            struct shared_mem_region *region)
{
    int error, result = SHARED_MEM_ENOENT;
    uint32_t before, n = 0;

    if ( !factory->page )
        return result;

    /* Acquire: pairs with the toolstack's release of an even number. */
    before = shared_mem_load_acquire(&factory->page[WORD_OF(sequence)]);

    do {
        error = shared_mem_factory_region(factory, n++, region);
        if ( !error && same_name(region->name, name) )
            return 0;

        /* Has it moved past us?  copy_words() has the fence before this. */
        if ( error == SHARED_MEM_EAGAIN ||
             shared_mem_load(&factory->page[WORD_OF(sequence)]) != before )
            return SHARED_MEM_EAGAIN;
        if ( error == SHARED_MEM_EPROTO )
            result = error; /* it may have been the one */
    } while ( error != SHARED_MEM_ENOENT );

    return result;
}

uint32_t shared_mem_factory_beat(const struct shared_mem_factory *factory)
{
    return factory->page ? shared_mem_load(&factory->page[WORD_OF(beat)]) : 0;
}
