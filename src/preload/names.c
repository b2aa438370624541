#include "names.h"

#include <stdatomic.h>
#include <string.h>

#include <astray/host.h>
#include <astray/layout.h>

/* Sets of a few entries each, chosen by the address: whoever looks an address up compares WAYS
 * entries, and one much-used name cannot push out all others. */
enum { SETS = 128, WAYS = 4 };

struct entry {
    _Atomic(unsigned) version; /* odd while it is written; 0 when it never was */
    unsigned stamp;            /* counts answers: the newest has the largest */
    struct addr addr;
    unsigned short length;
    char text[NAMES_TEXT_SIZE];
};

static struct entry table[SETS][WAYS];
LAYOUT_AT_HAND static _Atomic(unsigned) stamps;

static struct entry *set_of(const struct addr *address)
{
    unsigned hash = address->family;
    for (size_t i = 0; i < sizeof address->bytes; i++)
        hash = hash * 31 + address->bytes[i];
    return table[hash % SETS];
}

/* Copies ENTRY. False when it is empty or being written. */
static bool read_entry(const struct entry *entry, struct entry *out)
{
    unsigned before = atomic_load_explicit(&entry->version, memory_order_acquire);
    if (before == 0 || before % 2 == 1)
        return false;
    out->stamp = entry->stamp;
    out->addr = entry->addr;
    out->length = entry->length < NAMES_TEXT_SIZE ? entry->length : 0;
    memcpy(out->text, entry->text, out->length);
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&entry->version, memory_order_relaxed) == before;
}

static bool same(const struct entry *entry, struct slice text, const struct addr *address)
{
    return addr_equal(&entry->addr, address) &&
           slice_equal((struct slice){entry->text, entry->length}, text);
}

/* The entry to write: the one that says the same already, else the oldest. What another thread
 * does meanwhile may make the choice worse, never wrong. */
static struct entry *choose(struct slice text, const struct addr *address)
{
    struct entry *set = set_of(address), *oldest = set;
    for (struct entry *entry = set; entry < set + WAYS; entry++) {
        if (atomic_load_explicit(&entry->version, memory_order_acquire) != 0 &&
            same(entry, text, address))
            return entry;
        if ((int)(entry->stamp - oldest->stamp) < 0 || entry->version == 0)
            oldest = entry;
        if (oldest->version == 0)
            break;
    }
    return oldest;
}

void names_remember(struct slice text, const struct addr *address)
{
    if (text.length == 0 || text.length >= NAMES_TEXT_SIZE)
        return;
    struct entry *entry = choose(text, address);
    unsigned version = atomic_load_explicit(&entry->version, memory_order_relaxed);
    if (version % 2 == 1 ||
        !atomic_compare_exchange_strong_explicit(&entry->version, &version, version + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return; /* another thread writes here: its answer is as new as ours */
    atomic_thread_fence(memory_order_release);
    entry->stamp = atomic_fetch_add_explicit(&stamps, 1, memory_order_relaxed);
    entry->addr = *address;
    entry->length = (unsigned short)text.length;
    memcpy(entry->text, text.data, text.length);
    atomic_store_explicit(&entry->version, version + 2, memory_order_release);
}

bool names_find(const struct addr *address, struct names_answer *out)
{
    const struct entry *set = set_of(address);
    unsigned count = 0, newest = 0;
    if (atomic_load_explicit(&stamps, memory_order_relaxed) == 0)
        return false; /* nothing was ever looked up: no page of the table is touched */
    for (const struct entry *entry = set; entry < set + WAYS; entry++) {
        struct entry copy;
        if (!read_entry(entry, &copy) || !addr_equal(&copy.addr, address))
            continue;
        if (count++ > 0 && (int)(copy.stamp - newest) < 0)
            continue;
        newest = copy.stamp;
        memcpy(out->text, copy.text, copy.length);
        out->text[copy.length] = '\0';
        out->length = copy.length;
    }
    if (count == 0)
        return false;
    struct host host;
    out->literal = host_parse(out->text, out->length, &host);
    out->ambiguous = count > 1;
    return true;
}
