/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A conversation between two guests through one shared region.
 */
#include <stdatomic.h>

#include "guest.h"
#include "line.h"
#include "talk.h"

#define PAGE_SIZE 4096
#define SLOT_SIZE 2048

enum { TALK_GREETING = 1, TALK_ANSWER = 2 };

struct talk_slot {
    _Atomic uint32_t sequence;
    _Atomic uint32_t taken;
    uint32_t kind;
    char text[TALK_TEXT_SIZE];
};

_Static_assert(sizeof(struct talk_slot) <= SLOT_SIZE, "two slots fill a page");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a lock could not be shared");

static struct talk_slot *slot_of(const struct talk *talk, unsigned int side)
{
    return (struct talk_slot *)(uintptr_t)(talk->base + side * SLOT_SIZE);
}

/* Bytes in one side's half: whole words, so an odd page is cut in two. */
static uint64_t half_size(const struct talk *talk)
{
    return (talk->size - PAGE_SIZE) / 2;
}

static volatile uint64_t *half_of(const struct talk *talk, unsigned int side)
{
    return (volatile uint64_t *)(uintptr_t)(talk->base + PAGE_SIZE +
                                            side * half_size(talk));
}

static uint64_t half_word(const struct talk *talk, unsigned int side,
                          uint64_t index)
{
    static const uint64_t mark[] = { 0xa5a5000000000000, 0x5a5a000000000000 };

    return mark[side] ^
           (PAGE_SIZE + side * half_size(talk) + index * sizeof(uint64_t));
}

/* Returns how many bytes are in words that are wrong. */
static uint64_t half_wrong(const struct talk *talk, unsigned int side)
{
    const volatile uint64_t *half = half_of(talk, side);
    uint64_t wrong = 0;

    for ( uint64_t i = 0; i < half_size(talk) / sizeof(*half); i++ )
        if ( half[i] != half_word(talk, side, i) )
            wrong += sizeof(*half);

    return wrong;
}

/* Writes are lost where there is no memory on x86_64, and trap on arm64. */
static void half_fill(void *arg)
{
    struct talk *talk = arg;
    volatile uint64_t *half = half_of(talk, talk->side);

    half[0] = half_word(talk, talk->side, 0);
    if ( half[0] != half_word(talk, talk->side, 0) )
        return;

    for ( uint64_t i = 1; i < half_size(talk) / sizeof(*half); i++ )
        half[i] = half_word(talk, talk->side, i);

    talk->there = true;
}

static void line_begin(struct line *line, const struct talk *talk)
{
    line_text(line, talk->self);
    line_text(line, ": ");
    line_text(line, talk->region);
    line_text(line, " at ");
    line_hex(line, talk->base);
    line_text(line, ": ");
}

void talk_start(struct talk *talk)
{
    struct line line = { 0 };

    talk->there = false;
    talk->greeting_due = true;
    talk->answer_due = false;
    (void)guarded_call(half_fill, talk); /* a trap leaves there false */

    line_begin(&line, talk);
    if ( talk->there )
    {
        line_decimal(&line, talk->size);
        line_text(&line, " bytes, waiting for a peer");
    }
    else
        line_text(&line, "no memory there");
    line_end(&line);
}

/* Copy at most @size - 1 characters of @from; @to always gets its zero. */
static unsigned int copy_text(char *to, const char *from, unsigned int size)
{
    unsigned int n;

    for ( n = 0; n < size - 1; n++ )
    {
        char c = from[n];

        if ( !c )
            break;
        to[n] = c;
    }
    to[n] = '\0';

    return n;
}

static void publish(struct talk *talk, uint32_t kind, const char *verb,
                    const char *object, const char *close)
{
    struct talk_slot *own = slot_of(talk, talk->side);
    const char *pieces[] = { verb, object, close };
    unsigned int n = 0;

    for ( unsigned int i = 0; i < 3; i++ )
        n += copy_text(&own->text[n], pieces[i], TALK_TEXT_SIZE - n);
    own->kind = kind;

    /* Release: the peer's acquire in talk_take() sees text, kind and half. */
    atomic_store_explicit(
        &own->sequence,
        atomic_load_explicit(&own->sequence, memory_order_relaxed) + 1,
        memory_order_release);
}

static void talk_say(struct talk *talk)
{
    struct talk_slot *own = slot_of(talk, talk->side);
    struct talk_slot *peer = slot_of(talk, !talk->side);
    uint32_t sequence =
        atomic_load_explicit(&own->sequence, memory_order_relaxed);

    /* Acquire: pairs with the release of taken in the peer's talk_take(). */
    if ( atomic_load_explicit(&peer->taken, memory_order_acquire) != sequence )
        return;

    if ( talk->greeting_due )
    {
        publish(talk, TALK_GREETING, "hello from ", talk->self, "");
        talk->greeting_due = false;
    }
    else if ( talk->answer_due )
    {
        char start[TALK_TEXT_SIZE];
        unsigned int n = copy_text(start, talk->self, sizeof(start));

        copy_text(&start[n], " read '", sizeof(start) - n);
        publish(talk, TALK_ANSWER, start, talk->heard, "'");
        talk->answer_due = false;
    }
}

static void talk_print(const struct talk *talk, const char *text)
{
    struct line line = { 0 };
    uint64_t wrong = half_wrong(talk, !talk->side);

    line_begin(&line, talk);
    line_text(&line, "peer says \"");
    line_text(&line, text);
    line_text(&line, "\"");
    line_end(&line);

    line_begin(&line, talk);
    line_decimal(&line, wrong ? wrong : half_size(talk));
    line_text(&line, wrong ? " bytes of the peer's are WRONG"
                           : " bytes of the peer's are right");
    line_end(&line);
}

static void talk_take(struct talk *talk)
{
    struct talk_slot *own = slot_of(talk, talk->side);
    struct talk_slot *peer = slot_of(talk, !talk->side);
    char text[TALK_TEXT_SIZE];
    uint32_t sequence, kind;

    /* Acquire: pairs with the release of sequence in the peer's publish(). */
    sequence = atomic_load_explicit(&peer->sequence, memory_order_acquire);
    if ( sequence ==
         atomic_load_explicit(&own->taken, memory_order_relaxed) )
        return;

    /* Nothing in the region is trusted: copy, then check the copy. */
    copy_text(text, peer->text, sizeof(text));
    kind = peer->kind;
    for ( char *c = text; *c; c++ )
        if ( *c < ' ' || *c > '~' )
            *c = '?';

    talk_print(talk, text);

    if ( kind == TALK_GREETING )
    {
        copy_text(talk->heard, text, sizeof(talk->heard));
        talk->answer_due = true;
    }

    /*
     * Release: the peer writes its slot again only after its acquire of taken
     * in talk_say(), so not while the copy above is being made.
     */
    atomic_store_explicit(&own->taken, sequence, memory_order_release);
}

void talk_poll(struct talk *talk)
{
    if ( !talk->there )
        return;

    talk_take(talk);
    talk_say(talk);
}
