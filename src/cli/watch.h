/* watch.h - follows logs until it is told to end: tells what goes astray, hands it to a command,
 * and counts it for Prometheus. */
#ifndef ASTRAY_CLI_WATCH_H
#define ASTRAY_CLI_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "windows.h"

/* What is told and handed to the command: bits. */
enum watch_kind {
    WATCH_STRAY = 1,
    WATCH_FAILED = 2,
    WATCH_MISCONFIGURED = 4,
    WATCH_UNCOVERED = 8,
};

struct watch_options {
    char *const *paths; /* "-" is standard input */
    size_t path_count;
    const char *state;      /* a directory, or NULL */
    const char *textfile;   /* or NULL */
    const char *command;    /* or NULL */
    uint64_t command_limit; /* microseconds */
    struct windows_rule rule;
    unsigned kinds;
    bool once;
    uint64_t since; /* microseconds since the epoch; 0: only what is new */
    bool json;      /* else text */
    bool color;
};

struct watch_result {
    uint64_t stray; /* attempts that were counted in this run */
};

/* Follows until SIGTERM, SIGINT or SIGHUP, until the end with `once`, or until standard input ends
 * when there is nothing else. Returns 0 or -errno, which was told. */
int watch_run(const struct watch_options *options, struct watch_result *result);

#endif
