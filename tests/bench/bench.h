/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The benchmark's ways of getting messages from one process to another.  Each
 * is a set of inline functions, so that all are compiled into the measuring
 * loops with the same constants.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Message sizes that are measured, in bytes. */
#define BENCH_SIZES(X) X(8) X(64) X(512) X(4096) X(65536)

/* Messages that are sent, and taken, at once. */
#define BENCH_BATCH 32

/* Each way has as much room for messages. */
static inline size_t bench_room(uint32_t size)
{
    return size * 16 < 65536 ? 65536 : (size_t)size * 16;
}

/* Shared memory that each way gets, more than any needs. */
#define BENCH_AREA ((size_t)4 << 20)

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static inline void bench_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif /* BENCH_H */
