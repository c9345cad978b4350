/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a test host has, see host_state.h.
 */
#define _GNU_SOURCE /* asprintf */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host_state.h"

#define PATH_SIZE 512
#define POLL_MILLISECONDS 10

/* Names of processes, as Linux cuts them off. */
static const char *const toolstack[] = { "xl", "libxl-shared-me" };

/* Nodes that stay for good once they have been made. */
static const char *const lasting_nodes[] = {
    "/local/shared_mem", "/libxl/shared_mem", "/libxl/shared_mem_factories",
    "*/device-model",
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- time ----------------------------------------------------------------- */

void pause_for(uint64_t milliseconds)
{
    nanosleep(&(struct timespec){
        .tv_sec = milliseconds / 1000,
        .tv_nsec = milliseconds % 1000 * 1000000,
    }, NULL);
}

bool wait_until(bool (*ready)(void *data), void *data, uint64_t seconds)
{
    const time_t end = time(NULL) + seconds;

    while ( !ready(data) )
    {
        if ( time(NULL) >= end )
            return false;
        pause_for(POLL_MILLISECONDS);
    }

    return true;
}

/* ---- Xen ------------------------------------------------------------------ */

unsigned int list_domains(xc_interface *xch,
                          xc_domaininfo_t info[HOST_DOMAINS_MAX])
{
    int nr = xc_domain_getinfolist(xch, 1, HOST_DOMAINS_MAX, info);

    if ( nr < 0 )
        err(1, "xc_domain_getinfolist");

    return nr;
}

unsigned long free_pages(xc_interface *xch)
{
    xc_physinfo_t info = { 0 };

    if ( xc_physinfo(xch, &info) )
        err(1, "xc_physinfo");

    return info.free_pages;
}

/* ---- processes ------------------------------------------------------------ */

/* @pid: a name in /proc. */
static bool is_toolstack(const char *pid)
{
    char path[PATH_SIZE], name[32] = "";
    bool found = false;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    file = fopen(path, "r");
    if ( !file )
        return false; /* it has ended */

    if ( fgets(name, sizeof(name), file) )
        name[strcspn(name, "\n")] = '\0';
    fclose(file);
    for ( size_t i = 0; i < LENGTH(toolstack); i++ )
        found |= !strcmp(name, toolstack[i]);

    return found;
}

bool toolstack_runs(void)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    bool found = false;

    if ( !processes )
        err(1, "/proc");
    while ( !found && (entry = readdir(processes)) )
        found = isdigit((unsigned char)entry->d_name[0]) &&
                is_toolstack(entry->d_name);
    closedir(processes);

    return found;
}

/* ---- xenstore ------------------------------------------------------------- */

char *name_of_domain(struct xs_handle *store, uint32_t domid)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "/local/domain/%u/name", domid);

    return xs_read(store, XBT_NULL, path, NULL);
}

static void add_line(struct lines *lines, char *line)
{
    if ( !line )
        err(1, "memory");
    if ( lines->nr == lines->space )
    {
        lines->space = 2 * lines->space + 128;
        lines->line = realloc(lines->line, lines->space * sizeof(char *));
        if ( !lines->line )
            err(1, "memory");
    }
    lines->line[lines->nr++] = line;
}

static bool is_lasting(const char *path)
{
    for ( size_t i = 0; i < LENGTH(lasting_nodes); i++ )
        if ( !fnmatch(lasting_nodes[i], path, 0) )
            return true;

    return false;
}

static void add_value(struct xs_handle *store, struct lines *lines,
                      const char *path)
{
    unsigned int length;
    char *value = xs_read(store, XBT_NULL, path, &length), *line;

    if ( value && length && asprintf(&line, "%s = \"%s\"", path, value) >= 0 )
        add_line(lines, line);
    free(value);
}

/* A node that goes meanwhile has nothing below it. */
static void add_nodes(struct xs_handle *store, struct lines *lines,
                      const char *path, bool values)
{
    unsigned int nr = 0;
    char **name = xs_directory(store, XBT_NULL, path, &nr);
    char child[PATH_SIZE];

    if ( values )
        add_value(store, lines, path);
    else if ( !is_lasting(path) )
        add_line(lines, strdup(path));

    for ( unsigned int i = 0; name && i < nr; i++ )
    {
        snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "",
                 name[i]);
        add_nodes(store, lines, child, values);
    }
    free(name);
}

static int compare_lines(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

struct lines store_lines(struct xs_handle *store, const char *root, bool values)
{
    struct lines lines = { .nr = 0 };

    add_nodes(store, &lines, root, values);
    qsort(lines.line, lines.nr, sizeof(char *), compare_lines);

    return lines;
}

bool print_difference(const struct lines *before, const struct lines *now)
{
    size_t i = 0, j = 0;
    bool same = true;

    while ( i < before->nr || j < now->nr )
    {
        int order = i == before->nr ? 1 : j == now->nr ? -1
                    : strcmp(before->line[i], now->line[j]);

        if ( order )
            printf("%c%s\n", order < 0 ? '-' : '+',
                   order < 0 ? before->line[i] : now->line[j]);
        same &= !order;
        i += order <= 0;
        j += order >= 0;
    }

    return same;
}

void lines_free(struct lines *lines)
{
    for ( size_t i = 0; i < lines->nr; i++ )
        free(lines->line[i]);
    free(lines->line);
    *lines = (struct lines){ .nr = 0 };
}
