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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "libxl.h"

#define PROGRAM      LIBEXEC_BIN "/libxl-shared-mem-keeper"
#define KEEPER_LOCK  XEN_RUN_DIR "/shared-mem-keeper.lock"
#define STANDBY_LOCK XEN_RUN_DIR "/shared-mem-standby.lock"
#define LOG_FILE     XEN_LOG_DIR "/shared-mem-keeper.log"

/* A guest may take its page away, and put it back. */
#define COMPLAIN_SECONDS 60

static void die(const char *what, const char *name)
{
    fprintf(stderr, "libxl-shared-mem-keeper: %s %s: %s\n", what, name,
            strerror(errno));
    exit(1);
}

/* The file is never removed: whoever has it open might hold the lock.  Returns
 * -1 if it can't be opened. */
static int open_lock(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static void take_lock(int fd, const char *path)
{
    while (flock(fd, LOCK_EX))
        if (errno != EINTR)
            die("can't lock", path);
}

/* Returns the lock of the standby; or -1, with errno, which is EWOULDBLOCK if
 * there is a standby. */
static int try_standby_lock(void)
{
    int fd = open_lock(STANDBY_LOCK);
    int error;

    if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB))
        return fd;

    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* What fails time and again is in the log once a minute. */
static void limit_log(xentoollog_logger_stdiostream *logger, bool failed)
{
    static time_t complained;
    const time_t now = time(NULL);

    if (failed && now - complained >= COMPLAIN_SECONDS)
        complained = now;

    xtl_stdiostream_set_minlevel(logger, now - complained < COMPLAIN_SECONDS
                                         ? XTL_CRITICAL : XTL_ERROR);
}

/*
 * Runs after each round: replaces a standby that was killed.  By a program of
 * its own, which inherits no lock; it ends by itself, and is not waited for.
 * Returns whether there is a standby that can go on.
 */
static bool after_round(void *opaque, bool failed)
{
    int standby;

    limit_log(opaque, failed);

    standby = try_standby_lock();
    if (standby < 0)
        return errno == EWOULDBLOCK;
    close(standby);

    if (!fork()) {
        execl(PROGRAM, PROGRAM, NULL);
        die("can't start", "a standby");
    }
    return false;
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
    if (keeper < 0)
        die("can't open", KEEPER_LOCK);
    become_daemon(ready);
    take_lock(keeper, KEEPER_LOCK);

    /* Before it looks for pages, so that who comes later is not lost. */
    close(standby);

    rc = libxl_shared_mem_keep(ctx, after_round, logger);
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

    standby = try_standby_lock();
    if (standby >= 0)
        start_standby(standby);
    else if (errno != EWOULDBLOCK)
        die("can't lock", STANDBY_LOCK);

    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
