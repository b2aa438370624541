#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <astray/host.h>
#include <astray/reason.h>

static struct addr address(const char *text)
{
    struct host host = {0};
    if (text != NULL)
        ck_assert_msg(host_parse(text, strlen(text), &host), "%s", text);
    return host.addr;
}

enum { UP, DOWN };
#define ANY OUTCOME_ROUTE_UNKNOWN
#define HERE OUTCOME_ROUTE_LOCAL
#define AWAY OUTCOME_ROUTE_ELSEWHERE

static const struct {
    const char *destination;
    uint16_t port;
    int error;
    const char *listeners; /* "::1,10.0.0.5"; "!" behind one: IPv6 only; NULL: not known */
    enum outcome_route route;
    int loopback;
    const char *reason;
    const char *sentence;
    const char *advice;
} known[] = {
    {"0.0.0.0", 80, ECONNREFUSED, "", ANY, UP, "nobody", "nobody listens on port 80 of this host",
     "start the server, or correct the port, and write localhost:80"},
    {"0.0.0.0", 80, ECONNREFUSED, NULL, ANY, UP, "nobody", "nobody listens on port 80 of this host",
     "start the server, or correct the port, and write localhost:80"},
    {"0.0.0.0", 80, ECONNREFUSED, "::1!", ANY, UP, "only-ipv6-loopback",
     "the server listens on [::1]:80 only, not on 127.0.0.1:80, where 0.0.0.0 leads",
     "write [::1]:80 (or localhost:80 where that is ::1), or let the server listen on 127.0.0.1 "
     "too"},
    {"127.0.0.1", 80, ECONNREFUSED, "::1!", HERE, UP, "only-ipv6-loopback",
     "the server listens on [::1]:80 only, not on 127.0.0.1:80",
     "write [::1]:80 (or localhost:80 where that is ::1), or let the server listen on 127.0.0.1 "
     "too"},
    {"0.0.0.0", 80, ECONNREFUSED, "::!", ANY, UP, "only-ipv6",
     "the server listens on IPv6 only ([::]:80), not on 127.0.0.1:80, where 0.0.0.0 leads",
     "write [::1]:80 (or localhost:80 where that is ::1), or let the server listen on IPv4 too"},
    {"::", 443, ECONNREFUSED, "0.0.0.0", ANY, UP, "only-ipv4",
     "the server listens on IPv4 only (0.0.0.0:443), not on [::1]:443, where :: leads",
     "write localhost:443 or 127.0.0.1:443, or let the server listen on IPv6 too"},
    {"::1", 443, ECONNREFUSED, "127.0.0.1", HERE, UP, "only-ipv4",
     "the server listens on IPv4 only (127.0.0.1:443), not on [::1]:443",
     "write localhost:443 or 127.0.0.1:443, or let the server listen on IPv6 too"},
    {"0.0.0.0", 80, ECONNREFUSED, "10.0.0.5", ANY, UP, "only-another-address",
     "the server listens on 10.0.0.5:80 only, not on 127.0.0.1:80, where 0.0.0.0 leads",
     "write 10.0.0.5:80, or let the server listen on every address"},
    {"0.0.0.0", 80, ECONNREFUSED, "fd99::2!", ANY, UP, "only-another-address",
     "the server listens on [fd99::2]:80 only, not on 127.0.0.1:80, where 0.0.0.0 leads",
     "write [fd99::2]:80, or let the server listen on every address"},
    {"0.0.0.0", 80, ECONNREFUSED, "10.0.0.5,10.0.0.6,::1!", ANY, UP, "only-another-address",
     "the server listens on 10.0.0.5:80, 10.0.0.6:80 and [::1]:80 only, not on 127.0.0.1:80, where "
     "0.0.0.0 leads",
     "write 10.0.0.5:80, or let the server listen on every address"},
    {"0.0.0.0", 80, ECONNREFUSED, "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4", ANY, UP,
     "only-another-address",
     "the server listens on 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80 and others only, not on "
     "127.0.0.1:80, where 0.0.0.0 leads",
     "write 10.0.0.1:80, or let the server listen on every address"},
    {"0.0.0.0", 80, ECONNREFUSED, "127.0.0.1", ANY, UP, "listens-now",
     "somebody listens on 127.0.0.1:80: only since then, or behind a firewall of this host",
     "start the server before its clients, or open the firewall"},
    {"10.0.0.5", 80, ECONNREFUSED, "127.0.0.1", HERE, UP, "only-another-address",
     "the server listens on 127.0.0.1:80 only, not on 10.0.0.5:80",
     "write localhost:80 or 127.0.0.1:80, or let the server listen on every address"},
    {"10.0.0.5", 80, ECONNREFUSED, "127.0.0.1", AWAY, UP, "not-this-host",
     "10.0.0.5 is not on this host, and the host that has it refused",
     "correct the address or the port, or start the server there"},
    {"10.0.0.5", 80, ECONNREFUSED, "", ANY, UP, "refused-there", "nobody listens on 10.0.0.5:80",
     "correct the address or the port, or start the server there"},
    {"0.0.0.0", 80, 0, "0.0.0.0", ANY, UP, "luck",
     "it works by luck: 0.0.0.0 is no destination; Linux takes it for this host, but FreeBSD 15, "
     "OpenBSD and Windows "
     "refuse it",
     "write localhost:80 or 127.0.0.1:80"},
    {"::ffff:0.0.0.0", 80, 0, NULL, ANY, UP, "luck",
     "it works by luck: ::ffff:0.0.0.0 is no destination; Linux takes it for this host, but "
     "FreeBSD 15, OpenBSD and "
     "Windows refuse it",
     "write localhost:80"},
    {"127.0.0.1", 80, 0, "0.0.0.0", HERE, UP, "", "", ""},
    {"127.0.0.1", 80, ECONNREFUSED, "", HERE, UP, "nobody",
     "nobody listens on port 80 of this host", "start the server, or correct the port"},
    {"0.0.0.0", 80, ENETUNREACH, "", ANY, DOWN, "loopback-down",
     "the loopback interface is down, so nothing reaches 0.0.0.0", NULL},
    {"127.0.0.1", 80, ETIMEDOUT, "", HERE, DOWN, "loopback-down",
     "the loopback interface is down, so nothing reaches 127.0.0.1",
     "bring it up: ip link set lo up"},
    {"::1", 80, EADDRNOTAVAIL, "", ANY, UP, "no-ipv6", "this host has no IPv6 address",
     "write an IPv4 address"},
    {"8.8.8.8", 53, ENETUNREACH, "", ANY, UP, "no-route", "no route leads to 8.8.8.8",
     "correct the address, or connect the network that it is in"},
    {"10.1.1.1", 80, EADDRNOTAVAIL, "", AWAY, UP, "no-local-port",
     "no local port or address is free for a connection to 10.1.1.1:80", NULL},
    {"10.1.1.1", 80, EHOSTUNREACH, "", AWAY, UP, "no-host",
     "no host has 10.1.1.1, say its network or a router on the way", NULL},
    {"127.0.0.1", 80, EHOSTUNREACH, "", ANY, UP, "firewall",
     "a firewall or a security policy of this host forbids 127.0.0.1:80 (EHOSTUNREACH)", NULL},
    {"0.0.0.0", 80, EHOSTUNREACH, "0.0.0.0", ANY, UP, "firewall",
     "a firewall or a security policy of this host forbids 0.0.0.0:80 (EHOSTUNREACH)", NULL},
    {"10.1.1.1", 80, EHOSTUNREACH, "", HERE, UP, "firewall",
     "a firewall or a security policy of this host forbids 10.1.1.1:80 (EHOSTUNREACH)", NULL},
    {"10.1.1.255", 80, ENETUNREACH, "", OUTCOME_ROUTE_GROUP, UP, "group-address",
     "TCP connects to one host only, and 10.1.1.255 is a group address of a network of this host",
     "write the address of one host"},
    {"10.1.1.1", 80, REASON_GAVE_UP_FIRST, "", ANY, UP, "gave-up",
     "the program gave up before 10.1.1.1:80 had answered",
     "correct the address, open the firewall that drops it, or wait longer"},
    {"127.0.0.1", 80, REASON_GAVE_UP_FIRST, "", ANY, DOWN, "loopback-down",
     "the loopback interface is down, so nothing reaches 127.0.0.1", NULL},
    {"192.0.2.9", 80, REASON_GAVE_UP_FIRST, "", ANY, UP, "example",
     "no host has 192.0.2.9 (reserved for documentation)", NULL},
    {"10.1.1.1", 80, ETIMEDOUT, "", AWAY, UP, "no-answer",
     "there is a route to 10.1.1.1, but no answer comes", NULL},
    {"10.1.1.1", 80, EPERM, "", AWAY, UP, "firewall",
     "a firewall or a security policy of this host forbids 10.1.1.1:80 (EPERM)", NULL},
    {"10.1.1.1", 80, EACCES, "", OUTCOME_ROUTE_FAILS, UP, "route-forbids",
     "a route of this host forbids 10.1.1.1 (EACCES)", NULL},
    {"10.1.1.1", 80, EACCES, "", AWAY, UP, "firewall",
     "a firewall or a security policy of this host forbids 10.1.1.1:80 (EACCES)", NULL},
    {"0.0.31.163", 1080, ENETUNREACH, "", ANY, UP, "port-as-host",
     "0.0.31.163 is the number 8099, a port in the place of the host", "write localhost:8099"},
    {"::ffff:0.0.31.163", 80, ETIMEDOUT, "", ANY, UP, "port-as-host",
     "::ffff:0.0.31.163 is the number 8099, a port in the place of the host",
     "write localhost:8099"},
    {"0.1.0.1", 80, ENETUNREACH, "", ANY, UP, "no-destination",
     "no host answers at 0.1.0.1 (a host on this network, no destination)", NULL},
    {"127.0.0.1", 0, ECONNREFUSED, "", HERE, UP, "port-zero", "nothing can listen on port 0",
     "write the server's port"},
    {"fe80::1", 80, EINVAL, "", ANY, UP, "no-zone", "fe80::1 says nothing without an interface",
     "write the interface behind it: fe80::1%eth0"},
    {"224.0.0.1", 80, ENETUNREACH, "", ANY, UP, "many-hosts",
     "TCP connects to one host only, and 224.0.0.1 is a multicast group",
     "write the address of one host"},
    {"255.255.255.255", 80, ENETUNREACH, "", ANY, UP, "many-hosts",
     "TCP connects to one host only, and 255.255.255.255 is the broadcast address", NULL},
    {"192.0.2.9", 80, ETIMEDOUT, "", AWAY, UP, "example",
     "no host has 192.0.2.9 (reserved for documentation)", "replace the example by a real address"},
    {"240.0.0.1", 80, ENETUNREACH, "", ANY, UP, "no-destination",
     "no host answers at 240.0.0.1 (reserved address space)", NULL},
};

