/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The agent: a guest that reads, writes and checks its memory as guestctl in
 * dom0 tells it to.  It uses no console, no interrupt and, unless told to, no
 * hypercall.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "clock.h"
#include "guest.h"
#include "hypercall.h"
#include "mailbox.h"

/* From Xen's public headers. */
#define HYPERCALL_MEMORY_OP        12
#define HYPERCALL_SCHED_OP         29
#define XENMEM_REMOVE_FROM_PHYSMAP 15
#define SCHEDOP_SHUTDOWN           2
#define DOMID_SELF                 0x7ff0

extern char image_start[], image_end[]; /* from the linker script */

static struct mailbox *const mailbox = (struct mailbox *)MAILBOX_GPA;

static bool overlaps(uint64_t gpa, uint64_t size, uint64_t begin, uint64_t end)
{
    return gpa < end && begin < gpa + size;
}

static bool range_is_sound(uint64_t gpa, uint64_t size)
{
    return !(gpa % sizeof(uint64_t)) && !(size % sizeof(uint64_t)) &&
           size && gpa + size - 1 >= gpa;
}

static bool may_write(uint64_t gpa, uint64_t size)
{
    return range_is_sound(gpa, size) &&
           !overlaps(gpa, size, (uintptr_t)image_start,
                     (uintptr_t)image_end) &&
           !overlaps(gpa, size, MAILBOX_GPA, MAILBOX_GPA + MAILBOX_SIZE);
}

static volatile uint64_t *word_at(uint64_t gpa)
{
    return (volatile uint64_t *)(uintptr_t)gpa;
}

static enum mailbox_status fill(const uint64_t *argument)
{
    volatile uint64_t *word = word_at(argument[0]);
    uint64_t size = argument[1], seed = argument[2], start = argument[3];

    if ( !may_write(argument[0], size) )
        return MAILBOX_REFUSED;

    for ( uint64_t offset = 0; offset < size; offset += sizeof(*word) )
        *word++ = mailbox_pattern(seed, start + offset);

    return MAILBOX_OK;
}

static enum mailbox_status mismatch(const volatile uint64_t *word,
                                    uint64_t expected, uint64_t found)
{
    mailbox->value[0] = (uintptr_t)word;
    mailbox->value[1] = expected;
    mailbox->value[2] = found;

    return MAILBOX_MISMATCH;
}

static enum mailbox_status check(const uint64_t *argument)
{
    const volatile uint64_t *word = word_at(argument[0]);
    uint64_t size = argument[1], seed = argument[2], start = argument[3];

    if ( !range_is_sound(argument[0], size) )
        return MAILBOX_REFUSED;

    for ( uint64_t offset = 0; offset < size; offset += sizeof(*word), word++ )
    {
        uint64_t expected = mailbox_pattern(seed, start + offset);
        uint64_t found = *word;

        if ( found != expected )
            return mismatch(word, expected, found);
    }

    return MAILBOX_OK;
}

static enum mailbox_status zero(const uint64_t *argument)
{
    const volatile uint64_t *word = word_at(argument[0]);
    uint64_t size = argument[1];

    if ( !range_is_sound(argument[0], size) )
        return MAILBOX_REFUSED;

    for ( uint64_t offset = 0; offset < size; offset += sizeof(*word), word++ )
    {
        uint64_t found = *word;

        if ( found )
            return mismatch(word, 0, found);
    }

    return MAILBOX_OK;
}

static enum mailbox_status read(const uint64_t *argument)
{
    if ( !range_is_sound(argument[0], sizeof(uint64_t)) )
        return MAILBOX_REFUSED;

    mailbox->value[0] = *word_at(argument[0]);

    return MAILBOX_OK;
}

static enum mailbox_status write(const uint64_t *argument)
{
    if ( !may_write(argument[0], sizeof(uint64_t)) )
        return MAILBOX_REFUSED;

    *word_at(argument[0]) = argument[1];

    return MAILBOX_OK;
}

static enum mailbox_status execute(uint64_t gpa)
{
    if ( !range_is_sound(gpa, sizeof(uint64_t)) )
        return MAILBOX_REFUSED;

    ((void (*)(void))(uintptr_t)gpa)();

    return MAILBOX_OK;
}

static enum mailbox_status remove(const uint64_t *argument)
{
    struct {
        uint16_t domid;
        uint64_t gfn;
    } page = { DOMID_SELF, argument[0] };

    mailbox->value[0] = hypercall(HYPERCALL_MEMORY_OP,
                                  XENMEM_REMOVE_FROM_PHYSMAP,
                                  (uintptr_t)&page, 0);

