/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What is promised of a region that the guest library gave, for fuzzers.
 */
#ifndef TESTS_REGION_CHECK_H
#define TESTS_REGION_CHECK_H

#include <string.h>

#include <shared_mem/factory.h>

#include "hostile.h"

static inline void check_region(const struct shared_mem_region *region)
{
    uint64_t end = (UINT64_C(1) << 52) / 4096;

    CHECK(memchr(region->name, '\0', sizeof(region->name)));
    CHECK(region->name[0]);
    CHECK(region->gpa % 4096 == 0);
    CHECK(region->pages > 0);
    CHECK(region->gpa / 4096 <= end);
    CHECK(region->pages <= end - region->gpa / 4096);
    CHECK(region->index < 32);
    CHECK(region->alive & UINT32_C(1) << region->index);
    CHECK(!(region->flags & ~3u));
    CHECK(region->number < 62);
}

#endif /* TESTS_REGION_CHECK_H */
