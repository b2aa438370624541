#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include <astray/host.h>
#include <astray/netlink.h>

enum { SKIPPED = 77, LOOPBACK = 1 };

static struct addr address_of(const char *text)
{
    struct host host;
    if (!host_parse(text, strlen(text), &host))
        abort();
    return host.addr;
}

/* ---- a network of our own --------------------------------------------- */

static bool raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    bool fine = ioctl(descriptor, SIOCSIFFLAGS, &request) == 0;
    close(descriptor);
    return fine;
}

static void attribute(struct nlmsghdr *header, unsigned short type, const void *value, size_t size)
{
    struct rtattr *row = (struct rtattr *)((char *)header + header->nlmsg_len);
    row->rta_type = type;
    row->rta_len = (unsigned short)RTA_LENGTH(size);
    memcpy(RTA_DATA(row), value, size);
    header->nlmsg_len += (uint32_t)RTA_SPACE(size);
}

/* ip route add TYPE ADDRESS/LENGTH dev lo */
static bool add_route(unsigned char type, const char *text, unsigned char length)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        char attributes[64];
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                   .nlmsg_type = RTM_NEWROUTE,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK},
        .route = {.rtm_dst_len = length,
                  .rtm_table = type == RTN_LOCAL ? RT_TABLE_LOCAL : RT_TABLE_MAIN,
                  .rtm_protocol = RTPROT_STATIC,
                  .rtm_scope = type == RTN_UNICAST ? RT_SCOPE_LINK : RT_SCOPE_HOST,
                  .rtm_type = type},
    };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[512];
    } answer;
    struct addr address = address_of(text);
    uint32_t interface = LOOPBACK;
    request.route.rtm_family = address.family == ADDR_IPV4 ? AF_INET : AF_INET6;
    attribute(&request.header, RTA_DST, address.bytes, address.family == ADDR_IPV4 ? 4 : 16);
    if (type == RTN_UNICAST || type == RTN_LOCAL)
        attribute(&request.header, RTA_OIF, &interface, sizeof interface);
    int descriptor = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    bool fine = send(descriptor, &request, request.header.nlmsg_len, 0) > 0 &&
                recv(descriptor, &answer, sizeof answer, 0) > 0 && answer.error.error == 0;
    close(descriptor);
    return fine;
}

/* The exit status of BODY in a child with a network of its own: the number of the row that
 * failed, counted from 1. */
static int in_own_network(int (*body)(void))
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if ((unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) ||
            !raise_loopback())
            _exit(SKIPPED);
        _exit(body());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        puts("skipped: no network of our own");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct row {
    const char *address;
    int status;
    unsigned char type, length;
    const char *why;
};

static int check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct netlink_route route = {.type = 99};
        struct addr address = address_of(rows[i].address);
        errno = 4711;
        int status = netlink_route_to(&address, &route);
        bool fine = status == rows[i].status && errno == 4711;
        if (status == 0)
            fine = fine && route.type == rows[i].type && route.length == rows[i].length &&
                   route.interface == LOOPBACK;
        else
            fine = fine && route.type == 99;
        if (!fine) {
            printf("%s (%s): status %d, type %u, length %u, interface %u\n", rows[i].address,
                   rows[i].why, status, route.type, route.length, route.interface);
            fflush(stdout);
            return (int)i + 1;
        }
    }
    return 0;
}

static int check_ipv4(void)
{
    static const struct row before[] = {
        {"127.0.0.1", 0, RTN_LOCAL, 32, "this host"},
        {"127.255.0.1", 0, RTN_LOCAL, 8, "the loopback network"},
        {"192.0.2.1", -ENETUNREACH, 0, 0, "no route at all"},
        {"240.0.0.1", -ENETUNREACH, 0, 0, "reserved, no route"},
        {"::ffff:192.0.2.1", -ENETUNREACH, 0, 0, "the same in disguise"},
    };
    static const struct row after[] = {
        {"192.0.2.1", 0, RTN_UNICAST, 24, "a lab routes it"},
        {"192.0.2.255", 0, RTN_UNICAST, 24, "its last address"},
        {"::ffff:192.0.2.1", 0, RTN_UNICAST, 24, "the same in disguise"},
        {"192.0.2.77", 0, RTN_UNICAST, 32, "the longer prefix wins"},
        {"192.0.3.1", 0, RTN_UNICAST, 0, "the default route"},
        {"203.0.113.7", 0, RTN_LOCAL, 32, "an address of this host"},
        {"240.1.2.3", 0, RTN_UNICAST, 4, "a cloud routes it"},
        {"198.51.100.1", -EINVAL, 0, 0, "a black hole"},
        {"198.51.101.1", -EACCES, 0, 0, "prohibited"},
        {"198.51.102.1", -EHOSTUNREACH, 0, 0, "unreachable"},
    };
    int failed = check(before, sizeof before / sizeof *before);
    if (failed != 0)
        return failed;
    if (!add_route(RTN_UNICAST, "192.0.2.0", 24) || !add_route(RTN_UNICAST, "192.0.2.77", 32) ||
        !add_route(RTN_UNICAST, "0.0.0.0", 0) || !add_route(RTN_LOCAL, "203.0.113.7", 32) ||
        !add_route(RTN_UNICAST, "240.0.0.0", 4) || !add_route(RTN_BLACKHOLE, "198.51.100.0", 24) ||
        !add_route(RTN_PROHIBIT, "198.51.101.0", 24) ||
        !add_route(RTN_UNREACHABLE, "198.51.102.0", 24))
        return 100;
    failed = check(after, sizeof after / sizeof *after);
    return failed == 0 ? 0 : 20 + failed;
}

