/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The memory map in an Arm guest's device tree.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "guest_memory.h"
#include "guest_memory_map.h"

static uint64_t read_cells(const fdt32_t *cells, int count)
{
    uint64_t value = 0;

    while ( count-- )
        value = value << 32 | fdt32_to_cpu(*cells++);

    return value;
}

static void print_text(const void *tree, int node, const char *property)
{
    int length;
    const char *value = fdt_getprop(tree, node, property, &length);

    if ( value )
        printf(" %s=%.*s", property, length, value);
}

static void print_number(const void *tree, int node, const char *property)
{
    int length;
    const fdt32_t *value = fdt_getprop(tree, node, property, &length);

    if ( value )
        printf(" %s=0x%"PRIx64, property,
               read_cells(value, length / (int)sizeof(*value)));
}

/* One line for each address and size in the node's reg. */
static void print_node(const void *tree, int parent, int node,
                       const char *type)
{
    int address_cells = fdt_address_cells(tree, parent);
    int size_cells = fdt_size_cells(tree, parent);
    int length, each = address_cells + size_cells;
    const fdt32_t *reg = fdt_getprop(tree, node, "reg", &length);

    if ( !reg || address_cells < 0 || size_cells < 0 || !each )
        return;

    for ( int left = length / (int)sizeof(*reg); left >= each; left -= each )
    {
        uint64_t begin = read_cells(reg, address_cells);
        uint64_t size = read_cells(reg + address_cells, size_cells);

        printf("0x%"PRIx64"-0x%"PRIx64" %s", begin, begin + size, type);
        print_text(tree, node, "compatible");
        print_text(tree, node, "xen,id");
        print_number(tree, node, "xen,offset");
        putchar('\n');
        reg += each;
    }
}

static void print_tree(const void *tree)
{
    int reserved = fdt_path_offset(tree, "/reserved-memory");
    int hypervisor = fdt_path_offset(tree, "/hypervisor");
    int node;

    fdt_for_each_subnode(node, tree, 0)
    {
        int length;
        const char *type = fdt_getprop(tree, node, "device_type", &length);

        if ( type && length == sizeof("memory") && !strcmp(type, "memory") )
            print_node(tree, 0, node, "ram");
    }

    if ( reserved >= 0 )
        fdt_for_each_subnode(node, tree, reserved)
            print_node(tree, reserved, node, "reserved");

    /* The grant table, and what the guest may take for unused. */
    if ( hypervisor >= 0 )
        print_node(tree, 0, hypervisor, "hypervisor");
}

int print_memory_map(xenforeignmemory_handle *fmem, uint32_t domid,
                     uint64_t boot_info)
{
    size_t size;
    void *tree;
    int rc = -1;

    tree = copy_guest_memory(fmem, domid, boot_info, sizeof(struct fdt_header));
    if ( !tree )
        return -1;
    size = fdt_magic(tree) == FDT_MAGIC ? fdt_totalsize(tree) : 0;
    free(tree);

    tree = copy_guest_memory(fmem, domid, boot_info, size);
    if ( tree && !fdt_check_full(tree, size) )
    {
        print_tree(tree);
        rc = 0;
    }
    else
        fprintf(stderr, "domain %"PRIu32": no device tree at 0x%"PRIx64"\n",
                domid, boot_info);

    free(tree);

    return rc;
}
