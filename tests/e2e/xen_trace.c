/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * xen_trace.so: preloaded into xl (LD_PRELOAD), it writes down what xl and its
 * children ask of Xen, at the lowest level there is in a process: the ioctls
 * of Xen's devices.  Appends to the file that XEN_TRACE names, in order:
 *   call WHAT              one for each ioctl, and for each part of a multicall
 *   map DOMID GFN PAGES    a domain's pages that are about to be mapped
 *   unmap DOMID GFN PAGES  and that are mapped no more
 *   flush DOMID GFN PAGES  XEN_DOMCTL_cacheflush
 *   pin DOMID FIRST LAST TYPE  XEN_DMOP_pin_memory_cacheattr, gfns inclusive
 *   region-OP DOMID GFN PAGES FLAGS  XENMEM_region_op: probe, allocate, map, unmap
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xen/hvm/dm_op.h>
#include <xen/sys/privcmd.h>

#define PAGE_SIZE 4096
#define MAX_MAPPINGS 256 /* that exist at one time */
#define MEMORY_OP_COMMAND 0x3f /* the rest is where a call goes on */

/* Pages with consecutive gfns, mapped at address in this process. */
struct mapping {
    uint64_t address;
    unsigned int domid;
    uint64_t gfn, pages;
};

static struct mapping mappings[MAX_MAPPINGS]; /* pages 0: unused */

/* For what must not happen: a trace that lacks something proves nothing. */
static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "xen_trace: %s\n", why);
    abort();
}

/* One write a line, so that the lines of several processes do not mix. */
__attribute__((format(printf, 1, 2)))
static void trace(const char *format, ...)
{
    const char *path = getenv("XEN_TRACE");
    char line[128];
    va_list args;
    int length, fd;

    if ( !path )
        return;

    va_start(args, format);
    length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);

    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if ( fd < 0 || write(fd, line, length) != length )
        give_up("cannot write the trace");
    close(fd);
}

static void remember(struct mapping mapping)
{
    for ( unsigned int i = 0; i < MAX_MAPPINGS; i++ )
        if ( !mappings[i].pages )
        {
            mappings[i] = mapping;
            return;
        }

    give_up("too many mappings");
}

static void trace_map(const privcmd_mmapbatch_v2_t *batch)
{
    struct mapping run = { .domid = batch->dom };

    trace("call mmapbatch %u pages\n", batch->num);
    for ( unsigned int i = 0; i < batch->num; i += run.pages )
    {
        run.address = batch->addr + (uint64_t)i * PAGE_SIZE;
        run.gfn = batch->arr[i];
        for ( run.pages = 1; i + run.pages < batch->num; run.pages++ )
            if ( batch->arr[i + run.pages] != run.gfn + run.pages )
                break;

        trace("map %u 0x%"PRIx64" %"PRIu64"\n", run.domid, run.gfn, run.pages);
        remember(run);
    }
}

static void trace_unmap(uint64_t address, size_t size)
{
    for ( unsigned int i = 0; i < MAX_MAPPINGS; i++ )
    {
        struct mapping *mapping = &mappings[i];

        if ( !mapping->pages || mapping->address < address ||
             mapping->address >= address + size )
            continue;

        trace("unmap %u 0x%"PRIx64" %"PRIu64"\n", mapping->domid, mapping->gfn,
              mapping->pages);
        mapping->pages = 0;
    }
}

static void trace_domctl(const struct xen_domctl *domctl)
{
    trace("call domctl %u\n", domctl->cmd);
    if ( domctl->cmd == XEN_DOMCTL_cacheflush )
        trace("flush %u 0x%"PRIx64" %"PRIu64"\n", domctl->domain,
              (uint64_t)domctl->u.cacheflush.start_pfn,
              (uint64_t)domctl->u.cacheflush.nr_pfns);
}

