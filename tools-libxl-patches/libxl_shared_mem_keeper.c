/*
 * libxl-shared-mem-keeper: the process that keeps the factory pages of domains
 * current.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * usage: libxl-shared-mem-keeper [--foreground]
 *
 * As a service it runs in the foreground, stays when no domain has a page, and
 * is started again by who started it.  Its errors go to stderr.
 *
 * Without an argument it is what libxl starts when a domain gets a page.
 * Where there is a service, it returns at once.  Else there are two processes
 * then: the keeper holds a lock, and its standby waits for that lock.  The
 * kernel gives the lock on when the keeper dies, however it dies, and then the
 * standby is the keeper and starts another standby; a keeper that finds no
 * standby starts one as well.  Both end when no page is left.  The program
 * returns when both are there, so it can be called any number of times.  Exit
 * status 0, or 1 after a line on stderr.
 *
 * A service has the standby's lock for as long as it runs.  So nobody starts
 * other keepers beside it; and when it begins while there are some, it waits
 * for these as a standby does.
 */

#include "libxl_osdeps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#ifdef __linux__
#include <mntent.h>
#endif
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libxl_shared_mem_keeper.h"

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

static int must_open_lock(const char *path)
{
    const int fd = open_lock(path);

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
    static time_t silent_until;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (failed && now.tv_sec >= silent_until)
        silent_until = now.tv_sec + COMPLAIN_SECONDS;

    xtl_stdiostream_set_minlevel(logger, now.tv_sec < silent_until
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

/* Who manages the service starts it again. */
static bool after_round_of_service(void *opaque, bool failed)
{
    limit_log(opaque, failed);
    return true;
}

#ifdef __linux__
static bool join_cgroup(const char *dir)
{
    char path[256];
    bool joined;
    int fd;

    if (snprintf(path, sizeof(path), "%s/cgroup.procs", dir) >= sizeof(path))
        return false;

    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;

    joined = write(fd, "0", 1) == 1; /* the writer itself */
    close(fd);
    return joined;
}

/*
 * Leaves the control group of whoever created the domain: with the service
 * that did so, all processes in its group are ended.  To the root group, which
 * is nobody's to end, and may have processes whatever groups are below it.
 * That is cgroup v2's, and that of systemd's own hierarchy beside v1.  Where
 * root may not do so, in a container for one, all stays as it is.
 */
static void leave_cgroup(void)
{
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    const struct mntent *mount;

    while (mounts && (mount = getmntent(mounts)))
        if (!strcmp(mount->mnt_type, "cgroup2") ||
            (!strcmp(mount->mnt_type, "cgroup") &&
             hasmntopt(mount, "name=systemd")))
            join_cgroup(mount->mnt_dir);

    if (mounts)
        endmntent(mounts);
}
#else
static void leave_cgroup(void) { }
#endif

/*
 * Whoever uses libxl may have files open, signals blocked and the like, of all
 * of which nothing is to live on here.
 */
static void begin_clean(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    sigset_t none;
    int fd;

    while (dir && (entry = readdir(dir))) {
        fd = atoi(entry->d_name);
        if (fd > STDERR_FILENO && fd != dirfd(dir))
            close(fd);
    }
    if (dir)
        closedir(dir);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
}

/* Detaches from whoever called, whose terminal and directories may go. */
static void become_daemon(int ready)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(LOG_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

    if (null < 0 || setsid() < 0 || chdir("/") ||
        dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        die("can't become", "a daemon");
    leave_cgroup();

    /* From here on nobody reads stderr but the log. */
    if (write(ready, "", 1) != 1 ||
        dup2(log < 0 ? null : log, STDERR_FILENO) < 0)
        exit(1);
    close(ready);
}

static void use_libxl(libxl_ctx **ctx,
                      xentoollog_logger_stdiostream **logger)
{
    *ctx = NULL;
    *logger = xtl_createlogger_stdiostream(stderr, XTL_ERROR,
                                           XTL_STDIOSTREAM_SHOW_PID |
                                           XTL_STDIOSTREAM_SHOW_DATE);
    if (!*logger || libxl_ctx_alloc(ctx, LIBXL_VERSION, 0,
                                    (xentoollog_logger *)*logger))
        die("can't use", "libxl");
}

/* Before it is a daemon, so that whoever waits for it is told. */
static void check_libxl(void)
{
    xentoollog_logger_stdiostream *logger;
    libxl_ctx *ctx;

    use_libxl(&ctx, &logger);
    libxl_ctx_free(ctx);
    xtl_logger_destroy((xentoollog_logger *)logger);
}

/*
 * Waits until nobody else is the keeper, and is it then.  keeper: its lock,
 * not taken yet; standby: the lock that it holds until then, or as a service
 * for good.
 */
static void keep(int keeper, int standby, bool service)
{
    xentoollog_logger_stdiostream *logger;
    libxl_ctx *ctx;
    int rc;

    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    take_lock(keeper, KEEPER_LOCK);

    /* Before it looks for pages, so that who comes later is not lost. */
    if (!service)
        close(standby);

    /* While it stood by, xenstored may have been another. */
    use_libxl(&ctx, &logger);
    rc = libxl_shared_mem_keep(ctx, service,
                               service ? after_round_of_service : after_round,
                               logger);
    libxl_ctx_free(ctx);
    exit(rc ? 1 : 0);
}

static void run_standby(int ready, int standby)
{
    const int keeper = must_open_lock(KEEPER_LOCK);

    check_libxl();
    become_daemon(ready);
    keep(keeper, standby, false);
}

static void run_service(void)
{
    const int keeper = must_open_lock(KEEPER_LOCK);
    const int standby = must_open_lock(STANDBY_LOCK);

    take_lock(standby, STANDBY_LOCK);
    keep(keeper, standby, true);
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
        run_standby(ready[1], standby);
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

    begin_clean();
    if (argc == 2 && !strcmp(argv[1], "--foreground"))
        run_service();
    if (argc > 1) {
        fprintf(stderr, "libxl-shared-mem-keeper takes no argument but "
                "--foreground\n");
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
