/*
 * Static shared memory: what the rest of libxl calls, what its own files
 * share, and what each architecture provides.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_INTERNAL_H
#define LIBXL_SHARED_MEM_INTERNAL_H

#include "libxl_internal.h"
#include "libxl_shared_mem_plan.h"

/*----- libxl_shared_mem.c -----*/

/*
 * Checks all that can be checked before the domain exists: d_config, after
 * its defaults are set, the regions that it is to join, and free memory.
 * restore: the domain is not to be built afresh, but restored or migrated
 * in.  Logs one line on error.
 */
_hidden int libxl__shared_mem_check(libxl__gc *gc,
                                    const libxl_domain_config *d_config,
                                    bool restore);

/*
 * Checks that an existing domain shares no memory; else logs that it cannot be
 * `action' ("saved").  For what would lose the regions.
 */
_hidden int libxl__shared_mem_check_none(libxl__gc *gc, uint32_t domid,
                                         const char *action);

/* Whether an existing domain shares memory.  Costs one xenstore read. */
_hidden int libxl__shared_mem_has_regions(libxl__gc *gc, uint32_t domid,
                                          bool *has_r);

/* How much RAM, in KiB, to add for the sizing of the paging memory. */
_hidden uint64_t
libxl__shared_mem_paging_memkb(libxl__gc *gc,
                               const libxl_domain_config *d_config);

/* How much memory, in KiB, is to be found for regions of the domain that no
 * live domain has. */
_hidden int libxl__shared_mem_new_memkb(libxl__gc *gc,
                                        const libxl_domain_config *d_config,
                                        uint64_t *memkb_r);

/*
 * Adds what the regions of an existing domain add to its memory, or take away
 * from it, to *memkb, modulo 2^64.  For who sets its maximum or its target.
 */
_hidden int libxl__shared_mem_extra_memory(libxl__gc *gc, uint32_t domid,
                                           uint64_t *memkb);

/* Whether a target of memkb leaves a domain any memory.  extra: what the
 * function above added.  Logs one line if not. */
_hidden int libxl__shared_mem_check_target(libxl__gc *gc, uint32_t domid,
                                           uint64_t memkb, uint64_t extra);

/*
 * Gives a built domain that has not run yet its regions: allocates or maps
 * them all, and records them.  image: what the builder put in its memory.  On
 * error one line is logged, no record has been changed, and the caller
 * destroys the domain, with which the pages go.  May call back at once.
 */
_hidden void libxl__shared_mem_build(libxl__egc *egc,
                                     libxl__shared_mem_task *task,
                                     const libxl_domain_config *d_config,
                                     const libxl__shared_mem_layout *image);

/*
 * Takes a domain that is going to be destroyed, and runs no more, off the
 * records of its regions.  Costs one xenstore read if it has none.  Its
 * mappings go with its address space.  May call back at once.
 */
_hidden void libxl__shared_mem_release(libxl__egc *egc,
                                       libxl__shared_mem_task *task);

/* The name of a factory page's range.  No region can be called so. */
#define LIBXL__SHARED_MEM_FACTORY_NAME "factory page"

_hidden bool
libxl__shared_mem_has_factory(const libxl_domain_config *d_config);

/* How many regions a domain asks for, and one more for a factory page. */
_hidden int libxl__shared_mem_nr_ranges(const libxl_domain_config *d_config);

/* These: the regions in the config's order, then the factory page. */
_hidden libxl__shared_mem_range *
libxl__shared_mem_config_ranges(libxl__gc *gc,
                                const libxl_domain_config *d_config);

/* How an error line begins that is about the range of that name, or NULL. */
_hidden const char *libxl__shared_mem_option(libxl__gc *gc, const char *name);

