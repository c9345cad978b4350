/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * arm64 start-up: Linux Image header, an identity map of 512 GiB that is part
 * of the image, MMU and caches on, then guest_main().  Also the trap entries.
 */
#include "uart.h"

/* MAIR_EL1 index 0: normal write-back memory, 1: device-nGnRnE. */
#define MAIR            0x00ff
#define TCR_T0SZ        25              /* 39 bits: the root is level 1 */
#define TCR_WB_SHARED   0x3500          /* tables: write-back, inner shareable */
#define TCR_EPD1        (1 << 23)       /* no upper half */
#define TCR_IPS_40BIT   (2 << 32)
#define SCTLR_RES1      0x30d00800
#define SCTLR_M_C_I     0x1005          /* MMU, data and instruction caches */

/* Access flag, inner shareable, kernel read-write; block or table. */
#define PTE_NORMAL      0x0701
#define PTE_DEVICE      (0x0405 | PTE_XN)
#define PTE_TABLE       0x0003
#define PTE_XN          (3 << 53)

        .section .head, "ax"
        .globl  start
start:
        b       enter
        .long   0
        .quad   0x80000                 /* text_offset, as in link.lds */
        .quad   image_size
        .quad   0x2                     /* little endian, 4 KiB pages */
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

        .text
/*
 * Nothing is written to memory before the caches are on: an uncached write
 * could be lost under a line that is already in a cache.
 */
enter:
        ldr     x1, =MAIR
        msr     mair_el1, x1
        ldr     x1, =TCR_T0SZ | TCR_WB_SHARED | TCR_EPD1 | TCR_IPS_40BIT
        msr     tcr_el1, x1
        adrp    x1, level1
        msr     ttbr0_el1, x1
        adr     x1, vectors
        msr     vbar_el1, x1
        tlbi    vmalle1
        dsb     nsh
        isb
        ldr     x1, =SCTLR_RES1 | SCTLR_M_C_I
        msr     sctlr_el1, x1
        isb

        adrp    x1, stack_top
        mov     sp, x1
        bl      guest_main              /* x0: device tree, as on entry */
        brk     #0

/*
 * int guarded_call(void (*fn)(void *), void *arg)
 *
 * A trap inside fn() continues at guarded_return with the stack pointer that
 * is saved here, and 1 as the result.
 */
        .globl  guarded_call
guarded_call:
        stp     x29, x30, [sp, #-96]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        mov     x3, sp
        ldr     x4, =guard_sp
        str     x3, [x4]
        mov     x2, x0
        mov     x0, x1
        blr     x2
        mov     w0, #0
guarded_return:
        ldr     x4, =guard_sp
        str     xzr, [x4]
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #96
        ret

/*
 * The interrupted code is never resumed, so no register is saved.  All 16
 * vectors end here: interrupts stay masked, which leaves traps of this level.
 */
trap_common:
        mrs     x0, far_el1
        mrs     x1, elr_el1
        mrs     x2, esr_el1
        bl      trap_taken
        mov     sp, x0
        mov     w0, #1
        b       guarded_return

        .balign 2048
vectors:
        .rept   16
        .balign 128
        b       trap_common
        .endr

/*
 * Identity map.  Level 1 is 1 GiB blocks of normal memory, so that a region
 * anywhere is mapped as its peers map it, except for the first GiB, where
 * the UART is.  Only the GiB that holds the image may be executed.
 */
        .data
        .balign 4096
level1:
        .quad   level2 + PTE_TABLE
        .quad   (1 << 30) | PTE_NORMAL
        .set    gib, 2
        .rept   510
        .quad   (gib << 30) | PTE_NORMAL | PTE_XN
        .set    gib, gib + 1
        .endr
level2:
        .set    block, 0
        .rept   512
        .if     block == UART_BASE >> 21
        .quad   (block << 21) | PTE_DEVICE
        .else
        .quad   (block << 21) | PTE_NORMAL | PTE_XN
        .endif
        .set    block, block + 1
        .endr

        .bss
        .balign 4096
        .skip   16384
stack_top:

        .section .note.GNU-stack, "", @progbits