/* Reads "::1!,10.0.0.5". */
static size_t read_listeners(const char *text, struct outcome_listener out[static 8])
{
    char copy[256];
    size_t count = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, ","); word != NULL; word = strtok(NULL, ",")) {
        size_t length = strlen(word);
        bool v6only = word[length - 1] == '!';
        word[length - v6only] = '\0';
        out[count++] = (struct outcome_listener){.addr = address(word), .v6only = v6only};
    }
    return count;
}

static const char *words(void (*put)(enum reason, const struct reason_facts *, struct text *),
                         enum reason reason, const struct reason_facts *facts)
{
    static char buffer[512];
    struct text text;
    text_start(&text, buffer, sizeof buffer);
    put(reason, facts, &text);
    return text_finish(&text);
}

static void check_row(size_t i)
{
    struct outcome_listener listeners[8];
    struct reason_facts facts = {
        .outcome = {.destination = {.addr = address(known[i].destination), .port = known[i].port},
                    .listeners = listeners,
                    .listeners_known = known[i].listeners != NULL,
                    .route = known[i].route,
                    .route_error = known[i].route == OUTCOME_ROUTE_FAILS ? known[i].error : 0,
                    .loopback_down = known[i].loopback == DOWN},
        .error = known[i].error,
    };
    if (known[i].listeners != NULL)
        facts.outcome.listener_count = read_listeners(known[i].listeners, listeners);
    facts.class =
        known[i].port == 0 ? ADDR_PORT_ZERO : addr_classify(&facts.outcome.destination.addr);
    facts.stray = (addr_classes_stray >> facts.class & 1) != 0;
    enum reason reason = reason_of(&facts);
    ck_assert_msg(strcmp(reason_name(reason), known[i].reason) == 0, "row %zu: %s: %s", i,
                  known[i].destination, reason_name(reason));
    ck_assert_str_eq(words(reason_describe, reason, &facts), known[i].sentence);
    if (known[i].advice != NULL)
        ck_assert_str_eq(words(reason_advise, reason, &facts), known[i].advice);
}

