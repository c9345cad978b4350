/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * qnx: the usual flow of a guest that was written for the shared memory device
 * of the QNX hypervisor, by the same register names.  The region "whiteboard"
 * has a control page and a page of data, of which each client has a slice.
 */
#include <shared_mem/copy.h>
#include <shared_mem/registers.h>

#include "../line.h"
#include "peer.h"

const char peer_name[] = "qnx";

#define PAGES 1
#define SLICE 64

static void write_slice(struct shared_mem_registers *regs)
{
    static const char text[SLICE] = "written by a client";
    char *slice = (char *)regs->handle.data + shared_mem_reg_idx(regs) * SLICE;

    shared_mem_copy_to(slice, text, SLICE);
}

static void read_slice(struct shared_mem_registers *regs, unsigned int client)
{
    const char *slice = (const char *)regs->handle.data + client * SLICE;
    struct line line = { 0 };
    char text[SLICE];

    shared_mem_copy_from(text, slice, SLICE);
    text[SLICE - 1] = '\0';

    line_text(&line, peer_name);
    line_text(&line, ": client ");
    line_decimal(&line, client);
    line_text(&line, " says: ");
    line_text(&line, text);
    line_end(&line);
}

/*
 * Reading the register takes the notifications: adds who has notified to
 * *senders, and returns who else is attached.
 */
static uint32_t read_status(struct shared_mem_registers *regs,
                            uint32_t *senders)
{
    uint32_t status = shared_mem_reg_status(regs);

    *senders |= status & 0xffff;

    return status >> 16 & ~(UINT32_C(1) << shared_mem_reg_idx(regs));
}

_Noreturn void guest_main(uint64_t boot_info)
{
    struct shared_mem_registers regs;
    uint32_t senders = 0;
    int error;

    (void)boot_info;

    /* Find the page, and check its signature. */
    do
        error = shared_mem_reg_open(&regs, FACTORY_PAGE);
    while ( error == SHARED_MEM_EAGAIN );
    if ( error )
        give_up("no factory page", error);

    do
        shared_mem_reg_name(&regs, "whiteboard");
    while ( shared_mem_reg_factory_status(&regs) == SHARED_MEM_STATUS_BUSY );
    shared_mem_reg_create(&regs, PAGES);
    if ( shared_mem_reg_factory_status(&regs) != SHARED_MEM_STATUS_OK )
        give_up("status", -(int)shared_mem_reg_factory_status(&regs));

    /* Map shmem, `size' pages of data and one of control: it is mapped here. */
    error = shared_mem_reg_map(&regs,
                               (void *)(uintptr_t)shared_mem_reg_shmem(&regs));
    if ( error )
        give_up("cannot map", error);

    say_number("I am client ", shared_mem_reg_idx(&regs), "");
    while ( !read_status(&regs, &senders) )
        cpu_relax();

    write_slice(&regs);
    shared_mem_reg_notify(&regs, SHARED_MEM_ALL);
    while ( !senders )
    {
        cpu_relax();
        (void)read_status(&regs, &senders);
    }

    /* Whoever has notified has written its slice before. */
    for ( unsigned int client = 0; client < 16; client++ )
        if ( senders >> client & 1 )
            read_slice(&regs, client);

    shared_mem_reg_detach(&regs);
    say("detached");
    cpu_sleep_for_good();
}
