/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * vchan: sends messages from dom0 to a guest through libxenvchan, and tells how
 * long that takes: what the ring of the guest library is compared with.
 *
 *   vchan send DOMID PATH COUNT BATCH   in dom0; prints nanoseconds
 *   vchan receive PATH COUNT BATCH      in the guest; PATH is as dom0 names it
 *
 * BATCH, up to 32, is how many messages a call of libxenvchan has at most: it
 * takes bytes, and does not know where a message ends. COUNT is a multiple.
 * Both block in libxenvchan while there is nothing to do, as its users do.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxenvchan.h>

#include "../program.h"

#define MESSAGE_SIZE 64
#define BATCH_MAX    32
#define RING_SIZE    32768 /* as the guest library's ring in this comparison */

struct job {
    const char *path;
    unsigned long count;
    unsigned long batch;
};

/* The receiver answers with one byte when it has all of them. */
static void send_all(int domid, const struct job *job)
{
    const size_t bytes = job->batch * MESSAGE_SIZE;
    struct libxenvchan *channel =
        libxenvchan_server_init(NULL, domid, job->path, 1024, RING_SIZE);
    char messages[BATCH_MAX][MESSAGE_SIZE] = { { 0 } };
    uint64_t begin;
    char answer;

    if ( !channel )
        fail("libxenvchan_server_init");
    channel->blocking = 1;

    /* The receiver says that it is there. */
    if ( libxenvchan_recv(channel, &answer, 1) != 1 )
        fail("libxenvchan_recv");

    begin = now();
    for ( unsigned long i = 0; i < job->count; )
    {
        for ( unsigned long n = 0; n < job->batch; n++, i++ )
            memcpy(messages[n], &i, sizeof(i));
        if ( libxenvchan_send(channel, messages, bytes) != (int)bytes )
            fail("libxenvchan_send");
    }
    if ( libxenvchan_recv(channel, &answer, 1) != 1 )
        fail("libxenvchan_recv");
    printf("%" PRIu64 "\n", now() - begin);

    libxenvchan_close(channel);
}

static struct libxenvchan *connect_to(const char *path)
{
    struct libxenvchan *channel;

    /* dom0 may not have made it yet. */
    while ( !(channel = libxenvchan_client_init(NULL, 0, path)) )
        usleep(100000);
    channel->blocking = 1;

    return channel;
}

static void receive_all(const struct job *job)
{
    struct libxenvchan *channel = connect_to(job->path);
    char messages[BATCH_MAX][MESSAGE_SIZE], answer = 1;
    const size_t bytes = job->batch * MESSAGE_SIZE;

    if ( libxenvchan_send(channel, &answer, 1) != 1 )
        fail("libxenvchan_send");

    for ( unsigned long left = job->count * MESSAGE_SIZE; left; )
    {
        int length = libxenvchan_read(channel, messages, bytes);

        if ( length < 0 )
            fail("libxenvchan_read");
        left -= length;
    }

    if ( libxenvchan_send(channel, &answer, 1) != 1 )
        fail("libxenvchan_send");
    libxenvchan_close(channel);
}

/* PATH COUNT BATCH */
static bool parse(char **words, struct job *job)
{
    job->path = words[0];
    job->count = strtoul(words[1], NULL, 10);
    job->batch = strtoul(words[2], NULL, 10);

    return job->batch && job->batch <= BATCH_MAX &&
           job->count % job->batch == 0;
}

int main(int argc, char **argv)
{
    struct job job;

    if ( argc == 6 && !strcmp(argv[1], "send") && parse(argv + 3, &job) )
        send_all(atoi(argv[2]), &job);
    else if ( argc == 5 && !strcmp(argv[1], "receive") &&
              parse(argv + 2, &job) )
        receive_all(&job);
    else
    {
        fputs("usage: vchan send DOMID PATH COUNT BATCH |"
              " vchan receive PATH COUNT BATCH\n",
              stderr);
        return 2;
    }

    return 0;
}
