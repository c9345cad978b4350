/*
 * Static shared memory: the locks, and work that takes long.  One lock of the
 * host serialises whoever changes the regions of a domain.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 *
 * There are two locks, which the kernel drops when their holder gets killed.
 *
 * "The lock" is a libxl__ev_slowlock: whoever changes a record holds it from
 * when it reads the record until the change is made, which can take long, as
 * memory is cleared and mapped meanwhile.  It's waited for in an event loop,
 * for as long as it takes: whom for is said, and the ao can be aborted.  Our
 * process that works goes on when we get killed, and has the lock until it
 * ends.  Who only reads takes no lock: all that is kept of a region is one
 * text, which is read in one request, or else in one transaction.
 *
 * The lock of the pages is held while records or factory pages are written,
 * for short, so that the keeper, which waits for no other, is never late.
 * Who has both has taken it last.  The lock of a domain's userdata is taken
 * before it, and after the other.
 */

#include "libxl_internal.h"
#include "libxl_shared_mem_task.h"

/* When it's said whom for one waits, and said again. */
#define PATIENCE_MS 2000

/* What is done at once: it takes some milliseconds at most. */
#define SMALL_PAGES 4096

/*----- The lock of the host -----*/

/* NULL after a line was logged. */
static const char *lock_path(libxl__gc *gc)
{
    return libxl__userdata_path(gc, LIBXL_TOOLSTACK_DOMID,
                                LIBXL__SHARED_MEM_LOCK, "l");
}

/* For those who wait; they do without if it can't be written. */
static void note_holder(libxl__gc *gc)
{
    const char *path = lock_path(gc);
    FILE *f = path ? fopen(path, "r+e") : NULL;

    if (!f) return;

    fprintf(f, "%ld\n", (long)getpid());
    fclose(f);
}

/* The first line of a file, with an end; or "". */
static const char *first_line(libxl__gc *gc, const char *path)
{
    char *line = libxl__zalloc(gc, 32);
    FILE *f = path ? fopen(path, "re") : NULL;

    if (f) {
        if (fscanf(f, "%31[^\n]", line) != 1)
            *line = 0;
        fclose(f);
    }

    return line;
}

/* The file may have been another holder's, or is gone by now. */
static void tell_holder(libxl__gc *gc, uint32_t domid)
{
    const char *pid = first_line(gc, lock_path(gc));
    const char *name = first_line(gc, GCSPRINTF("/proc/%s/comm", pid));

    LOGD(WARN, domid, "static_shared_mem: waits until process %s (%s) is done"
         " with the regions of another domain", pid, name);
}

static void next_after_lock(libxl__egc *egc, libxl__shared_mem_task *task,
                            int rc)
{
    EGC_GC;

    libxl__ev_time_deregister(gc, &task->patience);
    task->locked(egc, task, rc);
}

static void waits_for_lock(libxl__egc *egc, libxl__ev_time *ev,
                           const struct timeval *requested_abs, int rc)
{
    libxl__shared_mem_task *task = CONTAINER_OF(ev, *task, patience);
    STATE_AO_GC(task->ao);

    if (rc == ERROR_TIMEDOUT) {
        tell_holder(gc, task->domid);
        rc = libxl__ev_time_register_rel(ao, &task->patience, waits_for_lock,
                                         PATIENCE_MS);
        if (!rc) return;
    }

    libxl__ev_slowlock_dispose(gc, &task->lock);
    next_after_lock(egc, task, rc);
}

static void lock_acquired(libxl__egc *egc, libxl__ev_slowlock *lock, int rc)
{
    libxl__shared_mem_task *task = CONTAINER_OF(lock, *task, lock);
    STATE_AO_GC(task->ao);

    if (!rc)
        note_holder(gc);

    next_after_lock(egc, task, rc);
}

void libxl__shared_mem_lock(libxl__egc *egc, libxl__shared_mem_task *task,
                            libxl__shared_mem_callback *locked)
{
    STATE_AO_GC(task->ao);
    int rc;

    task->locked = locked;
    libxl__ev_time_init(&task->patience);
    libxl__ev_shared_mem_lock_init(&task->lock);
    task->lock.ao = ao;
    task->lock.domid = LIBXL_TOOLSTACK_DOMID;
    task->lock.callback = lock_acquired;

    rc = libxl__ev_time_register_rel(ao, &task->patience, waits_for_lock,
                                     PATIENCE_MS);
    if (rc && !(rc == ERROR_ABORTED && task->cleans_up)) {
        locked(egc, task, rc);
        return;
    }

    libxl__ev_slowlock_lock(egc, &task->lock); /* may call back: the last */
}

