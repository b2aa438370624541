/* uncovered.h - programs of a run that the library was not in, as its records tell. */
#ifndef ASTRAY_CLI_UNCOVERED_H
#define ASTRAY_CLI_UNCOVERED_H

#include <stdint.h>
#include <stdio.h>

/* What is over it is counted, not named. */
#define UNCOVERED_MAX 64

struct uncovered_program {
    char *name;   /* without its folders, still escaped as in JSON */
    char *reason; /* likewise */
    uint64_t count;
};

struct uncovered {
    struct uncovered_program items[UNCOVERED_MAX]; /* in the order in which they came up */
    unsigned count;
    uint64_t more;   /* starts of programs that did not fit */
    const char *run; /* the label of the run; NULL for all */
};

/* Begins an empty list for RUN. */
void uncovered_start(struct uncovered *uncovered, const char *run);

/* Adds what the log at PATH tells from byte OFFSET on. Returns 0 or -errno. */
int uncovered_read(struct uncovered *uncovered, const char *path, uint64_t offset);

/* Prints nothing, or up to three paragraphs no wider than WIDTH: what was not covered and why; of
 * what that cannot be known; and which programs loaded plug-ins past the library. */
void uncovered_print(const struct uncovered *uncovered, FILE *stream, unsigned width);

void uncovered_free(struct uncovered *uncovered);

#endif
