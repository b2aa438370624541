#include "runlog.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"
#include "uncovered.h"

enum { FINDINGS_TOLD = 5 };

/* ---- the place ---------------------------------------------------------- */

/* Makes the folders above PATH that are missing. 0, or -errno. */
static int make_folders(char *path)
{
    for (char *c = path + 1; (c = strchr(c, '/')) != NULL; c++) {
        *c = '\0';
        int code = mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
        /* Above an automounter or a read-only root mkdir(2) may fail where nothing is missing. */
        if (code != 0 && access(path, F_OK) == 0)
            code = 0;
        *c = '/';
        if (code != 0)
            return code;
    }
    return 0;
}

static char *state_path(void)
{
    char *path = NULL;
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    const struct passwd *user;
    int length;
    if (state != NULL && *state == '/') {
        length = asprintf(&path, "%s/astray/run.ndjson", state);
    } else {
        if ((home == NULL || *home != '/') && (user = getpwuid(getuid())) != NULL)
            home = user->pw_dir;
        length = asprintf(&path, "%s/.local/state/astray/run.ndjson",
                          home != NULL && *home == '/' ? home : "/nonexistent");
    }
    return length < 0 ? NULL : path;
}

/* PATH as a setting's value, in which a % stands for something. */
static char *double_percents(const char *path)
{
    char *out = malloc(2 * strlen(path) + 1), *to = out;
    for (; out != NULL && *path != '\0'; path++) {
        if (*path == '%')
            *to++ = '%';
        *to++ = *path;
    }
    if (out != NULL)
        *to = '\0';
    return out;
}

char *runlog_default(void)
{
    char *path = state_path(), *value = NULL;
    int code = path == NULL ? -ENOMEM : make_folders(path);
    if (code == 0 && (value = double_percents(path)) == NULL)
        code = -ENOMEM;
    if (code != 0) {
        char reason[256];
        snprintf(reason, sizeof reason, "%s; --log chooses another", strerror(-code));
        say_error("the folder of the log", path, reason);
    }
    free(path);
    return value;
}

/* The files that TEMPLATE stands for, as a pattern; *SINGLE tells whether that is just one. */
static char *pattern_of(const char *template, bool *single)
{
    size_t size = 2 * strlen(template) + 32 * strlen(template) + 1;
    char *out = malloc(size);
    struct text text;
    if (out == NULL)
        return NULL;
    *single = true;
    text_start(&text, out, size);
    for (const char *c = template; *c != '\0'; c++) {
        if (strchr("*?[\\", *c) != NULL)
            text_char(&text, '\\');
        if (*c != '%' || c[1] == '\0') {
            text_char(&text, *c);
            continue;
        }
        c++;
        if (*c == 'u') {
            text_number(&text, getuid());
        } else if (*c == 'p' || *c == 'e') {
            text_char(&text, '*');
            *single = false;
        } else {
            text_char(&text, *c);
        }
    }
    return text_finish(&text);
}

/* The one path that PATTERN means, when it is a single one. */
static void unescape(char *pattern)
{
    char *to = pattern;
    for (const char *c = pattern; *c != '\0'; c++) {
        if (*c == '\\' && c[1] != '\0')
            c++;
        *to++ = *c;
    }
    *to = '\0';
}

/* The sink's own conditions (sink.h); where they do not hold it falls back to syslog. */
static int try_file(const char *path, uint64_t *size)
{
    struct stat status;
    int descriptor = open(
        path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);
    if (descriptor < 0)
        return -errno;
    int code = fstat(descriptor, &status) != 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
    close(descriptor);
    *size = code == 0 ? (uint64_t)status.st_size : 0;
    return code;
}

bool runlog_open(struct runlog *log, const struct policy *policy)
{
    bool single;
    *log = (struct runlog){.limit = policy->log_limit, .since = time(NULL)};
    if (policy->log != POLICY_LOG_FILE)
        return true;
    log->pattern = pattern_of(policy->log_path, &single);
    char *path = log->pattern == NULL ? NULL : strdup(log->pattern);
    int code = path == NULL ? -ENOMEM : 0;
    if (code == 0 && single) {
        unescape(path);
        code = try_file(path, &log->offset);
    }
    if (code == -EINVAL || code == -ENXIO)
        say_error("the log", path, "is no regular file");
    else if (code == -ELOOP)
        say_error("the log", path, "is a symbolic link, which is not followed");
    else if (code != 0)
        say_errno("the log", path, -code);
    else if (single && log->offset >= log->limit)
        say_error("the log", path, "is at its limit (--log-limit); findings go to syslog");
    free(path);
    return code == 0;
}

/* ---- what it holds ------------------------------------------------------ */

static bool tell_file(const struct runlog *log, const char *path, const char *run, bool quiet,
                      struct summary_result *sum, struct uncovered *uncovered)
{
    struct stat status;
    struct summary_result result = {0};
    struct summary_request request = {
        .path = path,
        .offset = log->offset,
        .run = run,
        .top = FINDINGS_TOLD,
        .width = say_width(stderr),
        .color = say_colored(stderr, "auto"),
    };
    if (stat(path, &status) == 0 && status.st_mtime < log->since)
        return true;
    int code = summary_print_run(&request, quiet ? NULL : stderr, &result);
    if (code != 0) {
        say_errno("the log", path, -code);
        return false;
    }
    if (!quiet)
        uncovered_read(uncovered, path, log->offset);
    sum->stray += result.stray;
    sum->failed += result.failed;
    sum->notes += result.notes;
    sum->suppressed += result.suppressed;
    sum->dropped += result.dropped;
    if (stat(path, &status) == 0 && (uint64_t)status.st_size >= log->limit && !quiet)
        say_error("the log", path,
                  "has reached its limit (--log-limit); what came later went to "
                  "syslog");
    return true;
}

bool runlog_tell(const struct runlog *log, const char *run, bool quiet, struct summary_result *sum)
{
    glob_t matches;
    bool good = true;
    struct uncovered uncovered;
    *sum = (struct summary_result){0};
    if (log->pattern == NULL || glob(log->pattern, 0, NULL, &matches) != 0)
        return true;
    uncovered_start(&uncovered, run);
    for (size_t i = 0; i < matches.gl_pathc; i++)
        good = tell_file(log, matches.gl_pathv[i], run, quiet, sum, &uncovered) && good;
    uncovered_print(&uncovered, stderr, say_width(stderr));
    uncovered_free(&uncovered);
    globfree(&matches);
    return good;
}

void runlog_free(struct runlog *log)
{
    free(log->pattern);
    *log = (struct runlog){0};
}
