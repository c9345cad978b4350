/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * xen_fault.so: preloaded into xl (LD_PRELOAD), it counts what xl and its
 * children ask of Xen and of xenstored, and at a given number makes that one
 * call fail, or kills the process just before it.  See xen_fault.h.
 *
 * A call of Xen is one ioctl of its privcmd device; a request is one call of
 * libxenstore that sends something.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenstore.h>
#include <xen/hvm/dm_op.h>
#include <xen/sys/privcmd.h>

#include "xen_fault.h"

#define MEMORY_OP_COMMAND 0x3f /* the rest is where a call goes on */
#define ERRORS_MAX 3

/* Which errors a call may fail with; those not used are 0. */
struct errors {
    int error[ERRORS_MAX];
};

static const struct errors
    of_hypercall = { { EPERM, ENOMEM, EINVAL } },
    /* A domain may go at any time, unless whether it is there is the question. */
    of_domain = { { EPERM, ENOMEM, ESRCH } },
    of_question = { { EPERM, ENOMEM } },
    of_version = { { EPERM } },
    of_map = { { ENOMEM, EINVAL } },
    of_read = { { EACCES, ENOMEM, EIO } },
    of_write = { { EACCES, ENOSPC, EIO } },
    of_end = { { EAGAIN, ENOSPC, EIO } };

/* What xl leaves running outlives the operation, and asks at times of its own. */
#define KEEPER "libxl-shared-mem-keeper"

static struct fault *fault; /* NULL: leave this process alone */

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "xen_fault: %s\n", why);
    abort();
}

__attribute__((constructor))
static void map_plan(void)
{
    const char *path = getenv(FAULT_VARIABLE);
    int fd;

    if ( !path || !strcmp(program_invocation_short_name, KEEPER) )
        return;

    fd = open(path, O_RDWR | O_CLOEXEC);
    fault = fd < 0 ? MAP_FAILED
                   : mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE,
                          MAP_SHARED, fd, 0);
    if ( fault == MAP_FAILED )
        give_up("no plan");
    close(fd);
}

static uint32_t number_of(const struct errors *errors)
{
    uint32_t nr = 0;

    while ( nr < ERRORS_MAX && errors->error[nr] )
        nr++;

    return nr;
}

static void hit(const struct errors *errors)
{
    fault->hit = 1;
    fault->pid = getpid();
    fault->variants = number_of(errors);
    if ( fault->mode == FAULT_KILL )
    {
        raise(SIGKILL);
        pause();
    }
    fault->error = errors->error[fault->variant % fault->variants];
}

/* Counts one call.  True, with errno set: it is the one that is to fail. */
__attribute__((format(printf, 2, 3)))
static bool fails(const struct errors *errors, const char *format, ...)
{
    uint32_t number;
    va_list args;

    if ( !fault )
        return false;

    number = ++fault->calls;
    if ( number <= FAULT_CALLS_MAX )
    {
        va_start(args, format);
        vsnprintf(fault->name[number - 1], FAULT_NAME_SIZE, format, args);
        va_end(args);
    }

    if ( fault->mode == FAULT_NONE || number != fault->at )
        return false;

    hit(errors);
    errno = fault->error;

    return true;
}

static void *find_next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if ( !function )
        give_up("no function to hand on to");

    return function;
}

#define NEXT(function) ((__typeof__(&function))find_next(#function))

/* ---- hypercalls --------------------------------------------------------- */

/* Names of what xl is likely to use; others are told by their numbers. */
struct name {
    uint32_t number;
    const char *name;
};

#define DOMCTL(name) { XEN_DOMCTL_##name, #name }
#define MEMORY(name) { XENMEM_##name, #name }
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct name domctls[] = {
    DOMCTL(createdomain),
    DOMCTL(destroydomain),
    DOMCTL(pausedomain),
    DOMCTL(unpausedomain),
    DOMCTL(getdomaininfo),
    DOMCTL(getpageframeinfo3),
    DOMCTL(setvcpuaffinity),
    DOMCTL(shadow_op),
    DOMCTL(max_mem),
    DOMCTL(setvcpucontext),
    DOMCTL(max_vcpus),
    DOMCTL(scheduler_op),
    DOMCTL(iomem_permission),
    DOMCTL(hypercall_init),
    DOMCTL(settimeoffset),
    DOMCTL(gethvmcontext),
    DOMCTL(sethvmcontext),
    DOMCTL(set_address_size),
    DOMCTL(assign_device),
    DOMCTL(test_assign_device),
    DOMCTL(settscinfo),
    DOMCTL(cacheflush),
    DOMCTL(get_vcpu_msrs),
    DOMCTL(setnodeaffinity),
    DOMCTL(psr_cmt_op),
    DOMCTL(get_cpu_policy),
    DOMCTL(set_cpu_policy),
    DOMCTL(vuart_op),
    DOMCTL(get_paging_mempool_size),
    DOMCTL(set_paging_mempool_size),
};