START_TEST(tells_each_reason_apart)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check_row(i);
}
END_TEST

START_TEST(every_word_in_braces_is_replaced)
{
    struct outcome_listener listener = {.addr = address("10.0.0.5")};
    struct reason_facts facts = {
        .outcome = {.destination = {.addr = address("0.0.31.163"), .port = 80},
                    .listeners = &listener,
                    .listener_count = 1,
                    .listeners_known = true},
        .error = EPERM,
        .class = ADDR_THIS_NETWORK,
    };
    for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
        for (int no_port = 0; no_port < 2; no_port++) {
            facts.outcome.no_port = no_port != 0;
            const char *text = words(reason_describe, (enum reason)reason, &facts);
            ck_assert_msg(*text != '\0' && strchr(text, '{') == NULL, "\"%s\"", text);
            text = words(reason_advise, (enum reason)reason, &facts);
            ck_assert_msg(*text != '\0' && strchr(text, '{') == NULL, "\"%s\"", text);
        }
    }
    ck_assert_str_eq(words(reason_describe, REASON_COUNT, &facts), "");
    ck_assert_str_eq(words(reason_advise, REASON_COUNT, &facts), "");
    ck_assert_str_eq(reason_name(REASON_COUNT), "");
}
END_TEST

START_TEST(words_are_cut_where_the_buffer_ends)
{
    char buffer[10];
    struct text text;
    struct reason_facts facts = {.outcome.destination = {.addr = address("0.0.0.0"), .port = 80}};
    text_start(&text, buffer, sizeof buffer);
    reason_describe(REASON_LUCK, &facts, &text);
    ck_assert(text.cut);
    ck_assert_uint_le(text.length, sizeof buffer);
}
END_TEST

