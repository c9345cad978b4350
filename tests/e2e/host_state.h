/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a test host has: domains, processes of the toolstack, xenstore's nodes,
 * free memory.  To be compared with what there was before.
 */
#ifndef E2E_HOST_STATE_H
#define E2E_HOST_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenctrl.h>
#include <xenstore.h>

#define HOST_DOMAINS_MAX 128

/* A sorted list of lines, each of its own memory. */
struct lines {
    char **line;
    size_t nr, space;
};

/* Waits until @ready says so, for @seconds at most; false if it never did. */
bool wait_until(bool (*ready)(void *data), void *data, uint64_t seconds);

/* Lets @milliseconds pass. */
void pause_for(uint64_t milliseconds);

/* Those but dom0, dying ones too.  Returns how many there are. */
unsigned int list_domains(xc_interface *xch,
                          xc_domaininfo_t info[HOST_DOMAINS_MAX]);

/* The name by which libxl knows a domain, or NULL; for free(). */
char *name_of_domain(struct xs_handle *store, uint32_t domid);

/* Whether an xl, or a keeper of factory pages, runs. */
bool toolstack_runs(void);

/* Free 4 KiB pages of Xen. */
unsigned long free_pages(xc_interface *xch);

/*
 * The nodes at and below @root: all names, or with @values all nodes that have a
 * value, as PATH = "VALUE".  For lines_free().
 */
struct lines store_lines(struct xs_handle *store, const char *root,
                         bool values);

/*
 * Prints the lines that only one of the two has, with - if it is @before, else
 * with +.  Returns whether there is none.
 */
bool print_difference(const struct lines *before, const struct lines *now);

void lines_free(struct lines *lines);

#endif /* E2E_HOST_STATE_H */
