/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Hypercalls from the agent guest, made only when a test asks for one.
 */
#ifndef E2E_HYPERCALL_H
#define E2E_HYPERCALL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Hypercall @number, whose first argument is often a command.  One that takes
 * fewer than three arguments ignores the rest.  Returns what Xen returns.
 */
int64_t hypercall(uint64_t number, uint64_t first, uint64_t second,
                  uint64_t third);

/*
 * Two ways to have Xen write to @gpa without a hypercall: its page of hypercall
 * stubs; and one byte that an emulated INS reads from a port.  Either returns
 * false, having done nothing, on an architecture without it.  A trap on the way
 * is the caller's business.
 */
bool request_hypercall_page(uint64_t gpa);
bool input_to_memory(uint64_t gpa);

#endif /* E2E_HYPERCALL_H */
