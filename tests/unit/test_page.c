/*
 * The factory page as a guest finds it: every byte by the offsets that
 * docs/guest-abi.md gives, written out here as numbers; and how it changes
 * while the guest reads it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include <cmocka.h>

#include "libxl_shared_mem_page.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef libxl__shared_mem_contents contents_t;
typedef libxl__shared_mem_mapping mapping_t;
typedef libxl__shared_mem_record record_t;

#define ID_OF_31 "abcdefghijklmnopqrstuvwxyzABCDE"

#define PAGE 4096

/* Where the two fields are that live their own lives. */
#define SEQUENCE 0x48
#define BEAT     0x58

/*----- Helpers -----*/

/* The page under test, and the only one. */
static uint32_t *page;

static int map_page(void **state)
{
    (void)state;
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED;
}

static int unmap_page(void **state)
{
    (void)state;
    return munmap(page, PAGE);
}

static uint32_t word(unsigned int offset)
{
    return page[offset / 4];
}

static void set_word(unsigned int offset, uint32_t value)
{
    page[offset / 4] = value;
}

/* A little-endian number of that width, or a text with zeros behind it. */
struct field {
    unsigned int offset, width;
    uint64_t value;
    const char *text;
};

static void put_field(uint8_t *bytes, const struct field *field)
{
    unsigned int i;

    assert_true(field->offset + field->width <= PAGE);
    for (i = 0; i < field->width; i++)
        if (!field->text)
            bytes[field->offset + i] = field->value >> 8 * i;
        else if (i < strlen(field->text))
            bytes[field->offset + i] = field->text[i];
}

static void assert_bytes(const uint8_t *expected)
{
    const uint8_t *bytes = (const uint8_t *)page;
    unsigned int i;

    for (i = 0; i < PAGE; i++)
        if (bytes[i] != expected[i])
            fail_msg("at 0x%x is 0x%02x, not 0x%02x", i, bytes[i],
                     expected[i]);
}

/* All that is in no field is 0. */
static void assert_page(const struct field *fields, size_t nr)
{
    uint8_t expected[PAGE] = { 0 };
    size_t i;

    for (i = 0; i < nr; i++)
        put_field(expected, &fields[i]);
    assert_bytes(expected);
}

static mapping_t mapping(uint64_t begin, uint64_t size, unsigned int number)
{
    mapping_t m = {
        .domid = 5, .begin = begin, .size = size, .number = number,
    };

    return m;
}

static void add(contents_t *contents, const char *id, uint64_t generation,
                bool control, mapping_t m, uint32_t alive)
{
    record_t record = { .generation = generation, .control = control };

    snprintf(record.id, sizeof(record.id), "%s", id);
    libxl__shared_mem_page_add(contents, &record, &m, alive);
}

static bool update(const contents_t *contents)
{
    return libxl__shared_mem_page_update(page, contents);
}

/* What most tests have: two regions of domain 5. */
static contents_t two_regions(void)
{
    contents_t contents = { .domid = 5 };

    add(&contents, "ID1", 7, false, mapping(0x40000000, 0x100000, 1), 0x3);
    add(&contents, "ID2", 8, false, mapping(0x50000000, 0x2000, 0), 0x1);

    return contents;
}

/*----- What is on it -----*/

static void no_regions(void **state)
{
    static const struct field fields[] = {
        { 0x00, 8, 0x4d534732474e4558, NULL },
        { 0x14, 4, 6, NULL },
        { 0x40, 4, 0x00010001, NULL },
        { 0x44, 4, 32751, NULL },
        { 0x48, 4, 2, NULL },
        { 0x50, 4, 0x80, NULL },
        { 0x54, 4, 0x40, NULL },
    };
    const contents_t contents = { .domid = 32751 };

    (void)state;
    assert_true(update(&contents));
    assert_page(fields, ARRAY_LENGTH(fields));
    assert_memory_equal(page, "XENG2GSM", 8);
}

