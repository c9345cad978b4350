/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A region that this domain uses.
 */
#include <shared_mem/atomic.h>
#include <shared_mem/control.h>

#define BIT(n) (UINT32_C(1) << (n))

/* What x86 reads where nothing is mapped any more.  No attachment's number. */
#define ALL_ONES UINT32_C(0xffffffff)

#define SEQUENCE \
    (offsetof(struct shared_mem_factory_page, sequence) / sizeof(uint32_t))

/* From a word in one peer's slot to the same word in the next. */
#define SLOT_WORDS (sizeof(struct shared_mem_slot) / sizeof(uint32_t))

static bool may_write(const struct shared_mem *handle)
{
    return !shared_mem_read_only(&handle->region);
}

/*
 * Looks at one word in each slot; @word is the one of index 0.  Returns whose
 * word is not 0.
 */
static uint32_t look(const uint32_t *word, struct shared_mem_seen *seen)
{
    uint32_t not_0 = 0;

    for ( unsigned int n = 0; n < SHARED_MEM_PEERS_MAX; n++ )
    {
        /*
         * Acquire: pairs with the releases of `attached' in take_slot() and
         * shared_mem_detach(), and of `sent' in leave_notifications().
         */
        uint32_t now = shared_mem_load_acquire(&word[n * SLOT_WORDS]);

        if ( now )
            not_0 |= BIT(n);
        if ( now != seen->words[n] )
            seen->changed |= BIT(n);
        seen->words[n] = now;
    }

    return not_0;
}

/*
 * Whose slot says so; they may be dead.  A dead peer's slot does no harm to
 * who notifies all.  To look at who is alive could do some: a peer that came
 * this instant could be missed.
 */
static uint32_t attached_slots(struct shared_mem *handle)
{
    if ( !handle->control )
        return 0;

    /*
     * Between what this domain wrote, or saw of `changes', and the look at who
     * is attached.  Pairs with the fence in announce(): either that peer is
     * seen attached, or it sees all that was written before.
     */
    shared_mem_fence_full();

    return look(&handle->control->slots[0].attached, &handle->attached);
}

/*
 * SHARED_MEM_ESTALE: the page is not, or no longer, one where this domain is
 * attached.  Somebody has written to its slot, the region is another one, or
 * nothing is there.  SHARED_MEM_ENOENT: there is no control page.
 */
static int usable(struct shared_mem *handle)
{
    if ( handle->lost )
        return SHARED_MEM_ESTALE;
    if ( !handle->control )
        return SHARED_MEM_ENOENT;

    /* Who only reads may have found it so when it attached. */
    if ( handle->number != ALL_ONES &&
         shared_mem_load(&handle->slot->attached) == handle->number )
        return 0;

    handle->lost = true;

    return SHARED_MEM_ESTALE;
}

/* Who has sent notifications since the last time. */
static uint32_t senders(struct shared_mem *handle)
{
    uint32_t changed;

    (void)look(&handle->control->slots[0].sent, &handle->sent_by);
    changed = handle->sent_by.changed;
    handle->sent_by.changed = 0;

    return changed;
}

/* Only who has attached at any time can have sent anything. */
static uint32_t exchange_pending(struct shared_mem *handle)
{
    /* Acquire: pairs with the release of `from' in leave_notifications(). */
    uint32_t from = shared_mem_exchange_acquire(&handle->pending->from, 0);

    /* Who may write has no use of its own for `sent_by'. */
    if ( from & ~handle->known )
        handle->known |= look(&handle->control->slots[0].count,
                              &handle->sent_by);

    return from & handle->known;
}

/* Tells all that this domain has attached, or detached. */
static void announce(struct shared_mem *handle, uint32_t detached)
{
    struct shared_mem_pending *pending = handle->control->pending;
    uint32_t change = handle->number << 6 | detached << 5 |
                      handle->region.index;

    /* Pairs with the fence in attached_slots(). */
    shared_mem_fence_full();

    /* Release: pairs with the acquire in shared_mem_poll(). */
    for ( unsigned int n = 0; n < SHARED_MEM_PEERS_MAX; n++ )
        shared_mem_store_release(&pending[n].changes, change);
}

