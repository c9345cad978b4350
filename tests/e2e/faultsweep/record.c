/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Compares xenstore's records of regions with what they are to be, see
 * record.h.  Both are written out as lines, "PATH = VALUE".  And looks at
 * factory pages.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <shared_mem/abi.h>

#include "host.h"
#include "record.h"

#define PUBLIC    "/local/shared_mem"
#define PRIVATE   "/libxl/shared_mem"
#define FACTORIES "/libxl/shared_mem_factories"
#define LINE_SIZE 256

#define KEEPER_LIMIT     3 /* seconds, on a host that is busy */
#define POLL_NANOSECONDS 5000000L
#define LINES_MAX 128

struct lines {
    char line[LINES_MAX][LINE_SIZE];
    unsigned int nr;
};

__attribute__((format(printf, 2, 3)))
static void add(struct lines *lines, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if ( lines->nr < LINES_MAX )
        vsnprintf(lines->line[lines->nr++], LINE_SIZE, format, args);
    va_end(args);
}

static bool has(const struct lines *lines, const char *line)
{
    for ( unsigned int i = 0; i < lines->nr; i++ )
        if ( !strcmp(lines->line[i], line) )
            return true;

    return false;
}

/* A generation may be any, and so may the highest of all, which the private root
 * has, and the numbers of peers, which xl checks itself. */
static bool may_be_any(const char *path)
{
    return strstr(path, "/generation") || strstr(path, "/number") ||
           strstr(path, "/free_numbers") || !strcmp(path, PRIVATE);
}

static void add_tree(struct sweep *sweep, struct lines *lines,
                     const char *path)
{
    unsigned int nr = 0;
    char **children = xs_directory(sweep->xsh, XBT_NULL, path, &nr);
    char *value = xs_read(sweep->xsh, XBT_NULL, path, NULL);

    /* Empty directories have nothing to say. */
    if ( value && *value && !may_be_any(path) )
        add(lines, "%s = %s", path, value);
    free(value);

    for ( unsigned int i = 0; i < nr; i++ )
    {
        char child[LINE_SIZE];

        snprintf(child, sizeof(child), "%s/%s", path, children[i]);
        add_tree(sweep, lines, child);
    }
    free(children);
}

static const struct guest *first_peer(const struct sweep *sweep,
                                      const char *region)
{
    const struct guest *first = NULL;

    for ( unsigned int i = 0; i < sweep->nr_guests; i++ )
    {
        const struct guest *guest = sweep->guests[i];

        if ( is_peer(guest, region) &&
             (!first || guest->domid < first->domid) )
            first = guest;
    }

    return first;
}

/* What is outside of RAM, as all is here, changes nothing in a guest's memory:
 * there is no node for that. */
static void add_wanted(const struct sweep *sweep, struct lines *lines,
                       const struct guest *guest)
{
    add(lines, FACTORIES "/%u = %s", guest->domid, guest->uuid);
    add(lines, FACTORIES "/%u/gpa = 0x%"PRIx64, guest->domid, guest->factory);

    if ( guest->detached )
        return;

    add(lines, PUBLIC "/%s/mappings/%u = 0x%"PRIx64"-0x%"PRIx64,
        guest->region, guest->domid, guest->gpa,
        (uint64_t)(guest->gpa + REGION_SIZE));
    add(lines, PRIVATE "/%s/peers/%u = %s", guest->region, guest->domid,
        guest->uuid);
    add(lines, "/libxl/%u/shared_mem = %s", guest->domid, guest->region);

    if ( guest != first_peer(sweep, guest->region) )
        return;

    add(lines, PUBLIC "/%s/size = 0x%llx", guest->region, REGION_SIZE);
    if ( !sweep->stale )
        add(lines, PUBLIC "/%s/owner = %u", guest->region, guest->domid);
}

void check_records(struct sweep *sweep)
{
    static struct lines wanted, actual;
    char path[LINE_SIZE];

    wanted.nr = actual.nr = 0;
    add_tree(sweep, &actual, PUBLIC);
    add_tree(sweep, &actual, PRIVATE);
    add_tree(sweep, &actual, FACTORIES);
    for ( unsigned int i = 0; i < sweep->nr_guests; i++ )
        if ( sweep->guests[i]->domid )
        {
            add_wanted(sweep, &wanted, sweep->guests[i]);
            snprintf(path, sizeof(path), "/libxl/%u/shared_mem",
                     sweep->guests[i]->domid);
            add_tree(sweep, &actual, path);
        }

    for ( unsigned int i = 0; i < wanted.nr; i++ )
        if ( !has(&actual, wanted.line[i]) )
            complain(sweep, "record lacks: %s", wanted.line[i]);
    for ( unsigned int i = 0; i < actual.nr && !sweep->stale; i++ )
        if ( !has(&wanted, actual.line[i]) )
            complain(sweep, "record has: %s", actual.line[i]);
}

void remove_records(struct sweep *sweep)
{
    xs_rm(sweep->xsh, XBT_NULL, PUBLIC);
    xs_rm(sweep->xsh, XBT_NULL, PRIVATE);
    xs_rm(sweep->xsh, XBT_NULL, FACTORIES);
}

/* ---- factory pages ------------------------------------------------------ */

static unsigned int nr_peers(const struct sweep *sweep, const char *region)
{
    unsigned int nr = 0;

    for ( unsigned int i = 0; i < sweep->nr_guests; i++ )
        nr += is_peer(sweep->guests[i], region);

    return nr;
}

/* NULL, or what is wrong with the page. */
static const char *page_problem(const struct sweep *sweep,
                                const struct guest *guest,
                                const struct shared_mem_factory_page *page)
{
    const struct shared_mem_entry *entry = &page->entries[0];

    if ( page->signature != SHARED_MEM_SIGNATURE ||
         page->domid != guest->domid || page->count > 1 )
        return "is another's";
    if ( page->sequence & 1 )
        return "is half written";
    if ( page->count == guest->detached )
        return guest->detached ? "has a region" : "has no region";
    if ( guest->detached )
        return NULL;
    if ( strncmp(entry->name, guest->region, sizeof(entry->name)) ||
         entry->gpa != guest->gpa || entry->pages != REGION_SIZE / XC_PAGE_SIZE )
        return "has another region";
    if ( !(entry->alive >> entry->index & 1) )
        return "says that its own guest is dead";

    return (unsigned int)__builtin_popcount(entry->alive) ==
           nr_peers(sweep, guest->region) ? NULL : "has other peers";
}

static const char *look_at_factory(const struct sweep *sweep,
                                   const struct guest *guest)
{
    const xen_pfn_t gfn = guest->factory >> XC_PAGE_SHIFT;
    void *page = xenforeignmemory_map(sweep->fmem, guest->domid, PROT_READ, 1,
                                      &gfn, NULL);
    const char *problem;

    if ( !page )
        return "cannot be mapped";

    problem = page_problem(sweep, guest, page);
    xenforeignmemory_unmap(sweep->fmem, page, 1);

    return problem;
}

void check_factories(struct sweep *sweep)
{
    const time_t end = time(NULL) + KEEPER_LIMIT;

    for ( unsigned int i = 0; i < sweep->nr_guests; i++ )
    {
        const struct guest *guest = sweep->guests[i];
        const char *problem;

        if ( !guest->domid )
            continue;
        while ( (problem = look_at_factory(sweep, guest)) &&
                time(NULL) <= end )
            nanosleep(&(struct timespec){ .tv_nsec = POLL_NANOSECONDS }, NULL);
        if ( problem )
            complain(sweep, "the factory page of %s %s", guest->name, problem);
    }
}