/* Each byte of a number is another. */
static void every_field(void **state)
{
    static const struct field fields[] = {
        { 0x00, 8, 0x4d534732474e4558, NULL },
        { 0x08, 8, 0x0001020304050000, NULL },
        { 0x10, 4, 0, NULL },
        { 0x14, 4, 0, NULL },
        { 0x18, 4, 0x11223344, NULL },
        { 0x1c, 32, 0, "ID1" },
        { 0x3c, 4, 0, NULL },
        { 0x40, 4, 0x00010001, NULL },
        { 0x44, 4, 0x1234, NULL },
        { 0x48, 4, 2, NULL },
        { 0x4c, 4, 1, NULL },
        { 0x50, 4, 0x80, NULL },
        { 0x54, 4, 0x40, NULL },
        { 0x58, 4, 0, NULL },
        { 0x80, 32, 0, "ID1" },
        { 0xa0, 8, 0x0001020304050000, NULL },
        { 0xa8, 8, 0x8899aabbccddeeff, NULL },
        { 0xb0, 4, 0x11223344, NULL },
        { 0xb4, 4, 0x55667788, NULL },
        { 0xb8, 4, 0x99aabbcc, NULL },
        { 0xbc, 1, 31, NULL },
        { 0xbd, 1, 0, NULL },
    };
    contents_t contents = { .domid = 0x1234 };
    mapping_t m = mapping(0x0001020304050000, 0x11223344000, 31);

    (void)state;
    m.offset = 0x55667788000;
    m.has_offset = true;
    add(&contents, "ID1", 0x8899aabbccddeeff, false, m, 0x99aabbcc);
    assert_int_equal(contents.nr, 1);
    assert_true(update(&contents));
    assert_page(fields, ARRAY_LENGTH(fields));
}

/* One page below 16 TiB, and all bits of the others. */
static void largest_values(void **state)
{
    static const struct field fields[] = {
        { 0x00, 8, 0x4d534732474e4558, NULL },
        { 0x08, 8, 0x000fffffffffe000, NULL },
        { 0x18, 4, 0xffffffff, NULL },
        { 0x1c, 32, 0, ID_OF_31 },
        { 0x40, 4, 0x00010001, NULL },
        { 0x44, 4, 32751, NULL },
        { 0x48, 4, 2, NULL },
        { 0x4c, 4, 1, NULL },
        { 0x50, 4, 0x80, NULL },
        { 0x54, 4, 0x40, NULL },
        { 0x80, 32, 0, ID_OF_31 },
        { 0xa0, 8, 0x000fffffffffe000, NULL },
        { 0xa8, 8, 0xffffffffffffffff, NULL },
        { 0xb0, 4, 0xffffffff, NULL },
        { 0xb4, 4, 0xffffffff, NULL },
        { 0xb8, 4, 0xffffffff, NULL },
        { 0xbc, 1, 31, NULL },
        { 0xbd, 1, 3, NULL },
    };
    contents_t contents = { .domid = 32751 };
    mapping_t m = mapping(0x000fffffffffe000, 0xffffffff000, 31);

    (void)state;
    m.offset = 0xffffffff000;
    m.has_offset = true;
    m.read_only = true;
    add(&contents, ID_OF_31, UINT64_MAX, true, m, UINT32_MAX);
    assert_true(update(&contents));
    assert_page(fields, ARRAY_LENGTH(fields));
}

