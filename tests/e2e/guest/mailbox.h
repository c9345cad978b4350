/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The mailbox: one page of the agent guest's RAM through which guestctl, in
 * dom0, gives the agent one command at a time and gets one answer each.
 */
#ifndef E2E_MAILBOX_H
#define E2E_MAILBOX_H

#include <stdint.h>

/* Guest-physical address: RAM in every guest, and below the agent's image. */
#if defined(__x86_64__)
#define MAILBOX_GPA 0x100000ULL
#elif defined(__aarch64__)
#define MAILBOX_GPA 0x40000000ULL
#else
#error "no agent guest for this architecture"
#endif

#define MAILBOX_SIZE    4096
#define MAILBOX_UP      0x70757467656e7401ULL /* the agent takes commands */
#define MAILBOX_CRASHED 0x6e776f64656e7401ULL /* it trapped; see value[] */
#define MAILBOX_VERSION 5
#define MAILBOX_WORDS   4

/* Commands, with their arguments.  Sizes are in bytes, multiples of 8. */
enum mailbox_command {
    MAILBOX_PING = 1,
    MAILBOX_FILL,     /* gpa, size, seed, offset: mailbox_pattern() */
    MAILBOX_CHECK,    /* gpa, size, seed, offset */
    MAILBOX_ZERO,     /* gpa, size: are these bytes all zero? */
    MAILBOX_READ,     /* gpa; answers the u64 there */
    MAILBOX_WRITE,    /* gpa, value */
    MAILBOX_EXECUTE,  /* gpa: goes on there */
    MAILBOX_REMOVE,   /* gfn, of the agent's own domain */
    MAILBOX_HYPERCALL, /* number and three arguments of any hypercall */
    MAILBOX_HYPERCALL_PAGE, /* gpa where Xen is to write its stubs; x86 */
    MAILBOX_WATCH,    /* ticks: for so long; answers the longest pause */
    MAILBOX_INPUT,    /* gpa where Xen is to write a byte from a port; x86 */
    MAILBOX_SHUTDOWN, /* SHUTDOWN_* reason; answers first */
    MAILBOX_IDLE,     /* answers, then never looks at the mailbox again */
};

/* Answers, with their values. */
enum mailbox_status {
    MAILBOX_OK,       /* READ: the u64; REMOVE, HYPERCALL: rc;
                       * WATCH: ticks */
    MAILBOX_MISMATCH, /* gpa of the first wrong u64, expected, found */
    MAILBOX_FAULT,    /* address, pc, cause: see struct trap */
    MAILBOX_REFUSED,  /* bad alignment, the agent's own memory is meant, or
                       * this architecture has no such thing */
};

/*
 * guestctl writes command and argument[], then makes request one more than it
 * was (release; pairs with the agent's acquire).  The agent writes status and
 * value[], then sets answered to request (release; pairs with guestctl's
 * acquire).  While the two differ, only the agent writes.  One guestctl at a
 * time may use a mailbox.
 */
struct mailbox {
    /* Written by the agent, state last (release). */
    _Atomic uint64_t state;      /* MAILBOX_UP, MAILBOX_CRASHED, else not up */
    uint64_t version;            /* MAILBOX_VERSION */
    uint64_t image_start;        /* gpa; the agent lets no command write to */
    uint64_t image_end;          /* its image or to this page */
    uint64_t boot_info;          /* gpa of PVH start info or device tree */

    /* Written by guestctl. */
    _Atomic uint64_t request;
    uint64_t command;            /* enum mailbox_command */
    uint64_t argument[MAILBOX_WORDS];

    /* Written by the agent. */
    _Atomic uint64_t answered;
    uint64_t status;             /* enum mailbox_status */
    uint64_t value[MAILBOX_WORDS];
};

_Static_assert(sizeof(struct mailbox) <= MAILBOX_SIZE, "one page");

/*
 * The u64 that FILL writes and CHECK expects @offset bytes into a pattern.
 * Depends on every bit of both arguments, so that a page that is out of place
 * is noticed.
 */
static inline uint64_t mailbox_pattern(uint64_t seed, uint64_t offset)
{
    uint64_t x = (seed + (offset << 20 | offset >> 44)) * 0x9e3779b97f4a7c15ULL;

    return x ^ (x >> 32);
}

#endif /* E2E_MAILBOX_H */
