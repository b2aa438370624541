/* lookup.h - asks the system's resolver, and waits no longer than one is willing to. */
#ifndef ASTRAY_CLI_LOOKUP_H
#define ASTRAY_CLI_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include <astray/addr.h>

enum { LOOKUP_MAX = 16 };

struct lookup {
    struct addr addrs[LOOKUP_MAX]; /* in the resolver's order, each once */
    size_t count;
    bool timed_out;
    bool temporary;  /* no name server said anything of use: the name may be right */
    char error[128]; /* why there is no address, else "" */
};

/* What getaddrinfo(3) says of NAME, in a process of its own: a resolver may hang, and cannot be
 * stopped otherwise. Waits at most MILLISECONDS. */
void lookup_name(const char *name, unsigned milliseconds, struct lookup *out);

#endif
