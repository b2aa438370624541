/* reason.h - why an attempt to connect failed, or only worked by luck, and what to write instead.
 *
 * The library logs facts; these are the sentences about them, for `explain`, `run` and `summary`.
 * Pure. */
#ifndef ASTRAY_REASON_H
#define ASTRAY_REASON_H

#include <errno.h>
#include <stdbool.h>

#include <astray/outcome.h>
#include <astray/text.h>

/* A row a reason: its sentence and what to do, both without a full stop. In them
 *   {to}        "127.0.0.1:80", and where it came from: "127.0.0.1:80, where 0.0.0.0 leads"
 *   {address}   the destination's address        {given}  it with its port
 *   {port}      the port, or "that port"         {here}   "port 80 of this host"
 *   {error}     "EPERM"
 *   {listeners} "[::1]:80 and 10.0.0.5:80"       {class}  what the class is, in words
 *   {number}    the port that stands in the host's place
 *   {write}     the destination to write instead, a listener if there is one
 *   {and_write} ", and write " and that, for a stray destination */
#define REASONS(X)                                                                                 \
    X(NONE, "", "", "")                                                                            \
    X(LUCK, "luck",                                                                                \
      "it works by luck: {address} is no destination; Linux takes it for this host, but "          \
      "FreeBSD 15, OpenBSD and Windows refuse it",                                                 \
      "write {write}")                                                                             \
    X(NOBODY, "nobody", "nobody listens on {here}",                                                \
      "start the server, or correct the port{and_write}")                                          \
    X(ONLY_IPV6_LOOPBACK, "only-ipv6-loopback",                                                    \
      "the server listens on {listeners} only, not on {to}",                                       \
      "write {write}, or let the server listen on 127.0.0.1 too")                                  \
    X(ONLY_IPV6, "only-ipv6", "the server listens on IPv6 only ({listeners}), not on {to}",        \
      "write {write}, or let the server listen on IPv4 too")                                       \
    X(ONLY_IPV4, "only-ipv4", "the server listens on IPv4 only ({listeners}), not on {to}",        \
      "write {write}, or let the server listen on IPv6 too")                                       \
    X(ONLY_ANOTHER, "only-another-address", "the server listens on {listeners} only, not on {to}", \
      "write {write}, or let the server listen on every address")                                  \
    X(LISTENS_NOW, "listens-now",                                                                  \
      "somebody listens on {listeners}: only since then, or behind a firewall of this host",       \
      "start the server before its clients, or open the firewall")                                 \
    X(REFUSED_THERE, "refused-there", "nobody listens on {given}",                                 \
      "correct the address or the port, or start the server there")                                \
    X(NOT_THIS_HOST, "not-this-host",                                                              \
      "{address} is not on this host, and the host that has it refused",                           \
      "correct the address or the port, or start the server there")                                \
    X(LOOPBACK_DOWN, "loopback-down",                                                              \
      "the loopback interface is down, so nothing reaches {address}",                              \
      "bring it up: ip link set lo up")                                                            \
    X(NO_IPV6, "no-ipv6", "this host has no IPv6 address", "write an IPv4 address")                \
    X(NO_ROUTE, "no-route", "no route leads to {address}",                                         \
      "correct the address, or connect the network that it is in")                                 \
    X(NO_HOST, "no-host", "no host has {address}, say its network or a router on the way",         \
      "correct the address, or start that host")                                                   \
    X(NO_ANSWER, "no-answer", "there is a route to {address}, but no answer comes",                \
      "correct the address, or open the firewall that drops it")                                   \
    X(GAVE_UP, "gave-up", "the program gave up before {given} had answered",                       \
      "correct the address, open the firewall that drops it, or wait longer")                      \
    X(FIREWALL, "firewall",                                                                        \
      "a firewall or a security policy of this host forbids {given} ({error})",                    \
      "allow it there, or correct the address")                                                    \
    X(ROUTE_FORBIDS, "route-forbids", "a route of this host forbids {address} ({error})",          \
      "correct the address, or the route")                                                         \
    X(NO_LOCAL_PORT, "no-local-port",                                                              \
      "no local port or address is free for a connection to {given}",                              \
      "close connections, or widen net.ipv4.ip_local_port_range")                                  \
    X(PORT_AS_HOST, "port-as-host",                                                                \
      "{address} is the number {number}, a port in the place of the host",                         \
      "write localhost:{number}")                                                                  \
    X(PORT_ZERO, "port-zero", "nothing can listen on port 0", "write the server's port")           \
    X(NO_ZONE, "no-zone", "{address} says nothing without an interface",                           \
      "write the interface behind it: {address}%eth0")                                             \
    X(SINKHOLE, "sinkhole", "the resolver answers with {address}, as block lists do",              \
      "take the name off the block list, or stop asking for it")                                   \
    X(MANY_HOSTS, "many-hosts", "TCP connects to one host only, and {address} is {class}",         \
      "write the address of one host")                                                             \
    X(GROUP_ADDRESS, "group-address",                                                              \
      "TCP connects to one host only, and {address} is a group address of a network of this host", \
      "write the address of one host")                                                             \
    X(EXAMPLE, "example", "no host has {address} ({class})",                                       \
      "replace the example by a real address")                                                     \
    X(NO_DESTINATION, "no-destination", "no host answers at {address} ({class})",                  \
      "write the address that was meant")

enum reason {
#define REASON_ENUM(id, name, sentence, advice) REASON_##id,
    REASONS(REASON_ENUM)
#undef REASON_ENUM
        REASON_COUNT
};

/* The error of an attempt that its program gave up; the kernel gives it to no connect(). */
#define REASON_GAVE_UP_FIRST ECANCELED

/* What is known of the attempt. */
struct reason_facts {
    struct outcome_facts outcome;
    int error;             /* positive errno; 0: it connected; or REASON_GAVE_UP_FIRST */
    enum addr_class class; /* by the verdict: sinkhole and port-zero included */
    bool stray;            /* by the verdict */
    struct slice spelling; /* the host as it was written, or empty when that is not known */
};

/* REASON_NONE when there is nothing to say. */
enum reason reason_of(const struct reason_facts *facts);

/* The port that ADDRESS is when it is a number that was read as an address (0.0.31.163: 8099), or
 * 0. SPELLING as in struct reason_facts: a text that has dots meant an address. */
unsigned reason_port_in_address(const struct addr *address, struct slice spelling);

/* "only-ipv6-loopback"; "" for REASON_NONE. */
const char *reason_name(enum reason reason);

/* Adds the sentence, and what to write or do instead, to OUT; nothing for REASON_NONE. */
void reason_describe(enum reason reason, const struct reason_facts *facts, struct text *out);
void reason_advise(enum reason reason, const struct reason_facts *facts, struct text *out);

#endif