/* One line that names the domain, the region and the cause. */
#define SHARED_MEM_LOG(d_config, range, fmt, ...)                           \
    LOG(ERROR, "domain %s: %s: " fmt,                                       \
        (d_config)->c_info.name ?: "(unnamed)",                             \
        libxl__shared_mem_option(gc, range), ##__VA_ARGS__)

/* A region, and what the domain being built does to it; or its factory page,
 * which has no record. */
typedef struct libxl__shared_mem_region {
    bool is_factory;
    libxl__shared_mem_request request;
    libxl__shared_mem_record before;    /* as xenstore has it */
    libxl__shared_mem_record now;       /* without dead peers, later with us */
    bool inside;                        /* the range is RAM of the domain */
    unsigned int nr_segments;
    libxl__shared_mem_segment segments[LIBXL__SHARED_MEM_SEGMENTS_MAX];
} libxl__shared_mem_region;

/*
 * The range of a region that a running domain is to get or to lose, while
 * nobody has finished that; size 0 if there is none.  Who finds one of
 * somebody that was killed has to take the pages back.
 */
typedef struct libxl__shared_mem_change {
    bool detaches;
    libxl__shared_mem_range range;  /* without a name */
} libxl__shared_mem_change;

/* The nodes of a domain itself. */
typedef struct libxl__shared_mem_domain {
    uint32_t domid;
    bool is_gone;           /* it is to have none; else: */
    bool runs;              /* it may have some already */
    const char *uuid;
    libxl__shared_mem_index index;
    int64_t memkb;          /* what its ranges add to its memory */
    bool has_factory;
    uint64_t factory;       /* guest-physical address of its factory page */
    libxl__shared_mem_change change;
} libxl__shared_mem_domain;

/* Checks the regions, and the factory page, that one domain asks for by
 * themselves.  Logs one line on error. */
_hidden int libxl__shared_mem_check_regions(
    libxl__gc *gc, const libxl_domain_config *d_config);

/*
 * Reads the records of all regions of a domain, checks each region, and the
 * factory page, against them and against the guest's address space, and plans
 * where its pages are to come from.  Without the lock that is a forecast.
 */
_hidden int libxl__shared_mem_plan(libxl__gc *gc,
                                   const libxl_domain_config *d_config,
                                   const libxl__shared_mem_layout *layout,
                                   libxl__shared_mem_region **regions_r);

/* Whether there is free memory for what is new by that plan.  Logs one line
 * if not. */
_hidden int libxl__shared_mem_check_memory(
    libxl__gc *gc, const libxl_domain_config *d_config,
    const libxl__shared_mem_region *regions);

/* What a domain is to get, and what is then to be written. */
typedef struct libxl__shared_mem_job {
    const libxl_domain_config *d_config;
    const libxl__shared_mem_layout *layout;
    libxl__shared_mem_region *regions;      /* one for each range */
    libxl__shared_mem_domain domain;
} libxl__shared_mem_job;

/*
 * Gets the domain the memory that task->job has planned, and puts it down
 * there.  The caller holds the lock, and takes pages back on error.
 */
_hidden void
libxl__shared_mem_carry_out(libxl__egc *egc, libxl__shared_mem_task *task,
                            libxl__shared_mem_callback *carried_out);

/*----- libxl_shared_mem_task.c -----*/

/* Keeps all others on this host from changing records, until unlocked; which
 * may be called without, after an error.  May call back at once. */
_hidden void libxl__shared_mem_lock(libxl__egc *egc,
                                    libxl__shared_mem_task *task,
                                    libxl__shared_mem_callback *locked);
_hidden void libxl__shared_mem_unlock(libxl__gc *gc,
                                      libxl__shared_mem_task *task);

/* The same for who does not wait: NULL if somebody has it. */
_hidden libxl__flock *libxl__shared_mem_try_lock(libxl__gc *gc);

/* Keeps everybody from writing records and factory pages.  For short, and not
 * by who is going to take the lock above.  NULL after a line was logged. */
_hidden libxl__flock *libxl__shared_mem_lock_pages(libxl__gc *gc);

/*
 * Has work done that concerns so many pages: at once if they are few, else by
 * a process, which has no xenstore, and whose memory is its own.  It's killed
 * if the ao is aborted, and has ended when worked is called, with what work
 * returned, or another error.  May call back at once.
 */
typedef int libxl__shared_mem_work_fn(libxl__gc *gc,
                                      libxl__shared_mem_task *task);
_hidden void libxl__shared_mem_work(libxl__egc *egc,
                                    libxl__shared_mem_task *task,
                                    uint64_t pages,
                                    libxl__shared_mem_work_fn *work,
                                    libxl__shared_mem_callback *worked);

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

/* ERROR_DOMAIN_DESTROYED, said in a message: the domain is gone, or goes. */
_hidden int libxl__shared_mem_get_uuid(libxl__gc *gc, uint32_t domid,
                                       const char **uuid_r);

/* What has become of a domain that somebody took down. */
typedef enum libxl__shared_mem_life {
    LIBXL__SHARED_MEM_GONE,     /* its domid may be another domain's */
    LIBXL__SHARED_MEM_DYING,    /* it is being destroyed */
    LIBXL__SHARED_MEM_ENDED,    /* it has crashed or shut down */
    LIBXL__SHARED_MEM_ALIVE,
} libxl__shared_mem_life;

/* Returns an error if that can't be found out: nobody is to be taken for dead
 * for that. */
_hidden int libxl__shared_mem_get_life(libxl__gc *gc, uint32_t domid,
                                       const char *uuid,
                                       libxl__shared_mem_life *life_r);

/* The nodes of a domain that runs; none is fine.  Logs one line on error. */
_hidden int libxl__shared_mem_read_domain(libxl__gc *gc, uint32_t domid,
                                          libxl__shared_mem_domain *domain);

/* Writes what changed of nr records, and the nodes of *domain, which may be
 * NULL, in one transaction. */
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

/* Reads the list of regions that a domain has; an empty one if none.
 * *exists_r: it has one, or has a factory page. */
_hidden int libxl__shared_mem_read_index(libxl__gc *gc, uint32_t domid,
                                         libxl__shared_mem_index *index_r,
                                         bool *exists_r);

/* What the ranges of a domain add to its memory, in KiB; 0 if nothing. */
_hidden int libxl__shared_mem_read_memkb(libxl__gc *gc, uint32_t domid,
                                         int64_t *memkb_r);

/* *uuid_r: of the domain that has a factory page, at *gpa_r; NULL if none.  It
 * may be an earlier domain of that domid. */
_hidden int libxl__shared_mem_read_factory(libxl__gc *gc, uint32_t domid,
                                           const char **uuid_r,
                                           uint64_t *gpa_r);

/* The names of what is in a directory, which need not exist. */
_hidden int libxl__shared_mem_list_names(libxl__gc *gc, const char *path,
                                         char ***names_r, unsigned int *nr_r);

/*----- libxl_shared_mem_factory.c -----*/

/*
 * Writes what has changed to the factory pages of all domains.  The caller
 * holds the lock.  new_domain: who has not run yet, and has to have its page;
 * may be NULL.  Pages of others that can't be written are logged, and left to
 * the keeper.
 */
_hidden int
libxl__shared_mem_update_factories(libxl__gc *gc,
                                   const libxl__shared_mem_domain *new_domain);

/*
 * Sees to it that a keeper runs while any domain has a factory page: starts
 * libxl-shared-mem-keeper, which returns at once if it runs as a service, or
 * if there are a keeper and a standby.  Calls done later on; if it returns an
 * error, it has logged a line, and does not.
 */
_hidden int libxl__shared_mem_start_keeper(libxl__ao *ao,
                                           libxl__async_exec_state *aes,
                                           libxl__async_exec_callback *done);

/*----- libxl_shared_mem_map.c -----*/

/* Whether the hypervisor can share memory.  Logs one line if it can't. */
_hidden int
libxl__shared_mem_check_hypervisor(libxl__gc *gc,
                                   const libxl_domain_config *d_config);

/* Whether Xen has begun to destroy a domain.  Its flag for that is there only
 * when all of the domain's memory has gone. */
_hidden bool libxl__shared_mem_is_dying(libxl__gc *gc, uint32_t domid);

/*
 * Gives domid the pages of one region, as its segments say.  The caller holds
 * the lock.  layout: for error messages, of which there's one line.
 */
_hidden int
libxl__shared_mem_map_region(libxl__gc *gc, uint32_t domid,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *layout,
                             const libxl__shared_mem_region *r);

/*
 * Checks that a domain that runs has nothing where it is to get a region; else
 * logs one line.
 */
_hidden int
libxl__shared_mem_check_free(libxl__gc *gc, uint32_t domid,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *layout,
                             const libxl__shared_mem_region *r);

/* Takes all pages of regions in the range away from a domain.  The caller
 * holds the lock.  Logs one line on error; some pages may be left then. */
_hidden int libxl__shared_mem_unmap(libxl__gc *gc, uint32_t domid,
                                    const libxl__shared_mem_range *range);

/*----- libxl_shared_mem_layout.c -----*/

/*
 * Takes down in state where the RAM of a domain is and what the builder loaded
 * into it, at the end of the build, before dom is released.
 */
_hidden void libxl__shared_mem_note_image(libxl__gc *gc,
                                          const libxl_domain_config *d_config,
                                          const struct xc_dom_image *dom,
                                          libxl__domain_build_state *state);

/*
 * All that the guest has in its address space.  image: what the builder made
 * of it; NULL before the domain is built: then RAM is what the config leads
 * to, and nothing is loaded.
 */
_hidden libxl__shared_mem_layout *
libxl__shared_mem_get_layout(libxl__gc *gc,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *image);

/*
 * Checks one region against the layout.  *inside_r: whether the range is RAM
 * of the guest.  Logs one line on error.
 */
_hidden int libxl__shared_mem_check_place(
    libxl__gc *gc, const libxl_domain_config *d_config,
    const libxl__shared_mem_layout *layout,
    const libxl__shared_mem_range *range, bool *inside_r);

/* "; BEGIN-END is free", to end an error line about *range; or "". */
_hidden const char *libxl__shared_mem_suggest(
    libxl__gc *gc, const libxl_domain_config *d_config,
    const libxl__shared_mem_layout *layout,
    const libxl__shared_mem_range *range);

/*----- libxl_shared_mem_dump.c -----*/

/*
 * Writes a dump of a domain's memory to a file, as libxl_domain_core_dump()
 * does.  Where the domain has regions, it takes no longer for an address that
 * is high.  Logs one line on error.
 */
_hidden int libxl__shared_mem_core_dump(libxl__gc *gc, uint32_t domid,
                                        const char *filename);

/*----- libxl_shared_mem_<arch>.c -----*/

/* Suggestions end below it: each guest can address that much. */
#define LIBXL__SHARED_MEM_SUGGEST_LIMIT (UINT64_C(1) << 36)

/*
 * The guest's banks of RAM, the lowest first, at least one: as its config
 * leads to them, or as the builder made them.  Returns how many there are.
 */
_hidden unsigned int libxl__shared_mem_arch_config_ram(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range ram_r[LIBXL__SHARED_MEM_RAM_MAX]);
_hidden unsigned int libxl__shared_mem_arch_image_ram(
    const struct xc_dom_image *dom,
    libxl__shared_mem_range ram_r[LIBXL__SHARED_MEM_RAM_MAX]);

/*
 * Where the guest may have memory in the end, its regions apart: its banks of
 * RAM, and where its firmware may have put some of it.  The lowest first.
 */
_hidden unsigned int libxl__shared_mem_arch_memory(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range memory_r[LIBXL__SHARED_MEM_RAM_MAX]);

/* Whether the guest can be told of its regions.  Logs one line if not. */
_hidden int
libxl__shared_mem_arch_check_map(libxl__gc *gc,
                                 const libxl_domain_config *d_config);

/* The memory that the kernel takes from where it is loaded, in bytes. */
_hidden uint64_t
libxl__shared_mem_arch_kernel_size(const struct xc_dom_image *dom);

#define LIBXL__SHARED_MEM_PLATFORM_MAX 16

/*
 * What the virtual platform puts at fixed places, RAM apart.  Returns the
 * number of entries; those that tell more come first.  The names are static
 * strings that go behind "overlaps the".
 */
_hidden unsigned int libxl__shared_mem_arch_platform(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range platform_r[LIBXL__SHARED_MEM_PLATFORM_MAX]);

/*
 * Has domid's accesses to the range be of normal write-back type, which is
 * what all other peers and the toolstack use.
 */
_hidden int libxl__shared_mem_arch_set_memory_type(
    libxl__gc *gc, uint32_t domid, const libxl__shared_mem_range *range);

/* Undoes that. */
_hidden int libxl__shared_mem_arch_reset_memory_type(
    libxl__gc *gc, uint32_t domid, const libxl__shared_mem_range *range);

/*
 * Writes bytes back to memory that are mapped at begin, in the page gfn of a
 * domain: for a guest that has its caches off.  Returns -1, with errno, if
 * that fails.
 */
_hidden int libxl__shared_mem_arch_clean(libxl__gc *gc, uint32_t domid,
                                         xen_pfn_t gfn, const void *begin,
                                         size_t size);

#if defined(__i386__) || defined(__x86_64__)
/*
 * Reserves the regions in the memory map that the guest is going to get, of
 * *nr entries; *e820 may get replaced.  Logs one line on error.
 */
_hidden int libxl__shared_mem_x86_reserve(libxl__gc *gc,
                                          const libxl_domain_config *d_config,
                                          struct e820entry **e820,
                                          unsigned int *nr);
#endif

#endif /* LIBXL_SHARED_MEM_INTERNAL_H */
