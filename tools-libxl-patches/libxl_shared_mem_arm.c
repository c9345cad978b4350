/*
 * Static shared memory on Arm: where a guest has its RAM and the devices of
 * the virtual platform, and the memory type of a region.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_internal.h"

unsigned int libxl__shared_mem_arch_layout(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range layout_r[LIBXL__SHARED_MEM_LAYOUT_MAX])
{
    const uint64_t ram = d_config->b_info.max_memkb << 10;
    const uint64_t ram0 = min_t(uint64_t, ram, GUEST_RAM0_SIZE);
    /* Both kinds of GIC: which one the guest gets is known to Xen alone. */
    const libxl__shared_mem_range layout[] = {
        { GUEST_RAM0_BASE, ram0, "domain's RAM" },
        { GUEST_RAM1_BASE, ram - ram0, "domain's RAM above 8 GiB" },
        { GUEST_GICD_BASE, GUEST_GICD_SIZE, "GICv2 distributor" },
        { GUEST_GICC_BASE, GUEST_GICC_SIZE, "GICv2 CPU interface" },
        { GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICD_SIZE, "GICv3 distributor" },
        { GUEST_GICV3_GICR0_BASE, GUEST_GICV3_GICR0_SIZE,
          "GICv3 redistributors" },
        { GUEST_VIRTIO_MMIO_BASE, GUEST_VIRTIO_MMIO_SIZE, "virtio devices" },
        { GUEST_VPCI_ECAM_BASE, GUEST_VPCI_ECAM_SIZE,
          "virtual PCI configuration space" },
        { GUEST_VPCI_MEM_ADDR, GUEST_VPCI_MEM_SIZE, "virtual PCI memory" },
        { GUEST_VPCI_PREFETCH_MEM_ADDR, GUEST_VPCI_PREFETCH_MEM_SIZE,
          "virtual PCI prefetchable memory" },
        { GUEST_ACPI_BASE, GUEST_ACPI_SIZE, "ACPI tables" },
        { GUEST_PL011_BASE, GUEST_PL011_SIZE, "virtual UART" },
        { GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE, "grant table" },
        { GUEST_MAGIC_BASE, GUEST_MAGIC_SIZE, "Xen's special pages" },
    };

    BUILD_BUG_ON(ARRAY_SIZE(layout) > LIBXL__SHARED_MEM_LAYOUT_MAX);
    memcpy(layout_r, layout, sizeof(layout));
    return ARRAY_SIZE(layout);
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

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
