/* phrase.h - what a group means, in words.
 *
 * Everything is written printable (say.h), without a newline. */
#ifndef ASTRAY_CLI_PHRASE_H
#define ASTRAY_CLI_PHRASE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <astray/text.h>

#include "groups.h"

/* The text behind the raw JSON string RAW. */
void phrase_raw(FILE *stream, struct slice raw);

/* "1,234" */
void phrase_count(FILE *stream, uint64_t count);

/* "2 connections" or "1 connection", by ONE and MANY. */
void phrase_counted(FILE *stream, uint64_t count, const char *one, const char *many);

/* What COUNT attempts or settings of KIND are: "connections went astray". */
const char *phrase_kind(enum group_kind kind, uint64_t count);

/* All of KIND: "2,998 connections went astray". */
void phrase_total(FILE *stream, const struct groups *groups, enum group_kind kind);

/* "2026-09-21 08:14:02"; without the day when SAME_DAY. */
void phrase_time(FILE *stream, uint64_t time, bool same_day);

/* `0.0.0.0:80 (written "0")`, `name:80 (0.0.0.0)` */
void phrase_destination(FILE *stream, const struct group *group);

/* The destination and its class; where GROUPS were grouped by something else, that. */
void phrase_title(FILE *stream, const struct groups *groups, const struct group *group);

/* `curl in deploy.sh`; with PLACE also ", ingest.service on web-10". */
void phrase_who(FILE *stream, const struct group *group, bool place);

/* "2,998 connection refused, 120 unknown, 2 connected"; a single kind without its number when
 * BARE. */
void phrase_outcomes(FILE *stream, const struct group *group, bool bare);

/* "from API_ADDR, set in deploy.sh[4710]"; false, and nothing, when nothing is known. */
bool phrase_origin(FILE *stream, const struct group *group);

/* "nobody listens on port 80", "only [::1]:80 listens there"; false when nothing is known. */
bool phrase_listeners(FILE *stream, const struct group *group);

/* What to do about it, one sentence without full stop. */
void phrase_fix(FILE *stream, const struct group *group);

/* Prints TEXT broken between words: no line is longer than WIDTH, the first begins at column
 * COLUMN, those behind it with INDENT blanks. Ends with a newline. TEXT must be printable. */
void phrase_wrap(FILE *stream, const char *text, unsigned column, unsigned indent, unsigned width);

/* The columns that printable UTF-8 takes, each character counted as one. */
unsigned phrase_columns(struct slice text);

#endif
