/* groups.h - records counted by what they have in common.
 *
 * Attempts are records with "start" or "denied", outcomes those with "end"; the difference is
 * unknown. Texts are kept as they stand in the line: raw JSON strings, still escaped. */
#ifndef ASTRAY_CLI_GROUPS_H
#define ASTRAY_CLI_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/record.h>
#include <astray/text.h>

#include "histogram.h"
#include "sight.h"

/* With more groups than this, what comes later is folded into one group of its kind. */
#define GROUPS_MAX 100000

/* What records are grouped by: a row a name of --by. */
struct group_by {
    const char *name;
    uint32_t texts; /* a bit (1 << enum group_text) for each text that must agree */
};

extern const struct group_by group_bys[]; /* the first is the default; ended by a NULL name */

/* Errors by name, the rest under `other`. */
#define GROUP_ERRORS 6
struct group_error {
    char name[24]; /* "ECONNREFUSED" */
    uint64_t count;
};

struct group {
    enum group_kind kind;
    bool folded;     /* what was too much to be told apart */
    uint32_t varies; /* bits of the texts that differ within the group */
    struct slice texts[GROUP_TEXTS];
    uint64_t attempts, outcomes;
    uint64_t settled; /* by outcome: attempts counted as unknown whose outcome came later; of
                         failures: those followed by a success to the same name */
    uint64_t succeeded, failed;
    uint64_t rewritten, blocked; /* attempts */
    uint64_t ambiguous;          /* records that name several names for the address */
    uint64_t fast_open;          /* outcomes that TCP fast open had promised before */
    uint64_t first, last;        /* microseconds since the epoch; 0 when there was no time */
    struct group_error errors[GROUP_ERRORS];
    uint64_t other_errors;
    bool listeners_known;
    struct slice listeners; /* the raw list of who listens, as last seen; owned, as the texts */
    struct histogram times;
    uint64_t hash;
};

/* Which records count. */
struct group_filter {
    uint64_t since, until; /* microseconds since the epoch; since <= time < until */
    const char *run;       /* a label, or NULL for all */
};

/* Everything that was counted. */
struct groups {
    const struct group_by *by;
    struct group_filter filter;
    uint64_t seed;
    size_t limit;
    struct group **all; /* in the order in which they came up */
    size_t count, room;
    uint32_t *slots; /* a hash table of indices + 1 */
    size_t slot_count;
    struct group *folded[GROUP_KINDS]; /* NULL while there is none */
    uint64_t records, foreign, cut_off, filtered;
    uint64_t suppressed, dropped;
    uint64_t totals[GROUP_KINDS]; /* attempts; filled by groups_finish() */
    uint64_t first, last;
    bool out_of_memory;
};

/* LIMIT: groups to keep, GROUPS_MAX but in tests. */
void groups_start(struct groups *groups, const struct group_by *by,
                  const struct group_filter *filter, size_t limit);

/* The same as OTHER was started, so that both can be merged. */
void groups_start_alike(struct groups *groups, const struct groups *other);
void groups_free(struct groups *groups);

/* Counts one line of a log; a logfile_take. */
void groups_take(void *groups, struct slice line, bool complete);

/* Adds what OTHER has counted, which was started alike, and frees it. */
void groups_merge(struct groups *groups, struct groups *other);

/* Sorts: by kind, then the most frequent first, what is folded last in its kind; equals by their
 * texts. No more lines may be taken. */
void groups_finish(struct groups *groups);

/* Attempts, or outcomes where their attempts are not in the log. */
uint64_t group_count(const struct group *group);

/* Attempts that were not blocked and whose outcome is not in the log. */
uint64_t group_unknown(const struct group *group);

#endif
