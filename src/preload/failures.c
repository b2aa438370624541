#include "failures.h"

#include <stdatomic.h>

#include <astray/layout.h>
#include <astray/socket.h>
#include <astray/text.h>

#include "flights.h"

/* The last failures of names: hash of name and port, and the attempt's number; 0 is an empty place.
 * What gets lost between two threads is a failure that is told and not folded away. */
enum { RECENT = 16 };
static _Atomic(uint64_t) recent[RECENT];
static struct destination destinations[RECENT]; /* where they went */
static _Atomic(uint32_t) next;
LAYOUT_AT_HAND static atomic_bool any;

/* The last successes of names while others were under way: hash, and the millisecond. */
static _Atomic(uint64_t) successes[RECENT];
static _Atomic(uint32_t) next_success;

bool failures_any(void)
{
    return atomic_load_explicit(&any, memory_order_relaxed);
}

static uint32_t key_of(const struct attempt *attempt)
{
    struct slice name = {attempt->answer.text, attempt->answer.length};
    return (uint32_t)slice_hash(SLICE_HASH_START ^ attempt->destination.port, name);
}

static bool has_name(const struct attempt *attempt)
{
    return attempt->has_answer && !attempt->answer.literal;
}

static uint32_t milliseconds(uint64_t time)
{
    return (uint32_t)(time / 1000000u);
}

static void remember_success(const struct attempt *attempt)
{
    uint32_t place = atomic_fetch_add_explicit(&next_success, 1, memory_order_relaxed) % RECENT;
    atomic_store_explicit(&successes[place],
                          (uint64_t)key_of(attempt) << 32 | milliseconds(attempt_clock()),
                          memory_order_relaxed);
}

/* Has the name been reached since the attempt began? */
static bool is_reached(const struct attempt *attempt)
{
    for (size_t i = 0; i < RECENT; i++) {
        uint64_t entry = atomic_load_explicit(&successes[i], memory_order_relaxed);
        if (entry != 0 && entry >> 32 == key_of(attempt) &&
            (int32_t)((uint32_t)entry - milliseconds(attempt->began)) >= 0)
            return true;
    }
    return false;
}

void failures_tell(struct attempt *attempt, int error)
{
    attempt_ask_names(attempt);
    attempt_ask_origin(attempt);
    attempt_begin(attempt);
    attempt_tell(attempt, ATTEMPT_START_AND_END, error);
    if (!has_name(attempt) || attempt->suppressed)
        return;
    if (is_reached(attempt)) {
        attempt_tell(attempt, ATTEMPT_END, 0);
        return;
    }
    uint32_t place = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % RECENT;
    uint64_t entry = (uint64_t)key_of(attempt) << 32 | attempt->sequence;
    destinations[place] = attempt->destination;
    atomic_store_explicit(&recent[place], entry, memory_order_release);
    atomic_store_explicit(&any, true, memory_order_relaxed);
}

void failures_forgive(struct attempt *attempt)
{
    bool others = flights_any();
    if (!failures_any() && !others)
        return;
    attempt_ask_names(attempt);
    if (failures_any())
        attempt_ask_origin(attempt);
    if (!has_name(attempt))
        return;
    if (others)
        remember_success(attempt);
    for (size_t i = 0; i < RECENT; i++) {
        uint64_t entry = atomic_load_explicit(&recent[i], memory_order_relaxed);
        if (entry == 0 || entry >> 32 != key_of(attempt) ||
            !atomic_compare_exchange_strong(&recent[i], &entry, 0))
            continue;
        attempt->sequence = (uint32_t)entry;
        attempt->destination = destinations[i];
        attempt_tell(attempt, ATTEMPT_END, 0);
    }
}
