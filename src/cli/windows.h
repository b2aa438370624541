/* windows.h - what is told of records that are alike: the first, or the one that reaches a
 * threshold; what follows is counted for a while and told at its end.
 *
 * Records are alike when class, executable and destination are. Memory is bounded: there are at
 * most so many windows, with texts of a bounded length; when there are more, what comes is put
 * together into one window of its kind. */
#ifndef ASTRAY_CLI_WINDOWS_H
#define ASTRAY_CLI_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <astray/text.h>

#include "alert.h"
#include "sight.h"
#include "threshold.h"

#define WINDOWS_MAX 20000

/* Longer texts are cut; in raw bytes. */
#define WINDOWS_TEXT_MAX 96

struct windows_rule {
    struct threshold_rule threshold; /* count 0: the first is told */
    uint64_t dedup;                  /* microseconds; 0: everything is told */
};

/* Is called with what is to be told, which holds during the call. */
typedef void windows_tell(void *context, const struct alert *alert);

struct windows {
    struct windows_rule rule;
    windows_tell *tell;
    void *context;
    uint64_t seed;
    size_t limit;
    struct window **all; /* owned */
    size_t count, room;
    uint32_t *slots; /* a hash table of indices + 1 */
    size_t slot_count;
    struct window *folded[GROUP_KINDS]; /* NULL while there is none */
    uint64_t folded_records;            /* records that were put together */
    bool same_rule;                     /* the threshold is that of the state that was loaded */
    uint64_t swept;                     /* when idle windows were last looked for */
};

/* LIMIT: WINDOWS_MAX but in tests. SEED: nobody outside knows it. Set `tell` and `context` before
 * anything is taken. */
void windows_start(struct windows *windows, const struct windows_rule *rule, size_t limit,
                   uint64_t seed);
void windows_free(struct windows *windows);

/* Takes a record, whose texts have been read; LINE is all of it, TIME is when it counts as seen. */
void windows_take(struct windows *windows, const struct sight *sight, struct slice line,
                  uint64_t time);

/* Closes the windows that end by NOW, and tells what was repeated in them. Returns when the next
 * one ends, UINT64_MAX when none is open. */
uint64_t windows_expire(struct windows *windows, uint64_t now);

/* Writes lines of state (watch_state.h): what is open, owed or counted. */
void windows_save(const struct windows *windows, FILE *stream);

/* Takes a line of state; false when it is none of these, or not understood. */
bool windows_load(struct windows *windows, struct slice line);

#endif
