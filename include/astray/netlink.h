/* netlink.h - what the kernel's routing table and socket table say.
 *
 * Each call opens a netlink socket, asks one question, and closes it. Raw system calls;
 * async-signal-safe; errno is left alone; bounded in time (the kernel answers at once) and
 * memory. */
#ifndef ASTRAY_NETLINK_H
#define ASTRAY_NETLINK_H

#include <stdint.h>

#include <astray/addr.h>
#include <astray/outcome.h>

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

/* A TCP endpoint that somebody listens on, in the caller's network namespace. */
struct netlink_listener {
    struct outcome_listener at; /* a link-local IPv6 address has its interface as zone */
    uint32_t inode;             /* of its socket, as in /proc/PID/fd ("socket:[INODE]") */
    uint32_t uid;               /* who owns that socket */
    uint32_t sockets;           /* how many share the endpoint (SO_REUSEPORT); INODE and UID are
                                   the first one's */
};

/* Who listens on PORT: the kernel picks the sockets (NETLINK_SOCK_DIAG). Writes at most MAX
 * endpoints, IPv4 ones first and then by address, and their number to *COUNT; when that is MAX
 * there may be more. Not more than some thousand sockets are looked at. Returns 0, or -errno, with
 * *COUNT 0 then: -ENOENT when the kernel cannot tell. */
int netlink_listeners(uint16_t port, struct netlink_listener *out, size_t max, size_t *count);

#endif
