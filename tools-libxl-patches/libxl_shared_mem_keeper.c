/*
 * libxl-shared-mem-keeper: the process that keeps the factory pages of domains
 * current while there are any.  libxl starts it when a domain gets such a
 * page.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * There are two of them: the keeper holds a lock, and its standby waits for
 * that lock.  The kernel gives the lock on when the keeper dies, however it
 * dies, and then the standby is the keeper and starts another standby; a
 * keeper that finds no standby starts one as well.  Both end when no page is
 * left.
 *
 * The program itself returns when there are a keeper and a standby, so it can
 * be called any number of times.  Exit status 0, or 1 after a line on stderr.
 */

#include "libxl_osdeps.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "libxl.h"

#define PROGRAM      LIBEXEC_BIN "/libxl-shared-mem-keeper"
#define KEEPER_LOCK  XEN_RUN_DIR "/shared-mem-keeper.lock"
#define STANDBY_LOCK XEN_RUN_DIR "/shared-mem-standby.lock"
#define LOG_FILE     XEN_LOG_DIR "/shared-mem-keeper.log"

static void die(const char *what, const char *name)
{
    fprintf(stderr, "libxl-shared-mem-keeper: %s %s: %s\n", what, name,
            strerror(errno));
    exit(1);
}

/* The file is never removed: whoever has it open might hold the lock. */
static int open_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        die("can't open", path);

    return fd;
}

static void take_lock(int fd, const char *path)
{
    while (flock(fd, LOCK_EX))
        if (errno != EINTR)
            die("can't lock", path);
}

/* *fd_r: the lock of the standby; -1 if there is a standby. */
static void try_standby_lock(int *fd_r)
{
    *fd_r = open_lock(STANDBY_LOCK);
    if (!flock(*fd_r, LOCK_EX | LOCK_NB))
        return;

    if (errno != EWOULDBLOCK)
        die("can't lock", STANDBY_LOCK);
    close(*fd_r);
    *fd_r = -1;
}

/*
 * Runs after each beat: replaces a standby that was killed.  By a program of
 * its own, which inherits no lock; it ends by itself, and is not waited for.
 */
static void after_beat(void *opaque)
{
    int standby;

    try_standby_lock(&standby);
    if (standby < 0)
        return;
    close(standby);

    if (!fork()) {
        execl(PROGRAM, PROGRAM, NULL);
        die("can't start", "a standby");
    }
}

/* Detaches from whoever called, whose terminal and directories may go. */
static void become_daemon(int ready)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(LOG_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

    if (null < 0 || setsid() < 0 || chdir("/") ||
        dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        die("can't become", "a daemon");

    /* From here on nobody reads stderr but the log. */
    if (write(ready, "", 1) != 1 ||
        dup2(log < 0 ? null : log, STDERR_FILENO) < 0)
        exit(1);
    close(ready);
}

/* standby: the lock that it holds until it is the keeper. */
static void run(int ready, int standby)
{
    xentoollog_logger_stdiostream *logger;
    libxl_ctx *ctx = NULL;
    int keeper, rc;

    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);

    logger = xtl_createlogger_stdiostream(stderr, XTL_ERROR,
                                          XTL_STDIOSTREAM_SHOW_PID |
                                          XTL_STDIOSTREAM_SHOW_DATE);
    if (!logger || libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0,
                                   (xentoollog_logger *)logger))
        die("can't use", "libxl");

    keeper = open_lock(KEEPER_LOCK);
    become_daemon(ready);
    take_lock(keeper, KEEPER_LOCK);

    /* Before it looks for pages, so that who comes later is not lost. */
    close(standby);

    rc = libxl_shared_mem_keep(ctx, after_beat, NULL);
    libxl_ctx_free(ctx);
    exit(rc ? 1 : 0);
}

/* Returns when the process is ready that waits to be the keeper. */
static void start_standby(int standby)
{
    int ready[2];
    char byte;
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC))
        die("can't make", "a pipe");

    pid = fork();
    if (pid < 0)
        die("can't start", "a process");
    if (!pid) {
        close(ready[0]);
        run(ready[1], standby);
    }

    close(standby);
    close(ready[1]);
    /* Its end has said on stderr what is wrong. */
    if (read(ready[0], &byte, 1) != 1)
        exit(1);
}

int main(int argc, char **argv)
{
    int standby;

    if (argc > 1) {
        fprintf(stderr, "libxl-shared-mem-keeper takes no arguments\n");
        return 1;
    }

    try_standby_lock(&standby);
    if (standby >= 0)
        start_standby(standby);

    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
