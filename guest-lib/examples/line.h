/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One line of console output, put together piece by piece.
 */
#ifndef EXAMPLES_LINE_H
#define EXAMPLES_LINE_H

#include <stdint.h>

/* Xen breaks guest console lines at 80 characters, so none gets longer. */
#define LINE_MAX 79

/* Start with an all-zero struct.  What does not fit is left out. */
struct line {
    unsigned int length;
    char text[LINE_MAX + 1]; /* and the newline */
};

void line_text(struct line *line, const char *text);

/* Append @value as 0x and lower-case hex digits. */
void line_hex(struct line *line, uint64_t value);

/* Append @value in decimal. */
void line_decimal(struct line *line, uint64_t value);

/* Write the line to the console and make it empty again. */
void line_end(struct line *line);

#endif /* EXAMPLES_LINE_H */
