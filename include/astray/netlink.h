/* netlink.h - what the kernel's routing table and socket table say.
 *
 * Each call opens a netlink socket, asks one question, and closes it. Raw system calls;
 * async-signal-safe; errno is left alone; bounded in time (the kernel answers at once) and
 * memory. */
#ifndef ASTRAY_NETLINK_H
#define ASTRAY_NETLINK_H

#include <stdint.h>

#include <astray/addr.h>

/* The route that the kernel would take (RTM_GETROUTE with RTM_F_FIB_MATCH). */
struct netlink_route {
    uint8_t type;       /* RTN_UNICAST, RTN_LOCAL, RTN_BLACKHOLE, ... (linux/rtnetlink.h) */
    uint8_t length;     /* of the matching prefix, in bits; 0 for a default route */
    uint32_t interface; /* its index, 0 for none */
};

/* Asks for the route to ADDRESS, an IPv4-mapped one by its IPv4 address; a numbered IPv6 zone is
 * honoured. Returns 0, or -errno with *OUT as it was: -ENETUNREACH when there is no route; for
 * routes that lead nowhere on purpose what connect() would say (blackhole -EINVAL, prohibit
 * -EACCES, unreachable -EHOSTUNREACH). */
int netlink_route_to(const struct addr *address, struct netlink_route *out);

#endif
