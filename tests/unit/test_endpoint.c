#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <astray/endpoint.h>

#include "guard.h"

/* A socket address of any family, with every byte set. */
union any {
    sa_family_t family;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    char bytes[sizeof(struct sockaddr_storage)];
};

static union any any_of(int family)
{
    union any any;
    memset(&any, 0x5a, sizeof any);
    any.family = (sa_family_t)family;
    if (family == AF_INET || family == AF_INET6)
        any.in.sin_port = htons(8080);
    if (family == AF_INET)
        inet_pton(AF_INET, "192.0.2.9", &any.in.sin_addr);
    if (family == AF_INET6) {
        inet_pton(AF_INET6, "fe80::9", &any.in6.sin6_addr);
        any.in6.sin6_scope_id = 7;
    }
    return any;
}

static const struct {
    int family;
    size_t length;
    const char *text; /* NULL: no IP destination */
    const char *why;
} sockaddrs[] = {
    {AF_INET, 0, NULL, "no byte at all"},
    {AF_INET, 1, NULL, "half a family"},
    {AF_INET, 2, NULL, "only the family"},
    {AF_INET, 8, NULL, "without its padding: the kernel says EINVAL"},
    {AF_INET, 15, NULL, "one byte short"},
    {AF_INET, 16, "192.0.2.9:8080", "as it should be"},
    {AF_INET, 28, "192.0.2.9:8080", "too long is fine"},
    {AF_INET, 128, "192.0.2.9:8080", "a sockaddr_storage"},
    {AF_INET6, 16, NULL, "IPv6 with the length of IPv4"},
    {AF_INET6, 23, NULL, "one byte short"},
    {AF_INET6, 24, "[fe80::9]:8080", "the old length has no zone"},
    {AF_INET6, 27, "[fe80::9]:8080", "a part of the zone is none"},
    {AF_INET6, 28, "[fe80::9%7]:8080", "as it should be"},
    {AF_INET6, 128, "[fe80::9%7]:8080", "a sockaddr_storage"},
    {AF_UNSPEC, 16, NULL, "disconnects"},
    {AF_UNIX, 110, NULL, "a path"},
    {AF_NETLINK, 12, NULL, "no network address"},
    {0xffff, 128, NULL, "no family"},
};

START_TEST(reads_a_socket_address_within_its_length)
{
    for (size_t i = 0; i < sizeof sockaddrs / sizeof *sockaddrs; i++) {
        union any any = any_of(sockaddrs[i].family);
        struct destination got = {.port = 1};
        /* At an unmapped page, and so at odd addresses too. */
        const char *copy = guard_copy(any.bytes, sockaddrs[i].length);
        bool read = destination_from_sockaddr(copy, sockaddrs[i].length, &got);
        ck_assert_msg(read == (sockaddrs[i].text != NULL), "%s", sockaddrs[i].why);
        if (!read) {
            ck_assert_int_eq(got.port, 1);
            continue;
        }
        char text[DESTINATION_TEXT_SIZE];
        ck_assert_uint_eq(destination_format(&got, text), strlen(text));
        ck_assert_msg(strcmp(text, sockaddrs[i].text) == 0, "%s: %s", text, sockaddrs[i].why);
    }
}
END_TEST

START_TEST(reads_at_any_alignment)
{
    union any any = any_of(AF_INET6);
    char buffer[64];
    for (size_t shift = 0; shift < 8; shift++) {
        struct destination got;
        memcpy(buffer + shift, &any, sizeof any.in6);
        ck_assert(destination_from_sockaddr(buffer + shift, sizeof any.in6, &got));
        ck_assert_int_eq(got.port, 8080);
        ck_assert_int_eq(got.addr.scope, 7);
    }
}
END_TEST

START_TEST(fills_what_an_address_lacks_with_zeros)
{
    union any any = any_of(AF_INET);
    struct destination got, same = {.port = 8080, .addr.family = ADDR_IPV4};
    memset(&got, 0xff, sizeof got);
    memcpy(same.addr.bytes, (uint8_t[]){192, 0, 2, 9}, 4);
    ck_assert(destination_from_sockaddr(&any, sizeof any.in, &got));
    ck_assert(addr_equal(&got.addr, &same.addr));
    ck_assert_int_eq(got.addr.scope, 0);
}
END_TEST

