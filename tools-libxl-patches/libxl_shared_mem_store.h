/*
 * Static shared memory: what is kept in xenstore of the regions and of the
 * domains that have them.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_STORE_H
#define LIBXL_SHARED_MEM_STORE_H

#include "libxl_internal.h"
#include "libxl_shared_mem_plan.h"

/*
 * The range of a region that a running domain is to get or to lose, while
 * nobody has finished that; size 0 if there is none.  Who finds one of
 * somebody that was killed has to take the pages back.
 */
typedef struct libxl__shared_mem_change {
    bool detaches;
    libxl__shared_mem_range range;  /* without a name */
} libxl__shared_mem_change;

/* What is kept of a domain itself. */
typedef struct libxl__shared_mem_domain {
    uint32_t domid;
    bool is_gone;           /* nothing is to be kept; else: */
    const char *uuid;
    unsigned int nr_ids;    /* of its regions, each of which occurs once */
    const char *ids[LIBXL__SHARED_MEM_REGIONS_MAX];
    uint64_t given_memkb;   /* of its RAM, in whose place it has ranges */
    uint64_t factory;       /* guest-physical address of its factory page; 0
                             * if it has none */
    libxl__shared_mem_change change;
} libxl__shared_mem_domain;

/*----- libxl_shared_mem_json.c -----*/

/* What is kept of a region that has peers, and of a domain; in gc. */
_hidden const char *
libxl__shared_mem_record_to_json(libxl__gc *gc,
                                 const libxl__shared_mem_record *record);
_hidden const char *
libxl__shared_mem_domain_to_json(libxl__gc *gc,
                                 const libxl__shared_mem_domain *domain);

/*
 * The other way.  Each returns what is wrong with the text, a static string
 * for an error message, or NULL; and fills all of the record, or of the domain
 * what is kept of it.
 */
_hidden const char *
libxl__shared_mem_record_from_json(libxl__gc *gc, const char *id,
                                   const char *text,
                                   libxl__shared_mem_record *record_r);
_hidden const char *
libxl__shared_mem_domain_from_json(libxl__gc *gc, const char *text,
                                   libxl__shared_mem_domain *domain);

/*----- libxl_shared_mem_store.c -----*/


/* Reads the record of a region; no mappings if there is no such region. */
_hidden int libxl__shared_mem_read_record(libxl__gc *gc, const char *id,
                                          libxl__shared_mem_record *record_r);

/* The same, for r->before, and for r->now without those who are dead. */
_hidden int libxl__shared_mem_read_region(libxl__gc *gc, const char *id,
                                          libxl__shared_mem_region *r);

/* The highest generation of the regions that are no more. */
_hidden int
libxl__shared_mem_read_last_generation(libxl__gc *gc, xs_transaction_t t,
                                       uint64_t *generation_r);

/*
 * What is kept of whichever domain had domid last, where *exists_r; else
 * *domain is all zeros but for its domid.  One request is enough for most.
 * Logs one line on error.
 */
_hidden int libxl__shared_mem_fetch_domain(libxl__gc *gc, uint32_t domid,
                                           libxl__shared_mem_domain *domain,
                                           bool *exists_r);

/* The same of a domain that runs; nothing is fine. */
_hidden int libxl__shared_mem_read_domain(libxl__gc *gc, uint32_t domid,
                                          libxl__shared_mem_domain *domain);

/* Writes what changed of nr records, and what is to be kept of *domain, which
 * may be NULL, in one transaction. */
_hidden int libxl__shared_mem_write(libxl__gc *gc,
                                    const libxl__shared_mem_region *regions,
                                    unsigned int nr,
                                    const libxl__shared_mem_domain *domain);

/*
 * Drops dead peers from the records of all regions: those who should have
 * done so were killed.  The caller holds the lock, and has its own to do: an
 * error is logged, and leaves them for the next one.
 */
_hidden void libxl__shared_mem_drop_dead_peers(libxl__gc *gc);

/* The names of what is in a directory, which need not exist. */
_hidden int libxl__shared_mem_list_names(libxl__gc *gc, const char *path,
                                         char ***names_r, unsigned int *nr_r);

#endif /* LIBXL_SHARED_MEM_STORE_H */
