/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * faultsweep: runs xl in dom0 again and again, with one call of Xen or of
 * xenstored failing, or xl killed just before it: the first call, then the
 * second, and so on until all calls of an operation have had their turn.
 * After each it recovers as an administrator would, and looks for what is
 * lost, left behind or wrong.  "faultsweep -h" tells how it is used.
 *
 * A scenario is a round of operations that ends where it began.  Two of them
 * may have a fault each, so that their faults are worked off together.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guests.h"
#include "host.h"
#include "names.h"
#include "points.h"
#include "record.h"
#include "xl.h"

#define PROGRESS_SECONDS 60
#define BYSTANDER_SEED   7

/* How many faults there were. */
struct count {
    unsigned int hit, failed; /* failed: of those hit, not survived */
};

/* Which fault an operation is to have next. */
struct cursor {
    const char *scenario, *operation;
    struct point next;
    bool done;     /* no fault any more */
    uint32_t step; /* to the next call; 0: there is no other */

    /* A sample: its points are chosen when the operation is first run. */
    bool sample;
    unsigned int turn;
    struct point points[POINTS_MAX];
    unsigned int nr_points, used;
};

struct scenario {
    const char *name;
    void (*begin)(struct sweep *sweep);
    void (*round)(struct sweep *sweep, struct cursor *create,
                  struct cursor *destroy);
    bool faults_create;
};

#define GUEST(guest, its_role, its_region, address) \
    { .name = guest, .role = its_role, .region = its_region, .gpa = address, \
      .factory = address + 0x100000 }

static struct guest
    bystanders[] = {
        GUEST("bystander1", "bystander1", "bystander", 0x60000000),
        GUEST("bystander2", "bystander2", "bystander", 0x68000000),
    },
    owner = GUEST("owner", "owner", "owner", 0x70000000),
    /* These two take turns. */
    relays[] = {
        GUEST("relay0", "relay", "relay", 0x78000000),
        GUEST("relay1", "relay", "relay", 0x79000000),
    },
    stayer = GUEST("stayer", "stayer", "release", 0x80000000),
    leaver = GUEST("leaver", "leaver", "release", 0x81000000),
    holder = GUEST("holder", "holder", "attach", 0x88000000),
    joiner = GUEST("joiner", "joiner", "attach", 0x89000000);

static struct count counts[3]; /* by enum fault_mode */

/* Which fault it is, if something is wrong in this round. */
static enum fault_mode blamed;

static uint64_t seed = 100; /* of the pattern that a scenario's region has */

