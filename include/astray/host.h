/* host.h - host literals: every spelling that getaddrinfo(3) takes for a number.
 *
 * IPv4: all forms of inet_aton(3): one to four parts, decimal, octal or hex, the
 * last part fills the remaining bytes. IPv6: RFC 4291, an embedded dotted quad,
 * and a zone behind "%" (RFC 4007): a number for any address, an interface name
 * for link-local unicast and for multicast within an interface or a link only.
 * Names are not looked up: where a number could also be an interface's name, it
 * is taken for a number. Measured against glibc 2.36; musl agrees on every
 * numeric form. Pure and async-signal-safe. */
#ifndef ASTRAY_HOST_H
#define ASTRAY_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include <astray/addr.h>
#include <astray/text.h>

struct host {
    struct addr addr;  /* scope is ADDR_SCOPE_NAMED when the zone is a name */
    struct slice zone; /* what stands behind "%", into the parsed text; else empty */
};

/* Reads LENGTH bytes of TEXT as a whole: no blank, no bracket, no port. False
 * for anything that a resolver would have to look up. Writes *OUT only on
 * success. */
bool host_parse(const char *text, size_t length, struct host *out);

#endif
