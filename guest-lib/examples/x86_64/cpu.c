/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * x86_64: console, exception vectors, waiting.
 */
#include "guest.h"

#define XEN_CONSOLE_PORT 0xe9
#define CODE64           0x08 /* as in start.S */
#define GATE_PRESENT     0x8e00 /* present, ring 0, 64-bit interrupt gate */
#define NR_EXCEPTIONS    32

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

/* In start.S: one entry every 16 bytes. */
extern const char trap_entries[];
void traps_init(void);

static struct gate idt[NR_EXCEPTIONS];

void traps_init(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = { sizeof(idt) - 1, (uintptr_t)idt };

    for ( unsigned int i = 0; i < NR_EXCEPTIONS; i++ )
    {
        uintptr_t entry = (uintptr_t)trap_entries + i * 16;

        idt[i] = (struct gate){
            .offset_low = entry,
            .selector = CODE64,
            .type = GATE_PRESENT,
            .offset_middle = entry >> 16,
            .offset_high = (uint64_t)entry >> 32,
        };
    }

    __asm__ volatile ( "lidt %0" :: "m" (pointer), "m" (idt) );
}

void console_write(const char *text, unsigned int length)
{
    for ( unsigned int i = 0; i < length; i++ )
        __asm__ volatile ( "outb %0, %1"
                           :: "a" (text[i]), "Nd" (XEN_CONSOLE_PORT) );
}

void cpu_relax(void)
{
    __asm__ volatile ( "pause" ::: "memory" );
}

_Noreturn void cpu_sleep_for_good(void)
{
    /*
     * Xen takes HLT with interrupts off as a power-off.  No interrupt source
     * is set up, so switching them on wakes nobody.
     */
    for ( ; ; )
        __asm__ volatile ( "sti; hlt" ::: "memory" );
}
