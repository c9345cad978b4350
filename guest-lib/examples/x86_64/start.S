/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * x86_64 PVH start-up: from 32-bit protected mode without paging to 64-bit
 * mode with an identity map, then guest_main().  Also the trap entries.
 *
 * IDENTITY_GIB: how much of the address space to map, from 0.  In 2 MiB pages,
 * as not every CPU has larger ones.
 */
#ifndef IDENTITY_GIB
#define IDENTITY_GIB    4
#endif

#define CR0_PE          (1 << 0)
#define CR0_WP          (1 << 16)
#define CR0_PG          (1 << 31)
#define CR4_PAE         (1 << 5)
#define MSR_EFER        0xc0000080
#define EFER_LME        (1 << 8)

#define PTE_TABLE       0x03    /* present, writable */
#define PTE_2M          0x83    /* present, writable, 2 MiB page */

#define PAGE_FAULT      14

#define CODE64          0x08    /* selectors in gdt */
#define DATA            0x10

        /* Where Xen's domain builder enters (XEN_ELFNOTE_PHYS32_ENTRY). */
        .section .note.Xen, "a", @note
        .balign 4
        .long 4, 4, 18
        .asciz "Xen"
        .long start

        .text
        .code32
        .globl start
start:
        cld
        mov     $stack_top, %esp
        mov     %ebx, %esi              /* start info, until guest_main() */

        movl    $pdpt + PTE_TABLE, pml4

        mov     $pdpt, %edi
        mov     $page_directories + PTE_TABLE, %eax
        mov     $IDENTITY_GIB, %ecx
1:      mov     %eax, (%edi)
        add     $4096, %eax
        add     $8, %edi
        loop    1b

        mov     $page_directories, %edi
        mov     $PTE_2M, %eax
        xor     %edx, %edx              /* address bits 63:32 */
        mov     $IDENTITY_GIB * 512, %ecx
1:      mov     %eax, (%edi)
        mov     %edx, 4(%edi)
        add     $0x200000, %eax
        adc     $0, %edx
        add     $8, %edi
        loop    1b

        mov     $pml4, %eax
        mov     %eax, %cr3
        mov     $CR4_PAE, %eax
        mov     %eax, %cr4
        mov     $MSR_EFER, %ecx
        rdmsr
        or      $EFER_LME, %eax
        wrmsr
        mov     $CR0_PE | CR0_WP | CR0_PG, %eax
        mov     %eax, %cr0

        lgdt    gdt_pointer
        ljmp    $CODE64, $start64

        .code64
start64:
        mov     $DATA, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %esi, %ebx              /* callee-saved, clears bits 63:32 */
        call    traps_init
        mov     %rbx, %rdi
        call    guest_main
        ud2

/*
 * int guarded_call(void (*fn)(void *), void *arg)
 *
 * A trap inside fn() continues at guarded_return with the stack pointer that
 * is saved here, and 1 as the result.
 */
        .globl guarded_call
guarded_call:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        sub     $8, %rsp                /* 16-byte alignment at the call */
        mov     %rsp, guard_sp(%rip)
        mov     %rdi, %rax
        mov     %rsi, %rdi
        call    *%rax
        xor     %eax, %eax
guarded_return:
        movq    $0, guard_sp(%rip)
        add     $8, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret

/*
 * One 16-byte entry for each of the 32 exception vectors.  Those without an
 * error code push a zero, so that all frames look the same.
 */
#define HAS_ERROR_CODE  ((1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | \
                         (1 << 13) | (1 << 14) | (1 << 17) | (1 << 21) | \
                         (1 << 29) | (1 << 30))

        .balign 16
        .globl trap_entries
trap_entries:
        .set    vector, 0
        .rept   32
        .balign 16
        .if     !((HAS_ERROR_CODE >> vector) & 1)
        push    $0
        .endif
        push    $vector
        jmp     trap_common
        .set    vector, vector + 1
        .endr

/* The interrupted code is never resumed, so no register is saved. */
trap_common:
        cld
        xor     %edi, %edi              /* address: page faults only */
        pop     %rdx
        cmp     $PAGE_FAULT, %edx
        jne     1f
        mov     %cr2, %rdi
1:      shl     $32, %rdx
        pop     %rax
        or      %rax, %rdx              /* cause */
        mov     (%rsp), %rsi            /* pc */
        and     $-16, %rsp
        call    trap_taken
        mov     %rax, %rsp
        mov     $1, %eax
        jmp     guarded_return

        .section .rodata
        .balign 8
gdt:
        .quad   0
        .quad   0x00af9a000000ffff      /* 64-bit code, ring 0 */
        .quad   0x00cf92000000ffff      /* data, ring 0 */
gdt_pointer:
        .word   gdt_pointer - gdt - 1
        .long   gdt

        .bss
        .balign 4096
pml4:   .skip   4096
pdpt:   .skip   4096
page_directories:
        .skip   IDENTITY_GIB * 4096
        .skip   16384
stack_top:

        .section .note.GNU-stack, "", @progbits
