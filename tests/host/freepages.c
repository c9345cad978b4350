/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * freepages: prints how many 4 KiB pages Xen has free, to the page, which
 * "xl info" gives in MiB only. With a wanted number it waits until there are
 * so many, since Xen frees a dead domain's last pages in the background. SLACK
 * is how many more or less will do: Xen has small allocations of its own.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenctrl.h>

enum { EXIT_EQUAL, EXIT_DIFFERENT, EXIT_TROUBLE };

#define POLL_NANOSECONDS 20000000L

static unsigned long free_pages(xc_interface *xch)
{
    xc_physinfo_t info = { 0 };

    if ( xc_physinfo(xch, &info) )
    {
        fprintf(stderr, "freepages: xc_physinfo: %s\n", strerror(errno));
        exit(EXIT_TROUBLE);
    }

    return info.free_pages;
}

static bool near(unsigned long pages, unsigned long wanted,
                 unsigned long slack)
{
    return pages > wanted ? pages - wanted <= slack : wanted - pages <= slack;
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if ( *end || end == text )
    {
        fprintf(stderr, "freepages: not a number: %s\n", text);
        exit(EXIT_TROUBLE);
    }

    return value;
}

int main(int argc, char **argv)
{
    xc_interface *xch;
    unsigned long pages, wanted, slack;
    time_t end;

    if ( argc != 1 && argc != 4 )
    {
        fprintf(stderr, "usage: freepages [WANTED-PAGES SLACK SECONDS]\n");
        return EXIT_TROUBLE;
    }

    xch = xc_interface_open(NULL, NULL, 0);
    if ( !xch )
    {
        fprintf(stderr, "freepages: xc_interface_open: %s\n", strerror(errno));
        return EXIT_TROUBLE;
    }

    pages = free_pages(xch);
    wanted = argc == 4 ? number(argv[1]) : pages;
    slack = argc == 4 ? number(argv[2]) : 0;
    end = time(NULL) + (argc == 4 ? (time_t)number(argv[3]) : 0);
    while ( !near(pages, wanted, slack) && time(NULL) < end )
    {
        nanosleep(&(struct timespec){ .tv_nsec = POLL_NANOSECONDS }, NULL);
        pages = free_pages(xch);
    }

    xc_interface_close(xch);
    printf("%lu\n", pages);

    return near(pages, wanted, slack) ? EXIT_EQUAL : EXIT_DIFFERENT;
}
