#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "library.h"
#include "opt.h"
#include "runlog.h"
#include "say.h"
#include "settings.h"
#include "target.h"

enum { WENT_ASTRAY = 3 };

struct run {
    struct settings settings;
    struct policy policy;
    struct runlog log;
    const char *library;
    char preloaded[PATH_MAX]; /* what LD_PRELOAD is to name */
    bool quiet, verbose, fail_on_stray;
    char **argv; /* the command */
};

static const struct option_row options[] = {
    {.name = "quiet", .letter = 'q', .summary = "say nothing at the end"},
    {.name = "fail-on-stray",
     .summary = "exit with 3 when COMMAND succeeded, but went astray",
     .details = "For CI jobs. A COMMAND that fails keeps its own status."},
    {.name = "library",
     .value = "FILE",
     .summary = "the library to preload",
     .details = "Without it: ASTRAY_LIBRARY, then libastray.so beside the command, in "
                "../lib/astray, and where it was installed."},
    {.name = "verbose",
     .letter = 'v',
     .summary = "first say which library, program and log it will be"},
    {0},
};

static const struct command_example examples[] = {
    {"astray run ./deploy.sh staging", "run a script, then say what in it went astray"},
    {"astray run --mode block -- make check",
     "let connections to impossible addresses fail at once (ENETUNREACH)"},
    {"astray run -q --fail-on-stray --log ci.ndjson ./test.sh",
     "fail a CI job, and keep the records for astray summary"},
    {0},
};

/* Reads the command line: 0 to go on, else the exit status. */
static int read_options(struct run *run, const struct command *command, int argc, char **argv,
                        bool *done)
{
    struct opt opt;
    const struct option_row *option;
    opt_start(&opt, command, argc, argv);
    *done = true;
    while ((option = opt_next(&opt)) != NULL) {
        if (option == OPT_HELP)
            return EXIT_FINE;
        if (option == OPT_BAD)
            return CHILD_OWN_FAILURE;
        if (opt_is(option, "quiet"))
            run->quiet = true;
        else if (opt_is(option, "verbose"))
            run->verbose = true;
        else if (opt_is(option, "fail-on-stray"))
            run->fail_on_stray = true;
        else if (opt_is(option, "library"))
            run->library = opt.value;
        else
            settings_take(&run->settings, option, opt.value);
    }
    if (opt.at >= argc) {
        say_error("run", NULL, "no command is given; see astray run --help");
        return CHILD_OWN_FAILURE;
    }
    run->argv = argv + opt.at;
    *done = false;
    return 0;
}

