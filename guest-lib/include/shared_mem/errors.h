/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the library's functions return when they fail: negative, as opposed to
 * 0 and counts.  Named after errno values, with the library's own numbers:
 * freestanding C has no <errno.h>, and systems number theirs differently.
 */
#ifndef SHARED_MEM_ERRORS_H
#define SHARED_MEM_ERRORS_H

enum shared_mem_error {
    SHARED_MEM_EINVAL   = -1,  /* an argument that no caller may give */
    SHARED_MEM_EAGAIN   = -2,  /* not now: full, empty, or being written */
    SHARED_MEM_ENOENT   = -3,  /* there is no such region, or no control page */
    SHARED_MEM_EACCES   = -4,  /* this domain may only read */
    SHARED_MEM_ESTALE   = -5,  /* what the handle stands for has changed */
    SHARED_MEM_EPROTO   = -6,  /* what is in memory cannot be right */
    SHARED_MEM_EMSGSIZE = -7,  /* does not fit */
    SHARED_MEM_EPIPE    = -8,  /* the other side has gone */
    SHARED_MEM_ERANGE   = -9,  /* an address that this machine cannot reach */
    SHARED_MEM_ENOSYS   = -10, /* cannot be known on this machine */
    SHARED_MEM_ENOTCONN = -11, /* nobody is at the other side yet */
};

#endif /* SHARED_MEM_ERRORS_H */