/* The registers show the first one only. */
static void regions_in_the_order_of_the_config(void **state)
{
    static const struct field fields[] = {
        { 0x00, 8, 0x4d534732474e4558, NULL },
        { 0x08, 8, 0x60000000, NULL },
        { 0x18, 4, 4, NULL },
        { 0x1c, 32, 0, "zebra" },
        { 0x40, 4, 0x00010001, NULL },
        { 0x44, 4, 5, NULL },
        { 0x48, 4, 2, NULL },
        { 0x4c, 4, 3, NULL },
        { 0x50, 4, 0x80, NULL },
        { 0x54, 4, 0x40, NULL },
        { 0x80, 32, 0, "zebra" },
        { 0xa0, 8, 0x60000000, NULL },
        { 0xa8, 8, 3, NULL },
        { 0xb0, 4, 4, NULL },
        { 0xb8, 4, 0x6, NULL },
        { 0xbc, 1, 2, NULL },
        { 0xc0, 32, 0, "ant" },
        { 0xe0, 8, 0x40000000, NULL },
        { 0xe8, 8, 2, NULL },
        { 0xf0, 4, 2, NULL },
        { 0xf8, 4, 0x80000001, NULL },
        { 0xfc, 1, 0, NULL },
        { 0xfd, 1, 2, NULL },
        { 0x100, 32, 0, "7" },
        { 0x128, 8, 1, NULL },
        { 0x130, 4, 1, NULL },
        { 0x138, 4, 0x80000000, NULL },
        { 0x13c, 1, 31, NULL },
    };
    contents_t contents = { .domid = 5 };

    (void)state;
    add(&contents, "zebra", 3, false, mapping(0x60000000, 0x4000, 2), 0x6);
    add(&contents, "ant", 2, true, mapping(0x40000000, 0x2000, 0),
        0x80000001);
    add(&contents, "7", 1, false, mapping(0, 0x1000, 31), 0x80000000);
    assert_true(update(&contents));
    assert_page(fields, ARRAY_LENGTH(fields));
}

/*
 * 0x08, 0x18: the registers shmem and size; 0xa0, 0xb0, 0xb4, 0xbd: gpa, pages,
 * offset and flags of the entry.
 */
