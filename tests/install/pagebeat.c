/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * pagebeat DOMID ADDRESS: prints the word of a domain's factory page that changes
 * as long as somebody keeps the page current.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <xenforeignmemory.h>

#include <shared_mem/abi.h>

int main(int argc, char **argv)
{
    xenforeignmemory_handle *fmem;
    const volatile struct shared_mem_factory_page *page;
    xen_pfn_t gfn;

    if ( argc != 3 )
    {
        fprintf(stderr, "usage: pagebeat DOMID ADDRESS\n");
        return 1;
    }

    fmem = xenforeignmemory_open(NULL, 0);
    if ( !fmem )
    {
        perror("pagebeat: xenforeignmemory_open");
        return 1;
    }

    gfn = strtoull(argv[2], NULL, 0) / SHARED_MEM_PAGE_SIZE;
    page = xenforeignmemory_map(fmem, strtoul(argv[1], NULL, 10), PROT_READ, 1,
                                &gfn, NULL);
    if ( !page )
    {
        perror("pagebeat: xenforeignmemory_map");
        return 1;
    }

    printf("%"PRIu32"\n", page->beat);
    xenforeignmemory_close(fmem);

    return 0;
}
