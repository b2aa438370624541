/* seen.h - remembers the last of many things by their hashes, in a fixed amount of memory. */
#ifndef ASTRAY_CLI_SEEN_H
#define ASTRAY_CLI_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At least so many of the last things are remembered, and at most twice as many. */
#define SEEN_MAX 65536

struct seen {
    uint64_t *young, *old; /* hash tables, owned; 0 is an empty slot */
    size_t count;          /* of the young one */
    size_t limit;
};

/* LIMIT: SEEN_MAX but in tests; a power of two. False without memory: then nothing is
 * remembered. */
bool seen_start(struct seen *seen, size_t limit);
void seen_free(struct seen *seen);

/* Remembers HASH; false when it was remembered already. */
bool seen_add(struct seen *seen, uint64_t hash);

#endif
