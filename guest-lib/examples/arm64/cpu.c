/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * arm64: console, waiting.
 */
#include "guest.h"
#include "uart.h"

#define UART_DATA     0x00
#define UART_FLAGS    0x18
#define UART_TX_FULL  (1u << 5)

static volatile uint32_t *uart_register(unsigned int offset)
{
    return (volatile uint32_t *)(uintptr_t)(UART_BASE + offset);
}

void console_write(const char *text, unsigned int length)
{
    for ( unsigned int i = 0; i < length; i++ )
    {
        while ( *uart_register(UART_FLAGS) & UART_TX_FULL )
            cpu_relax();
        *uart_register(UART_DATA) = (unsigned char)text[i];
    }
}

void cpu_relax(void)
{
    __asm__ volatile ( "yield" ::: "memory" );
}

_Noreturn void cpu_sleep_for_good(void)
{
    /* Every interrupt is masked and none is set up: nothing ends the wait. */
    for ( ; ; )
        __asm__ volatile ( "wfi" ::: "memory" );
}
