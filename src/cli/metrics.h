/* metrics.h - records counted for Prometheus, in a fixed amount of memory.
 *
 * Attempts are counted by their start, outcomes are not counted again. Labels come from closed
 * sets, whatever a log says: the classes, the actions, the names of errors, and at most
 * METRICS_UNITS units; the rest is "other". */
#ifndef ASTRAY_CLI_METRICS_H
#define ASTRAY_CLI_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <astray/addr.h>
#include <astray/text.h>

#include "sight.h"

#define METRICS_UNITS 50
#define METRICS_UNIT_SIZE 128
#define METRICS_CLASSES (ADDR_CLASS_COUNT + 1)     /* the last is "other" */
#define METRICS_ACTIONS 4                          /* likewise */
#define METRICS_ERRORS 26                          /* likewise */
#define METRICS_UNIT_SLOTS (1 + METRICS_UNITS + 1) /* none, the units, "other" */

/* Counters without labels. */
enum metrics_total {
    METRICS_SUPPRESSED,
    METRICS_DROPPED,
    METRICS_MISCONFIGURED,
    METRICS_UNCOVERED,
    METRICS_UNREADABLE,
    METRICS_REPEATED,
    METRICS_TOTALS
};

struct metrics {
    uint64_t connections[METRICS_UNIT_SLOTS][METRICS_ACTIONS][METRICS_CLASSES];
    uint64_t failures[METRICS_UNIT_SLOTS][METRICS_ERRORS];
    uint64_t totals[METRICS_TOTALS];
    uint64_t last; /* time of the newest record, microseconds since the epoch */
    size_t unit_count;
    char units[METRICS_UNITS][METRICS_UNIT_SIZE];
};

/* Counts a record whose texts have been read. NOW: no record is newer (microseconds). */
void metrics_take(struct metrics *metrics, const struct sight *sight, uint64_t now);

/* Writes them in the text format (version 0.0.4). Every class and action is there from the
 * start, so that a first one is an increase. */
void metrics_write(const struct metrics *metrics, FILE *stream);

/* Writes one metric without labels. TYPE is "counter" or "gauge". */
void metrics_write_one(FILE *stream, const char *name, const char *type, const char *help,
                       uint64_t value);

/* Writes lines of state (watch_state.h). */
void metrics_save(const struct metrics *metrics, FILE *stream);

/* Takes a line of state; false when it is none of these, or not understood. */
bool metrics_load(struct metrics *metrics, struct slice line);

#endif
