/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a test and xen_fault.so, preloaded into xl, share: a file, mapped by
 * both, that says which call is to fail, and then tells which one did.
 */
#ifndef E2E_XEN_FAULT_H
#define E2E_XEN_FAULT_H

#include <stdint.h>

#define FAULT_LIBRARY   "/usr/lib/xen_fault.so"
#define FAULT_VARIABLE  "XEN_FAULT" /* of the environment: the file's name */
#define FAULT_NAME_SIZE 128
#define FAULT_CALLS_MAX 1024 /* calls whose names are kept */

enum fault_mode {
    FAULT_NONE, /* only count */
    FAULT_FAIL, /* the call is not made, and fails */
    FAULT_KILL, /* the process that is about to make it is killed */
};

/*
 * Calls are hypercalls and xenstore requests of xl and of all its children, in
 * one sequence; the first has number 1.  The test clears all of it and writes
 * the plan before it starts xl, and reads the rest when no process is left.
 */
struct fault {
    /* The plan. */
    uint32_t mode;    /* enum fault_mode */
    uint32_t at;      /* number of the call */
    uint32_t variant; /* FAULT_FAIL: which of the errors, from 0 */

    /* What became of it. */
    _Atomic uint32_t calls; /* so many were made, or tried */
    uint32_t hit;           /* 1: call number "at" was reached */
    int32_t pid;            /* by this process */
    int32_t error;          /* FAULT_FAIL: the errno */
    uint32_t variants;      /* so many errors are plausible for this call */

    /* "hypercall domctl createdomain", "request write /local/domain/1/vm" */
    char name[FAULT_CALLS_MAX][FAULT_NAME_SIZE];
};

#endif /* E2E_XEN_FAULT_H */
