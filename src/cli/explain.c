#include "explain.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <astray/host.h>

#include "judge.h"
#include "say.h"

/* ---- the text ----------------------------------------------------------- */

/* What programs write where a value is missing (JavaScript, Python, Ruby, Go, C). */
static const char *const missing_values[] = {"undefined", "null",    "none",  "nil",
                                             "nan",       "(null)",  "<nil>", "<no value>",
                                             "[object",   "changeme"};

/* What a template leaves behind that nobody filled in. */
static const char *const template_marks[] = {"${", "$(", "{{", "}}", "<%", "%>"};

static bool is_placeholder(struct slice host)
{
    for (size_t i = 0; i < sizeof missing_values / sizeof *missing_values; i++)
        if (slice_equal_fold(host, slice_of(missing_values[i])))
            return true;
    for (size_t i = 0; i < sizeof template_marks / sizeof *template_marks; i++)
        if (memmem(host.data, host.length, template_marks[i], strlen(template_marks[i])) != NULL)
            return true;
    return (host.length > 2 && host.data[0] == '%' && host.data[host.length - 1] == '%') ||
           (host.length > 1 && (host.data[0] == '$' || host.data[0] == '<'));
}

static bool take_apart(const char *input, struct explanation *out)
{
    size_t length = strlen(input);
    if (strcmp(input, "-") == 0) {
        say_error("explain", input, "is no destination, and standard input is not read");
        return false;
    }
    if (!endpoint_parse(input, length, &out->endpoint)) {
        say_error("explain", input, length == 0 ? "is empty" : "is no destination");
        return false;
    }
    if (judge_names_no_host(&out->endpoint) || strncmp(input, "unix:/", strlen("unix:/")) == 0) {
        say_error("explain", input, "names no host of the network");
        return false;
    }
    if (out->endpoint.port == ENDPOINT_BAD_PORT) {
        say_error("explain", input, "has a port that is no number from 0 to 65535");
        return false;
    }
    out->port =
        out->endpoint.port >= 0 ? out->endpoint.port : endpoint_default_port(out->endpoint.scheme);
    return true;
}

/* ---- where it leads ----------------------------------------------------- */

static void add_address(struct explanation *out, const struct addr *addr)
{
    if (out->address_count == LOOKUP_MAX)
        return;
    out->addresses[out->address_count++].destination =
        (struct destination){.addr = *addr, .port = out->port >= 0 ? (uint16_t)out->port : 0};
}

static unsigned interface_of(struct slice zone)
{
    char name[IF_NAMESIZE];
    if (zone.length == 0 || zone.length >= sizeof name)
        return 0;
    memcpy(name, zone.data, zone.length);
    name[zone.length] = '\0';
    return if_nametoindex(name);
}

/* A zone that is an interface's name; in a URL it may stand behind "%25" (RFC 6874). */
static void find_zone(struct addr *addr, struct slice host)
{
    struct slice zone = slice_from(host, slice_find(host, '%') + 1);
    unsigned index = addr->scope == ADDR_SCOPE_NAMED ? interface_of(zone) : 0;
    if (index == 0 && addr->scope == ADDR_SCOPE_NAMED && slice_starts_with(zone, SLICE("25")))
        index = interface_of(slice_from(zone, 2));
    if (index != 0)
        addr->scope = index;
}

static void look_up(const struct explain_request *request, struct explanation *out)
{
    char name[1024];
    struct slice host = out->endpoint.host;
    out->source = EXPLAIN_NAME;
    out->placeholder = is_placeholder(host);
    if (!request->resolve || out->placeholder || host.length >= sizeof name)
        return;
    memcpy(name, host.data, host.length);
    name[host.length] = '\0';
    out->asked = true;
    lookup_name(name, request->milliseconds, &out->lookup);
    if (out->lookup.count > 0)
        out->source = EXPLAIN_RESOLVED;
    for (size_t i = 0; i < out->lookup.count; i++)
        add_address(out, &out->lookup.addrs[i]);
}

