/*
 * xl shared-mem-list, shared-mem-attach and shared-mem-detach: the regions of
 * shared memory of this host, and those of a domain that runs.
 *
 * SPDX-License-Identifier: LGPL-2.1-only
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxl.h>
#include <libxl_json.h>
#include <libxl_utils.h>
#include <libxlutil.h>

#include "xl.h"
#include "xl_utils.h"

/*----- shared-mem-list -----*/

/* Whether a word of the command line means this region. */
static bool means_region(const char *word,
                         const libxl_shared_mem_region *region)
{
    uint32_t domid;
    int i;

    if (!strcmp(word, region->id))
        return true;

    if (libxl_domain_qualifier_to_domid(ctx, word, &domid))
        return false;
    for (i = 0; i < region->num_peers; i++)
        if (region->peers[i].domid == domid)
            return true;

    return false;
}

/* Without words, all regions are wanted. */
static bool is_wanted(const libxl_shared_mem_region *region, char **words,
                      int nr_words)
{
    int i;

    for (i = 0; i < nr_words; i++)
        if (means_region(words[i], region))
            return true;

    return !nr_words;
}

static bool is_domain(const char *word)
{
    bool exists = false;
    uint32_t domid;
    char *name;

    if (!libxl_domain_qualifier_to_domid(ctx, word, &domid)) {
        name = libxl_domid_to_name(ctx, domid);
        exists = name;
        free(name);
    }

    return exists;
}

/* A word has to mean a domain, or a region; says so if it does not. */
static bool is_known(const char *word, const libxl_shared_mem_region *regions,
                     int nr)
{
    int i;

    for (i = 0; i < nr; i++)
        if (!strcmp(word, regions[i].id))
            return true;
    if (is_domain(word))
        return true;

    fprintf(stderr, "%s is neither a domain nor a region\n", word);
    return false;
}

static void print_header(void)
{
    printf("%-31s %12s %5s %-20s %5s %-33s %-4s %12s %-7s %s\n", "ID", "Size",
           "Owner", "Name", "Dom", "Range", "Prot", "Offset", "Control",
           "State");
}

static void print_peer(const libxl_shared_mem_region *region,
                       const libxl_shared_mem_peer *peer)
{
    char *name = libxl_domid_to_name(ctx, peer->domid);
    char size[20], offset[20], range[40];

    snprintf(size, sizeof(size), "0x%"PRIx64, region->size);
    snprintf(offset, sizeof(offset), "0x%"PRIx64, peer->offset);
    snprintf(range, sizeof(range), "0x%"PRIx64"-0x%"PRIx64, peer->begin,
             peer->begin + peer->size);
    printf("%-31s %12s %5"PRIu32" %-20s %5"PRIu32" %-33s %-4s %12s %-7s %s\n",
           region->id, size, region->owner, name ?: "(null)", peer->domid,
           range, libxl_static_shared_mem_prot_to_string(peer->prot), offset,
           region->control ? "yes" : "no",
           libxl_shared_mem_state_to_string(peer->state));
    free(name);
}

/* The memory of a region is no domain's: this is where it is accounted for. */
static void print_sum(int nr, uint64_t memkb)
{
    printf("%d region%s with %"PRIu64" KiB of memory\n", nr,
           nr == 1 ? "" : "s", memkb);
}

static void print_table(const libxl_shared_mem_region *regions, int nr,
                        char **words, int nr_words)
{
    int i, peer, nr_wanted = 0;
    uint64_t memkb = 0;

    print_header();
    for (i = 0; i < nr; i++) {
        if (!is_wanted(&regions[i], words, nr_words))
            continue;

        for (peer = 0; peer < regions[i].num_peers; peer++)
            print_peer(&regions[i], &regions[i].peers[peer]);
        memkb += regions[i].memkb;
        nr_wanted++;
    }

    if (nr_wanted)
        print_sum(nr_wanted, memkb);
}

/* All members are there, those with their default values too. */

/* What is generated; nothing more after an error. */
struct json {
    yajl_gen hand;
    yajl_gen_status status;
};

static void put(struct json *json, yajl_gen_status (*open_or_close)(yajl_gen))
{
    if (json->status == yajl_gen_status_ok)
        json->status = open_or_close(json->hand);
}

static void put_string(struct json *json, const char *text)
{
    if (json->status == yajl_gen_status_ok)
        json->status = yajl_gen_string(json->hand,
                                       (const unsigned char *)text,
                                       strlen(text));
}

static void put_number(struct json *json, const char *key, uint64_t value)
{
    put_string(json, key);
    if (json->status == yajl_gen_status_ok)
        json->status = yajl_gen_integer(json->hand, value);
}

static void put_text(struct json *json, const char *key, const char *value)
{
    put_string(json, key);
    put_string(json, value);
}

static void put_bool(struct json *json, const char *key, bool value)
{
    put_string(json, key);
    if (json->status == yajl_gen_status_ok)
        json->status = yajl_gen_bool(json->hand, value);
}

static void put_peer(struct json *json, const libxl_shared_mem_peer *peer)
{
    char *name = libxl_domid_to_name(ctx, peer->domid);

    put(json, yajl_gen_map_open);
    put_number(json, "domid", peer->domid);
    put_text(json, "name", name ?: "(null)");
    put_number(json, "index", peer->index);
    put_number(json, "begin", peer->begin);
    put_number(json, "size", peer->size);
    put_number(json, "offset", peer->offset);
    put_text(json, "prot",
             libxl_static_shared_mem_prot_to_string(peer->prot));
    put_text(json, "state", libxl_shared_mem_state_to_string(peer->state));
    put(json, yajl_gen_map_close);
    free(name);
}

