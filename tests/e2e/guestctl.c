/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * guestctl: gives one command to an agent guest, from dom0, and prints its
 * answer on one line.  "guestctl -h" lists the commands and exit codes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "guest/mailbox.h"
#include "guest_memory_map.h"

#define PAGE_SHIFT 12
#define DOMID_OF_GUEST_ITSELF 0x7ff0 /* DOMID_SELF */

enum { EXIT_OK, EXIT_CHECK, EXIT_FAULT, EXIT_TROUBLE };

/* A connection to one agent. */
struct agent {
    xc_interface *xch;
    xenforeignmemory_handle *fmem;
    uint32_t domid;
    struct mailbox *mailbox;
    struct timespec deadline;
};

/* Two commands are for guestctl alone: the agent is not asked. */
enum { LOCAL_INFO = -1, LOCAL_MEMORY_MAP = -2 };

struct command {
    const char *name;
    int number; /* enum mailbox_command, or one of the above */
    int min_words, max_words;
    const char *words;
};

static const struct command commands[] = {
    { "info", LOCAL_INFO, 0, 0, "" },
    { "memory-map", LOCAL_MEMORY_MAP, 0, 0, "" },
    { "ping", MAILBOX_PING, 0, 0, "" },
    { "fill", MAILBOX_FILL, 3, 4, "GPA SIZE SEED [OFFSET]" },
    { "check", MAILBOX_CHECK, 3, 4, "GPA SIZE SEED [OFFSET]" },
    { "zero", MAILBOX_ZERO, 2, 2, "GPA SIZE" },
    { "read", MAILBOX_READ, 1, 1, "GPA" },
    { "write", MAILBOX_WRITE, 2, 2, "GPA VALUE" },
    { "hypercall-share", MAILBOX_SHARE, 4, 4, "DOM SOURCE-DOM SOURCE-GFN GFN" },
    { "hypercall-share-ro", MAILBOX_SHARE_RO, 4, 4,
      "DOM SOURCE-DOM SOURCE-GFN GFN" },
    { "hypercall-remove", MAILBOX_REMOVE, 1, 1, "GFN" },
    { "hypercall", MAILBOX_HYPERCALL, 2, 4, "NUMBER ARGUMENT..." },
    { "hypercall-page", MAILBOX_HYPERCALL_PAGE, 1, 1, "GPA" },
    { "input", MAILBOX_INPUT, 1, 1, "GPA" },
    { "shutdown", MAILBOX_SHUTDOWN, 1, 1, "REASON" },
    { "idle", MAILBOX_IDLE, 0, 0, "" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
    puts("usage: guestctl [-w SECONDS] DOMID COMMAND [WORD...]");
    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        printf("  %s %s\n", commands[i].name, commands[i].words);
    puts("info: where the agent's mailbox, image and boot information are.\n"
         "memory-map: what the guest was told of its memory, one line an entry.\n"
         "fill and check: each u64 depends on SEED and on its distance from GPA\n"
         "plus OFFSET.  zero: checks that all is zero.  shutdown REASON: 0 power\n"
         "off, 1 reboot, 3 crash.  idle: the guest takes no more commands.\n"
         "hypercall: any one; its arguments are in the guest's memory already.\n"
         "hypercall-page and input (x86): Xen is to write its stubs, or a byte from\n"
         "a port, to GPA.\n"
         "After any other command the domain is paused, until the next one.\n"
         "Numbers are decimal or 0x hex, and may end in K, M or G.  A DOM may be\n"
         "self.  SECONDS (default 20): for the guest to be up and to answer.\n"
         "Exit: 0 done, 1 check failed, 2 the guest faulted, 3 anything else.");
}

static bool parse_number(const char *text, uint64_t *value)
{
    static const char suffixes[] = "KMG";
    const char *suffix;
    char *end;

    if ( !strcmp(text, "self") )
    {
        *value = DOMID_OF_GUEST_ITSELF;
        return true;
    }

    errno = 0;
    *value = strtoull(text, &end, 0);
    if ( errno || end == text || *text == '-' )
        return false;

    if ( *end && (suffix = strchr(suffixes, *end)) )
    {
        *value <<= 10 * (suffix - suffixes + 1);
        end++;
    }

    return !*end;
}

static const struct command *find_command(const char *name)
{
    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        if ( !strcmp(commands[i].name, name) )
            return &commands[i];

    return NULL;
}

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

static int trouble(const struct agent *agent, const char *what)
{
    fprintf(stderr, "guestctl: domain %"PRIu32": %s\n", agent->domid, what);

    return EXIT_TROUBLE;
}

/* Also waits for a command that an earlier guestctl gave up on. */
static int wait_for_agent(const struct agent *agent)
{
    const char *why = wait_until(agent, is_announced);

    if ( !why )
        why = wait_until(agent, is_answered_or_crashed);
    if ( why )
        return trouble(agent, why);

    if ( agent->mailbox->version != MAILBOX_VERSION )
        return trouble(agent, "the agent is of another version");

    if ( agent->mailbox->state == MAILBOX_CRASHED )
    {
        printf("the agent crashed: fault at 0x%"PRIx64" (pc 0x%"PRIx64", "
               "cause 0x%"PRIx64")\n", agent->mailbox->value[0],
               agent->mailbox->value[1], agent->mailbox->value[2]);
        return EXIT_FAULT;
    }

    return EXIT_OK;
}

static void post(struct mailbox *mailbox, int command,
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

static int print_done(const struct command *command,
                      const struct mailbox *mailbox)
{
    const uint64_t *value = mailbox->value;

    switch ( command->number )
    {
    case MAILBOX_READ:
        printf("read 0x%"PRIx64": 0x%"PRIx64"\n", mailbox->argument[0],
               value[0]);
        break;
    case MAILBOX_HYPERCALL:
        printf("hypercall: rc %"PRId64"\n", (int64_t)value[0]);
        break;
    case MAILBOX_SHARE:
    case MAILBOX_SHARE_RO:
    case MAILBOX_REMOVE:
        printf("%s: rc %"PRId64", extent %"PRId64"\n", command->name,
               (int64_t)value[0], (int64_t)value[1]);
        break;
    default:
        printf("%s: ok\n", command->name);
    }

    return EXIT_OK;
}

static int print_answer(const struct command *command,
                        const struct mailbox *mailbox)
{
    const uint64_t *value = mailbox->value;

    switch ( mailbox->status )
    {
    case MAILBOX_OK:
        return print_done(command, mailbox);
    case MAILBOX_MISMATCH:
        printf("%s: mismatch at 0x%"PRIx64": expected 0x%"PRIx64", "
               "found 0x%"PRIx64"\n", command->name, value[0], value[1],
               value[2]);
        return EXIT_CHECK;
    case MAILBOX_FAULT:
        printf("%s: fault at 0x%"PRIx64" (pc 0x%"PRIx64", cause 0x%"PRIx64
               ")\n", command->name, value[0], value[1], value[2]);
        return EXIT_FAULT;
    default:
        printf("%s: refused: not aligned to 8, empty, the agent's own "
               "memory, or not for this architecture\n", command->name);
        return EXIT_TROUBLE;
    }
}

static int run_command(struct agent *agent, const struct command *command,
                       const uint64_t *argument)
{
    const char *why;

    post(agent->mailbox, command->number, argument);
    why = wait_until(agent, is_answered);
    if ( why )
        return trouble(agent, why);

    return print_answer(command, agent->mailbox);
}

static int print_info(const struct mailbox *mailbox)
{
    printf("info: mailbox 0x%llx, image 0x%"PRIx64"-0x%"PRIx64", "
           "boot info 0x%"PRIx64"\n", MAILBOX_GPA, mailbox->image_start,
           mailbox->image_end, mailbox->boot_info);

    return EXIT_OK;
}

static int obey(struct agent *agent, const struct command *command,
                const uint64_t *argument)
{
    switch ( command->number )
    {
    case LOCAL_INFO:
        return print_info(agent->mailbox);
    case LOCAL_MEMORY_MAP:
        return print_memory_map(agent->fmem, agent->domid,
                                agent->mailbox->boot_info) ? EXIT_TROUBLE
                                                           : EXIT_OK;
    }

    return run_command(agent, command, argument);
}

static int talk_to(struct agent *agent, const struct command *command,
                   const uint64_t *argument)
{
    const xen_pfn_t gfn = MAILBOX_GPA >> PAGE_SHIFT;
    int rc;

    agent->mailbox = xenforeignmemory_map(agent->fmem, agent->domid,
                                          PROT_READ | PROT_WRITE, 1, &gfn,
                                          NULL);
    if ( !agent->mailbox )
    {
        const char *death = death_of(agent);

        return trouble(agent, death ? death : "cannot map the mailbox");
    }

    /*
     * An agent polls for commands.  It stays paused between them, so that it
     * does not take the processors from the rest of the test.  Either call
     * fails, and may, if the domain runs already or is gone by then.
     */
    xc_domain_unpause(agent->xch, agent->domid);

    rc = wait_for_agent(agent);
    if ( !rc )
        rc = obey(agent, command, argument);

    if ( command->number != MAILBOX_SHUTDOWN &&
         command->number != MAILBOX_IDLE )
        xc_domain_pause(agent->xch, agent->domid);

    xenforeignmemory_unmap(agent->fmem, agent->mailbox, 1);

    return rc;
}

static int connect_and_talk(uint32_t domid, uint64_t seconds,
                            const struct command *command,
                            const uint64_t *argument)
{
    struct agent agent = { .domid = domid };
    int rc = EXIT_TROUBLE;

    clock_gettime(CLOCK_MONOTONIC, &agent.deadline);
    agent.deadline.tv_sec += seconds;

    agent.xch = xc_interface_open(NULL, NULL, 0);
    agent.fmem = xenforeignmemory_open(NULL, 0);
    if ( agent.xch && agent.fmem )
        rc = talk_to(&agent, command, argument);
    else
        fputs("guestctl: no access to Xen\n", stderr);

    if ( agent.fmem )
        xenforeignmemory_close(agent.fmem);
    if ( agent.xch )
        xc_interface_close(agent.xch);

    return rc;
}

int main(int argc, char **argv)
{
    const struct command *command;
    uint64_t seconds = 20, domid, argument[MAILBOX_WORDS] = { 0 };
    int option, words;

    while ( (option = getopt(argc, argv, "+hw:")) != -1 )
    {
        if ( option == 'h' )
        {
            print_help();
            return EXIT_OK;
        }
        if ( option != 'w' || !parse_number(optarg, &seconds) )
            goto misuse;
    }

    words = argc - optind - 2;
    if ( words < 0 || !parse_number(argv[optind], &domid) ||
         domid >= DOMID_OF_GUEST_ITSELF )
        goto misuse;

    command = find_command(argv[optind + 1]);
    if ( !command || words < command->min_words ||
         words > command->max_words )
        goto misuse;

    for ( int i = 0; i < words; i++ )
        if ( !parse_number(argv[optind + 2 + i], &argument[i]) )
            goto misuse;

    return connect_and_talk(domid, seconds, command, argument);

 misuse:
    fputs("guestctl: cannot make sense of this command; see guestctl -h\n",
          stderr);
    return EXIT_TROUBLE;
}
