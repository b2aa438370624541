/* pool.h - texts kept once each, and known by their number. */
#ifndef ASTRAY_CLI_POOL_H
#define ASTRAY_CLI_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <astray/text.h>

struct pool_entry {
    size_t at, length; /* within `text` */
};

/* All zero but the seed is an empty one. */
struct pool {
    uint64_t seed; /* random, where others choose the texts */
    char *text;
    size_t length, room; /* bytes of all texts */
    struct pool_entry *entries;
    size_t count, entry_room;
    uint32_t *slots; /* a hash table of numbers + 1 */
    size_t slot_count;
};

/* Returns the number of TEXT, which is copied when it is new: 0 for the first, then one after the
 * other. SIZE_MAX without memory. */
size_t pool_add(struct pool *pool, struct slice text);

/* The text with NUMBER, which has been returned; valid until the next pool_add(). */
struct slice pool_get(const struct pool *pool, size_t number);

void pool_free(struct pool *pool);

#endif
