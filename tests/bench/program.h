/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the benchmark's programs for Linux have in common.
 */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Says what failed, and why (errno). */
static inline _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Nanoseconds since some moment. */
static inline uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);

    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#endif /* BENCH_PROGRAM_H */
