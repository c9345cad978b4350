/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the console UART is: a guest-physical address in the first GiB.  For
 * C and assembly.  The build may name another one, to run without Xen.
 */
#ifndef UART_BASE
#define UART_BASE 0x22000000 /* Xen's emulated SBSA UART, a PL011 */
#endif
