/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What vm1, vm2 and vm3 have in common.
 */
#ifndef EXAMPLES_DEMO_H
#define EXAMPLES_DEMO_H

#include "guest.h"
#include "talk.h"

/* The guest's name, as in its configuration.  Each guest defines its own. */
extern const char demo_name[];

/* Hold @count conversations until the domain is destroyed. */
_Noreturn void demo_talk(struct talk *talks, unsigned int count);

#endif /* EXAMPLES_DEMO_H */
