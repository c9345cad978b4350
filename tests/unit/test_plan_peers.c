/*
 * What static shared memory decides about the peers of a region: who may have
 * which part of it, in which words the others are refused, and where each part
 * comes from.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "libxl_shared_mem_plan.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef libxl__shared_mem_range range_t;
typedef libxl__shared_mem_record record_t;
typedef libxl__shared_mem_request request_t;
typedef libxl__shared_mem_segment segment_t;

#define HERE UINT64_C(0x40000000)

/* A region of 16 pages.  A mapping's size of 0 ends the list. */
typedef struct {
    uint32_t domid;
    uint64_t begin, size, offset;
} peer_t;

static record_t region_of(uint32_t owner, const peer_t *peers)
{
    record_t record = { .id = "ID1", .owner = owner, .size = 0x10000 };
    unsigned int i;

    for (i = 0; peers[i].size; i++)
        record.mappings[i] = (libxl__shared_mem_mapping){
            .domid = peers[i].domid, .begin = peers[i].begin,
            .size = peers[i].size, .offset = peers[i].offset,
            .has_offset = peers[i].size != record.size,
        };
    record.nr_mappings = i;

    return record;
}

static record_t owned_region(void)
{
    static const peer_t peers[] = { { 3, 0x80000000, 0x10000, 0 }, { 0 } };

    return region_of(3, peers);
}

static record_t no_region(void)
{
    static const peer_t peers[] = { { 0 } };

    return region_of(0, peers);
}

static request_t whole(void)
{
    request_t request = { .range = { HERE, 0x10000, "ID1" } };

    return request;
}

static request_t part(uint64_t offset, uint64_t size)
{
    request_t request = {
        .range = { HERE, size, "ID1" },
        .offset = offset, .has_offset = true,
    };

    return request;
}

/*----- Who may have it -----*/

static void check_refused(record_t record, request_t request,
                          const char *wanted)
{
    char reason[LIBXL__SHARED_MEM_REASON_SIZE] = "";

    assert_false(libxl__shared_mem_may_have(&record, &request, reason));
    assert_string_equal(reason, wanted);
}

static void check_allowed(record_t record, request_t request)
{
    char reason[LIBXL__SHARED_MEM_REASON_SIZE] = "";

    if (!libxl__shared_mem_may_have(&record, &request, reason))
        fail_msg("refused: %s", reason);
}

static void test_the_first_domain(void **state)
{
    (void)state;
    request_t request = whole();

    check_allowed(no_region(), request);
    request.must_own = true;
    check_allowed(no_region(), request);

    request = whole();
    request.must_borrow = true;
    check_refused(no_region(), request, "role=borrower, but no domain has the "
                  "region: create one that owns it first");

    check_refused(no_region(), part(0, 0x10000), "offset= takes a part of a "
                  "region, but no domain has the region: create one that owns "
                  "it first");

    request = whole();
    request.read_only = true;
    check_allowed(no_region(), request);
}

static void test_a_later_domain(void **state)
{
    (void)state;
    request_t request = whole();

    check_allowed(owned_region(), request);
    /* Each peer has the region where it likes, so also where others do. */
    request.range.begin = 0x80000000;
    check_allowed(owned_region(), request);
    request.range.begin = 0;
    check_allowed(owned_region(), request);
    request.must_borrow = true;
    check_allowed(owned_region(), request);
    request.read_only = true;
    check_allowed(owned_region(), request);

    request = whole();
    request.must_own = true;
    check_refused(owned_region(), request, "role=owner, but the region exists: "
                  "domain 3 owns it");
}

static void test_another_length(void **state)
{
    (void)state;
    record_t record = owned_region();
    request_t request = whole();

    request.range.size = 0xf000;
    check_refused(record, request, "the range has 0xf000 bytes, but the "
                  "region, which domain 3 owns, has 0x10000; offset= takes a "
                  "part of it");
    request.range.size = 0x11000;
    check_refused(record, request, "the range has 0x11000 bytes, but the "
                  "region, which domain 3 owns, has 0x10000; offset= takes a "
                  "part of it");
    record.owner = 32751;
    record.size = UINT64_C(0x10000000000000);
    request.range.size = UINT64_C(0xffffffffff000);
    check_refused(record, request, "the range has 0xffffffffff000 bytes, but "
                  "the region, which domain 32751 owns, has 0x10000000000000; "
                  "offset= takes a part of it");
}

