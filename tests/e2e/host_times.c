/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a test host's time goes, see host_times.h.
 */
#define _GNU_SOURCE /* acct */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/acct.h>

#include "host_times.h"

#define CPUS_MAX 16
#define NS_PER_MS 1000000
#define MS_PER_TICK (1000 / AHZ)

bool account_processes(const char *path)
{
    FILE *file = fopen(path, "w");

    if ( file )
        fclose(file);

    return file && !acct(path);
}

/* 13 bits and a power of 8, see acct(5). */
static uint64_t ticks(comp_t value)
{
    return (uint64_t)(value & 0x1fff) << (3 * (value >> 13));
}

static void add_processes(const char *path, struct host_times *times)
{
    FILE *file = fopen(path, "r+");
    struct acct_v3 entry;

    if ( !file )
        return;
    while ( fread(&entry, sizeof(entry), 1, file) == 1 )
        if ( !strncmp(entry.ac_comm, "xl", sizeof(entry.ac_comm)) )
        {
            times->xl += (ticks(entry.ac_utime) + ticks(entry.ac_stime)) *
                         MS_PER_TICK;
            times->xls++;
        }
    if ( ftruncate(fileno(file), 0) )
        perror(path);
    fclose(file);
}

void take_times(xc_interface *xch, const char *path, struct host_times *times)
{
    xc_cpuinfo_t cpu[CPUS_MAX];
    xc_domaininfo_t dom0;
    int nr = 0;

    add_processes(path, times);
    if ( !xc_domain_getinfo_single(xch, 0, &dom0) )
        times->dom0 = dom0.cpu_time / NS_PER_MS;
    times->waiting = 0;
    if ( !xc_getcpuinfo(xch, CPUS_MAX, cpu, &nr) )
        for ( int i = 0; i < nr; i++ )
            times->waiting += cpu[i].idletime / NS_PER_MS;
}
