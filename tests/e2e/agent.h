/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Talking to an agent guest from dom0, through its mailbox (guest/mailbox.h).
 */
#ifndef E2E_AGENT_H
#define E2E_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "guest/mailbox.h"

/* A connection to one agent.  The caller sets the first three. */
struct agent {
    xc_interface *xch;
    xenforeignmemory_handle *fmem;
    uint32_t domid;
    struct mailbox *mailbox;
    struct timespec deadline;
};

/*
 * Lets the guest run, and waits until it takes commands; for that, and for
 * the answers until agent_close(), there are so many seconds.  Returns NULL,
 * or why there is no talking to it; then agent_close() is not called.
 */
const char *agent_open(struct agent *agent, uint64_t seconds);

/* The agent has trapped: see its mailbox.  It will not answer any more. */
bool agent_crashed(const struct agent *agent);

/*
 * Gives one command and waits for the answer, in the mailbox.  @argument:
 * MAILBOX_WORDS of them.  Returns NULL, or why no answer came.
 */
const char *agent_ask(struct agent *agent, enum mailbox_command command,
                      const uint64_t *argument);

/* @pause: the guest is not to run until the next agent_open(). */
void agent_close(struct agent *agent, bool pause);

#endif /* E2E_AGENT_H */
