/* follow.h - the lines that come to logs: files, directories of them, pipes, standard input.
 *
 * A file is followed through renames, copytruncate and re-creation (tail.h); of what was rotated
 * away the rest is taken first, also out of a copy or a compressed one. Files and directories may
 * appear later. inotify(7) wakes us; where it does not work, and at least every second, we look. */
#ifndef ASTRAY_CLI_FOLLOW_H
#define ASTRAY_CLI_FOLLOW_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <astray/text.h>

#include "logfile.h"

/* More files are not followed, which is told; nor are more of one user but root and ourselves: in a
 * directory where all may make files they must not take the place of others. */
#define FOLLOW_FILES_MAX 4096
#define FOLLOW_FILES_OF_USER 1024

struct follow_plan {
    bool once;      /* read what there is, and end */
    uint64_t since; /* 0: new lines only, unless `once`; else what was written since then as well
                       (microseconds since the epoch) */
};

struct follow;

/* READER is borrowed. NULL without memory. */
struct follow *follow_new(const struct follow_plan *plan, const struct logfile_reader *reader);
void follow_free(struct follow *follow);

/* Adds a path to follow; "-" is standard input. It need not exist. Returns 0 or -errno. */
int follow_add(struct follow *follow, const char *path);

/* Takes a line of state (watch_state.h); false when it is none of these, or not understood. Behind
 * follow_add(), before the first step. What is in no state but appeared since is read from its
 * start. */
bool follow_load(struct follow *follow, struct slice line);
void follow_save(const struct follow *follow, FILE *stream);

/* What to wait for with poll(2), at most FOLLOW_POLLS; returns the number. */
#define FOLLOW_POLLS 18
size_t follow_polls(const struct follow *follow, struct pollfd polls[static FOLLOW_POLLS]);

/* Milliseconds until follow_step() should be called in any case. */
int follow_wait(const struct follow *follow);

/* Takes some of the lines that came. True when there are more. */
bool follow_step(struct follow *follow);

/* Has everything been taken that will come: only after `once`, or when all that is followed are
 * streams that ended? */
bool follow_ended(const struct follow *follow);

/* Lines that were too long, and parts of compressed logs that cannot be read. */
const struct logfile_counts *follow_counts(const struct follow *follow);

/* Files that are followed now, rotated ones left out. */
size_t follow_file_count(const struct follow *follow);

#endif
