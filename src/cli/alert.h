/* alert.h - one thing that `astray watch` tells: a record, or what is to be said of several. */
#ifndef ASTRAY_CLI_ALERT_H
#define ASTRAY_CLI_ALERT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <astray/text.h>

#include "groups.h"
#include "sight.h"

enum alert_reason {
    ALERT_RECORD,    /* one record */
    ALERT_THRESHOLD, /* so many within a time */
    ALERT_REPEATED,  /* so many more since it was told */
    ALERT_REASONS
};

struct alert {
    enum alert_reason reason;
    struct group group; /* texts (borrowed), kind, folded, varies, first, last, and how many there
                           were in attempts */
    struct slice executable; /* raw */
    struct slice line;       /* the record; empty but for ALERT_RECORD */
    uint64_t span; /* microseconds: of the threshold, or what was waited for repetitions */
};

/* What stands for SIGHT, whose texts have been read and are borrowed. */
void alert_of_sight(struct alert *alert, const struct sight *sight);

/* The names of the kinds: "stray", "failed", "misconfigured", and "uncovered" for what the library
 * could not see. */
const char *alert_kind_name(const struct alert *alert);

/* One line for people, with its newline, printable. */
void alert_write_text(const struct alert *alert, FILE *stream, bool color);

/* One line of JSON with its newline: the record as it is in the log, or an object like a record
 * with event.kind "alert", which counts as no attempt. Nothing in it that a terminal would obey. */
void alert_write_json(const struct alert *alert, FILE *stream);

/* The same, an object at most ALERT_JSON_MAX bytes long: a record that is longer is told by an
 * object of ours. */
#define ALERT_JSON_MAX 32768
void alert_write_json_short(const struct alert *alert, FILE *stream);

/* What it is, as lines NAME=value, printable; the manual page of `astray watch` tells the names. */
void alert_write_environment(const struct alert *alert, FILE *stream);

#endif
