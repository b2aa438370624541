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

static const TTest *const tests[] = {
    reads_a_socket_address_within_its_length,
    reads_at_any_alignment,
    fills_what_an_address_lacks_with_zeros,
    formats_destinations_within_their_size,
};

UNIT_MAIN("endpoint", tests)
