/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of trap handling that is the same on every architecture.
 */
#include "guest.h"

struct trap last_trap;
uint64_t guard_sp;

uint64_t trap_taken(uint64_t address, uint64_t pc, uint64_t cause)
{
    last_trap.address = address;
    last_trap.pc = pc;
    last_trap.cause = cause;

    if ( !guard_sp )
        trap_fatal(&last_trap);

    return guard_sp;
}
