/* summary.h - what one run left in a log: the end of `astray run`. */
#ifndef ASTRAY_CLI_SUMMARY_H
#define ASTRAY_CLI_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct summary_request {
    const char *path; /* the log, plain text */
    uint64_t offset;  /* where to begin: its size before the run; a file that is shorter now was
                         replaced, and is read as a whole */
    const char *run;  /* only records whose astray.run is this; NULL for all */
    unsigned top;     /* findings to print at most; the rest is counted */
    unsigned width;   /* columns to use (say_width) */
    bool color;
};

/* Attempts, each counted once however many records tell of it. */
struct summary_result {
    uint64_t stray;  /* destinations that cannot be right */
    uint64_t failed; /* ordinary destinations that failed, those followed by a success left out */
    uint64_t notes;  /* settings that could not be understood */
    uint64_t suppressed; /* attempts over the rate limit, counted and not written */
    uint64_t dropped;    /* records that could not be written */
};

/* Reads the log and prints what it found, most frequent first, two to four lines a finding; nothing
 * at all when there is nothing to tell. STREAM may be NULL: then it only counts. Returns 0, or
 * -errno when the log cannot be read; one that does not exist is an empty one. */
int summary_print_run(const struct summary_request *request, FILE *stream,
                      struct summary_result *result);

#endif
