/*
 * Option grammar of static_shared_mem: see libxlu_shared_mem_parse.h.
 *
 *   ITEM  := RANGE '=' ID { ',' KEY '=' VALUE }
 *   RANGE := BEGIN '-' END | BEGIN '+' SIZE
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libxlu_shared_mem_parse.h"

#define PAGE_SIZE  XLU__SHARED_MEM_PAGE_SIZE
#define ADDR_LIMIT XLU__SHARED_MEM_ADDR_LIMIT

/* A slice of the item. Empty means the end of the item. */
struct token {
    const char *text;
    size_t len;
};

/* What is still to be read of one item. */
struct cursor {
    const char *item;
    const char *next;
    struct xlu__shared_mem_error *err;
};

/* Every byte that ends a word and is a token by itself: in a range, ... */
static const char range_marks[] = "-+=,";
/* ... and behind it, where '-' belongs to an ID. */
static const char option_marks[] = "=,";

/*
 * The <ctype.h> functions follow the locale, and a config must mean the same
 * in each.
 */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

/* Value of a hex digit; 16 for anything else. */
static unsigned int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

static bool is_id_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

/* strchr(), but the terminating NUL is not in the set. */
static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool token_is(struct token t, const char *text)
{
    return t.len == strlen(text) && !memcmp(t.text, text, t.len);
}

/* A word, as opposed to a mark or the end of the item. */
static bool is_word(struct token t, const char *marks)
{
    return t.len && !is_one_of(t.text[0], marks);
}

static struct token next_token(struct cursor *c, const char *marks)
{
    struct token t = { .len = 0 };

    while (is_space(*c->next))
        c->next++;
    t.text = c->next;
    while (t.text[t.len] && !is_space(t.text[t.len]) &&
           !is_one_of(t.text[t.len], marks))
        t.len++;
    if (!t.len && *t.text)
        t.len = 1;
    c->next += t.len;
    return t;
}

static int __attribute__((format(printf, 3, 4)))
fail(const struct cursor *c, struct token t, const char *format, ...)
{
    va_list ap;

    c->err->offset = t.text - c->item;
    c->err->length = t.len;
    va_start(ap, format);
    vsnprintf(c->err->message, sizeof(c->err->message), format, ap);
    va_end(ap);
    return EINVAL;
}

/*
 * Where something is missing: the token found in its place, or at the end of
 * the item the one before.
 */
static struct token blame(struct token found, struct token before)
{
    return found.len ? found : before;
}

