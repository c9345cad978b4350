/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * domainctl: makes and destroys domains without libxl, which then has records of
 * domains that are no more, or whose number another domain has.
 *
 *   domainctl create DOMID   an empty domain, of that number
 *   domainctl destroy DOMID  the domain alone, not what libxl knows of it
 *
 * Exit: 0 done, 1 Xen refused, 3 misuse.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

enum { EXIT_OK, EXIT_REFUSED, EXIT_TROUBLE = 3 };

static int create(xc_interface *xch, uint32_t domid)
{
    struct xen_domctl_createdomain config = {
        /* A UUID that no other domain of the tests has. */
        .handle = { 0xd0, 0x11, 0xa1, 0x11 },
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = 1,
        .max_evtchn_port = 1023,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
#ifdef __x86_64__
        .arch.emulation_flags = XEN_X86_EMU_LAPIC, /* as PVH */
#endif
    };

    return xc_domain_create(xch, &domid, &config);
}

int main(int argc, char **argv)
{
    const int creates = argc == 3 && !strcmp(argv[1], "create");
    uint32_t domid;
    xc_interface *xch;

    if ( argc != 3 || !(domid = strtoul(argv[2], NULL, 10)) ||
         (!creates && strcmp(argv[1], "destroy")) )
    {
        fputs("usage: domainctl create|destroy DOMID\n", stderr);
        return EXIT_TROUBLE;
    }

    xch = xc_interface_open(NULL, NULL, 0);
    if ( !xch )
        return EXIT_TROUBLE;

    if ( creates ? create(xch, domid) : xc_domain_destroy(xch, domid) )
    {
        perror(argv[1]);
        return EXIT_REFUSED;
    }

    return EXIT_OK;
}
