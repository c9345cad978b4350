/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a guest does about a trap that it did not expect.
 */
#ifndef EXAMPLES_LAST_WORDS_H
#define EXAMPLES_LAST_WORDS_H

#include "guest.h"

/* Say that the guest of that name has trapped, and stop for good. */
_Noreturn void last_words(const char *name, const struct trap *trap);

#endif /* EXAMPLES_LAST_WORDS_H */