void libxl__shared_mem_unlock(libxl__gc *gc, libxl__shared_mem_task *task)
{
    libxl__ev_slowlock_unlock(gc, &task->lock);
}

libxl__flock *libxl__shared_mem_try_lock(libxl__gc *gc)
{
    const char *path = lock_path(gc);
    libxl__flock *lock = libxl__zalloc(NOGC, sizeof(*lock));
    struct stat opened, there;
    int fd;

    libxl__carefd_begin();
    fd = path ? open(path, O_RDWR | O_CREAT, 0666) : -1;
    lock->carefd = libxl__carefd_opened(CTX, fd);

    /* Who drops the lock removes the file: another one is the lock then. */
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || fstat(fd, &opened) ||
        stat(path, &there) || opened.st_ino != there.st_ino) {
        libxl__unlock_file(lock);
        return NULL;
    }

    lock->path = libxl__strdup(NOGC, path);
    note_holder(gc);
    return lock;
}

/*----- The lock of the pages -----*/

libxl__flock *libxl__shared_mem_lock_pages(libxl__gc *gc)
{
    return libxl__lock_file(gc, GCSPRINTF("%s/shared-mem-pages.lock",
                                          libxl__run_dir_path()));
}

/*----- Work in a process of its own -----*/

static void worker_ended(libxl__egc *egc, libxl__ev_child *worker, pid_t pid,
                         int status)
{
    libxl__shared_mem_task *task = CONTAINER_OF(worker, *task, worker);
    STATE_AO_GC(task->ao);
    const bool aborted =
        !task->cleans_up &&
        !libxl__ao_abortable_isregistered(&task->abortable);
    int rc = 0;

    libxl__ao_abortable_deregister(&task->abortable);

    if (WIFEXITED(status)) {
        rc = -WEXITSTATUS(status);
    } else if (aborted) {
        rc = ERROR_ABORTED;
    } else {
        libxl_report_child_exitstatus(CTX, XTL_ERROR, "static_shared_mem: the "
                                      "process that maps memory", pid, status);
        rc = ERROR_FAIL;
    }

    task->worked(egc, task, rc);
}

/* What it does is undone when it has ended. */
static void kill_worker(libxl__egc *egc, libxl__ao_abortable *abortable,
                        int rc)
{
    libxl__shared_mem_task *task = CONTAINER_OF(abortable, *task, abortable);

    kill(task->worker.pid, SIGKILL);
}

void libxl__shared_mem_work(libxl__egc *egc, libxl__shared_mem_task *task,
                            uint64_t pages, libxl__shared_mem_work_fn *work,
                            libxl__shared_mem_callback *worked)
{
    STATE_AO_GC(task->ao);
    pid_t pid;
    int rc;

    if (pages <= SMALL_PAGES) {
        worked(egc, task, work(gc, task));
        return;
    }

    task->worked = worked;
    libxl__ev_child_init(&task->worker);
    libxl__ao_abortable_init(&task->abortable);
    task->abortable.ao = ao;
    task->abortable.callback = kill_worker;

    if (!task->cleans_up) {
        rc = libxl__ao_abortable_register(&task->abortable);
        if (rc) goto failed;
    }

    pid = libxl__ev_child_fork(gc, &task->worker, worker_ended);
    if (pid < 0) {
        rc = ERROR_FAIL;
        goto failed;
    }
    if (!pid) {
        /*
         * The child.  It has no xenstore, and nobody else's lock; errors of
         * libxl fit a status.
         */
        libxl_postfork_child_noexec(CTX);
        CTX->xch = xc_interface_open(CTX->lg, 0, 0);
        if (!CTX->xch)
            _exit(-ERROR_FAIL);
        note_holder(gc);
        _exit(-work(gc, task));
    }

    return;

 failed:
    libxl__ao_abortable_deregister(&task->abortable);
    /* What has to be done is done here, if there can't be a process. */
    worked(egc, task, task->cleans_up ? work(gc, task) : rc);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
