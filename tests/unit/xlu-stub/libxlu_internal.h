/*
 * Stand-in for libxlutil's internal header and what it includes, so that
 * libxlu_shared_mem.c can be tested without a Xen tree. It declares what that
 * file uses, in Xen's names and types; test_report.c defines the functions.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#ifndef XLU_STUB_LIBXLU_INTERNAL_H
#define XLU_STUB_LIBXLU_INTERNAL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int val;
} libxl_defbool;

void libxl_defbool_set(libxl_defbool *db, bool b);

/* Values that are not the grammar's own: a missing translation shows. */
typedef enum {
    LIBXL_STATIC_SHARED_MEM_ROLE_AUTO = 10,
    LIBXL_STATIC_SHARED_MEM_ROLE_OWNER,
    LIBXL_STATIC_SHARED_MEM_ROLE_BORROWER,
} libxl_static_shared_mem_role;

typedef enum {
    LIBXL_STATIC_SHARED_MEM_PROT_RW = 20,
    LIBXL_STATIC_SHARED_MEM_PROT_RO,
} libxl_static_shared_mem_prot;

typedef struct {
    char *id;
    uint64_t begin;
    uint64_t size;
    bool has_offset;
    uint64_t offset;
    libxl_static_shared_mem_role role;
    libxl_static_shared_mem_prot prot;
    libxl_defbool control;
} libxl_static_shared_mem;

void libxl_static_shared_mem_init(libxl_static_shared_mem *p);
void libxl_static_shared_mem_dispose(libxl_static_shared_mem *p);

enum XLU_ConfigValueType {
    XLU_STRING,
    XLU_LIST,
};

typedef struct XLU_ConfigValue XLU_ConfigValue;

typedef struct {
    int avalues;
    int nvalues;
    XLU_ConfigValue **values;
} XLU_ConfigList;

typedef struct {
    int first_line;
    int first_column;
    int last_line;
    int last_column;
} YYLTYPE;

struct XLU_ConfigValue {
    enum XLU_ConfigValueType type;
    union {
        char *string;
        XLU_ConfigList list;
    } u;
    YYLTYPE loc;
};

typedef struct XLU_ConfigSetting {
    struct XLU_ConfigSetting *next;
    char *name;
    XLU_ConfigValue *value;
} XLU_ConfigSetting;

typedef struct {
    XLU_ConfigSetting *settings;
    FILE *report;
    char *config_source;
} XLU_Config;

XLU_ConfigValue *xlu_cfg_get_listitem2(const XLU_ConfigList *list,
                                       int entry);
const char *xlu_cfg_get_listitem(const XLU_ConfigList *list, int entry);

int xlu_static_shared_mem_parse(XLU_Config *cfg, const XLU_ConfigList *list,
                                libxl_static_shared_mem **mems_r,
                                int *num_r);
int xlu_static_shared_mem_parse_strings(XLU_Config *cfg,
                                        const char *const *items, int n,
                                        libxl_static_shared_mem **mems_r,
                                        int *num_r);
int xlu_shared_mem_factory_parse(XLU_Config *cfg, uint64_t *gpa_r);

#endif /* XLU_STUB_LIBXLU_INTERNAL_H */
