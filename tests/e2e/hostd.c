/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * hostd DIRECTORY: answers what the shell of the tests asks in dom0.  Under
 * emulation a process takes much longer than what is asked; this one stays, with
 * its connections to Xen and to xenstored.  It goes to the background once there
 * are the pipes DIRECTORY/ask and DIRECTORY/answer.
 *
 * A question is a line in ask.  Its answer is, in one piece, the line
 * "STATUS LINES", and so many lines of text.  One question at a time:
 *
 *   guest DOMAIN COMMAND [WORD...]  as guestctl does; DOMAIN may be a name
 *   domid NAME                      a domain's number
 *   runs DOMID                      it is not paused by dom0
 *   free [WANTED SLACK SECONDS]     Xen's free pages, once they are settled; with
 *                                   WANTED it waits for so many, more or less
 *   store NODE                      what has a value at and below that node
 *   remember                        the host is now as it is to be after a case;
 *                                   prints its free pages
 *   left PAGES SLACK SECONDS        what there is more, or less, than that;
 *                                   PAGES are to be free
 *   pause MILLISECONDS
 *   times                           XL DOM0 WAITING XLS, see host_times.h
 *
 * Status: 0 yes or done, 1 no, more for trouble, as guestctl has it.
 */
#define _GNU_SOURCE /* asprintf */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest_orders.h"
#include "host_state.h"
#include "host_times.h"

#define MAX_WORDS 16

#define ACCOUNT "/run/hostd/account" /* of the processes that have ended */

/* Free memory that has not changed in so many looks is taken for settled. */
#define SETTLED_TIMES        5
#define SETTLED_MILLISECONDS 20

struct host {
    struct agent agent;       /* whose handle of Xen serves for all */
    struct xs_handle *store;
    struct lines nodes;       /* remembered */
    struct host_times times;
    unsigned long wanted, slack; /* pages, for is_free() */
    FILE *ask;
    int answer;
};

/* ---- domains -------------------------------------------------------------- */

/* Returns whether there is one; its number is in *@domid. */
static bool find_domain(const struct host *host, const char *name,
                        uint32_t *domid)
{
    xc_domaininfo_t info[HOST_DOMAINS_MAX];
    unsigned int nr = list_domains(host->agent.xch, info);
    bool found = false;

    for ( unsigned int i = 0; i < nr && !found; i++ )
    {
        char *its = name_of_domain(host->store, info[i].domain);

        found = its && !strcmp(its, name);
        *domid = info[i].domain;
        free(its);
    }

    return found;
}

static int answer_domid(struct host *host, char **word, int nr)
{
    uint32_t domid;

    if ( nr != 1 || !find_domain(host, word[0], &domid) )
        return 1;
    printf("%"PRIu32"\n", domid);

    return 0;
}

static int answer_runs(struct host *host, char **word, int nr)
{
    xc_domaininfo_t info;

    return nr != 1 ||
           xc_domain_getinfo_single(host->agent.xch, atoi(word[0]), &info) ||
           (info.flags & XEN_DOMINF_paused);
}

static int answer_guest(struct host *host, char **word, int nr)
{
    char number[16];
    uint32_t domid;

    if ( nr && (*word[0] < '0' || *word[0] > '9') )
    {
        if ( !find_domain(host, word[0], &domid) )
        {
            printf("there is no domain %s\n", word[0]);
            return EXIT_TROUBLE;
        }
        snprintf(number, sizeof(number), "%"PRIu32, domid);
        word[0] = number;
    }

    return obey_words(&host->agent, word, nr, GUEST_SECONDS);
}

/* ---- memory --------------------------------------------------------------- */

static bool is_free(void *data)
{
    const struct host *host = data;
    unsigned long pages = free_pages(host->agent.xch);

    return (pages > host->wanted ? pages - host->wanted
                                 : host->wanted - pages) <= host->slack;
}

/* @word: WANTED SLACK SECONDS. */
static bool wait_for_pages(struct host *host, char **word)
{
    host->wanted = strtoul(word[0], NULL, 10);
    host->slack = strtoul(word[1], NULL, 10);

    return wait_until(is_free, host, strtoul(word[2], NULL, 10));
}

/* Xen frees the last of what a domain had when the domain is gone already. */
static void wait_for_settled_pages(struct host *host)
{
    unsigned int times = 0;

    for ( host->slack = 0; times < SETTLED_TIMES; times++ )
    {
        if ( !is_free(host) )
            times = 0;
        host->wanted = free_pages(host->agent.xch);
        pause_for(SETTLED_MILLISECONDS);
    }
}

static int answer_free(struct host *host, char **word, int nr)
{
    bool right = true;

    if ( nr != 0 && nr != 3 )
        return misuse();
    if ( nr )
        right = wait_for_pages(host, word);
    else
        wait_for_settled_pages(host);
    printf("%lu\n", free_pages(host->agent.xch));

    return !right;
}

/* ---- what is left --------------------------------------------------------- */

static int answer_store(struct host *host, char **word, int nr)
{
    struct lines lines;

    if ( nr != 1 )
        return misuse();
    lines = store_lines(host->store, word[0], true);
    for ( size_t i = 0; i < lines.nr; i++ )
        puts(lines.line[i]);
    lines_free(&lines);

    return 0;
}

static bool has_no_domains(void *data)
{
    const struct host *host = data;
    xc_domaininfo_t info[HOST_DOMAINS_MAX];

    return !list_domains(host->agent.xch, info);
}

static int answer_remember(struct host *host, char **word, int nr)
{
    (void)word;
    (void)nr;
    if ( !wait_until(has_no_domains, host, GUEST_SECONDS) )
        return 1;
    wait_for_settled_pages(host);
    lines_free(&host->nodes);
    host->nodes = store_lines(host->store, "/", false);
    printf("%lu\n", host->wanted);

    return 0;
}

