/* outcome.h - how an attempt to connect a TCP socket ends, foretold without making one.
 *
 * On Linux from what the kernel says of routes and listeners; elsewhere from what these systems
 * are known to do with an address that is none. Pure and async-signal-safe. */
#ifndef ASTRAY_OUTCOME_H
#define ASTRAY_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/addr.h>
#include <astray/endpoint.h>

/* A listening TCP socket of this host. */
struct outcome_listener {
    struct addr addr;   /* 0.0.0.0 and `::` for every address; may be v4-mapped */
    uint32_t interface; /* the only one it listens on (SO_BINDTODEVICE), or 0 */
    bool v6only;        /* IPV6_V6ONLY: an IPv6 socket that takes no IPv4 */
};

enum outcome_route {
    OUTCOME_ROUTE_UNKNOWN,
    OUTCOME_ROUTE_LOCAL,     /* an address of this host */
    OUTCOME_ROUTE_ELSEWHERE, /* another host's */
    OUTCOME_ROUTE_GROUP,     /* a broadcast, multicast or anycast address */
    OUTCOME_ROUTE_FAILS,     /* there is none, or one that refuses: see route_error */
};

/* What is known. The route is that of outcome_leads_to(). */
struct outcome_facts {
    struct destination destination;
    bool no_port;      /* the port is not known */
    struct addr bound; /* the local address of the socket; family ADDR_NONE for none */
    const struct outcome_listener *listeners; /* on the port */
    size_t listener_count;
    bool listeners_known;
    enum outcome_route route;
    int route_error;    /* positive errno of OUTCOME_ROUTE_FAILS */
    bool default_route; /* of OUTCOME_ROUTE_ELSEWHERE: only the default route leads there */
    bool loopback_down; /* the loopback interface is not up */
    bool ipv6_off;      /* no interface has an IPv6 address */
};

/* The names are words of `astray explain --format json`. */
#define OUTCOME_KINDS(X)                                                                           \
    X(UNKNOWN, "unknown", "depends on the network")                                                \
    X(CONNECTS, "connects", "connects")                                                            \
    X(THIS_HOST, "this-host", "leads to this host")                                                \
    X(REFUSED, "refused", "is refused")                                                            \
    X(FAILS, "fails", "fails at once")                                                             \
    X(NO_ANSWER, "no-answer", "gets no answer")

enum outcome_kind {
#define OUTCOME_KIND_ENUM(id, name, phrase) OUTCOME_##id,
    OUTCOME_KINDS(OUTCOME_KIND_ENUM)
#undef OUTCOME_KIND_ENUM
        OUTCOME_KIND_COUNT
};

/* key, name for people */
#define OUTCOME_SYSTEMS(X)                                                                         \
    X(LINUX, "linux", "Linux")                                                                     \
    X(MACOS, "macos", "macOS")                                                                     \
    X(FREEBSD_14, "freebsd14", "FreeBSD 14")                                                       \
    X(FREEBSD_15, "freebsd15", "FreeBSD 15")                                                       \
    X(OPENBSD, "openbsd", "OpenBSD")                                                               \
    X(WINDOWS, "windows", "Windows")

enum outcome_system {
#define OUTCOME_SYSTEM_ENUM(id, key, name) OUTCOME_ON_##id,
    OUTCOME_SYSTEMS(OUTCOME_SYSTEM_ENUM)
#undef OUTCOME_SYSTEM_ENUM
        OUTCOME_SYSTEM_COUNT
};

struct outcome {
    enum outcome_kind kind;
    int code;          /* errno of Linux, 0 for none or one that is not known */
    const char *error; /* "ECONNREFUSED", "WSAEADDRNOTAVAIL"; "" for none */
};

/* The address that Linux connects to when a program says DESTINATION: 127.0.0.1 (or the socket's
 * own address) for 0.0.0.0, ::1 for `::`, the same v4-mapped; else DESTINATION's. */
struct addr outcome_leads_to(const struct outcome_facts *facts);

/* Does a connection to there arrive at LISTENER? */
bool outcome_reaches(const struct outcome_facts *facts, const struct outcome_listener *listener);

struct outcome outcome_of(enum outcome_system system, const struct outcome_facts *facts);

const char *outcome_kind_name(enum outcome_kind kind);
const char *outcome_kind_phrase(enum outcome_kind kind);
const char *outcome_system_key(enum outcome_system system);
const char *outcome_system_name(enum outcome_system system);

/* "ECONNREFUSED" for a positive errno that connect(2) gives, else "". */
const char *outcome_error_name(int code);

#endif
