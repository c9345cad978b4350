/*
 * Static shared memory on Arm: where a guest has its RAM and the devices of
 * the virtual platform, and the memory type of a region.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_arch.h"
#include "libxl_shared_mem_config.h"

#include <xenguest.h>
#include <endian.h>

#define ARM64_IMAGE_MAGIC 0x644d5241 /* "ARM\x64" */

static unsigned int set_ram(uint64_t size0, uint64_t size1,
                            libxl__shared_mem_range *ram_r)
{
    const libxl__shared_mem_range ram[] = {
        { GUEST_RAM0_BASE, size0, "domain's RAM" },
        { GUEST_RAM1_BASE, size1, "domain's RAM above 8 GiB" },
    };

    BUILD_BUG_ON(ARRAY_SIZE(ram) != GUEST_RAM_BANKS);
    BUILD_BUG_ON(ARRAY_SIZE(ram) > LIBXL__SHARED_MEM_RAM_MAX);
    memcpy(ram_r, ram, sizeof(ram));
    return size1 ? 2 : 1;
}

unsigned int libxl__shared_mem_arch_config_ram(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range ram_r[LIBXL__SHARED_MEM_RAM_MAX])
{
    const uint64_t ram = d_config->b_info.max_memkb << 10;
    const uint64_t size0 = min_t(uint64_t, ram, GUEST_RAM0_SIZE);

    return set_ram(size0, ram - size0, ram_r);
}

unsigned int libxl__shared_mem_arch_memory(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range memory_r[LIBXL__SHARED_MEM_RAM_MAX])
{
    return libxl__shared_mem_arch_config_ram(d_config, memory_r);
}

unsigned int libxl__shared_mem_arch_image_ram(
    const struct xc_dom_image *dom,
    libxl__shared_mem_range ram_r[LIBXL__SHARED_MEM_RAM_MAX])
{
    return set_ram((uint64_t)dom->rambank_size[0] << XC_PAGE_SHIFT,
                   (uint64_t)dom->rambank_size[1] << XC_PAGE_SHIFT, ram_r);
}

/*
 * The Image header of Linux's booting protocol says how much memory a kernel
 * takes, which is more than the file has.
 */
uint64_t libxl__shared_mem_arch_kernel_size(const struct xc_dom_image *dom)
{
    const uint64_t file = dom->kernel_seg.pages << XC_PAGE_SHIFT;
    struct {
        uint32_t code[2];
        uint64_t text_offset, image_size, reserved[4];
        uint32_t magic;
    } header;

    if (!dom->kernel_blob || dom->kernel_size < sizeof(header))
        return file;

    memcpy(&header, dom->kernel_blob, sizeof(header));
    if (le32toh(header.magic) != ARM64_IMAGE_MAGIC)
        return file;

    return max_t(uint64_t, file,
                 ROUNDUP(le64toh(header.image_size), XC_PAGE_SHIFT));
}

/* The device tree grows as needed. */
int libxl__shared_mem_arch_check_map(libxl__gc *gc,
                                     const libxl_domain_config *d_config)
{
    return 0;
}

unsigned int libxl__shared_mem_arch_platform(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range platform_r[LIBXL__SHARED_MEM_PLATFORM_MAX])
{
    /* A domain without PCI devices can't get one later. */
    const bool vpci = d_config->num_pcidevs;
    /* Both kinds of GIC: which one the guest gets is known to Xen alone. */
    const libxl__shared_mem_range platform[] = {
        { GUEST_GICD_BASE, GUEST_GICD_SIZE, "GICv2 distributor" },
        { GUEST_GICC_BASE, GUEST_GICC_SIZE, "GICv2 CPU interface" },
        { GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICD_SIZE, "GICv3 distributor" },
        { GUEST_GICV3_GICR0_BASE, GUEST_GICV3_GICR0_SIZE,
          "GICv3 redistributors" },
        { GUEST_VIRTIO_MMIO_BASE, GUEST_VIRTIO_MMIO_SIZE, "virtio devices" },
        { GUEST_VPCI_ECAM_BASE, vpci ? GUEST_VPCI_ECAM_SIZE : 0,
          "virtual PCI configuration space" },
        { GUEST_VPCI_MEM_ADDR, vpci ? GUEST_VPCI_MEM_SIZE : 0,
          "virtual PCI memory" },
        { GUEST_VPCI_PREFETCH_MEM_ADDR,
          vpci ? GUEST_VPCI_PREFETCH_MEM_SIZE : 0,
          "virtual PCI prefetchable memory" },
        { GUEST_ACPI_BASE, GUEST_ACPI_SIZE, "ACPI tables" },
        { GUEST_PL011_BASE, GUEST_PL011_SIZE, "virtual UART" },
        { GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE, "grant table" },
        { GUEST_MAGIC_BASE, GUEST_MAGIC_SIZE,
          "special pages of Xen (console, xenstore, events, virtual UART)" },
    };

    BUILD_BUG_ON(ARRAY_SIZE(platform) > LIBXL__SHARED_MEM_PLATFORM_MAX);
    memcpy(platform_r, platform, sizeof(platform));
    return ARRAY_SIZE(platform);
}

/*
 * Stage 2 maps RAM as normal write-back memory, whoever it belongs to.  The
 * guest must map it so as well, and the result is the weaker of the two.
 */
int libxl__shared_mem_arch_set_memory_type(
    libxl__gc *gc, uint32_t domid, const libxl__shared_mem_range *range)
{
    return 0;
}

int libxl__shared_mem_arch_reset_memory_type(
    libxl__gc *gc, uint32_t domid, const libxl__shared_mem_range *range)
{
    return 0;
}

#ifdef __aarch64__

/*
 * What xc_domain_cacheflush() has Xen do, but here and for these lines alone:
 * with the page mapped, it needs no hypercall.  Control domains may use these
 * instructions: Linux lets its processes do so, or does it for them.
 */
int libxl__shared_mem_arch_clean(libxl__gc *gc, uint32_t domid, xen_pfn_t gfn,
                                 const void *begin, size_t size)
{
    const uintptr_t end = (uintptr_t)begin + size;
    uintptr_t line;
    uint64_t ctr, line_size;

    /* DminLine: the shortest line there is, as a power of 2 of words. */
    asm volatile("mrs %0, ctr_el0" : "=r" (ctr));
    line_size = UINT64_C(4) << ((ctr >> 16) & 0xf);

    for (line = (uintptr_t)begin & ~(line_size - 1); line < end;
         line += line_size)
        asm volatile("dc civac, %0" : : "r" (line) : "memory");
    asm volatile("dsb sy" : : : "memory");

    return 0;
}

#else

int libxl__shared_mem_arch_clean(libxl__gc *gc, uint32_t domid, xen_pfn_t gfn,
                                 const void *begin, size_t size)
{
    return xc_domain_cacheflush(CTX->xch, domid, gfn, 1) < 0 ? -1 : 0;
}

#endif

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
