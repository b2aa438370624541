#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "opt.h"
#include "say.h"

static const struct option_row options[] = {
    {.name = "type",
     .value = "TYPE",
     .choices = "env|shell|nginx|compose|dockerfile|systemd|k8s|yaml|json|hosts|crontab|"
                "crontab-system|curlrc|wgetrc|pairs",
     .summary = "read every PATH as this",
     .details = "Without it the name decides, then the shebang and the first lines. Needed for - "
                "(standard input). pairs is anything with key = value or key: \"value\" on one "
                "line: ini, properties, toml, JavaScript."},
    {.name = "env",
     .summary = "check the current environment, and take its values for variables",
     .details = "A variable that a script uses and that is not in the environment, or is empty or "
                "0, becomes an error."},
    {.name = "pid",
     .value = "PID",
     .summary = "check the environment and the arguments of a running process",
     .details = NULL},
    {.name = "system",
     .summary = "check the whole host: cron, units, profiles, /etc/default, nginx, processes",
     .details = "Reads crontabs, systemd units, /etc/profile.d, /etc/default, /etc/init.d, "
                "/usr/local, nginx, apt, curl and wget settings and the hosts file, and the "
                "environment and arguments of every process that may be read."},
    {.name = "with-env",
     .value = "FILE",
     .summary = "take values for variables from an env file",
     .details = "A variable that FILE has empty or as 0 is an error, one that it lacks a warning. "
                "May be given more than once; the last value wins."},
    {.name = "format",
     .value = "FORMAT",
     .choices = "text|json|sarif|github|gcc",
     .initial = "text",
     .summary = "how to write the findings",
     .details = "gcc is PATH:LINE:COLUMN: LEVEL: MESSAGE [RULE], for editors. github is workflow "
                "commands, sarif is SARIF 2.1.0 with fingerprints that survive moved lines."},
    OPT_COLOR,
    {.name = "fail-on",
     .value = "LEVEL",
     .choices = "error|warning|note",
     .initial = "warning",
     .summary = "the least level that makes the exit status 1"},
    {.name = "enable", .value = "RULE", .summary = "look for this rule too (see --explain all)"},
    {.name = "disable", .value = "RULE", .summary = "leave this rule out"},
    {.name = "allow",
     .value = "LIST",
     .summary = "addresses and prefixes that are fine here, as ASTRAY_ALLOW takes them"},
    {.name = "classes",
     .value = "LIST",
     .summary = "which classes are stray, as ASTRAY_CLASSES takes them"},
    {.name = "baseline",
     .value = "FILE",
     .summary = "leave out the findings that FILE knows",
     .details = "Findings are known by path, rule and the text of their line, not by its number."},
    {.name = "write-baseline",
     .summary = "write all findings to the file of --baseline, and exit with 0"},
    {.name = "no-ignore", .summary = "check what .gitignore names, too"},
    {.name = "explain",
     .value = "RULE",
     .choices = NULL,
     .summary = "say why a rule is there and how to write it right; all lists them"},
    {.name = "quiet", .letter = 'q', .summary = "no closing line on stderr"},
    {0},
};

/* A call under way. */
struct check {
    struct check_settings settings;
    const struct check_format *format;
    struct check_report report;
    struct check_baseline baseline;
    struct expand_values given;
    const char *baseline_path;
    FILE *baseline_file; /* while one is written */
    bool write_baseline;
    bool env, system, quiet;
    int *pids;
    size_t pid_count;
    size_t counts[RULE_ERROR + 1];
    size_t files, known, left_out;
    bool failed; /* something that was asked for could not be done */
    bool asked;  /* for something else than files */
};

static void on_unreadable(struct check *check, const struct check_result *result)
{
    struct check_finding finding = {.rule = RULE_UNREADABLE,
                                    .level = rules[RULE_UNREADABLE].level,
                                    .line = 1,
                                    .column = 1,
                                    .message = strerror(result->error),
                                    .source = (char *)"",
                                    .name = (char *)""};
    if (result->error == ENOENT || !check->settings.judge.enabled[RULE_UNREADABLE])
        return; /* it vanished in the meantime */
    if (check->baseline_file != NULL)
        return;
    check->format->finding(&check->report, result, &finding);
    check->report.findings++;
    check->counts[finding.level]++;
}

static void on_result(void *context, struct check_result *result)
{
    struct check *check = context;
    check->files += result->checked;
    check->left_out += result->left_out;
    if (result->error != 0)
        on_unreadable(check, result);
    if (check->baseline_file != NULL) {
        check_baseline_write(check->baseline_file, result);
        check->known += result->count;
        return;
    }
    for (size_t i = 0; i < result->count; i++) {
        const struct check_finding *finding = &result->findings[i];
        if (check_baseline_has(&check->baseline, finding->fingerprint)) {
            check->known++;
            continue;
        }
        check->format->finding(&check->report, result, finding);
        check->report.findings++;
        check->counts[finding->level]++;
    }
}

