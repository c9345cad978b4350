/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the parts of faultsweep share: the host, its guests, and the point of
 * the sweep that is under way.
 */
#ifndef FAULTSWEEP_SWEEP_H
#define FAULTSWEEP_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xenstore.h>

#include "../xen_fault.h"

#define SWEEP_DIR    "/tmp/faultsweep"
#define UUID_SIZE    37
#define DOMAINS_MAX  64
#define GUESTS_MAX   8
#define REGION_SIZE  0x10000ULL

/* A guest that shares one region of REGION_SIZE, and has a factory page. */
struct guest {
    const char *name;   /* of the domain */
    const char *role;   /* stands for it in the names of nodes and files */
    const char *region;
    uint64_t gpa;       /* where it has the region */
    uint64_t factory;   /* and its factory page */
    uint32_t domid;     /* 0: there is no such domain */
    char uuid[UUID_SIZE];
    bool detached;      /* it has its factory page, but not the region */
    char failed[FAULT_NAME_SIZE]; /* call, when it was created; "": none */
};

struct names; /* see names.h */

struct sweep {
    xc_interface *xch;
    xenforeignmemory_handle *fmem;
    struct xs_handle *xsh;
    struct fault *fault;    /* shared with the xl that runs */

    struct guest *guests[GUESTS_MAX]; /* all that the scenario uses */
    unsigned int nr_guests;

    /* The host as it is to be between two rounds. */
    struct names *names;
    uint64_t free_pages;

    bool stale;             /* a record may name a domain that has died */
    bool show;              /* print all that xl prints */
    char point[256];        /* what is under way, for complaints */
    char failed[FAULT_NAME_SIZE]; /* its call that failed; "" if none did */
    struct guest destroyed; /* the one that this was to destroy; or none */
    unsigned int complaints;
};

/* Prints what is wrong, with the point at which it is, and counts it. */
__attribute__((format(printf, 2, 3)))
void complain(struct sweep *sweep, const char *format, ...);

#endif /* FAULTSWEEP_SWEEP_H */