static int check_ipv6(void)
{
    static const struct row before[] = {
        {"::1", 0, RTN_LOCAL, 128, "loopback"},
        {"2001:db8::1", -ENETUNREACH, 0, 0, "no route"},
    };
    static const struct row after[] = {
        {"200::1", 0, RTN_UNICAST, 7, "an overlay routes it"},
        {"3ff::1", 0, RTN_UNICAST, 7, "all of it"},
        {"200::1%1", 0, RTN_UNICAST, 7, "over the device that has the route"},
        {"200::1%99", -ENETUNREACH, 0, 0, "over one that has none"},
        {"2001:db8::1", 0, RTN_UNICAST, 32, "a lab"},
        {"2001:db8:1::1", 0, RTN_LOCAL, 128, "an address of this host"},
        {"ff05::1", 0, RTN_UNICAST, 8, "groups"},
        {"100::1", -EINVAL, 0, 0, "a black hole"},
        {"4000::1", 0, RTN_UNICAST, 0, "the default route"},
    };
    struct addr loopback = address_of("::1");
    struct netlink_route route;
    if (netlink_route_to(&loopback, &route) != 0) {
        puts("skipped: no IPv6");
        return 0;
    }
    int failed = check(before, sizeof before / sizeof *before);
    if (failed != 0)
        return failed;
    if (!add_route(RTN_UNICAST, "200::", 7) || !add_route(RTN_UNICAST, "2001:db8::", 32) ||
        !add_route(RTN_LOCAL, "2001:db8:1::1", 128) || !add_route(RTN_UNICAST, "ff00::", 8) ||
        !add_route(RTN_BLACKHOLE, "100::", 64) || !add_route(RTN_UNICAST, "::", 0))
        return 100;
    failed = check(after, sizeof after / sizeof *after);
    return failed == 0 ? 0 : 20 + failed;
}

START_TEST(tells_which_ipv4_route_matches)
{
    int status = in_own_network(check_ipv4);
    ck_assert_msg(status == 0 || status == SKIPPED, "%d", status);
}
END_TEST

START_TEST(tells_which_ipv6_route_matches)
{
    int status = in_own_network(check_ipv6);
    ck_assert_msg(status == 0 || status == SKIPPED, "%d", status);
}
END_TEST

START_TEST(refuses_what_is_no_address)
{
    struct netlink_route route = {.type = 99};
    struct addr none = {0};
    ck_assert_int_eq(netlink_route_to(&none, &route), -EAFNOSUPPORT);
    ck_assert_uint_eq(route.type, 99);
}
END_TEST

static int check_descriptors(void)
{
    struct netlink_route route;
    struct addr address = address_of("127.0.0.1");
    int highest = dup(0);
    close(highest);
    for (int i = 0; i < 3; i++)
        close(i);
    if (netlink_route_to(&address, &route) != 0 || route.type != RTN_LOCAL)
        return 1;
    for (int i = 0; i < 3; i++)
        if (fcntl(i, F_GETFD) != -1)
            return 2;
    return fcntl(highest, F_GETFD) == -1 ? 0 : 3;
}

START_TEST(leaves_no_descriptor_behind)
{
    int status = in_own_network(check_descriptors);
    ck_assert_msg(status == 0 || status == SKIPPED, "%d", status);
}
END_TEST

static const TTest *const tests[] = {
    tells_which_ipv4_route_matches,
    tells_which_ipv6_route_matches,
    refuses_what_is_no_address,
    leaves_no_descriptor_behind,
};

UNIT_MAIN("netlink", tests)