/* ---- options ----------------------------------------------------------------------- */

static bool set_rule(struct check *check, const char *slug, bool enabled)
{
    enum rule_id rule = rules_named(slice_of(slug));
    if (rule == RULE_COUNT) {
        say_error("no such rule", slug, "see astray check --explain all");
        return false;
    }
    check->settings.judge.enabled[rule] = enabled;
    return true;
}

static bool set_policy(struct check *check, const char *key, const char *value)
{
    struct policy_problem problem;
    if (policy_set(&check->settings.judge.policy, slice_of(key), slice_of(value), &problem))
        return true;
    say_error(key, value, problem.reason);
    return false;
}

/* Values from an env file: the last one wins. */
static bool read_values(struct check *check, const char *path)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        say_errno("cannot read values", path, errno);
        return false;
    }
    while ((length = getline(&line, &size, file)) >= 0) {
        struct slice text = slice_trim((struct slice){.data = line, .length = (size_t)length});
        if (slice_starts_with(text, SLICE("export ")))
            text = slice_trim(slice_from(text, 7));
        size_t equals = slice_find(text, '=');
        struct slice name = slice_trim((struct slice){.data = text.data, .length = equals});
        if (equals == text.length || scan_name_length(name) != name.length || name.length == 0)
            continue;
        struct slice value = slice_trim(slice_from(text, equals + 1));
        if (value.length > 1 && (value.data[0] == '"' || value.data[0] == '\'') &&
            value.data[value.length - 1] == value.data[0])
            value = (struct slice){.data = value.data + 1, .length = value.length - 2};
        expand_replace(&check->given, name, value.length == 0 ? SLICE("") : value);
    }
    free(line);
    fclose(file);
    check->given.source = path;
    check->settings.judge.given = &check->given;
    return true;
}

static void take_environment(struct check *check)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        struct slice text = slice_of(*entry);
        size_t equals = slice_find(text, '=');
        if (equals > 0 && equals < text.length)
            expand_replace(&check->given, (struct slice){.data = text.data, .length = equals},
                           slice_from(text, equals + 1));
    }
    check->env = true;
    check->given.complete = true;
    check->given.source = "the environment";
    check->settings.judge.given = &check->given;
}

static bool add_pid(struct check *check, const char *value)
{
    uint64_t pid;
    if (!slice_number(slice_of(value), INT32_MAX, &pid) || pid == 0) {
        say_error("no process", value, "is not a process number");
        return false;
    }
    check->pids = buffer_resize(check->pids, (check->pid_count + 1) * sizeof *check->pids);
    check->pids[check->pid_count++] = (int)pid;
    return true;
}

static bool set_fail_on(struct check *check, const char *value)
{
    for (int level = RULE_NOTE; level <= RULE_ERROR; level++)
        if (strcmp(value, rules_level_name((enum rule_level)level)) == 0)
            check->settings.fail_on = (enum rule_level)level;
    return true;
}

static int explain(const char *slug)
{
    enum rule_id rule = rules_named(slice_of(slug));
    if (strcmp(slug, "all") == 0) {
        for (int id = 0; id < RULE_COUNT; id++)
            printf("%-20s %-8s %s%s\n", rules[id].slug, rules_level_name(rules[id].level),
                   rules[id].summary, rules[id].opt_in ? " (only with --enable)" : "");
        return EXIT_FINE;
    }
    if (rule == RULE_COUNT) {
        say_error("no such rule", slug, "see astray check --explain all");
        return EXIT_TROUBLE;
    }
    check_report_explain(stdout, &rules[rule]);
    return EXIT_FINE;
}

static bool set_option(struct check *check, const struct option_row *row, const char *value,
                       const char **color)
{
    if (opt_is(row, "type"))
        check->settings.type = scan_type_named(slice_of(value));
    else if (opt_is(row, "env"))
        take_environment(check);
    else if (opt_is(row, "pid"))
        return add_pid(check, value);
    else if (opt_is(row, "system"))
        check->system = true;
    else if (opt_is(row, "with-env"))
        return read_values(check, value);
    else if (opt_is(row, "format"))
        check->format = check_format_named(value);
    else if (opt_is(row, "color"))
        *color = value;
    else if (opt_is(row, "fail-on"))
        return set_fail_on(check, value);
    else if (opt_is(row, "enable") || opt_is(row, "disable"))
        return set_rule(check, value, opt_is(row, "enable"));
    else if (opt_is(row, "allow") || opt_is(row, "classes"))
        return set_policy(check, row->name, value);
    else if (opt_is(row, "baseline"))
        check->baseline_path = value;
    else if (opt_is(row, "write-baseline"))
        check->write_baseline = true;
    else if (opt_is(row, "no-ignore"))
        check->settings.no_ignore = true;
    else if (opt_is(row, "quiet"))
        check->quiet = true;
    return true;
}

