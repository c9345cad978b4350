/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The sweep's guests, see guests.h.
 */
#include <inttypes.h>
#include <stdio.h>

#include "../agent.h"
#include "guests.h"

#define ANSWER_LIMIT 20 /* seconds */

#ifdef __x86_64__
#define TYPE "type = \"pvh\"\n"
#else
#define TYPE ""
#endif

void write_entry(const struct guest *guest, char entry[ENTRY_SIZE])
{
    snprintf(entry, ENTRY_SIZE, "0x%"PRIx64"+0x%llx = %s", guest->gpa,
             REGION_SIZE, guest->region);
}

bool write_config(const struct guest *guest, char path[CONFIG_PATH_SIZE])
{
    FILE *file;

    snprintf(path, CONFIG_PATH_SIZE, SWEEP_DIR "/%s.cfg", guest->name);
    file = fopen(path, "w");
    if ( !file )
        return false;

    fprintf(file, "name = \"%s\"\n" TYPE
            "kernel = \"/guests/agent\"\n"
            "memory = 16\n"
            "vcpus = 1\n"
            "on_crash = \"destroy\"\n"
            "shared_mem_factory = 0x%"PRIx64"\n",
            guest->name, guest->factory);
    if ( !guest->detached )
    {
        char entry[ENTRY_SIZE];

        write_entry(guest, entry);
        fprintf(file, "static_shared_mem = [ \"%s\" ]\n", entry);
    }

    return !fclose(file);
}

static void report(struct sweep *sweep, const struct guest *guest,
                   const struct mailbox *mailbox)
{
    switch ( mailbox->status )
    {
    case MAILBOX_OK:
        break;
    case MAILBOX_MISMATCH:
        complain(sweep, "%s: at 0x%"PRIx64" wants 0x%"PRIx64", finds 0x%"
                 PRIx64, guest->name, mailbox->value[0], mailbox->value[1],
                 mailbox->value[2]);
        break;
    case MAILBOX_FAULT:
        complain(sweep, "%s: fault at 0x%"PRIx64, guest->name,
                 mailbox->value[0]);
        break;
    default:
        complain(sweep, "%s: refuses the command", guest->name);
    }
}

static void ask(struct sweep *sweep, const struct guest *guest,
                enum mailbox_command command, uint64_t seed)
{
    const uint64_t argument[MAILBOX_WORDS] = { guest->gpa, REGION_SIZE, seed };
    struct agent agent = {
        .xch = sweep->xch, .fmem = sweep->fmem, .domid = guest->domid,
    };
    const char *why = guest->domid ? agent_open(&agent, ANSWER_LIMIT)
                                   : "is not there";

    if ( why )
    {
        complain(sweep, "%s: %s", guest->name, why);
        return;
    }

    why = agent_crashed(&agent) ? "the agent crashed"
                                : agent_ask(&agent, command, argument);
    if ( why )
        complain(sweep, "%s: %s", guest->name, why);
    else
        report(sweep, guest, agent.mailbox);
    agent_close(&agent, true);
}

void fill_region(struct sweep *sweep, const struct guest *guest, uint64_t seed)
{
    ask(sweep, guest, MAILBOX_FILL, seed);
}

void check_region(struct sweep *sweep, const struct guest *guest,
                  uint64_t seed)
{
    ask(sweep, guest, MAILBOX_CHECK, seed);
}

void check_zero(struct sweep *sweep, const struct guest *guest)
{
    ask(sweep, guest, MAILBOX_ZERO, 0);
}
