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

/* The JSON that libxl keeps, without blanks and line ends, in place. */
static void compact(char *json)
{
    char *to = json;

    for ( const char *from = json; *from; from++ )
        if ( !strchr(" \n", *from) )
            *to++ = *from;
    *to = '\0';
}

/* What is kept of a region: a line for each peer. */
static void add_peers(struct lines *lines, const char *path, const char *json)
{
    static const char peer[] = "{\"domid\":";
    unsigned int domid;
    char uuid[64];

    while ( (json = strstr(json, peer)) )
    {
        json += strlen(peer);
        if ( sscanf(json, "%u,\"uuid\":\"%63[^\"]", &domid, uuid) == 2 )
            add(lines, "%s: %u = %s", path, domid, uuid);
        else
            add(lines, "%s: a peer without a UUID", path);
    }
}

/* What is kept is JSON.  All that is not looked at here, libxl checks itself;
 * and the private root's value, the highest generation, may be any. */
static void add_value(struct lines *lines, const char *path, char *value)
{
    if ( !strncmp(path, FACTORIES "/", strlen(FACTORIES "/")) )
        add(lines, "%s", path);

    if ( !*value || !strcmp(path, PRIVATE) )
        return;

    if ( *value != '{' )
    {
        add(lines, "%s = %s", path, value);
        return;
    }

    compact(value);
    if ( !strncmp(path, PRIVATE "/", strlen(PRIVATE "/")) )
        add_peers(lines, path, value);
    else
        add(lines, "%s = %s", path, value);
}

static void add_tree(struct sweep *sweep, struct lines *lines,
                     const char *path)
{
    unsigned int nr = 0;
    char **children = xs_directory(sweep->xsh, XBT_NULL, path, &nr);
    char *value = xs_read(sweep->xsh, XBT_NULL, path, NULL);

    if ( value )
        add_value(lines, path, value);
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
 * that it has given none is not said. */
static void add_wanted(const struct sweep *sweep, struct lines *lines,
                       const struct guest *guest)
{
    add(lines, FACTORIES "/%u", guest->domid);
    add(lines, "/libxl/%u/shared_mem = {\"uuid\":\"%s\",%s%s%s"
        "\"factory\":%"PRIu64",\"change\":{}}", guest->domid, guest->uuid,
        guest->detached ? "" : "\"regions\":[\"",
        guest->detached ? "" : guest->region,
        guest->detached ? "" : "\"],", guest->factory);

    if ( guest->detached )
        return;

    add(lines, PUBLIC "/%s/mappings/%u = 0x%"PRIx64"-0x%"PRIx64,
        guest->region, guest->domid, guest->gpa,
        (uint64_t)(guest->gpa + REGION_SIZE));
    add(lines, PRIVATE "/%s: %u = %s", guest->region, guest->domid,
        guest->uuid);

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