/* ---- work ------------------------------------------------------------------------------ */

static const char *const system_paths[] = {
    "/etc/crontab",
    "/etc/cron.d",
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
    "/var/spool/cron",
    "/etc/systemd",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/usr/local",
    "/etc/profile",
    "/etc/profile.d",
    "/etc/default",
    "/etc/sysconfig",
    "/etc/environment",
    "/etc/init.d",
    "/etc/rc.local",
    "/etc/nginx",
    "/etc/hosts",
    "/etc/curlrc",
    "/root/.curlrc",
    "/etc/wgetrc",
    "/root/.wgetrc",
    "/etc/apt",
    "/etc/bash.bashrc",
    "/root/.bashrc",
    "/root/.profile",
};

static void check_input(struct check *check)
{
    struct check_result result;
    if (check->settings.type == NULL) {
        say_error("cannot check", "-", "standard input needs --type");
        check->failed = true;
        return;
    }
    check_descriptor(&check->settings, STDIN_FILENO, "-", check->settings.type, &result);
    on_result(check, &result);
    check_result_free(&result);
}

static void check_paths(struct check *check, char **paths, int count)
{
    struct check_walk *walk = check_walk_new(&check->settings, on_result, check);
    size_t files;
    for (int i = 0; i < count; i++) {
        if (strcmp(paths[i], "-") == 0) {
            check_input(check);
            continue;
        }
        int error = check_walk_path(walk, paths[i]);
        if (error != 0) {
            say_errno("cannot check", paths[i], -error);
            check->failed = true;
        }
    }
    for (size_t i = 0; check->system && i < sizeof system_paths / sizeof *system_paths; i++)
        check_walk_optional(walk, system_paths[i]);
    size_t ignored = check_walk_end(walk, &files);
    if (ignored > 0 && !check->quiet)
        say_note("%zu file%s that .gitignore names %s not checked (--no-ignore does)", ignored,
                 ignored == 1 ? "" : "s", ignored == 1 ? "was" : "were");
}

static void check_everything(struct check *check, char **paths, int count)
{
    bool live = check->env || check->pid_count > 0 || check->system;
    static char here[] = ".";
    char *fallback[] = {here};
    if (check->env)
        check_own_environment(&check->settings, on_result, check);
    for (size_t i = 0; i < check->pid_count; i++) {
        int error = check_process(&check->settings, check->pids[i], on_result, check);
        if (error != 0) {
            char digits[16];
            snprintf(digits, sizeof digits, "%d", check->pids[i]);
            say_errno("cannot check process", digits, -error);
            check->failed = true;
        }
    }
    if (count == 0 && !live)
        check_paths(check, fallback, 1);
    else if (count > 0 || check->system)
        check_paths(check, paths, count);
    if (check->system)
        check_processes(&check->settings, on_result, check);
}

static bool open_baseline(struct check *check)
{
    if (check->baseline_path == NULL) {
        if (check->write_baseline)
            say_error("cannot write a baseline", NULL, "--baseline FILE says where");
        return !check->write_baseline;
    }
    if (!check->write_baseline) {
        int error = check_baseline_read(&check->baseline, check->baseline_path);
        if (error == -EINVAL)
            say_error("cannot read the baseline", check->baseline_path, "is none");
        else if (error != 0)
            say_errno("cannot read the baseline", check->baseline_path, -error);
        return error == 0;
    }
    check->baseline_file = fopen(check->baseline_path, "we");
    if (check->baseline_file == NULL) {
        say_errno("cannot write the baseline", check->baseline_path, errno);
        return false;
    }
    fputs(check_baseline_head, check->baseline_file);
    return true;
}

static void close_baseline(struct check *check)
{
    if (check->baseline_file == NULL)
        return;
    if (fclose(check->baseline_file) != 0) {
        say_errno("cannot write the baseline", check->baseline_path, errno);
        check->failed = true;
    } else if (!check->quiet) {
        say_note("%zu finding%s written to the baseline", check->known,
                 check->known == 1 ? "" : "s");
    }
}

