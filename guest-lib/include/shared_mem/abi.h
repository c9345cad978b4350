/*
 * SPDX-License-Identifier: BSD-2-Clause OR LGPL-2.1-only
 *
 * The layout of the factory page and of the control page.  Its authority is
 * docs/guest-abi.md, which tells who writes each field, what it means, and
 * what must not be trusted; a test compares the two.
 *
 * All fields are little endian and lie at multiples of their width, so that
 * the layout is the same on x86 and Arm, in 32 and in 64 bits.  No bit-fields,
 * no pointers, no padding.
 */
#ifndef SHARED_MEM_ABI_H
#define SHARED_MEM_ABI_H

#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The guest ABI is little endian; this target is not."
#endif

#define SHARED_MEM_PAGE_SIZE 4096u

/* Domains that can have a region mapped at once: indices 0 to 31. */
#define SHARED_MEM_PEERS_MAX 32u

/* Bytes of a region's name, with its NUL. */
#define SHARED_MEM_NAME_SIZE 32u

/* Major version in the high 16 bits, minor in the low ones. */
#define SHARED_MEM_ABI_VERSION 0x00010001u
#define SHARED_MEM_ABI_MAJOR(version) ((uint32_t)(version) >> 16)

/*
 * Factory page.
 */

/*
 * "XENG2GSM" in memory: the registers do nothing.  "QVMG2GSM", the QNX
 * hypervisor's own, is for pages whose registers trap.  What is behind them is
 * the same.
 */
#define SHARED_MEM_SIGNATURE      UINT64_C(0x4d534732474e4558)
#define SHARED_MEM_SIGNATURE_TRAP UINT64_C(0x4d534732474d5651)

/* Values of `status', as the QNX hypervisor has them. */
#define SHARED_MEM_STATUS_OK              0u
#define SHARED_MEM_STATUS_UNKNOWN_FAILURE 1u
#define SHARED_MEM_STATUS_NOMEM           2u
#define SHARED_MEM_STATUS_CLIENT_MAX      3u
#define SHARED_MEM_STATUS_ILLEGAL_NAME    4u
#define SHARED_MEM_STATUS_NO_PERMISSION   5u
#define SHARED_MEM_STATUS_DOES_NOT_EXIST  6u

/* Of shared_mem_entry.flags. */
#define SHARED_MEM_ENTRY_READ_ONLY 0x01u
#define SHARED_MEM_ENTRY_CONTROL   0x02u

/* One region of this domain. */
struct shared_mem_entry {
    char name[SHARED_MEM_NAME_SIZE];
    uint64_t gpa;        /* where this domain's mapping begins */
    uint64_t generation; /* another one whenever a peer comes or goes */
    uint32_t pages;      /* of this domain's mapping */
    uint32_t offset;     /* of the mapping in the region, in pages */
    uint32_t alive;      /* bit n: the peer with index n */
    uint8_t index;       /* this domain's own */
    uint8_t flags;       /* SHARED_MEM_ENTRY_* */
    uint16_t reserved;
};

/* Entries that the page has room for. */
#define SHARED_MEM_ENTRIES_MAX 62u

struct shared_mem_factory_page {
    /* The registers of the QNX hypervisor's factory page. */
    uint64_t signature;
    uint64_t shmem;
    uint32_t vector;
    uint32_t status;
    uint32_t size;
    char name[SHARED_MEM_NAME_SIZE];
    uint32_t find;

    uint32_t abi;          /* SHARED_MEM_ABI_VERSION of who wrote the page */
    uint32_t domid;        /* this domain's own */
    uint32_t sequence;     /* odd: the page is being written */
    uint32_t count;        /* entries */
    uint32_t entry_offset; /* of the first entry in the page, in bytes */
    uint32_t entry_size;   /* from one entry to the next, in bytes */
    uint32_t beat;         /* changes while the page is kept current */
    uint32_t reserved[9];

    struct shared_mem_entry entries[SHARED_MEM_ENTRIES_MAX];
};

/*
 * Control page.
 */

/* One peer's own; nobody else writes here. */
struct shared_mem_slot {
    uint32_t attached; /* 0: not attached; else which attachment it is */
    uint32_t count;    /* attachments so far: what `attached' was last */
    uint32_t sent;     /* notifications so far, to whomever */
    uint32_t reserved[13];
};

/* What others have for one peer. */
struct shared_mem_pending {
    uint32_t from;    /* bit n: set by peer n; cleared by the one it is for */
    uint32_t changes; /* another number whenever a peer attaches or detaches */
    uint32_t reserved[14];
};

struct shared_mem_control_page {
    struct shared_mem_slot slots[SHARED_MEM_PEERS_MAX];
    struct shared_mem_pending pending[SHARED_MEM_PEERS_MAX];
};

#endif /* SHARED_MEM_ABI_H */