static const struct name memory_ops[] = {
    MEMORY(increase_reservation),
    MEMORY(decrease_reservation),
    MEMORY(populate_physmap),
    MEMORY(add_to_physmap),
    MEMORY(add_to_physmap_batch),
    MEMORY(remove_from_physmap),
    MEMORY(memory_map),
    MEMORY(set_memory_map),
    MEMORY(maximum_gpfn),
    MEMORY(claim_pages),
    MEMORY(acquire_resource),
};

#define REGION(name) { XENMEM_REGION_OP_##name, #name }

static const struct name region_ops[] = {
    REGION(probe),
    REGION(allocate),
    REGION(map),
    REGION(unmap),
};

static const struct name hypercalls[] = {
    { __HYPERVISOR_xen_version, "xen_version" },
    { __HYPERVISOR_sysctl, "sysctl" },
    { __HYPERVISOR_hvm_op, "hvm_op" },
    { __HYPERVISOR_event_channel_op, "event_channel_op" },
    { __HYPERVISOR_grant_table_op, "grant_table_op" },
    { __HYPERVISOR_xsm_op, "xsm_op" },
    { __HYPERVISOR_platform_op, "platform_op" },
};

static const char *name_of(const struct name *names, size_t nr, uint32_t number)
{
    static _Thread_local char text[12];

    for ( size_t i = 0; i < nr; i++ )
        if ( names[i].number == number )
            return names[i].name;

    snprintf(text, sizeof(text), "%"PRIu32, number);

    return text;
}

static bool domctl_fails(const struct xen_domctl *domctl)
{
    return fails(domctl->cmd == XEN_DOMCTL_getdomaininfo ? &of_question
                                                         : &of_domain,
                 "hypercall domctl %s of %u",
                 name_of(domctls, LENGTH(domctls), domctl->cmd),
                 domctl->domain);
}

static bool memory_op_fails(uint64_t command, uint64_t argument)
{
    const xen_region_op_t *region = (const void *)(uintptr_t)argument;

    command &= MEMORY_OP_COMMAND;
    if ( command == XENMEM_region_op )
        /* A probe of no pages asks whether the domain is being destroyed. */
        return fails(region->op == XENMEM_REGION_OP_probe && !region->nr
                     ? &of_question : &of_domain,
                     "hypercall memory_op region_op %s of %u",
                     name_of(region_ops, LENGTH(region_ops), region->op),
                     region->domid);

    return fails(&of_hypercall, "hypercall memory_op %s",
                 name_of(memory_ops, LENGTH(memory_ops), command));
}

static bool hypercall_fails(const privcmd_hypercall_t *call)
{
    /* Sysctls and the like have their command first, as domctls have. */
    const uint32_t *argument = (const void *)(uintptr_t)call->arg[0];
    const multicall_entry_t *part = (const void *)argument;

    switch ( call->op )
    {
    case __HYPERVISOR_domctl:
        return domctl_fails((const void *)argument);
    case __HYPERVISOR_memory_op:
        return memory_op_fails(call->arg[0], call->arg[1]);
    /* libxc makes each memory_op a multicall of one part. */
    case __HYPERVISOR_multicall:
        return part->op == __HYPERVISOR_memory_op
               ? memory_op_fails(part->args[0], part->args[1])
               : fails(&of_hypercall, "hypercall multicall of %"PRIu64,
                       (uint64_t)part->op);
    case __HYPERVISOR_sysctl:
    case __HYPERVISOR_xsm_op:
    case __HYPERVISOR_platform_op:
        return fails(&of_question, "hypercall %s %"PRIu32,
                     name_of(hypercalls, LENGTH(hypercalls), call->op),
                     *argument);
    default:
        return fails(call->op == __HYPERVISOR_xen_version ? &of_version
                                                          : &of_question,
                     "hypercall %s %"PRIu64,
                     name_of(hypercalls, LENGTH(hypercalls), call->op),
                     (uint64_t)call->arg[0]);
    }
}