/* A label that no other run has, so that its records are known among others. */
static void label(struct settings *settings)
{
    char text[64];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(text, sizeof text, "run-%llx-%d",
             (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000,
             (int)getpid());
    settings_set_default(settings, "run", text);
}

static bool prepare_settings(struct run *run)
{
    struct settings *settings = &run->settings;
    if (!settings_read(settings))
        return false;
    if (settings_value(settings, "log") == NULL) {
        char *log = runlog_default();
        if (log == NULL)
            return false;
        settings_set_default(settings, "log", log);
        free(log);
    }
    settings_set_run_defaults(settings);
    label(settings);
    if (!settings_check(settings, &run->policy))
        return false;
    if (run->fail_on_stray && run->policy.log != POLICY_LOG_FILE) {
        say_error("--fail-on-stray", settings_value(settings, "log"),
                  "is a log that cannot be read again; choose a file with --log");
        return false;
    }
    if (run->policy.disabled && !run->quiet)
        say_error("run", NULL, "the library is turned off (disable); nothing will be seen");
    return runlog_open(&run->log, &run->policy);
}

/* 0, or the exit status when the command cannot be run under the library. */
static int check_target(struct run *run, struct library *library)
{
    struct target target;
    char reason[256];
    const char *command = run->argv[0];
    switch (target_find(command, &target)) {
    case TARGET_OK:
        break;
    case TARGET_NOT_FOUND:
        if (*target.program != '\0')
            say_error("run: the interpreter of a script", target.program, "is not there");
        else
            say_error("run", command, "was not found");
        return CHILD_NOT_FOUND;
    case TARGET_NOT_EXECUTABLE:
        say_errno("run", *target.program != '\0' ? target.program : command, target.code);
        return CHILD_NOT_EXECUTABLE;
    case TARGET_UNREADABLE:
        say_error("run", target.program,
                  "cannot be read, so nothing tells whether the library can "
                  "be preloaded into it");
        return CHILD_OWN_FAILURE;
    }
    if (!library_find(run->library, &target.elf, library))
        return CHILD_OWN_FAILURE;
    if (target_refuses(&target, &library->elf, reason, sizeof reason)) {
        say_error("run", target.program, reason);
        return CHILD_OWN_FAILURE;
    }
    library_pattern(library, &target.elf, run->preloaded);
    if (target.elf.go && !run->quiet)
        say_error("run", target.program,
                  "is a Go program: connections that it makes without the C library are not seen");
    return 0;
}

static bool export_all(const struct run *run)
{
    char *preload = library_preload(getenv("LD_PRELOAD"), run->preloaded);
    char *entry = preload == NULL ? NULL : library_entry(preload, run->preloaded);
    /* What the library will look for in the environments of programs that are started. */
    bool good = entry != NULL && setenv("LD_PRELOAD", preload, 1) == 0 &&
                setenv("ASTRAY_COVERAGE", entry, 1) == 0;
    if (good)
        settings_export(&run->settings);
    else
        say_error("run", NULL, "out of memory");
    free(entry);
    free(preload);
    return good;
}

static void tell_plan(const struct run *run)
{
    say_error("library", run->preloaded, "is preloaded");
    say_error("log", settings_value(&run->settings, "log"), "takes the records");
    say_error("label", settings_value(&run->settings, "run"), "marks them");
}

/* What the library could not write is worse than bad news: it is no news. */
static void tell_losses(const struct summary_result *sum)
{
    if (sum->dropped > 0)
        say_note("%llu records could not be written to the log nor to syslog",
                 (unsigned long long)sum->dropped);
}

static int finish(const struct run *run, int status)
{
    struct summary_result sum;
    if (run->quiet && !run->fail_on_stray)
        return status;
    bool good = runlog_tell(&run->log, settings_value(&run->settings, "run"), run->quiet, &sum);
    if (!run->quiet)
        tell_losses(&sum);
    if (!run->fail_on_stray || status != 0)
        return status;
    if (!good)
        return CHILD_OWN_FAILURE;
    return sum.stray > 0 ? WENT_ASTRAY : status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct run run = {0};
    struct library library;
    bool done;
    int status = read_options(&run, command, argc, argv, &done);
    if (!done && (status = check_target(&run, &library)) == 0) {
        status = CHILD_OWN_FAILURE;
        if (prepare_settings(&run) && export_all(&run)) {
            if (run.verbose)
                tell_plan(&run);
            status = finish(&run, child_run(run.argv));
        }
    }
    runlog_free(&run.log);
    settings_free(&run.settings);
    return status;
}

const struct command cmd_run = {
    .name = "run",
    .operands = "[--] COMMAND [ARG...]",
    .summary = "run COMMAND with the library preloaded, then say what went astray",
    .details =
        "COMMAND runs as if it had been started without us: the same terminal, standard input, "
        "process group and exit status; signals that are sent to astray are sent on to it.\n\n"
        "Before anything is started, every setting is checked, those in the environment and in "
        "astray.conf too, and so is COMMAND. A program into which no library can be preloaded is "
        "refused: one that is linked statically, is set-user-ID, has file capabilities, or is for "
        "a machine for which there is no library. Programs that COMMAND starts in turn are covered "
        "where the environment reaches them. The others are named at the end, with the reason: "
        "static, Go (which needs no C library), set-id, cleared environment, another machine or C "
        "library; so are programs that load plug-ins with RTLD_DEEPBIND. What a service manager "
        "starts is not seen at all.\n\n"
        "Of several libraries the one for COMMAND is taken: beside the command, in ../lib/astray, "
        "or "
        "in ../lib/TRIPLET/astray (i386-linux-gnu, x86_64-linux-musl). Where those for both word "
        "sizes of this machine are installed in the folders that glibc calls $LIB, programs of "
        "both "
        "are covered.\n\n"
        "Records go to $XDG_STATE_HOME/astray/run.ndjson, or to ~/.local/state/astray/run.ndjson. "
        "Those of one run share a label (--run), which is made up when none is given. An "
        "LD_PRELOAD that is already there is kept; the library is put before it, but behind the "
        "runtime of a sanitizer.",
    .options = options,
    .more_options = settings_run_option,
    .examples = examples,
    .exit_status =
        "That of COMMAND, or 128+N when signal N ended it. 3 when COMMAND succeeded but went "
        "astray (with --fail-on-stray); 125 when astray itself failed or refused; 126 when COMMAND "
        "was found but cannot be executed; 127 when it was not found.",
    .stop_at_operand = true,
    .run = run_command,
};