void complain(struct sweep *sweep, const char *format, ...)
{
    va_list args;

    sweep->complaints++;
    printf("note: not survived: %s: ", sweep->point);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* ---- operations --------------------------------------------------------- */

static const char *name_of_mode(enum fault_mode mode)
{
    return mode == FAULT_KILL ? "kill" : "fail";
}

/* What "faultsweep -r" takes, then what it was. */
static void name_point(struct sweep *sweep, const struct cursor *cursor)
{
    const struct fault *fault = sweep->fault;
    const struct point *point = &cursor->next;

    snprintf(sweep->point, sizeof(sweep->point), "%s %s %s %"PRIu32" %"PRIu32
             " (%s, %s)", cursor->scenario, cursor->operation,
             name_of_mode(point->mode), point->at, point->variant,
             point->mode == FAULT_KILL ? "SIGKILL"
                                       : strerrorname_np(fault->error),
             point->at <= FAULT_CALLS_MAX ? fault->name[point->at - 1] : "?");
}

/* To the next fault; the last one hit tells how many errors there are. */
static void advance(struct cursor *cursor, uint32_t variants)
{
    if ( cursor->sample )
    {
        cursor->done = cursor->used == cursor->nr_points;
        if ( !cursor->done )
            cursor->next = cursor->points[cursor->used++];
    }
    else if ( cursor->step && cursor->next.mode == FAULT_FAIL &&
              cursor->next.variant + 1 < variants )
        cursor->next.variant++;
    else
    {
        cursor->next.at += cursor->step;
        cursor->next.variant = 0;
        cursor->done = !cursor->step;
    }
}

/* Runs xl without a fault, to choose some. */
static struct outcome choose(struct sweep *sweep, struct cursor *cursor,
                             const char *const *words)
{
    struct outcome outcome = run_xl(sweep, FAULT_NONE, 0, 0, words);

    cursor->nr_points = choose_points(sweep->fault, cursor->turn,
                                      cursor->points);
    advance(cursor, 0);

    return outcome;
}

/* Runs xl with the cursor's fault; the last one is past the end. */
static struct outcome attempt(struct sweep *sweep, struct cursor *cursor,
                              const char *const *words)
{
    const struct point *point = &cursor->next;
    struct outcome outcome;

    if ( cursor->sample && !cursor->nr_points )
        return choose(sweep, cursor, words);

    snprintf(sweep->point, sizeof(sweep->point), "%s %s %s %"PRIu32,
             cursor->scenario, cursor->operation, name_of_mode(point->mode),
             point->at);
    outcome = run_xl(sweep, point->mode, point->at, point->variant, words);

    if ( !sweep->fault->hit )
    {
        cursor->done = true;
        if ( !outcome.succeeded )
            complain(sweep, "fails without a fault");
        return outcome;
    }

    blamed = point->mode;
    counts[blamed].hit++;
    name_point(sweep, cursor);
    if ( blamed == FAULT_FAIL && point->at <= FAULT_CALLS_MAX )
        strcpy(sweep->failed, sweep->fault->name[point->at - 1]);
    advance(cursor, sweep->fault->variants);

    return outcome;
}

/* With the cursor's fault, if there is a cursor. */
static bool do_xl(struct sweep *sweep, struct cursor *cursor,
                  const char *const *words)
{
    return cursor ? attempt(sweep, cursor, words).succeeded
                  : run_xl(sweep, FAULT_NONE, 0, 0, words).succeeded;
}

static bool xl_create(struct sweep *sweep, const struct guest *guest,
                      struct cursor *cursor)
{
    char path[CONFIG_PATH_SIZE];
    const char *const words[] = { "create", "-p", "-e", path, NULL };

    if ( !write_config(guest, path) )
    {
        complain(sweep, "cannot write %s", path);
        return false;
    }

    return do_xl(sweep, cursor, words);
}

static bool xl_destroy(struct sweep *sweep, uint32_t domid,
                       struct cursor *cursor)
{
    char text[12];
    const char *const words[] = { "destroy", text, NULL };

    snprintf(text, sizeof(text), "%"PRIu32, domid);

    return do_xl(sweep, cursor, words);
}

static bool xl_attach(struct sweep *sweep, const struct guest *guest,
                      struct cursor *cursor)
{
    char entry[ENTRY_SIZE];
    const char *const words[] = { "shared-mem-attach", guest->name, entry,
                                  NULL };

    write_entry(guest, entry);

    return do_xl(sweep, cursor, words);
}

static bool xl_detach(struct sweep *sweep, const struct guest *guest,
                      struct cursor *cursor)
{
    const char *const words[] = { "shared-mem-detach", guest->name,
                                  guest->region, NULL };

    return do_xl(sweep, cursor, words);
}

/* What an administrator does: one "xl destroy" for each that is left over. */
static void destroy_others(struct sweep *sweep)
{
    uint32_t domids[DOMAINS_MAX];
    unsigned int nr = other_domains(sweep, false, domids);

    for ( unsigned int i = 0; i < nr; i++ )
        if ( !xl_destroy(sweep, domids[i], NULL) )
        {
            complain(sweep, "xl destroy %"PRIu32" fails, to recover",
                     domids[i]);
            print_xl_output();
        }
}

/* All guests have the same memory, whoever was the first of a region. */
static void check_memory(struct sweep *sweep, const struct guest *guest)
{
    static uint64_t tot_pages, max_pages;
    xc_domaininfo_t info;

    if ( xc_domain_getinfo_single(sweep->xch, guest->domid, &info) )
        return;
    if ( !tot_pages )
    {
        tot_pages = info.tot_pages;
        max_pages = info.max_pages;
    }
    if ( info.tot_pages != tot_pages || info.max_pages != max_pages )
        complain(sweep, "%s: %"PRIu64" pages of at most %"PRIu64", wanted %"
                 PRIu64" of %"PRIu64, guest->name, (uint64_t)info.tot_pages,
                 (uint64_t)info.max_pages, tot_pages, max_pages);
}

/* The one new domain becomes the guest. */
static void begin_life(struct sweep *sweep, struct guest *guest)
{
    uint32_t domids[DOMAINS_MAX];
    const unsigned int nr = other_domains(sweep, false, domids);

    if ( nr != 1 )
    {
        complain(sweep, "%u domains where %s was created", nr, guest->name);
        return;
    }

    adopt(sweep, guest, domids[0]);
    sweep->stale = false;
    check_memory(sweep, guest);
    check_records(sweep);
    check_factories(sweep);
}

static void create(struct sweep *sweep, struct guest *guest)
{
    if ( xl_create(sweep, guest, NULL) )
    {
        begin_life(sweep, guest);
        return;
    }

    complain(sweep, "xl create of %s fails", guest->name);
    print_xl_output();
}

/* An xl that fails takes down what it has built. */
static void check_nothing_built(struct sweep *sweep)
{
    uint32_t domids[DOMAINS_MAX];

    for ( unsigned int nr = other_domains(sweep, false, domids); nr; nr-- )
        complain(sweep, "xl create leaves domain %"PRIu32, domids[nr - 1]);
}

/* Creates the guest, with a fault first. */
static void create_after_fault(struct sweep *sweep, struct guest *guest,
                               struct cursor *cursor)
{
    if ( cursor->done )
    {
        create(sweep, guest);
        return;
    }
    if ( xl_create(sweep, guest, cursor) )
    {
        begin_life(sweep, guest);
        strcpy(guest->failed, sweep->failed);
        return;
    }

    if ( blamed == FAULT_FAIL )
        check_nothing_built(sweep);
    destroy_others(sweep);
    check_host(sweep);
    check_records(sweep);
    check_factories(sweep);
    create(sweep, guest);
}

static void end_life(struct guest *guest)
{
    guest->domid = 0;
    guest->uuid[0] = '\0';
    guest->failed[0] = '\0';
}

static void destroy(struct sweep *sweep, struct guest *guest)
{
    if ( !xl_destroy(sweep, guest->domid, NULL) )
    {
        complain(sweep, "xl destroy of %s fails", guest->name);
        print_xl_output();
    }
    sweep->stale = false;
    end_life(guest);
}

/* Destroys the guest, with a fault first; it may succeed all the same. */
static void destroy_after_fault(struct sweep *sweep, struct guest *guest,
                                struct cursor *cursor)
{
    bool succeeded;

    /* What failed when it was created is in guest->failed. */
    sweep->destroyed = *guest;
    sweep->failed[0] = '\0';
    if ( cursor->done )
    {
        destroy(sweep, guest);
        return;
    }

    succeeded = xl_destroy(sweep, guest->domid, cursor);
    if ( !is_alive(sweep, guest->domid) )
    {
        /* The next operation with the region puts the record right. */
        sweep->stale = sweep->fault->hit;
        end_life(guest);
        return;
    }

    if ( succeeded )
        complain(sweep, "xl destroy succeeds, but %s is there", guest->name);
    destroy(sweep, guest);
}

/* What must be true of it, whichever it is. */
static void check_attached(struct sweep *sweep, struct guest *guest,
                           bool attached)
{
    guest->detached = !attached;
    check_host(sweep);
    check_records(sweep);
    check_factories(sweep);
    check_memory(sweep, guest);
}

/* Gives the guest its region, with a fault first. */
static void attach_after_fault(struct sweep *sweep, struct guest *guest,
                               struct cursor *cursor)
{
    const bool faulty = !cursor->done;
    bool attached = faulty && xl_attach(sweep, guest, cursor);

    if ( faulty && !attached )
    {
        if ( blamed == FAULT_FAIL )
            check_attached(sweep, guest, false);
        /* What an administrator does who can't tell how far it got. */
        xl_detach(sweep, guest, NULL);
        check_attached(sweep, guest, false);
    }
    if ( !attached && !xl_attach(sweep, guest, NULL) )
    {
        complain(sweep, "xl shared-mem-attach fails");
        print_xl_output();
    }
    check_attached(sweep, guest, true);
}

/* Takes it away, with a fault first. */
static void detach_after_fault(struct sweep *sweep, struct guest *guest,
                               struct cursor *cursor)
{
    if ( !cursor->done )
    {
        /* The second one ends what the first has begun, and says that the
         * guest does not have the region if that was all. */
        if ( !xl_detach(sweep, guest, cursor) )
            xl_detach(sweep, guest, NULL);
    }
    else if ( !xl_detach(sweep, guest, NULL) )
    {
        complain(sweep, "xl shared-mem-detach fails");
        print_xl_output();
    }
    check_attached(sweep, guest, false);
}

/* ---- scenarios ---------------------------------------------------------- */

static void check_bystanders(struct sweep *sweep)
{
    for ( size_t i = 0; i < 2; i++ )
        check_region(sweep, &bystanders[i], BYSTANDER_SEED);
}

/* What must hold at any time; true if nothing was wrong in this round. */
static bool all_is_well(struct sweep *sweep)
{
    check_bystanders(sweep);

    return !sweep->complaints;
}

/* The same where a round ends. */
static void end_round(struct sweep *sweep)
{
    check_host(sweep);
    check_records(sweep);
    check_factories(sweep);
    check_bystanders(sweep);
}

static void use(struct sweep *sweep, struct guest *guest)
{
    sweep->guests[sweep->nr_guests++] = guest;
}

static void begin_owner(struct sweep *sweep)
{
    use(sweep, &owner);
}

/* A sole owner comes, and goes. */
static void round_of_owner(struct sweep *sweep, struct cursor *creation,
                           struct cursor *destruction)
{
    create_after_fault(sweep, &owner, creation);
    check_zero(sweep, &owner);
    fill_region(sweep, &owner, ++seed);
    if ( !all_is_well(sweep) )
        return;

    destroy_after_fault(sweep, &owner, destruction);
    end_round(sweep);
}

static struct guest *old_relay(void)
{
    return relays[0].domid ? &relays[0] : &relays[1];
}

/* A newcomer has the region's bytes, and writes to them. */
static void check_newcomer(struct sweep *sweep, const struct guest *newcomer,
                           const struct guest *old)
{
    check_region(sweep, newcomer, seed);
    check_region(sweep, old, seed);
    fill_region(sweep, newcomer, ++seed);
    check_region(sweep, old, seed);
}

/* Each borrower joins from the one before it, which then goes. */
static void round_of_relay(struct sweep *sweep, struct cursor *creation,
                           struct cursor *destruction)
{
    struct guest *old = old_relay();
    struct guest *newcomer = old == &relays[0] ? &relays[1] : &relays[0];

    create_after_fault(sweep, newcomer, creation);
    check_newcomer(sweep, newcomer, old);
    if ( !all_is_well(sweep) )
        return;

    destroy_after_fault(sweep, old, destruction);
    check_region(sweep, newcomer, seed);
    end_round(sweep);
}

static void begin_relay(struct sweep *sweep)
{
    use(sweep, &relays[0]);
    use(sweep, &relays[1]);
    create(sweep, &relays[0]);
    fill_region(sweep, &relays[0], ++seed);
    /* From now on whoever was the first of the region is gone. */
    create(sweep, &relays[1]);
    destroy(sweep, &relays[0]);
}

static void begin_release(struct sweep *sweep)
{
    use(sweep, &stayer);
    use(sweep, &leaver);
    create(sweep, &stayer);
    fill_region(sweep, &stayer, ++seed);
}

/* A borrower goes, beside the owner. */
static void round_of_release(struct sweep *sweep, struct cursor *creation,
                             struct cursor *destruction)
{
    create_after_fault(sweep, &leaver, creation);
    check_newcomer(sweep, &leaver, &stayer);
    if ( !all_is_well(sweep) )
        return;

    destroy_after_fault(sweep, &leaver, destruction);
    check_region(sweep, &stayer, seed);
    end_round(sweep);
}

static void begin_attach(struct sweep *sweep)
{
    use(sweep, &holder);
    use(sweep, &joiner);
    create(sweep, &holder);
    fill_region(sweep, &holder, ++seed);
    joiner.detached = true;
    create(sweep, &joiner);
}

/* A guest that runs gets the region, and loses it, beside the owner. */
static void round_of_attach(struct sweep *sweep, struct cursor *attachment,
                            struct cursor *detachment)
{
    attach_after_fault(sweep, &joiner, attachment);
    check_newcomer(sweep, &joiner, &holder);
    if ( !all_is_well(sweep) )
        return;

    detach_after_fault(sweep, &joiner, detachment);
    check_region(sweep, &holder, seed);
    end_round(sweep);
}

static const struct scenario scenarios[] = {
    { "owner", begin_owner, round_of_owner, true },
    { "relay", begin_relay, round_of_relay, true },
    { "release", begin_release, round_of_release, false },
    /* Here attach and detach take the places of create and destroy. */
    { "attach", begin_attach, round_of_attach, true },
};

#define NR_SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

/* ---- the sweep ---------------------------------------------------------- */

/* Makes the host as it was at the start of the program, whatever there is. */
static void clear_host(struct sweep *sweep, const struct names *at_start)
{
    uint32_t domids[DOMAINS_MAX];
    struct names *now;
    unsigned int nr;

    for ( unsigned int i = 0; i < sweep->nr_guests; i++ )
        end_life(sweep->guests[i]);
    sweep->nr_guests = 0;

    nr = other_domains(sweep, false, domids);
    for ( unsigned int i = 0; i < nr; i++ )
        if ( !xl_destroy(sweep, domids[i], NULL) )
            xc_domain_destroy(sweep->xch, domids[i]);

    remove_records(sweep);
    now = names_take(sweep);
    names_remove_extra(sweep, at_start, now);
    names_free(now);
    sweep->stale = false;
    sweep->complaints = 0;
}

/* Nothing that is found from now on is allowed for the last round's sake. */
static void forget_fault(struct sweep *sweep)
{
    blamed = FAULT_NONE;
    sweep->failed[0] = '\0';
    end_life(&sweep->destroyed);
}

/* Bystanders, the scenario's guests, and what the host is like with them. */
static bool begin_scenario(struct sweep *sweep, const struct scenario *scenario)
{
    struct cursor none = { .done = true };
    const bool show = sweep->show;

    sweep->show = false;
    snprintf(sweep->point, sizeof(sweep->point), "%s, before the faults",
             scenario->name);
    forget_fault(sweep);
    sweep->complaints = 0;
    for ( size_t i = 0; i < 2; i++ )
    {
        use(sweep, &bystanders[i]);
        create(sweep, &bystanders[i]);
    }
    fill_region(sweep, &bystanders[0], BYSTANDER_SEED);
    scenario->begin(sweep);
    remember_host(sweep);
    /* The first round may make Xen allocate more for itself. */
    scenario->round(sweep, &none, &none);
    sweep->complaints = 0;
    remember_host(sweep);
    scenario->round(sweep, &none, &none);
    sweep->show = show;

    return !sweep->complaints;
}

static void print_count(enum fault_mode mode)
{
    if ( !counts[mode].hit )
        return;

    printf("note: %s: survived %u of %u\n", name_of_mode(mode),
           counts[mode].hit - counts[mode].failed, counts[mode].hit);
}

static void print_progress(const struct cursor *creation,
                           const struct cursor *destruction)
{
    static time_t last;
    const time_t now = time(NULL);

    if ( now < last + PROGRESS_SECONDS )
        return;

    last = now;
    printf("note: at %s, %s, create %"PRIu32", destroy %"PRIu32"\n",
           creation->scenario, name_of_mode(creation->next.mode),
           creation->next.at, destruction->next.at);
}

/* False if there is no going on. */
static bool run_rounds(struct sweep *sweep, const struct scenario *scenario,
                       struct cursor *creation, struct cursor *destruction)
{
    struct cursor none = { .done = true };
    struct names *at_start = names_take(sweep);
    bool ok = begin_scenario(sweep, scenario);

    while ( ok && !(creation->done && destruction->done) )
    {
        forget_fault(sweep);
        scenario->round(sweep, creation, destruction);
        print_progress(creation, destruction);
        if ( !sweep->complaints )
            continue;

        counts[blamed].failed++;
        clear_host(sweep, at_start);
        ok = blamed != FAULT_NONE && begin_scenario(sweep, scenario);
    }

    /* One round without faults puts right what the last one may have left. */
    snprintf(sweep->point, sizeof(sweep->point), "%s, after the faults",
             scenario->name);
    forget_fault(sweep);
    if ( ok )
        scenario->round(sweep, &none, &none);
    ok &= !sweep->complaints;
    clear_host(sweep, at_start);
    names_free(at_start);

    return ok;
}

static bool run_scenario(struct sweep *sweep, const struct scenario *scenario,
                         struct point first, uint32_t step)
{
    const struct count before = counts[first.mode], *now = &counts[first.mode];
    struct cursor creation = {
        .scenario = scenario->name, .operation = "create",
        .next = first, .step = step, .done = !scenario->faults_create,
    };
    struct cursor destruction = {
        .scenario = scenario->name, .operation = "destroy",
        .next = first, .step = step,
    };
    const bool ok = run_rounds(sweep, scenario, &creation, &destruction);
    const unsigned int hit = now->hit - before.hit;

    printf("note: %s, %s: survived %u of %u%s\n", scenario->name,
           name_of_mode(first.mode), hit - (now->failed - before.failed), hit,
           ok ? "" : "; then given up");

    return ok;
}

static int finish(bool ok)
{
    print_count(FAULT_FAIL);
    print_count(FAULT_KILL);

    return ok && counts[FAULT_FAIL].hit + counts[FAULT_KILL].hit &&
           !counts[FAULT_FAIL].failed && !counts[FAULT_KILL].failed ? 0 : 1;
}

static int run_all(struct sweep *sweep, const char *only_scenario,
                   const char *only_mode, uint32_t step)
{
    static const enum fault_mode modes[] = { FAULT_FAIL, FAULT_KILL };
    bool ok = true;

    for ( unsigned int m = 0; m < 2; m++ )
    {
        const struct point first = { .mode = modes[m], .at = 1 };

        if ( strcmp(only_mode, "all") &&
             strcmp(only_mode, name_of_mode(modes[m])) )
            continue;
        for ( unsigned int i = 0; i < NR_SCENARIOS; i++ )
            if ( !strcmp(only_scenario, "all") ||
                 !strcmp(only_scenario, scenarios[i].name) )
                ok &= run_scenario(sweep, &scenarios[i], first, step);
    }

    return finish(ok);
}

static int run_sample(struct sweep *sweep)
{
    bool ok = true;

    for ( unsigned int i = 0; i < NR_SCENARIOS; i++ )
    {
        const struct scenario *scenario = &scenarios[i];
        struct cursor creation = {
            .scenario = scenario->name, .operation = "create",
            .sample = true, .turn = i,
        };
        struct cursor destruction = {
            .scenario = scenario->name, .operation = "destroy",
            .sample = true, .turn = i,
        };

        if ( scenario->faults_create )
            ok &= run_rounds(sweep, scenario, &creation, &destruction);
    }

    return finish(ok);
}

/* SCENARIO OPERATION MODE NUMBER [VARIANT] */
static int repeat(struct sweep *sweep, char **words, int nr)
{
    const struct scenario *scenario = NULL;
    struct cursor creation = { .operation = "create", .done = true };
    struct cursor destruction = { .operation = "destroy", .done = true };
    struct cursor *cursor;

    for ( unsigned int i = 0; i < NR_SCENARIOS; i++ )
        if ( !strcmp(words[0], scenarios[i].name) )
            scenario = &scenarios[i];
    if ( !scenario )
        return 2;

    cursor = strcmp(words[1], "create") ? &destruction : &creation;
    cursor->next.mode = strcmp(words[2], "kill") ? FAULT_FAIL : FAULT_KILL;
    cursor->next.at = strtoul(words[3], NULL, 10);
    cursor->next.variant = nr > 4 ? strtoul(words[4], NULL, 10) : 0;
    cursor->done = false;
    creation.scenario = destruction.scenario = scenario->name;
    sweep->show = true;

    return finish(run_rounds(sweep, scenario, &creation, &destruction));
}

static bool open_all(struct sweep *sweep)
{
    sweep->xch = xc_interface_open(NULL, NULL, 0);
    sweep->fmem = xenforeignmemory_open(NULL, 0);
    sweep->xsh = xs_open(0);

    return sweep->xch && sweep->fmem && sweep->xsh;
}

static int misuse(void)
{
    fputs("usage: faultsweep all\n"
          "       faultsweep some SCENARIO|all MODE|all STEP\n"
          "       faultsweep sample\n"
          "       faultsweep repeat SCENARIO OPERATION MODE NUMBER [VARIANT]\n"
          "SCENARIO: owner, relay, release, attach.  MODE: fail, kill.  STEP:\n"
          "only each such call.  OPERATION: create, destroy (attach, detach).\n"
          "repeat does one of them again, and shows what xl prints.\n", stderr);

    return 2;
}

static int run(struct sweep *sweep, int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";

    if ( !strcmp(command, "all") && argc == 2 )
        return run_all(sweep, "all", "all", 1);
    if ( !strcmp(command, "some") && argc == 5 )
        return run_all(sweep, argv[2], argv[3], strtoul(argv[4], NULL, 10));
    if ( !strcmp(command, "sample") && argc == 2 )
        return run_sample(sweep);
    if ( !strcmp(command, "repeat") && (argc == 6 || argc == 7) )
        return repeat(sweep, argv + 2, argc - 2);

    return misuse();
}

int main(int argc, char **argv)
{
    static struct sweep sweep;

    setvbuf(stdout, NULL, _IOLBF, 0);
    mkdir(SWEEP_DIR, 0755);
    if ( !open_all(&sweep) || !prepare_xl(&sweep) )
    {
        fprintf(stderr, "faultsweep: no access to Xen: %s\n", strerror(errno));
        return 2;
    }

    return run(&sweep, argc, argv);
}
