/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What there is in xenstore and in the toolstack's directories, see names.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"

#define NAME_SIZE 512
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct entry {
    char *shown; /* with roles */
    char *name;  /* as it is */
    bool is_file;
};

struct names {
    struct entry *entries;
    size_t nr, space;
};

/* Directories in which xl and libxl leave things. */
static const char *const directories[] = { "/var/lib/xen", "/run/xen" };

/* Nodes that are looked at elsewhere, with all below them. */
static const char *const other_nodes[] = {
    "/local/shared_mem", "/libxl/shared_mem", "/libxl/shared_mem_factories",
};

/*
 * A lock is held by a process, not by its file: one that is left behind by a
 * process that was killed does no harm, and is used again.
 */
static const char *const lock_files[] = {
    "/var/lib/xen/userdata-l.0.00000000-0000-0000-0000-000000000000.shared-mem-lock",
    "/run/xen/shared-mem-pages.lock",
    "/run/xen/shared-mem-keeper.lock",
    "/run/xen/shared-mem-standby.lock",
};

/* What a guest that is there has below these, is its own. */
static const char *const guests_nodes[] = {
    "/local/domain/{", "/libxl/{", "/vm/{",
};

static bool is_separator(char c)
{
    return !c || c == '/' || c == '.';
}

/* Length of the guest's number or UUID that @text begins with; or 0. */
static size_t begins_with_guest(const char *text, bool at_start,
                                const struct guest *guest)
{
    char domid[12];
    size_t length = strlen(guest->uuid);

    if ( !guest->domid )
        return 0;
    if ( !strncmp(text, guest->uuid, length) )
        return length;

    length = snprintf(domid, sizeof(domid), "%u", guest->domid);

    return at_start && !strncmp(text, domid, length) &&
           is_separator(text[length]) ? length : 0;
}

static char *with_roles(const struct sweep *sweep, const char *name)
{
    char shown[NAME_SIZE];
    size_t used = 0;

    for ( const char *at = name; *at && used < sizeof(shown) - 32; )
    {
        const bool at_start = at == name || is_separator(at[-1]);
        size_t length = 0;

        for ( unsigned int i = 0; i < sweep->nr_guests && !length; i++ )
        {
            length = begins_with_guest(at, at_start, sweep->guests[i]);
            if ( length )
                used += sprintf(shown + used, "{%s}", sweep->guests[i]->role);
        }
        if ( !length )
            shown[used++] = *at;
        at += length ? length : 1;
    }
    shown[used] = '\0';

    return strdup(shown);
}

/* Returns the name as it is shown. */
static const char *add(struct sweep *sweep, struct names *names,
                       const char *name, bool is_file)
{
    char *shown = with_roles(sweep, name);

    if ( names->nr == names->space )
    {
        names->space = 2 * names->space + 256;
        names->entries = realloc(names->entries,
                                 names->space * sizeof(*names->entries));
    }
    names->entries[names->nr++] = (struct entry){
        .shown = shown,
        .name = strdup(name),
        .is_file = is_file,
    };

    return shown;
}

static bool is_one_of(const char *path, const char *const *paths, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ )
        if ( !strcmp(path, paths[i]) )
            return true;

    return false;
}

/* @shown: with roles. */
static bool is_of_guest(const char *shown)
{
    for ( size_t i = 0; i < LENGTH(guests_nodes); i++ )
        if ( !strncmp(shown, guests_nodes[i], strlen(guests_nodes[i])) )
            return true;

    return false;
}

static void add_nodes(struct sweep *sweep, struct names *names,
                      const char *path)
{
    unsigned int nr = 0;
    char **children;

    if ( is_one_of(path, other_nodes, LENGTH(other_nodes)) )
        return;
    if ( strcmp(path, "/") && is_of_guest(add(sweep, names, path, false)) )
        return;

    children = xs_directory(sweep->xsh, XBT_NULL, path, &nr);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        char child[NAME_SIZE];

        snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "",
                 children[i]);
        add_nodes(sweep, names, child);
    }
    free(children);
}

static void add_files(struct sweep *sweep, struct names *names,
                      const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    if ( !directory )
        return;

    while ( (entry = readdir(directory)) )
    {
        char name[NAME_SIZE];

        if ( entry->d_name[0] == '.' )
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if ( entry->d_type == DT_DIR )
            add_files(sweep, names, name);
        else if ( !is_one_of(name, lock_files, LENGTH(lock_files)) )
            add(sweep, names, name, true);
    }
    closedir(directory);
}

static int compare_entries(const void *one, const void *two)
{
    return strcmp(((const struct entry *)one)->shown,
                  ((const struct entry *)two)->shown);
}

struct names *names_take(struct sweep *sweep)
{
    struct names *names = calloc(1, sizeof(*names));

    add_nodes(sweep, names, "/");
    for ( size_t i = 0; i < LENGTH(directories); i++ )
        add_files(sweep, names, directories[i]);
    qsort(names->entries, names->nr, sizeof(*names->entries), compare_entries);

    return names;
}

