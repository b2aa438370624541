#include "flights.h"

#include <sys/types.h>

#include <astray/layout.h>
#include <astray/process.h>

#include "wiped.h"

LAYOUT_AT_HAND _Atomic(uint32_t) flights_count;

static struct flight {
    pid_t pid; /* a vfork child shares the table, not the descriptors */
    struct attempt attempt;
} flights[WIPED_FLIGHTS];

static unsigned place_of(int descriptor)
{
    return (unsigned)descriptor % WIPED_FLIGHTS;
}

static bool claim(unsigned place, int held)
{
    return atomic_compare_exchange_strong_explicit(&wiped.flights[place], &held, WIPED_BUSY,
                                                   memory_order_acquire, memory_order_relaxed);
}

static void leave(unsigned place, int holder)
{
    atomic_store_explicit(&wiped.flights[place], holder, memory_order_release);
}

/* Asked of the kernel once, where a child finds the answer wiped. A vfork child that connects is
 * taken for its parent: it goes without the outcome. */
static pid_t owner(bool is_wiped)
{
    pid_t pid = atomic_load_explicit(&wiped.owner, memory_order_relaxed);
    if (pid != 0)
        return pid;
    pid = process_pid();
    if (is_wiped)
        atomic_store_explicit(&wiped.owner, pid, memory_order_relaxed);
    return pid;
}

void flights_add(int descriptor, const struct attempt *attempt)
{
    unsigned place = place_of(descriptor);
    bool is_wiped = wiped_prepare();
    int held = atomic_load_explicit(&wiped.flights[place], memory_order_relaxed);
    if (descriptor < 0 || held == WIPED_BUSY || !claim(place, held))
        return;
    flights[place].pid = owner(is_wiped);
    attempt_copy(&flights[place].attempt, attempt);
    if (held == 0)
        atomic_fetch_add_explicit(&flights_count, 1, memory_order_relaxed);
    leave(place, descriptor + 1);
}

bool flights_take(int descriptor, struct attempt *out)
{
    unsigned place = place_of(descriptor);
    if (descriptor < 0 || !claim(place, descriptor + 1))
        return false;
    if (flights[place].pid != process_pid()) {
        leave(place, descriptor + 1);
        return false;
    }
    attempt_copy(out, &flights[place].attempt);
    atomic_fetch_sub_explicit(&flights_count, 1, memory_order_relaxed);
    leave(place, 0);
    return true;
}

int flights_next(unsigned *place)
{
    while (*place < WIPED_FLIGHTS) {
        int holder = atomic_load_explicit(&wiped.flights[(*place)++], memory_order_relaxed);
        if (holder > 0)
            return holder - 1;
    }
    return -1;
}
