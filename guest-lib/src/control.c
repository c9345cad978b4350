/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A region that this domain uses.
 */
#include <shared_mem/atomic.h>
#include <shared_mem/control.h>

#define BIT(n) (UINT32_C(1) << (n))

/* From a word in one peer's slot to the same word in the next. */
#define SLOT_WORDS (sizeof(struct shared_mem_slot) / sizeof(uint32_t))

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

/* Whose slot says so; they may be dead. */
static uint32_t attached_slots(struct shared_mem *handle)
{
    return look(&handle->control->slots[0].attached, &handle->attached);
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

static uint32_t exchange_pending(struct shared_mem *handle)
{
    /* Acquire: pairs with the release of `from' in leave_notifications(). */
    return shared_mem_exchange_acquire(&handle->pending->from, 0);
}

/* Attaches, in the slot of this domain's index. */
static void take_slot(struct shared_mem *handle)
{
    uint32_t index = handle->region.index;
    struct shared_mem_slot *slot = &handle->control->slots[index];
    uint32_t number = shared_mem_load(&slot->count) + 1;

    if ( !number )
        number = 1;

    handle->slot = slot;
    handle->pending = &handle->control->pending[index];
    handle->sent = shared_mem_load(&slot->sent);

    /* What was meant for the index's last holder goes. */
    shared_mem_store(&handle->pending->from, 0);

    /* Release: pairs with the acquire in look(). */
    shared_mem_store_release(&slot->count, number);
    shared_mem_store_release(&slot->attached, number);

    /*
     * Pairs with the fence in everybody_else(): either that peer sees us
     * attached, or we see all that it wrote before it looked.
     */
    shared_mem_fence_full();
}

/* Where data begins and how long it is, if all of it can be addressed. */
static int place(struct shared_mem *handle, void *base)
{
    const struct shared_mem_region *region = &handle->region;
    uint64_t begin = base ? (uintptr_t)base : region->gpa;
    uint64_t size = (uint64_t)region->pages * SHARED_MEM_PAGE_SIZE;

    if ( begin % SHARED_MEM_PAGE_SIZE )
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

static int use(struct shared_mem *handle,
               const struct shared_mem_factory *factory,
               const struct shared_mem_region *region, void *base)
{
    int error;

    if ( !factory->page )
        return SHARED_MEM_ENOENT;
    if ( !region->pages || region->index >= SHARED_MEM_PEERS_MAX )
        return SHARED_MEM_EINVAL;

    handle->factory = *factory;
    handle->region = *region;
    error = place(handle, base);
    if ( error || !handle->control )
        return error;

    (void)senders(handle); /* what was sent so far is not news */
    if ( !shared_mem_read_only(region) )
        take_slot(handle);

    return 0;
}

int shared_mem_attach_region(struct shared_mem *handle,
                             const struct shared_mem_factory *factory,
                             const struct shared_mem_region *region,
                             void *base)
{
    int error;

    __builtin_memset(handle, 0, sizeof(*handle));
    error = use(handle, factory, region, base);
    if ( error )
        __builtin_memset(handle, 0, sizeof(*handle));

    return error;
}

int shared_mem_attach(struct shared_mem *handle,
                      const struct shared_mem_factory *factory,
                      const char *name, void *base)
{
    struct shared_mem_region region;
    int error = shared_mem_factory_find(factory, name, &region);

    if ( error )
    {
        __builtin_memset(handle, 0, sizeof(*handle));
        return error;
    }

    return shared_mem_attach_region(handle, factory, &region, base);
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
 * Reads anew which peers are alive.  The region has another number once a
 * region before it was detached.
 */
static int refresh(struct shared_mem *handle)
{
    struct shared_mem_region now;
    int error = shared_mem_factory_find(&handle->factory, handle->region.name,
                                        &now);

    if ( error == SHARED_MEM_ENOENT && handle->factory.page )
        return SHARED_MEM_ESTALE;
    if ( error )
        return error;
    if ( !same_mapping(&handle->region, &now) )
        return SHARED_MEM_ESTALE;

    handle->region = now;

    return 0;
}

int shared_mem_poll(struct shared_mem *handle,
                    struct shared_mem_events *events)
{
    uint32_t before = handle->present;
    uint32_t present;
    int error = refresh(handle);

    events->came = events->went = events->restarted = 0;
    if ( error )
        return error;

    present = handle->region.alive & ~BIT(handle->region.index);
    if ( shared_mem_has_control(&handle->region) )
        present &= handle->control ? attached_slots(handle) : 0;

    events->came = present & ~before;
    events->went = before & ~present;
    events->restarted = present & before & handle->attached.changed;
    handle->attached.changed = 0;
    handle->present = present;

    return 0;
}

uint32_t shared_mem_peers(struct shared_mem *handle)
{
    (void)refresh(handle); /* if not now, then as it was last */

    return handle->region.alive;
}

uint32_t shared_mem_attached(struct shared_mem *handle)
{
    if ( !handle->control )
        return 0;

    return shared_mem_peers(handle) & attached_slots(handle);
}

/*
 * A dead peer's slot may be among them, which does no harm.  To look at who is
 * alive could do some: a peer that came this instant could be missed.
 */
static uint32_t everybody_else(struct shared_mem *handle)
{
    /* Pairs with the fence in take_slot(). */
    shared_mem_fence_full();

    return attached_slots(handle) & ~BIT(handle->region.index);
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
    if ( !handle->control )
        return SHARED_MEM_ENOENT;
    if ( !handle->slot )
        return SHARED_MEM_EACCES;

    if ( peers == SHARED_MEM_ALL )
        return leave_notifications(handle, everybody_else(handle));

    return leave_notifications(handle, peers);
}

uint32_t shared_mem_take_from(struct shared_mem *handle, uint32_t peers)
{
    uint32_t from;

    if ( !handle->control )
        return 0;

    from = handle->slot ? exchange_pending(handle) : senders(handle);
    from |= handle->taken;
    handle->taken = from & ~peers;

    return from & peers;
}

int shared_mem_take(struct shared_mem *handle, uint32_t *from)
{
    *from = shared_mem_take_from(handle, SHARED_MEM_ALL);

    return handle->control ? 0 : SHARED_MEM_ENOENT;
}

int shared_mem_detach(struct shared_mem *handle)
{
    if ( !handle->control )
        return SHARED_MEM_ENOENT;

    /* Release: pairs with the acquire in look(). */
    if ( handle->slot )
        shared_mem_store_release(&handle->slot->attached, 0);

    handle->control = NULL;

    return 0;
}
