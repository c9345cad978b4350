/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Stands in for guest-lib/include/shared_mem/atomic.h in fuzzers: before each
 * access to shared memory, the peers write whatever the fuzz input says.  So
 * what the library reads twice may differ.  Put tests/fuzz/hostile before
 * guest-lib/include on the include path, and hostile.c among the sources.
 */
#ifndef SHARED_MEM_ATOMIC_H
#define SHARED_MEM_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#include "hostile.h"

static inline uint32_t shared_mem_load(const volatile uint32_t *word)
{
    hostile_before(word);
    return *word;
}

static inline void shared_mem_store(volatile uint32_t *word, uint32_t value)
{
    hostile_before_write(word);
    *word = value;
}

/* Peers may write either half before. */
typedef uintptr_t __attribute__((__may_alias__)) shared_mem_wide;

#define HALVES (sizeof(shared_mem_wide) / sizeof(uint32_t))

static inline shared_mem_wide
shared_mem_load_wide(const volatile shared_mem_wide *word)
{
    for ( unsigned int i = 0; i < HALVES; i++ )
        hostile_before((const volatile uint32_t *)word + i);

    return *word;
}

static inline void shared_mem_store_wide(volatile shared_mem_wide *word,
                                         shared_mem_wide value)
{
    for ( unsigned int i = 0; i < HALVES; i++ )
        hostile_before_write((volatile uint32_t *)word + i);
    *word = value;
}

static inline uint32_t shared_mem_load_acquire(const volatile uint32_t *word)
{
    return shared_mem_load(word);
}

static inline void shared_mem_store_release(volatile uint32_t *word,
                                            uint32_t value)
{
    shared_mem_store(word, value);
}

static inline void shared_mem_fence_acquire(void)
{
}

static inline void shared_mem_fence_release(void)
{
}

static inline void shared_mem_fence_full(void)
{
    hostile_fence();
}

static inline uint32_t shared_mem_exchange_acquire(volatile uint32_t *word,
                                                   uint32_t value)
{
    uint32_t old;

    hostile_before_write(word);
    if ( hostile_wins() )
        return 0;
    old = *word;
    *word = value;

    return old;
}

static inline bool shared_mem_or_release(volatile uint32_t *word,
                                         uint32_t bits)
{
    hostile_before_write(word);
    if ( hostile_wins() )
        return false;
    *word |= bits;

    return true;
}

#endif /* SHARED_MEM_ATOMIC_H */
