/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Talking to an agent guest from dom0, see agent.h.
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "agent.h"

#define PAGE_SHIFT 12

/* Why the domain will never answer, or NULL while it may. */
static const char *death_of(const struct agent *agent)
{
    xc_domaininfo_t info;

    if ( xc_domain_getinfo_single(agent->xch, agent->domid, &info) )
        return "there is no such domain";
    if ( info.flags & XEN_DOMINF_dying )
        return "the domain is being destroyed";
    if ( info.flags & XEN_DOMINF_shutdown )
        return "the domain has shut down";

    return NULL;
}

static bool past(const struct timespec *deadline)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return now.tv_sec > deadline->tv_sec ||
           (now.tv_sec == deadline->tv_sec &&
            now.tv_nsec >= deadline->tv_nsec);
}

/*
 * Wait until @ready says so.  An agent makes no hypercall, so it cannot send
 * an event: looking again each millisecond is all there is.  Returns NULL, or
 * why there is no more to wait for.
 */
static const char *wait_until(const struct agent *agent,
                              bool (*ready)(const struct mailbox *mailbox))
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    const char *death;

    for ( unsigned int looks = 1; !ready(agent->mailbox); looks++ )
    {
        if ( !(looks % 64) && (death = death_of(agent)) )
            return death;
        if ( past(&agent->deadline) )
            return (death = death_of(agent)) ? death : "no answer in time";
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }

    return NULL;
}

static bool is_announced(const struct mailbox *mailbox)
{
    /* Acquire: pairs with the agent's release of state. */
    uint64_t state = atomic_load_explicit(&mailbox->state,
                                          memory_order_acquire);

    return state == MAILBOX_UP || state == MAILBOX_CRASHED;
}

static bool is_answered(const struct mailbox *mailbox)
{
    /* Acquire: pairs with the agent's release of answered. */
    return atomic_load_explicit(&mailbox->answered, memory_order_acquire) ==
           atomic_load_explicit(&mailbox->request, memory_order_relaxed);
}

static bool is_answered_or_crashed(const struct mailbox *mailbox)
{
    /* Acquire: pairs with the agent's release of state. */
    return is_answered(mailbox) ||
           atomic_load_explicit(&mailbox->state, memory_order_acquire) ==
           MAILBOX_CRASHED;
}

static void post(struct mailbox *mailbox, enum mailbox_command command,
                 const uint64_t *argument)
{
    mailbox->command = command;
    memcpy(mailbox->argument, argument, sizeof(mailbox->argument));

    /* Release: pairs with the agent's acquire of request. */
    atomic_store_explicit(
        &mailbox->request,
        atomic_load_explicit(&mailbox->request, memory_order_relaxed) + 1,
        memory_order_release);
}

static const char *map_mailbox(struct agent *agent)
{
    const xen_pfn_t gfn = MAILBOX_GPA >> PAGE_SHIFT;
    const char *death;

    agent->mailbox = xenforeignmemory_map(agent->fmem, agent->domid,
                                          PROT_READ | PROT_WRITE, 1, &gfn,
                                          NULL);
    if ( agent->mailbox )
        return NULL;

    return (death = death_of(agent)) ? death : "cannot map the mailbox";
}

/* Also waits for a command that somebody gave up on. */
static const char *wait_for_agent(const struct agent *agent)
{
    const char *why = wait_until(agent, is_announced);

    if ( !why )
        why = wait_until(agent, is_answered_or_crashed);
    if ( !why && agent->mailbox->version != MAILBOX_VERSION )
        why = "the agent is of another version";

    return why;
}

const char *agent_open(struct agent *agent, uint64_t seconds)
{
    const char *why;

    clock_gettime(CLOCK_MONOTONIC, &agent->deadline);
    agent->deadline.tv_sec += seconds;

    why = map_mailbox(agent);
    if ( why )
        return why;

    /*
     * An agent polls for commands.  It stays paused between them, so that it
     * does not take the processors from the rest of the test.  Either call
     * fails, and may, if the domain runs already or is gone by then.
     */
    xc_domain_unpause(agent->xch, agent->domid);

    why = wait_for_agent(agent);
    if ( why )
        agent_close(agent, true);

    return why;
}

bool agent_crashed(const struct agent *agent)
{
    return agent->mailbox->state == MAILBOX_CRASHED;
}

const char *agent_ask(struct agent *agent, enum mailbox_command command,
                      const uint64_t *argument)
{
    post(agent->mailbox, command, argument);

    return wait_until(agent, is_answered);
}

void agent_close(struct agent *agent, bool pause)
{
    if ( pause )
        xc_domain_pause(agent->xch, agent->domid);

    xenforeignmemory_unmap(agent->fmem, agent->mailbox, 1);
}
