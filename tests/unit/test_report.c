/*
 * What libxlutil makes of the grammar's result: libxl's structs, the factory
 * page's address, or one line that names file, line and column, in the form xl
 * uses.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "libxlu_internal.h"

#define MAX_ITEMS 8

#define UNTOUCHED 0xa5a5a5a5a5a5a5a5

struct fixture {
    XLU_Config cfg;
    char *report;
    size_t report_size;
    XLU_ConfigValue values[MAX_ITEMS];
    XLU_ConfigValue *pointers[MAX_ITEMS];
    XLU_ConfigList list;
    XLU_ConfigSetting settings[MAX_ITEMS];
    int nr_settings;
    uint64_t gpa;
    libxl_static_shared_mem *mems;
    int num;
};

void libxl_defbool_set(libxl_defbool *db, bool b)
{
    db->val = b ? 1 : -1;
}

void libxl_static_shared_mem_init(libxl_static_shared_mem *p)
{
    memset(p, 0, sizeof(*p));
}

void libxl_static_shared_mem_dispose(libxl_static_shared_mem *p)
{
    free(p->id);
}

XLU_ConfigValue *xlu_cfg_get_listitem2(const XLU_ConfigList *list, int entry)
{
    assert_in_range(entry, 0, list->nvalues - 1);
    return list->values[entry];
}

const char *xlu_cfg_get_listitem(const XLU_ConfigList *list, int entry)
{
    const XLU_ConfigValue *value = xlu_cfg_get_listitem2(list, entry);

    return value->type == XLU_STRING ? value->u.string : NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->cfg.config_source = "vm1.cfg";
    f->cfg.report = open_memstream(&f->report, &f->report_size);
    f->list.values = f->pointers;
    f->num = -1;
    f->gpa = UNTOUCHED;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    int i;

    for (i = 0; i < f->num; i++)
        libxl_static_shared_mem_dispose(&f->mems[i]);
    free(f->mems);
    fclose(f->cfg.report);
    free(f->report);
    free(f);
    return 0;
}

/* A value in quotes, or a bare one, `width' columns wide in the file. */
static XLU_ConfigValue value(char *text, int line, int column, int width)
{
    XLU_ConfigValue v = {
        .type = text ? XLU_STRING : XLU_LIST,
        .loc = { line, column, line, column + width - 1 },
    };

    if (text)
        v.u.string = text;
    else
        v.u.list = (XLU_ConfigList){ .avalues = 4, .nvalues = 1 };
    return v;
}

static void add(struct fixture *f, char *text, int line, int column,
                int width)
{
    int i = f->list.nvalues++;

    f->pointers[i] = &f->values[i];
    f->values[i] = value(text, line, column, width);
}

static void add_quoted(struct fixture *f, char *text, int line, int column)
{
    add(f, text, line, column, strlen(text) + 2);
}

static void check_refused(struct fixture *f, const char *line)
{
    assert_int_equal(
        xlu_static_shared_mem_parse(&f->cfg, &f->list, &f->mems, &f->num),
        EINVAL);
    fflush(f->cfg.report);
    assert_string_equal(f->report, line);
    assert_null(f->mems);
    assert_int_equal(f->num, -1);
}

static void test_defaults(void **state)
{
    struct fixture *f = *state;

    add_quoted(f, "0x40000000-0x40100000 = ID1", 12, 23);
    assert_int_equal(
        xlu_static_shared_mem_parse(&f->cfg, &f->list, &f->mems, &f->num),
        0);
    fflush(f->cfg.report);
    assert_string_equal(f->report, "");
    assert_int_equal(f->num, 1);
    assert_string_equal(f->mems[0].id, "ID1");
    assert_int_equal(f->mems[0].begin, 0x40000000);
    assert_int_equal(f->mems[0].size, 0x100000);
    assert_false(f->mems[0].has_offset);
    assert_int_equal(f->mems[0].offset, 0);
    assert_int_equal(f->mems[0].role, LIBXL_STATIC_SHARED_MEM_ROLE_AUTO);
    assert_int_equal(f->mems[0].prot, LIBXL_STATIC_SHARED_MEM_PROT_RW);
    assert_int_equal(f->mems[0].control.val, -1);
}

static void test_all_keys(void **state)
{
    struct fixture *f = *state;

    add_quoted(f, "0x1000+4K=a,role=owner,prot=ro,control=yes", 1, 1);
    add_quoted(f, "0x2000+4K=b,role=borrower,offset=8K", 2, 1);
    add_quoted(f, "0x3000+4K=c,offset=0", 3, 1);
    assert_int_equal(
        xlu_static_shared_mem_parse(&f->cfg, &f->list, &f->mems, &f->num),
        0);
    assert_int_equal(f->num, 3);
    assert_int_equal(f->mems[0].role, LIBXL_STATIC_SHARED_MEM_ROLE_OWNER);
    assert_int_equal(f->mems[0].prot, LIBXL_STATIC_SHARED_MEM_PROT_RO);
    assert_int_equal(f->mems[0].control.val, 1);
    assert_string_equal(f->mems[1].id, "b");
    assert_int_equal(f->mems[1].role, LIBXL_STATIC_SHARED_MEM_ROLE_BORROWER);
    assert_true(f->mems[1].has_offset);
    assert_int_equal(f->mems[1].offset, 0x2000);
    assert_string_equal(f->mems[2].id, "c");
    assert_true(f->mems[2].has_offset);
    assert_int_equal(f->mems[2].offset, 0);
}