static void trace_region_op(const xen_region_op_t *op)
{
    static const char *const names[] = {
        [XENMEM_REGION_OP_probe] = "probe",
        [XENMEM_REGION_OP_allocate] = "allocate",
        [XENMEM_REGION_OP_map] = "map",
        [XENMEM_REGION_OP_unmap] = "unmap",
    };

    if ( op->op >= sizeof(names) / sizeof(names[0]) )
        give_up("no such XENMEM_REGION_OP_*");

    trace("region-%s %u 0x%"PRIx64" %"PRIu64" %u\n", names[op->op], op->domid,
          (uint64_t)op->gfn, (uint64_t)op->nr, op->flags);
}

static void trace_memory_op(unsigned int command, uint64_t argument)
{
    trace("call memory_op %u\n", command);
    if ( command == XENMEM_region_op )
        trace_region_op((const void *)(uintptr_t)argument);
}

static void trace_hypercall(uint64_t number, uint64_t first, uint64_t second);

static void trace_multicall(const multicall_entry_t *calls, uint64_t nr)
{
    trace("call multicall\n");
    for ( uint64_t i = 0; i < nr; i++ )
        trace_hypercall(calls[i].op, calls[i].args[0], calls[i].args[1]);
}

/* @first, @second: its arguments. */
static void trace_hypercall(uint64_t number, uint64_t first, uint64_t second)
{
    const void *argument = (const void *)(uintptr_t)first;

    switch ( number )
    {
    case __HYPERVISOR_multicall:
        trace_multicall(argument, second);
        break;
    case __HYPERVISOR_domctl:
        trace_domctl(argument);
        break;
    case __HYPERVISOR_sysctl:
        trace("call sysctl %u\n", ((const struct xen_sysctl *)argument)->cmd);
        break;
    case __HYPERVISOR_xsm_op:
    case __HYPERVISOR_platform_op:
        trace("call hypercall %"PRIu64", command %u\n", number,
              *(const uint32_t *)argument);
        break;
    case __HYPERVISOR_memory_op:
        trace_memory_op(first & MEMORY_OP_COMMAND, second);
        break;
    default:
        trace("call hypercall %"PRIu64", command %"PRIu64"\n", number, first);
    }
}

static void trace_privcmd(const privcmd_hypercall_t *call)
{
    trace_hypercall(call->op, call->arg[0], call->arg[1]);
}

static void trace_dm_op(const privcmd_dm_op_t *call)
{
    const struct xen_dm_op *op = call->num ? call->ubufs[0].uptr : NULL;

    trace("call dm_op %d\n", op ? (int)op->op : -1);
    if ( op && op->op == XEN_DMOP_pin_memory_cacheattr )
        trace("pin %u 0x%"PRIx64" 0x%"PRIx64" %u\n", call->dom,
              (uint64_t)op->u.pin_memory_cacheattr.start,
              (uint64_t)op->u.pin_memory_cacheattr.end,
              op->u.pin_memory_cacheattr.type);
}

static void trace_other_ioctl(unsigned long request)
{
    switch ( _IOC_TYPE(request) )
    {
    case 'P': /* privcmd */
    case 'E': /* evtchn */
    case 'G': /* gntdev, gntalloc */
        trace("call ioctl %c %lu\n", (int)_IOC_TYPE(request),
              (unsigned long)_IOC_NR(request));
    }
}

static void trace_ioctl(unsigned long request, const void *argument)
{
    switch ( request )
    {
    case IOCTL_PRIVCMD_HYPERCALL:
        trace_privcmd(argument);
        break;
    case IOCTL_PRIVCMD_MMAPBATCH_V2:
        trace_map(argument);
        break;
    case IOCTL_PRIVCMD_DM_OP:
        trace_dm_op(argument);
        break;
    default:
        trace_other_ioctl(request);
    }
}

static void *find_next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if ( !function )
        give_up("no function to hand on to");

    return function;
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*next)(int, unsigned long, ...) = find_next("ioctl");
    va_list args;
    void *argument;

    va_start(args, request);
    argument = va_arg(args, void *);
    va_end(args);

    trace_ioctl(request, argument);
    /* No ioctl is there to leave errno alone, so the trace may change it. */
    return next(fd, request, argument);
}

int munmap(void *address, size_t size)
{
    int (*next)(void *, size_t) = find_next("munmap");
    int result = next(address, size), error = errno;

    trace_unmap((uintptr_t)address, size);
    errno = error;

    return result;
}