static bool dm_op_fails(const privcmd_dm_op_t *call)
{
    const struct xen_dm_op *op = call->num ? call->ubufs[0].uptr : NULL;

    return fails(&of_hypercall, "hypercall dm_op %d of %u",
                 op ? (int)op->op : -1, call->dom);
}

static bool ioctl_fails(unsigned long request, const void *argument)
{
    const privcmd_mmapbatch_v2_t *batch = argument;
    const privcmd_mmap_resource_t *resource = argument;

    switch ( request )
    {
    case IOCTL_PRIVCMD_HYPERCALL:
        return hypercall_fails(argument);
    case IOCTL_PRIVCMD_DM_OP:
        return dm_op_fails(argument);
    case IOCTL_PRIVCMD_MMAPBATCH_V2:
        return fails(&of_map, "hypercall mmapbatch of %u, %u pages",
                     batch->dom, batch->num);
    case IOCTL_PRIVCMD_MMAP_RESOURCE:
        return fails(&of_map, "hypercall mmap_resource of %u", resource->dom);
    default:
        return _IOC_TYPE(request) == 'P' &&
               fails(&of_map, "hypercall ioctl %u",
                     (unsigned int)_IOC_NR(request));
    }
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *argument;

    va_start(args, request);
    argument = va_arg(args, void *);
    va_end(args);

    return ioctl_fails(request, argument)
           ? -1 : NEXT(ioctl)(fd, request, argument);
}

/* ---- xenstore requests -------------------------------------------------- */

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    return fails(&of_read, "request read %s", path)
           ? NULL : NEXT(xs_read)(h, t, path, len);
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
                    unsigned int *num)
{
    return fails(&of_read, "request directory %s", path)
           ? NULL : NEXT(xs_directory)(h, t, path, num);
}

struct xs_permissions *xs_get_permissions(struct xs_handle *h,
                                          xs_transaction_t t, const char *path,
                                          unsigned int *num)
{
    return fails(&of_read, "request get_permissions %s", path)
           ? NULL : NEXT(xs_get_permissions)(h, t, path, num);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len)
{
    return !fails(&of_write, "request write %s", path) &&
           NEXT(xs_write)(h, t, path, data, len);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return !fails(&of_write, "request mkdir %s", path) &&
           NEXT(xs_mkdir)(h, t, path);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return !fails(&of_write, "request rm %s", path) && NEXT(xs_rm)(h, t, path);
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    return !fails(&of_write, "request set_permissions %s", path) &&
           NEXT(xs_set_permissions)(h, t, path, perms, num_perms);
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    return !fails(&of_write, "request watch %s", path) &&
           NEXT(xs_watch)(h, path, token);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    return !fails(&of_write, "request unwatch %s", path) &&
           NEXT(xs_unwatch)(h, path, token);
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    return fails(&of_write, "request transaction_start")
           ? XBT_NULL : NEXT(xs_transaction_start)(h);
}

/* One that fails is over all the same, as xenstored has it. */
bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
    if ( fails(abort ? &of_write : &of_end, "request transaction_end%s",
               abort ? " abort" : "") )
    {
        NEXT(xs_transaction_end)(h, t, true);
        errno = fault->error;
        return false;
    }

    return NEXT(xs_transaction_end)(h, t, abort);
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
                         unsigned long mfn, unsigned int eventchn)
{
    return !fails(&of_write, "request introduce of %u", domid) &&
           NEXT(xs_introduce_domain)(h, domid, mfn, eventchn);
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    return !fails(&of_write, "request release of %u", domid) &&
           NEXT(xs_release_domain)(h, domid);
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
    return !fails(&of_write, "request resume of %u", domid) &&
           NEXT(xs_resume_domain)(h, domid);
}

bool xs_set_target(struct xs_handle *h, unsigned int domid,
                   unsigned int target)
{
    return !fails(&of_write, "request set_target of %u", domid) &&
           NEXT(xs_set_target)(h, domid, target);
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    return fails(&of_read, "request get_domain_path of %u", domid)
           ? NULL : NEXT(xs_get_domain_path)(h, domid);
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
    return !fails(&of_read, "request is_domain_introduced of %u", domid) &&
           NEXT(xs_is_domain_introduced)(h, domid);
}