    return MAILBOX_OK;
}

static enum mailbox_status any_hypercall(const uint64_t *argument)
{
    mailbox->value[0] = hypercall(argument[0], argument[1], argument[2],
                                  argument[3]);

    return MAILBOX_OK;
}

static enum mailbox_status written_by_xen(bool (*request)(uint64_t gpa),
                                          uint64_t gpa)
{
    return may_write(gpa, sizeof(uint64_t)) && request(gpa) ? MAILBOX_OK
                                                            : MAILBOX_REFUSED;
}

/* How long it does not run, for whatever reason. */
static enum mailbox_status watch(uint64_t ticks)
{
    const uint64_t start = clock_now();
    uint64_t last = start, longest = 0;

    while ( last - start < ticks )
    {
        uint64_t now = clock_now();

        if ( now - last > longest )
            longest = now - last;
        last = now;
    }
    mailbox->value[0] = longest;

    return MAILBOX_OK;
}

static enum mailbox_status obey(uint64_t command, const uint64_t *argument)
{
    switch ( command )
    {
    case MAILBOX_FILL:   return fill(argument);
    case MAILBOX_CHECK:  return check(argument);
    case MAILBOX_ZERO:   return zero(argument);
    case MAILBOX_READ:   return read(argument);
    case MAILBOX_WRITE:  return write(argument);
    case MAILBOX_REMOVE: return remove(argument);
    case MAILBOX_EXECUTE: return execute(argument[0]);
    case MAILBOX_WATCH:  return watch(argument[0]);

    case MAILBOX_HYPERCALL:
        return any_hypercall(argument);
    case MAILBOX_HYPERCALL_PAGE:
        return written_by_xen(request_hypercall_page, argument[0]);
    case MAILBOX_INPUT:
        return written_by_xen(input_to_memory, argument[0]);

    /* These two are acted on once they are answered. */
    case MAILBOX_SHUTDOWN:
    case MAILBOX_IDLE:
    case MAILBOX_PING:   return MAILBOX_OK;
    }

    return MAILBOX_REFUSED;
}

static void obey_guarded(void *arg)
{
    (void)arg;
    mailbox->status = obey(mailbox->command, mailbox->argument);
}

static void report_trap(const struct trap *trap)
{
    mailbox->status = MAILBOX_FAULT;
    mailbox->value[0] = trap->address;
    mailbox->value[1] = trap->pc;
    mailbox->value[2] = trap->cause;
}

static void after_answer(uint64_t command, uint64_t argument)
{
    if ( command == MAILBOX_SHUTDOWN )
    {
        uint32_t reason = argument;

        hypercall(HYPERCALL_SCHED_OP, SCHEDOP_SHUTDOWN, (uintptr_t)&reason,
                  0);
    }
    else if ( command == MAILBOX_IDLE )
        cpu_sleep_for_good();
}

static void take_command(uint64_t request)
{
    uint64_t command = mailbox->command;
    uint64_t argument = mailbox->argument[0];

    if ( guarded_call(obey_guarded, 0) )
        report_trap(&last_trap);

    /* Release: guestctl's acquire sees status and values. */
    atomic_store_explicit(&mailbox->answered, request, memory_order_release);
    after_answer(command, argument);
}

/* Nothing but state is valid before it, so a reboot's leftovers do not count. */
static void announce(uint64_t boot_info)
{
    mailbox->version = MAILBOX_VERSION;
    mailbox->image_start = (uintptr_t)image_start;
    mailbox->image_end = (uintptr_t)image_end;
    mailbox->boot_info = boot_info;
    atomic_store_explicit(&mailbox->request, 0, memory_order_relaxed);
    atomic_store_explicit(&mailbox->answered, 0, memory_order_relaxed);

    /* Release: guestctl's acquire of state sees all of the above. */
    atomic_store_explicit(&mailbox->state, MAILBOX_UP, memory_order_release);
}

_Noreturn void guest_main(uint64_t boot_info)
{
    announce(boot_info);

    for ( uint64_t done = 0; ; cpu_relax() )
    {
        /* Acquire: pairs with guestctl's release, so command is whole. */
        uint64_t request = atomic_load_explicit(&mailbox->request,
                                                memory_order_acquire);

        if ( request != done )
        {
            take_command(request);
            done = request;
        }
    }
}

_Noreturn void trap_fatal(const struct trap *trap)
{
    report_trap(trap);
    /* Release: guestctl's acquire of state sees the values. */
    atomic_store_explicit(&mailbox->state, MAILBOX_CRASHED,
                          memory_order_release);
    cpu_sleep_for_good();
}