static void test_parts(void **state)
{
    (void)state;
    check_allowed(owned_region(), part(0, 0x1000));
    check_allowed(owned_region(), part(0, 0x10000));
    check_allowed(owned_region(), part(0x8000, 0x1000));
    check_allowed(owned_region(), part(0xf000, 0x1000));

    check_refused(owned_region(), part(0xf000, 0x2000),
                  "0x2000 bytes from offset 0xf000 end behind the region, "
                  "which domain 3 owns, and which has 0x10000");
    check_refused(owned_region(), part(0x10000, 0x1000),
                  "0x1000 bytes from offset 0x10000 end behind the region, "
                  "which domain 3 owns, and which has 0x10000");
    check_refused(owned_region(), part(0, 0x11000),
                  "0x11000 bytes from offset 0x0 end behind the region, "
                  "which domain 3 owns, and which has 0x10000");
    check_refused(owned_region(), part(UINT64_C(0xfffffffffffff000), 0x1000),
                  "0x1000 bytes from offset 0xfffffffffffff000 end behind the "
                  "region, which domain 3 owns, and which has 0x10000");
}

static request_t with_control(request_t request)
{
    request.control = true;

    return request;
}

static void test_peers_that_agree_on_control(void **state)
{
    (void)state;
    record_t record = owned_region();
    request_t request = whole();

    check_allowed(record, request);
    check_allowed(record, part(0, 0x1000));

    record.control = true;
    check_allowed(record, with_control(request));
    check_allowed(record, with_control(part(0, 0x1000)));
    check_allowed(record, with_control(part(0xf000, 0x1000)));
    request.must_borrow = true;
    check_allowed(record, with_control(request));
    request.read_only = true;
    check_allowed(record, with_control(request));
}

static void test_peers_that_disagree_on_control(void **state)
{
    (void)state;
    static const char with_none[] =
        "control=yes, but the region, which domain 3 owns, has no control "
        "page: all peers have to agree";
    static const char with_one[] =
        "control=no, but the region, which domain 3 owns, has a control page: "
        "all peers have to agree";
    record_t record = owned_region();
    request_t reader = whole();

    reader.read_only = true;
    check_refused(record, with_control(whole()), with_none);
    check_refused(record, with_control(part(0, 0x1000)), with_none);
    check_refused(record, with_control(part(0xf000, 0x1000)), with_none);
    check_refused(record, with_control(reader), with_none);

    record.control = true;
    check_refused(record, whole(), with_one);
    check_refused(record, part(0, 0x1000), with_one);
    check_refused(record, part(0xf000, 0x1000), with_one);
    check_refused(record, reader, with_one);

    record.owner = 32751;
    check_refused(record, whole(),
                  "control=no, but the region, which domain 32751 owns, has a "
                  "control page: all peers have to agree");
    record.control = false;
    check_refused(record, with_control(whole()),
                  "control=yes, but the region, which domain 32751 owns, has "
                  "no control page: all peers have to agree");
}

/* It decides, whatever is in the record of a region that is no more. */
static void test_control_of_the_first_domain(void **state)
{
    (void)state;
    record_t record = no_region();
    request_t request = whole();

    check_allowed(record, with_control(request));
    request.must_own = true;
    check_allowed(record, with_control(request));
    record.control = true;
    check_allowed(record, request);
}

/* Which of two problems is told. */
static void test_control_and_another_problem(void **state)
{
    (void)state;
    record_t record = owned_region();
    request_t request = with_control(whole());

    request.must_own = true;
    check_refused(record, request, "role=owner, but the region exists: domain "
                  "3 owns it");
    check_refused(record, with_control(part(0x10000, 0x1000)),
                  "0x1000 bytes from offset 0x10000 end behind the region, "
                  "which domain 3 owns, and which has 0x10000");
    record.nr_mappings = 32;
    check_refused(record, with_control(whole()),
                  "control=yes, but the region, which domain 3 owns, has no "
                  "control page: all peers have to agree");
    record.control = true;
    check_refused(record, with_control(whole()),
                  "the region has 32 peers, and can have no more: destroy "
                  "one first");
}