static void say_counts(const struct check *check)
{
    const size_t *counts = check->counts;
    if (check->quiet)
        return;
    if (check->left_out > 0)
        say_note("%zu more findings were left out: a file shows at most %d", check->left_out,
                 CHECK_FINDINGS_MAX);
    say_note("%zu error%s, %zu warning%s, %zu note%s; %zu file%s checked%s", counts[RULE_ERROR],
             counts[RULE_ERROR] == 1 ? "" : "s", counts[RULE_WARNING],
             counts[RULE_WARNING] == 1 ? "" : "s", counts[RULE_NOTE],
             counts[RULE_NOTE] == 1 ? "" : "s", check->files, check->files == 1 ? "" : "s",
             check->known > 0 ? "; the baseline's findings are left out" : "");
}

static int status_of(const struct check *check)
{
    if (check->failed)
        return EXIT_TROUBLE;
    for (int level = (int)check->settings.fail_on; level <= RULE_ERROR; level++)
        if (check->counts[level] > 0)
            return EXIT_FINDINGS;
    return EXIT_FINE;
}

static int check_all(struct check *check, char **paths, int count, const char *color)
{
    check->report = (struct check_report){.out = stdout, .color = say_colored(stdout, color)};
    if (!open_baseline(check))
        return EXIT_TROUBLE;
    if (check->baseline_file == NULL)
        check->format->begin(&check->report);
    check_everything(check, paths, count);
    if (check->baseline_file == NULL)
        check->format->end(&check->report);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        say_errno("cannot write", "standard output", errno);
        check->failed = true;
    }
    if (check->baseline_file == NULL)
        say_counts(check);
    close_baseline(check);
    return status_of(check);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct check check = {.settings.fail_on = RULE_WARNING, .format = check_formats};
    const char *color = "auto";
    struct opt opt;
    const struct option_row *row;
    int status = EXIT_TROUBLE;
    policy_start(&check.settings.judge.policy);
    for (int id = 0; id < RULE_COUNT; id++)
        check.settings.judge.enabled[id] = !rules[id].opt_in;
    opt_start(&opt, command, argc, argv);
    while ((row = opt_next(&opt)) != NULL) {
        if (row == OPT_HELP || (row != OPT_BAD && opt_is(row, "explain"))) {
            status = row == OPT_HELP ? EXIT_FINE : explain(opt.value);
            goto out;
        }
        if (row == OPT_BAD || !set_option(&check, row, opt.value, &color))
            goto out;
    }
    status = check_all(&check, argv, opt.operands, color);
out:
    check_baseline_free(&check.baseline);
    expand_free(&check.given);
    free(check.pids);
    return status;
}

static const struct command_example examples[] = {
    {"astray check", "everything below this directory that has a type we know"},
    {"astray check deploy.sh --with-env prod.env", "a script, with the values it will run with"},
    {"astray check --env", "the environment of this shell"},
    {"astray check --system", "a whole host, its running processes too"},
    {"docker compose config | astray check --type compose -", "a file as Compose has expanded it"},
    {"astray check --format sarif . > astray.sarif", "for a code scanning service"},
    {"astray check --baseline .astray-baseline --write-baseline .",
     "accept what is there; only what is new will fail"},
    {"astray check --explain unset-variable", "why, what happens, and how to write it right"},
    {0},
};

const struct command cmd_check = {
    .name = "check",
    .operands = "[PATH...]",
    .summary = "find addresses that will go astray, before they are deployed",
    .details =
        "Reads env files, shell scripts, crontabs, nginx (with its includes), Compose, "
        "Dockerfiles, "
        "systemd units, Kubernetes manifests and other YAML, curlrc, wgetrc, hosts files and "
        "key = value files, and reports destinations that cannot be right: 0.0.0.0 where a client "
        "connects, an empty host, port 0, a variable that nothing sets, a placeholder that nothing "
        "replaces. An address to bind, a network, an access list or a version is not reported: "
        "what "
        "a place is for is decided by the directive, option or name it stands at. Where that is "
        "not "
        "known, there is a note at the most.\n\n"
        "Directories are walked; what .gitignore names, binary files, .git and the targets of "
        "symbolic links to directories are passed over. Without PATH, and without --env, --pid and "
        "--system, the current directory is checked. Data files (YAML, JSON) of more than 4 MiB "
        "are "
        "passed over in a walk.\n\n"
        "A comment silences a rule on its own line, or, alone on a line, on the statement that "
        "follows:\n\n"
        "    # astray: ignore=documentation -- the lab routes 192.0.2.0/24\n\n"
        "The reason is required; a comment that silences nothing is reported.",
    .options = options,
    .examples = examples,
    .exit_status =
        "0 nothing at or above the level of --fail-on was found; 1 something was; 2 usage, "
        "or a PATH, process or file of values could not be read.",
    .run = run,
};
