/*
 * Static shared memory: where the regions of a domain may lie.  Gathers what
 * the guest has in its address space, checks the regions against it, and
 * names a free address when one does not fit.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * What the virtual platform has at fixed places is in the tables of
 * libxl_shared_mem_<arch>.c.  What the domain builder loaded is known when
 * the domain is built: libxl__shared_mem_note_image() takes it down.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_arch.h"
#include "libxl_shared_mem_config.h"
#include "libxl_shared_mem_layout.h"

#include <xenguest.h>

/* Kernel, device tree, start info, modules and ACPI tables. */
#define IMAGE_MAX (3 + XG_MAX_MODULES + MAX_ACPI_MODULES)

static void add_used(libxl__shared_mem_layout *layout, uint64_t begin,
                     uint64_t size, const char *name)
{
    libxl__shared_mem_range *range = &layout->used[layout->nr_used++];

    range->begin = begin;
    range->size = size;
    range->name = name;
}

static void add_segment(libxl__shared_mem_layout *layout,
                        const struct xc_dom_seg *segment, const char *name)
{
    add_used(layout, segment->pfn << XC_PAGE_SHIFT,
             segment->pages << XC_PAGE_SHIFT, name);
}

/* Whole pages: neighbours within a page cannot be shared apart. */
static void add_module(libxl__shared_mem_layout *layout,
                       const struct xc_hvm_firmware_module *module,
                       const char *name)
{
    const uint64_t mask = XC_PAGE_SIZE - 1;
    const uint64_t begin = module->guest_addr_out & ~mask;
    const uint64_t end = module->guest_addr_out + module->length;

    if (module->length)
        add_used(layout, begin, ((end + mask) & ~mask) - begin, name);
}

void libxl__shared_mem_note_image(libxl__gc *gc,
                                  const libxl_domain_config *d_config,
                                  const struct xc_dom_image *dom,
                                  libxl__domain_build_state *state)
{
    libxl__shared_mem_layout *image;
    unsigned int i;

    if (!libxl__shared_mem_nr_ranges(d_config))
        return;

    GCNEW(image);
    GCNEW_ARRAY(image->used, IMAGE_MAX);

    image->nr_ram = libxl__shared_mem_arch_image_ram(dom, image->ram);
    add_used(image, dom->kernel_seg.pfn << XC_PAGE_SHIFT,
             libxl__shared_mem_arch_kernel_size(dom), "kernel");
    add_segment(image, &dom->devicetree_seg, "device tree");
    add_segment(image, &dom->start_info_seg, "start info and command line");
    for (i = 0; i < dom->num_modules; i++)
        add_segment(image, &dom->modules[i].seg,
                    dom->device_model ? "module of the firmware" : "ramdisk");
    for (i = 0; i < MAX_ACPI_MODULES; i++)
        add_module(image, &dom->acpi_modules[i], "ACPI tables");

    state->shared_mem_image = image;
}

libxl__shared_mem_layout *
libxl__shared_mem_get_layout(libxl__gc *gc,
                             const libxl_domain_config *d_config,
                             const libxl__shared_mem_layout *image)
{
    const libxl_domain_build_info *b_info = &d_config->b_info;
    libxl__shared_mem_layout *layout;
    int i;

    GCNEW(layout);
    GCNEW_ARRAY(layout->used,
                IMAGE_MAX + LIBXL__SHARED_MEM_PLATFORM_MAX +
                b_info->num_iomem + d_config->num_rdms);

    if (image) {
        memcpy(layout->ram, image->ram, sizeof(layout->ram));
        layout->nr_ram = image->nr_ram;
        for (i = 0; i < image->nr_used; i++)
            layout->used[layout->nr_used++] = image->used[i];
    } else {
        layout->nr_ram = libxl__shared_mem_arch_config_ram(d_config,
                                                           layout->ram);
    }

    for (i = 0; i < b_info->num_iomem; i++)
        add_used(layout, b_info->iomem[i].gfn << XC_PAGE_SHIFT,
                 b_info->iomem[i].number << XC_PAGE_SHIFT,
                 "memory of a device (iomem=)");

    for (i = 0; i < d_config->num_rdms; i++)
        add_used(layout, d_config->rdms[i].start, d_config->rdms[i].size,
                 "reserved memory of a device (rdm=)");

    layout->nr_used +=
        libxl__shared_mem_arch_platform(d_config,
                                        layout->used + layout->nr_used);

    return layout;
}

const char *libxl__shared_mem_suggest(libxl__gc *gc,
                                      const libxl_domain_config *d_config,
                                      const libxl__shared_mem_layout *layout,
                                      const libxl__shared_mem_range *range)
{
    const unsigned int nr_ranges = libxl__shared_mem_nr_ranges(d_config);
    const libxl__shared_mem_range *ranges =
        libxl__shared_mem_config_ranges(gc, d_config);
    libxl__shared_mem_range *used;
    unsigned int i, nr = 0;
    uint64_t address;

    GCNEW_ARRAY(used, layout->nr_ram + layout->nr_used + nr_ranges);
    for (i = 0; i < layout->nr_ram; i++)
        used[nr++] = layout->ram[i];
    for (i = 0; i < layout->nr_used; i++)
        used[nr++] = layout->used[i];
    for (i = 0; i < nr_ranges; i++)
        if (ranges[i].begin != range->begin)
            used[nr++] = ranges[i];

    /* Outside of RAM, where no guest has anything by itself. */
    if (!libxl__shared_mem_find_free(used, nr,
                                     layout->ram[0].begin +
                                     layout->ram[0].size, range->size,
                                     LIBXL__SHARED_MEM_SUGGEST_LIMIT,
                                     &address))
        return "";

    return GCSPRINTF("; 0x%"PRIx64"-0x%"PRIx64" is free",
                     address, address + range->size);
}

int libxl__shared_mem_check_place(libxl__gc *gc,
                                  const libxl_domain_config *d_config,
                                  const libxl__shared_mem_layout *layout,
                                  const libxl__shared_mem_range *range,
                                  bool *inside_r)
{
    const libxl__shared_mem_range *bank, *hit;
    libxl__shared_mem_place place;

    place = libxl__shared_mem_find_place(layout->ram, layout->nr_ram, range,
                                         &bank);
    if (place == LIBXL__SHARED_MEM_ACROSS) {
        SHARED_MEM_LOG(d_config, range->name, "0x%"PRIx64"-0x%"PRIx64" is "
                       "partly inside the %s, 0x%"PRIx64"-0x%"PRIx64", and "
                       "has to be all inside or all outside%s", range->begin,
                       range->begin + range->size, bank->name, bank->begin,
                       bank->begin + bank->size,
                       libxl__shared_mem_suggest(gc, d_config, layout, range));
        return ERROR_INVAL;
    }

    hit = libxl__shared_mem_hit(layout->used, layout->nr_used, range);
    if (hit) {
        SHARED_MEM_LOG(d_config, range->name, "0x%"PRIx64"-0x%"PRIx64" "
                       "overlaps the %s, 0x%"PRIx64"-0x%"PRIx64"%s",
                       range->begin, range->begin + range->size, hit->name,
                       hit->begin, hit->begin + hit->size,
                       libxl__shared_mem_suggest(gc, d_config, layout, range));
        return ERROR_INVAL;
    }

    *inside_r = place == LIBXL__SHARED_MEM_INSIDE;
    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
