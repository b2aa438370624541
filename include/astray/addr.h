/* addr.h - an IP address and what the registries say of it.
 *
 * Pure and async-signal-safe. The truth is one table, core/addr_ranges.def, a
 * row a prefix; the longest prefix wins. */
#ifndef ASTRAY_ADDR_H
#define ASTRAY_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/text.h>

enum addr_family { ADDR_NONE = 0, ADDR_IPV4 = 4, ADDR_IPV6 = 6 };

/* A zone that was given by a name which nobody has looked up. */
#define ADDR_SCOPE_NAMED UINT32_MAX

struct addr {
    uint8_t bytes[16]; /* network byte order; IPv4 in the first four, then zeros */
    uint32_t scope;    /* IPv6 zone: an interface index in host byte order, 0 for
                          none, or ADDR_SCOPE_NAMED */
    uint8_t family;    /* enum addr_family */
};

/* The classes, in the order of the list below. `stray`: whether the class is no
 * valid destination by default. `range`: whether it is a mere range, which a
 * host that routes it on purpose may use. `why`: a few words for people. */
#define ADDR_CLASSES(X)                                                                            \
    /* name                stray  range  why */                                                    \
    X(GLOBAL, "global", false, false, "an ordinary public address")                                \
    X(LOOPBACK, "loopback", false, false, "this host")                                             \
    X(PRIVATE, "private", false, false, "a private network")                                       \
    X(SHARED, "shared", false, false, "a provider's shared network")                               \
    X(LINK_LOCAL, "link-local", false, false, "one link only")                                     \
    X(UNIQUE_LOCAL, "unique-local", false, false, "a private network")                             \
    X(BENCHMARKING, "benchmarking", false, false, "a benchmarking network")                        \
    X(SERVICE_CONTINUITY, "service-continuity", false, false, "DS-Lite and 464XLAT")               \
    X(NAT64_LOCAL, "nat64-local", false, false, "local IPv4/IPv6 translation")                     \
    X(TEREDO, "teredo", false, false, "a Teredo tunnel")                                           \
    X(RELAY_6A44, "6a44-relay", false, false, "the 6a44 relay")                                    \
    X(SRV6_SID, "srv6-sid", false, false, "a segment routing identifier")                          \
    X(UNSPECIFIED, "unspecified", true, false, "the address to bind, no destination")              \
    X(THIS_NETWORK, "this-network", true, true, "a host on this network, no destination")          \
    X(PROTOCOL_ASSIGNMENT, "protocol-assignment", true, true, "reserved for IETF protocols")       \
    X(DUMMY, "dummy", true, true, "a dummy address")                                               \
    X(DOCUMENTATION, "documentation", true, true, "reserved for documentation")                    \
    X(DEPRECATED, "deprecated", true, true, "a deprecated range")                                  \
    X(RESERVED, "reserved", true, true, "reserved address space")                                  \
    X(DISCARD_ONLY, "discard-only", true, true, "dropped by definition")                           \
    X(BROADCAST, "broadcast", true, false, "the broadcast address")                                \
    X(MULTICAST, "multicast", true, false, "a multicast group")                                    \
    X(PORT_ZERO, "port-zero", true, false, "port 0, which nothing can listen on")                  \
    X(LINK_LOCAL_NO_ZONE, "link-local-no-zone", true, false, "link-local without an interface")    \
    X(SINKHOLE, "sinkhole", true, false, "a name that a block list answers with no address")

// clang-format off
enum addr_class {
#define ADDR_CLASS_ENUM(id, name, stray, range, why) ADDR_##id,
    ADDR_CLASSES(ADDR_CLASS_ENUM)
#undef ADDR_CLASS_ENUM
    ADDR_CLASS_COUNT
};
// clang-format on

/* A set of classes: bit (1 << class). */
typedef uint32_t addr_class_set;

/* The classes that are stray by default, and those that are mere ranges. */
extern const addr_class_set addr_classes_stray;
extern const addr_class_set addr_classes_range;

/* A row of the table. The texts end with a NUL and are as the registry has them:
 * "192.0.2.0/24", "Documentation (TEST-NET-1)", "[RFC5737]". They are arrays, so
 * that the preload library has no pointer to relocate in each program. */
struct addr_range {
    uint8_t bytes[16]; /* as in struct addr */
    uint8_t family;    /* enum addr_family */
    uint8_t length;    /* of the prefix, in bits: 0 to 32 or 128 */
    uint8_t class;     /* enum addr_class; unused when `embedded` is not 0 */
    uint8_t embedded;  /* bit at which an IPv4 address begins that decides, or 0 */
    char prefix[20];
    char name[64];
    char source[48];
};

/* All rows, in the order of the registry file. */
extern const struct addr_range addr_ranges[];
extern const size_t addr_range_count;

/* The row whose prefix is the longest that holds ADDRESS; where it names an
 * embedded IPv4 address, the row of that address. NULL when no row does: global
 * for an IPv4 address, also an embedded one; reserved for an IPv6 address. */
const struct addr_range *addr_range_of(const struct addr *address);

/* The class of ADDRESS, the embedded IPv4 address included. fe80::/10 with scope
 * 0 is link-local-no-zone; port-zero and sinkhole are never answered: they are
 * not properties of an address. An address of family ADDR_NONE is global. */
enum addr_class addr_classify(const struct addr *address);

/* A quick test for hot paths: true when ADDRESS belongs to no class of
 * addr_classes_stray. May be false for an address that is fine. A few
 * comparisons, no table. */
bool addr_surely_fine(const struct addr *address);

/* The same for the bytes of an address, wherever they lie. */
bool addr_ipv4_surely_fine(const uint8_t bytes[static 4]);
bool addr_ipv6_surely_fine(const uint8_t bytes[static 16], uint32_t scope);

/* "link-local", "one link only": static text; "" for a number that is no class. */
const char *addr_class_name(enum addr_class class);
const char *addr_class_why(enum addr_class class);

/* The class of that name, as a whole and in lower case. Writes *OUT only on
 * success. */
bool addr_class_parse(const char *text, size_t length, enum addr_class *out);

/* The IPv4 address inside a v4-mapped IPv6 address. Writes *OUT only when it
 * returns true. */
bool addr_unmap(const struct addr *address, struct addr *out);

/* Enough for "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%4294967295" + NUL. */
#define ADDR_TEXT_SIZE 58

/* Writes ADDRESS as glibc's inet_ntop(3) would (RFC 5952), "%" and the zone's
 * number behind it when there is one (not for ADDR_SCOPE_NAMED, which is none),
 * and a NUL. Returns the length without the NUL; 0 and "" for ADDR_NONE. */
size_t addr_format(const struct addr *address, char out[static ADDR_TEXT_SIZE]);

/* Are family and bytes the same? The zone does not count. */
bool addr_equal(const struct addr *a, const struct addr *b);

/* Do the first LENGTH bits of both agree (and their families)? LENGTH is at most
 * 32 for IPv4 and 128 for IPv6. */
bool addr_in_prefix(const struct addr *address, const struct addr *prefix, unsigned length);

#endif