/* Calls each of the functions for what only one of the two has. */
static void for_differences(
    struct sweep *sweep, const struct names *before, const struct names *now,
    void (*extra)(struct sweep *sweep, const struct entry *entry),
    void (*missing)(struct sweep *sweep, const struct entry *entry))
{
    size_t i = 0, j = 0;

    while ( i < before->nr || j < now->nr )
    {
        const int order = i == before->nr ? 1 : j == now->nr ? -1 :
                          compare_entries(&before->entries[i],
                                          &now->entries[j]);

        if ( order < 0 )
            missing(sweep, &before->entries[i]);
        if ( order > 0 )
            extra(sweep, &now->entries[j]);
        i += order <= 0;
        j += order >= 0;
    }
}

/*
 * libxl's destruction of a domain, also without regions, goes on where it can
 * not find a device, or cannot remove nodes, and leaves those nodes for good.
 * Its creation goes on where it cannot tell the domain's nodes where the other
 * ones are, which nobody can find later.  (A creation that fails or is killed
 * leaves none of these.)  @ is the number of the domain, # its UUID.
 */
struct stock_leak {
    const char *failed, *left; /* patterns of fnmatch() */
};

#define CONSOLE "/local/domain/0/backend/console/@*"

static const struct stock_leak stock_leaks[] = {
    /* Looking for the devices. */
    { "request directory /libxl/@/device*", CONSOLE },
    { "request read /libxl/@/device/*", CONSOLE },
    /* Taking down the console, in one transaction. */
    { "request get_domain_path of 0", CONSOLE },
    { "request get_domain_path of @", CONSOLE },
    { "request read domid", CONSOLE },
    { "request transaction_*", CONSOLE },
    { "request rm /local/domain/@/console", CONSOLE },
    { "request read /local/domain/@", CONSOLE },
    { "request directory /local/domain/@", CONSOLE },
    { "request rm /libxl/@/device*", CONSOLE },
    { "request read /libxl/@", CONSOLE },
    { "request directory /libxl/@", CONSOLE },
    { "request * /local/domain/0/backend*", CONSOLE },
    /* The domain's own nodes. */
    { "request rm /local/domain/@", "/local/domain/@*" },
    { "request rm /libxl/@", "/libxl/@*" },
    { "request rm /vm/#", "/vm/#*" },
    { "request read /local/domain/@/vm", "/vm/#*" },
    { "hypercall domctl getdomaininfo of @",
      "/var/lib/xen/userdata-d.@.#.libxl-json" },
};

static const struct stock_leak creation_leak = {
    "request write /local/domain/@/vm", "/vm/#*"
};

/* @pattern: with @ and # for the number and the UUID of the domain. */
static bool matches(const struct guest *guest, const char *pattern,
                    const char *text)
{
    char whole[NAME_SIZE], domid[12];
    size_t used = 0;

    snprintf(domid, sizeof(domid), "%u", guest->domid);
    for ( const char *at = pattern; *at && used < sizeof(whole); at++ )
        used += *at == '@' || *at == '#'
                ? snprintf(whole + used, sizeof(whole) - used, "%s",
                           *at == '@' ? domid : guest->uuid)
                : snprintf(whole + used, sizeof(whole) - used, "%c", *at);

    return !fnmatch(whole, text, 0);
}

static bool allows(const struct stock_leak *leak, const struct guest *guest,
                   const char *failed, const struct entry *entry)
{
    return matches(guest, leak->failed, failed) &&
           matches(guest, leak->left, entry->name);
}

static bool is_stock_leak(const struct sweep *sweep, const struct entry *entry)
{
    const struct guest *guest = &sweep->destroyed;

    if ( !guest->domid )
        return false;

    for ( size_t i = 0; i < LENGTH(stock_leaks); i++ )
        if ( allows(&stock_leaks[i], guest, sweep->failed, entry) )
            return true;

    return allows(&creation_leak, guest, guest->failed, entry);
}

static void remove_entry(struct sweep *sweep, const struct entry *entry)
{
    if ( entry->is_file )
        unlink(entry->name);
    else
        xs_rm(sweep->xsh, XBT_NULL, entry->name);
}

/*
 * What is below a node that is left behind, is left behind with it.  What is
 * allowed to stay is removed, so that it is seen no more.
 */
static void complain_of_extra(struct sweep *sweep, const struct entry *entry)
{
    static char last[NAME_SIZE];
    const size_t length = strlen(last);

    if ( length && !strncmp(entry->name, last, length) &&
         entry->name[length] == '/' )
        return;

    if ( is_stock_leak(sweep, entry) )
    {
        remove_entry(sweep, entry);
        return;
    }

    snprintf(last, sizeof(last), "%s", entry->name);
    complain(sweep, "left behind: %s", entry->name);
}

static void complain_of_missing(struct sweep *sweep, const struct entry *entry)
{
    complain(sweep, "lost: %s", entry->shown);
}

bool names_compare(struct sweep *sweep, const struct names *before,
                   const struct names *now)
{
    const unsigned int complaints = sweep->complaints;

    for_differences(sweep, before, now, complain_of_extra,
                    complain_of_missing);

    return sweep->complaints == complaints;
}

static void leave_entry(struct sweep *sweep, const struct entry *entry)
{
    (void)sweep;
    (void)entry;
}

void names_remove_extra(struct sweep *sweep, const struct names *before,
                        const struct names *now)
{
    for_differences(sweep, before, now, remove_entry, leave_entry);
}

void names_free(struct names *names)
{
    for ( size_t i = 0; names && i < names->nr; i++ )
    {
        free(names->entries[i].shown);
        free(names->entries[i].name);
    }
    if ( names )
        free(names->entries);
    free(names);
}
