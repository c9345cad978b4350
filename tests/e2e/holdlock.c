/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * holdlock FILE COMMAND [ARGUMENT]...: runs the command with a lock on the file
 * (flock(2)) until it ends, as busybox has no flock.  The file then has the
 * process's number, as libxl writes it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int fd;

    if ( argc < 3 )
    {
        fprintf(stderr, "usage: holdlock FILE COMMAND [ARGUMENT]...\n");
        return 1;
    }

    /* The command inherits it. */
    fd = open(argv[1], O_RDWR | O_CREAT, 0666);
    if ( fd < 0 || flock(fd, LOCK_EX) )
    {
        perror(argv[1]);
        return 1;
    }

    dprintf(fd, "%ld\n", (long)getpid());
    execvp(argv[2], argv + 2);
    perror(argv[2]);

    return 1;
}
