#include "unit.h"

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <astray/host.h>

#include "guard.h"
#include "random.h"
#include "tsv.h"

static bool parse(const char *text, size_t length, struct host *out)
{
    return host_parse(guard_copy(text, length), length, out);
}

/* What core leaves to others: looks the zone's name up. False when there is no such
 * interface. */
static bool find_interface(struct host *host)
{
    char name[64];
    uint64_t number;
    if (host->addr.scope != ADDR_SCOPE_NAMED || slice_number(host->zone, UINT32_MAX, &number))
        return true;
    snprintf(name, sizeof name, "%.*s", (int)host->zone.length, host->zone.data);
    host->addr.scope = if_nametoindex(name);
    return host->addr.scope != 0;
}

START_TEST(reads_every_known_form)
{
    struct tsv tsv;
    int rows = 0, literals = 0;
    tsv_open(&tsv, "forms.tsv");
    for (; tsv_next(&tsv, 5); rows++) {
        struct host host;
        size_t length = tsv_unescape(tsv.column[0]);
        bool read = parse(tsv.column[0], length, &host) && find_interface(&host);
        ck_assert_msg(read == (strcmp(tsv.column[2], "-") != 0), "line %d: %s", tsv.number,
                      tsv.column[0]);
        ck_assert_int_eq(read, strcmp(tsv.column[3], "name") != 0);
        if (!read)
            continue;
        char text[ADDR_TEXT_SIZE];
        enum addr_class class = addr_classify(&host.addr);
        addr_format(&host.addr, text);
        ck_assert_str_eq(text, tsv.column[2]);
        ck_assert_msg(strcmp(addr_class_name(class), tsv.column[3]) == 0, "line %d: %s is %s",
                      tsv.number, text, addr_class_name(class));
        ck_assert_int_eq(addr_classes_stray >> class & 1, strcmp(tsv.column[4], "stray") == 0);
        literals++;
    }
    ck_assert_int_ge(rows, 231);
    ck_assert_int_ge(literals, 140);
}
END_TEST

/* The C library's answer, without a lookup. */
static bool resolver_reads(const char *text, struct addr *out)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    if (getaddrinfo(text, NULL, &hints, &list) != 0)
        return false;
    *out = (struct addr){.family = ADDR_IPV4};
    if (list->ai_family == AF_INET) {
        memcpy(out->bytes, &((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr, 4);
    } else {
        const struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)list->ai_addr;
        *out = (struct addr){.family = ADDR_IPV6, .scope = in6->sin6_scope_id};
        memcpy(out->bytes, &in6->sin6_addr, 16);
    }
    freeaddrinfo(list);
    return true;
}

/* Both must agree. Counts the literals. */
static void compare(const char *text, int *literals)
{
    struct addr theirs;
    struct host ours;
    bool read = parse(text, strlen(text), &ours) && find_interface(&ours);
    ck_assert_msg(read == resolver_reads(text, &theirs), "\"%s\" is %sa literal for us", text,
                  read ? "" : "not ");
    if (!read)
        return;
    ck_assert_msg(addr_equal(&ours.addr, &theirs), "\"%s\" is another address", text);
    ck_assert_msg(ours.addr.scope == theirs.scope, "\"%s\" has another zone", text);
    ++*literals;
}

START_TEST(agrees_with_the_resolver_on_every_known_form)
{
    struct tsv tsv;
    int literals = 0;
    tsv_open(&tsv, "forms.tsv");
    while (tsv_next(&tsv, 5)) {
        tsv_unescape(tsv.column[0]);
        compare(tsv.column[0], &literals);
    }
    ck_assert_int_ge(literals, 140);
}
END_TEST

#define PICK(list) (list)[random_below(sizeof(list) / sizeof *(list))]

static const char *const good_parts[] = {"0",    "00",  "1",    "10",     "255", "0x0",
                                         "0xfF", "0X1", "0377", "000001", "08"};
static const char *const odd_parts[] = {
    "256",         "0x100",    "0400",         "65535",      "65536",      "16777215",
    "16777216",    "0xffffff", "037777777777", "4294967295", "4294967296", "0xffffffff",
    "0x100000000", "",         "-1",           "+1",         " 1",         "1 ",
    "0x",          "1x",       "0xg",          "09",         "a",          "99999999999999999999",
};

START_TEST(agrees_with_the_resolver_on_inet_aton_forms)
{
    int literals = 0;
    for (int i = 0; i < 6000; i++) {
        char text[256];
        size_t length = 0;
        unsigned parts = 1 + random_below(5), odd = random_below(2 * parts);
        for (unsigned part = 0; part < parts; part++)
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%s%s", part > 0 ? "." : "",
                                 part == odd ? PICK(odd_parts) : PICK(good_parts));
        compare(text, &literals);
    }
    ck_assert_int_ge(literals, 1000);
}
END_TEST

