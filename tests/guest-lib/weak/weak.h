/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A machine with weakly ordered memory, and threads that run on it in an order
 * that a seed says.  Each thread has a view: of each word, the oldest value
 * that it may still read.  A store adds a value, with the view that whoever
 * reads it by an acquire gets; a load takes any value that is not too old.
 * Fences are those of C11: a full one also shares views with all other full
 * ones.  So a store is not seen by others until an order says so, as with store
 * buffers, and loads go out of order, also of dependent addresses.  What the
 * machine does not do: loads that come after later stores.  Each word has one
 * writer at a time.
 *
 * An order that is not needed can be told from one that is by leaving it out:
 * weak_without().
 */
#ifndef TESTS_WEAK_H
#define TESTS_WEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEAK_WORDS   192
#define WEAK_THREADS 2
#define WEAK_SITES   64

enum weak_fence { WEAK_ACQUIRE, WEAK_RELEASE, WEAK_FULL };

/* Where in the library an order is asked for. */
struct weak_site {
    const char *file, *function;
    int line;
};

#define WEAK_SITE ((struct weak_site){ __FILE__, __func__, __LINE__ })

/* Zeroed memory, which the threads share, and no threads. */
void weak_begin(void *memory, size_t bytes, uint32_t seed);

/* The thread, and what it does once it starts; also when it starts again. */
void weak_thread(unsigned int number, void (*life)(void));

/* It dies before this access of its, counted from 1, and starts again. */
void weak_crash(unsigned int number, unsigned long access);

/* Until a thread calls weak_stop() or weak_fail().  NULL, or what failed. */
const char *weak_run(void);

/* For threads. */
_Noreturn void weak_stop(void);
_Noreturn void weak_fail(const char *what);
void weak_notify(unsigned int number); /* it is not lost, and orders memory */
void weak_sleep(void);                 /* until a notification, or one came */
uint32_t weak_random(void);
unsigned int weak_lives(unsigned int number);

/* From now on the orders of these sites are left out: bit n is site n. */
void weak_without(uint64_t sites);

/* Those that ask for an order, as far as they have been met. */
int weak_sites(void);
struct weak_site weak_site(int site);

/* For shared_mem/atomic.h. */
uint32_t weak_load(const volatile uint32_t *word, bool acquire,
                   struct weak_site site);
void weak_store(volatile uint32_t *word, uint32_t value, bool release,
                struct weak_site site);
void weak_fence(enum weak_fence fence, struct weak_site site);

#endif /* TESTS_WEAK_H */