START_TEST(what_is_not_known_is_left_out)
{
    struct reason_facts facts = {
        .outcome = {.destination.addr = address("0.0.0.0"), .no_port = true},
        .class = ADDR_UNSPECIFIED,
        .stray = true};
    ck_assert_int_eq(reason_of(&facts), REASON_LUCK);
    ck_assert_str_eq(words(reason_advise, REASON_LUCK, &facts), "write localhost");
    facts.error = ECONNREFUSED;
    ck_assert_str_eq(words(reason_describe, reason_of(&facts), &facts),
                     "nobody listens on that port of this host");
}
END_TEST

START_TEST(a_sinkhole_is_no_mistake_of_the_address)
{
    struct reason_facts facts = {.outcome.destination = {.addr = address("0.0.0.0"), .port = 443},
                                 .error = ECONNREFUSED,
                                 .class = ADDR_SINKHOLE,
                                 .stray = true};
    ck_assert_int_eq(reason_of(&facts), REASON_SINKHOLE);
}
END_TEST

static const struct {
    const char *address, *spelling;
    unsigned port;
    const char *why;
} numbers[] = {
    {"0.0.31.163", "", 8099, "nobody knows how it was written"},
    {"0.0.31.163", "8099", 8099, "as a number"},
    {"0.0.31.163", "0x1fa3", 8099, "as a hex number"},
    {"0.0.31.163", "0.0.31.163", 0, "as an address: no port was meant"},
    {"0.0.255.255", "65535", 65535, "the last port"},
    {"0.1.0.0", "65536", 0, "beyond the last port"},
    {"0.0.0.0", "0", 0, "0 is the unspecified address"},
    {"1.0.31.163", "", 0, "another network"},
    {"::1f:a3", "", 0, "IPv6"},
    {"::ffff:0.0.0.80", "", 80, "v4-mapped"},
};

START_TEST(finds_the_port_in_an_address)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct addr addr = address(numbers[i].address);
        ck_assert_msg(reason_port_in_address(&addr, slice_of(numbers[i].spelling)) ==
                          numbers[i].port,
                      "%s: %s", numbers[i].address, numbers[i].why);
    }
}
END_TEST

static const TTest *const tests[] = {
    tells_each_reason_apart,
    every_word_in_braces_is_replaced,
    words_are_cut_where_the_buffer_ends,
    what_is_not_known_is_left_out,
    a_sinkhole_is_no_mistake_of_the_address,
    finds_the_port_in_an_address,
};
UNIT_MAIN("reason", tests)
