/*
 * What libxl-shared-mem-keeper calls of libxl.  It comes with that libxl and
 * no other: this header is not installed, and promises nothing.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_KEEPER_H
#define LIBXL_SHARED_MEM_KEEPER_H

#include <stdbool.h>

#include "libxl.h"

/*
 * Called some times a second while any page is kept.  failed: not all has
 * worked this time.  Returns whether somebody else is there to go on.
 */
typedef bool libxl__shared_mem_after_round(void *opaque, bool failed);

/*
 * Keeps the pages at `shared_mem_factory' of all domains current, as their
 * peers come, go and crash.  Blocks.  Returns 0 when no domain has such a page
 * any more, unless it stays; or an error code when nothing has worked for
 * seconds, or xenstored has gone, and somebody else is there.  The caller sees
 * to it that there is one caller on the host.  ctx must not be used by anybody
 * else meanwhile.
 */
int libxl_shared_mem_keep(libxl_ctx *ctx, bool stays,
                          libxl__shared_mem_after_round *after_round,
                          void *opaque);

#endif /* LIBXL_SHARED_MEM_KEEPER_H */
