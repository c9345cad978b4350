/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * stopwatch FILE COMMAND [WORD...]: runs the command, and writes to FILE how
 * many nanoseconds it took; where the clock counts instructions, how many of
 * those the machine executed meanwhile.  Exit: the command's; 127 not run.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_NOT_RUN 127

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);

    return time.tv_sec * UINT64_C(1000000000) + time.tv_nsec;
}

/* Returns the command's exit status. */
static int run(char **command)
{
    pid_t pid = fork();
    int status;

    if ( !pid )
    {
        execvp(command[0], command);
        _exit(EXIT_NOT_RUN);
    }

    if ( pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) )
        return EXIT_NOT_RUN;

    return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    uint64_t begin;
    FILE *file;
    int status;

    if ( argc < 3 || !(file = fopen(argv[1], "w")) )
    {
        fputs("usage: stopwatch FILE COMMAND [WORD...]\n", stderr);
        return EXIT_NOT_RUN;
    }

    begin = now();
    status = run(argv + 2);
    fprintf(file, "%"PRIu64"\n", now() - begin);

    return fclose(file) ? EXIT_NOT_RUN : status;
}
