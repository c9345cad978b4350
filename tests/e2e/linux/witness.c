/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The witness: a user-space program in a Linux guest that finds the guest's
 * regions by what Linux says, maps them through /dev/mem, and does what it is
 * told to through them.  See witness.h.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../guest/mailbox.h"
#include "pressure.h"
#include "regions.h"
#include "witness.h"

static struct region regions[MAX_REGIONS];
static int nr_regions;

/*
 * Without O_SYNC: with it, Linux on x86 maps the range uncached.  On Arm it is
 * Device memory either way where Linux has no RAM, so all accesses are aligned.
 */
static bool map_regions(void)
{
    int file = open("/dev/mem", O_RDWR | O_CLOEXEC);

    if ( file < 0 )
    {
        perror("witness: /dev/mem");
        return false;
    }
    for ( int i = 0; i < nr_regions; i++ )
    {
        struct region *region = &regions[i];

        region->memory = mmap(NULL, region->size, PROT_READ | PROT_WRITE,
                              MAP_SHARED, file, region->gpa);
        if ( region->memory == MAP_FAILED )
        {
            perror("witness: mmap");
            return false;
        }
        printf("witness: mapped 0x%"PRIx64"+0x%"PRIx64"\n", region->gpa,
               region->size);
    }
    close(file);

    return true;
}

/* The aligned words of a range, or NULL where not all of it is in a region. */
static volatile uint64_t *words_at(uint64_t gpa, uint64_t size)
{
    if ( gpa % sizeof(uint64_t) || size % sizeof(uint64_t) )
        return NULL;
    for ( int i = 0; i < nr_regions; i++ )
    {
        uint64_t offset = gpa - regions[i].gpa;

        if ( gpa >= regions[i].gpa && offset < regions[i].size &&
             size <= regions[i].size - offset )
            return (volatile uint64_t *)(regions[i].memory + offset);
    }

    return NULL;
}

static enum witness_status fill(const uint64_t *argument)
{
    volatile uint64_t *word = words_at(argument[0], argument[1]);
    uint64_t size = argument[1], seed = argument[2], start = argument[3];

    if ( !word )
        return WITNESS_REFUSED;
    for ( uint64_t offset = 0; offset < size; offset += sizeof(*word) )
        *word++ = mailbox_pattern(seed, start + offset);

    return WITNESS_OK;
}

static enum witness_status check(const uint64_t *argument, uint64_t *value)
{
    const volatile uint64_t *word = words_at(argument[0], argument[1]);
    uint64_t size = argument[1], seed = argument[2], start = argument[3];

    if ( !word )
        return WITNESS_REFUSED;
    for ( uint64_t offset = 0; offset < size; offset += sizeof(*word) )
    {
        uint64_t found = *word++;
        uint64_t expected = mailbox_pattern(seed, start + offset);

        if ( found != expected )
        {
            value[0] = argument[0] + offset;
            value[1] = expected;
            value[2] = found;
            return WITNESS_MISMATCH;
        }
    }

    return WITNESS_OK;
}

static enum witness_status press(const uint64_t *argument, uint64_t *value)
{
    struct pressure result;

    if ( !put_under_pressure(argument[0], &result) )
        return WITNESS_FAILED;
    value[0] = result.written;
    value[1] = result.passes;
    value[2] = result.held;
    value[3] = result.free;

    return WITNESS_OK;
}

/* A process of its own writes: it may not survive that. */
static enum witness_status try_write(const uint64_t *argument, uint64_t *value)
{
    volatile uint64_t *word = words_at(argument[0], sizeof(*word));
    int status;
    pid_t child;

    if ( !word )
        return WITNESS_REFUSED;
    child = fork();
    if ( !child )
    {
        *word = argument[1];
        _exit(0);
    }
    if ( child < 0 || waitpid(child, &status, 0) != child )
        return WITNESS_FAILED;
    value[0] = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    value[1] = *word;

    return WITNESS_OK;
}

static enum witness_status obey(uint64_t command, const uint64_t *argument,
                                uint64_t *value)
{
    switch ( command )
    {
    case WITNESS_FILL:      return fill(argument);
    case WITNESS_CHECK:     return check(argument, value);
    case WITNESS_PRESSURE:  return press(argument, value);
    case WITNESS_POWER_OFF: return WITNESS_OK;
    case WITNESS_TRY_WRITE: return try_write(argument, value);
    }

    return WITNESS_REFUSED;
}

/* Do what was asked through this page, if anything was.  False: power off. */
static bool look_at(struct witness_page *page)
{
    /*
     * Acquire: pairs with the agent's release of its mailbox's "answered" to
     * the command before the one that wrote request: that wrote the last of
     * command and argument[].
     */
    uint64_t request = atomic_load_explicit(&page->request,
                                            memory_order_acquire);
    uint64_t argument[WITNESS_WORDS], value[WITNESS_WORDS] = { 0 };
    uint64_t command = page->command;

    /* The witness alone writes answered. */
    if ( request >> 32 != WITNESS_REQUEST ||
         request == atomic_load_explicit(&page->answered,
                                         memory_order_relaxed) )
        return true;

    for ( int i = 0; i < WITNESS_WORDS; i++ )
        argument[i] = page->argument[i];
    page->status = obey(command, argument, value);
    for ( int i = 0; i < WITNESS_WORDS; i++ )
        page->value[i] = value[i];
    /*
     * Release: pairs with the agent's acquire of its mailbox's "request" for
     * the commands that come after it read answered: they read the rest.
     */
    atomic_store_explicit(&page->answered, request, memory_order_release);

    return command != WITNESS_POWER_OFF;
}

/* No interrupt comes with a region, so looking again is all there is. */
static void serve(void)
{
    const struct timespec pause = { .tv_nsec = 1000000 };

    for ( ;; )
    {
        for ( int i = 0; i < nr_regions; i++ )
            if ( !look_at((struct witness_page *)regions[i].memory) )
                return;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    nr_regions = find_regions(regions);
    if ( nr_regions < 0 || !map_regions() )
        return 1;
    printf("witness: %d regions\n", nr_regions);
    if ( !nr_regions )
        return 1;
    serve();
    reboot(RB_POWER_OFF);

    return 1;
}
