/* coverage.h - is a running process under the library, and if not, why?
 *
 * Everything comes from /proc, so processes may come, change and go while they are looked at. */
#ifndef ASTRAY_CLI_COVERAGE_H
#define ASTRAY_CLI_COVERAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include <astray/process.h>
#include <astray/text.h>

#include "library.h"

enum coverage_state { COVERAGE_YES, COVERAGE_NO, COVERAGE_UNKNOWN };

/* A row a finding: its name in JSON, whether the process is covered, and why (not). */
#define COVERAGE_REASONS(X)                                                                        \
    X(LOADED, "loaded", YES, "")                                                                   \
    X(REPLACED, "replaced", YES,                                                                   \
      "by a library that was replaced or removed since; restart it for the new one")               \
    X(ANOTHER, "another-copy", YES, "by another copy of the library")                              \
    X(DISABLED, "disabled", NO, "the library is loaded, and switched off (ASTRAY_DISABLE)")        \
    X(EXCLUDED, "excluded", NO,                                                                    \
      "the library is loaded, and `only` or `skip` leave the program out")                         \
    X(GO, "go", NO, "a Go program: it calls the kernel itself")                                    \
    X(STATIC, "static", NO, "linked statically: nothing can be preloaded")                         \
    X(SECURE, "set-id", NO,                                                                        \
      "runs with raised privileges, so the dynamic loader ignores LD_PRELOAD")                     \
    X(MACHINE, "machine", NO, "is for another machine than the library")                           \
    X(LIBC, "libc", NO, "uses another C library than the library was built for")                   \
    X(NOT_LOADED, "not-loaded", NO,                                                                \
      "LD_PRELOAD names the library, but it is not loaded: is the file there for it?")             \
    X(BEFORE, "started-before", NO, "was started before it was put under the library; restart it") \
    X(CLEARED, "cleared", NO, "its environment was cleared: a process above it has LD_PRELOAD")    \
    X(NOT_ASKED, "not-asked", NO, "nobody preloads the library into it")                           \
    X(UNREADABLE, "unreadable", UNKNOWN, "may not be looked into; root sees more")                 \
    X(NO_PROGRAM, "no-program", UNKNOWN, "runs no program: a kernel thread, or one that has ended")

enum coverage_reason {
#define COVERAGE_ENUM(id, name, state, text) COVERAGE_##id,
    COVERAGE_REASONS(COVERAGE_ENUM)
#undef COVERAGE_ENUM
        COVERAGE_REASON_COUNT
};

struct coverage {
    pid_t pid;
    uid_t uid; /* effective */
    enum coverage_reason reason;
    char name[PROCESS_NAME_SIZE];
    char executable[PATH_MAX]; /* "" when it may not be read */
    char unit[256];            /* of systemd, or "" */
    char library[PATH_MAX];    /* the library that is mapped, or "" */
};

/* What is looked for. */
struct coverage_wanted {
    const struct library *library; /* ours, or NULL when there is none */
    struct stat file;              /* of it */
};

/* Looks at process PID. Returns 0, or -ESRCH when there is no such process (any more). */
int coverage_of(pid_t pid, const struct coverage_wanted *wanted, struct coverage *out);

enum coverage_state coverage_state_of(enum coverage_reason reason);
const char *coverage_name(enum coverage_reason reason);
const char *coverage_text(enum coverage_reason reason);

/* ---- pure parts, for tests ---------------------------------------------- */

/* What one line of /proc/PID/maps tells. False when no file is mapped there. */
struct coverage_mapping {
    unsigned major, minor;
    uint64_t inode;
    struct slice path; /* without " (deleted)" */
    bool deleted;
};
bool coverage_parse_mapping(struct slice line, struct coverage_mapping *out);

/* The value of NAME in an environment (NAME=value, each ended by a NUL), or {NULL, 0}. */
struct slice coverage_variable(struct slice environment, struct slice name);

/* Does this LD_PRELOAD (or ld.so.preload) name the library, by the end of its path? */
bool coverage_names_library(struct slice list);

/* Does UNIT or a drop-in of it below ROOT/etc/systemd/system or ROOT/run/systemd/system name the
 * library in a file that was changed after TIME? A template's files count for its instances. */
bool coverage_unit_asks_since(const char *root, const char *unit, time_t time);

#endif
