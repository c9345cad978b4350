/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One line of console output, put together piece by piece.
 */
#include "guest.h"
#include "line.h"

void line_text(struct line *line, const char *text)
{
    while ( *text && line->length < LINE_MAX )
        line->text[line->length++] = *text++;
}

static void line_number(struct line *line, uint64_t value, unsigned int base)
{
    char digits[21]; /* 2^64 has 20 decimal digits */
    unsigned int i = sizeof(digits) - 1;

    digits[i] = '\0';
    do {
        digits[--i] = "0123456789abcdef"[value % base];
        value /= base;
    } while ( value );

    line_text(line, &digits[i]);
}

void line_hex(struct line *line, uint64_t value)
{
    line_text(line, "0x");
    line_number(line, value, 16);
}

void line_decimal(struct line *line, uint64_t value)
{
    line_number(line, value, 10);
}

void line_end(struct line *line)
{
    line->text[line->length++] = '\n';
    console_write(line->text, line->length);
    line->length = 0;
}
