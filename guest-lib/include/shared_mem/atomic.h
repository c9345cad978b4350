/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Accesses to memory that several domains use at once: single loads, stores and
 * read-modify-writes of aligned 32-bit words, with the orders of C11; and wider
 * ones for copies.
 *
 * Compiler builtins rather than <stdatomic.h>, for C++ and for compilers'
 * freestanding modes.  Words are `volatile': each call is exactly one access,
 * so that a value cannot change between its check and its use.
 */
#ifndef SHARED_MEM_ATOMIC_H
#define SHARED_MEM_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

/* No order: for words that only the caller writes, or as a first look. */
static inline uint32_t shared_mem_load(const volatile uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void shared_mem_store(volatile uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/*
 * As wide as a register, and aligned so.  No order, and for the bytes of copies
 * only: a peer of another width sees it in parts.
 */
typedef uintptr_t __attribute__((__may_alias__)) shared_mem_wide;

static inline shared_mem_wide
shared_mem_load_wide(const volatile shared_mem_wide *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void shared_mem_store_wide(volatile shared_mem_wide *word,
                                         shared_mem_wide value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* What the writer did before the store that it pairs with is seen after it. */
static inline uint32_t shared_mem_load_acquire(const volatile uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* What was done before it is seen by the load that it pairs with. */
static inline void shared_mem_store_release(volatile uint32_t *word,
                                            uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Loads before it stay before all that follows. */
static inline void shared_mem_fence_acquire(void)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* All before it stays before stores that follow. */
static inline void shared_mem_fence_release(void)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

/* All before it stays before all that follows, also a store before a load. */
static inline void shared_mem_fence_full(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * Read-modify-writes.  Where the CPU does them in one instruction they cannot
 * fail.  Arm CPUs without LSE load, and store if nobody else has written there
 * since: somebody who does nothing but write there can have that fail time and
 * again.  Other peers' doings cost some tries, and a hostile one's an end.
 *
 * shared_mem_exchange_acquire() takes the old value, and leaves another one;
 * 0 if it could not.  shared_mem_or_release() returns whether it could.
 */
#define SHARED_MEM_TRIES_MAX 1000

#if defined(__aarch64__) && !defined(__ARM_FEATURE_ATOMICS)

/*
 * Compilers for AArch64 make calls to a library out of the builtins, unless
 * told -mno-outline-atomics: there is no such library here.
 */
static inline uint32_t shared_mem_exchange_acquire(volatile uint32_t *word,
                                                   uint32_t value)
{
    uint32_t old, failed;

    for ( unsigned int tries = 0; tries < SHARED_MEM_TRIES_MAX; tries++ )
    {
        __asm__ volatile("ldaxr %w[old], %[word]\n"
                         "stxr %w[failed], %w[value], %[word]"
                         : [old] "=&r"(old), [failed] "=&r"(failed),
                           [word] "+Q"(*word)
                         : [value] "r"(value)
                         : "memory");
        if ( !failed )
            return old;
    }

    return 0;
}

static inline bool shared_mem_or_release(volatile uint32_t *word,
                                         uint32_t bits)
{
    uint32_t value, failed = 1;

    for ( unsigned int tries = 0; failed && tries < SHARED_MEM_TRIES_MAX;
          tries++ )
        __asm__ volatile("ldxr %w[value], %[word]\n"
                         "orr %w[value], %w[value], %w[bits]\n"
                         "stlxr %w[failed], %w[value], %[word]"
                         : [value] "=&r"(value), [failed] "=&r"(failed),
                           [word] "+Q"(*word)
                         : [bits] "r"(bits)
                         : "memory");

    return !failed;
}

#elif defined(__arm__)

static inline uint32_t shared_mem_exchange_acquire(volatile uint32_t *word,
                                                   uint32_t value)
{
    uint32_t old = shared_mem_load(word);

    for ( unsigned int tries = 0; tries < SHARED_MEM_TRIES_MAX; tries++ )
        if ( __atomic_compare_exchange_n(word, &old, value, true,
                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) )
            return old;

    return 0;
}

static inline bool shared_mem_or_release(volatile uint32_t *word,
                                         uint32_t bits)
{
    uint32_t old = shared_mem_load(word);

    for ( unsigned int tries = 0; tries < SHARED_MEM_TRIES_MAX; tries++ )
        if ( __atomic_compare_exchange_n(word, &old, old | bits, true,
                                         __ATOMIC_RELEASE, __ATOMIC_RELAXED) )
            return true;

    return false;
}

#else

static inline uint32_t shared_mem_exchange_acquire(volatile uint32_t *word,
                                                   uint32_t value)
{
    return __atomic_exchange_n(word, value, __ATOMIC_ACQUIRE);
}

static inline bool shared_mem_or_release(volatile uint32_t *word,
                                         uint32_t bits)
{
    __atomic_fetch_or(word, bits, __ATOMIC_RELEASE);

    return true;
}

#endif

#endif /* SHARED_MEM_ATOMIC_H */
