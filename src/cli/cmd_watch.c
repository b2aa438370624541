#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logfile.h"
#include "opt.h"
#include "say.h"
#include "watch.h"
#include "when.h"

#define SYSTEM_LOGS "/var/log/astray"

static const struct option_row options[] = {
    {.name = "state",
     .value = "DIR",
     .summary = "remember in DIR what was read, and go on there",
     .details = "DIR is made when there is none, and belongs to one watch at a time. It keeps how "
                "far each log was read, the counters, what is being counted for --dedup and "
                "--threshold, and the alerts that wait for the command. It is written after every "
                "piece that was told, and onto the disk every second. What came while no watch "
                "ran is read at the next start, out of rotated, copied and compressed logs too. "
                "While DIR holds nothing, and for a LOG that was not named before, it begins with "
                "what comes from then on, or where --since says."},
    {.name = "textfile",
     .value = "FILE",
     .summary = "write metrics to FILE, for node_exporter",
     .details = "FILE should end in .prom, in the directory of node_exporter's textfile collector. "
                "It is replaced by a rename half a second after a change at the latest, and every "
                "15 seconds as a sign of life. With --state the counters never go back."},
    {.name = "exec",
     .value = "CMD",
     .summary = "run CMD for each thing that is told",
     .details =
         "CMD is run by /bin/sh -c, one at a time. What happened comes as one line of JSON "
         "on its standard input and in the variables below, never as a part of CMD. Its "
         "standard output goes to standard error. At most 256 alerts wait; more are counted, "
         "and told."},
    {.name = "exec-timeout",
     .value = "TIME",
     .summary = "how long CMD may take before it is ended",
     .initial = "30s"},
    {.name = "threshold",
     .value = "N/T",
     .summary = "tell only what happens N times within the time T",
     .details =
         "For each class, executable and destination together: 5/60s tells the fifth attempt "
         "within a minute, and begins to count anew. Above 16, the time is looked at in "
         "fifteenths."},
    {.name = "dedup",
     .value = "TIME",
     .summary = "tell the same once within TIME, and then how often it came",
     .details =
         "For each class, executable and destination together. At the end of that time "
         "\"repeated n times\" is told, when there was anything to count. At most 20,000 are "
         "told apart at a time; the others are told as one."},
    {.name = "kinds",
     .value = "LIST",
     .summary = "what is told: stray, failed, misconfigured, uncovered",
     .details = "With commas between them, or \"all\". Metrics count all of them.",
     .initial = "stray"},
    {.name = "once", .summary = "read what there is, and end"},
    {.name = "since",
     .value = "TIME",
     .summary = "begin with what happened since then",
     .details = "TIME as in astray summary. Without it, and without a state, only what comes from "
                "now on is told. Where a state tells how far a log was read, that holds instead."},
    {.name = "format",
     .value = "FORMAT",
     .choices = "auto|text|json",
     .summary = "how to write it",
     .details = "auto is text on a terminal, else JSON, one object a line: the records as they are "
                "in the log, and for --threshold and --dedup objects with event.kind \"alert\".",
     .initial = "auto"},
    OPT_COLOR,
    {.name = "fail-on-stray", .summary = "with --once: exit with 1 when anything went astray"},
    {0},
};

struct choices {
    struct watch_options watch;
    const char *format, *color;
    bool fail_on_stray;
};

/* ---- options ---------------------------------------------------------- */

static bool refuse(const struct opt *opt, const char *reason)
{
    say_error(opt->row.name, opt->value, reason);
    return false;
}

static bool parse_kinds(const char *text, unsigned *out)
{
    static const struct {
        const char *name;
        unsigned kinds;
    } rows[] = {
        {"stray", WATCH_STRAY},
        {"failed", WATCH_FAILED},
        {"misconfigured", WATCH_MISCONFIGURED},
        {"uncovered", WATCH_UNCOVERED},
        {"all", WATCH_STRAY | WATCH_FAILED | WATCH_MISCONFIGURED | WATCH_UNCOVERED},
    };
    struct slice rest = slice_of(text), name;
    unsigned kinds = 0;
    while (slice_cut(&rest, ',', &name)) {
        size_t i = 0;
        while (i < sizeof rows / sizeof *rows && !slice_equal(name, slice_of(rows[i].name)))
            i++;
        if (i == sizeof rows / sizeof *rows)
            return false;
        kinds |= rows[i].kinds;
    }
    *out = kinds;
    return kinds != 0;
}

/* The options whose values are parsed here. */
static bool set_parsed(struct watch_options *watch, const struct opt *opt,
                       const struct option_row *row)
{
    struct slice value = slice_of(opt->value);
    if (opt_is(row, "threshold"))
        return threshold_parse(value, &watch->rule.threshold) ||
               refuse(opt, "is no number and time such as 5/60s");
    if (opt_is(row, "dedup"))
        return (when_parse_span(value, &watch->rule.dedup) && watch->rule.dedup > 0) ||
               refuse(opt, "is no time such as 45s, 30m or 2h");
    if (opt_is(row, "exec-timeout"))
        return (when_parse_span(value, &watch->command_limit) && watch->command_limit > 0) ||
               refuse(opt, "is no time such as 45s, 30m or 2h");
    if (opt_is(row, "since"))
        return when_parse(opt->value, &watch->since) ||
               refuse(opt, "is no time such as 2026-09-21T08:14:02Z, 2026-09-21 or 2h");
    return parse_kinds(opt->value, &watch->kinds) ||
           refuse(opt, "is no list of stray, failed, misconfigured, uncovered or all");
}