static void put_region(struct json *json,
                       const libxl_shared_mem_region *region)
{
    int i;

    put(json, yajl_gen_map_open);
    put_text(json, "id", region->id);
    put_number(json, "size", region->size);
    put_number(json, "memkb", region->memkb);
    put_number(json, "owner", region->owner);
    put_bool(json, "control", region->control);
    put_number(json, "generation", region->generation);
    put_string(json, "peers");
    put(json, yajl_gen_array_open);
    for (i = 0; i < region->num_peers; i++)
        put_peer(json, &region->peers[i]);
    put(json, yajl_gen_array_close);
    put(json, yajl_gen_map_close);
}

static int print_json(const libxl_shared_mem_region *regions, int nr,
                      char **words, int nr_words)
{
    struct json json = { .hand = libxl_yajl_gen_alloc(NULL) };
    libxl_yajl_length length;
    const char *text;
    int i;

    if (!json.hand) {
        fprintf(stderr, "unable to allocate JSON generator\n");
        return EXIT_FAILURE;
    }

    json.status = yajl_gen_array_open(json.hand);
    for (i = 0; i < nr; i++)
        if (is_wanted(&regions[i], words, nr_words))
            put_region(&json, &regions[i]);
    put(&json, yajl_gen_array_close);

    if (json.status == yajl_gen_status_ok)
        json.status = yajl_gen_get_buf(json.hand,
                                       (const unsigned char **)&text, &length);
    if (json.status == yajl_gen_status_ok)
        puts(text);
    else
        fprintf(stderr, "unable to format regions as JSON (YAJL:%d)\n",
                json.status);

    yajl_gen_free(json.hand);
    return json.status == yajl_gen_status_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main_sharedmemlist(int argc, char **argv)
{
    static struct option opts[] = {
        {"long", 0, 0, 'l'},
        COMMON_LONG_OPTS
    };
    libxl_shared_mem_region *regions;
    int opt, i, nr, status = EXIT_SUCCESS;
    bool details = false;

    SWITCH_FOREACH_OPT(opt, "l", opts, "shared-mem-list", 0) {
    case 'l':
        details = true;
        break;
    }
    argv += optind;
    argc -= optind;

    regions = libxl_list_shared_mem_region(ctx, &nr);
    if (!regions) {
        fprintf(stderr, "libxl_list_shared_mem_region failed.\n");
        return EXIT_FAILURE;
    }

    for (i = 0; i < argc; i++)
        if (!is_known(argv[i], regions, nr))
            status = EXIT_FAILURE;

    if (status == EXIT_SUCCESS && details)
        status = print_json(regions, nr, argv, argc);
    else if (status == EXIT_SUCCESS)
        print_table(regions, nr, argv, argc);

    libxl_shared_mem_region_list_free(regions, nr);
    return status;
}

/*----- shared-mem-attach -----*/

/* The words with a blank between two, as if they had been one. */
static char *join_words(char **words, int nr_words)
{
    char *text = NULL;
    int i;

    for (i = 0; i < nr_words; i++) {
        if (i)
            string_realloc_append(&text, " ");
        string_realloc_append(&text, words[i]);
    }

    return text;
}

static int attach(uint32_t domid, libxl_static_shared_mem *mem)
{
    char *json;

    if (!dryrun_only) {
        if (!libxl_shared_mem_attach(ctx, domid, mem, NULL))
            return EXIT_SUCCESS;
        fprintf(stderr, "libxl_shared_mem_attach failed.\n");
        return EXIT_FAILURE;
    }

    json = libxl_static_shared_mem_to_json(ctx, mem);
    printf("static_shared_mem: %s\n", json);
    free(json);
    if (ferror(stdout) || fflush(stdout)) {
        perror("stdout");
        return EXIT_FAILURE;
    }

    return EXIT_SUCCESS;
}

int main_sharedmemattach(int argc, char **argv)
{
    libxl_static_shared_mem *mems;
    XLU_Config *config;
    uint32_t domid;
    char *entry;
    int opt, nr, status = EXIT_FAILURE;

    SWITCH_FOREACH_OPT(opt, "", NULL, "shared-mem-attach", 2) {
        /* No options */
    }

    domid = find_domain(argv[optind]);
    config = xlu_cfg_init(stderr, "command line");
    if (!config) {
        fprintf(stderr, "Failed to allocate for configuration\n");
        return EXIT_FAILURE;
    }

    entry = join_words(argv + optind + 1, argc - optind - 1);
    if (!xlu_static_shared_mem_parse_strings(config,
                                             (const char *const *)&entry, 1,
                                             &mems, &nr)) {
        status = attach(domid, mems);
        libxl_static_shared_mem_dispose(mems);
        free(mems);
    }

    free(entry);
    xlu_cfg_destroy(config);
    return status;
}

/*----- shared-mem-detach -----*/

int main_sharedmemdetach(int argc, char **argv)
{
    uint32_t domid;
    int opt;

    SWITCH_FOREACH_OPT(opt, "", NULL, "shared-mem-detach", 2) {
        /* No options */
    }

    domid = find_domain(argv[optind]);
    if (argc > optind + 2) {
        fprintf(stderr, "shared-mem-detach takes one region, not also %s\n",
                argv[optind + 2]);
        return EXIT_FAILURE;
    }

    if (libxl_shared_mem_detach(ctx, domid, argv[optind + 1], NULL)) {
        fprintf(stderr, "libxl_shared_mem_detach failed.\n");
        return EXIT_FAILURE;
    }

    return EXIT_SUCCESS;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