static void test_empty_list(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        xlu_static_shared_mem_parse(&f->cfg, &f->list, &f->mems, &f->num),
        0);
    assert_int_equal(f->num, 0);
}

/* The token's column: the quote's, one, and the token's place in the text. */
static void test_position(void **state)
{
    struct fixture *f = *state;

    add_quoted(f, "0x40000000-0x40100000 = ID1", 12, 23);
    add_quoted(f, "0x40200000-0x402fffff = ID2", 13, 5);
    check_refused(f,
        "vm1.cfg:13:17: config parsing error in static_shared_mem: END is"
        " exclusive: 0x40300000 was probably meant: near '0x402fffff' in"
        " '0x40200000-0x402fffff = ID2'\n");
}

static void test_position_of_first_byte(void **state)
{
    struct fixture *f = *state;

    add_quoted(f, "x", 12, 21);
    check_refused(f,
        "vm1.cfg:12:22: config parsing error in static_shared_mem: BEGIN is"
        " not a number: use decimal digits, or 0x and hex digits: near 'x' in"
        " 'x'\n");
}

static void test_position_without_quotes(void **state)
{
    struct fixture *f = *state;

    add(f, "0x40000000", 3, 10, 10);
    check_refused(f,
        "vm1.cfg:3:10: config parsing error in static_shared_mem: expected"
        " '-' and END, or '+' and SIZE, after BEGIN: near '0x40000000' in"
        " '0x40000000'\n");
}

static void test_not_a_string(void **state)
{
    struct fixture *f = *state;

    add_quoted(f, "0x1000+4K=a", 3, 2);
    add(f, NULL, 4, 7, 1);
    check_refused(f,
        "vm1.cfg:4:7: config parsing error in static_shared_mem: an entry"
        " must be a string, not a list: near '[...]' in '[...]'\n");
}

static void test_one_line(void **state)
{
    struct fixture *f = *state;

    add_quoted(f, "0x1000+4K = a\nb\x1b", 1, 1);
    check_refused(f,
        "vm1.cfg:1:16: config parsing error in static_shared_mem: expected"
        " ',' or the end of the entry: near 'b\\x1b' in"
        " '0x1000+4K = a\\x0ab\\x1b'\n");
}

static void test_strings(void **state)
{
    static const char *const good[] = { "0x1000+4K=a", "0x2000+4K=b" };
    static const char *const bad[] = { "0x1000+4K=a", "0x1000+4K=b" };
    struct fixture *f = *state;

    f->cfg.config_source = "command line";
    assert_int_equal(
        xlu_static_shared_mem_parse_strings(&f->cfg, bad, 2, &f->mems,
                                            &f->num),
        EINVAL);
    fflush(f->cfg.report);
    assert_string_equal(f->report,
        "command line: config parsing error in static_shared_mem:"
        " 0x1000-0x2000 of b overlaps 0x1000-0x2000 of a: near '0x1000+4K' in"
        " '0x1000+4K=b'\n");

    assert_int_equal(
        xlu_static_shared_mem_parse_strings(&f->cfg, good, 2, &f->mems,
                                            &f->num),
        0);
    assert_int_equal(f->num, 2);
    assert_string_equal(f->mems[1].id, "b");
}

/*----- shared_mem_factory -----*/

/* A setting behind those that there are. */
static void set(struct fixture *f, char *name, XLU_ConfigValue v)
{
    int i = f->nr_settings++;

    assert_in_range(i, 0, MAX_ITEMS - 1);
    f->values[i] = v;
    f->settings[i].name = name;
    f->settings[i].value = &f->values[i];
    if (i)
        f->settings[i - 1].next = &f->settings[i];
    else
        f->cfg.settings = &f->settings[i];
}

static void set_quoted(struct fixture *f, char *name, char *text, int line,
                       int column)
{
    set(f, name, value(text, line, column, strlen(text) + 2));
}

static void check_factory(struct fixture *f, int r, uint64_t gpa,
                          const char *line)
{
    assert_int_equal(xlu_shared_mem_factory_parse(&f->cfg, &f->gpa), r);
    fflush(f->cfg.report);
    assert_string_equal(f->report, line);
    assert_true(f->gpa == gpa);
}

static void test_factory(void **state)
{
    struct fixture *f = *state;

    set_quoted(f, "shared_mem_factory", "0x41000000", 7, 22);
    check_factory(f, 0, 0x41000000, "");
}

