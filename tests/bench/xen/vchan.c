/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * vchan: sends messages from dom0 to a guest through libxenvchan, and tells how
 * long that takes: what the ring of the guest library is compared with.
 *
 *   vchan send DOMID PATH COUNT   in dom0; prints nanoseconds
 *   vchan receive PATH COUNT      in the guest; PATH is what dom0 has named
 *
 * Both block in libxenvchan while there is nothing to do, as its users do.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxenvchan.h>

#include "../program.h"

#define MESSAGE_SIZE 64
#define RING_SIZE    32768 /* as the guest library's ring in this comparison */

/* The receiver answers with one byte when it has all of them. */
static void send_all(int domid, const char *path, unsigned long count)
{
    struct libxenvchan *channel =
        libxenvchan_server_init(NULL, domid, path, 1024, RING_SIZE);
    char message[MESSAGE_SIZE] = { 0 };
    uint64_t begin;
    char answer;

    if ( !channel )
        fail("libxenvchan_server_init");
    channel->blocking = 1;

    /* The receiver says that it is there. */
    if ( libxenvchan_recv(channel, &answer, 1) != 1 )
        fail("libxenvchan_recv");

    begin = now();
    for ( unsigned long i = 0; i < count; i++ )
    {
        memcpy(message, &i, sizeof(i));
        if ( libxenvchan_send(channel, message, sizeof(message)) !=
             sizeof(message) )
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

static void receive_all(const char *path, unsigned long count)
{
    struct libxenvchan *channel = connect_to(path);
    char message[MESSAGE_SIZE], answer = 1;
    unsigned long number;

    if ( libxenvchan_send(channel, &answer, 1) != 1 )
        fail("libxenvchan_send");

    for ( unsigned long i = 0; i < count; i++ )
    {
        if ( libxenvchan_read(channel, message, sizeof(message)) < 0 )
            fail("libxenvchan_read");
        memcpy(&number, message, sizeof(number));
    }

    if ( libxenvchan_send(channel, &answer, 1) != 1 )
        fail("libxenvchan_send");
    libxenvchan_close(channel);
}

int main(int argc, char **argv)
{
    if ( argc == 5 && !strcmp(argv[1], "send") )
        send_all(atoi(argv[2]), argv[3], strtoul(argv[4], NULL, 10));
    else if ( argc == 4 && !strcmp(argv[1], "receive") )
        receive_all(argv[2], strtoul(argv[3], NULL, 10));
    else
    {
        fputs("usage: vchan send DOMID PATH COUNT | vchan receive PATH COUNT\n",
              stderr);
        return 2;
    }

    return 0;
}
