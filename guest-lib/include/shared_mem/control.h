/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A region that this domain uses: where its data is, who else is there, and
 * notifications between peers.
 *
 * Peers may be hostile.  What is told of them may be a lie, but is always
 * possible; each call is bounded in time, and stays in the mapping.
 *
 * Masks have bit n for the peer with index n.  One handle belongs to one
 * thread at a time, and a region has one handle in a domain.
 */
#ifndef SHARED_MEM_CONTROL_H
#define SHARED_MEM_CONTROL_H

#include <stddef.h>

#include <shared_mem/factory.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One word of each peer's slot, as it was seen last.  Private. */
struct shared_mem_seen {
    uint32_t words[SHARED_MEM_PEERS_MAX];
    uint32_t changed; /* peers whose word has changed; not told yet */
};

/*
 * Filled by shared_mem_attach(); what is above the line is for reading.  One
 * that is all zero bytes, or was not attached for an error, is as if detached:
 * calls return SHARED_MEM_ENOENT, and masks of no peers.
 */
struct shared_mem {
    struct shared_mem_region region; /* `alive' as it was read last */
    void *data;                      /* behind the control page, if any */
    size_t size;                     /* of the data, in bytes; may be 0 */

    /* ---- private ---- */
    struct shared_mem_factory factory;
    struct shared_mem_control_page *control; /* NULL: none, or detached */
    struct shared_mem_slot *slot;            /* of the own index */
    struct shared_mem_pending *pending;      /* the same */
    uint32_t number;   /* of this attachment, if that may write */
    uint32_t sequence; /* of the factory page, when `region' was read */
    uint32_t changes;  /* the control page's, as seen last */
    uint32_t sent;     /* by this domain */
    uint32_t taken;    /* notifications taken, and not told yet */
    uint32_t known;    /* peers that have attached at any time */
    uint32_t present;  /* peers that were there at the last poll */
    bool news;         /* there may be some for the next poll */
    bool lost;         /* what this handle stands for */
    struct shared_mem_seen attached;
    struct shared_mem_seen sent_by; /* if this domain may only read */
};

/* What happened since the last poll; never about this domain itself. */
struct shared_mem_events {
    uint32_t came;
    uint32_t went;
    uint32_t restarted; /* here before and now, but attached anew */
};

struct shared_mem_status {
    uint32_t from;     /* who has notified */
    uint32_t attached; /* who is attached, this domain included */
};

/* All peers.  To notify: all but the caller. */
#define SHARED_MEM_ALL UINT32_C(0xffffffff)

/*
 * Uses @region, which shared_mem_factory_region() or _find() gave.  @base is
 * where the guest has mapped its `gpa', all `pages' of it; NULL: at that very
 * address.  If the mapping has a control page and may be written, this domain
 * is attached from now on.  SHARED_MEM_ERANGE: the mapping's end cannot be
 * addressed.  SHARED_MEM_ENOENT: @factory is not open.
 */
int shared_mem_attach_region(struct shared_mem *handle,
                             const struct shared_mem_factory *factory,
                             const struct shared_mem_region *region,
                             void *base);

/* The same for the region of that @name. */
int shared_mem_attach(struct shared_mem *handle,
                      const struct shared_mem_factory *factory,
                      const char *name, void *base);

/*
 * Reads anew who is there, and tells what changed.  A peer is there if it is
 * alive, and attached where this mapping has a control page.  The first call
 * tells of all that are there.  While nothing changes it makes three loads.
 *
 * SHARED_MEM_ESTALE: this handle stands for nothing any more.  The region is
 * no longer on the factory page, or has another mapping: it was detached.  Or
 * this domain's attachment is lost: its slot has another number, as the region
 * is another one, by the same name at the same place, or a peer has written
 * there.  From then on all calls fail with SHARED_MEM_ESTALE, or give no
 * peers.  Attach again: SHARED_MEM_ENOENT tells that the region is gone.
 *
 * After another error nothing has changed, and the next call tells of what was
 * missed.
 */
int shared_mem_poll(struct shared_mem *handle,
                    struct shared_mem_events *events);

/*
 * Who is alive, or attached: as it is now; or as it was last, if the factory
 * page cannot be read now.  Nobody is attached without a control page.
 */
uint32_t shared_mem_peers(struct shared_mem *handle);
uint32_t shared_mem_attached(struct shared_mem *handle);

/*
 * The functions below return SHARED_MEM_ENOENT if the mapping has no control
 * page, or the handle is detached; and SHARED_MEM_ESTALE if the attachment is
 * lost, see shared_mem_poll().
 */

/*
 * Lets @peers see what this domain wrote before.  A set of several bits, or
 * SHARED_MEM_ALL: whoever attaches meanwhile is notified, or sees all of it.
 * So are those of shared_mem_attached(), asked after it was written.
 * SHARED_MEM_EACCES: this domain may only read.  EAGAIN: not all of them were
 * notified, as a peer does nothing but write to that word.
 */
int shared_mem_notify(struct shared_mem *handle, uint32_t peers);

/*
 * Takes the notifications that have come from @peers; those of others stay.
 * All that a notifier wrote before is seen afterwards.  If this domain may only
 * read: who has notified anybody.  Nobody has who never attached, or without a
 * control page.
 */
uint32_t shared_mem_take_from(struct shared_mem *handle, uint32_t peers);

/* Takes those of all peers.  0 to *@from after an error. */
int shared_mem_take(struct shared_mem *handle, uint32_t *from);

/* Takes those of all peers, and tells who is attached.  Both 0 if it fails. */
static inline int shared_mem_status(struct shared_mem *handle,
                                    struct shared_mem_status *status)
{
    int error;

    status->attached = shared_mem_attached(handle);
    error = shared_mem_take(handle, &status->from);
    if ( error )
        status->attached = 0;

    return error;
}

/*
 * Data stays where it is, and unmapping it is up to the caller.  If the
 * attachment is lost nothing is written.
 */
int shared_mem_detach(struct shared_mem *handle);

#ifdef __cplusplus
}
#endif

#endif /* SHARED_MEM_CONTROL_H */