START_TEST(formats_destinations_within_their_size)
{
    char text[DESTINATION_TEXT_SIZE];
    struct destination longest = {.port = 65535,
                                  .addr = {.family = ADDR_IPV6, .scope = UINT32_MAX - 1}};
    memset(longest.addr.bytes, 0xff, 16);
    destination_format(&longest, text);
    ck_assert_str_eq(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967294]:65535");
    struct destination none = {.port = 80};
    ck_assert_uint_eq(destination_format(&none, text), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

#define NONE ENDPOINT_NO_PORT
#define BAD ENDPOINT_BAD_PORT

// clang-format off
static const struct {
    const char *text;
    const char *scheme, *userinfo, *host, *port_text, *rest;
    const char *addr; /* "" when the host is no literal; NULL when the text is no endpoint */
    int32_t port;
    const char *why;
} endpoints[] = {
    /* text             scheme  userinfo host     port_text rest  addr      port   why */
    {"0:80",                "", "", "0", "80", "", "0.0.0.0", 80, "the outage"},
    {"0:80/health",         "", "", "0", "80", "/health", "0.0.0.0", 80, "curl takes a URL without its scheme"},
    {"http://0:80/x?y",     "http", "", "0", "80", "/x?y", "0.0.0.0", 80, "a URL"},
    {"http://0",            "http", "", "0", "", "", "0.0.0.0", NONE, "a URL without a path"},
    {"HTTP://0/",           "HTTP", "", "0", "", "/", "0.0.0.0", NONE, "the scheme's case is kept"},
    {"http://0?q=1:2@3",    "http", "", "0", "", "?q=1:2@3", "0.0.0.0", NONE, "a query ends the authority"},
    {"http://0#a:b",        "http", "", "0", "", "#a:b", "0.0.0.0", NONE, "so does a fragment"},
    {"//0:80/x",            "", "", "0", "80", "/x", "0.0.0.0", 80, "relative to a scheme"},
    {"://0:80",             "", "", "0", "80", "", "0.0.0.0", 80, "a variable for the scheme was empty"},
    {"${PROTO}://db:1/",    "${PROTO}", "", "db", "1", "/", "", 1, "a variable for the scheme"},
    {"0x7f.1:080",          "", "", "0x7f.1", "080", "", "127.0.0.1", 80, "any literal; a port with a zero"},
    {"8099",                "", "", "8099", "", "", "0.0.31.163", NONE, "a bare port is read as a host"},
    {"localhost",           "", "", "localhost", "", "", "", NONE, "a name"},
    {"localhost:8080",      "", "", "localhost", "8080", "", "", 8080, "a name and a port"},
    {"${HOST}:${PORT}",     "", "", "${HOST}", "${PORT}", "", "", BAD, "an unexpanded variable parses"},
    {"host:",               "", "", "host", "", "", "", NONE, "an empty port is none (RFC 3986)"},
    {"http://host:/x",      "http", "", "host", "", "/x", "", NONE, "an empty port is none (RFC 3986)"},
    {"host:0",              "", "", "host", "0", "", "", 0, "port 0 is a number"},
    {"host:65535",          "", "", "host", "65535", "", "", 65535, "the last port"},
    {"host:65536",          "", "", "host", "65536", "", "", BAD, "one more"},
    {"host:99999",          "", "", "host", "99999", "", "", BAD, "too great"},
    {"host:99999999999999999999999", "", "", "host", "99999999999999999999999", "", "", BAD, "no wrap around"},
    {"host:http",           "", "", "host", "http", "", "", BAD, "a service's name is no number"},
    {"host:-1",             "", "", "host", "-1", "", "", BAD, "no sign"},
    {"host:+80",            "", "", "host", "+80", "", "", BAD, "no sign"},
    {"host:0x50",           "", "", "host", "0x50", "", "", BAD, "ports are decimal"},
    {":80",                 "", "", "", "80", "", "", 80, "the host is missing"},
    {":",                   "", "", "", "", "", "", NONE, "everything is missing"},
    {"http://:8080/",       "http", "", "", "8080", "/", "", 8080, "the host is missing"},
    {"http://",             "http", "", "", "", "", "", NONE, "the host is missing"},
    {"http:///x",           "http", "", "", "", "/x", "", NONE, "the host is missing"},
    {"//",                  "", "", "", "", "", "", NONE, "the host is missing"},
    {"unix:///run/x.sock",  "unix", "", "", "", "/run/x.sock", "", NONE, "a socket has no host"},
    {"::1",                 "", "", "::1", "", "", "::1", NONE, "a bare literal has no port"},
    {"::",                  "", "", "::", "", "", "::", NONE, "a bare literal has no port"},
    {"::1:80",              "", "", "::1:80", "", "", "::0.1.0.128", NONE, "the port is a part of the address"},
    {"http://::1/",         "http", "", "::1", "", "/", "::1", NONE, "a bare literal in a URL"},
    {"fe80::1%eth0",        "", "", "fe80::1%eth0", "", "", "fe80::1", NONE, "a bare literal with its zone"},
    {"fe80::1%2",           "", "", "fe80::1%2", "", "", "fe80::1%2", NONE, "a bare literal with its zone"},
    {"::ffff:0.0.0.0",      "", "", "::ffff:0.0.0.0", "", "", "::ffff:0.0.0.0", NONE, "v4-mapped"},
    {"[::]:80",             "", "", "::", "80", "", "::", 80, "brackets"},
    {"[::1]",               "", "", "::1", "", "", "::1", NONE, "brackets without a port"},
    {"[::1]/x",             "", "", "::1", "", "/x", "::1", NONE, "brackets and a path"},
    {"[::1]:",              "", "", "::1", "", "", "::1", NONE, "brackets and an empty port"},
    {"[::1]:x",             "", "", "::1", "x", "", "::1", BAD, "brackets and a bad port"},
    {"[]:80",               "", "", "", "80", "", "", 80, "nothing in the brackets"},
    {"[db]:80",             "", "", "db", "80", "", "", 80, "a name in brackets"},
    {"[0.0.0.0]:80",        "", "", "0.0.0.0", "80", "", "0.0.0.0", 80, "IPv4 in brackets: Go takes it"},
    {"[fe80::1%eth0]:80",   "", "", "fe80::1%eth0", "80", "", "fe80::1", 80, "a zone in brackets"},
    {"[fe80::1%25eth0]",    "", "", "fe80::1%25eth0", "", "", "fe80::1", NONE, "a percent-encoded zone"},
    {"http://[fe80::1%25eth0]/", "http", "", "fe80::1%25eth0", "", "/", "fe80::1", NONE, "a percent-encoded zone"},
    {"http://[fe80::1%252]/", "http", "", "fe80::1%252", "", "/", "fe80::1%2", NONE, "encoded in a URL: zone 2"},
    {"http://[fe80::1%25]/", "http", "", "fe80::1%25", "", "/", "fe80::1%25", NONE, "nothing behind it: zone 25, as curl"},
    {"http://[::1%252]/",   "http", "", "::1%252", "", "/", "::1%2", NONE, "encoded in a URL: zone 2"},
    {"[fe80::1%252]:80",    "", "", "fe80::1%252", "80", "", "fe80::1%252", 80, "no URL: zone 252"},
    {"http://db%25x/",      "http", "", "db%25x", "", "/", "", NONE, "only in brackets"},
    {"user:p@ss@host:80",   "", "user:p@ss", "host", "80", "", "", 80, "the last @ counts"},
    {"root@0:22",           "", "root", "0", "22", "", "0.0.0.0", 22, "ssh's form"},
    {"@0:80",               "", "", "0", "80", "", "0.0.0.0", 80, "an empty user"},
    {"http://u:p@[::]:80/", "http", "u:p", "::", "80", "/", "::", 80, "user and brackets"},
    {"http://u@:80/",       "http", "u", "", "80", "/", "", 80, "a user and no host"},
    {"postgres://app:secret@192.0.2.10:5432/app", "postgres", "app:secret", "192.0.2.10", "5432", "/app", "192.0.2.10", 5432, "a database"},
    {"redis://:pw@0:6379/0", "redis", ":pw", "0", "6379", "/0", "0.0.0.0", 6379, "a password without a user"},
    {"jdbc:mysql://0:3306/db", "jdbc:mysql", "", "0", "3306", "/db", "0.0.0.0", 3306, "a scheme of two words"},
    {"git+ssh://git@0/x",   "git+ssh", "git", "0", "", "/x", "0.0.0.0", NONE, "a scheme of two words"},
    {"http:/0:80/x",        "", "", "http", "", "/0:80/x", "", NONE, "one slash makes no URL"},
    {"0:80/?next=http://x", "", "", "0", "80", "/?next=http://x", "0.0.0.0", 80, "a URL in the query"},
    {"0?u=http://x:1",      "", "", "0", "", "?u=http://x:1", "0.0.0.0", NONE, "a URL in the query"},
    {"u@h://x",             "", "u", "h", "", "//x", "", NONE, "a scheme has no @"},
    {"[::1]://x",           "", "", "::1", "", "//x", "::1", NONE, "nor a bracket"},
    {"http://0/a b",        "http", "", "0", "", "/a b", "0.0.0.0", NONE, "a blank behind the authority"},
    {"http://0\\@x/",       "http", "0\\", "x", "", "/", "", NONE, "a backslash ends nothing"},
    {"caf\xc3\xa9:80",      "", "", "caf\xc3\xa9", "80", "", "", 80, "any other byte"},
    {"a,b:80",              "", "", "a,b", "80", "", "", 80, "a list parses as a name: others split it"},
    {"0.0.0.0/0",           "", "", "0.0.0.0", "", "/0", "0.0.0.0", NONE, "a prefix looks like a path"},

    {"",                    "", "", "", "", "", NULL, 0, "empty"},
    {"/",                   "", "", "", "", "", NULL, 0, "a path"},
    {"/run/x.sock",         "", "", "", "", "", NULL, 0, "a path"},
    {"?q",                  "", "", "", "", "", NULL, 0, "only a query"},
    {"#c",                  "", "", "", "", "", NULL, 0, "only a comment"},
    {"[::1",                "", "", "", "", "", NULL, 0, "an unclosed bracket"},
    {"[",                   "", "", "", "", "", NULL, 0, "an unclosed bracket"},
    {"[::1/]:80",           "", "", "", "", "", NULL, 0, "the path begins inside the bracket"},
    {"[::1]80",             "", "", "", "", "", NULL, 0, "no colon behind the bracket"},
    {"[::1]]:80",           "", "", "", "", "", NULL, 0, "no colon behind the bracket"},
    {":::80",               "", "", "", "", "", NULL, 0, "several colons and no literal"},
    {"::1.2.3.4:80",        "", "", "", "", "", NULL, 0, "several colons and no literal"},
    {"h:80:90",             "", "", "", "", "", NULL, 0, "several colons and no literal"},
    {"a:80,b:81",           "", "", "", "", "", NULL, 0, "a list"},
    {"::1%lo",              "", "", "", "", "", NULL, 0, "no literal: a name for the zone of ::1"},
    {" 0:80",               "", "", "", "", "", NULL, 0, "a blank before it"},
    {"0:80 ",               "", "", "", "", "", NULL, 0, "a blank behind it"},
    {"0:80\n",              "", "", "", "", "", NULL, 0, "a line's end"},
    {"0\t:80",              "", "", "", "", "", NULL, 0, "a tab"},
    {"http://a b/",         "", "", "", "", "", NULL, 0, "a blank in the authority"},
    {"curl http://0:80",    "", "", "", "", "", NULL, 0, "a command"},
    {"0:80\x7f",            "", "", "", "", "", NULL, 0, "a control byte"},
};
// clang-format on

#define ENDPOINTS (sizeof endpoints / sizeof *endpoints)

static bool parse(const char *text, size_t length, struct endpoint *out)
{
    return endpoint_parse(guard_copy(text, length), length, out);
}

static void check_piece(struct slice piece, const char *want, const char *text, const char *what)
{
    ck_assert_msg(slice_equal(piece, slice_of(want)), "\"%s\": %s is \"%.*s\"", text, what,
                  (int)piece.length, piece.data);
}

START_TEST(takes_destinations_apart)
{
    for (size_t i = 0; i < ENDPOINTS; i++) {
        const char *text = endpoints[i].text;
        struct endpoint got = {.port = 4711};
        const char *copy = guard_copy(text, strlen(text));
        bool read = endpoint_parse(copy, strlen(text), &got);
        ck_assert_msg(read == (endpoints[i].addr != NULL), "\"%s\": %s", text, endpoints[i].why);
        if (!read) {
            ck_assert_int_eq(got.port, 4711);
            continue;
        }
        char addr[ADDR_TEXT_SIZE];
        check_piece(got.scheme, endpoints[i].scheme, text, "the scheme");
        check_piece(got.userinfo, endpoints[i].userinfo, text, "the userinfo");
        check_piece(got.host, endpoints[i].host, text, "the host");
        check_piece(got.port_text, endpoints[i].port_text, text, "the port's text");
        check_piece(got.rest, endpoints[i].rest, text, "the rest");
        addr_format(&got.addr, addr);
        check_piece(slice_of(addr), endpoints[i].addr, text, "the address");
        ck_assert_msg(got.port == endpoints[i].port, "\"%s\": port %d", text, got.port);
        ck_assert_int_eq(got.bracketed, got.host.data > copy && got.host.data[-1] == '[');
    }
}
END_TEST

/* Puts the pieces of ENDPOINT together again. */
static struct slice join(const struct endpoint *endpoint, bool slashes, bool at, struct text *text)
{
    text_slice(text, endpoint->scheme);
    text_string(text, endpoint->scheme.length > 0 ? "://" : slashes ? "//" : "");
    text_slice(text, endpoint->userinfo);
    text_string(text, at ? "@" : "");
    text_string(text, endpoint->bracketed ? "[" : "");
    text_slice(text, endpoint->host);
    text_string(text, endpoint->bracketed ? "]" : "");
    text_string(text, endpoint->port_text.data != NULL ? ":" : "");
    text_slice(text, endpoint->port_text);
    text_slice(text, endpoint->rest);
    return text_done(text);
}

START_TEST(loses_no_byte)
{
    for (size_t i = 0; i < ENDPOINTS; i++) {
        struct slice whole = slice_of(endpoints[i].text);
        struct endpoint got;
        struct text text;
        char buffer[256];
        if (!endpoint_parse(whole.data, whole.length, &got) ||
            slice_starts_with(whole, SLICE("://")))
            continue;
        text_start(&text, buffer, sizeof buffer);
        bool at = got.userinfo.data != NULL;
        struct slice again = join(&got, slice_starts_with(whole, SLICE("//")), at, &text);
        ck_assert_msg(slice_equal(again, whole), "%s: %.*s", whole.data, (int)again.length,
                      again.data);
    }
}
END_TEST

static const struct {
    struct slice text;
    const char *why;
} nothing[] = {
    {{NULL, 0}, "empty without data"},
    {SLICE("\0"), "a NUL"},
    {SLICE("0:80\0"), "a NUL behind"},
    {SLICE("0\0:80"), "a NUL inside"},
    {SLICE("ht\0tp://0"), "a NUL in the scheme"},
    {SLICE("[::\0]:80"), "a NUL in the brackets"},
};

START_TEST(takes_no_nul_in_the_authority)
{
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        struct endpoint got = {.port = 4711};
        ck_assert_msg(!parse(nothing[i].text.data, nothing[i].text.length, &got), "%s",
                      nothing[i].why);
        ck_assert_int_eq(got.port, 4711);
    }
}
END_TEST

START_TEST(takes_over_long_texts)
{
    char text[4000];
    struct endpoint got;
    memset(text, 'a', sizeof text);
    ck_assert(parse(text, sizeof text, &got));
    ck_assert_uint_eq(got.host.length, sizeof text);
    memset(text, ':', sizeof text);
    ck_assert(!parse(text, sizeof text, &got));
    memset(text, '@', sizeof text);
    ck_assert(parse(text, sizeof text, &got));
    ck_assert_uint_eq(got.userinfo.length, sizeof text - 1);
    /* An encoded zone that is longer than any literal. */
    memset(text, '0', sizeof text);
    memcpy(text, "http://[::%25", 13);
    text[sizeof text - 1] = ']';
    ck_assert(parse(text, sizeof text, &got));
    ck_assert_uint_eq(got.host.length, sizeof text - 9);
}
END_TEST

START_TEST(reads_back_what_is_formatted)
{
    for (size_t i = 0; i < ENDPOINTS; i++) {
        struct endpoint got, again;
        char text[DESTINATION_TEXT_SIZE];
        const char *whole = endpoints[i].text;
        if (!endpoint_parse(whole, strlen(whole), &got) || got.addr.family == ADDR_NONE)
            continue;
        struct destination destination = {.addr = got.addr, .port = 1234};
        size_t length = destination_format(&destination, text);
        ck_assert(parse(text, length, &again));
        ck_assert(addr_equal(&again.addr, &got.addr));
        ck_assert_int_eq(again.port, 1234);
    }
}
END_TEST

static const struct {
    const char *scheme;
    int32_t port;
    const char *why;
} schemes[] = {
    {"http", 80, "known"},
    {"https", 443, "known"},
    {"HtTpS", 443, "the case does not count"},
    {"ftp", 21, "known"},
    {"ws", 80, "as http"},
    {"wss", 443, "as https"},
    {"ssh", 22, "known"},
    {"redis", 6379, "known"},
    {"rediss", 6379, "the same with TLS"},
    {"postgres", 5432, "both spellings"},
    {"postgresql", 5432, "both spellings"},
    {"mysql", 3306, "known"},
    {"mongodb", 27017, "known"},
    {"mongodb+srv", NONE, "the port comes from a SRV record"},
    {"amqp", 5672, "known"},
    {"amqps", 5671, "known"},
    {"ldap", 389, "known"},
    {"ldaps", 636, "known"},
    {"git", 9418, "known"},
    {"git+ssh", 22, "ssh carries it"},
    {"socks4", 1080, "known"},
    {"socks5", 1080, "known"},
    {"socks5h", 1080, "known"},
    {"mqtt", 1883, "known"},
    {"mqtts", 8883, "known"},
    {"memcached", 11211, "known"},
    {"nats", 4222, "known"},
    {"smtp", 25, "known"},
    {"smtps", 465, "known"},
    {"imap", 143, "known"},
    {"imaps", 993, "known"},
    {"pop3", 110, "known"},
    {"pop3s", 995, "known"},
    {"telnet", 23, "known"},
    {"rtsp", 554, "known"},
    {"rsync", 873, "known"},
    {"jdbc:postgresql", 5432, "JDBC's prefix"},
    {"JDBC:mysql", 3306, "JDBC's prefix"},
    {"postgresql+asyncpg", 5432, "SQLAlchemy's driver"},
    {"tcp", NONE, "docker's has none"},
    {"http+unix", NONE, "a socket's path"},
    {"unix", NONE, "a socket's path"},
    {"jdbc:", NONE, "nothing behind it"},
    {"+http", NONE, "nothing before it"},
    {"httpx", NONE, "unknown"},
    {"htt", NONE, "unknown"},
    {"a-scheme-that-is-longer-than-any-in-the-table", NONE, "over-long"},
    {"", NONE, "empty"},
};

START_TEST(knows_the_ports_of_schemes)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i].scheme);
        struct slice scheme = {.data = guard_copy(schemes[i].scheme, length), .length = length};
        ck_assert_msg(endpoint_default_port(scheme) == schemes[i].port, "%s: %d, %s",
                      schemes[i].scheme, endpoint_default_port(scheme), schemes[i].why);
    }
    ck_assert_int_eq(endpoint_default_port((struct slice){0}), NONE);
    ck_assert_int_eq(endpoint_default_port(SLICE("http\0")), NONE);
}
END_TEST

static const TTest *const tests[] = {
    takes_destinations_apart,
    loses_no_byte,
    takes_no_nul_in_the_authority,
    takes_over_long_texts,
    reads_back_what_is_formatted,
    knows_the_ports_of_schemes,
    reads_a_socket_address_within_its_length,
    reads_at_any_alignment,
    fills_what_an_address_lacks_with_zeros,
    formats_destinations_within_their_size,
};

UNIT_MAIN("endpoint", tests)
