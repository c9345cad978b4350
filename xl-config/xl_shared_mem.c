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

/* What the words of the command line may be. */
enum kind { EITHER, IDS, DOMAINS };

/* What a word means: a region, or all those of a domain. */
struct choice {
    const char *id;             /* NULL: domid counts */
    uint32_t domid;
};

static bool has_region(const libxl_shared_mem_region *regions, int nr,
                       const char *id)
{
    int i;

    for (i = 0; i < nr; i++)
        if (!strcmp(id, regions[i].id))
            return true;

    return false;
}

static bool is_domain(const char *word, uint32_t *domid_r)
{
    char *name;
    bool exists;

    if (libxl_domain_qualifier_to_domid(ctx, word, domid_r))
        return false;

    name = libxl_domid_to_name(ctx, *domid_r);
    exists = name;
    free(name);

    return exists;
}

/* A word that is both a region and a domain means the region.  Says what is
 * wrong if it means nothing. */
static bool choose(const char *word, enum kind kind,
                   const libxl_shared_mem_region *regions, int nr,
                   struct choice *choice)
{
    if (kind != DOMAINS && has_region(regions, nr, word)) {
        choice->id = word;
        return true;
    }
    if (kind != IDS && is_domain(word, &choice->domid)) {
        choice->id = NULL;
        return true;
    }

    if (kind == IDS)
        fprintf(stderr, "%s is no region\n", word);
    else if (kind == DOMAINS)
        fprintf(stderr, "%s is no domain\n", word);
    else
        fprintf(stderr, "%s is neither a domain nor a region\n", word);
    return false;
}

static bool means(const struct choice *choice,
                  const libxl_shared_mem_region *region)
{
    int i;

    if (choice->id)
        return !strcmp(choice->id, region->id);

    for (i = 0; i < region->num_peers; i++)
        if (region->peers[i].domid == choice->domid)
            return true;

    return false;
}

/* Without words, all regions are wanted. */
static bool is_wanted(const libxl_shared_mem_region *region,
                      const struct choice *choices, int nr_choices)
{
    int i;

    for (i = 0; i < nr_choices; i++)
        if (means(&choices[i], region))
            return true;

    return !nr_choices;
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
    char size[20], offset[20], range[40];

    snprintf(size, sizeof(size), "0x%"PRIx64, region->size);
    snprintf(offset, sizeof(offset), "0x%"PRIx64, peer->offset);
    snprintf(range, sizeof(range), "0x%"PRIx64"-0x%"PRIx64, peer->begin,
             peer->begin + peer->size);
    printf("%-31s %12s %5"PRIu32" %-20s %5"PRIu32" %-33s %-4s %12s %-7s %s\n",
           region->id, size, region->owner, peer->name ?: "(null)",
           peer->domid, range,
           libxl_static_shared_mem_prot_to_string(peer->prot), offset,
           region->control ? "yes" : "no",
           libxl_shared_mem_state_to_string(peer->state));
}

/* The memory of a region is no domain's: this is where it is accounted for. */
static void print_sum(int nr, uint64_t memkb)
{
    printf("%d region%s with %"PRIu64" KiB of memory\n", nr,
           nr == 1 ? "" : "s", memkb);
}

static void print_table(const libxl_shared_mem_region *regions, int nr)
{
    uint64_t memkb = 0;
    int i, peer;

    print_header();
    for (i = 0; i < nr; i++) {
        for (peer = 0; peer < regions[i].num_peers; peer++)
            print_peer(&regions[i], &regions[i].peers[peer]);
        memkb += regions[i].memkb;
    }

    if (nr)
        print_sum(nr, memkb);
}

static yajl_gen_status gen_json(yajl_gen hand,
                                libxl_shared_mem_region *regions, int nr)
{
    yajl_gen_status s = yajl_gen_array_open(hand);
    int i;

    for (i = 0; s == yajl_gen_status_ok && i < nr; i++)
        s = libxl_shared_mem_region_gen_json(hand, &regions[i]);

    return s == yajl_gen_status_ok ? yajl_gen_array_close(hand) : s;
}

static int print_json(libxl_shared_mem_region *regions, int nr)
{
    libxl_yajl_length len;
    yajl_gen_status s;
    const char *buf;
    yajl_gen hand;

    hand = libxl_yajl_gen_alloc(NULL);
    if (!hand) {
        fprintf(stderr, "unable to allocate JSON generator\n");
        return EXIT_FAILURE;
    }

    s = gen_json(hand, regions, nr);
    if (s == yajl_gen_status_ok)
        s = yajl_gen_get_buf(hand, (const unsigned char **)&buf, &len);
    if (s == yajl_gen_status_ok)
        puts(buf);
    else
        fprintf(stderr, "unable to format regions as JSON (YAJL:%d)\n", s);

    yajl_gen_free(hand);
    return s == yajl_gen_status_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * Those of the regions that the words mean, in their order, are the first ones
 * then.  Returns how many; or -1 if a word means nothing, which it says.
 */
static int select_regions(libxl_shared_mem_region *regions, int nr,
                          char **words, int nr_words, enum kind kind)
{
    /* One more: calloc() of no bytes may give NULL. */
    struct choice *choices = xcalloc(nr_words + 1, sizeof(*choices));
    libxl_shared_mem_region region;
    int i, nr_wanted = 0;

    for (i = 0; i < nr_words; i++)
        if (!choose(words[i], kind, regions, nr, &choices[i]))
            nr_wanted = -1;

    for (i = 0; nr_wanted >= 0 && i < nr; i++)
        if (is_wanted(&regions[i], choices, nr_words)) {
            region = regions[nr_wanted];
            regions[nr_wanted++] = regions[i];
            regions[i] = region;
        }

    free(choices);
    return nr_wanted;
}

int main_sharedmemlist(int argc, char **argv)
{
    static struct option opts[] = {
        {"long", 0, 0, 'l'},
        {"id", 0, 0, 0x100},
        {"domain", 0, 0, 0x200},
        COMMON_LONG_OPTS
    };
    libxl_shared_mem_region *regions;
    int opt, nr, nr_wanted, status = EXIT_SUCCESS;
    enum kind kind = EITHER;
    bool details = false;

    SWITCH_FOREACH_OPT(opt, "l", opts, "shared-mem-list", 0) {
    case 'l':
        details = true;
        break;
    case 0x100: /* --id */
        kind = IDS;
        break;
    case 0x200: /* --domain */
        kind = DOMAINS;
        break;
    }

    regions = libxl_list_shared_mem_region(ctx, &nr);
    if (!regions) {
        fprintf(stderr, "libxl_list_shared_mem_region failed.\n");
        return EXIT_FAILURE;
    }

    nr_wanted = select_regions(regions, nr, argv + optind, argc - optind,
                               kind);
    if (nr_wanted < 0)
        status = EXIT_FAILURE;
    else if (details)
        status = print_json(regions, nr_wanted);
    else
        print_table(regions, nr_wanted);

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
        mems->record = shared_mem_record;
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
