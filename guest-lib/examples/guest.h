/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a bare-metal example guest stands on: entry point, console, traps.
 * Implemented once for each architecture, in x86_64/ and arm64/.
 *
 * A guest has one vCPU, interrupts off, an identity map of its address
 * space (normal write-back memory, see start.S) and one small stack.
 */
#ifndef EXAMPLES_GUEST_H
#define EXAMPLES_GUEST_H

#include <stdint.h>

/*
 * The program.  Called once by the start-up code; must not return.
 *
 * @boot_info is the guest-physical address of what the domain builder left:
 * the PVH start info on x86_64, the flattened device tree on arm64.
 */
_Noreturn void guest_main(uint64_t boot_info);

/* Write @length bytes of text to the guest's console. */
void console_write(const char *text, unsigned int length);

/* Tell the CPU that the caller is polling. */
void cpu_relax(void);

/* Stop for good, using no CPU time. */
_Noreturn void cpu_sleep_for_good(void);

/* What the CPU said about a trap. */
struct trap {
    uint64_t address; /* CR2, FAR_EL1; 0 for an x86_64 trap without one */
    uint64_t pc;      /* the instruction that faulted */
    uint64_t cause;   /* x86_64: vector << 32 | error code; arm64: ESR_EL1 */
};

/* The latest trap.  Written only by the trap entry code. */
extern struct trap last_trap;

/*
 * Call fn(arg).  Returns 0 when it returned, and 1 when it was cut short by a
 * trap, which last_trap then describes.  Does not nest.
 */
int guarded_call(void (*fn)(void *arg), void *arg);

/*
 * The program's own last words for a trap outside guarded_call().  Called on
 * the interrupted stack.
 */
_Noreturn void trap_fatal(const struct trap *trap);

/*
 * For the entry code only: notes a trap, and returns the stack pointer that
 * guarded_call() saved, or does not return where none is active.
 */
uint64_t trap_taken(uint64_t address, uint64_t pc, uint64_t cause);

/* Stack pointer of the active guarded_call(), 0 where none is. */
extern uint64_t guard_sp;

#endif /* EXAMPLES_GUEST_H */
