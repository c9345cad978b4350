/*
 * Static shared memory: keeps the factory pages of domains current.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXL_SHARED_MEM_FACTORY_H
#define LIBXL_SHARED_MEM_FACTORY_H

#include "libxl_shared_mem_store.h"

/*
 * Writes what has changed to the factory pages of all domains.  The caller
 * holds the lock.  new_domain: who has not run yet, and has to have its page;
 * may be NULL.  Pages of others that can't be written are logged, and left to
 * the keeper.
 */
_hidden int
libxl__shared_mem_update_factories(libxl__gc *gc,
                                   const libxl__shared_mem_domain *new_domain);

/*
 * Sees to it that a keeper runs while any domain has a factory page: starts
 * libxl-shared-mem-keeper, which returns at once if it runs as a service, or
 * if there are a keeper and a standby.  Calls done later on; if it returns an
 * error, it has logged a line, and does not.
 */
_hidden int libxl__shared_mem_start_keeper(libxl__ao *ao,
                                           libxl__async_exec_state *aes,
                                           libxl__async_exec_callback *done);

#endif /* LIBXL_SHARED_MEM_FACTORY_H */
