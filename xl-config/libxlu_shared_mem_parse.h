/*
 * Option grammar of static_shared_mem and shared_mem_factory: from their text
 * to numbers, with every check that needs this one domain's options alone.
 * Pure C: it needs no Xen header, allocates nothing and keeps no state.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#ifndef LIBXLU_SHARED_MEM_PARSE_H
#define LIBXLU_SHARED_MEM_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Entries one domain may have. One more is an error. */
#define XLU__SHARED_MEM_MAX 64

/* Characters in an ID, without the terminating NUL. */
#define XLU__SHARED_MEM_ID_MAX 31

/* Bytes. Every bound of a range and every offset is a multiple of it. */
#define XLU__SHARED_MEM_PAGE_SIZE UINT64_C(4096)

/*
 * No range ends above this guest-physical address. It is what the widest
 * guest could have; libxl knows the real width of a guest and checks that.
 */
#define XLU__SHARED_MEM_ADDR_LIMIT (UINT64_C(1) << 52)

/* Value of `offset' where the entry does not give one. */
#define XLU__SHARED_MEM_OFFSET_NONE UINT64_MAX

enum xlu__shared_mem_role {
    XLU__SHARED_MEM_ROLE_AUTO = 0,
    XLU__SHARED_MEM_ROLE_OWNER,
    XLU__SHARED_MEM_ROLE_BORROWER,
};

enum xlu__shared_mem_prot {
    XLU__SHARED_MEM_PROT_RW = 0,
    XLU__SHARED_MEM_PROT_RO,
};

/*
 * One range of one domain. `begin', `size' and `offset' are bytes and
 * multiples of XLU__SHARED_MEM_PAGE_SIZE; `begin' is guest-physical.
 *
 *   0 < size
 *   begin + size <= XLU__SHARED_MEM_ADDR_LIMIT
 *   offset is XLU__SHARED_MEM_OFFSET_NONE, or
 *   offset + size <= XLU__SHARED_MEM_ADDR_LIMIT
 */
struct xlu__shared_mem_entry {
    uint64_t begin;
    uint64_t size;
    uint64_t offset;                        /* from the region's start */
    char id[XLU__SHARED_MEM_ID_MAX + 1];    /* 1 to 31 of [A-Za-z0-9_-] */
    enum xlu__shared_mem_role role;
    enum xlu__shared_mem_prot prot;
    bool control;
};

/* Bytes of the longest message, NUL included. */
#define XLU__SHARED_MEM_MESSAGE_SIZE 256

/*
 * What is wrong, and where. The offending token is the `length' bytes at
 * `offset' in the text of item number `item' (from 0). It is empty only if
 * the item is blank, and both are 0 if the item is not a string.
 *
 * `message' is printable ASCII, and one line, whatever the item holds.
 */
struct xlu__shared_mem_error {
    size_t item;
    size_t offset;
    size_t length;
    char message[XLU__SHARED_MEM_MESSAGE_SIZE];
};

/*
 * Parse a domain's whole list.
 *
 * items:  `nr' strings, or NULL for a list item that is not a string (which
 *         is an error, told in its turn like any other).
 * out:    room for XLU__SHARED_MEM_MAX entries, filled in the list's order.
 * err:    filled if this fails: the first error in the list's order.
 *
 * Returns 0, or EINVAL with `out' undefined.
 */
int xlu__shared_mem_parse(const char *const *items, size_t nr,
                          struct xlu__shared_mem_entry *out,
                          struct xlu__shared_mem_error *err);

/*
 * Parse the value of shared_mem_factory: one guest-physical address, a
 * multiple of XLU__SHARED_MEM_PAGE_SIZE below XLU__SHARED_MEM_ADDR_LIMIT. 0 is
 * none: libxl takes it for no factory page. `item' is NULL for a list,
 * which is an error.
 *
 * Returns 0, or EINVAL with `err' filled and *gpa_r untouched.
 */
int xlu__shared_mem_parse_factory(const char *item, uint64_t *gpa_r,
                                  struct xlu__shared_mem_error *err);

/*
 * Bytes of `near' and `in' text shown by xlu__shared_mem_error_text. Longer
 * text ends in "..." there.
 */
#define XLU__SHARED_MEM_TOKEN_SHOWN 64
#define XLU__SHARED_MEM_ITEM_SHOWN  256

/* Bytes of the longest error text, NUL included: each byte as \xNN. */
#define XLU__SHARED_MEM_ERROR_TEXT_SIZE                                 \
    (XLU__SHARED_MEM_MESSAGE_SIZE +                                     \
     4 * (XLU__SHARED_MEM_TOKEN_SHOWN + XLU__SHARED_MEM_ITEM_SHOWN) +   \
     sizeof(": near '...' in '...'"))

/*
 * Writes "MESSAGE: near 'TOKEN' in 'ITEM'", for a user, to `text'. `item'
 * is items[err->item] of the list that was parsed. In TOKEN and ITEM every
 * byte that is not printable ASCII, every quote and every backslash is
 * written \xNN, so that the text stays one line and can be read one way.
 */
void xlu__shared_mem_error_text(
    const struct xlu__shared_mem_error *err, const char *item,
    char text[XLU__SHARED_MEM_ERROR_TEXT_SIZE]);

#endif /* LIBXLU_SHARED_MEM_PARSE_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
