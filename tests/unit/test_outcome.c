#include "unit.h"

#include <errno.h>
#include <string.h>

#include <astray/host.h>
#include <astray/outcome.h>

#include "tsv.h"

static struct addr address(const char *text)
{
    struct host host = {0};
    if (text != NULL && *text != '\0')
        ck_assert_msg(host_parse(text, strlen(text), &host), "%s", text);
    return host.addr;
}

/* "v6 :: v6only" */
static struct outcome_listener listener(const char *text)
{
    char word[64];
    ck_assert_int_eq(sscanf(text, "%*s %63s", word), 1);
    return (struct outcome_listener){.addr = address(word),
                                     .v6only = strstr(text, "v6only") != NULL};
}

/* The columns of listeners.tsv behind the first. */
static const struct {
    const char *destination, *bound;
} columns[] = {
    {"0.0.0.0", ""},        {"127.0.0.1", ""},        {"::", ""},        {"::1", ""},
    {"::ffff:0.0.0.0", ""}, {"0.0.0.0", "10.99.0.2"}, {"::", "fd99::2"}, {"::", "::ffff:127.0.0.1"},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Where a measured cell says that the connection arrived: "OK 10.99.0.2->10.99.0.2". */
static const char *arrived(const char *cell)
{
    const char *arrow = strstr(cell, "->");
    ck_assert_ptr_nonnull(arrow);
    return arrow + 2;
}

START_TEST(foretells_every_measured_connection)
{
    struct tsv tsv;
    int cells = 0, connected = 0;
    tsv_open(&tsv, "listeners.tsv");
    while (tsv_next(&tsv, COLUMNS + 1)) {
        struct outcome_listener one = listener(tsv.column[0]);
        for (size_t i = 0; i < COLUMNS; i++, cells++) {
            const char *cell = tsv.column[i + 1];
            struct outcome_facts facts = {
                .destination = {.addr = address(columns[i].destination), .port = 8099},
                .bound = address(columns[i].bound),
                .listeners = &one,
                .listener_count = 1,
                .listeners_known = true,
                .route = OUTCOME_ROUTE_LOCAL,
            };
            struct outcome outcome = outcome_of(OUTCOME_ON_LINUX, &facts);
            if (strncmp(cell, "OK ", 3) != 0) {
                ck_assert_msg(strcmp(outcome.error, cell) == 0, "line %d, column %zu: %s, not %s",
                              tsv.number, i + 1, outcome.error, cell);
                continue;
            }
            struct addr to = outcome_leads_to(&facts), measured = address(arrived(cell));
            ck_assert_msg(outcome.kind == OUTCOME_CONNECTS, "line %d, column %zu: %s", tsv.number,
                          i + 1, outcome_kind_name(outcome.kind));
            ck_assert_msg(addr_equal(&to, &measured), "line %d, column %zu: leads elsewhere",
                          tsv.number, i + 1);
            connected++;
        }
    }
    ck_assert_int_eq(cells, 72);
    ck_assert_int_ge(connected, 25);
}
END_TEST

/* Measured with a network of nothing but loopback, one with a silent gateway, and without IPv6. */
static const struct {
    const char *destination;
    uint16_t port;
    enum outcome_route route;
    int route_error;
    bool default_route, loopback_down, ipv6_off;
    enum outcome_kind kind;
    const char *error;
    const char *why;
} foretold[] = {
    {"127.0.0.1", 80, OUTCOME_ROUTE_LOCAL, 0, 0, 0, 0, OUTCOME_REFUSED, "ECONNREFUSED", "nobody"},
    {"127.0.0.1", 80, OUTCOME_ROUTE_UNKNOWN, 0, 0, 0, 0, OUTCOME_REFUSED, "ECONNREFUSED",
     "loopback is local without a word of the kernel"},
    {"0.0.0.0", 80, OUTCOME_ROUTE_UNKNOWN, 0, 0, 0, 0, OUTCOME_REFUSED, "ECONNREFUSED", "the same"},
    {"127.0.0.1", 0, OUTCOME_ROUTE_LOCAL, 0, 0, 0, 0, OUTCOME_REFUSED, "ECONNREFUSED", "port 0"},
    {"127.0.0.1", 80, OUTCOME_ROUTE_LOCAL, 0, 0, 1, 0, OUTCOME_NO_ANSWER, "ETIMEDOUT",
     "loopback was up and is down: the route stays"},
    {"0.0.0.0", 80, OUTCOME_ROUTE_FAILS, ENETUNREACH, 0, 1, 1, OUTCOME_FAILS, "ENETUNREACH",
     "loopback was never up"},
    {"::1", 80, OUTCOME_ROUTE_FAILS, ENETUNREACH, 0, 1, 1, OUTCOME_FAILS, "EADDRNOTAVAIL",
     "no IPv6 address to come from"},
    {"::", 80, OUTCOME_ROUTE_FAILS, ENETUNREACH, 0, 0, 1, OUTCOME_FAILS, "EADDRNOTAVAIL",
     "IPv6 is disabled"},
    {"::2", 80, OUTCOME_ROUTE_FAILS, ENETUNREACH, 0, 0, 0, OUTCOME_FAILS, "ENETUNREACH",
     "IPv6 is there, but no route"},
    {"::ffff:127.0.0.1", 80, OUTCOME_ROUTE_LOCAL, 0, 0, 0, 1, OUTCOME_REFUSED, "ECONNREFUSED",
     "IPv4 inside does not need IPv6 addresses"},
    {"192.0.2.1", 80, OUTCOME_ROUTE_FAILS, ENETUNREACH, 0, 0, 0, OUTCOME_FAILS, "ENETUNREACH",
     "no route"},
    {"192.0.2.1", 80, OUTCOME_ROUTE_FAILS, EINVAL, 0, 0, 0, OUTCOME_FAILS, "EINVAL",
     "a blackhole route"},
    {"203.0.113.1", 80, OUTCOME_ROUTE_FAILS, EACCES, 0, 0, 0, OUTCOME_FAILS, "EACCES",
     "a prohibiting route"},
    {"198.51.100.1", 80, OUTCOME_ROUTE_FAILS, EHOSTUNREACH, 0, 0, 0, OUTCOME_FAILS, "EHOSTUNREACH",
     "an unreachable route"},
    {"192.0.2.1", 80, OUTCOME_ROUTE_ELSEWHERE, 0, 1, 0, 0, OUTCOME_NO_ANSWER, "ETIMEDOUT",
     "a default gateway drops it"},
    {"240.0.0.1", 80, OUTCOME_ROUTE_ELSEWHERE, 0, 1, 0, 0, OUTCOME_NO_ANSWER, "ETIMEDOUT", "too"},
    {"0.0.0.1", 80, OUTCOME_ROUTE_ELSEWHERE, 0, 1, 0, 0, OUTCOME_NO_ANSWER, "ETIMEDOUT", "too"},
    {"192.0.2.1", 80, OUTCOME_ROUTE_ELSEWHERE, 0, 0, 0, 0, OUTCOME_UNKNOWN, "",
     "a lab that routes it on purpose"},
    {"10.1.1.1", 80, OUTCOME_ROUTE_ELSEWHERE, 0, 1, 0, 0, OUTCOME_UNKNOWN, "",
     "an ordinary host may answer"},
    {"10.1.1.255", 80, OUTCOME_ROUTE_GROUP, 0, 0, 0, 0, OUTCOME_FAILS, "ENETUNREACH",
     "the broadcast address of a network"},
    {"224.0.0.1", 80, OUTCOME_ROUTE_ELSEWHERE, 0, 1, 0, 0, OUTCOME_FAILS, "ENETUNREACH",
     "multicast"},
    {"ff02::1", 80, OUTCOME_ROUTE_GROUP, 0, 0, 0, 0, OUTCOME_FAILS, "ENETUNREACH", "multicast"},
    {"255.255.255.255", 80, OUTCOME_ROUTE_UNKNOWN, 0, 0, 0, 0, OUTCOME_FAILS, "ENETUNREACH",
     "broadcast"},
    {"fe80::1", 80, OUTCOME_ROUTE_ELSEWHERE, 0, 0, 0, 0, OUTCOME_FAILS, "EINVAL", "no zone"},
    {"fe80::1%1", 80, OUTCOME_ROUTE_ELSEWHERE, 0, 0, 0, 0, OUTCOME_UNKNOWN, "", "with a zone"},
    {"8.8.8.8", 53, OUTCOME_ROUTE_UNKNOWN, 0, 0, 0, 0, OUTCOME_UNKNOWN, "", "no word of a route"},
};

START_TEST(foretells_what_the_kernel_does)
{
    for (size_t i = 0; i < sizeof foretold / sizeof *foretold; i++) {
        struct outcome_facts facts = {
            .destination = {.addr = address(foretold[i].destination), .port = foretold[i].port},
            .listeners_known = true,
            .route = foretold[i].route,
            .route_error = foretold[i].route_error,
            .default_route = foretold[i].default_route,
            .loopback_down = foretold[i].loopback_down,
            .ipv6_off = foretold[i].ipv6_off,
        };
        struct outcome outcome = outcome_of(OUTCOME_ON_LINUX, &facts);
        ck_assert_msg(outcome.kind == foretold[i].kind &&
                          strcmp(outcome.error, foretold[i].error) == 0,
                      "%s (%s): %s %s", foretold[i].destination, foretold[i].why,
                      outcome_kind_name(outcome.kind), outcome.error);
        ck_assert_str_eq(outcome_error_name(outcome.code), outcome.error);
    }
}
END_TEST

START_TEST(a_listener_on_one_device_is_reached_through_it_only)
{
    struct outcome_listener one = {.addr = address("0.0.0.0"), .interface = 2};
    struct outcome_facts facts = {.destination = {.addr = address("127.0.0.1"), .port = 80}};
    ck_assert(!outcome_reaches(&facts, &one));
    one.interface = 1;
    ck_assert(outcome_reaches(&facts, &one));
    one = (struct outcome_listener){.addr = address("fe80::5%3"), .interface = 3, .v6only = true};
    facts.destination.addr = address("fe80::5%3");
    ck_assert(outcome_reaches(&facts, &one));
    facts.destination.addr = address("fe80::5%4");
    ck_assert(!outcome_reaches(&facts, &one));
}
END_TEST

START_TEST(without_port_or_listeners_only_the_host_is_known)
{
    struct outcome_facts facts = {
        .destination.addr = address("0.0.0.0"), .no_port = true, .listeners_known = true};
    ck_assert_int_eq(outcome_of(OUTCOME_ON_LINUX, &facts).kind, OUTCOME_THIS_HOST);
    facts.no_port = false;
    facts.listeners_known = false;
    ck_assert_int_eq(outcome_of(OUTCOME_ON_LINUX, &facts).kind, OUTCOME_THIS_HOST);
    facts.destination.addr = (struct addr){0};
    ck_assert_int_eq(outcome_of(OUTCOME_ON_LINUX, &facts).kind, OUTCOME_UNKNOWN);
}
END_TEST

static const struct {
    const char *destination;
    uint16_t port;
    const char *want; /* macOS, FreeBSD 14 and 15, OpenBSD, Windows */
} others[] = {
    {"0.0.0.0", 80, "this-host this-host ENETUNREACH EINVAL WSAEADDRNOTAVAIL"},
    {"::", 80, "this-host this-host ENETUNREACH EINVAL WSAEADDRNOTAVAIL"},
    {"::ffff:0.0.0.0", 80, "this-host this-host ENETUNREACH EINVAL WSAEADDRNOTAVAIL"},
    {"127.0.0.1", 0, "EADDRNOTAVAIL EADDRNOTAVAIL EADDRNOTAVAIL EADDRNOTAVAIL WSAEADDRNOTAVAIL"},
    {"127.0.0.1", 80, "this-host this-host this-host this-host this-host"},
    {"::1", 80, "this-host this-host this-host this-host this-host"},
    {"127.0.0.2", 80, "unknown unknown unknown unknown unknown"},
    {"192.0.2.1", 80, "unknown unknown unknown unknown unknown"},
    {"224.0.0.1", 80, "fails fails fails fails fails"},
    {"255.255.255.255", 80, "fails fails fails fails fails"},
};

START_TEST(tells_other_systems_apart)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct outcome_facts facts = {
            .destination = {.addr = address(others[i].destination), .port = others[i].port}};
        char text[256] = "";
        for (int system = OUTCOME_ON_MACOS; system < OUTCOME_SYSTEM_COUNT; system++) {
            struct outcome outcome = outcome_of((enum outcome_system)system, &facts);
            strcat(text, system > OUTCOME_ON_MACOS ? " " : "");
            strcat(text, *outcome.error ? outcome.error : outcome_kind_name(outcome.kind));
        }
        ck_assert_msg(strcmp(text, others[i].want) == 0, "%s: %s", others[i].destination, text);
    }
}
END_TEST

START_TEST(numbers_beyond_the_tables_have_no_name)
{
    ck_assert_str_eq(outcome_kind_name(OUTCOME_KIND_COUNT), "");
    ck_assert_str_eq(outcome_kind_phrase(OUTCOME_KIND_COUNT), "");
    ck_assert_str_eq(outcome_system_key(OUTCOME_SYSTEM_COUNT), "");
    ck_assert_str_eq(outcome_system_name(OUTCOME_SYSTEM_COUNT), "");
    ck_assert_str_eq(outcome_error_name(12345), "");
    ck_assert_str_eq(outcome_error_name(0), "");
    struct outcome_facts facts = {.destination.addr = address("127.0.0.1")};
    ck_assert_int_eq(outcome_of(OUTCOME_SYSTEM_COUNT, &facts).kind, OUTCOME_UNKNOWN);
}
END_TEST

static const TTest *const tests[] = {
    foretells_every_measured_connection,
    foretells_what_the_kernel_does,
    a_listener_on_one_device_is_reached_through_it_only,
    without_port_or_listeners_only_the_host_is_known,
    tells_other_systems_apart,
    numbers_beyond_the_tables_have_no_name,
};
UNIT_MAIN("outcome", tests)
