#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <astray/text.h>

#include "coverage.h"
#include "json_out.h"
#include "library.h"
#include "opt.h"
#include "say.h"

static const struct option_row own_options[] = {
    {.name = "format",
     .value = "FORMAT",
     .choices = "text|json",
     .initial = "text",
     .summary = "how to print",
     .details = "json is one object a process, each on a line of its own: pid, uid, name, "
                "executable, unit, covered (true, false, or null when that cannot be known), "
                "reason, explanation, and library, the file that is mapped. What is not known is "
                "null."},
    {.name = "library",
     .value = "FILE",
     .summary = "the library to look for",
     .details = "Without it the library is looked for as astray run does. A process that has "
                "another file of that name is told apart."},
    OPT_COLOR,
    {0},
};

static const struct command_example examples[] = {
    {"sudo astray status", "every process and service of this host"},
    {"astray status $(pidof nginx)", "these processes only"},
    {"sudo astray status --format json | jq -r 'select(.covered == false).unit'",
     "the services that are not covered"},
    {0},
};

/* ---- the processes ------------------------------------------------------ */

struct processes {
    struct coverage *items;
    size_t count, size;
};

static bool add(struct processes *processes, const struct coverage *coverage)
{
    if (processes->count == processes->size) {
        size_t size = processes->size == 0 ? 64 : 2 * processes->size;
        struct coverage *items = realloc(processes->items, size * sizeof *items);
        if (items == NULL) {
            say_errno("status", NULL, errno);
            return false;
        }
        processes->items = items;
        processes->size = size;
    }
    processes->items[processes->count++] = *coverage;
    return true;
}

static bool read_pid(const char *text, pid_t *out)
{
    uint64_t number;
    if (!slice_number(slice_of(text), INT32_MAX, &number) || number == 0)
        return false;
    *out = (pid_t)number;
    return true;
}

/* All but ourselves, kernel threads and zombies. */
static int look_at_all(const struct coverage_wanted *wanted, struct processes *processes)
{
    DIR *folder = opendir("/proc");
    int status = EXIT_FINE;
    if (folder == NULL) {
        say_errno("processes", "/proc", errno);
        return EXIT_TROUBLE;
    }
    for (struct dirent *entry; status == EXIT_FINE && (entry = readdir(folder)) != NULL;) {
        struct coverage coverage;
        pid_t pid;
        if (!read_pid(entry->d_name, &pid) || pid == getpid() ||
            coverage_of(pid, wanted, &coverage) != 0 || coverage.reason == COVERAGE_NO_PROGRAM)
            continue;
        if (!add(processes, &coverage))
            status = EXIT_TROUBLE;
    }
    closedir(folder);
    return status;
}

static int look_at(int count, char **pids, const struct coverage_wanted *wanted,
                   struct processes *processes)
{
    int status = EXIT_FINE;
    for (int i = 0; i < count; i++) {
        struct coverage coverage;
        pid_t pid;
        bool known = read_pid(pids[i], &pid);
        if (!known)
            say_error("status", pids[i], "is no process ID");
        else if (coverage_of(pid, wanted, &coverage) != 0)
            say_errno("process", pids[i], ESRCH);
        else if (add(processes, &coverage))
            continue;
        status = EXIT_TROUBLE;
    }
    return status;
}

/* ---- json --------------------------------------------------------------- */

static void put_text(const char *key, const char *text)
{
    printf(",\"%s\":", key);
    if (*text == '\0')
        fputs("null", stdout);
    else
        json_out_text(stdout, slice_of(text));
}

static void print_json(const struct coverage *coverage)
{
    static const char *const covered[] = {
        [COVERAGE_YES] = "true", [COVERAGE_NO] = "false", [COVERAGE_UNKNOWN] = "null"};
    printf("{\"pid\":%d,\"uid\":%u", (int)coverage->pid, (unsigned)coverage->uid);
    put_text("name", coverage->name);
    put_text("executable", coverage->executable);
    put_text("unit", coverage->unit);
    printf(",\"covered\":%s", covered[coverage_state_of(coverage->reason)]);
    put_text("reason", coverage_name(coverage->reason));
    put_text("explanation", coverage_text(coverage->reason));
    put_text("library", coverage->library);
    puts("}");
}

/* ---- text: groups of processes that are alike --------------------------- */

static int compare_numbers(long a, long b)
{
    return (a > b) - (a < b);
}

/* By state, unit, program and reason, then by process ID. */
static int compare(const void *left, const void *right)
{
    const struct coverage *a = left, *b = right;
    int order =
        compare_numbers((long)coverage_state_of(a->reason), (long)coverage_state_of(b->reason));
    if (order == 0)
        order = strcmp(a->unit, b->unit);
    if (order == 0)
        order = strcmp(a->name, b->name);
    if (order == 0)
        order = compare_numbers((long)a->reason, (long)b->reason);
    return order != 0 ? order : compare_numbers(a->pid, b->pid);
}

static bool same_group(const struct coverage *a, const struct coverage *b)
{
    return a->reason == b->reason && strcmp(a->unit, b->unit) == 0 && strcmp(a->name, b->name) == 0;
}

/* How many from START on are one group. */
static size_t group_length(const struct processes *processes, size_t start)
{
    size_t end = start + 1;
    while (end < processes->count && same_group(&processes->items[start], &processes->items[end]))
        end++;
    return end - start;
}

