/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What Xen has: its domains and its free memory, see host.h.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host.h"
#include "names.h"

#define BACKGROUND_LIMIT 5 /* seconds for Xen to free what a domain had */
#define POLL_NANOSECONDS 5000000L

/* Xen has small allocations of its own; as tests/e2e/driver has it. */
#define FREE_SLACK 8

static bool is_guest(const struct sweep *sweep, uint32_t domid)
{
    for ( unsigned int i = 0; i < sweep->nr_guests; i++ )
        if ( sweep->guests[i]->domid == domid )
            return true;

    return false;
}

unsigned int other_domains(const struct sweep *sweep, bool dying,
                           uint32_t *domids)
{
    xc_domaininfo_t info[DOMAINS_MAX];
    int nr = xc_domain_getinfolist(sweep->xch, 1, DOMAINS_MAX, info);
    unsigned int found = 0;

    for ( int i = 0; i < nr; i++ )
        if ( !(info[i].flags & XEN_DOMINF_dying) == !dying &&
             (dying || !is_guest(sweep, info[i].domain)) )
            domids[found++] = info[i].domain;

    return found;
}

bool is_peer(const struct guest *guest, const char *region)
{
    return guest->domid && !guest->detached && !strcmp(guest->region, region);
}

bool is_alive(const struct sweep *sweep, uint32_t domid)
{
    xc_domaininfo_t info;

    return !xc_domain_getinfo_single(sweep->xch, domid, &info) &&
           !(info.flags & XEN_DOMINF_dying);
}

void adopt(struct sweep *sweep, struct guest *guest, uint32_t domid)
{
    xc_domaininfo_t info;
    const uint8_t *h = info.handle;

    guest->domid = domid;
    if ( xc_domain_getinfo_single(sweep->xch, domid, &info) )
    {
        complain(sweep, "domain %"PRIu32" is not there", domid);
        return;
    }
    snprintf(guest->uuid, sizeof(guest->uuid),
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x", h[0], h[1], h[2], h[3], h[4], h[5],
             h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15]);
}

static uint64_t free_pages(const struct sweep *sweep)
{
    xc_physinfo_t info = { 0 };

    if ( xc_physinfo(sweep->xch, &info) )
        return 0;

    /* Nobody has a claim by now. */
    return info.free_pages - info.outstanding_pages;
}

static bool has_same_memory(const struct sweep *sweep)
{
    const uint64_t pages = free_pages(sweep), wanted = sweep->free_pages;

    return (pages > wanted ? pages - wanted : wanted - pages) <= FREE_SLACK;
}

/* Whoever goes has gone for good: no peer keeps what is left of another. */
static bool has_no_dying(const struct sweep *sweep)
{
    uint32_t domids[DOMAINS_MAX];

    return !other_domains(sweep, true, domids);
}

static bool wait_until(const struct sweep *sweep,
                       bool (*ready)(const struct sweep *sweep))
{
    const time_t end = time(NULL) + BACKGROUND_LIMIT;

    while ( !ready(sweep) )
    {
        if ( time(NULL) > end )
            return false;
        nanosleep(&(struct timespec){ .tv_nsec = POLL_NANOSECONDS }, NULL);
    }

    return true;
}

void remember_host(struct sweep *sweep)
{
    wait_until(sweep, has_no_dying);
    names_free(sweep->names);
    sweep->names = names_take(sweep);
    sweep->free_pages = free_pages(sweep);
}

void check_host(struct sweep *sweep)
{
    uint32_t domids[DOMAINS_MAX];
    struct names *now;

    if ( other_domains(sweep, false, domids) )
        complain(sweep, "left behind: domain %"PRIu32, domids[0]);
    if ( !wait_until(sweep, has_no_dying) &&
         other_domains(sweep, true, domids) )
        complain(sweep, "left behind: dying domain %"PRIu32, domids[0]);
    if ( !wait_until(sweep, has_same_memory) )
        complain(sweep, "free pages: %"PRIu64", wanted %"PRIu64,
                 free_pages(sweep), sweep->free_pages);

    now = names_take(sweep);
    names_compare(sweep, sweep->names, now);
    names_free(now);
}
