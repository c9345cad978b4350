/*
 * Static shared memory on x86: where a PVH or HVM guest has its RAM and its
 * devices, the memory map that tells it of its regions, and their memory
 * type.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

/* For xc_domain_pin_memory_cacheattr(). */
#define XC_WANT_COMPAT_DEVICEMODEL_API

#include "libxl_internal.h"
#include "libxl_arch.h"
#include "libxl_shared_mem_arch.h"
#include "libxl_shared_mem_config.h"

#include <xenguest.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/e820.h>

#define FOUR_GIB (UINT64_C(1) << 32)
#define ONE_MIB  (UINT64_C(1) << 20)

/* As in libxc's xg_dom_x86.c: right below the special pages. */
#define NR_IOREQ_SERVER_PAGES 8

/* As in libxl_x86_acpi.c: the info page, and the tables that follow it. */
#define ACPI_SIZE ((1 + 16) * XC_PAGE_SIZE)

/*
 * Where the MMIO hole starts; it ends at 4 GiB.  For PVH, and unless
 * mmio_hole= makes it larger, this is what libxl__build_hvm() chooses: the
 * ACPI tables and the local APIC's page have to be in there.
 */
static uint64_t mmio_hole_begin(const libxl_domain_build_info *b_info)
{
    uint64_t begin = b_info->type == LIBXL_DOMAIN_TYPE_HVM
                     ? HVM_BELOW_4G_MMIO_START
                     : min_t(uint64_t, LAPIC_BASE_ADDRESS,
                             ACPI_INFO_PHYSICAL_ADDRESS);

    /* A config that is kept has no value but what was given. */
    if (b_info->type == LIBXL_DOMAIN_TYPE_HVM &&
        b_info->u.hvm.mmio_hole_memkb &&
        b_info->u.hvm.mmio_hole_memkb != LIBXL_MEMKB_DEFAULT)
        begin = min(begin, FOUR_GIB - (b_info->u.hvm.mmio_hole_memkb << 10));

    return begin;
}

/* An HVM guest's firmware, and the VGA hole, have the first MiB. */
static unsigned int set_ram(uint64_t low_begin, uint64_t low_end,
                            uint64_t high_end,
                            libxl__shared_mem_range *ram_r)
{
    const libxl__shared_mem_range ram[] = {
        { low_begin, low_end - low_begin, "domain's RAM" },
        { FOUR_GIB, high_end - FOUR_GIB, "domain's RAM above 4 GiB" },
    };

    BUILD_BUG_ON(ARRAY_SIZE(ram) > LIBXL__SHARED_MEM_RAM_MAX);
    memcpy(ram_r, ram, sizeof(ram));
    return high_end > FOUR_GIB ? 2 : 1;
}

unsigned int libxl__shared_mem_arch_config_ram(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range ram_r[LIBXL__SHARED_MEM_RAM_MAX])
{
    const libxl_domain_build_info *b_info = &d_config->b_info;
    const uint64_t ram = (b_info->max_memkb - b_info->video_memkb) << 10;
    const uint64_t low = min(ram, mmio_hole_begin(b_info));

    return set_ram(b_info->type == LIBXL_DOMAIN_TYPE_HVM ? ONE_MIB : 0, low,
                   FOUR_GIB + ram - low, ram_r);
}

unsigned int libxl__shared_mem_arch_image_ram(
    const struct xc_dom_image *dom,
    libxl__shared_mem_range ram_r[LIBXL__SHARED_MEM_RAM_MAX])
{
    return set_ram(dom->device_model ? ONE_MIB : 0, dom->lowmem_end,
                   max_t(uint64_t, dom->highmem_end, FOUR_GIB), ram_r);
}

/* hvmloader has the first MiB as well, and moves RAM from below 4 GiB to the
 * end of what is above, when devices need a larger hole. */
unsigned int libxl__shared_mem_arch_memory(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range memory_r[LIBXL__SHARED_MEM_RAM_MAX])
{
    const unsigned int nr = libxl__shared_mem_arch_config_ram(d_config,
                                                              memory_r);
    const uint64_t low_end = memory_r[0].begin + memory_r[0].size;
    const uint64_t high_end = nr > 1 ? FOUR_GIB + memory_r[1].size : FOUR_GIB;

    if (d_config->b_info.type != LIBXL_DOMAIN_TYPE_HVM)
        return nr;

    return set_ram(0, low_end, high_end + low_end, memory_r);
}

/* From its ELF program headers, which tell all of it. */
uint64_t libxl__shared_mem_arch_kernel_size(const struct xc_dom_image *dom)
{
    return dom->kernel_seg.pages << XC_PAGE_SHIFT;
}

unsigned int libxl__shared_mem_arch_platform(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range platform_r[LIBXL__SHARED_MEM_PLATFORM_MAX])
{
    const libxl_domain_build_info *b_info = &d_config->b_info;
    const bool hvm = b_info->type == LIBXL_DOMAIN_TYPE_HVM;
    const uint64_t hole = mmio_hole_begin(b_info);
    libxl__shared_mem_range ram[LIBXL__SHARED_MEM_RAM_MAX];
    const bool high = libxl__shared_mem_arch_config_ram(d_config, ram) > 1;
    const uint64_t special = (uint64_t)(X86_HVM_END_SPECIAL_REGION -
                                        X86_HVM_NR_SPECIAL_PAGES)
                             << XC_PAGE_SHIFT;
    const uint64_t ioreq = special - (NR_IOREQ_SERVER_PAGES << XC_PAGE_SHIFT);
    const libxl__shared_mem_range platform[] = {
        { 0, hvm ? ONE_MIB : 0, "firmware's memory below 1 MiB" },
        /* hvmloader makes one entry of it again, with no holes. */
        { FOUR_GIB, hvm && high ? ram[1].size : 0,
          "RAM above 4 GiB, which an HVM guest's firmware takes as a whole" },
        { ACPI_INFO_PHYSICAL_ADDRESS, ACPI_SIZE, "ACPI tables" },
        { LAPIC_BASE_ADDRESS, XC_PAGE_SIZE, "local APIC" },
        { special, X86_HVM_NR_SPECIAL_PAGES << XC_PAGE_SHIFT,
          "special pages of Xen (console, xenstore, ioreq, identity map)" },
        { ioreq, hvm ? special - ioreq : 0, "pages of the ioreq servers" },
        { hole, FOUR_GIB - hole, "MMIO hole below 4 GiB" },
    };

    BUILD_BUG_ON(ARRAY_SIZE(platform) > LIBXL__SHARED_MEM_PLATFORM_MAX);
    memcpy(platform_r, platform, sizeof(platform));
    return ARRAY_SIZE(platform);
}

