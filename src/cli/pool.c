#include "pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <astray/words.h>

struct slice pool_get(const struct pool *pool, size_t number)
{
    const struct pool_entry *entry = &pool->entries[number];
    return (struct slice){pool->text + entry->at, entry->length};
}

/* The slot of TEXT, or the empty one where it belongs. */
static uint32_t *find_slot(const struct pool *pool, struct slice text)
{
    size_t at = words_hash(pool->seed, text);
    for (;; at++) {
        uint32_t *slot = &pool->slots[at & (pool->slot_count - 1)];
        if (*slot == 0 || slice_equal(pool_get(pool, *slot - 1), text))
            return slot;
    }
}

static bool grow_entries(struct pool *pool)
{
    size_t room = pool->entry_room == 0 ? 64 : pool->entry_room * 2;
    struct pool_entry *entries = realloc(pool->entries, room * sizeof *entries);
    if (entries == NULL)
        return false;
    pool->entries = entries;
    uint32_t *slots = calloc(room * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    free(pool->slots);
    pool->slots = slots;
    pool->slot_count = room * 2;
    pool->entry_room = room;
    for (size_t i = 0; i < pool->count; i++)
        *find_slot(pool, pool_get(pool, i)) = (uint32_t)i + 1;
    return true;
}

static bool grow_text(struct pool *pool, size_t length)
{
    size_t room = pool->room == 0 ? 4096 : pool->room;
    while (room - pool->length < length)
        room *= 2;
    char *text = room == pool->room ? pool->text : realloc(pool->text, room);
    if (text == NULL)
        return false;
    pool->text = text;
    pool->room = room;
    return true;
}

size_t pool_add(struct pool *pool, struct slice text)
{
    if (pool->count == pool->entry_room && !grow_entries(pool))
        return SIZE_MAX;
    uint32_t *slot = find_slot(pool, text);
    if (*slot != 0)
        return *slot - 1;
    if (!grow_text(pool, text.length))
        return SIZE_MAX;
    if (text.length > 0)
        memcpy(pool->text + pool->length, text.data, text.length);
    pool->entries[pool->count++] = (struct pool_entry){pool->length, text.length};
    pool->length += text.length;
    *slot = (uint32_t)pool->count;
    return pool->count - 1;
}

void pool_free(struct pool *pool)
{
    free(pool->text);
    free(pool->entries);
    free(pool->slots);
    *pool = (struct pool){0};
}
