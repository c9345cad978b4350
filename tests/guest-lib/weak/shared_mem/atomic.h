/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Stands in for guest-lib/include/shared_mem/atomic.h in tests of memory orders:
 * each access goes to the machine of weak.h, with the line that makes it.
 */
#ifndef SHARED_MEM_ATOMIC_H
#define SHARED_MEM_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#include "weak.h"

#define shared_mem_load(word)         weak_load(word, false, WEAK_SITE)
#define shared_mem_load_acquire(word) weak_load(word, true, WEAK_SITE)

#define shared_mem_store(word, value) weak_store(word, value, false, WEAK_SITE)
#define shared_mem_store_release(word, value) \
    weak_store(word, value, true, WEAK_SITE)

#define shared_mem_fence_acquire() weak_fence(WEAK_ACQUIRE, WEAK_SITE)
#define shared_mem_fence_release() weak_fence(WEAK_RELEASE, WEAK_SITE)
#define shared_mem_fence_full()    weak_fence(WEAK_FULL, WEAK_SITE)

/* Of one word: so that all is seen in as small parts as possible. */
typedef uint32_t __attribute__((__may_alias__)) shared_mem_wide;

#define shared_mem_load_wide(word)         weak_load(word, false, WEAK_SITE)
#define shared_mem_store_wide(word, value) \
    weak_store(word, value, false, WEAK_SITE)

#endif /* SHARED_MEM_ATOMIC_H */