struct sheet {
    unsigned width;
    bool color;
};

/* "  3  nginx (4711, 4712, ...), nginx.service: why" */
static void print_group(const struct coverage *first, size_t count, const struct sheet *sheet)
{
    enum { SHOWN = 3, INDENT = 8 };
    char *line = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&line, &length);
    if (stream == NULL)
        return;
    say_printable(stream, slice_of(first->name));
    for (size_t i = 0; i < count && i < SHOWN; i++)
        fprintf(stream, "%s%d", i == 0 ? " (" : ", ", (int)first[i].pid);
    fputs(count > SHOWN ? ", ...)" : ")", stream);
    if (*first->unit != '\0') {
        fputs(", ", stream);
        say_printable(stream, slice_of(first->unit));
    }
    if (*coverage_text(first->reason) != '\0')
        fprintf(stream, ": %s", coverage_text(first->reason));
    if (fclose(stream) == 0) {
        printf("%6zu  ", count);
        opt_print_wrapped(line, INDENT, INDENT, sheet->width);
    }
    free(line);
}

static const char *const headings[] = {
    [COVERAGE_YES] = "covered", [COVERAGE_NO] = "not covered", [COVERAGE_UNKNOWN] = "unknown"};
enum { STATES = sizeof headings / sizeof *headings };

static void print_heading(enum coverage_state state, const struct sheet *sheet)
{
    static const char *const colors[] = {[COVERAGE_YES] = "\033[1;32m",
                                         [COVERAGE_NO] = "\033[1;31m",
                                         [COVERAGE_UNKNOWN] = "\033[1m"};
    printf("\n%s%s%s\n", sheet->color ? colors[state] : "", headings[state],
           sheet->color ? "\033[0m" : "");
}

static void print_totals(const struct processes *processes)
{
    size_t counts[STATES] = {0};
    for (size_t i = 0; i < processes->count; i++)
        counts[coverage_state_of(processes->items[i].reason)]++;
    printf("%zu process%s", processes->count, processes->count == 1 ? "" : "es");
    const char *before = ": ";
    for (int state = 0; state < STATES; state++) {
        if (counts[state] == 0)
            continue;
        printf("%s%zu %s", before, counts[state], headings[state]);
        before = ", ";
    }
    putchar('\n');
}

static void print_text(const struct processes *processes, const struct sheet *sheet)
{
    int state = -1;
    print_totals(processes);
    for (size_t i = 0; i < processes->count;) {
        const struct coverage *first = &processes->items[i];
        size_t count = group_length(processes, i);
        if (state != (int)coverage_state_of(first->reason)) {
            state = (int)coverage_state_of(first->reason);
            print_heading((enum coverage_state)state, sheet);
        }
        print_group(first, count, sheet);
        i += count;
    }
}

/* ---- the command -------------------------------------------------------- */

struct options {
    const char *library, *color;
    bool json;
};

static int report(const struct options *options, int count, char **pids)
{
    struct processes processes = {0};
    struct library library;
    struct coverage_wanted wanted = {0};
    struct sheet sheet = {.width = say_width(stdout), .color = say_colored(stdout, options->color)};
    if (library_find(options->library, NULL, &library) && stat(library.path, &wanted.file) == 0)
        wanted.library = &library;
    else if (options->library != NULL)
        return EXIT_TROUBLE;
    int status =
        count > 0 ? look_at(count, pids, &wanted, &processes) : look_at_all(&wanted, &processes);
    if (processes.count > 0)
        qsort(processes.items, processes.count, sizeof *processes.items, compare);
    for (size_t i = 0; options->json && i < processes.count; i++)
        print_json(&processes.items[i]);
    if (!options->json && (processes.count > 0 || status == EXIT_FINE))
        print_text(&processes, &sheet);
    free(processes.items);
    return status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct options given = {.color = "auto"};
    struct opt opt;
    const struct option_row *option;
    opt_start(&opt, command, argc, argv);
    while ((option = opt_next(&opt)) != NULL && option != OPT_BAD && option != OPT_HELP) {
        if (opt_is(option, "format"))
            given.json = strcmp(opt.value, "json") == 0;
        else if (opt_is(option, "library"))
            given.library = opt.value;
        else
            given.color = opt.value;
    }
    if (option != NULL)
        return option == OPT_HELP ? EXIT_FINE : EXIT_TROUBLE;
    return report(&given, opt.operands, argv);
}

const struct command cmd_status = {
    .name = "status",
    .operands = "[PID...]",
    .summary = "tell which running processes and services are covered, and why others are not",
    .details =
        "A process is covered when the library is mapped into it and is not switched off there. "
        "Without a PID every process is looked at that may be; root sees all. Processes that are "
        "alike are counted together, by program and systemd unit.\n\n"
        "Why one is not covered is read from the process itself: it is linked statically, written "
        "in Go (which calls the kernel without libc), runs with raised privileges, uses another C "
        "library or machine, was started before its unit or /etc/ld.so.preload named the library, "
        "or its environment was cleared on the way. What may not be read is told as unknown. A "
        "library that was replaced since is told too: the process runs the old one until it is "
        "restarted.\n\n"
        "Inline system calls and io_uring cannot be seen from outside: a covered process may "
        "still connect by them.",
    .options = own_options,
    .examples = examples,
    .exit_status = "0, or 2 when a PID is none, or a process with it does not exist.",
    .run = run_command,
};
