/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Factory pages as the toolstack writes them, for tests of the guest library.
 */
#ifndef TESTS_PAGES_H
#define TESTS_PAGES_H

#include <shared_mem/abi.h>

/* A page of a domain that has no region yet. */
void page_begin(struct shared_mem_factory_page *page, uint32_t domid);

/*
 * Adds a region of which this domain is the only peer, with index 0.  The
 * caller changes what is to be otherwise.
 */
struct shared_mem_entry *page_add(struct shared_mem_factory_page *page,
                                  const char *name, uint64_t gpa,
                                  uint32_t pages);

#endif /* TESTS_PAGES_H */
