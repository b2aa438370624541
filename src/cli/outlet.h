/* outlet.h - standard output for who must not wait for its reader for ever. */
#ifndef ASTRAY_CLI_OUTLET_H
#define ASTRAY_CLI_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct outlet {
    int descriptor;
    FILE *stream; /* write here; nothing leaves before outlet_flush() */
    char *text;
    size_t length;
};

/* Is asked while the reader keeps us waiting, at least every second; false gives up. */
typedef bool outlet_patience(void *context);

/* False without memory. */
bool outlet_start(struct outlet *outlet, int descriptor);

/* Is there so much that it should go? */
bool outlet_is_full(struct outlet *outlet);

/* Writes what is there. Returns 0, -errno, or -EINTR when PATIENCE gave up; the rest is lost
 * then. */
int outlet_flush(struct outlet *outlet, outlet_patience *patience, void *context);

void outlet_free(struct outlet *outlet);

#endif