static int log_full_map(libxl__gc *gc, const libxl_domain_config *d_config)
{
    SHARED_MEM_LOG(d_config,
                   libxl__shared_mem_config_ranges(gc, d_config)[0].name,
                   "the guest's memory map would have more than %d entries; "
                   "put regions next to each other, or outside the domain's "
                   "RAM", E820MAX);
    return ERROR_INVAL;
}

/* Xen, hvmloader and Linux all take up to E820MAX entries. */
int libxl__shared_mem_arch_check_map(libxl__gc *gc,
                                     const libxl_domain_config *d_config)
{
    /* The special pages, the ACPI tables, and devices' memory. */
    const int others = 1 + MAX_ACPI_MODULES + d_config->num_rdms;
    libxl__shared_mem_range ram[LIBXL__SHARED_MEM_RAM_MAX];
    libxl__shared_mem_map_entry map[LIBXL__SHARED_MEM_RAM_MAX];
    libxl__shared_mem_map_entry new_map[E820MAX];
    const unsigned int nr = libxl__shared_mem_arch_config_ram(d_config, ram);
    unsigned int i;

    for (i = 0; i < nr; i++) {
        map[i].begin = ram[i].begin;
        map[i].size = ram[i].size;
        map[i].type = E820_RAM;
    }

    if (others < E820MAX &&
        libxl__shared_mem_reserve(map, nr,
                                  libxl__shared_mem_config_ranges(gc,
                                                                  d_config),
                                  libxl__shared_mem_nr_ranges(d_config),
                                  E820_RAM, E820_RESERVED, new_map,
                                  E820MAX - others))
        return 0;

    return log_full_map(gc, d_config);
}

int libxl__shared_mem_x86_reserve(libxl__gc *gc,
                                  const libxl_domain_config *d_config,
                                  struct e820entry **e820,
                                  unsigned int *nr)
{
    const int nr_regions = libxl__shared_mem_nr_ranges(d_config);
    libxl__shared_mem_map_entry map[E820MAX], new_map[E820MAX];
    const libxl__shared_mem_range *regions;
    unsigned int i, nr_new;

    if (!nr_regions)
        return 0;

    for (i = 0; i < *nr; i++) {
        map[i].begin = (*e820)[i].addr;
        map[i].size = (*e820)[i].size;
        map[i].type = (*e820)[i].type;
    }

    regions = libxl__shared_mem_config_ranges(gc, d_config);
    nr_new = libxl__shared_mem_reserve(map, *nr, regions, nr_regions,
                                       E820_RAM, E820_RESERVED,
                                       new_map, E820MAX);
    if (!nr_new)
        return log_full_map(gc, d_config);

    *e820 = libxl__calloc(gc, nr_new, sizeof(**e820));
    *nr = nr_new;
    for (i = 0; i < nr_new; i++) {
        (*e820)[i].addr = new_map[i].begin;
        (*e820)[i].size = new_map[i].size;
        (*e820)[i].type = new_map[i].type;
    }

    return 0;
}

static int pin_memory_type(libxl__gc *gc, uint32_t domid,
                           const libxl__shared_mem_range *range, uint32_t type)
{
    /* In gfns, and both of them included. */
    const uint64_t first = range->begin >> XC_PAGE_SHIFT;
    const uint64_t last = first + (range->size >> XC_PAGE_SHIFT) - 1;

    return xc_domain_pin_memory_cacheattr(CTX->xch, domid, first, last, type);
}

/*
 * Where a domain has a device passed through, Xen lets the guest's MTRRs have
 * a say (on EPT, and with shadow paging), and those leave anything outside
 * RAM uncached.  For a page of another domain EPT is always write-back.
 */
int libxl__shared_mem_arch_set_memory_type(
    libxl__gc *gc, uint32_t domid, const libxl__shared_mem_range *range)
{
    if (pin_memory_type(gc, domid, range, XEN_DMOP_MEM_CACHEATTR_WB)) {
        LOGED(ERROR, domid, "%s: can't pin its memory type to write-back",
              libxl__shared_mem_option(gc, range->name));
        return ERROR_FAIL;
    }

    return 0;
}

int libxl__shared_mem_arch_reset_memory_type(
    libxl__gc *gc, uint32_t domid, const libxl__shared_mem_range *range)
{
    if (pin_memory_type(gc, domid, range, XEN_DMOP_DELETE_MEM_CACHEATTR) &&
        errno != ENOENT) {
        LOGED(ERROR, domid, "static_shared_mem: can't unpin the memory type "
              "at 0x%"PRIx64, range->begin);
        return ERROR_FAIL;
    }

    return 0;
}

/* The processor keeps memory coherent, whatever type a guest gives it. */
int libxl__shared_mem_arch_clean(libxl__gc *gc, uint32_t domid, xen_pfn_t gfn,
                                 const void *begin, size_t size)
{
    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
