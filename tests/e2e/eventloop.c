/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * eventloop: a caller of libxl that has one context and one event loop, as
 * libvirt has, and does one thing asynchronously.  Says how it ended and how long
 * the loop could not answer anything else.  "eventloop" alone lists the commands.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include <libxl.h>

#define MAX_FDS 64
#define TICK_MS 10 /* the loop has something else to do that often */
#define WARM_UP 10 /* rounds, after which nothing grows any more */

struct loop {
    libxl_ctx *ctx;
    bool done;
    int rc;
    libxl_domain_config config; /* libxl's until the domain is created */
    uint32_t domid;
    uint64_t abort_ns;
    uint64_t longest_ns;
};

/* What can leak. */
struct usage {
    unsigned int files;
    long rss_kib;
};

static void die(const char *what)
{
    fprintf(stderr, "eventloop: %s\n", what);
    exit(3);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

static void ended(libxl_ctx *ctx, int rc, void *opaque)
{
    struct loop *loop = opaque;

    (void)ctx;
    loop->rc = rc;
    loop->done = true;
}

static void wait_once(libxl_ctx *ctx)
{
    struct pollfd fds[MAX_FDS];
    int nr = MAX_FDS, timeout = TICK_MS;
    struct timeval now;

    gettimeofday(&now, NULL);
    if ( libxl_osevent_beforepoll(ctx, &nr, fds, &timeout, now) )
        die("too many descriptors");
    poll(fds, nr, timeout < 0 || timeout > TICK_MS ? TICK_MS : timeout);
    gettimeofday(&now, NULL);
    libxl_osevent_afterpoll(ctx, nr, fds, now);
}

/* @start: when it was begun; that belongs to what the loop has to wait for. */
static int run(struct loop *loop, const libxl_asyncop_how *how, uint64_t start)
{
    uint64_t last = start, now;

    while ( !loop->done )
    {
        now = now_ns();
        if ( now - last > loop->longest_ns )
            loop->longest_ns = now - last;
        last = now;

        if ( loop->abort_ns && now - start > loop->abort_ns )
        {
            libxl_ao_abort(loop->ctx, how);
            loop->abort_ns = 0;
        }
        wait_once(loop->ctx);
    }
    loop->done = false;

    return loop->rc;
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 0);

    if ( end == text || *end )
        die("no number");

    return value;
}

/* @word: ADDRESS SIZE ID */
static void make_mem(libxl_static_shared_mem *mem, char **word)
{
    libxl_static_shared_mem_init(mem);
    mem->begin = number(word[0]);
    mem->size = number(word[1]);
    mem->id = strdup(word[2]);
}

static int attach(struct loop *loop, const libxl_asyncop_how *how, char **word)
{
    libxl_static_shared_mem mem;
    int rc;

    make_mem(&mem, word + 1);
    rc = libxl_shared_mem_attach(loop->ctx, number(word[0]), &mem, how);
    libxl_static_shared_mem_dispose(&mem);

    return rc;
}

static int detach(struct loop *loop, const libxl_asyncop_how *how, char **word)
{
    return libxl_shared_mem_detach(loop->ctx, number(word[0]), word[1], how);
}

static int destroy(struct loop *loop, const libxl_asyncop_how *how, char **word)
{
    return libxl_domain_destroy(loop->ctx, number(word[0]), how);
}

/* @word: NAME KERNEL ADDRESS SIZE ID */
static int create(struct loop *loop, const libxl_asyncop_how *how, char **word)
{
    libxl_domain_config *config = &loop->config;

    libxl_domain_config_init(config);
    config->c_info.type = LIBXL_DOMAIN_TYPE_PVH;
    config->c_info.name = strdup(word[0]);
    libxl_uuid_generate(&config->c_info.uuid);
    libxl_domain_build_info_init_type(&config->b_info, LIBXL_DOMAIN_TYPE_PVH);
    config->b_info.kernel = strdup(word[1]);
    config->b_info.max_memkb = config->b_info.target_memkb = 16384;
    config->num_static_shared_mems = 1;
    config->static_shared_mems = calloc(1, sizeof(*config->static_shared_mems));
    make_mem(config->static_shared_mems, word + 2);

    return libxl_domain_create_new(loop->ctx, config, &loop->domid, how, NULL);
}

