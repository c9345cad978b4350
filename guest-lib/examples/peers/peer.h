/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the examples of the guest library have in common: where their factory
 * page is, and how they report.
 */
#ifndef EXAMPLES_PEER_H
#define EXAMPLES_PEER_H

#include <stdbool.h>

#include <shared_mem/control.h>

#include "../guest.h"

/* shared_mem_factory in the examples' configs; guests map it at its address. */
#define FACTORY_PAGE ((const void *)0x70000000)

/* For the console.  Each example defines its own. */
extern const char peer_name[];

/* Write a line to the console: the name, then the text. */
void say(const char *text);

/* The same, with a decimal number after the text, and more behind it. */
void say_number(const char *before, uint64_t number, const char *after);

/* Say what went wrong, and stop for good. */
_Noreturn void give_up(const char *what, int error);

/* The region of that name, attached; gives up if there is none. */
void attach_region(struct shared_mem *handle, const char *name);

/*
 * The lowest index of a peer that is there, but not our own; waits until there
 * is one.
 */
unsigned int await_peer(struct shared_mem *handle);

#endif /* EXAMPLES_PEER_H */