/* Attaches, in the slot of this domain's index. */
static void take_slot(struct shared_mem *handle)
{
    struct shared_mem_slot *slot = handle->slot;
    uint32_t number = shared_mem_load(&slot->count) + 1;

    if ( !number || number == ALL_ONES )
        number = 1;

    handle->number = number;
    handle->sent = shared_mem_load(&slot->sent);

    /* What was meant for the index's last holder goes. */
    shared_mem_store(&handle->pending->from, 0);

    /* Release: pairs with the acquire in look(). */
    shared_mem_store_release(&slot->count, number);
    shared_mem_store_release(&slot->attached, number);
    announce(handle, 0);
}

/* Where data begins and how long it is, if all of it can be addressed. */
static int place(struct shared_mem *handle, void *base)
{
    const struct shared_mem_region *region = &handle->region;
    uint64_t begin = base ? (uintptr_t)base : region->gpa;
    uint64_t size = (uint64_t)region->pages * SHARED_MEM_PAGE_SIZE;

    if ( !handle->factory.page )
        return SHARED_MEM_ENOENT;
    if ( !size || begin % SHARED_MEM_PAGE_SIZE ||
         region->index >= SHARED_MEM_PEERS_MAX )
        return SHARED_MEM_EINVAL;
    if ( begin > UINTPTR_MAX || size - 1 > UINTPTR_MAX - begin )
        return SHARED_MEM_ERANGE;

    handle->data = (void *)(uintptr_t)begin;
    handle->size = (size_t)size;
    if ( shared_mem_has_control(region) )
    {
        handle->control = (struct shared_mem_control_page *)handle->data;
        handle->data = handle->control + 1;
        handle->size -= SHARED_MEM_PAGE_SIZE;
    }

    return 0;
}

static void attach_here(struct shared_mem *handle)
{
    uint32_t index = handle->region.index;

    handle->slot = &handle->control->slots[index];
    handle->pending = &handle->control->pending[index];
    (void)senders(handle); /* what was sent so far is not news */

    if ( may_write(handle) )
        take_slot(handle);
    else
        handle->number = shared_mem_load(&handle->slot->attached);
}

/* @factory and @region may be the handle's own, to attach once more. */
int shared_mem_attach_region(struct shared_mem *handle,
                             const struct shared_mem_factory *factory,
                             const struct shared_mem_region *region,
                             void *base)
{
    int error;

    handle->factory = *factory;
    handle->region = *region;
    __builtin_memset(&handle->control, 0,
                     sizeof(*handle) - offsetof(struct shared_mem, control));

    handle->sequence = 1; /* odd: not that of any `region' */
    handle->news = true;
    error = place(handle, base);
    if ( error )
        __builtin_memset(handle, 0, sizeof(*handle));
    else if ( handle->control )
        attach_here(handle);

    return error;
}

int shared_mem_attach(struct shared_mem *handle,
                      const struct shared_mem_factory *factory,
                      const char *name, void *base)
{
    struct shared_mem_region region;
    int error = shared_mem_factory_find(factory, name, &region);

    if ( !error )
        return shared_mem_attach_region(handle, factory, &region, base);

    __builtin_memset(handle, 0, sizeof(*handle));

    return error;
}

/* Of two regions of that name: whether one is still the other. */
static bool same_mapping(const struct shared_mem_region *a,
                         const struct shared_mem_region *b)
{
    return a->gpa == b->gpa && a->pages == b->pages &&
           a->offset == b->offset && a->index == b->index &&
           a->flags == b->flags;
}

/*
 * Reads anew which peers are alive, if anything on the factory page has
 * changed since.  The region has another number once a region before it was
 * detached.
 */
static int refresh(struct shared_mem *handle)
{
    struct shared_mem_region now;
    uint32_t sequence;
    int error;

    if ( handle->lost )
        return SHARED_MEM_ESTALE;
    if ( !handle->factory.page )
        return SHARED_MEM_ENOENT;

    /*
     * No order: while it is the same, nothing else is read; and what was read
     * when it was another one is not older than this.
     */
    sequence = shared_mem_load(&handle->factory.page[SEQUENCE]);
    if ( sequence == handle->sequence && !(sequence & 1) )
        return 0;

    error = shared_mem_factory_find(&handle->factory, handle->region.name,
                                    &now);
    if ( error == SHARED_MEM_ENOENT ||
         (!error && !same_mapping(&handle->region, &now)) )
    {
        handle->lost = true;
        return SHARED_MEM_ESTALE;
    }
    if ( error )
        return error;

    handle->region = now;
    handle->sequence = sequence;
    handle->news = true;

    return 0;
}