static bool has_no_toolstack(void *data)
{
    (void)data;

    return !toolstack_runs();
}

static void print_domains(const struct host *host)
{
    xc_domaininfo_t info[HOST_DOMAINS_MAX];
    unsigned int nr = list_domains(host->agent.xch, info);

    printf("left behind, domains:");
    for ( unsigned int i = 0; i < nr; i++ )
    {
        char *name = name_of_domain(host->store, info[i].domain);

        printf(" %s", name ? name : "(null)");
        free(name);
    }
    putchar('\n');
}

static bool has_same_nodes(struct host *host)
{
    struct lines now = store_lines(host->store, "/", false);
    char *text = NULL;
    size_t size;
    FILE *answer = stdout;
    bool same;

    stdout = open_memstream(&text, &size);
    same = print_difference(&host->nodes, &now);
    fclose(stdout);
    stdout = answer;
    if ( !same )
        printf("xenstore's nodes differ from those before the case:\n%s", text);
    free(text);
    lines_free(&now);

    return same;
}

/* What a domain uses is not listed beside the domain. */
static int answer_left(struct host *host, char **word, int nr)
{
    uint64_t seconds;
    bool clean = true;

    if ( nr != 3 )
        return misuse();
    seconds = strtoul(word[2], NULL, 10);
    if ( !wait_until(has_no_domains, host, seconds) )
    {
        print_domains(host);
        return 1;
    }
    if ( !wait_until(has_no_toolstack, host, seconds) )
    {
        puts("left behind: processes of xl or of the keeper");
        clean = false;
    }
    clean &= has_same_nodes(host);
    if ( !wait_for_pages(host, word) )
    {
        printf("free pages: %lu, wanted: %s\n", free_pages(host->agent.xch),
               word[0]);
        clean = false;
    }

    return !clean;
}

static int answer_pause(struct host *host, char **word, int nr)
{
    (void)host;
    if ( nr != 1 )
        return misuse();
    pause_for(strtoul(word[0], NULL, 10));

    return 0;
}

static int answer_times(struct host *host, char **word, int nr)
{
    struct host_times *times = &host->times;

    (void)word;
    (void)nr;
    take_times(host->agent.xch, ACCOUNT, times);
    printf("%"PRIu64" %"PRIu64" %"PRIu64" %"PRIu64"\n", times->xl, times->dom0,
           times->waiting, times->xls);

    return 0;
}

/* ---- questions and answers ------------------------------------------------- */

static const struct {
    const char *name;
    int (*answer)(struct host *host, char **word, int nr);
} questions[] = {
    { "guest", answer_guest },
    { "runs", answer_runs },
    { "domid", answer_domid },
    { "free", answer_free },
    { "store", answer_store },
    { "remember", answer_remember },
    { "left", answer_left },
    { "pause", answer_pause },
    { "times", answer_times },
};

static int answer_words(struct host *host, char **word, int nr)
{
    for ( size_t i = 0; nr && i < sizeof(questions) / sizeof(questions[0]); i++ )
        if ( !strcmp(word[0], questions[i].name) )
            return questions[i].answer(host, word + 1, nr - 1);

    return misuse();
}

static size_t count_lines(const char *text)
{
    size_t nr = 0;

    for ( ; (text = strchr(text, '\n')); text++ )
        nr++;

    return nr;
}

/* All that is printed meanwhile, also for trouble, is the answer's text. */
static void answer_line(struct host *host, char *line)
{
    FILE *const out = stdout, *const error = stderr;
    char *word[MAX_WORDS], *text = NULL;
    size_t size;
    int status;

    stdout = stderr = open_memstream(&text, &size);
    status = answer_words(host, word, split_words(line, word, MAX_WORDS));
    fclose(stdout);
    stdout = out;
    stderr = error;

    if ( dprintf(host->answer, "%d %zu\n%s", status, count_lines(text), text) < 0 )
        err(1, "answer");
    free(text);
}

static void serve(struct host *host)
{
    char *line = NULL;
    size_t space = 0;

    while ( getline(&line, &space, host->ask) >= 0 )
        answer_line(host, line);
    free(line);
}

/* For both directions, so that opening it never waits, and it never ends. */
static int open_pipe(const char *directory, const char *name)
{
    char *path;
    int pipe;

    if ( asprintf(&path, "%s/%s", directory, name) < 0 || mkfifo(path, 0600) ||
         (pipe = open(path, O_RDWR | O_CLOEXEC)) < 0 )
        err(1, "%s/%s", directory, name);
    free(path);

    return pipe;
}

int main(int argc, char **argv)
{
    struct host host = { .nodes = { .nr = 0 }, .times = { .xls = 0 } };

    if ( argc != 2 )
        errx(1, "usage: hostd DIRECTORY");
    if ( mkdir(argv[1], 0700) )
        err(1, "%s", argv[1]);
    host.ask = fdopen(open_pipe(argv[1], "ask"), "r");
    host.answer = open_pipe(argv[1], "answer");

    /* Connections are a process's own. */
    if ( !host.ask || daemon(1, 1) )
        err(1, "daemon");
    host.agent.xch = xc_interface_open(NULL, NULL, 0);
    host.agent.fmem = xenforeignmemory_open(NULL, 0);
    host.store = xs_open(0);
    if ( !host.agent.xch || !host.agent.fmem || !host.store )
        err(1, "no access to Xen");
    if ( !account_processes(ACCOUNT) )
        warn("no accounts of processes");
    serve(&host);

    return 0;
}
