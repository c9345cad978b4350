/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs xl, with or without a fault in it, see xl.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xl.h"

#define PLAN_FILE   SWEEP_DIR "/plan"
#define OUTPUT_FILE SWEEP_DIR "/xl-output"
#define XL_LIMIT    30 /* seconds */
#define WORDS_MAX   8

bool prepare_xl(struct sweep *sweep)
{
    sigset_t child;
    int fd;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if ( sigprocmask(SIG_BLOCK, &child, NULL) ||
         prctl(PR_SET_CHILD_SUBREAPER, 1) )
        return false;

    fd = open(PLAN_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if ( fd < 0 || ftruncate(fd, sizeof(*sweep->fault)) )
        return false;

    sweep->fault = mmap(NULL, sizeof(*sweep->fault), PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);
    close(fd);

    return sweep->fault != MAP_FAILED;
}

static void redirect(const char *path, int flags, int to)
{
    int fd = open(path, flags, 0644);

    if ( fd < 0 || dup2(fd, to) < 0 )
        _exit(126);
    if ( fd != to )
        close(fd);
}

static _Noreturn void become_xl(const char *const *words)
{
    const char *argv[WORDS_MAX + 2] = { "xl" };
    sigset_t none;

    for ( unsigned int i = 0; i < WORDS_MAX && words[i]; i++ )
        argv[i + 1] = words[i];

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(OUTPUT_FILE, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    dup2(STDOUT_FILENO, STDERR_FILENO);
    /*
     * Without a fault as well: with all of xl's libraries at the same places
     * each time, emulation has to translate them only once.
     */
    setenv("LD_PRELOAD", FAULT_LIBRARY, 1);
    setenv(FAULT_VARIABLE, PLAN_FILE, 1);

    execvp("xl", (char **)argv);
    _exit(127);
}

/*
 * Waits for xl and its children, orphans among them; false if they take long.
 * What has a session of its own is meant to stay.
 */
static bool wait_for_all(pid_t xl, int *status)
{
    const struct timespec limit = { .tv_sec = XL_LIMIT };
    sigset_t child;
    int one;
    pid_t pid;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);

    for ( ; ; )
    {
        while ( (pid = waitpid(-xl, &one, WNOHANG)) > 0 )
            if ( pid == xl )
                *status = one;
        if ( pid < 0 && errno == ECHILD )
            break;
        if ( sigtimedwait(&child, NULL, &limit) < 0 && errno == EAGAIN )
            return false;
    }

    /* Of those that have ended by now. */
    while ( waitpid(-1, NULL, WNOHANG) > 0 )
        ;

    return true;
}

static struct outcome judge(struct sweep *sweep, pid_t xl, int status)
{
    const struct fault *fault = sweep->fault;
    struct outcome outcome = { 0 };

    if ( WIFEXITED(status) )
        outcome.succeeded = !WEXITSTATUS(status);
    else if ( fault->hit && fault->mode == FAULT_KILL && fault->pid == xl &&
              WTERMSIG(status) == SIGKILL )
        outcome.killed_itself = true;
    else
        complain(sweep, "xl died of signal %d", WTERMSIG(status));

    return outcome;
}

struct outcome run_xl(struct sweep *sweep, enum fault_mode mode, uint32_t at,
                      uint32_t variant, const char *const *words)
{
    int status = 0;
    pid_t xl;

    memset(sweep->fault, 0, sizeof(*sweep->fault));
    sweep->fault->mode = mode;
    sweep->fault->at = at;
    sweep->fault->variant = variant;

    fflush(stdout);
    xl = fork();
    if ( !xl )
        become_xl(words);
    /* As it does itself: whoever is first. */
    setpgid(xl, xl);

    if ( !wait_for_all(xl, &status) )
    {
        complain(sweep, "xl %s has no end within %d s", words[0], XL_LIMIT);
        kill(-xl, SIGKILL);
        wait_for_all(xl, &status);
        return (struct outcome){ 0 };
    }
    if ( sweep->show )
        print_xl_output();

    return judge(sweep, xl, status);
}

void print_xl_output(void)
{
    FILE *file = fopen(OUTPUT_FILE, "r");
    char line[512];

    if ( !file )
        return;

    while ( fgets(line, sizeof(line), file) )
        printf("    xl: %s", line);
    fclose(file);
}
