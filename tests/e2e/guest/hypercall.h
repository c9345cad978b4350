/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Hypercalls from the agent guest, made only when a test asks for one.
 */
#ifndef E2E_HYPERCALL_H
#define E2E_HYPERCALL_H

#include <stdint.h>

/* Two-argument hypercall @number.  Returns what Xen returns. */
int64_t hypercall(uint64_t number, uint64_t command, void *argument);

#endif /* E2E_HYPERCALL_H */