/* Who is there, this domain not counted, after there was news. */
static uint32_t others(struct shared_mem *handle)
{
    uint32_t present = handle->region.alive & ~BIT(handle->region.index);

    if ( shared_mem_has_control(&handle->region) )
        present &= attached_slots(handle);

    return present;
}

int shared_mem_poll(struct shared_mem *handle,
                    struct shared_mem_events *events)
{
    uint32_t before = handle->present;
    uint32_t present = before;
    int error = refresh(handle);

    events->came = events->went = events->restarted = 0;
    if ( !error )
    {
        if ( handle->control )
        {
            /* Acquire: pairs with the releases in announce(). */
            uint32_t changes =
                shared_mem_load_acquire(&handle->pending->changes);

            handle->news |= changes != handle->changes;
            handle->changes = changes;
        }
        if ( handle->news )
            present = others(handle);
    }

    /* Last, for the page may have gone while it was read. */
    if ( usable(handle) == SHARED_MEM_ESTALE )
        return SHARED_MEM_ESTALE;
    if ( error || !handle->news )
        return error;

    events->came = present & ~before;
    events->went = before & ~present;
    events->restarted = present & before & handle->attached.changed;
    handle->attached.changed = 0;
    handle->present = present;
    handle->news = false;

    return 0;
}

uint32_t shared_mem_peers(struct shared_mem *handle)
{
    /* If not now, then as it was last. */
    if ( refresh(handle) == SHARED_MEM_ESTALE )
        return 0;

    return handle->region.alive;
}

uint32_t shared_mem_attached(struct shared_mem *handle)
{
    uint32_t attached = shared_mem_peers(handle) & attached_slots(handle);

    return usable(handle) ? 0 : attached;
}

static int leave_notifications(struct shared_mem *handle, uint32_t peers)
{
    uint32_t own = BIT(handle->region.index);
    struct shared_mem_pending *pending = handle->control->pending;
    int error = 0;

    /* Release: pairs with the acquire in exchange_pending(). */
    for ( ; peers; pending++, peers >>= 1 )
        if ( (peers & 1) && !shared_mem_or_release(&pending->from, own) )
            error = SHARED_MEM_EAGAIN;

    /* Release: pairs with the acquire in look(), for those who only read. */
    shared_mem_store_release(&handle->slot->sent, ++handle->sent);

    return error;
}

int shared_mem_notify(struct shared_mem *handle, uint32_t peers)
{
    int error = usable(handle);

    if ( error )
        return error;
    if ( !may_write(handle) )
        return SHARED_MEM_EACCES;

    if ( peers == SHARED_MEM_ALL )
        peers = attached_slots(handle) & ~BIT(handle->region.index);
    else
        /*
         * Pairs with the fence in announce(): a peer that attaches clears what
         * was meant for its index's last holder.  If that is this notification
         * it sees what was written before.
         */
        shared_mem_fence_full();

    return leave_notifications(handle, peers);
}

uint32_t shared_mem_take_from(struct shared_mem *handle, uint32_t peers)
{
    uint32_t from;

    if ( usable(handle) )
        return 0;

    from = may_write(handle) ? exchange_pending(handle) : senders(handle);
    from |= handle->taken;

    /* Once more: the page may have gone, and that was no notification. */
    if ( usable(handle) )
        return 0;
    handle->taken = from & ~peers;

    return from & peers;
}

int shared_mem_take(struct shared_mem *handle, uint32_t *from)
{
    *from = shared_mem_take_from(handle, SHARED_MEM_ALL);

    /* As it was when they were taken. */
    if ( handle->lost )
        return SHARED_MEM_ESTALE;

    return handle->control ? 0 : SHARED_MEM_ENOENT;
}

int shared_mem_detach(struct shared_mem *handle)
{
    int error = usable(handle);

    if ( !error && may_write(handle) )
    {
        /* Release: pairs with the acquire in look(). */
        shared_mem_store_release(&handle->slot->attached, 0);
        announce(handle, 1);
    }

    handle->news |= handle->control != NULL;
    handle->control = NULL;

    return error;
}