static void test_a_full_region(void **state)
{
    (void)state;
    record_t record = owned_region();

    record.nr_mappings = 31;
    check_allowed(record, whole());
    record.nr_mappings = 32;
    check_refused(record, whole(),
                  "the region has 32 peers, and can have no more: destroy "
                  "one first");
}

/* Pages 4 to 7 are all that is left of the region. */
static record_t rest_of_region(void)
{
    static const peer_t peers[] = {
        { 5, 0x90000000, 0x4000, 0x4000 }, { 0 }
    };

    return region_of(5, peers);
}

static void test_what_is_missing_is_no_obstacle(void **state)
{
    (void)state;
    request_t request = part(0x4000, 0x4000);

    request.read_only = true;
    check_allowed(rest_of_region(), request);
    request = part(0x6000, 0x4000);
    check_allowed(rest_of_region(), request);
    request.read_only = true;
    check_allowed(rest_of_region(), request);
    request = whole();
    check_allowed(rest_of_region(), request);
    request.read_only = true;
    check_allowed(rest_of_region(), request);
}

/*----- Where each part comes from -----*/

static void check_split(record_t record, request_t request,
                        const segment_t *wanted, unsigned int nr_wanted)
{
    segment_t segments[LIBXL__SHARED_MEM_SEGMENTS_MAX];
    unsigned int i, nr = libxl__shared_mem_split(&record, &request, segments);

    assert_int_equal(nr, nr_wanted);
    for (i = 0; i < nr; i++) {
        assert_int_equal(segments[i].begin, wanted[i].begin);
        assert_int_equal(segments[i].size, wanted[i].size);
        assert_int_equal(segments[i].allocate, wanted[i].allocate);
        if (segments[i].allocate)
            continue;
        assert_int_equal(segments[i].source, wanted[i].source);
        assert_int_equal(segments[i].source_begin, wanted[i].source_begin);
    }
}

static void test_an_owner_supplies_all(void **state)
{
    (void)state;
    static const segment_t wanted = { HERE, 0x10000, true, 0, 0 };

    check_split(no_region(), whole(), &wanted, 1);
}

static void test_all_from_the_owner(void **state)
{
    (void)state;
    static const segment_t all = { HERE, 0x10000, false, 3, 0x80000000 };
    static const segment_t last = { HERE, 0x1000, false, 3, 0x8000f000 };

    check_split(owned_region(), whole(), &all, 1);
    check_split(owned_region(), part(0xf000, 0x1000), &last, 1);
}

/* The owner is preferred where it has the page, and not where it has not. */
static void test_several_sources(void **state)
{
    (void)state;
    static const peer_t peers[] = {
        { 2, 0x70000000, 0x10000, 0 },
        { 3, 0x80000000, 0x2000, 0x1000 },
        { 0 }
    };
    static const segment_t whole_region = {
        HERE, 0x10000, false, 2, 0x70000000
    };
    static const segment_t from_owner[] = {
        { HERE, 0x2000, false, 3, 0x80000000 },
        { HERE + 0x2000, 0x1000, false, 2, 0x70003000 },
    };

    check_split(region_of(2, peers), whole(), &whole_region, 1);
    check_split(region_of(3, peers), part(0x1000, 0x3000), from_owner, 2);
}

static void test_the_source_that_reaches_furthest(void **state)
{
    (void)state;
    static const peer_t peers[] = {
        { 2, 0x70000000, 0x3000, 0 },
        { 3, 0x80000000, 0x5000, 0x2000 },
        { 4, 0x90000000, 0xe000, 0x2000 },
        { 9, 0xa0000000, 0x1000, 0xf000 },
        { 0 }
    };
    static const segment_t wanted[] = {
        { HERE, 0x3000, false, 2, 0x70000000 },
        { HERE + 0x3000, 0xd000, false, 4, 0x90001000 },
    };

    check_split(region_of(9, peers), whole(), wanted, ARRAY_LENGTH(wanted));
}

