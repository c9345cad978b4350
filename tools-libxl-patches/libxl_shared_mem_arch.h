/*
 * Static shared memory: what each architecture provides, in
 * libxl_shared_mem_<arch>.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_ARCH_H
#define LIBXL_SHARED_MEM_ARCH_H

#include "libxl_internal.h"
#include "libxl_shared_mem_plan.h"

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

#endif /* LIBXL_SHARED_MEM_ARCH_H */
