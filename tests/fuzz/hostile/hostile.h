/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Shared memory whose other users are hostile, for fuzzers.  The fuzz input
 * says what they write, and between which two accesses of the library.
 *
 * A fuzzer calls hostile_start() with what is left of its input, has areas
 * made, and calls the library.  From then on each access that goes through
 * shared_mem/atomic.h takes one byte of the input:
 *
 *   0x00-0x3f  nothing is written
 *   0x40-0x7f  the word that is about to be accessed becomes the next byte
 *   0x80-0x9f  it becomes the next four bytes, little endian
 *   0xa0-0xbf  it grows by the low 5 bits, or shrinks if bit 4 is set
 *   0xc0-0xff  four bytes: two are an offset in words, from the begin of the
 *              area (the last one if bit 0 is set), two the new value
 *
 * When the input is used up nothing is written any more.  Unit tests can do the
 * same with a script of theirs.
 */
#ifndef FUZZ_HOSTILE_H
#define FUZZ_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define HOSTILE_AREAS_MAX 4

#define CHECK(condition)                                                \
    do {                                                                \
        if ( !(condition) )                                             \
        {                                                               \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,          \
                    #condition);                                        \
            abort();                                                    \
        }                                                               \
    } while ( 0 )

/* No areas are left from before.  @data stays the caller's. */
void hostile_start(const uint8_t *data, size_t size);

/* Another input, for the areas that there are. */
void hostile_input(const uint8_t *data, size_t size);

/*
 * Zeroed memory at a multiple of 4096, @size bytes long, at most
 * HOSTILE_AREAS_MAX times.  ASan reports an access outside of it; so does the
 * MMU from the next page on.
 */
void *hostile_area(size_t size);

/* Accesses since the input began: to see that they are bounded. */
unsigned long hostile_accesses(void);

/*
 * Full fences since the input began, and how many accesses there were before
 * the last one.
 */
unsigned long hostile_fences(void);
unsigned long hostile_before_fence(void);

/* The next bytes of the input; 0 when it is used up. */
uint8_t hostile_byte(void);
uint32_t hostile_word(void);

/* @size bytes of the input to @to; zeros when it is used up. */
void hostile_bytes(void *to, size_t size);

size_t hostile_left(void);

/* Has @check called with each word that the library writes; NULL: no more. */
void hostile_on_write(void (*check)(const volatile uint32_t *word));

/* From now on peers have each read-modify-write of the library fail, or none. */
void hostile_win(bool win);
bool hostile_wins(void);

/* What shared_mem/atomic.h calls before it reads, or writes, @word. */
void hostile_before(const volatile uint32_t *word);
void hostile_before_write(const volatile uint32_t *word);

/* What it calls for a full fence. */
void hostile_fence(void);

#endif /* FUZZ_HOSTILE_H */
