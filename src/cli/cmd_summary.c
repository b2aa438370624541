#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <astray/record.h>

#include "groups.h"
#include "logfile.h"
#include "opt.h"
#include "say.h"
#include "summary_metrics.h"
#include "summary_out.h"
#include "summary_read.h"
#include "when.h"

/* Groups of each kind, unless --top says more or less; a page can be searched. */
#define TOP 20
#define TOP_OF_PAGE 10000

#define BY_NAMES "group|program|script|destination|variable|class|host|unit|user|run|action|outcome"

static const struct option_row options[] = {
    {.name = "by",
     .value = "WHAT",
     .choices = BY_NAMES,
     .summary = "count by this",
     .details =
         "The default puts together what has the same class, destination, program, script and "
         "origin.",
     .initial = "group"},
    {.name = "since",
     .value = "TIME",
     .summary = "leave out what is older",
     .details = "TIME is a point in time (2026-09-21T08:14:02Z, 2026-09-21) in UTC unless it has a "
                "zone, or how long ago (45s, 30m, 2h, 7d, 2w)."},
    {.name = "until", .value = "TIME", .summary = "leave out what is not older"},
    {.name = "run", .value = "LABEL", .summary = "only records with this astray.run"},
    {.name = "top",
     .letter = 'n',
     .value = "N",
     .summary = "show the N most frequent groups of each kind",
     .details = "With --format html, 10,000 unless told otherwise.",
     .initial = "20"},
    {.name = "format",
     .value = "FORMAT",
     .choices = "text|json|csv|html|prometheus",
     .summary = "how to write it",
     .initial = "text"},
    OPT_COLOR,
    {.name = "fail-on-stray", .summary = "exit with 1 when anything went astray"},
    {0},
};

struct settings {
    const struct group_by *by;
    struct group_filter filter;
    uint64_t top;
    const char *format, *color;
    bool top_given, fail_on_stray;
};

/* ---- options ---------------------------------------------------------- */

static const struct group_by *by_called(const char *name)
{
    const struct group_by *by = group_bys;
    while (strcmp(by->name, name) != 0)
        by++;
    return by;
}

static bool set_time(const struct opt *opt, uint64_t *out)
{
    if (when_parse(opt->value, out))
        return true;
    say_error(opt->row.name, opt->value,
              "is no time such as 2026-09-21T08:14:02Z, 2026-09-21 or 2h");
    return false;
}

static bool set(struct settings *settings, const struct opt *opt, const struct option_row *row)
{
    if (opt_is(row, "by"))
        settings->by = by_called(opt->value);
    else if (opt_is(row, "since"))
        return set_time(opt, &settings->filter.since);
    else if (opt_is(row, "until"))
        return set_time(opt, &settings->filter.until);
    else if (opt_is(row, "run"))
        settings->filter.run = opt->value;
    else if (opt_is(row, "format"))
        settings->format = opt->value;
    else if (opt_is(row, "color"))
        settings->color = opt->value;
    else if (opt_is(row, "fail-on-stray"))
        settings->fail_on_stray = true;
    else if (!slice_number(slice_of(opt->value), SIZE_MAX, &settings->top)) {
        say_error(row->name, opt->value, "is no number of groups");
        return false;
    } else {
        settings->top_given = true;
    }
    return true;
}

/* ---- logs ------------------------------------------------------------- */

/* Returns the number of operands that name nothing to read. */
static unsigned find_logs(struct logfile_list *logs, char **operands, int count)
{
    unsigned bad = 0;
    for (int i = 0; i < count; i++) {
        int error = logfile_list_add(logs, operands[i]);
        if (error != 0) {
            say_errno("cannot read", operands[i], -error);
            bad++;
        }
    }
    if (count > 0)
        return bad;
    logfile_list_add_defaults(logs);
    for (size_t i = 0; i < logs->count; i++)
        say_error("reading", logs->paths[i], "no log was named");
    if (logs->count == 0) {
        char *own = logfile_of_run();
        say_error("no log to read", own, "nothing there, nor in /var/log/astray; name one");
        free(own);
    }
    return logs->count == 0 ? 1 : 0;
}

/* ---- the command ------------------------------------------------------ */

static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

static bool is_page(const struct settings *settings)
{
    return strcmp(settings->format, "html") == 0;
}

static void write_summary(const struct settings *settings, const struct summary_view *view)
{
    if (strcmp(settings->format, "json") == 0)
        summary_json_write(view, stdout);
    else if (strcmp(settings->format, "csv") == 0)
        summary_csv_write(view, stdout);
    else if (is_page(settings))
        summary_html_write(view, stdout);
    else
        summary_text_write(view, stdout);
}

/* Is everything that was written on its way? */
static bool is_written(void)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return true;
    say_error("cannot write", NULL, "standard output");
    return false;
}

