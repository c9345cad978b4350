/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How dom0 talks with the witness, a program in a Linux guest: through the
 * first page of any region that the two have between them with an agent guest,
 * which dom0 has read and write that page.
 */
#ifndef E2E_WITNESS_H
#define E2E_WITNESS_H

#include <stddef.h>
#include <stdint.h>

#define WITNESS_PAGE_SIZE 4096
#define WITNESS_WORDS     4

/*
 * Commands, with their arguments.  Addresses are guest-physical, the Linux
 * guest's, and must be in one of its regions.  Sizes are in bytes, multiples
 * of 8.
 */
enum witness_command {
    WITNESS_FILL = 1,  /* gpa, size, seed, offset: mailbox_pattern() */
    WITNESS_CHECK,     /* gpa, size, seed, offset */
    WITNESS_PRESSURE,  /* seconds; answers as struct pressure says */
    WITNESS_POWER_OFF, /* answers first */
    WITNESS_TRY_WRITE, /* gpa, value; answers the signal that the write ended
                          with (0: none), and the u64 there afterwards */
};

/* Answers, with their values. */
enum witness_status {
    WITNESS_OK,
    WITNESS_MISMATCH, /* gpa of the first wrong u64, expected, found */
    WITNESS_REFUSED,  /* no such command, or an address outside the regions */
    WITNESS_FAILED,   /* the Linux guest's console tells more */
};

/*
 * dom0 has command and argument[] written, then request, other than it was.
 * The witness writes status and value[], then makes answered the same as
 * request.  While the two differ, only the witness writes.  It leaves a page
 * alone whose request is none by its upper half: there may be other data, and
 * the region may be one that it can only read.
 */
#define WITNESS_REQUEST 0x7769746eULL /* the upper 32 bits */

struct witness_page {
    /* Written by the agent guest, for dom0. */
    _Atomic uint64_t request;
    uint64_t command; /* enum witness_command */
    uint64_t argument[WITNESS_WORDS];

    /* Written by the witness. */
    _Atomic uint64_t answered;
    uint64_t status;  /* enum witness_status */
    uint64_t value[WITNESS_WORDS];
};

/* The cases' shell functions have these numbers as well. */
_Static_assert(offsetof(struct witness_page, command) == 0x08, "in the cases");
_Static_assert(offsetof(struct witness_page, argument) == 0x10, "in the cases");
_Static_assert(offsetof(struct witness_page, answered) == 0x30, "in the cases");
_Static_assert(offsetof(struct witness_page, status) == 0x38, "in the cases");
_Static_assert(offsetof(struct witness_page, value) == 0x40, "in the cases");

#endif /* E2E_WITNESS_H */
