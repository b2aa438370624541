#include "seen.h"

#include <stdlib.h>
#include <string.h>

/* Tables are at most half full. */
static size_t slot_count(const struct seen *seen)
{
    return seen->limit * 2;
}

bool seen_start(struct seen *seen, size_t limit)
{
    *seen = (struct seen){.limit = limit};
    seen->young = calloc(slot_count(seen), sizeof *seen->young);
    seen->old = calloc(slot_count(seen), sizeof *seen->old);
    if (seen->young != NULL && seen->old != NULL)
        return true;
    seen_free(seen);
    return false;
}

void seen_free(struct seen *seen)
{
    free(seen->young);
    free(seen->old);
    seen->young = seen->old = NULL;
}

/* The slot of HASH, or the empty one where it belongs. */
static uint64_t *find(const struct seen *seen, uint64_t *table, uint64_t hash)
{
    size_t mask = slot_count(seen) - 1, at = hash & mask;
    while (table[at] != 0 && table[at] != hash)
        at = (at + 1) & mask;
    return &table[at];
}

bool seen_add(struct seen *seen, uint64_t hash)
{
    if (seen->young == NULL)
        return true;
    hash += hash == 0;
    uint64_t *slot = find(seen, seen->young, hash);
    if (*slot != 0 || *find(seen, seen->old, hash) != 0)
        return false;
    if (seen->count == seen->limit) {
        uint64_t *forgotten = seen->old;
        seen->old = seen->young;
        seen->young = forgotten;
        memset(forgotten, 0, slot_count(seen) * sizeof *forgotten);
        seen->count = 0;
        slot = find(seen, seen->young, hash);
    }
    *slot = hash;
    seen->count++;
    return true;
}