static bool set(struct choices *choices, const struct opt *opt, const struct option_row *row)
{
    struct watch_options *watch = &choices->watch;
    if (opt_is(row, "state"))
        watch->state = opt->value;
    else if (opt_is(row, "textfile"))
        watch->textfile = opt->value;
    else if (opt_is(row, "exec"))
        watch->command = opt->value;
    else if (opt_is(row, "once"))
        watch->once = true;
    else if (opt_is(row, "format"))
        choices->format = opt->value;
    else if (opt_is(row, "color"))
        choices->color = opt->value;
    else if (opt_is(row, "fail-on-stray"))
        choices->fail_on_stray = true;
    else
        return set_parsed(watch, opt, row);
    return true;
}

/* ---- the command ------------------------------------------------------ */

static int follow_paths(const struct choices *choices, char **paths, size_t count)
{
    struct watch_options watch = choices->watch;
    struct watch_result result = {0};
    watch.paths = paths;
    watch.path_count = count;
    watch.json = strcmp(choices->format, "json") == 0 ||
                 (strcmp(choices->format, "auto") == 0 && isatty(STDOUT_FILENO) == 0);
    watch.color = say_colored(stdout, choices->color);
    if (watch_run(&watch, &result) != 0)
        return EXIT_TROUBLE;
    return choices->fail_on_stray && result.stray > 0 ? EXIT_FINDINGS : EXIT_FINE;
}

/* Both need not exist yet. */
static int follow_defaults(const struct choices *choices)
{
    char *own = logfile_of_run(), *paths[2];
    size_t count = 0;
    if (own != NULL)
        paths[count++] = own;
    paths[count] = strdup(SYSTEM_LOGS);
    count += paths[count] != NULL;
    for (size_t i = 0; i < count; i++)
        say_error("following", paths[i], "no log was named");
    int status = follow_paths(choices, paths, count);
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    return status;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct choices choices = {
        .watch = {.kinds = WATCH_STRAY, .command_limit = 30 * WHEN_SECOND},
        .format = "auto",
        .color = "auto",
    };
    struct opt opt;
    const struct option_row *row;
    opt_start(&opt, command, argc, argv);
    while ((row = opt_next(&opt)) != NULL) {
        if (row == OPT_HELP)
            return EXIT_FINE;
        if (row == OPT_BAD || !set(&choices, &opt, row))
            return EXIT_TROUBLE;
    }
    if (opt.operands == 0)
        return follow_defaults(&choices);
    return follow_paths(&choices, argv, (size_t)opt.operands);
}

static const struct command_example examples[] = {
    {"astray watch", "what goes astray from now on, on this terminal"},
    {"astray watch --dedup 10m --exec ./alert.sh /var/log/astray",
     "run a script for each new kind, and every ten minutes for how often it came"},
    {"astray watch --state state --textfile astray.prom /var/log/astray",
     "metrics for Prometheus, which survive restarts"},
    {"astray watch --once --fail-on-stray --since 1h build.ndjson", "a check in a script"},
    {0},
};

const struct command cmd_watch = {
    .name = "watch",
    .operands = "[LOG...]",
    .summary = "follow logs: tell what goes astray, run a command for it, export metrics",
    .details =
        "Follows the LOGs: files, directories (every *.ndjson in them), named pipes, or - for "
        "standard input. They need not exist yet. Without LOG, the log of astray run and those in "
        "/var/log/astray are followed. A log may be renamed, copied and emptied (copytruncate) or "
        "made anew at any time: files are told apart by device, inode and their first bytes, and "
        "the rest of what was rotated away is read first. At most 4,096 files are followed, and "
        "1,024 "
        "of one user (root and whoever watches excepted); more are told.\n\n"
        "Each attempt is told once, by the record of its start; its outcome is not told again. "
        "Ordinary connections that failed, settings that were not understood, and programs that "
        "the "
        "library cannot see are counted, and told with --kinds.\n\n"
        "Records that were read before, of a copy or a log that was sent again, are not told and "
        "not counted again: of the last 65,536 each line with an event.id is remembered. With "
        "--state the metrics count each record exactly once, whatever ends the watch. Lines and "
        "commands come at least once: after kill -9 or a crash, what was told in the moment before "
        "(since the state was last written, and the command that ran) is told again, and the watch "
        "says so when it starts; event.id tells such a record. What copytruncate cuts off between "
        "copying and emptying a log is lost for every reader.\n\n"
        "The command has these variables, whose values are printable and at most 1,024 bytes long: "
        "ASTRAY_KIND (stray, failed, misconfigured, uncovered), ASTRAY_REASON (record, threshold, "
        "repeated), ASTRAY_COUNT, ASTRAY_PROGRAM, ASTRAY_EXECUTABLE, ASTRAY_DESTINATION "
        "(0.0.0.0:80), ASTRAY_ADDRESS (as the program wrote it), ASTRAY_CLASS, ASTRAY_ACTION, "
        "ASTRAY_VARIABLE, ASTRAY_SOURCE (argv:3, env:API_URL@deploy.sh), ASTRAY_SCRIPT, "
        "ASTRAY_UNIT, ASTRAY_HOST, ASTRAY_USER_ID, ASTRAY_FIRST and ASTRAY_LAST. The library is "
        "silent in it (ASTRAY_DISABLE=1).\n\n"
        "SIGTERM, SIGINT and SIGHUP end it with status 0 and a saved state. It speaks the protocol "
        "of systemd's Type=notify, watchdog included.",
    .options = options,
    .examples = examples,
    .exit_status = NULL,
    .run = run,
};