static const char *const good_groups[] = {"0", "1", "ffff", "FFFF", "0db8", "fe80", "00", "a"};
static const char *const odd_groups[] = {"00001",     "g",        "",      "1.2.3.4",
                                         "0.0.0.0",   "01.2.3.4", "1.2.3", "256.1.1.1",
                                         "1.2.3.4.5", "0x1",      "10000", " 1"};
static const char *const zones[] = {
    "%1",  "%0",  "%lo",   "%",    "%nosuch", "%99",   "%01", "%4294967295",        "%4294967296",
    "%1x", "%+1", "%lo:1", "%lo ", "%:",      "%lo%1", "%.",  "%012345678901234567"};
static const char *const heads[] = {"", "", "", "fe80:", "ff02:", "ff01:", "ff05:", "ff12:"};

START_TEST(agrees_with_the_resolver_on_ipv6_forms)
{
    int literals = 0;
    for (int i = 0; i < 12000; i++) {
        char text[256];
        size_t length = (size_t)snprintf(text, sizeof text, "%s", PICK(heads));
        unsigned groups = random_below(9), odd = random_below(3 * groups + 1);
        unsigned gap = random_below(groups + 2);
        for (unsigned group = 0; group < groups; group++)
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%s%s%s",
                                 group > 0 ? ":" : "", group == gap ? (group > 0 ? ":" : "::") : "",
                                 group == odd ? PICK(odd_groups) : PICK(good_groups));
        if (gap == groups)
            length += (size_t)snprintf(text + length, sizeof text - length, "::");
        if (random_below(4) == 0)
            snprintf(text + length, sizeof text - length, "%s", PICK(zones));
        compare(text, &literals);
    }
    ck_assert_int_ge(literals, 3000);
}
END_TEST

START_TEST(reads_a_gap_at_every_place)
{
    int literals = 0;
    for (unsigned groups = 0; groups <= 9; groups++) {
        for (unsigned gap = 0; gap <= groups; gap++) {
            char text[64] = "";
            for (unsigned group = 0; group < groups; group++) {
                size_t length = strlen(text);
                snprintf(text + length, sizeof text - length, "%s%x",
                         group == gap ? "::" : (group > 0 ? ":" : ""), group + 1);
            }
            if (gap == groups)
                strcat(text, "::");
            int before = literals;
            compare(text, &literals);
            ck_assert_msg((literals > before) == (groups < 8), "%s", text);
        }
    }
}
END_TEST

static const struct {
    struct slice text;
    const char *zone; /* NULL: no literal */
    uint32_t scope;
    const char *why;
} zoned[] = {
    {SLICE("fe80::1%eth0"), "eth0", ADDR_SCOPE_NAMED, "a name is kept for others to look up"},
    {SLICE("febf::1%eth0"), "eth0", ADDR_SCOPE_NAMED, "the last of fe80::/10"},
    {SLICE("fec0::1%eth0"), NULL, 0, "not link-local"},
    {SLICE("ff02::1%eth0"), "eth0", ADDR_SCOPE_NAMED, "multicast on a link"},
    {SLICE("ff31::1%eth0"), "eth0", ADDR_SCOPE_NAMED, "the flags do not count"},
    {SLICE("ff05::1%eth0"), NULL, 0, "multicast in a site"},
    {SLICE("::ffff:169.254.1.1%eth0"), NULL, 0, "link-local, but of IPv4"},
    {SLICE("fe80::1%0"), "0", 0, "zone 0 is no zone"},
    {SLICE("fe80::1%7"), "7", 7, "a number"},
    {SLICE("fe80::1%0000000000000000000000000000000007"), "0000000000000000000000000000000007", 7,
     "zeros before it"},
    {SLICE("2001:db8::1%7"), "7", 7, "a number for any address"},
    {SLICE("fe80::1%4294967294"), "4294967294", 4294967294, "the greatest number"},
    {SLICE("fe80::1%4294967295"), "4294967295", ADDR_SCOPE_NAMED, "no index, but glibc takes it"},
    {SLICE("fe80::1%4294967296"), "4294967296", ADDR_SCOPE_NAMED, "too great, but a valid name"},
    {SLICE("2001:db8::1%4294967296"), NULL, 0, "too great"},
    {SLICE("fe80::1%abcdefghijklmno"), "abcdefghijklmno", ADDR_SCOPE_NAMED, "15 bytes"},
    {SLICE("fe80::1%abcdefghijklmnop"), NULL, 0, "16 bytes are no interface name"},
    {SLICE("fe80::1%a/b"), NULL, 0, "no interface name has a slash"},
    {SLICE("fe80::1%a b"), NULL, 0, "nor a blank"},
    {SLICE("fe80::1%a\0b"), NULL, 0, "nor a NUL"},
    {SLICE("fe80::1%."), NULL, 0, "nor is it a directory"},
    {SLICE("fe80::1%.."), NULL, 0, "nor is it a directory"},
    {SLICE("fe80::1%eth0:1"), "eth0:1", ADDR_SCOPE_NAMED, "an alias"},
    {SLICE("fe80::1%:1"), NULL, 0, "an alias of nothing"},
    {SLICE("fe80::1%"), NULL, 0, "an empty zone"},
    {SLICE("%1"), NULL, 0, "only a zone"},
    {SLICE("1.2.3.4%1"), NULL, 0, "IPv4 has no zones"},
};

