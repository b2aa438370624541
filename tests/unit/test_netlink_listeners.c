#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <astray/netlink.h>

/* Its own functions too: the way for kernels that lack the older question is taken on no other. */
#include "../../src/sys/netlink_listeners.c"

enum { PORT = 8099, MAX = 16 };

/* Each test is a process of its own: it gets a network with nothing but loopback. */
static void own_network(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    if (unshare(CLONE_NEWNET) != 0)
        ck_assert_msg(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0, "no network namespace: %s",
                      strerror(errno));
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(ioctl(descriptor, SIOCGIFFLAGS, &request), 0);
    request.ifr_flags |= IFF_UP;
    ck_assert_int_eq(ioctl(descriptor, SIOCSIFFLAGS, &request), 0);
    close(descriptor);
}

static int listen_at(const char *address, uint16_t port, bool v6only)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    const int yes = 1, only = v6only;
    int descriptor = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
    ck_assert(is_v4 || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
    ck_assert_int_eq(setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes), 0);
    if (!is_v4)
        ck_assert_int_eq(setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only), 0);
    ck_assert_msg(bind(descriptor, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
                       is_v4 ? sizeof v4 : sizeof v6) == 0,
                  "%s: %s", address, strerror(errno));
    ck_assert_int_eq(listen(descriptor, 1), 0);
    return descriptor;
}

/* "127.0.0.1 [::] v6only", in the order of the answer. */
static const char *found(uint16_t port, size_t max)
{
    static char text[8192];
    struct netlink_listener listeners[256];
    size_t count = 99, length = 0;
    ck_assert_uint_le(max, 256);
    text[0] = '\0';
    ck_assert_int_eq(netlink_listeners(port, listeners, max, &count), 0);
    ck_assert_uint_le(count, max);
    for (size_t i = 0; i < count; i++) {
        char address[ADDR_TEXT_SIZE];
        addr_format(&listeners[i].at.addr, address);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%s", i > 0 ? " " : "",
                                   address, listeners[i].at.v6only ? " v6only" : "");
    }
    return text;
}

static const struct {
    struct {
        const char *address;
        bool v6only;
    } listeners[3];
    const char *want;
    const char *why;
} known[] = {
    {{{NULL, false}}, "", "nobody"},
    {{{"127.0.0.1", false}}, "127.0.0.1", "IPv4"},
    {{{"0.0.0.0", false}}, "0.0.0.0", "every IPv4 address"},
    {{{"::1", false}}, "::1 v6only", "the kernel takes a single IPv6 address for IPv6 only"},
    {{{"::", true}}, ":: v6only", "every IPv6 address and nothing else"},
    {{{"::", false}}, "::", "both families"},
    {{{"::ffff:127.0.0.1", false}}, "::ffff:127.0.0.1", "IPv4 on an IPv6 socket"},
    {{{"::1", true}, {"127.0.0.2", false}}, "127.0.0.2 ::1 v6only", "IPv4 comes first"},
};

START_TEST(tells_each_kind_of_listener)
{
    own_network();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int descriptors[3] = {-1, -1, -1};
        ck_assert_str_eq(found(PORT, MAX), "");
        for (size_t j = 0; j < 3 && known[i].listeners[j].address != NULL; j++)
            descriptors[j] =
                listen_at(known[i].listeners[j].address, PORT, known[i].listeners[j].v6only);
        ck_assert_msg(strcmp(found(PORT, MAX), known[i].want) == 0, "%s: got \"%s\"", known[i].why,
                      found(PORT, MAX));
        for (size_t j = 0; j < 3; j++)
            if (descriptors[j] >= 0)
                close(descriptors[j]);
    }
}
END_TEST

START_TEST(asks_each_family_where_the_kernel_wants_it)
{
    struct netlink_listener listeners[MAX], both[MAX];
    struct search search = {.out = listeners, .max = MAX};
    size_t count;
    own_network();
    listen_at("::1", PORT, true);
    listen_at("0.0.0.0", PORT, false);
    listen_at("::", PORT + 1, false);
    search.count = 7; /* left by an answer that broke off */
    ck_assert_int_eq(search_families(&search, PORT), 0);
    ck_assert_int_eq(netlink_listeners(PORT, both, MAX, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(search.count, 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(compare(&listeners[i].at, &both[i].at) == 0);
        ck_assert_uint_eq(listeners[i].inode, both[i].inode);
    }
}
END_TEST

START_TEST(other_ports_and_other_states_do_not_count)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    own_network();
    static const uint16_t near[] = {PORT - 1, PORT + 1, 1, 65535, (PORT & 0xff) << 8 | PORT >> 8};
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        listen_at("127.0.0.1", near[i], false);
    int bound = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(bound, (struct sockaddr *)&name, sizeof name), 0);
    ck_assert_str_eq(found(PORT, MAX), "");
    ck_assert_str_eq(found(65535, MAX), "127.0.0.1");
    ck_assert_str_eq(found(0, MAX), "");
    ck_assert_int_eq(listen(bound, 1), 0);
    ck_assert_str_eq(found(PORT, MAX), "0.0.0.0");
}
END_TEST

