/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a guest does about a trap that it did not expect.
 */
#include "last_words.h"
#include "line.h"

_Noreturn void last_words(const char *name, const struct trap *trap)
{
    struct line line = { 0 };

    line_text(&line, name);
    line_text(&line, ": trap ");
    line_hex(&line, trap->cause);
    line_text(&line, " at ");
    line_hex(&line, trap->pc);
    line_text(&line, ", address ");
    line_hex(&line, trap->address);
    line_end(&line);

    cpu_sleep_for_good();
}
