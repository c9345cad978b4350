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

/* How much memory, in KiB, the domain would add for regions that no live
 * domain has. */
_hidden int libxl__shared_mem_new_memkb(libxl__gc *gc,
                                        const libxl_domain_config *d_config,
                                        uint64_t *memkb_r);

/*
 * Adds what the regions of an existing domain add to its memory, or take away
 * from it, to *memkb, modulo 2^64.  For who sets its maximum or its target.
 */
_hidden int
libxl__shared_mem_extra_memory(libxl__gc *gc, uint32_t domid,
                               const libxl_domain_config *d_config,
                               uint64_t *memkb);

/*
 * Gives a built domain that has not run yet its regions: populates or maps
 * them all, and records them.  image: what the builder put in its memory.  On
 * error one line is logged, no record has been changed, and the caller
 * destroys the domain, which takes the pages and mappings back.
 */
_hidden int libxl__shared_mem_build(libxl__gc *gc, uint32_t domid,
                                    const libxl_domain_config *d_config,
                                    const libxl__shared_mem_layout *image);

/*
 * Takes a domain that is going to be destroyed, and runs no more, off the
 * records of its regions.  Costs one xenstore read if it has none.  Its
 * mappings go with its address space.
 */
_hidden int libxl__shared_mem_release(libxl__gc *gc, uint32_t domid);

/* The regions of a domain: its config's, in the same order. */
_hidden libxl__shared_mem_range *
libxl__shared_mem_config_ranges(libxl__gc *gc,
                                const libxl_domain_config *d_config);

/* One line that names the domain, the region and the cause. */
#define SHARED_MEM_LOG(d_config, id, fmt, ...)                         \
    LOG(ERROR, "domain %s: static_shared_mem: region %s: " fmt,        \
        (d_config)->c_info.name ?: "(unnamed)", (id) ?: "(unnamed)",   \
        ##__VA_ARGS__)

/* A region, and what the domain being built does to it. */
typedef struct libxl__shared_mem_region {
    libxl__shared_mem_request request;
    libxl__shared_mem_record before;    /* as xenstore has it */
    libxl__shared_mem_record now;       /* without dead peers, later with us */
    bool inside;                        /* the range is RAM of the domain */
    unsigned int nr_segments;
    libxl__shared_mem_segment segments[LIBXL__SHARED_MEM_SEGMENTS_MAX];
} libxl__shared_mem_region;

/*----- libxl_shared_mem_map.c -----*/

/* Whether the hypervisor can share memory.  Logs one line if it can't. */
_hidden int
libxl__shared_mem_check_hypervisor(libxl__gc *gc, uint32_t domid,
                                   const libxl_domain_config *d_config);

/*
 * Gives domid the pages of one region, as its segments say.  The caller holds
 * the lock, and has raised the domain's maximum memory.  layout: for error
 * messages, of which there's one line.
 */
_hidden int
libxl__shared_mem_map_region(libxl__gc *gc, uint32_t domid,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *layout,
                             const libxl__shared_mem_region *r);

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
