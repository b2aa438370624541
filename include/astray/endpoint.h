/* endpoint.h - a destination: from text, or from a socket address.
 *
 * The only place in the tree that takes `host:port` apart. Pure and
 * async-signal-safe. */
#ifndef ASTRAY_ENDPOINT_H
#define ASTRAY_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/addr.h>
#include <astray/text.h>

/* Where a socket call goes: what a struct sockaddr_in or sockaddr_in6 holds. */
struct destination {
    struct addr addr; /* family ADDR_NONE: not an IP destination */
    uint16_t port;    /* host byte order */
};

/* Reads a struct sockaddr of LENGTH readable bytes at ADDRESS (any alignment).
 * The family decides, never the socket: AF_INET with at least 16 bytes, AF_INET6
 * with at least 24 (the length before RFC 2553; the zone is 0 then). Writes *OUT
 * and returns true only for those two. */
bool destination_from_sockaddr(const void *address, size_t length, struct destination *out);

/* A quick test for hot paths, on the same input: true for a port other than 0 at an address that
 * is addr_surely_fine(), and for whatever is no IP destination. May be false for one that is
 * fine. */
bool destination_surely_fine(const void *address, size_t length);

/* Enough for "[" + an address + "]:65535" + NUL. */
#define DESTINATION_TEXT_SIZE (ADDR_TEXT_SIZE + 8)

/* Writes "0.0.0.0:80" or "[::1%2]:443" and a NUL. Returns the length without the
 * NUL; 0 and "" for an address of family ADDR_NONE. */
size_t destination_format(const struct destination *destination,
                          char out[static DESTINATION_TEXT_SIZE]);

/* ENDPOINT's port when the text has none, and when what stands there is not a
 * number from 0 to 65535. */
#define ENDPOINT_NO_PORT (-1)
#define ENDPOINT_BAD_PORT (-2)

/* A destination as people write it. The slices point into the parsed text. */
struct endpoint {
    struct slice scheme;    /* "http" of a URL; empty when there is no "://" */
    struct slice userinfo;  /* what stands before "@" in the authority; may be empty */
    struct slice host;      /* without brackets; empty when the host is missing */
    struct slice port_text; /* what stands behind the colon */
    struct slice rest;      /* from the first '/', '?' or '#' behind the authority on */
    struct addr addr;       /* of a host that is a literal; else family ADDR_NONE */
    int32_t port;           /* 0 to 65535, or one of the two above */
    bool bracketed;         /* the host stood in [ ] */
};

/* Takes apart `host`, `host:port`, `[v6]`, `[v6]:port`, a bare IPv6 literal, and
 * a URL `scheme://[userinfo@]host[:port][/...]` (also without the scheme, as
 * curl takes it: `0:80/health`, `//0:80`). The userinfo ends at the authority's
 * last "@". Says nothing about whether the host makes sense: an empty one, a name
 * and `${HOST}` parse too, also for the scheme; a literal in brackets may be IPv4.
 * In a URL's brackets the zone may stand behind "%25".
 *
 * False for empty text, a path ("/x"), an unclosed bracket, something but a colon
 * behind the bracket, an unbracketed text with several colons that is no IPv6
 * literal, and blanks or control bytes in scheme or authority. A port that is no
 * number is no failure: ENDPOINT_BAD_PORT; an empty one ("host:") is
 * ENDPOINT_NO_PORT, with PORT_TEXT.data not NULL. Writes *OUT only on success. */
bool endpoint_parse(const char *text, size_t length, struct endpoint *out);

/* The port that SCHEME means when none is written ("http" 80, "https" 443,
 * "redis" 6379, ...), or ENDPOINT_NO_PORT. Letters of either case; "jdbc:" before
 * it and a driver behind it ("postgresql+asyncpg") do not count. Source: IANA's
 * service names and the clients' own documentation. */
int32_t endpoint_default_port(struct slice scheme);

#endif
