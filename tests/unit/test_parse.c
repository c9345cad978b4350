/*
 * The grammar of static_shared_mem, sentence by sentence, and that of
 * shared_mem_factory: what is accepted and what it means, what is refused,
 * where, and in which words. The table of refusals holds the messages as the
 * man page's reader would expect them.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libxlu_shared_mem_parse.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

#define NONE     XLU__SHARED_MEM_OFFSET_NONE
#define AUTO     XLU__SHARED_MEM_ROLE_AUTO
#define OWNER    XLU__SHARED_MEM_ROLE_OWNER
#define BORROWER XLU__SHARED_MEM_ROLE_BORROWER
#define RW       XLU__SHARED_MEM_PROT_RW
#define RO       XLU__SHARED_MEM_PROT_RO

#define ID31 "abcdefghijklmnopqrstuvwxyz01234"
#define ID32 ID31 "5"

struct good {
    const char *item;
    struct xlu__shared_mem_entry entry;
};

struct bad {
    const char *item;
    size_t offset;
    const char *token;
    const char *message;
};

static void describe_entry(const struct xlu__shared_mem_entry *entry,
                           char text[200])
{
    snprintf(text, 200, "begin 0x%llx size 0x%llx offset 0x%llx id %s"
             " role %d prot %d control %d",
             (unsigned long long)entry->begin,
             (unsigned long long)entry->size,
             (unsigned long long)entry->offset, entry->id,
             entry->role, entry->prot, entry->control);
}

static void check_good(const struct good *table, size_t nr)
{
    struct xlu__shared_mem_entry out[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error err = { .message = "" };
    char is[200], expected[200];
    size_t i;

    for (i = 0; i < nr; i++) {
        memset(out, 0xa5, sizeof(out));
        if (xlu__shared_mem_parse(&table[i].item, 1, out, &err))
            fail_msg("'%s' refused: %s", table[i].item, err.message);
        describe_entry(&out[0], is);
        describe_entry(&table[i].entry, expected);
        if (strcmp(is, expected))
            fail_msg("'%s' is %s, expected %s", table[i].item, is, expected);
    }
}

/* The list fails at item number `item' as `bad' says. */
static void check_bad_list(const char *const *items, size_t nr, size_t item,
                           const struct bad *bad)
{
    struct xlu__shared_mem_entry out[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error err;
    int r;

    memset(&err, 0xa5, sizeof(err));
    r = xlu__shared_mem_parse(items, nr, out, &err);
    if (r != EINVAL)
        fail_msg("'%s' gives %d", bad->item, r);
    if (err.item != item || err.offset != bad->offset ||
        err.length != strlen(bad->token) ||
        strncmp(items[item] + err.offset, bad->token, err.length) ||
        strcmp(err.message, bad->message))
        fail_msg("'%s'\n  fails in item %zu at %zu near '%.*s': %s\n"
                 "  expected  item %zu at %zu near '%s': %s",
                 bad->item, err.item, err.offset, (int)err.length,
                 items[item] + err.offset, err.message,
                 item, bad->offset, bad->token, bad->message);
}

static void check_bad(const struct bad *table, size_t nr)
{
    size_t i;

    for (i = 0; i < nr; i++)
        check_bad_list(&table[i].item, 1, 0, &table[i]);
}

#define PLAIN(begin, size, id) { begin, size, NONE, id, AUTO, RW, false }

static void test_ranges(void **state)
{
    static const struct good table[] = {
        { "0x40000000-0x40100000 = ID1",
          PLAIN(0x40000000, 0x100000, "ID1") },
        { "0x40200000+64K = ID2", PLAIN(0x40200000, 0x10000, "ID2") },
        { "1073741824-1073745920=a", PLAIN(0x40000000, 0x1000, "a") },
        { "1073741824+8192=a", PLAIN(0x40000000, 0x2000, "a") },
        { "0x40000000+0x2000=a", PLAIN(0x40000000, 0x2000, "a") },
        { "4096-0x2000=a", PLAIN(0x1000, 0x1000, "a") },
        { "0x1000+4K=a", PLAIN(0x1000, 0x1000, "a") },
        { "0x1000+3M=a", PLAIN(0x1000, 0x300000, "a") },
        { "0x1000+2G=a", PLAIN(0x1000, 0x80000000, "a") },
        { "0x1000+0x10K=a", PLAIN(0x1000, 0x4000, "a") },
        { "0xABCDE000+0x1000=a", PLAIN(0xabcde000, 0x1000, "a") },
        { "0Xabcde000-0XABCDF000=a", PLAIN(0xabcde000, 0x1000, "a") },
        { "0x000000000000000000001000+4K=a", PLAIN(0x1000, 0x1000, "a") },
        { "0-4096=a", PLAIN(0, 0x1000, "a") },
        { "0x0+4K=a", PLAIN(0, 0x1000, "a") },
        /* To the very last page of 52 bits, and all of them. */
        { "0xffffffffff000-0x10000000000000=a",
          PLAIN(0xffffffffff000, 0x1000, "a") },
        { "0xffffffffff000+4K=a", PLAIN(0xffffffffff000, 0x1000, "a") },
        { "0-0x10000000000000=a", PLAIN(0, 0x10000000000000, "a") },
        { "0+4194304G=a", PLAIN(0, 0x10000000000000, "a") },
    };

    (void)state;
    check_good(table, NR(table));
}

static void test_white_space(void **state)
{
    static const struct good table[] = {
        { "0x1000-0x2000=a,role=owner,prot=ro",
          { 0x1000, 0x1000, NONE, "a", OWNER, RO, false } },
        { "  0x1000\t-\n0x2000\v=\fa\r,  role =  owner\t, prot= ro ",
          { 0x1000, 0x1000, NONE, "a", OWNER, RO, false } },
        { "1075838976 + 0x10000 = ID2, role=auto, prot=rw, control=no",
          PLAIN(0x40200000, 0x10000, "ID2") },
        { " 0x1000 + 4K = a ", PLAIN(0x1000, 0x1000, "a") },
    };

    (void)state;
    check_good(table, NR(table));
}

static void test_ids(void **state)
{
    static const struct good table[] = {
        { "0x1000+4K=" ID31, PLAIN(0x1000, 0x1000, ID31) },
        { "0x1000+4K=ABCDEFGHIJKLMNOPQRSTUVWXYZ",
          PLAIN(0x1000, 0x1000, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") },
        { "0x1000+4K=56789_-", PLAIN(0x1000, 0x1000, "56789_-") },
        { "0x1000+4K=0", PLAIN(0x1000, 0x1000, "0") },
        { "0x1000+4K=007", PLAIN(0x1000, 0x1000, "007") },
        { "0x1000+4K=18446744073709551616",
          PLAIN(0x1000, 0x1000, "18446744073709551616") },
        { "0x1000+4K=-", PLAIN(0x1000, 0x1000, "-") },
        { "0x1000+4K = prot, prot=rw", PLAIN(0x1000, 0x1000, "prot") },
    };
    static const struct bad refused[] = {
        { "0x1000+4K = " ID32, 12, ID32,
          "an ID has at most 31 characters, this one has 32" },
        { "0x1000+4K = a.b", 12, "a.b",
          "an ID holds only A-Z, a-z, 0-9, _ and -" },
        { "0x1000+4K = a+b", 12, "a+b",
          "an ID holds only A-Z, a-z, 0-9, _ and -" },
        { "0x1000+4K = ID1;", 12, "ID1;",
          "an ID holds only A-Z, a-z, 0-9, _ and -" },
        { "0x1000+4K = gr\xc3\xbc\xc3\x9f", 12, "gr\xc3\xbc\xc3\x9f",
          "an ID holds only A-Z, a-z, 0-9, _ and -" },
        { "0x1000+4K = my id", 15, "id",
          "expected ',' or the end of the entry" },
    };

    (void)state;
    check_good(table, NR(table));
    check_bad(refused, NR(refused));
}

/* Each byte between two characters of an ID, by what the grammar says. */
static void test_every_byte(void **state)
{
    struct xlu__shared_mem_entry out[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error err;
    char item[] = "0x1000+4K=a?b";
    const char *const items[] = { item };
    unsigned int c;
    int r;

    (void)state;
    for (c = 1; c <= 0xff; c++) {
        const char *expected =
            strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "abcdefghijklmnopqrstuvwxyz_-", c) ? "" :
            strchr(" \t\n\v\f\r", c) ?
                "expected ',' or the end of the entry" :
            c == '=' ? "expected ',' or the end of the entry" :
            c == ',' ? "unknown key: the keys are role, prot, offset and"
                       " control" :
                "an ID holds only A-Z, a-z, 0-9, _ and -";

        item[11] = c;
        err.message[0] = '\0';
        r = xlu__shared_mem_parse(items, 1, out, &err);
        assert_int_equal(r, *expected ? EINVAL : 0);
        assert_string_equal(err.message, expected);
    }
}

static void test_keys(void **state)
{
    static const struct good table[] = {
        { "0x50000000+64K = ID2, prot=rw",
          PLAIN(0x50000000, 0x10000, "ID2") },
        { "0x1000+4K=a,role=auto", PLAIN(0x1000, 0x1000, "a") },
        { "0x1000+4K=a,role=owner",
          { 0x1000, 0x1000, NONE, "a", OWNER, RW, false } },
        { "0x1000+4K=a,role=borrower",
          { 0x1000, 0x1000, NONE, "a", BORROWER, RW, false } },
        { "0x1000+4K=a,prot=ro",
          { 0x1000, 0x1000, NONE, "a", AUTO, RO, false } },
        { "0x1000+4K=a,control=yes",
          { 0x1000, 0x1000, NONE, "a", AUTO, RW, true } },
        { "0x1000+4K=a,control=no", PLAIN(0x1000, 0x1000, "a") },
        { "0x1000+4K=a,offset=0",
          { 0x1000, 0x1000, 0, "a", AUTO, RW, false } },
        { "0x1000+4K=a,offset=12288",
          { 0x1000, 0x1000, 0x3000, "a", AUTO, RW, false } },
        { "0x1000+4K=a,offset=0x3000",
          { 0x1000, 0x1000, 0x3000, "a", AUTO, RW, false } },
        { "0x1000+4K=a,offset=8K",
          { 0x1000, 0x1000, 0x2000, "a", AUTO, RW, false } },
        { "0x1000+4K=a,offset=1M",
          { 0x1000, 0x1000, 0x100000, "a", AUTO, RW, false } },
        { "0x1000+4K=a,offset=3G",
          { 0x1000, 0x1000, 0xc0000000, "a", AUTO, RW, false } },
        { "0x1000+4K=a,offset=0xffffffffff000",
          { 0x1000, 0x1000, 0xffffffffff000, "a", AUTO, RW, false } },
        { "0x1000+4K=a, control=yes, offset=4K, prot=ro, role=borrower",
          { 0x1000, 0x1000, 0x1000, "a", BORROWER, RO, true } },
    };
    static const struct bad refused[] = {
        { "0x1000+4K=a, size=4K", 13, "size",
          "unknown key: the keys are role, prot, offset and control" },
        { "0x1000+4K=a, Prot=rw", 13, "Prot",
          "unknown key: the keys are role, prot, offset and control" },
        { "0x1000+4K=a, pro=rw", 13, "pro",
          "unknown key: the keys are role, prot, offset and control" },
        { "0x1000+4K=a, prots=rw", 13, "prots",
          "unknown key: the keys are role, prot, offset and control" },
        { "0x1000+4K=a, ro", 13, "ro",
          "unknown key: the keys are role, prot, offset and control" },
        { "0x1000+4K=a,role=auto,role=auto", 22, "role",
          "role is given twice" },
        { "0x1000+4K=a,prot=rw,role=auto,prot=ro", 30, "prot",
          "prot is given twice" },
        { "0x1000+4K=a,offset=0,offset=0", 21, "offset",
          "offset is given twice" },
        { "0x1000+4K=a,control=no,control=yes", 23, "control",
          "control is given twice" },
        { "0x1000+4K=a,role=Owner", 17, "Owner",
          "role must be auto, owner or borrower" },
        { "0x1000+4K=a,role=own", 17, "own",
          "role must be auto, owner or borrower" },
        { "0x1000+4K=a,prot=r", 17, "r", "prot must be rw or ro" },
        { "0x1000+4K=a,prot=rwx", 17, "rwx", "prot must be rw or ro" },
        { "0x1000+4K=a,control=1", 20, "1", "control must be yes or no" },
        { "0x1000+4K=a,control=true", 20, "true",
          "control must be yes or no" },
        { "0x1000+4K=a,role", 12, "role",
          "expected '=' and a value after role" },
        { "0x1000+4K=a,role,prot=rw", 16, ",",
          "expected '=' and a value after role" },
        { "0x1000+4K=a,role owner", 17, "owner",
          "expected '=' and a value after role" },
        { "0x1000+4K=a,role=", 16, "=",
          "role needs a value: auto, owner or borrower" },
        { "0x1000+4K=a,prot=,role=auto", 17, ",",
          "prot needs a value: rw or ro" },
        { "0x1000+4K=a,control==yes", 20, "=",
          "control needs a value: yes or no" },
        { "0x1000+4K=a,offset=", 18, "=",
          "offset needs a value: a multiple of 4096" },
        { "0x1000+4K=a,prot=rw ro", 20, "ro",
          "expected ',' or the end of the entry" },
        { "0x1000+4K=a,prot=rw=ro", 19, "=",
          "expected ',' or the end of the entry" },
        { "0x1000+4K=a,", 11, ",",
          "trailing comma: remove it, or add KEY=VALUE" },
        { "0x1000+4K=a,prot=rw ,\t", 20, ",",
          "trailing comma: remove it, or add KEY=VALUE" },
        { "0x1000+4K=a,,prot=rw", 12, ",",
          "expected a key: role, prot, offset or control" },
        { "0x1000+4K=a,=rw", 12, "=",
          "expected a key: role, prot, offset or control" },
        { "0x1000+4K=a prot=rw", 12, "prot",
          "expected ',' or the end of the entry" },
    };

    (void)state;
    check_good(table, NR(table));
    check_bad(refused, NR(refused));
}

static void test_offset(void **state)
{
    static const struct bad refused[] = {
        { "0x1000+4K=a,offset=100", 19, "100",
          "offset is not a multiple of 4096: the nearest are"
          " 0x0 and 0x1000" },
        { "0x1000+4K=a,offset=0x1fff", 19, "0x1fff",
          "offset is not a multiple of 4096: the nearest are"
          " 0x1000 and 0x2000" },
        { "0x1000+4K=a,offset=x", 19, "x",
          "offset is not a number: use decimal digits, or 0x and hex digits,"
          " then K, M, G or nothing" },
        { "0x1000+4K=a,offset=-4096", 19, "-4096",
          "offset is not a number: use decimal digits, or 0x and hex digits,"
          " then K, M, G or nothing" },
        { "0x1000+4K=a,offset=4k", 19, "4k",
          "the unit of offset must be upper case: write K" },
        { "0x1000+4K=a,offset=010", 19, "010",
          "offset has a leading zero, and there is no octal: write 10" },
        { "0x1000+4K=a,offset=0x10000000000000", 19, "0x10000000000000",
          "offset plus the length of the range must not be above 2^52" },
        { "0x1000+8K=a,offset=0xffffffffff000", 19, "0xffffffffff000",
          "offset plus the length of the range must not be above 2^52" },
        { "0x1000+8K=a,offset=0xfffffffffffff000", 19, "0xfffffffffffff000",
          "offset plus the length of the range must not be above 2^52" },
        { "0x1000+4K=a,offset=18446744073709551616", 19,
          "18446744073709551616", "offset does not fit in 64 bits" },
    };

    (void)state;
    check_bad(refused, NR(refused));
}

static void test_range_form(void **state)
{
    static const struct bad refused[] = {
        { "", 0, "", "empty entry: expected RANGE = ID" },
        { " \t ", 3, "", "empty entry: expected RANGE = ID" },
        { "= a", 0, "=", "expected BEGIN, the first address of the range" },
        { "-0x1000-0x2000 = a", 0, "-",
          "expected BEGIN, the first address of the range" },
        { "+4K = a", 0, "+",
          "expected BEGIN, the first address of the range" },
        { ", a", 0, ",", "expected BEGIN, the first address of the range" },
        { "0x1000", 0, "0x1000",
          "expected '-' and END, or '+' and SIZE, after BEGIN" },
        { "0x1000 = a", 7, "=",
          "expected '-' and END, or '+' and SIZE, after BEGIN" },
        { "0x1000 0x2000 = a", 7, "0x2000",
          "expected '-' and END, or '+' and SIZE, after BEGIN" },
        { "0x1000-", 6, "-", "expected END after '-'" },
        { "0x1000- = a", 8, "=", "expected END after '-'" },
        { "0x1000--0x2000 = a", 7, "-", "expected END after '-'" },
        { "0x1000+", 6, "+", "expected SIZE after '+'" },
        { "0x1000+,prot=rw", 7, ",", "expected SIZE after '+'" },
        { "0x1000++4K = a", 7, "+", "expected SIZE after '+'" },
        { " 0x1000 - 0x2000 ", 1, "0x1000 - 0x2000",
          "expected '=' and an ID after the range" },
        { "0x1000+4K", 0, "0x1000+4K",
          "expected '=' and an ID after the range" },
        { "0x1000+4K a", 10, "a",
          "expected '=' and an ID after the range" },
        { "0x1000+4K, prot=rw", 9, ",",
          "expected '=' and an ID after the range" },
        { "0x1000-0x2000-0x3000 = a", 13, "-",
          "expected '=' and an ID after the range" },
        { "0x1000+4 K = a", 7, "4",
          "SIZE is not a multiple of 4096: the nearest is 0x1000" },
        { "0x1000+4096 K = a", 12, "K",
          "expected '=' and an ID after the range" },
        { "0x1000+4K =", 10, "=", "expected an ID after '='" },
        { "0x1000+4K == a", 11, "=", "expected an ID after '='" },
        { "0x1000+4K = , prot=rw", 12, ",", "expected an ID after '='" },
        { "0x1000+4K = a = b", 14, "=",
          "expected ',' or the end of the entry" },
    };

    (void)state;
    check_bad(refused, NR(refused));
}

static void test_numbers(void **state)
{
    static const struct bad refused[] = {
        { "ID1 = 0x1000+4K", 0, "ID1",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "40000000h+4K=a", 0, "40000000h",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "4000abcd+4K=a", 0, "4000abcd",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "0x4000_0000+4K=a", 0, "0x4000_0000",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "0x+4K=a", 0, "0x",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "0xK+4K=a", 0, "0xK",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "x1000+4K=a", 0, "x1000",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "00x1000+4K=a", 0, "00x1000",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "0x0x1000+4K=a", 0, "0x0x1000",
          "BEGIN is not a number: use decimal digits, or 0x and hex digits" },
        { "0x1000-20oo=a", 7, "20oo",
          "END is not a number: use decimal digits, or 0x and hex digits" },
        { "0x1000+K=a", 7, "K",
          "SIZE is not a number: use decimal digits, or 0x and hex digits,"
          " then K, M, G or nothing" },
        { "0x1000+4KB=a", 7, "4KB",
          "SIZE is not a number: use decimal digits, or 0x and hex digits,"
          " then K, M, G or nothing" },
        { "0x1000+4T=a", 7, "4T",
          "SIZE is not a number: use decimal digits, or 0x and hex digits,"
          " then K, M, G or nothing" },
        { "0x1000+1.5M=a", 7, "1.5M",
          "SIZE is not a number: use decimal digits, or 0x and hex digits,"
          " then K, M, G or nothing" },
        { "0x1000+4k=a", 7, "4k",
          "the unit of SIZE must be upper case: write K" },
        { "0x1000+4m=a", 7, "4m",
          "the unit of SIZE must be upper case: write M" },
        { "0x1000+0x4g=a", 7, "0x4g",
          "the unit of SIZE must be upper case: write G" },
        { "1G-2G=a", 0, "1G",
          "BEGIN is an address and takes no K, M or G: write 0x40000000" },
        { "0x40000000-2g=a", 11, "2g",
          "END is an address and takes no K, M or G: write 0x80000000" },
        { "010+4K=a", 0, "010",
          "BEGIN has a leading zero, and there is no octal: write 10" },
        { "00+4K=a", 0, "00",
          "BEGIN has a leading zero, and there is no octal: write 0" },
        { "0x1000+0064K=a", 7, "0064K",
          "SIZE has a leading zero, and there is no octal: write 64K" },
        { "18446744073709551616+4K=a", 0, "18446744073709551616",
          "BEGIN does not fit in 64 bits" },
        { "0x10000000000000000+4K=a", 0, "0x10000000000000000",
          "BEGIN does not fit in 64 bits" },
        { "999999999999999999999999+4K=a", 0, "999999999999999999999999",
          "BEGIN does not fit in 64 bits" },
        /* The first wraps to a small number in 64 bits, twice over. */
        { "0x1000-36893488147419107328=a", 7, "36893488147419107328",
          "END does not fit in 64 bits" },
        { "0x1000+17179869184G=a", 7, "17179869184G",
          "SIZE does not fit in 64 bits" },
        { "0x1000+18014398509481984K=a", 7, "18014398509481984K",
          "SIZE does not fit in 64 bits" },
    };

    (void)state;
    check_bad(refused, NR(refused));
}

static void test_bounds(void **state)
{
    static const struct bad refused[] = {
        { "0x40000800-0x40100000=a", 0, "0x40000800",
          "BEGIN is not a multiple of 4096: the nearest are"
          " 0x40000000 and 0x40001000" },
        { "1+4K=a", 0, "1",
          "BEGIN is not a multiple of 4096: the nearest are"
          " 0x0 and 0x1000" },
        { "0xfffffffffffff+4K=a", 0, "0xfffffffffffff",
          "BEGIN is not a multiple of 4096: the nearest is"
          " 0xffffffffff000" },
        { "0x40000000-0x40000ffe=a", 11, "0x40000ffe",
          "END is not a multiple of 4096: the nearest is 0x40001000" },
        { "0x40000000-0x40001001=a", 11, "0x40001001",
          "END is not a multiple of 4096: the nearest are"
          " 0x40001000 and 0x40002000" },
        { "0-0xffffffffff001=a", 2, "0xffffffffff001",
          "END is not a multiple of 4096: the nearest are"
          " 0xffffffffff000 and 0x10000000000000" },
        { "0x40000000-0x400fffff=a", 11, "0x400fffff",
          "END is exclusive: 0x40100000 was probably meant" },
        { "0x40000000-1074790399=a", 11, "1074790399",
          "END is exclusive: 0x40100000 was probably meant" },
        { "0-0xfffffffffffff=a", 2, "0xfffffffffffff",
          "END is exclusive: 0x10000000000000 was probably meant" },
        { "0x40000000+0xfff=a", 11, "0xfff",
          "SIZE is not a multiple of 4096: the nearest is 0x1000" },
        { "0x40000000+5000=a", 11, "5000",
          "SIZE is not a multiple of 4096: the nearest are"
          " 0x1000 and 0x2000" },
        { "0x40000000+1=a", 11, "1",
          "SIZE is not a multiple of 4096: the nearest is 0x1000" },
        { "0x40100000-0x40000000=a", 11, "0x40000000",
          "END is below BEGIN: swap them, or write BEGIN+SIZE if this is a"
          " size" },
        { "0x1000-0xfff=a", 7, "0xfff",
          "END is below BEGIN: swap them, or write BEGIN+SIZE if this is a"
          " size" },
        { "0x40000000-0x40000000=a", 11, "0x40000000",
          "the range is empty: END is exclusive, so one page from BEGIN ends"
          " at 0x40001000" },
        { "0x40000000+0=a", 11, "0",
          "the range is empty: SIZE must be at least 4096" },
        { "0x40000000+0K=a", 11, "0K",
          "the range is empty: SIZE must be at least 4096" },
        { "0x10000000000000+4K=a", 0, "0x10000000000000",
          "BEGIN must be below 2^52" },
        { "0xfffffffffffff000+4K=a", 0, "0xfffffffffffff000",
          "BEGIN must be below 2^52" },
        { "0x1000-0x10000000001000=a", 7, "0x10000000001000",
          "END must not be above 2^52" },
        { "0x1000-0xffffffffffffffff=a", 7, "0xffffffffffffffff",
          "END must not be above 2^52" },
        { "0xffffffffff000+8K=a", 16, "8K",
          "BEGIN+SIZE must not be above 2^52" },
        /* Their sum is 0 in 64 bits. */
        { "0x1000+0xfffffffffffff000=a", 7, "0xfffffffffffff000",
          "BEGIN+SIZE must not be above 2^52" },
    };

    (void)state;
    check_bad(refused, NR(refused));
}

/* Text that no buffer may be sized for. */
static void test_long_items(void **state)
{
    enum { LONG = 1 << 20 };
    static char item[LONG + 64];
    const char *const items[] = { item };
    struct xlu__shared_mem_entry out[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error err;

    (void)state;
    strcpy(item, "0x1000+4K=");
    memset(item + 10, 'A', LONG);
    assert_int_equal(xlu__shared_mem_parse(items, 1, out, &err), EINVAL);
    assert_string_equal(err.message, "an ID has at most 31 characters, this"
                        " one has 1048576");
    assert_int_equal(err.offset, 10);
    assert_int_equal(err.length, LONG);

    memset(item, '9', LONG);
    strcpy(item + LONG, "+4K=a");
    assert_int_equal(xlu__shared_mem_parse(items, 1, out, &err), EINVAL);
    assert_string_equal(err.message, "BEGIN does not fit in 64 bits");

    memset(item, '0', LONG);
    strcpy(item + LONG, "+4K=a");
    assert_int_equal(xlu__shared_mem_parse(items, 1, out, &err), EINVAL);
    assert_string_equal(err.message, "BEGIN has a leading zero, and there is"
                        " no octal: write 0");

    memset(item, ' ', LONG);
    strcpy(item + LONG, "0x1000+4K=a");
    assert_int_equal(xlu__shared_mem_parse(items, 1, out, &err), 0);
    assert_int_equal(out[0].begin, 0x1000);
}

static void test_ids_twice(void **state)
{
    static const char *const twice[] = {
        "0x40000000+4K = ID1", "0x50000000+4K = ID2",
        "0x60000000+4K =  ID1, prot=rw",
    };
    static const struct bad bad = {
        "ID1 twice", 17, "ID1",
        "ID1 is given twice: 0x40000000-0x40001000 has it already",
    };
    /* As text: no case folding, no numeric value, no prefix. */
    static const char *const differ[] = {
        "0x1000+4K=id", "0x2000+4K=ID", "0x3000+4K=1", "0x4000+4K=01",
        "0x5000+4K=0x1", "0x6000+4K=I", "0x7000+4K=ID-",
    };
    struct xlu__shared_mem_entry out[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error err;

    (void)state;
    check_bad_list(twice, NR(twice), 2, &bad);
    assert_int_equal(xlu__shared_mem_parse(differ, NR(differ), out, &err), 0);
}

/* A range against 0x40002000-0x40004000, and the one that is also there. */
static void test_overlaps(void **state)
{
    static const struct {
        const char *range;
        bool overlaps;
        const char *message;
    } table[] = {
        { "0x40001000-0x40002000", false, NULL },
        { "0x40004000-0x40005000", false, NULL },
        { "0x40000000-0x40001000", false, NULL },
        { "0x40005000+4K", false, NULL },
        { "0x40002000-0x40004000", true,
          "0x40002000-0x40004000 of new overlaps"
          " 0x40002000-0x40004000 of old" },
        { "0x40001000-0x40003000", true,
          "0x40001000-0x40003000 of new overlaps"
          " 0x40002000-0x40004000 of old" },
        { "0x40003000-0x40005000", true,
          "0x40003000-0x40005000 of new overlaps"
          " 0x40002000-0x40004000 of old" },
        { "0x40000000+1M", true,
          "0x40000000-0x40100000 of new overlaps"
          " 0x40002000-0x40004000 of old" },
        { "0x40003000 + 4K", true,
          "0x40003000-0x40004000 of new overlaps"
          " 0x40002000-0x40004000 of old" },
        { "0x40002000+4K", true,
          "0x40002000-0x40003000 of new overlaps"
          " 0x40002000-0x40004000 of old" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < NR(table); i++) {
        char item[64];
        const char *const items[] = {
            "0x80000000+4K = other", "0x40002000+8K = old", item,
        };
        struct xlu__shared_mem_entry out[XLU__SHARED_MEM_MAX];
        struct xlu__shared_mem_error err;

        snprintf(item, sizeof(item), " %s = new", table[i].range);
        if (table[i].overlaps) {
            struct bad bad = { item, 1, table[i].range, table[i].message };

            check_bad_list(items, NR(items), 2, &bad);
        } else {
            assert_int_equal(
                xlu__shared_mem_parse(items, NR(items), out, &err), 0);
        }
    }
}

/* The longest message there is comes whole. */
static void test_longest_message(void **state)
{
    static const char *const items[] = {
        "0xfffffffffe000-0x10000000000000 = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0xfffffffffe000-0x10000000000000 = bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    };
    static const struct bad bad = {
        "longest", 0, "0xfffffffffe000-0x10000000000000",
        "0xfffffffffe000-0x10000000000000 of bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        " overlaps"
        " 0xfffffffffe000-0x10000000000000 of aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    check_bad_list(items, NR(items), 1, &bad);
}

static void test_lists(void **state)
{
    static const char *const ordered[] = { "0x3000+4K=c", "0x1000+4K=a" };
    static const char *const not_string[] = { "0x1000+4K=a", NULL, "x" };
    static const char *const late[] = { "0x1000+4K=a", "0x2000+4K=", NULL };
    static const struct bad no_id = {
        "late", 9, "=", "expected an ID after '='",
    };
    struct xlu__shared_mem_entry out[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error err;

    (void)state;
    assert_int_equal(xlu__shared_mem_parse(NULL, 0, out, &err), 0);

    assert_int_equal(xlu__shared_mem_parse(ordered, 2, out, &err), 0);
    assert_string_equal(out[0].id, "c");
    assert_string_equal(out[1].id, "a");

    assert_int_equal(xlu__shared_mem_parse(not_string, 3, out, &err),
                     EINVAL);
    assert_int_equal(err.item, 1);
    assert_int_equal(err.offset, 0);
    assert_int_equal(err.length, 0);
    assert_string_equal(err.message,
                        "an entry must be a string, not a list");

    check_bad_list(late, NR(late), 1, &no_id);
}

static void test_number_of_entries(void **state)
{
    static char text[65][32];
    const char *items[65];
    struct xlu__shared_mem_entry out[65];
    struct xlu__shared_mem_error err;
    struct bad bad = {
        "65 entries", 0, "0x41000", "a domain has at most 64 entries",
    };
    size_t i;

    (void)state;
    for (i = 0; i < 65; i++) {
        snprintf(text[i], sizeof(text[i]), "0x%zx+4K=id%zu",
                 (i + 1) * 0x1000, i);
        items[i] = text[i];
    }
    memset(&out[64], 0xa5, sizeof(out[64]));
    assert_int_equal(xlu__shared_mem_parse(items, 64, out, &err), 0);
    for (i = 0; i < 64; i++)
        assert_int_equal(out[i].begin, (i + 1) * 0x1000);
    check_bad_list(items, 65, 64, &bad);
}

static void check_text(const char *item, size_t offset, size_t length,
                       const char *expected)
{
    struct xlu__shared_mem_error err = {
        .offset = offset, .length = length, .message = "what",
    };
    char text[XLU__SHARED_MEM_ERROR_TEXT_SIZE];

    xlu__shared_mem_error_text(&err, item, text);
    assert_string_equal(text, expected);
}

static void test_error_text(void **state)
{
    (void)state;
    check_text("0x1 = a", 6, 1, "what: near 'a' in '0x1 = a'");
    check_text("", 0, 0, "what: near '' in ''");
    check_text(NULL, 0, 0, "what: near '[...]' in '[...]'");
    check_text(" ~", 0, 2, "what: near ' ~' in ' ~'");
    check_text("a\tb\nc\x7f", 0, 3,
               "what: near 'a\\x09b' in 'a\\x09b\\x0ac\\x7f'");
    check_text("\x01\x1b[m\x80\xff", 4, 2,
               "what: near '\\x80\\xff' in '\\x01\\x1b[m\\x80\\xff'");
    check_text("it's \\ \"", 0, 4,
               "what: near 'it\\x27s' in 'it\\x27s \\x5c \"'");
}

#define A16  "AAAAAAAAAAAAAAAA"
#define A64  A16 A16 A16 A16
#define A256 A64 A64 A64 A64

static void test_error_text_length(void **state)
{
    struct xlu__shared_mem_error err = { .length = 300 };
    char text[XLU__SHARED_MEM_ERROR_TEXT_SIZE];
    char item[301];

    (void)state;
    check_text(A64, 0, 64, "what: near '" A64 "' in '" A64 "'");
    check_text(A64 "A", 0, 65, "what: near '" A64 "...' in '" A64 "A'");
    check_text(A256, 0, 1, "what: near 'A' in '" A256 "'");
    check_text(A256 "A", 256, 1, "what: near 'A' in '" A256 "...'");

    /* The most that has to fit. */
    memset(item, '\n', 300);
    item[300] = '\0';
    memset(err.message, 'm', sizeof(err.message) - 1);
    err.message[sizeof(err.message) - 1] = '\0';
    xlu__shared_mem_error_text(&err, item, text);
    assert_int_equal(strlen(text),
                     255 + strlen(": near '...' in '...'") + 4 * (64 + 256));
    assert_string_equal(text + strlen(text) - 8, "\\x0a...'");
}

/*----- shared_mem_factory -----*/

#define UNTOUCHED 0xa5a5a5a5a5a5a5a5

static void check_good_factory(const char *item, uint64_t expected)
{
    struct xlu__shared_mem_error err = { .message = "" };
    uint64_t gpa = UNTOUCHED;

    if (xlu__shared_mem_parse_factory(item, &gpa, &err))
        fail_msg("'%s' refused: %s", item, err.message);
    if (gpa != expected)
        fail_msg("'%s' is 0x%llx, expected 0x%llx", item,
                 (unsigned long long)gpa, (unsigned long long)expected);
}

static void check_bad_factory(const struct bad *bad)
{
    struct xlu__shared_mem_error err;
    uint64_t gpa = UNTOUCHED;
    int r;

    memset(&err, 0xa5, sizeof(err));
    r = xlu__shared_mem_parse_factory(bad->item, &gpa, &err);
    if (r != EINVAL)
        fail_msg("'%s' gives %d", bad->item, r);
    if (err.item != 0 || err.offset != bad->offset ||
        err.length != strlen(bad->token) ||
        strncmp(bad->item + err.offset, bad->token, err.length) ||
        strcmp(err.message, bad->message))
        fail_msg("'%s'\n  fails at %zu near '%.*s': %s\n"
                 "  expected  %zu near '%s': %s",
                 bad->item, err.offset, (int)err.length,
                 bad->item + err.offset, err.message,
                 bad->offset, bad->token, bad->message);
    if (gpa != UNTOUCHED)
        fail_msg("'%s' is refused, and sets 0x%llx", bad->item,
                 (unsigned long long)gpa);
}

static void test_factory(void **state)
{
    (void)state;
    check_good_factory("0x41000000", 0x41000000);
    check_good_factory("0X41000000", 0x41000000);
    check_good_factory("1090519040", 0x41000000);
    check_good_factory("0xabcde000", 0xabcde000);
    check_good_factory("0xABCDE000", 0xabcde000);
    check_good_factory("0x00000000000000000000041000000", 0x41000000);
    check_good_factory("4096", 0x1000);
    check_good_factory("0x100000000", 0x100000000);
    check_good_factory("0xffffffffff000", 0xffffffffff000);
    check_good_factory("4503599627366400", 0xffffffffff000);
    check_good_factory(" 0x41000000", 0x41000000);
    check_good_factory("0x41000000 ", 0x41000000);
    check_good_factory(" \t\n\v\f\r0x41000000\r\f\v\n\t ", 0x41000000);
}

static void test_factory_refused(void **state)
{
    static const struct bad table[] = {
        { "", 0, "", "expected the address of a page" },
        { " \t ", 3, "", "expected the address of a page" },
        { "x", 0, "x", "ADDR is not a number: use decimal digits, or 0x and"
          " hex digits" },
        { "0x", 0, "0x", "ADDR is not a number: use decimal digits, or 0x and"
          " hex digits" },
        { "  41000000h", 2, "41000000h", "ADDR is not a number: use decimal"
          " digits, or 0x and hex digits" },
        { "-4096", 0, "-4096", "ADDR is not a number: use decimal digits, or"
          " 0x and hex digits" },
        { "+4096", 0, "+4096", "ADDR is not a number: use decimal digits, or"
          " 0x and hex digits" },
        { "auto", 0, "auto", "ADDR is not a number: use decimal digits, or 0x"
          " and hex digits" },
        { "\"4096\"", 0, "\"4096\"", "ADDR is not a number: use decimal"
          " digits, or 0x and hex digits" },
        { "0x1000-0x2000", 0, "0x1000-0x2000", "ADDR is not a number: use"
          " decimal digits, or 0x and hex digits" },
        { "0x1000+4K", 0, "0x1000+4K", "ADDR is not a number: use decimal"
          " digits, or 0x and hex digits" },
        { "0x1000=ID1", 0, "0x1000=ID1", "ADDR is not a number: use decimal"
          " digits, or 0x and hex digits" },
        { "0x1000,", 0, "0x1000,", "ADDR is not a number: use decimal digits,"
          " or 0x and hex digits" },
        { "0x41000000\xc2\xa0", 0, "0x41000000\xc2\xa0", "ADDR is not a"
          " number: use decimal digits, or 0x and hex digits" },
        { "1G", 0, "1G", "ADDR is an address and takes no K, M or G: write"
          " 0x40000000" },
        { " 4k", 1, "4k", "ADDR is an address and takes no K, M or G: write"
          " 0x1000" },
        { "0x10M", 0, "0x10M", "ADDR is an address and takes no K, M or G:"
          " write 0x1000000" },
        { "04096", 0, "04096", "ADDR has a leading zero, and there is no"
          " octal: write 4096" },
        { "00", 0, "00", "ADDR has a leading zero, and there is no octal:"
          " write 0" },
        { "18446744073709551616", 0, "18446744073709551616",
          "ADDR does not fit in 64 bits" },
        { "0x10000000000000000", 0, "0x10000000000000000",
          "ADDR does not fit in 64 bits" },
        { "0x10000000000000", 0, "0x10000000000000",
          "ADDR must be below 2^52" },
        { "4503599627370496", 0, "4503599627370496",
          "ADDR must be below 2^52" },
        { "0x10000000000001", 0, "0x10000000000001",
          "ADDR must be below 2^52" },
        { "0xffffffffffffffff", 0, "0xffffffffffffffff",
          "ADDR must be below 2^52" },
        { "0", 0, "0", "no factory page can be at 0: leave out"
          " shared_mem_factory to have none" },
        { " 0x0 x", 1, "0x0", "no factory page can be at 0: leave out"
          " shared_mem_factory to have none" },
        { "1", 0, "1", "ADDR is not a multiple of 4096: the nearest is"
          " 0x1000" },
        { "4095", 0, "4095", "ADDR is not a multiple of 4096: the nearest is"
          " 0x1000" },
        { "  0x41000800 ", 2, "0x41000800", "ADDR is not a multiple of 4096:"
          " the nearest are 0x41000000 and 0x41001000" },
        { "0xfffffffffefff", 0, "0xfffffffffefff", "ADDR is not a multiple of"
          " 4096: the nearest are 0xfffffffffe000 and 0xffffffffff000" },
        { "0xfffffffffffff", 0, "0xfffffffffffff", "ADDR is not a multiple of"
          " 4096: the nearest is 0xffffffffff000" },
        { "0x1000 0x2000", 7, "0x2000",
          "expected nothing after the address" },
        { "\t0x1000\t,\t0x2000", 8, ",",
          "expected nothing after the address" },
        { "0x1000 # comment", 7, "#", "expected nothing after the address" },
        /* The first problem is told. */
        { "0x1001 x", 0, "0x1001", "ADDR is not a multiple of 4096: the"
          " nearest are 0x1000 and 0x2000" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < NR(table); i++)
        check_bad_factory(&table[i]);
}

static void test_factory_list(void **state)
{
    struct xlu__shared_mem_error err;
    uint64_t gpa = UNTOUCHED;

    (void)state;
    memset(&err, 0xa5, sizeof(err));
    assert_int_equal(xlu__shared_mem_parse_factory(NULL, &gpa, &err), EINVAL);
    assert_int_equal(err.item, 0);
    assert_int_equal(err.offset, 0);
    assert_int_equal(err.length, 0);
    assert_string_equal(err.message,
                        "it must be one address, not a list");
    assert_true(gpa == UNTOUCHED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_white_space),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_offset),
        cmocka_unit_test(test_range_form),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_long_items),
        cmocka_unit_test(test_ids_twice),
        cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_longest_message),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_number_of_entries),
        cmocka_unit_test(test_error_text),
        cmocka_unit_test(test_error_text_length),
        cmocka_unit_test(test_factory),
        cmocka_unit_test(test_factory_refused),
        cmocka_unit_test(test_factory_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
