/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The registers of the QNX hypervisor's shared memory device, by their names,
 * for guests that were written for it.  Nothing traps here, so what is a read
 * or a write of a register there is a call here.
 *
 *     struct shared_mem_registers regs;
 *
 *     if ( shared_mem_reg_open(&regs, page) )       signature is wrong
 *     shared_mem_reg_name(&regs, "ID1");            write name
 *     shared_mem_reg_create(&regs, 16);             write size
 *     if ( shared_mem_reg_factory_status(&regs) )   check status; BUSY: again
 *     base = map(shared_mem_reg_shmem(&regs),
 *                shared_mem_reg_size(&regs) + 1);   in pages
 *     shared_mem_reg_map(&regs, base);
 *     shared_mem_reg_idx(&regs), ..._notify(), ..._status(), ..._detach()
 *
 * `+ 1' is the control page: without control=yes, or with offset=, there is
 * none, the registers after ..._map() read 0, and `regs.region.pages' is what
 * to map.
 */
#ifndef SHARED_MEM_REGISTERS_H
#define SHARED_MEM_REGISTERS_H

#include <shared_mem/atomic.h>
#include <shared_mem/control.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Fields are for reading.  All zero bytes, or not opened for an error: all
 * registers read 0 but for the factory's status, and writes do nothing.
 */
struct shared_mem_registers {
    struct shared_mem_factory factory;
    struct shared_mem_region region; /* selected, if `status' is 0 */
    uint32_t status;                 /* SHARED_MEM_STATUS_* */
    bool busy; /* the last selection was not made; all else is as before */
    struct shared_mem handle;        /* from shared_mem_reg_map() on */
};

/*
 * What shared_mem_reg_factory_status() gives after a selection that was not
 * made, as the toolstack was writing all the while.  `regs.status' and the
 * registers that show the selection are as before.  Select again.
 */
#define SHARED_MEM_STATUS_BUSY UINT32_C(0xffffffff)

/* How often a selection is tried before that; each try is long for itself. */
#define SHARED_MEM_REG_TRIES 16

/*
 * Private: selects by @name, or by @number if that is NULL.  A write of the
 * factory page takes microseconds, but its writer may be preempted.
 */
static inline void shared_mem_reg_select(struct shared_mem_registers *regs,
                                         const char *name, uint32_t number)
{
    struct shared_mem_region region;
    int error = SHARED_MEM_EAGAIN;

    for ( unsigned int tries = 0;
          error == SHARED_MEM_EAGAIN && tries < SHARED_MEM_REG_TRIES; tries++ )
        error = name ? shared_mem_factory_find(&regs->factory, name, &region)
                     : shared_mem_factory_region(&regs->factory, number,
                                                 &region);

    regs->busy = error == SHARED_MEM_EAGAIN;
    if ( regs->busy )
        return;

    if ( !error )
    {
        regs->region = region;
        regs->status = SHARED_MEM_STATUS_OK;
    }
    else if ( error == SHARED_MEM_ENOENT )
        regs->status = SHARED_MEM_STATUS_DOES_NOT_EXIST;
    else
        regs->status = SHARED_MEM_STATUS_UNKNOWN_FAILURE;
}

/*
 * Factory page.
 */

/* Selects by number, in the order of the domain's config. */
static inline void shared_mem_reg_find(struct shared_mem_registers *regs,
                                       uint32_t number)
{
    shared_mem_reg_select(regs, NULL, number);
}

/* Selects by name. */
static inline void shared_mem_reg_name(struct shared_mem_registers *regs,
                                       const char *name)
{
    shared_mem_reg_select(regs, name, 0);
}

/* See shared_mem_factory_open().  The first region is selected. */
static inline int shared_mem_reg_open(struct shared_mem_registers *regs,
                                      const void *page)
{
    int error = SHARED_MEM_EAGAIN;

    __builtin_memset(regs, 0, sizeof(*regs));
    for ( unsigned int tries = 0;
          error == SHARED_MEM_EAGAIN && tries < SHARED_MEM_REG_TRIES; tries++ )
        error = shared_mem_factory_open(&regs->factory, page);

    regs->status = SHARED_MEM_STATUS_DOES_NOT_EXIST;
    shared_mem_reg_find(regs, 0);

    return error;
}

static inline uint32_t
shared_mem_reg_factory_status(const struct shared_mem_registers *regs)
{
    return regs->busy ? SHARED_MEM_STATUS_BUSY : regs->status;
}

/* Pages of data, the control page not counted. */
static inline uint32_t
shared_mem_reg_size(const struct shared_mem_registers *regs)
{
    if ( regs->status )
        return 0;

    return regs->region.pages - shared_mem_has_control(&regs->region);
}

/*
 * Nothing is made: regions come from the domains' configs.  The status becomes
 * SHARED_MEM_STATUS_NOMEM if there are fewer than @pages.
 */
static inline void shared_mem_reg_create(struct shared_mem_registers *regs,
                                         uint32_t pages)
{
    if ( !regs->busy && !regs->status && pages > shared_mem_reg_size(regs) )
        regs->status = SHARED_MEM_STATUS_NOMEM;
}

/* Where the mapping begins: with the control page, if it has one. */
static inline uint64_t
shared_mem_reg_shmem(const struct shared_mem_registers *regs)
{
    return regs->status ? 0 : regs->region.gpa;
}

/* Interrupt of notifications; 0: poll. */
static inline uint32_t
shared_mem_reg_vector(const struct shared_mem_registers *regs)
{
    if ( !regs->factory.page )
        return 0;

    return shared_mem_load(
        &regs->factory.page[offsetof(struct shared_mem_factory_page, vector) /
                            sizeof(uint32_t)]);
}

/*
 * Control page.
 */

/* @base is where `shmem' is mapped: see shared_mem_attach_region(). */
static inline int shared_mem_reg_map(struct shared_mem_registers *regs,
                                     void *base)
{
    if ( regs->busy )
        return SHARED_MEM_EAGAIN;
    if ( regs->status )
        return SHARED_MEM_ENOENT;

    return shared_mem_attach_region(&regs->handle, &regs->factory,
                                    &regs->region, base);
}

/* 0 before shared_mem_reg_map(). */
static inline uint32_t
shared_mem_reg_idx(const struct shared_mem_registers *regs)
{
    return regs->handle.region.index;
}

/* Bit n: notify peer n; SHARED_MEM_ALL: all but me. */
static inline void shared_mem_reg_notify(struct shared_mem_registers *regs,
                                         uint32_t peers)
{
    (void)shared_mem_notify(&regs->handle, peers);
}

/*
 * For indices 0 to 15: in the low half who has notified since the last time,
 * in the high one who is attached.  Notifications of higher indices stay for
 * shared_mem_take().
 */
static inline uint32_t shared_mem_reg_status(struct shared_mem_registers *regs)
{
    return shared_mem_attached(&regs->handle) << 16 |
           shared_mem_take_from(&regs->handle, 0xffff);
}

static inline void shared_mem_reg_detach(struct shared_mem_registers *regs)
{
    (void)shared_mem_detach(&regs->handle);
}

#ifdef __cplusplus
}
#endif

#endif /* SHARED_MEM_REGISTERS_H */
