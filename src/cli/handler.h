/* handler.h - hands alerts to a command of the user's, one at a time.
 *
 * The command is run by /bin/sh -c, and comes from the command line alone: what logs say reaches
 * it as JSON on standard input and in variables, never as text of the shell. It runs in a
 * process group of its own, which is ended when it takes too long; its standard output is our
 * standard error. The library stays silent in it (ASTRAY_DISABLE=1), so that a command that goes
 * astray itself does not call for the next. */
#ifndef ASTRAY_CLI_HANDLER_H
#define ASTRAY_CLI_HANDLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <astray/text.h>

#include "alert.h"

#define HANDLER_QUEUE 256

struct handler_item {
    char *json;        /* owned, as the texts below */
    char *environment; /* lines NAME=value */
};

struct handler {
    const char *command; /* NULL: there is none, and nothing is queued */
    uint64_t limit;      /* microseconds a command may take */
    struct handler_item queue[HANDLER_QUEUE];
    size_t first, count;      /* a ring; the first is the one that runs */
    pid_t child;              /* 0: none runs */
    bool stopping;            /* no other is started */
    uint64_t began, ended_at; /* when it began, and when it was told to end (CLOCK_MONOTONIC) */
    uint64_t handed, failed, lost; /* counted since the start of the state */
    uint64_t told_lost;            /* of these, told on stderr */
};

void handler_start(struct handler *handler, const char *command, uint64_t limit);

/* Queues ALERT; when the queue is full it is counted as lost. */
void handler_add(struct handler *handler, const struct alert *alert);

/* Reaps, ends what took too long, and starts the next. Call it at SIGCHLD and when handler_wait()
 * is over. */
void handler_step(struct handler *handler);

/* Milliseconds until handler_step() has something to do without a signal; -1: nothing. */
int handler_wait(const struct handler *handler);

/* Ends what runs; what is queued, that included, stays for the state. */
void handler_stop(struct handler *handler);

/* Writes lines of state (watch_state.h): what is queued, and what was counted. */
void handler_save(const struct handler *handler, FILE *stream);

/* Takes a line of state; false when it is none of these, or not understood. */
bool handler_load(struct handler *handler, struct slice line);

void handler_free(struct handler *handler);

#endif