static void test_parts_that_nobody_has(void **state)
{
    (void)state;
    static const peer_t peers[] = {
        { 2, 0x70000000, 0x1000, 0x2000 },
        { 3, 0x80000000, 0x2000, 0x5000 },
        { 0 }
    };
    static const segment_t wanted[] = {
        { HERE, 0x2000, true, 0, 0 },
        { HERE + 0x2000, 0x1000, false, 2, 0x70000000 },
        { HERE + 0x3000, 0x2000, true, 0, 0 },
        { HERE + 0x5000, 0x2000, false, 3, 0x80000000 },
        { HERE + 0x7000, 0x9000, true, 0, 0 },
    };
    static const segment_t one = { HERE, 0x1000, true, 0, 0 };

    check_split(region_of(2, peers), whole(), wanted, ARRAY_LENGTH(wanted));
    check_split(region_of(2, peers), part(0x4000, 0x1000), &one, 1);
    check_split(region_of(2, peers), part(0xf000, 0x1000), &one, 1);
}

/* As many segments as there can be: 32 peers with a page each, and a gap on
 * either side of each. */
static void test_most_segments(void **state)
{
    (void)state;
    record_t record = { .id = "ID1", .owner = 1, .size = 65 * 0x1000 };
    request_t request = { .range = { HERE, 65 * 0x1000, "ID1" } };
    segment_t wanted[65];
    unsigned int i;

    for (i = 0; i < 65; i++) {
        wanted[i] = (segment_t){ HERE + i * 0x1000, 0x1000, true, 0, 0 };
        if (i % 2 == 0)
            continue;
        record.mappings[i / 2] = (libxl__shared_mem_mapping){
            .domid = i / 2 + 1, .begin = 0x80000000, .size = 0x1000,
            .offset = i * 0x1000, .has_offset = true,
        };
        wanted[i].allocate = false;
        wanted[i].source = i / 2 + 1;
        wanted[i].source_begin = 0x80000000;
    }
    record.nr_mappings = 32;

    assert_int_equal(LIBXL__SHARED_MEM_SEGMENTS_MAX, 65);
    check_split(record, request, wanted, 65);
}

/* Offsets are in pages; wanted: the domids, in order, ended by 0. */
static void check_sources(const peer_t *peers, uint64_t page,
                          const uint32_t *wanted)
{
    const record_t record = region_of(peers[0].domid, peers);
    const libxl__shared_mem_mapping *peer = NULL;

    for (; *wanted; wanted++) {
        peer = libxl__shared_mem_next_source(&record, page * 0x1000, peer);
        assert_non_null(peer);
        assert_int_equal(peer->domid, *wanted);
    }
    assert_null(libxl__shared_mem_next_source(&record, page * 0x1000, peer));
}

static void test_all_sources_of_a_page(void **state)
{
    static const peer_t peers[] = {
        { 3, 0x80000000, 0x10000, 0 },
        { 4, 0x90000000, 0x2000, 0x4000 },
        { 5, 0xa0000000, 0x10000, 0 },
        { 6, 0xb0000000, 0x1000, 0x5000 },
        { 0 },
    };
    static const uint32_t whole_ones[] = { 3, 5, 0 };

    (void)state;
    check_sources(peers, 3, whole_ones);
    check_sources(peers, 4, (const uint32_t[]){ 3, 4, 5, 0 });
    check_sources(peers, 5, (const uint32_t[]){ 3, 4, 5, 6, 0 });
    check_sources(peers, 6, whole_ones);
    check_sources(peers + 1, 0, (const uint32_t[]){ 5, 0 });
    check_sources(peers + 3, 6, (const uint32_t[]){ 0 });
    check_sources(peers + 4, 0, (const uint32_t[]){ 0 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_domain),
        cmocka_unit_test(test_a_later_domain),
        cmocka_unit_test(test_another_length),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_peers_that_agree_on_control),
        cmocka_unit_test(test_peers_that_disagree_on_control),
        cmocka_unit_test(test_control_of_the_first_domain),
        cmocka_unit_test(test_control_and_another_problem),
        cmocka_unit_test(test_a_full_region),
        cmocka_unit_test(test_what_is_missing_is_no_obstacle),
        cmocka_unit_test(test_an_owner_supplies_all),
        cmocka_unit_test(test_all_from_the_owner),
        cmocka_unit_test(test_several_sources),
        cmocka_unit_test(test_the_source_that_reaches_furthest),
        cmocka_unit_test(test_parts_that_nobody_has),
        cmocka_unit_test(test_most_segments),
        cmocka_unit_test(test_all_sources_of_a_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