START_TEST(tells_inode_and_owner)
{
    struct netlink_listener listener;
    struct stat status;
    size_t count;
    own_network();
    int descriptor = listen_at("::1", PORT, false);
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    ck_assert_int_eq(netlink_listeners(PORT, &listener, 1, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(listener.inode, status.st_ino);
    ck_assert_uint_eq(listener.uid, geteuid());
    ck_assert_uint_eq(listener.sockets, 1);
    ck_assert_uint_eq(listener.at.interface, 0);
}
END_TEST

START_TEST(tells_the_device_of_a_listener)
{
    struct netlink_listener listener;
    size_t count;
    own_network();
    int descriptor = listen_at("127.0.0.1", PORT, false);
    ck_assert_int_eq(setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    ck_assert_int_eq(netlink_listeners(PORT, &listener, 1, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(listener.at.interface, if_nametoindex("lo"));
}
END_TEST

START_TEST(sockets_that_share_an_endpoint_are_one)
{
    struct netlink_listener listeners[MAX];
    size_t count;
    own_network();
    for (int i = 0; i < 300; i++)
        listen_at("0.0.0.0", PORT, false);
    listen_at("::1", PORT, false);
    ck_assert_int_eq(netlink_listeners(PORT, listeners, MAX, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(listeners[0].sockets, 300);
    ck_assert_uint_eq(listeners[1].sockets, 1);
}
END_TEST

/* Many parts of an answer: each address must be told once. */
START_TEST(finds_every_one_of_many)
{
    enum { MANY = 200 };
    struct netlink_listener listeners[256];
    bool seen[MANY] = {false};
    size_t count;
    own_network();
    for (int i = 0; i < MANY; i++) {
        char address[32];
        snprintf(address, sizeof address, "127.0.1.%d", i);
        listen_at(address, PORT, false);
        listen_at(address, PORT + 1, false);
    }
    listen_at("::", PORT, true);
    ck_assert_int_eq(netlink_listeners(PORT, listeners, 256, &count), 0);
    ck_assert_uint_eq(count, MANY + 1);
    for (size_t i = 0; i < MANY; i++) {
        const uint8_t *bytes = listeners[i].at.addr.bytes;
        ck_assert(bytes[0] == 127 && bytes[2] == 1 && bytes[3] < MANY && !seen[bytes[3]]);
        seen[bytes[3]] = true;
    }
}
END_TEST

START_TEST(writes_no_more_than_there_is_room_for)
{
    struct netlink_listener listeners[4] = {[3].sockets = 12345};
    size_t count;
    own_network();
    for (int i = 1; i < 100; i++) {
        char address[32];
        snprintf(address, sizeof address, "127.0.0.%d", i);
        listen_at(address, PORT, false);
    }
    ck_assert_int_eq(netlink_listeners(PORT, listeners, 3, &count), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(listeners[3].sockets, 12345);
    ck_assert_int_eq(netlink_listeners(PORT, listeners, 0, &count), 0);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(leaves_errno_and_descriptors_alone)
{
    struct netlink_listener listeners[MAX];
    size_t count;
    own_network();
    int before = dup(0);
    close(before);
    errno = 4711;
    ck_assert_int_eq(netlink_listeners(PORT, listeners, MAX, &count), 0);
    ck_assert_int_eq(errno, 4711);
    int after = dup(0);
    ck_assert_int_eq(before, after);
}
END_TEST

START_TEST(never_uses_a_standard_descriptor_and_tells_when_there_is_none)
{
    struct netlink_listener listeners[MAX];
    size_t count = 99;
    own_network();
    listen_at("127.0.0.1", PORT, false);
    close(0);
    ck_assert_str_eq(found(PORT, MAX), "127.0.0.1");
    ck_assert_int_eq(fcntl(0, F_GETFD), -1);
    struct rlimit limit, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int status = netlink_listeners(PORT, listeners, MAX, &count);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(status, -EMFILE);
    ck_assert_uint_eq(count, 0);
}
END_TEST

static const TTest *const tests[] = {
    tells_each_kind_of_listener,
    asks_each_family_where_the_kernel_wants_it,
    other_ports_and_other_states_do_not_count,
    tells_inode_and_owner,
    tells_the_device_of_a_listener,
    sockets_that_share_an_endpoint_are_one,
    finds_every_one_of_many,
    writes_no_more_than_there_is_room_for,
    leaves_errno_and_descriptors_alone,
    never_uses_a_standard_descriptor_and_tells_when_there_is_none,
};
UNIT_MAIN("netlink_listeners", tests)
