/*
 * Fuzz target for the static_shared_mem grammar. The input is a list: one
 * item a line, a line of a single '[' being an item that is not a string.
 * What is promised of an accepted list, and of an error, is checked here by
 * code of its own.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxlu_shared_mem_parse.h"

/* Enough to go past the limit of entries. */
#define MAX_ITEMS (XLU__SHARED_MEM_MAX + 4)

#define CHECK(condition)                                                \
    do {                                                                \
        if (!(condition)) {                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,          \
                    #condition);                                        \
            abort();                                                    \
        }                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each item in a block of its own size, so that ASan sees a read too far. */
static size_t split(const uint8_t *data, size_t size, char **items)
{
    size_t nr = 0;

    while (size && nr < MAX_ITEMS) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;

        if (len == 1 && data[0] == '[') {
            items[nr++] = NULL;
        } else {
            items[nr] = malloc(len + 1);
            CHECK(items[nr]);
            memcpy(items[nr], data, len);
            items[nr++][len] = '\0';
        }
        data += end ? len + 1 : len;
        size -= end ? len + 1 : len;
    }
    return nr;
}

static void check_printable(const char *text)
{
    CHECK(*text);
    for (; *text; text++)
        CHECK(*text >= 0x20 && *text <= 0x7e);
}

static void check_entry(const struct xlu__shared_mem_entry *entry)
{
    const uint64_t limit = 0x10000000000000;

    CHECK(entry->begin % 4096 == 0 && entry->begin < limit);
    CHECK(entry->size % 4096 == 0 && entry->size > 0);
    CHECK(entry->size <= limit && entry->begin + entry->size <= limit);
    CHECK(entry->offset == UINT64_MAX ||
          (entry->offset % 4096 == 0 && entry->offset < limit &&
           entry->offset + entry->size <= limit));
    CHECK(memchr(entry->id, '\0', sizeof(entry->id)));
    CHECK(strlen(entry->id) >= 1);
    CHECK(strspn(entry->id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
                 "abcdefghijklmnopqrstuvwxyz") == strlen(entry->id));
    CHECK(entry->role <= XLU__SHARED_MEM_ROLE_BORROWER);
    CHECK(entry->prot <= XLU__SHARED_MEM_PROT_RO);
}

/* Written out in full, an entry means the same again. */
static void check_round_trip(const struct xlu__shared_mem_entry *entry)
{
    static const char *const roles[] = { "auto", "owner", "borrower" };
    static const char *const prots[] = { "rw", "ro" };
    struct xlu__shared_mem_entry again[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error err;
    char item[256], offset[32] = "";
    const char *const items[] = { item };

    if (entry->offset != UINT64_MAX)
        snprintf(offset, sizeof(offset), ",offset=%llu",
                 (unsigned long long)entry->offset);
    snprintf(item, sizeof(item),
             "0x%llx-%llu=%s,role=%s,prot=%s,control=%s%s",
             (unsigned long long)entry->begin,
             (unsigned long long)(entry->begin + entry->size), entry->id,
             roles[entry->role], prots[entry->prot],
             entry->control ? "yes" : "no", offset);
    CHECK(!xlu__shared_mem_parse(items, 1, again, &err));
    CHECK(again[0].begin == entry->begin && again[0].size == entry->size);
    CHECK(again[0].offset == entry->offset);
    CHECK(!strcmp(again[0].id, entry->id));
    CHECK(again[0].role == entry->role && again[0].prot == entry->prot);
    CHECK(again[0].control == entry->control);
}

static void check_accepted(const struct xlu__shared_mem_entry *out,
                           char *const *items, size_t nr)
{
    size_t i, j;

    CHECK(nr <= XLU__SHARED_MEM_MAX);
    for (i = 0; i < nr; i++) {
        CHECK(items[i]);
        check_entry(&out[i]);
        check_round_trip(&out[i]);
        for (j = 0; j < i; j++) {
            uint64_t last_i = out[i].begin + (out[i].size - 1);
            uint64_t last_j = out[j].begin + (out[j].size - 1);

            CHECK(strcmp(out[i].id, out[j].id));
            CHECK(last_i < out[j].begin || last_j < out[i].begin);
        }
    }
}

static void check_refused(const struct xlu__shared_mem_error *err,
                          char *const *items, size_t nr)
{
    struct xlu__shared_mem_entry out[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error before;
    char *text = malloc(XLU__SHARED_MEM_ERROR_TEXT_SIZE);
    const char *item;

    CHECK(text);
    CHECK(err->item < nr);
    item = items[err->item];
    CHECK(err->offset + err->length <= (item ? strlen(item) : 0));
    CHECK(err->length || !item || err->offset == strlen(item));
    CHECK(memchr(err->message, '\0', sizeof(err->message) - 1));
    check_printable(err->message);
    xlu__shared_mem_error_text(err, item, text);
    check_printable(text);
    /* The first error: all before it is a good list. */
    CHECK(!xlu__shared_mem_parse((const char *const *)items, err->item, out,
                                 &before));
    check_accepted(out, items, err->item);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xlu__shared_mem_entry *out =
        calloc(XLU__SHARED_MEM_MAX, sizeof(*out));
    struct xlu__shared_mem_error err;
    char *items[MAX_ITEMS];
    size_t nr = split(data, size, items);
    size_t i;
    int r;

    CHECK(out);
    r = xlu__shared_mem_parse((const char *const *)items, nr, out, &err);
    CHECK(r == 0 || r == EINVAL);
    if (r)
        check_refused(&err, items, nr);
    else
        check_accepted(out, items, nr);

    for (i = 0; i < nr; i++)
        free(items[i]);
    free(out);
    return 0;
}