static void control_page_and_access(void **state)
{
    static const struct {
        bool control, read_only, has_offset;
        uint64_t offset, size;
        uint32_t size_register, pages, offset_in_pages, flags;
    } cases[] = {
        { false, false, false, 0, 0x10000, 16, 16, 0, 0 },
        { true, false, false, 0, 0x10000, 15, 16, 0, 2 },
        { false, true, false, 0, 0x10000, 16, 16, 0, 1 },
        { true, true, false, 0, 0x10000, 15, 16, 0, 3 },
        /* offset=0 has the control page, others do not. */
        { true, false, true, 0, 0x8000, 7, 8, 0, 2 },
        { true, false, true, 0x1000, 0x8000, 8, 8, 1, 2 },
        { true, true, true, 0x5000, 0x8000, 8, 8, 5, 3 },
        { false, false, true, 0x5000, 0x8000, 8, 8, 5, 0 },
        { false, true, true, 0, 0x8000, 8, 8, 0, 1 },
        /* Nothing but the control page, and nothing but one of data. */
        { true, false, false, 0, 0x1000, 0, 1, 0, 2 },
        { true, true, true, 0, 0x1000, 0, 1, 0, 3 },
        { true, false, true, 0x1000, 0x1000, 1, 1, 1, 2 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct field fields[] = {
            { 0x00, 8, 0x4d534732474e4558, NULL },
            { 0x08, 8, 0x41000000, NULL },
            { 0x18, 4, cases[i].size_register, NULL },
            { 0x1c, 32, 0, "ID1" },
            { 0x40, 4, 0x00010001, NULL },
            { 0x44, 4, 5, NULL },
            { 0x48, 4, 2, NULL },
            { 0x4c, 4, 1, NULL },
            { 0x50, 4, 0x80, NULL },
            { 0x54, 4, 0x40, NULL },
            { 0x80, 32, 0, "ID1" },
            { 0xa0, 8, 0x41000000, NULL },
            { 0xa8, 8, 9, NULL },
            { 0xb0, 4, cases[i].pages, NULL },
            { 0xb4, 4, cases[i].offset_in_pages, NULL },
            { 0xb8, 4, 0x21, NULL },
            { 0xbc, 1, 4, NULL },
            { 0xbd, 1, cases[i].flags, NULL },
        };
        contents_t contents = { .domid = 5 };
        mapping_t m = mapping(0x41000000, cases[i].size, 4);

        m.read_only = cases[i].read_only;
        m.has_offset = cases[i].has_offset;
        m.offset = cases[i].offset;
        add(&contents, "ID1", 9, cases[i].control, m, 0x21);
        memset(page, 0, PAGE);
        assert_true(update(&contents));
        assert_page(fields, ARRAY_LENGTH(fields));
    }
}

/* Those of other regions do not show in them. */
static void registers_are_the_first_regions(void **state)
{
    contents_t contents = { .domid = 5 };
    mapping_t second = mapping(0x50000000, 0x3000, 0);

    (void)state;
    second.has_offset = true;
    second.offset = 0x1000;
    add(&contents, "ID1", 1, true, mapping(0x40000000, 0x4000, 0), 1);
    add(&contents, "ID2", 1, false, second, 1);
    assert_true(update(&contents));
    assert_int_equal(word(0x08), 0x40000000);
    assert_int_equal(word(0x18), 3);

    contents = (contents_t){ .domid = 5 };
    add(&contents, "ID2", 1, false, second, 1);
    add(&contents, "ID1", 1, true, mapping(0x40000000, 0x4000, 0), 1);
    assert_true(update(&contents));
    assert_int_equal(word(0x08), 0x50000000);
    assert_int_equal(word(0x18), 3);
    assert_memory_equal((char *)page + 0x1c, "ID2", 4);
}

static void page_holds_62_regions(void **state)
{
    static const struct field fields[] = {
        { 0x00, 8, 0x4d534732474e4558, NULL },
        { 0x08, 8, 0x100000000, NULL },
        { 0x18, 4, 1, NULL },
        { 0x1c, 32, 0, "region-00" },
        { 0x40, 4, 0x00010001, NULL },
        { 0x44, 4, 5, NULL },
        { 0x48, 4, 2, NULL },
        { 0x4c, 4, 62, NULL },
        { 0x50, 4, 0x80, NULL },
        { 0x54, 4, 0x40, NULL },
    };
    contents_t contents = { .domid = 5 };
    uint8_t expected[PAGE] = { 0 };
    char id[32];
    unsigned int i;

    (void)state;
    for (i = 0; i < ARRAY_LENGTH(fields); i++)
        put_field(expected, &fields[i]);
    for (i = 0; i < 62; i++) {
        mapping_t m = mapping(0x100000000 + i * 0x1000000,
                              0x1000 + i * 0x1000, i % 32);
        const struct field entry[] = {
            { 0x80 + i * 0x40, 32, 0, id },
            { 0xa0 + i * 0x40, 8, 0x100000000 + i * 0x1000000, NULL },
            { 0xa8 + i * 0x40, 8, 100 + i, NULL },
            { 0xb0 + i * 0x40, 4, 1 + i, NULL },
            { 0xb8 + i * 0x40, 4, UINT32_C(1) << i % 32, NULL },
            { 0xbc + i * 0x40, 1, i % 32, NULL },
        };
        unsigned int j;

        snprintf(id, sizeof(id), "region-%02u", i);
        add(&contents, id, 100 + i, false, m, UINT32_C(1) << i % 32);
        for (j = 0; j < ARRAY_LENGTH(entry); j++)
            put_field(expected, &entry[j]);
    }
    assert_int_equal(contents.nr, 62);
    assert_true(update(&contents));
    assert_bytes(expected);

    /* The last entry ends with the page. */
    assert_memory_equal((char *)page + 0xfc0, "region-61", 10);
    assert_int_equal(word(0xff0), 62);
    assert_int_equal(word(0xff8), 0x20000000);
    assert_int_equal(word(0xffc), 29);
}

/* What was in an entry before does not show through. */
static void regions_that_go(void **state)
{
    static const struct field fields[] = {
        { 0x00, 8, 0x4d534732474e4558, NULL },
        { 0x14, 4, 6, NULL },
        { 0x40, 4, 0x00010001, NULL },
        { 0x44, 4, 5, NULL },
        { 0x48, 4, 4, NULL },
        { 0x50, 4, 0x80, NULL },
        { 0x54, 4, 0x40, NULL },
    };
    const contents_t none = { .domid = 5 };
    contents_t contents;

    (void)state;
    memset(&contents, 0xff, sizeof(contents));
    contents.domid = 5;
    contents.nr = 0;
    add(&contents, ID_OF_31, UINT64_MAX, true,
        mapping(0x000fffffffffe000, 0xffffffff000, 31), UINT32_MAX);
    add(&contents, "a", 1, false, mapping(0x1000, 0x1000, 0), 1);
    assert_memory_equal((char *)&contents.entries[1], "a\0\0\0", 4);
    assert_int_equal(contents.entries[1].flags, 0);
    assert_int_equal(contents.entries[1].reserved, 0);
    assert_true(update(&contents));
    assert_int_equal(word(0x4c), 2);
    assert_true(update(&none));
    assert_page(fields, ARRAY_LENGTH(fields));
}

/*----- How it changes -----*/

static void nothing_is_written_when_nothing_changed(void **state)
{
    const contents_t contents = two_regions(), none = { .domid = 5 };

    (void)state;
    assert_true(update(&contents));
    assert_int_equal(word(SEQUENCE), 2);
    libxl__shared_mem_page_beat(page);

    /* A write would be a signal now. */
    assert_int_equal(mprotect(page, PAGE, PROT_READ), 0);
    assert_false(update(&contents));
    assert_false(update(&contents));
    assert_int_equal(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
    assert_int_equal(word(SEQUENCE), 2);

    assert_true(update(&none));
    assert_int_equal(mprotect(page, PAGE, PROT_READ), 0);
    assert_false(update(&none));
    assert_int_equal(word(SEQUENCE), 4);
}

static void every_change_is_two_steps_of_sequence(void **state)
{
    contents_t contents = two_regions();
    uint32_t sequence = 2;

    (void)state;
    assert_true(update(&contents));
    assert_int_equal(word(SEQUENCE), 2);

#define CHANGE(what)                                    \
    do {                                                \
        what;                                           \
        assert_true(update(&contents));                 \
        sequence += 2;                                  \
        assert_int_equal(word(SEQUENCE), sequence);     \
        assert_false(update(&contents));                \
        assert_int_equal(word(SEQUENCE), sequence);     \
    } while (0)

    CHANGE(contents.entries[1].alive = 0x5);
    assert_int_equal(word(0xf8), 0x5);
    CHANGE(contents.entries[1].alive = 0x1);
    CHANGE(contents.entries[1].generation = 9);
    assert_int_equal(word(0xe8), 9);
    CHANGE(contents.entries[1].generation = 0x100000009);
    assert_int_equal(word(0xec), 1);
    CHANGE(contents.entries[0].index = 30);
    CHANGE(contents.entries[0].flags = 1);
    CHANGE(contents.domid = 6);
    assert_int_equal(word(0x44), 6);
    CHANGE(contents.nr = 1);
    assert_int_equal(word(0xc0), 0);
    CHANGE(contents.nr = 0);
    assert_int_equal(word(0x14), 6);
    CHANGE(contents.nr = 2);
    assert_int_equal(word(0x14), 0);
#undef CHANGE
}

static void sequence_goes_on_from_what_it_was(void **state)
{
    static const struct {
        uint32_t before, after;
    } cases[] = {
        { 0, 2 }, { 2, 4 }, { 0x7ffffffe, 0x80000000 },
        { 0xfffffffc, 0xfffffffe }, { 0xfffffffe, 0 },
        /* Whoever was writing has been killed. */
        { 1, 2 }, { 3, 4 }, { 0x7fffffff, 0x80000000 },
        { 0xfffffffd, 0xfffffffe }, { 0xffffffff, 0 },
    };
    contents_t contents = two_regions();
    size_t i;

    (void)state;
    assert_true(update(&contents));
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        set_word(SEQUENCE, cases[i].before);
        contents.entries[0].alive++;
        assert_true(update(&contents));
        assert_int_equal(word(SEQUENCE), cases[i].after);
        assert_int_equal(word(0xb8), contents.entries[0].alive);
    }
}

/* All the rest is right already. */
static void odd_sequence_is_repaired(void **state)
{
    static const struct {
        uint32_t before, after;
    } cases[] = {
        { 1, 2 }, { 3, 4 }, { 0x80000001, 0x80000002 }, { 0xffffffff, 0 },
    };
    const contents_t contents = two_regions();
    uint8_t expected[PAGE];
    size_t i;

    (void)state;
    assert_true(update(&contents));
    memcpy(expected, page, PAGE);
    for (i = 0; i < ARRAY_LENGTH(cases); i++) {
        set_word(SEQUENCE, cases[i].before);
        assert_true(update(&contents));
        assert_int_equal(word(SEQUENCE), cases[i].after);
        memcpy(expected + SEQUENCE, (char *)page + SEQUENCE, 4);
        assert_bytes(expected);
        assert_false(update(&contents));
    }
}

static bool is_live(unsigned int offset)
{
    return (offset >= 0x48 && offset < 0x4c) ||
           (offset >= 0x58 && offset < 0x5c);
}

/* Byte for byte, also where nothing is meant to be. */
static void scribbles_are_repaired(void **state)
{
    static const uint8_t flips[] = { 0x01, 0x80, 0xff };
    const contents_t contents = two_regions();
    uint8_t expected[PAGE], *bytes = (uint8_t *)page;
    unsigned int i, j;

    (void)state;
    assert_true(update(&contents));
    for (i = 0; i < PAGE; i++) {
        for (j = 0; j < ARRAY_LENGTH(flips) && !is_live(i); j++) {
            uint32_t sequence = word(SEQUENCE) + 2;

            memcpy(expected, page, PAGE);
            put_field(expected, &(struct field){ 0x48, 4, sequence, NULL });
            bytes[i] ^= flips[j];
            if (!update(&contents))
                fail_msg("0x%02x at 0x%x stays", bytes[i], i);
            assert_bytes(expected);
        }
    }
    assert_int_equal(word(SEQUENCE), 2 + 2 * 3 * (4096 - 8));
}

/* beat is the guest's own to spoil, and so is a sequence that is even. */
static void live_words_are_let_alone(void **state)
{
    const contents_t contents = two_regions();

    (void)state;
    assert_true(update(&contents));
    set_word(BEAT, 0xffffffff);
    set_word(SEQUENCE, 0xabcdef00);
    assert_int_equal(mprotect(page, PAGE, PROT_READ), 0);
    assert_false(update(&contents));
    assert_int_equal(word(BEAT), 0xffffffff);
    assert_int_equal(word(SEQUENCE), 0xabcdef00);
}

static void page_full_of_scribbles_is_repaired(void **state)
{
    const contents_t contents = two_regions();
    uint8_t expected[PAGE];

    (void)state;
    assert_true(update(&contents));
    memcpy(expected, page, PAGE);
    put_field(expected, &(struct field){ 0x48, 4, 0, NULL });
    put_field(expected, &(struct field){ 0x58, 4, 0xffffffff, NULL });

    memset(page, 0xff, PAGE);
    assert_true(update(&contents));
    assert_bytes(expected);
}

static void beat_changes_only_beat(void **state)
{
    const contents_t contents = two_regions(), none = { .domid = 5 };
    uint8_t expected[PAGE] = { 0 };

    (void)state;
    libxl__shared_mem_page_beat(page);
    put_field(expected, &(struct field){ 0x58, 4, 1, NULL });
    assert_bytes(expected);

    assert_true(update(&contents));
    assert_int_equal(word(BEAT), 1);
    memcpy(expected, page, PAGE);
    libxl__shared_mem_page_beat(page);
    put_field(expected, &(struct field){ 0x58, 4, 2, NULL });
    assert_bytes(expected);
    assert_false(update(&contents));
    assert_true(update(&none));
    assert_int_equal(word(BEAT), 2);

    /* Also while somebody else writes, and when it wraps round. */
    set_word(SEQUENCE, 7);
    set_word(BEAT, 0xffffffff);
    memcpy(expected, page, PAGE);
    libxl__shared_mem_page_beat(page);
    put_field(expected, &(struct field){ 0x58, 4, 0, NULL });
    assert_bytes(expected);
}

/*----- A guest that reads while the page is written -----*/

#define WRITING_MS 300

/* Two contents that have nearly no word in common. */
static contents_t one_of_two(unsigned int which)
{
    contents_t contents = { .domid = 1 + which };
    unsigned int i;

    for (i = 0; i < 62 - which; i++) {
        mapping_t m = mapping((which + 1) * 0x0001000100000000 + i * 0x1000,
                              0x2000 + which * 0x1000, which * 31);

        m.has_offset = true;
        m.offset = 0x7000 + which * 0x1000;
        add(&contents, which ? "abcdefghijklmnopqrstuvwxyz01234"
                             : "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-567",
            which ? UINT64_MAX : 1, which, m, which ? UINT32_MAX : 1);
    }

    return contents;
}

struct guest {
    uint32_t wanted[2][PAGE / 4];   /* all that it may see */
    unsigned int nr_seen[2], nr_mixed;
    bool stop;
};

static bool same_words(const uint32_t *a, const uint32_t *b)
{
    unsigned int i;

    for (i = 0; i < PAGE / 4; i++)
        if (a[i] != b[i] && !is_live(i * 4))
            return false;

    return true;
}

/* docs/guest-abi.md, "A consistent read", of every step-th word; false: begin
 * again. */
static bool read_once(uint32_t *copy, unsigned int first, unsigned int step)
{
    uint32_t sequence = __atomic_load_n(&page[SEQUENCE / 4],
                                        __ATOMIC_ACQUIRE);
    unsigned int i;

    if (sequence & 1)
        return false;
    for (i = first; i < PAGE / 4; i += step)
        copy[i] = __atomic_load_n(&page[i], __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return __atomic_load_n(&page[SEQUENCE / 4], __ATOMIC_RELAXED) == sequence;
}

static void look(struct guest *guest)
{
    uint32_t copy[PAGE / 4];

    if (!read_once(copy, 0, 1))
        return;
    if (same_words(copy, guest->wanted[0]))
        guest->nr_seen[0]++;
    else if (same_words(copy, guest->wanted[1]))
        guest->nr_seen[1]++;
    else
        guest->nr_mixed++;
}

/* At domid and at the last entry's `alive' only: quick enough to look several
 * times while the page is written. */
static void glance(struct guest *guest)
{
    uint32_t copy[PAGE / 4];
    unsigned int i;

    if (!read_once(copy, 0x44 / 4, (0xff8 - 0x44) / 4))
        return;
    for (i = 0; i < 2; i++)
        if (copy[0x44 / 4] == guest->wanted[i][0x44 / 4] &&
            copy[0xff8 / 4] == guest->wanted[i][0xff8 / 4])
            return;
    guest->nr_mixed++;
}

static void *read_on(void *opaque)
{
    struct guest *guest = opaque;
    unsigned int i;

    while (!__atomic_load_n(&guest->stop, __ATOMIC_ACQUIRE)) {
        look(guest);
        for (i = 0; i < 64; i++)
            glance(guest);
    }

    return NULL;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return now.tv_sec * UINT64_C(1000) + now.tv_nsec / 1000000;
}

/* Writes one or the other, and leaves them for short and for longer times. */
static unsigned int write_on(const contents_t *contents)
{
    const uint64_t end = now_ms() + WRITING_MS;
    unsigned int rounds = 0, i;

    do {
        update(&contents[rounds % 2]);
        for (i = 0; i < rounds % 8; i++)
            libxl__shared_mem_page_beat(page);
        if (rounds % 64 == 0)
            nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
        rounds++;
    } while (now_ms() < end);

    return rounds;
}

static void reader_never_sees_a_mix(void **state)
{
    static struct guest guest;
    const contents_t contents[] = { one_of_two(0), one_of_two(1) };
    unsigned int rounds;
    pthread_t thread;

    (void)state;
    memset(&guest, 0, sizeof(guest));
    assert_true(update(&contents[1]));
    memcpy(guest.wanted[1], page, PAGE);
    assert_true(update(&contents[0]));
    memcpy(guest.wanted[0], page, PAGE);

    assert_int_equal(pthread_create(&thread, NULL, read_on, &guest), 0);
    rounds = write_on(contents);
    __atomic_store_n(&guest.stop, true, __ATOMIC_RELEASE);
    assert_int_equal(pthread_join(thread, NULL), 0);

    assert_int_equal(guest.nr_mixed, 0);
    assert_true(rounds > 1);

    /* What is there when all is quiet can be read. */
    guest.nr_seen[0] = guest.nr_seen[1] = 0;
    look(&guest);
    assert_int_equal(guest.nr_seen[(rounds - 1) % 2], 1);
}

/*
 * One CPU for both: the guest looks wherever a timer stops the writer, which is
 * between two stores as often as not.
 */
static struct guest interrupting;

static void look_now(int signal_number)
{
    (void)signal_number;
    look(&interrupting);
}

static void set_timer(unsigned int us)
{
    const struct itimerval timer = { { 0, us }, { 0, us } };

    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void reader_between_two_stores_sees_no_mix(void **state)
{
    const contents_t contents[] = { one_of_two(0), one_of_two(1) };

    (void)state;
    memset(&interrupting, 0, sizeof(interrupting));
    assert_true(update(&contents[1]));
    memcpy(interrupting.wanted[1], page, PAGE);
    assert_true(update(&contents[0]));
    memcpy(interrupting.wanted[0], page, PAGE);

    assert_true(signal(SIGALRM, look_now) != SIG_ERR);
    set_timer(50);
    write_on(contents);
    set_timer(0);
    signal(SIGALRM, SIG_DFL);

    assert_int_equal(interrupting.nr_mixed, 0);
    assert_true(interrupting.nr_seen[0] + interrupting.nr_seen[1] > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, map_page, unmap_page)
    static const struct CMUnitTest tests[] = {
        TEST(no_regions),
        TEST(every_field),
        TEST(largest_values),
        TEST(regions_in_the_order_of_the_config),
        TEST(control_page_and_access),
        TEST(registers_are_the_first_regions),
        TEST(page_holds_62_regions),
        TEST(regions_that_go),
        TEST(nothing_is_written_when_nothing_changed),
        TEST(every_change_is_two_steps_of_sequence),
        TEST(sequence_goes_on_from_what_it_was),
        TEST(odd_sequence_is_repaired),
        TEST(scribbles_are_repaired),
        TEST(live_words_are_let_alone),
        TEST(page_full_of_scribbles_is_repaired),
        TEST(beat_changes_only_beat),
        TEST(reader_never_sees_a_mix),
        TEST(reader_between_two_stores_sees_no_mix),
    };

    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
