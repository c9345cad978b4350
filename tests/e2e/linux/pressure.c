/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory pressure.  A process of its own takes the memory, so that if Linux
 * runs out of it all the same, that process is killed and the witness is not.
 */
#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pressure.h"

#define MARGIN (6u << 20)  /* bytes left to the kernel, for what it needs itself */
#define CHUNK  (64u << 10) /* bytes */
#define WRITES 4           /* of the anonymous part in a pass */
#define FIRST_TO_BE_KILLED "1000" /* oom_score_adj */

/* A value of /proc/meminfo in bytes; 0: there is none. */
static uint64_t read_meminfo(const char *name)
{
    FILE *file = fopen("/proc/meminfo", "re");
    uint64_t kib = 0;
    char line[128];

    while ( file && !kib && fgets(line, sizeof(line), file) )
        if ( !strncmp(line, name, strlen(name)) && line[strlen(name)] == ':' )
            sscanf(line + strlen(name) + 1, "%"SCNu64, &kib);
    if ( file )
        fclose(file);

    return kib << 10;
}

/* Fill the page cache with @size bytes.  Returns the file, or -1. */
static int take_page_cache(uint64_t size, int byte)
{
    static char chunk[CHUNK];
    int file = memfd_create("pressure", MFD_CLOEXEC);

    memset(chunk, byte, sizeof(chunk));
    for ( uint64_t done = 0; file >= 0 && done < size; done += sizeof(chunk) )
        if ( write(file, chunk, sizeof(chunk)) != sizeof(chunk) )
        {
            close(file);
            file = -1;
        }

    return file;
}

/* One pass.  False: there was less memory than Linux said. */
static bool take_all(struct pressure *result)
{
    uint64_t available = read_meminfo("MemAvailable");
    uint64_t cached, anonymous, left;
    void *memory;
    int file;

    if ( available < 2 * MARGIN )
        return false;
    available -= MARGIN;
    cached = available / 4 / CHUNK * CHUNK;
    anonymous = (available - cached) / CHUNK * CHUNK;

    memory = mmap(NULL, anonymous, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if ( memory == MAP_FAILED )
        return false;
    file = take_page_cache(cached, result->passes);
    if ( file < 0 )
        return false;
    for ( int i = 0; i < WRITES; i++ )
    {
        memset(memory, result->passes + i, anonymous);
        /* The compiler is not to leave out what the next one overwrites. */
        __asm__ volatile ( "" : : : "memory" );
    }

    left = read_meminfo("MemFree");
    if ( left < result->free )
        result->free = left;
    if ( cached + anonymous > result->held )
        result->held = cached + anonymous;
    result->written += cached + WRITES * anonymous;
    result->passes++;
    close(file);
    munmap(memory, anonymous);

    return true;
}

static void volunteer_to_be_killed(void)
{
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if ( file < 0 || write(file, FIRST_TO_BE_KILLED,
                           strlen(FIRST_TO_BE_KILLED)) < 0 )
        perror("witness: oom_score_adj");
    if ( file >= 0 )
        close(file);
}

static int work(uint64_t seconds, struct pressure *result)
{
    struct timespec now;
    time_t end;

    volunteer_to_be_killed();
    clock_gettime(CLOCK_MONOTONIC, &now);
    end = now.tv_sec + seconds;
    do {
        if ( !take_all(result) )
            return 1;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ( now.tv_sec < end );

    return 0;
}

bool put_under_pressure(uint64_t seconds, struct pressure *result)
{
    struct pressure *shared = mmap(NULL, sizeof(*shared),
                                   PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t child;

    if ( shared == MAP_FAILED )
        return false;
    *shared = (struct pressure){ .free = UINT64_MAX };

    child = fork();
    if ( !child )
        _exit(work(seconds, shared));
    if ( child < 0 || waitpid(child, &status, 0) != child || status )
        fprintf(stderr, "witness: pressure: wait status 0x%x after %"PRIu64
                " passes\n", status, shared->passes);
    *result = *shared;
    munmap(shared, sizeof(*shared));

    return child > 0 && !status;
}