static int number_shift(char unit)
{
    switch (unit) {
    case 'K': return 10;
    case 'M': return 20;
    case 'G': return 30;
    default:  return 0;
    }
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/*
 * `what' names the number in messages. Only a SIZE (`has_unit') may end in a
 * unit; on an address one is recognised all the same, to tell the fix.
 */
static int parse_number(const struct cursor *c, struct token t,
                        const char *what, bool has_unit, uint64_t *value_r)
{
    bool hex = t.len > 1 && t.text[0] == '0' && upper(t.text[1]) == 'X';
    unsigned int base = hex ? 16 : 10;
    size_t start = hex ? 2 : 0;
    size_t i;
    int shift = 0;
    bool overflow = false;
    uint64_t value = 0;

    for (i = start; i < t.len; i++) {
        unsigned int digit = digit_value(t.text[i]);

        if (digit >= base) break;
        overflow |= value > (UINT64_MAX - digit) / base;
        value = value * base + digit;
    }
    if (i > start && i + 1 == t.len)
        shift = number_shift(upper(t.text[i]));
    if (i == start || (i < t.len && !shift))
        return fail(c, t, "%s is not a number: use decimal digits, or 0x and"
                    " hex digits%s", what,
                    has_unit ? ", then K, M, G or nothing" : "");
    if (overflow || value > UINT64_MAX >> shift)
        return fail(c, t, "%s does not fit in 64 bits", what);
    if (shift && !has_unit)
        return fail(c, t, "%s is an address and takes no K, M or G:"
                    " write 0x%" PRIx64, what, value << shift);
    if (shift && t.text[i] != upper(t.text[i]))
        return fail(c, t, "the unit of %s must be upper case: write %c",
                    what, upper(t.text[i]));
    if (!hex && t.text[0] == '0' && i > 1)
        return fail(c, t, "%s has a leading zero, and there is no octal:"
                    " write %" PRIu64 "%.*s", what, value,
                    (int)(t.len - i), t.text + i);
    *value_r = value << shift;
    return 0;
}

/*
 * `low' and `high' are the least and greatest good values, themselves
 * multiples of the page size: a value outside them is no advice.
 */
static int check_aligned(const struct cursor *c, struct token t,
                         const char *what, uint64_t value,
                         uint64_t low, uint64_t high)
{
    uint64_t below = value & ~(PAGE_SIZE - 1);
    uint64_t above = below + PAGE_SIZE;

    if (value == below) return 0;
    if (below >= low && above <= high)
        return fail(c, t, "%s is not a multiple of 4096: the nearest are"
                    " 0x%" PRIx64 " and 0x%" PRIx64, what, below, above);
    return fail(c, t, "%s is not a multiple of 4096: the nearest is"
                " 0x%" PRIx64, what, below >= low ? below : above);
}

static int parse_begin(const struct cursor *c, struct token t,
                       uint64_t *begin_r)
{
    int r;

    if (!is_word(t, range_marks))
        return fail(c, t, "expected BEGIN, the first address of the range");
    r = parse_number(c, t, "BEGIN", false, begin_r);
    if (r) return r;
    if (*begin_r >= ADDR_LIMIT)
        return fail(c, t, "BEGIN must be below 2^52");
    return check_aligned(c, t, "BEGIN", *begin_r, 0, ADDR_LIMIT - PAGE_SIZE);
}

static int parse_end(const struct cursor *c, struct token t,
                     uint64_t begin, uint64_t *size_r)
{
    uint64_t end;
    int r;

    r = parse_number(c, t, "END", false, &end);
    if (r) return r;
    if (end > ADDR_LIMIT)
        return fail(c, t, "END must not be above 2^52");
    if (end < begin)
        return fail(c, t, "END is below BEGIN: swap them, or write"
                    " BEGIN+SIZE if this is a size");
    if (end == begin)
        return fail(c, t, "the range is empty: END is exclusive, so one page"
                    " from BEGIN ends at 0x%" PRIx64, begin + PAGE_SIZE);
    if (end % PAGE_SIZE == PAGE_SIZE - 1)
        return fail(c, t, "END is exclusive: 0x%" PRIx64 " was probably"
                    " meant", end + 1);
    *size_r = end - begin;
    return check_aligned(c, t, "END", end, begin + PAGE_SIZE, ADDR_LIMIT);
}

static int parse_size(const struct cursor *c, struct token t,
                      uint64_t begin, uint64_t *size_r)
{
    int r;

    r = parse_number(c, t, "SIZE", true, size_r);
    if (r) return r;
    if (*size_r == 0)
        return fail(c, t, "the range is empty: SIZE must be at least 4096");
    if (*size_r > ADDR_LIMIT - begin)
        return fail(c, t, "BEGIN+SIZE must not be above 2^52");
    return check_aligned(c, t, "SIZE", *size_r, PAGE_SIZE,
                         ADDR_LIMIT - begin);
}

/* `range_r' is the text from BEGIN's first to END's or SIZE's last byte. */
static int parse_range(struct cursor *c, struct xlu__shared_mem_entry *entry,
                       struct token *range_r)
{
    struct token first, mark, last;
    bool to_end;
    int r;

    first = next_token(c, range_marks);
    r = parse_begin(c, first, &entry->begin);
    if (r) return r;

    mark = next_token(c, range_marks);
    to_end = token_is(mark, "-");
    if (!to_end && !token_is(mark, "+"))
        return fail(c, blame(mark, first), "expected '-' and END, or '+' and"
                    " SIZE, after BEGIN");

    last = next_token(c, range_marks);
    if (!is_word(last, range_marks))
        return fail(c, blame(last, mark), "expected %s after '%s'",
                    to_end ? "END" : "SIZE", to_end ? "-" : "+");
    r = to_end ? parse_end(c, last, entry->begin, &entry->size)
               : parse_size(c, last, entry->begin, &entry->size);
    if (r) return r;

    range_r->text = first.text;
    range_r->len = last.text + last.len - first.text;
    return 0;
}

static int parse_id(struct cursor *c, struct token range,
                    struct xlu__shared_mem_entry *entry, struct token *id_r)
{
    struct token equals, id;
    size_t i;

    equals = next_token(c, range_marks);
    if (!token_is(equals, "="))
        return fail(c, blame(equals, range), "expected '=' and an ID after"
                    " the range");

    id = next_token(c, option_marks);
    if (!is_word(id, option_marks))
        return fail(c, blame(id, equals), "expected an ID after '='");
    for (i = 0; i < id.len; i++)
        if (!is_id_char(id.text[i]))
            return fail(c, id, "an ID holds only A-Z, a-z, 0-9, _ and -");
    if (id.len > XLU__SHARED_MEM_ID_MAX)
        return fail(c, id, "an ID has at most %d characters, this one has"
                    " %zu", XLU__SHARED_MEM_ID_MAX, id.len);

    memcpy(entry->id, id.text, id.len);
    entry->id[id.len] = '\0';
    *id_r = id;
    return 0;
}

/*
 * The keys. A value is looked up in `values', in the order of its enum, but
 * for offset, which is a number.
 */
enum key { KEY_ROLE, KEY_PROT, KEY_OFFSET, KEY_CONTROL, NR_KEYS };

static const struct {
    const char *name;
    const char *choice;     /* what the value may be, for messages */
    const char *values[3];
} keys[NR_KEYS] = {
    [KEY_ROLE] = {
        "role", "auto, owner or borrower",
        {
            [XLU__SHARED_MEM_ROLE_AUTO] = "auto",
            [XLU__SHARED_MEM_ROLE_OWNER] = "owner",
            [XLU__SHARED_MEM_ROLE_BORROWER] = "borrower",
        },
    },
    [KEY_PROT] = {
        "prot", "rw or ro",
        {
            [XLU__SHARED_MEM_PROT_RW] = "rw",
            [XLU__SHARED_MEM_PROT_RO] = "ro",
        },
    },
    [KEY_OFFSET] = { "offset", "a multiple of 4096", { NULL } },
    [KEY_CONTROL] = {
        "control", "yes or no",
        { [false] = "no", [true] = "yes" },
    },
};

static int parse_choice(const struct cursor *c, struct token t, enum key key,
                        unsigned int *choice_r)
{
    const char *const *values = keys[key].values;
    size_t nr = sizeof(keys[key].values) / sizeof(keys[key].values[0]);
    size_t i;

    for (i = 0; i < nr && values[i]; i++) {
        if (token_is(t, values[i])) {
            *choice_r = i;
            return 0;
        }
    }
    return fail(c, t, "%s must be %s", keys[key].name, keys[key].choice);
}

static int parse_offset(const struct cursor *c, struct token t,
                        uint64_t size, uint64_t *offset_r)
{
    int r;

    r = parse_number(c, t, "offset", true, offset_r);
    if (r) return r;
    /* No region is longer than a range that ends at the limit. */
    if (*offset_r > ADDR_LIMIT - size)
        return fail(c, t, "offset plus the length of the range must not be"
                    " above 2^52");
    return check_aligned(c, t, "offset", *offset_r, 0, ADDR_LIMIT - size);
}

static int parse_value(const struct cursor *c, struct token t, enum key key,
                       struct xlu__shared_mem_entry *entry)
{
    unsigned int choice = 0;
    int r;

    if (key == KEY_OFFSET)
        return parse_offset(c, t, entry->size, &entry->offset);

    r = parse_choice(c, t, key, &choice);
    if (r) return r;
    if (key == KEY_ROLE)
        entry->role = choice;
    else if (key == KEY_PROT)
        entry->prot = choice;
    else
        entry->control = choice;
    return 0;
}

/* One KEY=VALUE, behind its comma. `seen' has a bit for each key so far. */
static int parse_option(struct cursor *c, struct token comma,
                        unsigned int *seen,
                        struct xlu__shared_mem_entry *entry)
{
    struct token name, equals, value;
    unsigned int key;

    name = next_token(c, option_marks);
    if (!name.len)
        return fail(c, comma, "trailing comma: remove it, or add KEY=VALUE");
    if (!is_word(name, option_marks))
        return fail(c, name, "expected a key: role, prot, offset or"
                    " control");
    for (key = 0; key < NR_KEYS && !token_is(name, keys[key].name); key++)
        ;
    if (key == NR_KEYS)
        return fail(c, name, "unknown key: the keys are role, prot, offset"
                    " and control");
    if (*seen & (1U << key))
        return fail(c, name, "%s is given twice", keys[key].name);
    *seen |= 1U << key;

    equals = next_token(c, option_marks);
    if (!token_is(equals, "="))
        return fail(c, blame(equals, name), "expected '=' and a value after"
                    " %s", keys[key].name);
    value = next_token(c, option_marks);
    if (!is_word(value, option_marks))
        return fail(c, blame(value, equals), "%s needs a value: %s",
                    keys[key].name, keys[key].choice);
    return parse_value(c, value, key, entry);
}

static int parse_options(struct cursor *c,
                         struct xlu__shared_mem_entry *entry)
{
    struct token t;
    unsigned int seen = 0;
    int r;

    entry->offset = XLU__SHARED_MEM_OFFSET_NONE;
    entry->role = XLU__SHARED_MEM_ROLE_AUTO;
    entry->prot = XLU__SHARED_MEM_PROT_RW;
    entry->control = false;

    for (t = next_token(c, option_marks); t.len;
         t = next_token(c, option_marks)) {
        if (!token_is(t, ","))
            return fail(c, t, "expected ',' or the end of the entry");
        r = parse_option(c, t, &seen, entry);
        if (r) return r;
    }
    return 0;
}

static bool overlaps(const struct xlu__shared_mem_entry *a,
                     const struct xlu__shared_mem_entry *b)
{
    return a->begin < b->begin + b->size && b->begin < a->begin + a->size;
}

/* Against the `nr' entries before it. */
static int check_unique(const struct cursor *c, struct token range,
                        struct token id,
                        const struct xlu__shared_mem_entry *entry,
                        const struct xlu__shared_mem_entry *others,
                        size_t nr)
{
    const struct xlu__shared_mem_entry *other;

    for (other = others; other < others + nr; other++)
        if (!strcmp(entry->id, other->id))
            return fail(c, id, "%s is given twice: 0x%" PRIx64 "-0x%" PRIx64
                        " has it already", other->id, other->begin,
                        other->begin + other->size);

    for (other = others; other < others + nr; other++)
        if (overlaps(entry, other))
            return fail(c, range, "0x%" PRIx64 "-0x%" PRIx64 " of %s overlaps"
                        " 0x%" PRIx64 "-0x%" PRIx64 " of %s",
                        entry->begin, entry->begin + entry->size, entry->id,
                        other->begin, other->begin + other->size, other->id);
    return 0;
}

/* Item number `nr', with the entries before it in `out'. */
static int parse_item(struct cursor *c, struct xlu__shared_mem_entry *out,
                      size_t nr)
{
    struct xlu__shared_mem_entry *entry = &out[nr];
    struct cursor rest = *c;
    struct token first = next_token(&rest, range_marks);
    struct token range, id;
    int r;

    if (nr == XLU__SHARED_MEM_MAX)
        return fail(c, first, "a domain has at most %d entries",
                    XLU__SHARED_MEM_MAX);
    if (!first.len)
        return fail(c, first, "empty entry: expected RANGE = ID");

    r = parse_range(c, entry, &range);
    if (r) return r;
    r = parse_id(c, range, entry, &id);
    if (r) return r;
    r = parse_options(c, entry);
    if (r) return r;
    return check_unique(c, range, id, entry, out, nr);
}

int xlu__shared_mem_parse(const char *const *items, size_t nr,
                          struct xlu__shared_mem_entry *out,
                          struct xlu__shared_mem_error *err)
{
    size_t i;
    int r;

    for (i = 0; i < nr; i++) {
        const char *item = items[i] ? items[i] : "";
        struct cursor c = { item, item, err };

        err->item = i;
        if (!items[i]) {
            struct token none = { item, 0 };

            return fail(&c, none, "an entry must be a string, not a list");
        }
        r = parse_item(&c, out, i);
        if (r) return r;
    }
    return 0;
}

int xlu__shared_mem_parse_factory(const char *item, uint64_t *gpa_r,
                                  struct xlu__shared_mem_error *err)
{
    struct cursor c = { item ? item : "", item ? item : "", err };
    struct token address, rest;
    uint64_t gpa;
    int r;

    err->item = 0;
    address = next_token(&c, "");
    if (!item)
        return fail(&c, address, "it must be one address, not a list");
    if (!address.len)
        return fail(&c, address, "expected the address of a page");

    r = parse_number(&c, address, "ADDR", false, &gpa);
    if (r) return r;
    if (gpa >= ADDR_LIMIT)
        return fail(&c, address, "ADDR must be below 2^52");
    if (!gpa)
        return fail(&c, address, "no factory page can be at 0: leave out"
                    " shared_mem_factory to have none");
    r = check_aligned(&c, address, "ADDR", gpa, PAGE_SIZE,
                      ADDR_LIMIT - PAGE_SIZE);
    if (r) return r;

    rest = next_token(&c, "");
    if (rest.len)
        return fail(&c, rest, "expected nothing after the address");

    *gpa_r = gpa;
    return 0;
}

/* Appends to `text', with `room' in it for all that is shown. */
static char *show(char *text, const char *from, size_t len, size_t room)
{
    size_t i;

    for (i = 0; i < len && i < room; i++) {
        char c = from[i];

        if (is_printable(c) && c != '\'' && c != '\\')
            *text++ = c;
        else
            text += sprintf(text, "\\x%02x", (unsigned char)c);
    }
    return text + sprintf(text, "%s", len > room ? "..." : "");
}

void xlu__shared_mem_error_text(
    const struct xlu__shared_mem_error *err, const char *item,
    char text[XLU__SHARED_MEM_ERROR_TEXT_SIZE])
{
    text += sprintf(text, "%s: near '", err->message);
    if (!item) {
        sprintf(text, "[...]' in '[...]'");
        return;
    }
    text = show(text, item + err->offset, err->length,
                XLU__SHARED_MEM_TOKEN_SHOWN);
    text += sprintf(text, "' in '");
    text = show(text, item, strlen(item), XLU__SHARED_MEM_ITEM_SHOWN);
    sprintf(text, "'");
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