static void find_addresses(const struct explain_request *request, struct explanation *out)
{
    struct addr addr = out->endpoint.addr;
    if (addr.family != ADDR_NONE) {
        find_zone(&addr, out->endpoint.host);
        add_address(out, &addr);
    } else if (out->endpoint.host.length == 0) {
        out->source = EXPLAIN_EMPTY;
        add_address(out, &(struct addr){.family = ADDR_IPV4});
    } else {
        look_up(request, out);
    }
}

/* ---- what this host says ------------------------------------------------ */

static void find_listeners(struct explanation *out)
{
    out->listeners_status = -ENODATA;
    if (out->port < 0)
        return;
    out->listeners_status = netlink_listeners((uint16_t)out->port, out->listeners,
                                              EXPLAIN_LISTENERS_MAX, &out->listener_count);
    for (size_t i = 0; i < out->listener_count; i++) {
        out->endpoints[i] = out->listeners[i].at;
        out->owners[i].inode = out->listeners[i].inode;
    }
    owner_find(out->owners, out->listener_count);
}

static void find_interfaces(struct outcome_facts *facts)
{
    struct ifaddrs *list;
    facts->ipv6_off = facts->loopback_down = false;
    if (getifaddrs(&list) != 0)
        return;
    facts->ipv6_off = true;
    for (const struct ifaddrs *item = list; item != NULL; item = item->ifa_next) {
        if ((item->ifa_flags & IFF_LOOPBACK) != 0 && (item->ifa_flags & IFF_UP) == 0)
            facts->loopback_down = true;
        if (item->ifa_addr != NULL && item->ifa_addr->sa_family == AF_INET6)
            facts->ipv6_off = false;
    }
    freeifaddrs(list);
}

static enum outcome_route route_kind(int status, const struct netlink_route *route)
{
    if (status != 0)
        return status == -ENETUNREACH || status == -EHOSTUNREACH || status == -EACCES ||
                       status == -EINVAL
                   ? OUTCOME_ROUTE_FAILS
                   : OUTCOME_ROUTE_UNKNOWN;
    if (route->type == RTN_LOCAL)
        return OUTCOME_ROUTE_LOCAL;
    return route->type == RTN_UNICAST ? OUTCOME_ROUTE_ELSEWHERE : OUTCOME_ROUTE_GROUP;
}

/* The same question that the library asks. */
static bool is_routed_on_purpose(const struct policy *policy, const struct destination *destination)
{
    struct netlink_route route;
    return policy_wants_route(policy, destination) &&
           netlink_route_to(&destination->addr, &route) == 0 && route.length > 0 &&
           (route.type == RTN_UNICAST || route.type == RTN_LOCAL);
}

/* A destination without a port is judged with one that says nothing. */
static void judge(const struct policy *policy, bool is_name, bool no_port,
                  struct explain_address *out)
{
    enum { DISCARD = 9 };
    struct destination destination = out->destination;
    if (no_port)
        destination.port = DISCARD;
    struct policy_facts facts = {
        .socket = POLICY_SOCKET_STREAM,
        .call = POLICY_CONNECT,
        .routed = is_routed_on_purpose(policy, &destination),
        .sinkhole = is_name,
    };
    out->verdict = policy_judge(policy, &destination, &facts);
    out->stray = out->verdict.action != POLICY_NONE;
    out->range = addr_range_of(&destination.addr);
}

static void foretell(const struct explanation *explanation, const struct outcome_facts *common,
                     struct explain_address *out)
{
    struct outcome_facts *facts = &out->facts.outcome;
    *facts = *common;
    facts->destination = out->destination;
    facts->listeners = explanation->endpoints;
    facts->listener_count = explanation->listener_count;
    facts->listeners_known = explanation->listeners_status == 0;
    facts->no_port = explanation->port < 0;

    struct addr to = outcome_leads_to(facts);
    out->route_status = netlink_route_to(&to, &out->route);
    facts->route = route_kind(out->route_status, &out->route);
    facts->route_error = -out->route_status;
    facts->default_route = out->route_status == 0 && out->route.length == 0;
    for (int system = 0; system < OUTCOME_SYSTEM_COUNT; system++)
        out->outcomes[system] = outcome_of((enum outcome_system)system, facts);

