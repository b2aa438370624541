/* listeners.h - who listens on a port, asked of the kernel no more than once a second.
 *
 * The question costs more than the rest of a record, and a program that is refused is often
 * refused again at once. Lock-free; async-signal-safe; errno is left alone. */
#ifndef ASTRAY_PRELOAD_LISTENERS_H
#define ASTRAY_PRELOAD_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/endpoint.h>

#define LISTENERS_MAX 8

struct listeners {
    struct destination at[LISTENERS_MAX];
    size_t count; /* 0: nobody */
};

/* NOW is CLOCK_MONOTONIC in ns. False when the kernel cannot tell. */
bool listeners_on(uint16_t port, uint64_t now, struct listeners *out);

#endif
