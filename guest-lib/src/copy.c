/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copies between private and shared memory: four registers at a time where the
 * shared side is aligned for that, then 32-bit words, then what is left.
 */
#include <shared_mem/atomic.h>
#include <shared_mem/copy.h>

#define WORD  ((uint32_t)sizeof(uint32_t))
#define WIDE  ((uint32_t)sizeof(shared_mem_wide))
#define BLOCK (4 * WIDE)

/* How many of @size bytes go by the block. */
static uint32_t in_blocks(const void *shared, uint32_t size)
{
    return (uintptr_t)shared % WIDE ? 0 : size - size % BLOCK;
}

static void load_wide(unsigned char *to, const unsigned char *from)
{
    shared_mem_wide word = shared_mem_load_wide((const void *)from);

    __builtin_memcpy(to, &word, sizeof(word));
}

static void store_wide(unsigned char *to, const unsigned char *from)
{
    shared_mem_wide word;

    __builtin_memcpy(&word, from, sizeof(word));
    shared_mem_store_wide((void *)to, word);
}

void shared_mem_copy_from(void *to, const void *shared, uint32_t size)
{
    const unsigned char *from = shared;
    unsigned char *bytes = to;
    uint32_t blocks = in_blocks(shared, size);
    uint32_t word;

    size -= blocks;
    for ( ; blocks; blocks -= BLOCK, bytes += BLOCK, from += BLOCK )
    {
        load_wide(bytes, from);
        load_wide(bytes + WIDE, from + WIDE);
        load_wide(bytes + 2 * WIDE, from + 2 * WIDE);
        load_wide(bytes + 3 * WIDE, from + 3 * WIDE);
    }

    for ( ; size >= WORD; size -= WORD, bytes += WORD, from += WORD )
    {
        word = shared_mem_load((const void *)from);
        __builtin_memcpy(bytes, &word, sizeof(word));
    }

    if ( size )
        for ( word = shared_mem_load((const void *)from); size;
              size--, word >>= 8 )
            *bytes++ = (unsigned char)word;
}

void shared_mem_copy_to(void *shared, const void *from, uint32_t size)
{
    const unsigned char *bytes = from;
    unsigned char *to = shared;
    uint32_t blocks = in_blocks(shared, size);
    uint32_t word;

    size -= blocks;
    for ( ; blocks; blocks -= BLOCK, bytes += BLOCK, to += BLOCK )
    {
        store_wide(to, bytes);
        store_wide(to + WIDE, bytes + WIDE);
        store_wide(to + 2 * WIDE, bytes + 2 * WIDE);
        store_wide(to + 3 * WIDE, bytes + 3 * WIDE);
    }

    for ( ; size >= WORD; size -= WORD, bytes += WORD, to += WORD )
    {
        __builtin_memcpy(&word, bytes, sizeof(word));
        shared_mem_store((void *)to, word);
    }

    if ( size )
    {
        for ( word = 0; size; size-- )
            word = word << 8 | bytes[size - 1];
        shared_mem_store((void *)to, word);
    }
}
