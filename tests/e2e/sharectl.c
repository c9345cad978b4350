/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * sharectl: changes a domain's physmap from dom0, one call at a time, to test
 * the rules of XENMEM_region_op.  "sharectl" alone lists the commands.
 */
#define _GNU_SOURCE /* strerrorname_np() */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

#define MAX_WORDS 6

enum { EXIT_OK, EXIT_REFUSED, EXIT_TROUBLE = 3 };

/* @word: the command's numbers.  Returns an exit code. */
struct command {
    const char *name;
    int min_words, max_words;
    const char *words;
    int (*run)(xc_interface *xch, const uint64_t *word);
};

static const char *name_of(int error)
{
    const char *name = strerrorname_np(error);

    return name ? name : "unknown";
}

/* Prints "map: ok", or "map: EEXIST at 0x800, 3 left". */
static int region(xc_interface *xch, const char *command, xen_region_op_t op)
{
    if ( !xc_region_op(xch, &op) )
    {
        printf("%s: ok\n", command);
        return EXIT_OK;
    }

    printf("%s: %s at 0x%"PRIx64", %"PRIu64" left\n", command, name_of(errno),
           (uint64_t)op.gfn, (uint64_t)op.nr);

    return EXIT_REFUSED;
}

static int probe(xc_interface *xch, const uint64_t *word)
{
    return region(xch, "probe", (xen_region_op_t){
        .op = XENMEM_REGION_OP_probe,
        .domid = word[0], .gfn = word[1], .nr = word[2] });
}

static int allocate(xc_interface *xch, const uint64_t *word)
{
    return region(xch, "allocate", (xen_region_op_t){
        .op = XENMEM_REGION_OP_allocate, .flags = word[3],
        .domid = word[0], .gfn = word[1], .nr = word[2] });
}

static int map(xc_interface *xch, const uint64_t *word)
{
    return region(xch, "map", (xen_region_op_t){
        .op = XENMEM_REGION_OP_map, .flags = word[5],
        .domid = word[0], .source = word[1], .source_gfn = word[2],
        .gfn = word[3], .nr = word[4] });
}

static int unmap(xc_interface *xch, const uint64_t *word)
{
    return region(xch, "unmap", (xen_region_op_t){
        .op = XENMEM_REGION_OP_unmap,
        .domid = word[0], .gfn = word[1], .nr = word[2] });
}

/* @failed: it was refused, for the reason in errno. */
static int one_page(const char *command, bool failed)
{
    printf("%s: %s\n", command, failed ? name_of(errno) : "ok");

    return failed ? EXIT_REFUSED : EXIT_OK;
}

static int add(xc_interface *xch, const uint64_t *word)
{
    return one_page("add", xc_domain_add_to_physmap(xch, word[0], word[1],
                                                    word[2], word[3]));
}

static int remove_page(xc_interface *xch, const uint64_t *word)
{
    return one_page("remove", xc_domain_remove_from_physmap(xch, word[0],
                                                            word[1]));
}

/* The least there can be: what is free of it goes back to Xen. */
static int shrink(xc_interface *xch, const uint64_t *word)
{
    xc_set_paging_mempool_size(xch, word[0], XC_PAGE_SIZE);

    return one_page("shrink", false);
}

static const struct command commands[] = {
    { "probe", 3, 3, "DOMID GFN PAGES", probe },
    { "allocate", 3, 4, "DOMID GFN PAGES [FLAGS]", allocate },
    { "map", 5, 6, "DOMID SOURCE-DOMID SOURCE-GFN GFN PAGES [FLAGS]", map },
    { "unmap", 3, 3, "DOMID GFN PAGES", unmap },
    { "add", 4, 4, "DOMID SPACE INDEX GFN", add },
    { "remove", 2, 2, "DOMID GFN", remove_page },
    { "shrink", 1, 1, "DOMID", shrink },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int misuse(void)
{
    fputs("usage, numbers decimal or 0x hex:\n", stderr);
    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        fprintf(stderr, "  sharectl %s %s\n", commands[i].name,
                commands[i].words);
    fputs("probe, allocate, map, unmap: XENMEM_region_op; FLAGS: XENMEM_REGION_*.\n"
          "add: one page of a XENMAPSPACE_*; remove: one page of any kind.\n"
          "shrink: the memory for the domain's page tables.\n"
          "Exit: 0 all done, 1 Xen refused it or a part of it, 3 misuse.\n",
          stderr);

    return EXIT_TROUBLE;
}

static const struct command *find_command(const char *name, int words)
{
    for ( size_t i = 0; i < NR_COMMANDS; i++ )
        if ( !strcmp(commands[i].name, name) &&
             words >= commands[i].min_words && words <= commands[i].max_words )
            return &commands[i];

    return NULL;
}

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);

    return !errno && end != text && !*end;
}

int main(int argc, char **argv)
{
    uint64_t word[MAX_WORDS] = { 0 };
    const struct command *command;
    xc_interface *xch;
    int status;

    command = argc > 1 ? find_command(argv[1], argc - 2) : NULL;
    if ( !command )
        return misuse();

    for ( int i = 2; i < argc; i++ )
        if ( !parse_number(argv[i], &word[i - 2]) )
            return misuse();

    xch = xc_interface_open(NULL, NULL, 0);
    if ( !xch )
    {
        fputs("sharectl: no access to Xen\n", stderr);
        return EXIT_TROUBLE;
    }

    status = command->run(xch, word);
    xc_interface_close(xch);

    return status;
}
