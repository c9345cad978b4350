/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The regions of an x86 guest.  The memory map tells the kernel to keep off
 * them, but not what they are.  So the configuration names them a second time,
 * on the kernel's command line: region=ADDRESS+SIZE.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regions.h"

#define COMMAND_LINE_MAX 4096
#define WORD "region="
#define MEMORY_MAP "/sys/firmware/memmap"

/* A number as in the configuration: 0x hex or decimal, with K, M or G. */
static bool parse_number(const char *text, char **end, uint64_t *value)
{
    static const char suffixes[] = "KMG";
    const char *suffix;

    *value = strtoull(text, end, 0);
    if ( *end == text )
        return false;
    if ( **end && (suffix = strchr(suffixes, **end)) )
    {
        *value <<= 10 * (suffix - suffixes + 1);
        ++*end;
    }

    return true;
}

static bool parse_region(const char *text, struct region *region)
{
    char *end;

    return parse_number(text, &end, &region->gpa) && *end == '+' &&
           parse_number(end + 1, &end, &region->size) && !*end &&
           region->size;
}

/* One line of a small file below /sys. */
static bool read_line(const char *entry, const char *name, char *line,
                      size_t size)
{
    char path[300];
    FILE *file;
    bool done;

    snprintf(path, sizeof(path), MEMORY_MAP"/%s/%s", entry, name);
    if ( !(file = fopen(path, "re")) )
        return false;
    done = fgets(line, size, file);
    fclose(file);

    return done;
}

/* Is this entry of the memory map reserved, and does it hold the region? */
static bool entry_reserves(const char *entry, const struct region *region)
{
    char start[32], end[32], type[32];

    return read_line(entry, "start", start, sizeof(start)) &&
           read_line(entry, "end", end, sizeof(end)) &&
           read_line(entry, "type", type, sizeof(type)) &&
           !strcmp(type, "Reserved\n") &&
           strtoull(start, NULL, 0) <= region->gpa &&
           strtoull(end, NULL, 0) >= region->gpa + region->size - 1;
}

/*
 * Not in /proc/iomem: Linux enters what the memory map reserves above 1 MiB
 * there when it sets up PCI, and a PVH guest has none.
 */
static bool is_reserved(const struct region *region)
{
    DIR *directory = opendir(MEMORY_MAP);
    const struct dirent *entry;
    bool found = false;

    while ( directory && !found && (entry = readdir(directory)) )
        found = entry_reserves(entry->d_name, region);
    if ( directory )
        closedir(directory);

    return found;
}

static bool add_region(const char *text, struct region *region)
{
    if ( !parse_region(text, region) )
        fprintf(stderr, "witness: bad word on the command line: %s\n", text);
    else if ( !is_reserved(region) )
        fprintf(stderr, "witness: not reserved in the memory map: %s\n", text);
    else
        return true;

    return false;
}

int find_regions(struct region *regions)
{
    FILE *file = fopen("/proc/cmdline", "re");
    char line[COMMAND_LINE_MAX] = "", *rest = line, *word;
    int count = 0;

    if ( file )
    {
        if ( !fgets(line, sizeof(line), file) )
            line[0] = '\0';
        fclose(file);
    }
    while ( (word = strsep(&rest, " \n")) && count < MAX_REGIONS )
    {
        if ( strncmp(word, WORD, strlen(WORD)) )
            continue;
        if ( !add_region(word + strlen(WORD), &regions[count++]) )
            return -1;
    }

    return count;
}
