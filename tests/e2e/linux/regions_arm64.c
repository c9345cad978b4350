/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The regions of an Arm guest: nodes of the device tree's /reserved-memory that
 * are compatible with "xen,shared-memory-v1".
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "regions.h"

#define NODES "/proc/device-tree/reserved-memory"
#define COMPATIBLE "xen,shared-memory-v1"
#define CELL 4 /* bytes; big-endian */

/* Read a property, up to @size bytes of it.  Returns how many, 0: none. */
static size_t read_property(const char *node, const char *name, void *value,
                            size_t size)
{
    char path[512];
    size_t length = 0;
    FILE *file;

    snprintf(path, sizeof(path), NODES"/%s/%s", node, name);
    if ( (file = fopen(path, "re")) )
    {
        length = fread(value, 1, size, file);
        fclose(file);
    }

    return length;
}

static uint64_t read_cells(const uint8_t *bytes, size_t length)
{
    uint64_t value = 0;

    while ( length-- )
        value = value << 8 | *bytes++;

    return value;
}

/* How many bytes of reg an address or a size has. */
static size_t read_width(const char *property)
{
    uint8_t cells[CELL];

    if ( read_property(".", property, cells, sizeof(cells)) != sizeof(cells) )
        return 0;

    return CELL * read_cells(cells, sizeof(cells));
}

static bool is_region(const char *node)
{
    char compatible[64] = "";

    read_property(node, "compatible", compatible, sizeof(compatible) - 1);

    return !strcmp(compatible, COMPATIBLE);
}

static bool read_region(const char *node, struct region *region)
{
    size_t address = read_width("#address-cells");
    size_t size = read_width("#size-cells");
    uint8_t reg[2 * sizeof(uint64_t) + 1];
    size_t length = read_property(node, "reg", reg, sizeof(reg));

    if ( !address || !size || length != address + size )
    {
        fprintf(stderr, "witness: %s: bad reg\n", node);
        return false;
    }
    region->gpa = read_cells(reg, address);
    region->size = read_cells(reg + address, size);

    return true;
}

int find_regions(struct region *regions)
{
    DIR *directory = opendir(NODES);
    const struct dirent *entry;
    int count = 0;

    while ( directory && count >= 0 && count < MAX_REGIONS &&
            (entry = readdir(directory)) )
        if ( is_region(entry->d_name) )
            count = read_region(entry->d_name, &regions[count]) ? count + 1
                                                                : -1;
    if ( directory )
        closedir(directory);

    return count;
}