static void test_factory_not_set(void **state)
{
    struct fixture *f = *state;

    check_factory(f, ESRCH, UNTOUCHED, "");
    set_quoted(f, "name", "vm1", 1, 8);
    set_quoted(f, "shared_mem_factory2", "0x41000000", 2, 23);
    set_quoted(f, "shared_mem_factor", "0x41000000", 3, 21);
    set_quoted(f, "Shared_mem_factory", "x", 4, 22);
    set(f, "static_shared_mem", value(NULL, 5, 21, 1));
    check_factory(f, ESRCH, UNTOUCHED, "");
    set_quoted(f, "shared_mem_factory", " 1090519040 ", 6, 22);
    check_factory(f, 0, 0x41000000, "");
}

/* The reader of the config puts later ones first. */
static void test_first_of_two_factories(void **state)
{
    struct fixture *f = *state;

    set_quoted(f, "name", "vm1", 9, 8);
    set_quoted(f, "shared_mem_factory", "0x42000000", 8, 22);
    set_quoted(f, "shared_mem_factory", "x", 7, 22);
    check_factory(f, 0, 0x42000000, "");
}

static void test_first_of_two_factories_is_wrong(void **state)
{
    struct fixture *f = *state;

    set_quoted(f, "shared_mem_factory", "x", 8, 22);
    set_quoted(f, "shared_mem_factory", "0x41000000", 7, 22);
    check_factory(f, EINVAL, UNTOUCHED,
        "vm1.cfg:8:23: config parsing error in shared_mem_factory: ADDR is"
        " not a number: use decimal digits, or 0x and hex digits: near 'x' in"
        " 'x'\n");
}

static void test_position_of_factory(void **state)
{
    struct fixture *f = *state;

    set_quoted(f, "shared_mem_factory", "  0x41000800 ", 12, 23);
    check_factory(f, EINVAL, UNTOUCHED,
        "vm1.cfg:12:26: config parsing error in shared_mem_factory: ADDR is"
        " not a multiple of 4096: the nearest are 0x41000000 and 0x41001000:"
        " near '0x41000800' in '  0x41000800 '\n");
}

static void test_position_after_factory(void **state)
{
    struct fixture *f = *state;

    set_quoted(f, "shared_mem_factory", "0x41000000 0x42000000", 3, 1);
    check_factory(f, EINVAL, UNTOUCHED,
        "vm1.cfg:3:13: config parsing error in shared_mem_factory: expected"
        " nothing after the address: near '0x42000000' in"
        " '0x41000000 0x42000000'\n");
}

static void test_empty_factory(void **state)
{
    struct fixture *f = *state;

    set_quoted(f, "shared_mem_factory", "", 3, 22);
    check_factory(f, EINVAL, UNTOUCHED,
        "vm1.cfg:3:23: config parsing error in shared_mem_factory: expected"
        " the address of a page: near '' in ''\n");
}

static void test_factory_list(void **state)
{
    struct fixture *f = *state;

    set(f, "shared_mem_factory", value(NULL, 4, 22, 16));
    check_factory(f, EINVAL, UNTOUCHED,
        "vm1.cfg:4:22: config parsing error in shared_mem_factory: it must be"
        " one address, not a list: near '[...]' in '[...]'\n");
}

static void test_factory_without_quotes(void **state)
{
    struct fixture *f = *state;

    set(f, "shared_mem_factory", value("0x41000000", 4, 22, 10));
    check_factory(f, 0, 0x41000000, "");
}

static void test_position_of_factory_without_quotes(void **state)
{
    struct fixture *f = *state;

    set(f, "shared_mem_factory", value("4097", 4, 22, 4));
    check_factory(f, EINVAL, UNTOUCHED,
        "vm1.cfg:4:22: config parsing error in shared_mem_factory: ADDR is"
        " not a multiple of 4096: the nearest are 0x1000 and 0x2000: near"
        " '4097' in '4097'\n");
}

static void test_factory_on_one_line(void **state)
{
    struct fixture *f = *state;

    f->cfg.config_source = "command line";
    set_quoted(f, "shared_mem_factory", "0x1000\n\x1b[1m'", 1, 22);
    check_factory(f, EINVAL, UNTOUCHED,
        "command line:1:30: config parsing error in shared_mem_factory:"
        " expected nothing after the address: near '\\x1b[1m\\x27' in"
        " '0x1000\\x0a\\x1b[1m\\x27'\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_all_keys),
        TEST(test_empty_list),
        TEST(test_position),
        TEST(test_position_of_first_byte),
        TEST(test_position_without_quotes),
        TEST(test_not_a_string),
        TEST(test_one_line),
        TEST(test_strings),
        TEST(test_factory),
        TEST(test_factory_not_set),
        TEST(test_first_of_two_factories),
        TEST(test_first_of_two_factories_is_wrong),
        TEST(test_position_of_factory),
        TEST(test_position_after_factory),
        TEST(test_empty_factory),
        TEST(test_factory_list),
        TEST(test_factory_without_quotes),
        TEST(test_position_of_factory_without_quotes),
        TEST(test_factory_on_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
