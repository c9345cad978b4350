/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * guestctl: gives commands to agent guests, from dom0, and prints each answer
 * on one line.  "guestctl -h" lists the commands and exit codes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest_orders.h"

#define MAX_WORDS (2 + MAILBOX_WORDS) /* DOMID COMMAND WORD... */

static void print_help(void)
{
    puts("usage: guestctl [-w SECONDS] DOMID COMMAND [WORD...]\n"
         "       guestctl [-w SECONDS] -");
    print_guest_commands();
    puts("-: takes lines with DOMID COMMAND [WORD...] from standard input, until one\n"
         "is not done.\n"
         "info: where the agent's mailbox, image and boot information are.\n"
         "memory-map: what the guest was told of its memory, one line an entry.\n"
         "fill and check: each u64 depends on SEED and on its distance from GPA\n"
         "plus OFFSET.  zero: checks that all is zero.  shutdown REASON: 0 power\n"
         "off, 1 reboot, 3 crash.  idle: the guest takes no more commands.\n"
         "hypercall: any one; its arguments are in the guest's memory already.\n"
         "hypercall-page and input (x86): Xen is to write its stubs, or a byte from\n"
         "a port, to GPA.\n"
         "After any other command the domain is paused, until the next one.\n"
         "Numbers are decimal or 0x hex, and may end in K, M or G.\n"
         "SECONDS (default 20): for a guest to be up and to answer.\n"
         "Exit: 0 done, 1 check failed, 2 the guest faulted, 3 anything else.");
}

/* Splits the line in place.  Names the command that could not be done. */
static int obey_line(struct agent *agent, char *line, uint64_t seconds)
{
    char *word[MAX_WORDS + 1]; /* the last one is too many */
    int nr = split_words(line, word, MAX_WORDS + 1);
    int rc = obey_words(agent, word, nr, seconds);

    if ( rc )
    {
        fputs("that was:", stdout);
        for ( int i = 0; i < nr; i++ )
            printf(" %s", word[i]);
        putchar('\n');
    }

    return rc;
}

static int obey_lines(struct agent *agent, uint64_t seconds)
{
    char *line = NULL;
    size_t size = 0;
    int rc = EXIT_OK;

    while ( !rc && getline(&line, &size, stdin) >= 0 )
        rc = obey_line(agent, line, seconds);
    free(line);

    return rc;
}

/* @nr words of the command line, after the options. */
static int connect_and_obey(char **word, int nr, uint64_t seconds)
{
    struct agent agent = {
        .xch = xc_interface_open(NULL, NULL, 0),
        .fmem = xenforeignmemory_open(NULL, 0),
    };
    int rc = EXIT_TROUBLE;

    if ( !agent.xch || !agent.fmem )
        fputs("guestctl: no access to Xen\n", stderr);
    else if ( nr == 1 && !strcmp(word[0], "-") )
        rc = obey_lines(&agent, seconds);
    else
        rc = obey_words(&agent, word, nr, seconds);

    if ( agent.fmem )
        xenforeignmemory_close(agent.fmem);
    if ( agent.xch )
        xc_interface_close(agent.xch);

    return rc;
}

int main(int argc, char **argv)
{
    uint64_t seconds = GUEST_SECONDS;
    int option;

    while ( (option = getopt(argc, argv, "+hw:")) != -1 )
    {
        if ( option == 'h' )
        {
            print_help();
            return EXIT_OK;
        }
        if ( option != 'w' || !parse_number(optarg, &seconds) )
            return misuse();
    }

    return connect_and_obey(argv + optind, argc - optind, seconds);
}
