/*
 * Static shared memory: the locks, and work that takes long.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_TASK_H
#define LIBXL_SHARED_MEM_TASK_H

#include "libxl_internal.h"

/* Keeps all others on this host from changing records, until unlocked; which
 * may be called without, after an error.  May call back at once. */
_hidden void libxl__shared_mem_lock(libxl__egc *egc,
                                    libxl__shared_mem_task *task,
                                    libxl__shared_mem_callback *locked);
_hidden void libxl__shared_mem_unlock(libxl__gc *gc,
                                      libxl__shared_mem_task *task);

/* The same for who does not wait: NULL if somebody has it. */
_hidden libxl__flock *libxl__shared_mem_try_lock(libxl__gc *gc);

/* Keeps everybody from writing records and factory pages.  For short, and not
 * by who is going to take the lock above.  NULL after a line was logged. */
_hidden libxl__flock *libxl__shared_mem_lock_pages(libxl__gc *gc);

/*
 * Has work done that concerns so many pages: at once if they are few, else by
 * a process, which has no xenstore, and whose memory is its own.  It's killed
 * if the ao is aborted, and has ended when worked is called, with what work
 * returned, or another error.  May call back at once.
 */
typedef int libxl__shared_mem_work_fn(libxl__gc *gc,
                                      libxl__shared_mem_task *task);
_hidden void libxl__shared_mem_work(libxl__egc *egc,
                                    libxl__shared_mem_task *task,
                                    uint64_t pages,
                                    libxl__shared_mem_work_fn *work,
                                    libxl__shared_mem_callback *worked);

#endif /* LIBXL_SHARED_MEM_TASK_H */