static const struct command {
    const char *name;
    int nr_words;
    const char *words;
    int (*begin)(struct loop *loop, const libxl_asyncop_how *how, char **word);
} commands[] = {
    { "attach", 4, "DOMID ADDRESS SIZE ID", attach },
    { "detach", 2, "DOMID ID", detach },
    { "create", 5, "NAME KERNEL ADDRESS SIZE ID", create },
    { "destroy", 1, "DOMID", destroy },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int obey(struct loop *loop, const char *name, int nr_words, char **word)
{
    const libxl_asyncop_how how = { .callback = ended,
                                    .u.for_callback = loop };
    const uint64_t start = now_ns();

    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        if ( !strcmp(commands[i].name, name) &&
             nr_words == commands[i].nr_words )
        {
            int rc = commands[i].begin(loop, &how, word);

            return rc ? rc : run(loop, &how, start);
        }

    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        fprintf(stderr, "eventloop [-a MS | -r ROUNDS] %s %s\n",
                commands[i].name, commands[i].words);
    fputs("-a: aborts it then; -r: attaches and detaches so often.\n", stderr);
    exit(3);
}

static struct usage usage(void)
{
    struct usage now = { 0 };
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    DIR *files = opendir("/proc/self/fd");

    while ( readdir(files) )
        now.files++;
    closedir(files);
    while ( fgets(line, sizeof(line), status) )
        sscanf(line, "VmRSS: %ld kB", &now.rss_kib);
    fclose(status);

    return now;
}

/* Attaches and detaches, every other time with an abort at once. */
static int rounds(struct loop *loop, uint64_t nr, char **word)
{
    char *detach_word[] = { word[0], word[3] };
    struct usage first = { 0 }, last;

    for ( uint64_t round = 0; round < nr; round++ )
    {
        int rc;

        if ( round == WARM_UP )
            first = usage();
        loop->abort_ns = round % 2;
        rc = obey(loop, "attach", 4, word);
        if ( rc == ERROR_ABORTED && round % 2 )
            continue;
        loop->abort_ns = 0;
        if ( !rc )
            rc = obey(loop, "detach", 2, detach_word);
        if ( rc )
            return rc;
    }

    last = usage();
    printf("files: %u, %u; KiB: %ld, %ld; children: %s\n", first.files,
           last.files, first.rss_kib, last.rss_kib,
           waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? "none" : "some");

    return 0;
}

int main(int argc, char **argv)
{
    struct loop loop = { 0 };
    xentoollog_logger *logger =
        (void *)xtl_createlogger_stdiostream(stderr, XTL_PROGRESS, 0);
    const bool repeats = argc > 2 && !strcmp(argv[1], "-r");
    uint64_t value = 0;
    int rc;

    if ( argc > 2 && (repeats || !strcmp(argv[1], "-a")) )
    {
        value = number(argv[2]);
        argv += 2;
        argc -= 2;
    }
    if ( argc < 2 )
        obey(&loop, "", 0, NULL);
    if ( libxl_ctx_alloc(&loop.ctx, LIBXL_VERSION, 0, logger) )
        die("no libxl");

    if ( repeats )
        rc = rounds(&loop, value, argv + 2);
    else
    {
        loop.abort_ns = value * 1000000;
        rc = obey(&loop, argv[1], argc - 2, argv + 2);
    }

    printf("%s: %s\n", argv[1], rc ? libxl_error_to_string(rc) : "ok");
    printf("longest: %"PRIu64" ms\n", loop.longest_ns / 1000000);

    return rc ? 1 : 0;
}
