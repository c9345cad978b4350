/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copies between private and shared memory.
 */
#include <shared_mem/atomic.h>
#include <shared_mem/copy.h>

void shared_mem_copy_from(void *to, const void *shared, uint32_t size)
{
    const volatile uint32_t *from = shared;
    unsigned char *bytes = to;
    uint32_t word;

    for ( ; size >= sizeof(word); size -= sizeof(word), bytes += sizeof(word) )
    {
        word = shared_mem_load(from++);
        __builtin_memcpy(bytes, &word, sizeof(word));
    }

    if ( size )
        for ( word = shared_mem_load(from); size; size--, word >>= 8 )
            *bytes++ = (unsigned char)word;
}

void shared_mem_copy_to(void *shared, const void *from, uint32_t size)
{
    volatile uint32_t *to = shared;
    const unsigned char *bytes = from;
    uint32_t word;

    for ( ; size >= sizeof(word); size -= sizeof(word), bytes += sizeof(word) )
    {
        __builtin_memcpy(&word, bytes, sizeof(word));
        shared_mem_store(to++, word);
    }

    if ( size )
    {
        for ( word = 0; size; size-- )
            word = word << 8 | bytes[size - 1];
        shared_mem_store(to, word);
    }
}