    out->facts.error = out->outcomes[OUTCOME_ON_LINUX].code;
    out->facts.class = out->verdict.class;
    out->facts.stray = out->stray;
    out->facts.spelling =
        explanation->source == EXPLAIN_LITERAL ? explanation->endpoint.host : (struct slice){0};
    out->reason = reason_of(&out->facts);
}

static void read_as_others(struct explanation *out)
{
    for (size_t i = 0; i < reader_count && i < EXPLAIN_READERS_MAX; i++) {
        out->readings[i] = reader_read(&readers[i], &out->endpoint);
        bool differs = out->readings[i].kind != READER_NOTHING &&
                       !reader_same(&out->readings[i], &out->readings[0]);
        out->disagreed |= differs;
        out->ambiguous |= differs && out->readings[i].kind == READER_ADDRESS;
    }
}

bool explain(const struct explain_request *request, const char *input, struct explanation *out)
{
    struct outcome_facts common = {0};
    *out = (struct explanation){.input = input};
    if (!take_apart(input, out))
        return false;
    find_addresses(request, out);
    find_listeners(out);
    find_interfaces(&common);
    read_as_others(out);
    for (size_t i = 0; i < out->address_count; i++) {
        judge(request->policy, out->source == EXPLAIN_RESOLVED, out->port < 0, &out->addresses[i]);
        foretell(out, &common, &out->addresses[i]);
        out->stray |= out->addresses[i].stray;
    }
    return true;
}

const struct explain_address *explain_first(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->address_count; i++)
        if (explanation->addresses[i].stray)
            return &explanation->addresses[i];
    return explanation->address_count > 0 ? &explanation->addresses[0] : NULL;
}

/* ---- advice ------------------------------------------------------------- */

/* A name leads somewhere as long as one of its addresses does. */
static bool one_connects(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->address_count; i++)
        if (explanation->addresses[i].outcomes[OUTCOME_ON_LINUX].kind == OUTCOME_CONNECTS)
            return true;
    return false;
}

/* Not all clients read the text the same. */
static void advise_literal(const struct explanation *explanation, struct text *out)
{
    char place[DESTINATION_TEXT_SIZE];
    const struct explain_address *first = &explanation->addresses[0];
    if (explanation->source != EXPLAIN_LITERAL) {
        text_string(out, "write the name or address plainly: clients do not read this the same");
        return;
    }
    if (explanation->port < 0)
        addr_format(&first->destination.addr, place);
    else
        destination_format(&first->destination, place);
    text_string(out, "write ");
    text_string(out, place);
    text_string(out, ": clients do not read this the same");
}

void explain_advise(const struct explanation *explanation, char out[static EXPLAIN_ADVICE_SIZE])
{
    const struct explain_address *first = explain_first(explanation);
    struct text text;
    text_start(&text, out, EXPLAIN_ADVICE_SIZE);
    if (explanation->placeholder)
        text_string(&text, "set the value that should stand here: nobody filled it in");
    else if (explanation->ambiguous && !explanation->stray)
        advise_literal(explanation, &text);
    else if (explanation->source == EXPLAIN_NAME && explanation->asked)
        text_string(&text, explanation->lookup.timed_out || explanation->lookup.temporary
                               ? "look at the resolver (/etc/resolv.conf): it does not answer"
                               : "correct the name, or add it to the DNS or /etc/hosts");
    else if (first != NULL && (first->stray || !one_connects(explanation)))
        reason_advise(first->reason, &first->facts, &text);
    if (text.length == 0 && explanation->source == EXPLAIN_LITERAL && explanation->disagreed)
        advise_literal(explanation, &text);
    text_finish(&text);
}

const char *explain_route_name(uint8_t type)
{
    static const char *const names[] = {
        [RTN_UNSPEC] = "none",
        [RTN_UNICAST] = "unicast",
        [RTN_LOCAL] = "local",
        [RTN_BROADCAST] = "broadcast",
        [RTN_ANYCAST] = "anycast",
        [RTN_MULTICAST] = "multicast",
        [RTN_BLACKHOLE] = "blackhole",
        [RTN_UNREACHABLE] = "unreachable",
        [RTN_PROHIBIT] = "prohibit",
        [RTN_THROW] = "throw",
        [RTN_NAT] = "nat",
    };
    return type < sizeof names / sizeof *names ? names[type] : "other";
}
