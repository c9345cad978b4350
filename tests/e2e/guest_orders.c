/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Gives orders to agent guests, see guest_orders.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest_orders.h"
#include "guest_memory_map.h" /* after xenctrl.h */

/* Two commands are for guestctl alone: the agent is not asked. */
enum { LOCAL_INFO = -1, LOCAL_MEMORY_MAP = -2 };

struct command {
    const char *name;
    int number; /* enum mailbox_command, or one of the above */
    int min_words, max_words;
    const char *words;
};

/* A command for one guest. */
struct order {
    uint32_t domid;
    const struct command *command;
    uint64_t argument[MAILBOX_WORDS];
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
    { "execute", MAILBOX_EXECUTE, 1, 1, "GPA" },
    { "hypercall-remove", MAILBOX_REMOVE, 1, 1, "GFN" },
    { "hypercall", MAILBOX_HYPERCALL, 2, 4, "NUMBER ARGUMENT..." },
    { "hypercall-page", MAILBOX_HYPERCALL_PAGE, 1, 1, "GPA" },
    { "watch", MAILBOX_WATCH, 1, 1, "TICKS" },
    { "input", MAILBOX_INPUT, 1, 1, "GPA" },
    { "shutdown", MAILBOX_SHUTDOWN, 1, 1, "REASON" },
    { "idle", MAILBOX_IDLE, 0, 0, "" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

void print_guest_commands(void)
{
    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        printf("  %s %s\n", commands[i].name, commands[i].words);
}

bool parse_number(const char *text, uint64_t *value)
{
    static const char suffixes[] = "KMG";
    const char *suffix;
    char *end;

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

static int trouble(const struct agent *agent, const char *what)
{
    fprintf(stderr, "guestctl: domain %"PRIu32": %s\n", agent->domid, what);

    return EXIT_TROUBLE;
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
    case MAILBOX_WATCH:
        printf("watch: %"PRIu64"\n", value[0]);
        break;
    case MAILBOX_REMOVE:
    case MAILBOX_HYPERCALL:
        printf("%s: rc %"PRId64"\n", command->name, (int64_t)value[0]);
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

static int print_crash(const struct mailbox *mailbox)
{
    printf("the agent crashed: fault at 0x%"PRIx64" (pc 0x%"PRIx64", "
           "cause 0x%"PRIx64")\n", mailbox->value[0], mailbox->value[1],
           mailbox->value[2]);

    return EXIT_FAULT;
}

static int run_command(struct agent *agent, const struct command *command,
                       const uint64_t *argument)
{
    const char *why = agent_ask(agent, command->number, argument);

    return why ? trouble(agent, why)
               : print_answer(command, agent->mailbox);
}

static int print_info(const struct mailbox *mailbox)
{
    printf("info: mailbox 0x%llx, image 0x%"PRIx64"-0x%"PRIx64", "
           "boot info 0x%"PRIx64"\n", MAILBOX_GPA, mailbox->image_start,
           mailbox->image_end, mailbox->boot_info);

    return EXIT_OK;
}

static int obey(struct agent *agent, const struct order *order)
{
    switch ( order->command->number )
    {
    case LOCAL_INFO:
        return print_info(agent->mailbox);
    case LOCAL_MEMORY_MAP:
        return print_memory_map(agent->fmem, agent->domid,
                                agent->mailbox->boot_info) ? EXIT_TROUBLE
                                                           : EXIT_OK;
    }

    return run_command(agent, order->command, order->argument);
}

/* @seconds: for all of it. */
static int talk_to(struct agent *agent, const struct order *order,
                   uint64_t seconds)
{
    const char *why;
    int rc;

    agent->domid = order->domid;
    why = agent_open(agent, seconds);
    if ( why )
        return trouble(agent, why);

    rc = agent_crashed(agent) ? print_crash(agent->mailbox)
                              : obey(agent, order);
    agent_close(agent, order->command->number != MAILBOX_SHUTDOWN &&
                       order->command->number != MAILBOX_IDLE);

    return rc;
}

/* @nr words: DOMID COMMAND [WORD...] */
static bool parse_order(char **word, int nr, struct order *order)
{
    uint64_t domid;

    if ( nr < 2 || !parse_number(word[0], &domid) ||
         domid >= DOMID_FIRST_RESERVED )
        return false;

    *order = (struct order){
        .domid = domid,
        .command = find_command(word[1]),
    };
    if ( !order->command || nr - 2 < order->command->min_words ||
         nr - 2 > order->command->max_words )
        return false;

    for ( int i = 2; i < nr; i++ )
        if ( !parse_number(word[i], &order->argument[i - 2]) )
            return false;

    return true;
}

int misuse(void)
{
    fputs("guestctl: cannot make sense of this command; see guestctl -h\n",
          stderr);

    return EXIT_TROUBLE;
}

int obey_words(struct agent *agent, char **word, int nr, uint64_t seconds)
{
    struct order order;

    return parse_order(word, nr, &order) ? talk_to(agent, &order, seconds)
                                         : misuse();
}

int split_words(char *line, char **word, int max)
{
    static const char blanks[] = " \n";
    int nr = 0;

    for ( char *next = strtok(line, blanks); next && nr < max;
          next = strtok(NULL, blanks) )
        word[nr++] = next;

    return nr;
}
