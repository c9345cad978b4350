/*
 * Static shared memory on x86: where a PVH or HVM guest has its RAM and its
 * MMIO hole, and the memory type of a region.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

/* For xc_domain_pin_memory_cacheattr(). */
#define XC_WANT_COMPAT_DEVICEMODEL_API

#include "libxl_internal.h"
#include "libxl_arch.h"
#include "libxl_shared_mem_internal.h"

#include <xen/hvm/dm_op.h>
#include <xen/hvm/e820.h>

#define FOUR_GIB (UINT64_C(1) << 32)

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

    if (b_info->type == LIBXL_DOMAIN_TYPE_HVM && b_info->u.hvm.mmio_hole_memkb)
        begin = min(begin, FOUR_GIB - (b_info->u.hvm.mmio_hole_memkb << 10));

    return begin;
}

unsigned int libxl__shared_mem_arch_layout(
    const libxl_domain_config *d_config,
    libxl__shared_mem_range layout_r[LIBXL__SHARED_MEM_LAYOUT_MAX])
{
    const libxl_domain_build_info *b_info = &d_config->b_info;
    const uint64_t ram = (b_info->max_memkb - b_info->video_memkb) << 10;
    const uint64_t hole = mmio_hole_begin(b_info);
    const uint64_t low = min(ram, hole);
    /* The VGA hole is at no place where a guest expects RAM. */
    const libxl__shared_mem_range layout[] = {
        { 0, max_t(uint64_t, low, 0x100000), "domain's RAM" },
        { FOUR_GIB, ram - low, "domain's RAM above 4 GiB" },
        { hole, FOUR_GIB - hole, "MMIO hole below 4 GiB" },
    };

    memcpy(layout_r, layout, sizeof(layout));
    return ARRAY_SIZE(layout);
}

/*
 * Where a domain has a device passed through, Xen lets the guest's MTRRs have
 * a say (on EPT, and with shadow paging), and those leave anything outside
 * RAM uncached.  For a page of another domain EPT is always write-back.
 */
int libxl__shared_mem_arch_set_memory_type(
    libxl__gc *gc, uint32_t domid, const libxl__shared_mem_range *range)
{
    /* In gfns, and both of them included. */
    const uint64_t first = range->begin >> XC_PAGE_SHIFT;
    const uint64_t last = first + (range->size >> XC_PAGE_SHIFT) - 1;

    if (xc_domain_pin_memory_cacheattr(CTX->xch, domid, first, last,
                                       XEN_DMOP_MEM_CACHEATTR_WB)) {
        LOGED(ERROR, domid, "static_shared_mem: region %s: can't pin its "
              "memory type to write-back", range->name);
        return ERROR_FAIL;
    }

    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