static int status_of(const struct settings *settings, bool trouble, bool stray)
{
    return trouble ? EXIT_TROUBLE : settings->fail_on_stray && stray ? EXIT_FINDINGS : EXIT_FINE;
}

static int count_for_prometheus(const struct settings *settings, const struct logfile_list *logs)
{
    bool stray;
    bool trouble = summary_metrics_write(logs, &settings->filter, stdout, &stray) > 0;
    return status_of(settings, !is_written() || trouble, stray);
}

static int summarise(const struct settings *settings, const struct logfile_list *logs)
{
    struct groups groups;
    struct logfile_counts counts = {0};
    groups_start(&groups, settings->by, &settings->filter, GROUPS_MAX);
    bool trouble = summary_read_logs(logs, &groups, &counts) > 0 || groups.out_of_memory;
    groups_finish(&groups);
    struct summary_view view = {
        .groups = &groups,
        .logs = logs,
        .counts = &counts,
        .top = settings->top_given ? (size_t)settings->top
               : is_page(settings) ? TOP_OF_PAGE
                                   : TOP,
        .width = say_width(stdout),
        .color = say_colored(stdout, settings->color),
        .unicode = is_utf8(),
    };
    write_summary(settings, &view);
    bool stray = groups.totals[GROUP_STRAY] > 0;
    groups_free(&groups);
    return status_of(settings, !is_written() || trouble, stray);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct settings settings = {
        .by = group_bys, .filter = {.until = UINT64_MAX}, .format = "text", .color = "auto"};
    struct logfile_list logs = {0};
    struct opt opt;
    const struct option_row *row;
    opt_start(&opt, command, argc, argv);
    while ((row = opt_next(&opt)) != NULL) {
        if (row == OPT_HELP)
            return EXIT_FINE;
        if (row == OPT_BAD || !set(&settings, &opt, row))
            return EXIT_TROUBLE;
    }
    unsigned bad = find_logs(&logs, argv, opt.operands);
    int status = logs.count == 0 ? EXIT_TROUBLE
                 : strcmp(settings.format, "prometheus") == 0
                     ? count_for_prometheus(&settings, &logs)
                     : summarise(&settings, &logs);
    logfile_list_free(&logs);
    return bad > 0 ? EXIT_TROUBLE : status;
}

static const struct command_example examples[] = {
    {"astray summary", "what went astray in the logs of this user and of the system"},
    {"astray summary --since 2h /var/log/astray", "the last two hours, all users' logs"},
    {"astray summary --by variable --format csv", "which variables are wrong, as a table"},
    {"astray summary --format html > report.html", "a page to search, sort, print and send"},
    {"zcat old.gz | astray summary -", "a log from a pipe"},
    {0},
};

const struct command cmd_summary = {
    .name = "summary",
    .operands = "[LOG...]",
    .summary = "tell who connected astray, where to, why, how often and since when",
    .details =
        "Counts the records in the LOGs: files, directories (every *.ndjson in them, rotated and "
        "compressed ones too), or - for standard input; gzip is recognised. Without LOG, the log "
        "of astray run and those in /var/log/astray are read, where they exist and may be read.\n\n"
        "Each group shows how many attempts there were, the destination and how it was written, "
        "the program and script, the outcomes, the variable or argument that it came from, when "
        "it happened (a mark for every part of the time that the logs span), and what to change. "
        "Attempts whose outcome is not in the log are unknown. Ordinary connections that failed, "
        "and settings that were not understood, are listed apart. Times are in UTC.\n\n"
        "Lines that are no records, and a last line that is cut off, are counted, told and left "
        "out. More than 100,000 groups are folded into one.\n\n"
        "--format json writes one object: logs, by, records, foreign_lines, cut_off_lines, first, "
        "last, stray, failed, misconfigured, suppressed, dropped, omitted_groups, and groups, an "
        "array. A group has kind (stray, failed, misconfigured), folded, count, attempts, "
        "outcomes (success, failure, unknown), rewritten, blocked, errors (by name), first, last, "
        "destination (address, ip, port, domain), and where known and the same throughout: class, "
        "program, script, origin, variable, set_in, argument, unit, host, user, run, action, "
        "outcome, message, listeners and fix.\n\n"
        "--format html writes one file that loads nothing from elsewhere, for a browser, a phone "
        "or "
        "a printer: attempts over time, what comes up most by program, destination and variable, "
        "and all findings with search and sort, their fix, and who started the program."
        "\n\n"
        "--format prometheus writes the metrics that astray watch --textfile would have counted "
        "(attempts by class, action and unit, failures by error); --by and --top mean nothing for "
        "it.",
    .options = options,
    .examples = examples,
    .exit_status = NULL,
    .run = run,
};
