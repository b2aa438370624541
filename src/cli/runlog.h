/* runlog.h - the log of one run: made ready before it, read behind it. */
#ifndef ASTRAY_CLI_RUNLOG_H
#define ASTRAY_CLI_RUNLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <astray/policy.h>

#include "summary.h"

struct runlog {
    char *pattern;   /* glob(7) over the files of this log; NULL: it is no file */
    uint64_t offset; /* the size before the run, where the pattern is one file */
    uint64_t limit;  /* a file is not grown beyond this */
    time_t since;    /* files that were not touched since are of no interest */
};

/* Where `astray run` logs unless told otherwise, as a setting's value (a % doubled):
 * $XDG_STATE_HOME or ~/.local/state, then astray/run.ndjson. Makes the folders (mode 0700). Owned
 * by the caller; NULL when that fails, which is told on stderr. */
char *runlog_default(void);

/* Tries whether POLICY's log can be written, and remembers where it ends. False when not, which is
 * told on stderr. */
bool runlog_open(struct runlog *log, const struct policy *policy);

/* Prints to stderr what the run RUN left in LOG, unless QUIET, and what may be missing. Writes the
 * sums to *SUM. False when a file cannot be read, which is told on stderr. */
bool runlog_tell(const struct runlog *log, const char *run, bool quiet, struct summary_result *sum);

void runlog_free(struct runlog *log);

#endif
