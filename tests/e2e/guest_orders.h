/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Orders for agent guests, as words: what guestctl and hostd take.
 */
#ifndef E2E_GUEST_ORDERS_H
#define E2E_GUEST_ORDERS_H

#include <stdint.h>

#include "agent.h"

/* Seconds for a guest to be up and to answer, where nobody says another number. */
#define GUEST_SECONDS 20

/* The exit status of guestctl. */
enum { EXIT_OK, EXIT_CHECK, EXIT_FAULT, EXIT_TROUBLE };

/* Splits @line in place, at blanks.  Returns the number of words, at most @max. */
int split_words(char *line, char **word, int max);

/* Says that the words make no sense.  Returns the exit status for it. */
int misuse(void);

/* Prints the commands with their words, one a line. */
void print_guest_commands(void);

/* Decimal or 0x hex, may end in K, M or G.  False: it is none. */
bool parse_number(const char *text, uint64_t *value);

/*
 * Has a guest do what @nr words say: DOMID COMMAND [WORD...]; prints the answer
 * to stdout and troubles to stderr.  @agent: its first two members are set.
 * Returns the exit status.
 */
int obey_words(struct agent *agent, char **word, int nr, uint64_t seconds);

#endif /* E2E_GUEST_ORDERS_H */