START_TEST(reads_zones_without_looking_them_up)
{
    for (size_t i = 0; i < sizeof zoned / sizeof *zoned; i++) {
        struct host host = {.addr.family = 99};
        bool read = parse(zoned[i].text.data, zoned[i].text.length, &host);
        ck_assert_msg(read == (zoned[i].zone != NULL), "%s", zoned[i].why);
        if (!read) {
            ck_assert_int_eq(host.addr.family, 99);
            continue;
        }
        ck_assert_msg(host.addr.scope == zoned[i].scope, "%s", zoned[i].why);
        ck_assert_msg(slice_equal(host.zone, slice_of(zoned[i].zone)), "%s", zoned[i].why);
    }
}
END_TEST

static const struct {
    struct slice text;
    const char *why;
} names[] = {
    {{NULL, 0}, "empty without data"},
    {SLICE(""), "empty"},
    {SLICE("\0"), "a NUL"},
    {SLICE("0\0"), "a NUL behind"},
    {SLICE("0.0\0.0.0"), "a NUL inside"},
    {SLICE("::\0"), "a NUL behind"},
    {SLICE("::1\0:2"), "a NUL inside"},
    {SLICE("..."), "four empty parts"},
    {SLICE("::::"), "too many colons"},
    {SLICE("1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20"), "over-long"},
    {SLICE("::1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20"), "over-long"},
    {SLICE("1:2:3:4:5:6:7:1.2.3.4"), "a quad takes two groups"},
};

START_TEST(takes_everything_else_for_a_name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct host host = {.addr.family = 99};
        ck_assert_msg(!parse(names[i].text.data, names[i].text.length, &host), "%s", names[i].why);
        ck_assert_int_eq(host.addr.family, 99);
    }
    char zeros[4000];
    struct host host;
    memset(zeros, '0', sizeof zeros);
    ck_assert_msg(parse(zeros, sizeof zeros, &host), "any number of zeros is 0.0.0.0");
    ck_assert_int_eq(host.addr.family, ADDR_IPV4);
    memset(zeros, '1', sizeof zeros);
    ck_assert(!parse(zeros, sizeof zeros, &host));
    memset(zeros, ':', sizeof zeros);
    ck_assert(!parse(zeros, sizeof zeros, &host));
}
END_TEST

START_TEST(reads_back_what_is_formatted)
{
    for (int i = 0; i < 20000; i++) {
        struct addr addr = {.family = i % 4 == 0 ? ADDR_IPV4 : ADDR_IPV6};
        for (int byte = 0; byte < (addr.family == ADDR_IPV4 ? 4 : 16); byte++)
            addr.bytes[byte] = random_below(2) ? (uint8_t)random_below(256) : 0;
        if (addr.family == ADDR_IPV6 && random_below(4) == 0)
            addr.scope = random_below(100000);
        char text[ADDR_TEXT_SIZE];
        struct host host;
        size_t length = addr_format(&addr, text);
        ck_assert_msg(parse(text, length, &host), "%s", text);
        ck_assert_msg(addr_equal(&host.addr, &addr), "%s", text);
        ck_assert_uint_eq(host.addr.scope, addr.scope);
    }
}
END_TEST

static const TTest *const tests[] = {
    reads_every_known_form,
    agrees_with_the_resolver_on_every_known_form,
    agrees_with_the_resolver_on_inet_aton_forms,
    agrees_with_the_resolver_on_ipv6_forms,
    reads_a_gap_at_every_place,
    reads_zones_without_looking_them_up,
    takes_everything_else_for_a_name,
    reads_back_what_is_formatted,
};

UNIT_MAIN("host", tests)
