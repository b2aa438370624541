/* explain.h - all that is known of one destination, without connecting to it. */
#ifndef ASTRAY_CLI_EXPLAIN_H
#define ASTRAY_CLI_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <astray/endpoint.h>
#include <astray/netlink.h>
#include <astray/outcome.h>
#include <astray/policy.h>
#include <astray/reason.h>

#include "lookup.h"
#include "owner.h"
#include "reader.h"

enum { EXPLAIN_LISTENERS_MAX = 32, EXPLAIN_READERS_MAX = 16, EXPLAIN_ADVICE_SIZE = 512 };

/* Where the addresses come from. */
enum explain_source {
    EXPLAIN_LITERAL,  /* the host is one */
    EXPLAIN_EMPTY,    /* there is no host: some clients take that for 0.0.0.0 */
    EXPLAIN_RESOLVED, /* a name, and the resolver's answer */
    EXPLAIN_NAME,     /* a name that was not looked up, or has no address */
};

/* One address that the destination leads to. */
struct explain_address {
    struct destination destination;
    struct verdict verdict; /* of a TCP connection */
    bool stray;
    const struct addr_range *range; /* NULL for an ordinary global address */
    int route_status;               /* 0, or -errno */
    struct netlink_route route;     /* of the address that it leads to */
    struct reason_facts facts;
    struct outcome outcomes[OUTCOME_SYSTEM_COUNT];
    enum reason reason;
};

struct explanation {
    const char *input;
    struct endpoint endpoint;
    int32_t port; /* the scheme's when none is written; ENDPOINT_NO_PORT for none */
    enum explain_source source;
    bool placeholder; /* the host is no name, but what stands where one should be: "undefined" */
    bool asked;       /* the resolver was */
    struct lookup lookup;
    struct explain_address addresses[LOOKUP_MAX];
    size_t address_count;
    int listeners_status; /* 0, or -errno; -ENODATA without a port */
    struct netlink_listener listeners[EXPLAIN_LISTENERS_MAX];
    struct outcome_listener endpoints[EXPLAIN_LISTENERS_MAX]; /* the same, for facts */
    struct owner owners[EXPLAIN_LISTENERS_MAX];
    size_t listener_count;
    struct reader_result readings[EXPLAIN_READERS_MAX]; /* in the order of `readers` */
    bool disagreed; /* some reader reads it differently than libc */
    bool ambiguous; /* and reads another address in it */
    bool stray;     /* one of the addresses is */
};

struct explain_request {
    const struct policy *policy;
    bool resolve;
    unsigned milliseconds; /* for the resolver */
};

/* Finds out what INPUT is and fills in *OUT, which points into INPUT. False, and told on stderr,
 * when INPUT cannot be taken apart. */
bool explain(const struct explain_request *request, const char *input, struct explanation *out);

/* The address that the destination is judged by: the first stray one, else the first; NULL when
 * there is none. */
const struct explain_address *explain_first(const struct explanation *explanation);

/* What to write or do instead; "" when nothing needs to be done. Foreign text is in it. */
void explain_advise(const struct explanation *explanation, char out[static EXPLAIN_ADVICE_SIZE]);

/* "local", "unicast", ... for a route's type. */
const char *explain_route_name(uint8_t type);

/* One line of JSON. */
void explain_json(FILE *stream, const struct explanation *explanation);

/* For people, to stdout. */
void explain_text(const struct explanation *explanation, unsigned width, bool color);

#endif
