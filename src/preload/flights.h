/* flights.h - attempts whose outcome is still open, by descriptor.
 *
 * The outcome is learned from what the program itself calls: getsockopt(SO_ERROR), a second
 * connect(), close(), and the end of the process. A fixed table; each place is claimed by an
 * atomic, and who finds it busy goes without, as does the attempt whose place is taken by a later
 * one: its outcome stays unknown. Async-signal-safe; errno is left alone. */
#ifndef ASTRAY_PRELOAD_FLIGHTS_H
#define ASTRAY_PRELOAD_FLIGHTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "attempt.h"

/* How many there are, or were in the parent: a quick test for hot paths. */
extern _Atomic(uint32_t) flights_count;

static inline bool flights_any(void)
{
    return atomic_load_explicit(&flights_count, memory_order_relaxed) != 0;
}

/* Remembers ATTEMPT on DESCRIPTOR; what was in its place is forgotten, be it of this descriptor,
 * which was closed unseen, or of another one. */
void flights_add(int descriptor, const struct attempt *attempt);

/* Takes the attempt on DESCRIPTOR out of the table, unless another process made it (below vfork the
 * table is shared). Writes *OUT only when it returns true. */
bool flights_take(int descriptor, struct attempt *out);

/* The next descriptor with an attempt at or behind place *PLACE (start with 0), or -1. */
int flights_next(unsigned *place);

#endif
