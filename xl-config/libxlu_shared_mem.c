/*
 * static_shared_mem and shared_mem_factory for xl and other toolstacks: hands
 * the options to the grammar (libxlu_shared_mem_parse.h), reports what it
 * finds wrong with its place in the config, and gives back libxl's structs.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#define _GNU_SOURCE

#include "libxlu_internal.h"
#include "libxlu_shared_mem_parse.h"

static const libxl_static_shared_mem_role libxl_role[] = {
    [XLU__SHARED_MEM_ROLE_AUTO]     = LIBXL_STATIC_SHARED_MEM_ROLE_AUTO,
    [XLU__SHARED_MEM_ROLE_OWNER]    = LIBXL_STATIC_SHARED_MEM_ROLE_OWNER,
    [XLU__SHARED_MEM_ROLE_BORROWER] = LIBXL_STATIC_SHARED_MEM_ROLE_BORROWER,
};

static const libxl_static_shared_mem_prot libxl_prot[] = {
    [XLU__SHARED_MEM_PROT_RW] = LIBXL_STATIC_SHARED_MEM_PROT_RW,
    [XLU__SHARED_MEM_PROT_RO] = LIBXL_STATIC_SHARED_MEM_PROT_RO,
};

/*
 * Column of byte `offset' of the item's text, which starts behind the quote.
 * A number may stand without quotes: then its text is as wide as its place.
 * An escape in a string, such as \x41, is wider in the file than in the text,
 * so that the column of what follows one is too small.
 */
static size_t column(const XLU_ConfigValue *value, const char *item,
                     size_t offset)
{
    const YYLTYPE *loc = &value->loc;
    bool bare = item &&
        loc->last_column - loc->first_column + 1 == (ssize_t)strlen(item);

    return loc->first_column + (item && !bare) + offset;
}

/*
 * `value' is the option or the list item in the config, or NULL if there is
 * none. `item' is its text, or NULL if it is not a string.
 */
static void report_error(XLU_Config *cfg, const char *option,
                         const XLU_ConfigValue *value, const char *item,
                         const struct xlu__shared_mem_error *err)
{
    char text[XLU__SHARED_MEM_ERROR_TEXT_SIZE];

    xlu__shared_mem_error_text(err, item, text);
    fprintf(cfg->report, "%s:", cfg->config_source);
    if (value)
        fprintf(cfg->report, "%d:%zu:", value->loc.first_line,
                column(value, item, err->offset));
    fprintf(cfg->report, " config parsing error in %s: %s\n", option, text);
}

static int report_nomem(XLU_Config *cfg)
{
    fprintf(cfg->report, "%s: static_shared_mem: unable to allocate memory\n",
            cfg->config_source);
    return ENOMEM;
}

static int fill_mem(libxl_static_shared_mem *mem,
                    const struct xlu__shared_mem_entry *entry)
{
    libxl_static_shared_mem_init(mem);
    mem->id = strdup(entry->id);
    if (!mem->id) return ENOMEM;
    mem->begin = entry->begin;
    mem->size = entry->size;
    mem->has_offset = entry->offset != XLU__SHARED_MEM_OFFSET_NONE;
    mem->offset = mem->has_offset ? entry->offset : 0;
    mem->role = libxl_role[entry->role];
    mem->prot = libxl_prot[entry->prot];
    libxl_defbool_set(&mem->control, entry->control);
    return 0;
}

static int fill_mems(const struct xlu__shared_mem_entry *entries, int n,
                     libxl_static_shared_mem **mems_r)
{
    libxl_static_shared_mem *mems;
    int i, e;

    /* calloc() of no bytes may give NULL, which is no failure here. */
    mems = calloc(n ? n : 1, sizeof(*mems));
    if (!mems) return ENOMEM;

    for (i = 0; i < n; i++) {
        e = fill_mem(&mems[i], &entries[i]);
        if (e) goto xe;
    }
    *mems_r = mems;
    return 0;

 xe:
    for (; i >= 0; i--)
        libxl_static_shared_mem_dispose(&mems[i]);
    free(mems);
    return e;
}

/* `list' is where the items come from, or NULL. */
static int parse(XLU_Config *cfg, const XLU_ConfigList *list,
                 const char *const *items, int n,
                 libxl_static_shared_mem **mems_r, int *num_r)
{
    struct xlu__shared_mem_entry entries[XLU__SHARED_MEM_MAX];
    struct xlu__shared_mem_error err;
    int e;

    e = xlu__shared_mem_parse(items, n, entries, &err);
    if (e) {
        report_error(cfg, "static_shared_mem",
                     list ? xlu_cfg_get_listitem2(list, err.item) : NULL,
                     items[err.item], &err);
        return e;
    }
    e = fill_mems(entries, n, mems_r);
    if (e) return report_nomem(cfg);
    *num_r = n;
    return 0;
}

int xlu_static_shared_mem_parse_strings(XLU_Config *cfg,
                                        const char *const *items, int n,
                                        libxl_static_shared_mem **mems_r,
                                        int *num_r)
{
    return parse(cfg, NULL, items, n, mems_r, num_r);
}

int xlu_static_shared_mem_parse(XLU_Config *cfg, const XLU_ConfigList *list,
                                libxl_static_shared_mem **mems_r, int *num_r)
{
    const char **items;
    int n = list->nvalues;
    int i, e;

    items = calloc(n ? n : 1, sizeof(*items));
    if (!items) return report_nomem(cfg);

    for (i = 0; i < n; i++)
        items[i] = xlu_cfg_get_listitem(list, i);
    e = parse(cfg, list, items, n, mems_r, num_r);
    free(items);
    return e;
}

/*
 * The value that counts, or NULL: as in libxlu_cfg.c, later ones come first.
 */
static const XLU_ConfigValue *find_value(const XLU_Config *cfg,
                                         const char *name)
{
    const XLU_ConfigSetting *set;

    for (set = cfg->settings; set; set = set->next)
        if (!strcmp(set->name, name))
            return set->value;

    return NULL;
}

int xlu_shared_mem_factory_parse(XLU_Config *cfg, uint64_t *gpa_r)
{
    static const char option[] = "shared_mem_factory";
    const XLU_ConfigValue *value = find_value(cfg, option);
    struct xlu__shared_mem_error err;
    const char *item;
    int e;

    if (!value) return ESRCH;

    item = value->type == XLU_STRING ? value->u.string : NULL;
    e = xlu__shared_mem_parse_factory(item, gpa_r, &err);
    if (e) report_error(cfg, option, value, item, &err);
    return e;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
