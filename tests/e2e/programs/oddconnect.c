/* oddconnect.c - odd calls of connect() and getaddrinfo(), one line of output each.
 *
 *   oddconnect all|plain PORT
 *
 * `plain` leaves out the calls that are real attempts at a stray destination, so that what remains
 * must not differ in any mode. PORT must be free; PORT + 1 must be refused. A line says the case,
 * the result, errno behind the call (it is EXDEV before), the peer, and the pending error. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proof.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static uint16_t port;

/* ---- addresses -------------------------------------------------------- */

static unsigned char address[256]; /* the one of the current case */

static void put4(const char *text, unsigned port_offset)
{
    struct sockaddr_in four = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)(port + port_offset))};
    inet_pton(AF_INET, text, &four.sin_addr);
    memcpy(address, &four, sizeof four);
}

static void put6(const char *text, unsigned port_offset)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                               .sin6_port = htons((uint16_t)(port + port_offset))};
    inet_pton(AF_INET6, text, &six.sin6_addr);
    memcpy(address, &six, sizeof six);
}

static void put_family(sa_family_t family)
{
    memcpy(address, &family, sizeof family);
}

#define FOUR(name, text, offset)                                                                   \
    static void name(void)                                                                         \
    {                                                                                              \
        put4(text, offset);                                                                        \
    }
#define SIX(name, text, offset)                                                                    \
    static void name(void)                                                                         \
    {                                                                                              \
        put6(text, offset);                                                                        \
    }
#define FAMILY(name, family)                                                                       \
    static void name(void)                                                                         \
    {                                                                                              \
        put_family(family);                                                                        \
    }
FOUR(local4, "127.0.0.1", 0)
FOUR(refused4, "127.0.0.1", 1)
FOUR(zero4, "0.0.0.0", 0)
FOUR(zero4_refused, "0.0.0.0", 1)
FOUR(network4, "0.0.0.1", 0)
FOUR(documentation4, "192.0.2.9", 0)
FOUR(reserved4, "240.0.0.1", 0)
FOUR(broadcast4, "255.255.255.255", 0)
FOUR(multicast4, "224.0.0.1", 0)
FOUR(public4, "198.41.0.4", 0)
SIX(local6, "::1", 0)
SIX(refused6, "::1", 1)
SIX(zero6, "::", 0)
SIX(mapped6, "::ffff:127.0.0.1", 0)
SIX(mapped_zero6, "::ffff:0.0.0.0", 0)
SIX(documentation6, "2001:db8::9", 0)
SIX(link_local6, "fe80::1", 0)
SIX(multicast6, "ff02::1", 0)
FAMILY(unspecified, AF_UNSPEC)
FAMILY(unknown99, 99)
FAMILY(unknown65535, 65535)
FAMILY(bluetooth, AF_BLUETOOTH)

static void local4_port0(void)
{
    put4("127.0.0.1", 65536u - port);
}

static void local6_zone(void)
{
    put6("::1", 0);
    ((struct sockaddr_in6 *)address)->sin6_scope_id = 1;
}

static void unspecified_local4(void)
{
    put4("127.0.0.1", 0);
    put_family(AF_UNSPEC);
}

static void unix_missing(void)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
    memcpy(address, &local, sizeof local);
}

static void unix_abstract(void)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "\0nobody-is-here"};
    memcpy(address, &local, sizeof local);
}

static void netlink_kernel(void)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    memcpy(address, &kernel, sizeof kernel);
}

static void packet_lo(void)
{
    struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_ifindex = 1};
    memcpy(address, &link, sizeof link);
}

static void vsock_local(void)
{
    struct sockaddr_vm machine = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL};
    memcpy(address, &machine, sizeof machine);
}

/* ---- descriptors ------------------------------------------------------ */

#define SOCKET(name, domain, type, protocol)                                                       \
    static int name(void)                                                                          \
    {                                                                                              \
        return socket(domain, type, protocol);                                                     \
    }
SOCKET(tcp4, AF_INET, SOCK_STREAM, 0)
SOCKET(tcp6, AF_INET6, SOCK_STREAM, 0)
SOCKET(udp4, AF_INET, SOCK_DGRAM, 0)
SOCKET(udp6, AF_INET6, SOCK_DGRAM, 0)
SOCKET(tcp4_nonblock, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
SOCKET(tcp6_nonblock, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0)
SOCKET(unix_stream, AF_UNIX, SOCK_STREAM, 0)
SOCKET(unix_datagram, AF_UNIX, SOCK_DGRAM, 0)
SOCKET(netlink_route, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
SOCKET(packet, AF_PACKET, SOCK_DGRAM, 0)
SOCKET(vsock, AF_VSOCK, SOCK_STREAM, 0)
SOCKET(raw4, AF_INET, SOCK_RAW, IPPROTO_ICMP)
SOCKET(raw6, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)

static int minus_one(void)
{
    return -1;
}

static int minimum(void)
{
    return INT32_MIN;
}

static int huge_number(void)
{
    return 1 << 20;
}

static int closed(void)
{
    int descriptor = tcp4();
    close(descriptor);
    return descriptor;
}

static int regular_file(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int directory(void)
{
    return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int only_path(void)
{
    return open("/etc/passwd", O_PATH | O_CLOEXEC);
}

static int pipe_end(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    close(ends[0]);
    return ends[1];
}

static int event(void)
{
    return eventfd(0, 0);
}

static int listening(void)
{
    int descriptor = tcp4();
    listen(descriptor, 1);
    return descriptor;
}

/* Connects for real: syscall order and errno of these calls are no part of the case. */
static int connected_with(int descriptor, void (*to)(void))
{
    unsigned char saved[sizeof address];
    memcpy(saved, address, sizeof address);
    to();
    connect(descriptor, (struct sockaddr *)address,
            ((struct sockaddr *)address)->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                                : sizeof(struct sockaddr_in));
    memcpy(address, saved, sizeof address);
    return descriptor;
}

static int connected4(void)
{
    return connected_with(tcp4(), local4);
}

static int connected_udp4(void)
{
    return connected_with(udp4(), local4);
}

static int shut_down(void)
{
    int descriptor = connected4();
    shutdown(descriptor, SHUT_RDWR);
    return descriptor;
}

static int refused_before(void)
{
    return connected_with(tcp4(), refused4);
}

static int refused_pending(void)
{
    int descriptor = connected_with(tcp4_nonblock(), refused4);
    struct pollfd wait = {.fd = descriptor, .events = POLLOUT};
    poll(&wait, 1, 1000);
    return descriptor;
}

/* Its connection stays open to the end: the server's queue is full. */
static int connecting(void)
{
    static int server = -1;
    static struct sockaddr_in full;
    socklen_t size = sizeof full;

    if (server < 0) {
        server = tcp4();
        full =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        bind(server, (struct sockaddr *)&full, sizeof full);
        listen(server, 0);
        getsockname(server, (struct sockaddr *)&full, &size);
        for (int i = 0; i < 4; i++)
            connect(tcp4_nonblock(), (struct sockaddr *)&full, sizeof full);
    }
    int descriptor = tcp4_nonblock();
    connect(descriptor, (struct sockaddr *)&full, sizeof full);
    return descriptor;
}

static int bound4(void)
{
    int descriptor = tcp4();
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bind(descriptor, (struct sockaddr *)&local, sizeof local);
    return descriptor;
}

static int fast_open(void)
{
    const int yes = 1;
    int descriptor = tcp4();
    setsockopt(descriptor, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &yes, sizeof yes);
    return descriptor;
}

static int only_six(void)
{
    const int yes = 1;
    int descriptor = tcp6();
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    return descriptor;
}

/* ---- where the address stands ----------------------------------------- */

static unsigned char *two_pages(void)
{
    unsigned char *pages =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        abort();
    return pages;
}

static const void *as_it_is(void)
{
    return address;
}

static const void *null(void)
{
    return NULL;
}

static const void *one(void)
{
    return (const void *)1;
}

static const void *last(void)
{
    return (const void *)UINTPTR_MAX;
}

static const void *kernel_half(void)
{
    return (const void *)(UINTPTR_MAX - 0xffff);
}

static const void *unreadable(void)
{
    unsigned char *page = two_pages();
    mprotect(page, PAGE, PROT_NONE);
    return page;
}

static const void *unmapped(void)
{
    unsigned char *page = two_pages();
    munmap(page, 2 * PAGE);
    return page;
}

/* All but its first eight bytes are behind the end of what is mapped. */
static const void *straddling(void)
{
    unsigned char *pages = two_pages();
    memcpy(pages + PAGE - 8, address, 8);
    munmap(pages + PAGE, PAGE);
    return pages + PAGE - 8;
}

static const void *page_end(void)
{
    unsigned char *pages = two_pages();
    memcpy(pages + PAGE - 16, address, 16);
    munmap(pages + PAGE, PAGE);
    return pages + PAGE - 16;
}

static const void *page_end2(void)
{
    unsigned char *pages = two_pages();
    memcpy(pages + PAGE - 2, address, 2);
    munmap(pages + PAGE, PAGE);
    return pages + PAGE - 2;
}

static const void *misaligned(void)
{
    static unsigned char room[sizeof address + 1];
    memcpy(room + 1, address, sizeof address);
    return room + 1;
}

static const void *read_only(void)
{
    unsigned char *page = two_pages();
    memcpy(page, address, sizeof address);
    mprotect(page, PAGE, PROT_READ);
    return page;
}

/* ---- the cases -------------------------------------------------------- */

#define IN4 sizeof(struct sockaddr_in)
#define IN6 sizeof(struct sockaddr_in6)

struct odd_connect {
    const char *name;
    int (*descriptor)(void);
    void (*address)(void);
    const void *(*place)(void);
    socklen_t length;
    bool stray; /* a real attempt at a stray destination */
};

// clang-format off
static const struct odd_connect connects[] = {
    {"an ordinary connection", tcp4, local4, as_it_is, IN4, false},
    {"an ordinary refusal", tcp4, refused4, as_it_is, IN4, false},
    {"an ordinary IPv6 connection", tcp6, local6, as_it_is, IN6, false},
    {"an ordinary IPv6 refusal", tcp6, refused6, as_it_is, IN6, false},
    {"a public address without a route", tcp4, public4, as_it_is, IN4, false},
    {"a v4-mapped address", tcp6, mapped6, as_it_is, IN6, false},
    {"a v4-mapped address on a v6only socket", only_six, mapped6, as_it_is, IN6, false},
    {"loopback with a zone", tcp6, local6_zone, as_it_is, IN6, false},

    {"length 0", tcp4, local4, as_it_is, 0, false},
    {"length 1", tcp4, local4, as_it_is, 1, false},
    {"length 2", tcp4, local4, as_it_is, 2, false},
    {"length 8", tcp4, local4, as_it_is, 8, false},
    {"length 15", tcp4, local4, as_it_is, 15, false},
    {"length 17", tcp4, local4, as_it_is, 17, false},
    {"length 24 for IPv4", tcp4, local4, as_it_is, 24, false},
    {"length 28 for IPv4", tcp4, local4, as_it_is, 28, false},
    {"length 128", tcp4, local4, as_it_is, 128, false},
    {"length 129", tcp4, local4, as_it_is, 129, false},
    {"length -1", tcp4, local4, as_it_is, (socklen_t)-1, false},
    {"length INT_MAX", tcp4, local4, as_it_is, INT32_MAX, false},
    {"length 16 for IPv6", tcp6, local6, as_it_is, 16, false},
    {"length 23 for IPv6", tcp6, local6, as_it_is, 23, false},
    {"length 24 for IPv6", tcp6, local6, as_it_is, 24, false},
    {"length 27 for IPv6", tcp6, local6, as_it_is, 27, false},
    {"length 128 for IPv6", tcp6, local6, as_it_is, 128, false},
    {"a stray address of length 0", tcp4, zero4, as_it_is, 0, false},
    {"a stray address of length 2", tcp4, zero4, as_it_is, 2, false},
    {"a stray address of length 8", tcp4, zero4, as_it_is, 8, false},
    {"a stray address of length 15", tcp4, zero4, as_it_is, 15, false},
    {"a stray address of length 129", tcp4, zero4, as_it_is, 129, false},
    {"a stray address of length -1", tcp4, zero4, as_it_is, (socklen_t)-1, false},
    {"a stray IPv6 address of length 23", tcp6, zero6, as_it_is, 23, false},

    {"NULL", tcp4, local4, null, IN4, false},
    {"NULL of length 0", tcp4, local4, null, 0, false},
    {"pointer 1", tcp4, local4, one, IN4, false},
    {"pointer -1", tcp4, local4, last, IN4, false},
    {"a pointer into the kernel's half", tcp4, local4, kernel_half, IN4, false},
    {"a page that may not be read", tcp4, local4, unreadable, IN4, false},
    {"a page that is unmapped", tcp4, local4, unmapped, IN4, false},
    {"an address across the end of a page", tcp4, local4, straddling, IN4, false},
    {"a stray address across the end of a page", tcp4, zero4, straddling, IN4, false},
    {"eight bytes at the end of a page", tcp4, local4, straddling, 8, false},
    {"an address that ends with its page", tcp4, local4, page_end, IN4, false},
    {"a length beyond the end of a page", tcp4, local4, page_end, IN6, false},
    {"an IPv6 address that ends too early", tcp6, local6, page_end, IN6, false},
    {"a family that ends with its page", tcp4, local4, page_end2, 2, false},
    {"a family that ends with its page, length 16", tcp4, local4, page_end2, IN4, false},
    {"AF_UNSPEC that ends with its page", udp4, unspecified, page_end2, 2, false},
    {"a misaligned address", tcp4, local4, misaligned, IN4, false},
    {"a misaligned IPv6 address", tcp6, local6, misaligned, IN6, false},
    {"a read-only address", tcp4, local4, read_only, IN4, false},
    {"NULL on descriptor -1", minus_one, local4, null, IN4, false},

    {"descriptor -1", minus_one, local4, as_it_is, IN4, false},
    {"descriptor INT_MIN", minimum, local4, as_it_is, IN4, false},
    {"a descriptor beyond the limit", huge_number, local4, as_it_is, IN4, false},
    {"a closed descriptor", closed, local4, as_it_is, IN4, false},
    {"a file", regular_file, local4, as_it_is, IN4, false},
    {"a directory", directory, local4, as_it_is, IN4, false},
    {"an O_PATH descriptor", only_path, local4, as_it_is, IN4, false},
    {"a pipe", pipe_end, local4, as_it_is, IN4, false},
    {"an eventfd", event, local4, as_it_is, IN4, false},
    {"a stray address on descriptor -1", minus_one, zero4, as_it_is, IN4, false},
    {"a stray address on a closed descriptor", closed, zero4, as_it_is, IN4, false},
    {"a stray address on a file", regular_file, zero4, as_it_is, IN4, false},
    {"a stray address on a pipe", pipe_end, documentation4, as_it_is, IN4, false},
    {"a stray address on an O_PATH descriptor", only_path, documentation4, as_it_is, IN4, false},

    {"a listening socket", listening, local4, as_it_is, IN4, false},
    {"a connected socket", connected4, local4, as_it_is, IN4, false},
    {"a connecting socket", connecting, local4, as_it_is, IN4, false},
    {"a socket that was refused", refused_before, local4, as_it_is, IN4, false},
    {"a socket with a pending error", refused_pending, local4, as_it_is, IN4, false},
    {"a socket that is shut down", shut_down, local4, as_it_is, IN4, false},
    {"a bound socket", bound4, local4, as_it_is, IN4, false},
    {"a non-blocking socket", tcp4_nonblock, local4, as_it_is, IN4, false},
    {"a non-blocking refusal", tcp4_nonblock, refused4, as_it_is, IN4, false},
    {"a non-blocking IPv6 refusal", tcp6_nonblock, refused6, as_it_is, IN6, false},
    {"TCP fast open", fast_open, local4, as_it_is, IN4, false},
    {"TCP fast open, refused", fast_open, refused4, as_it_is, IN4, false},
    {"a stray address on a listening socket", listening, zero4, as_it_is, IN4, false},
    {"a stray address on a connected socket", connected4, documentation4, as_it_is, IN4, false},
    {"a stray address on a connecting socket", connecting, documentation4, as_it_is, IN4, false},
    {"a stray address with a pending error", refused_pending, documentation4, as_it_is, IN4, false},
    {"disconnect a connected socket", connected4, unspecified, as_it_is, IN4, false},
    {"disconnect a connecting socket", connecting, unspecified, as_it_is, IN4, false},
    {"disconnect a listening socket", listening, unspecified, as_it_is, IN4, false},

    {"port 0", tcp4, local4_port0, as_it_is, IN4, true},
    {"AF_UNSPEC on TCP", tcp4, unspecified, as_it_is, IN4, false},
    {"AF_UNSPEC with an address on TCP", tcp4, unspecified_local4, as_it_is, IN4, false},
    {"AF_UNSPEC on UDP", udp4, unspecified, as_it_is, IN4, false},
    {"AF_UNSPEC on a connected UDP socket", connected_udp4, unspecified, as_it_is, 2, false},
    {"IPv4 on an IPv6 socket", tcp6, local4, as_it_is, IN4, false},
    {"IPv6 on an IPv4 socket", tcp4, local6, as_it_is, IN6, false},
    {"IPv4 on an IPv6 UDP socket", udp6, local4, as_it_is, IN4, false},
    {"family 99", tcp4, unknown99, as_it_is, IN4, false},
    {"family 65535", tcp4, unknown65535, as_it_is, IN4, false},
    {"AF_BLUETOOTH", tcp4, bluetooth, as_it_is, IN4, false},
    {"AF_UNIX on TCP", tcp4, unix_missing, as_it_is, sizeof(struct sockaddr_un), false},
    {"AF_UNIX, nobody there", unix_stream, unix_missing, as_it_is, sizeof(struct sockaddr_un), false},
    {"AF_UNIX datagrams, nobody there", unix_datagram, unix_missing, as_it_is, sizeof(struct sockaddr_un), false},
    {"AF_UNIX, abstract", unix_stream, unix_abstract, as_it_is, 20, false},
    {"AF_UNIX, length 2", unix_stream, unix_missing, as_it_is, 2, false},
    {"AF_UNIX, stray bytes", unix_stream, zero4, as_it_is, IN4, false},
    {"AF_NETLINK", netlink_route, netlink_kernel, as_it_is, sizeof(struct sockaddr_nl), false},
    {"AF_NETLINK, stray bytes", netlink_route, zero4, as_it_is, IN4, false},
    {"AF_PACKET", packet, packet_lo, as_it_is, sizeof(struct sockaddr_ll), false},
    {"AF_VSOCK, too short", vsock, vsock_local, as_it_is, 8, false},
    {"AF_VSOCK on TCP", tcp4, vsock_local, as_it_is, sizeof(struct sockaddr_vm), false},
    {"a raw socket", raw4, local4, as_it_is, IN4, false},
    {"a raw IPv6 socket", raw6, local6, as_it_is, IN6, false},
    {"a raw socket to 0.0.0.0", raw4, zero4, as_it_is, IN4, false},
    {"a raw socket to 192.0.2.9", raw4, documentation4, as_it_is, IN4, false},
    {"UDP", udp4, local4, as_it_is, IN4, false},
    {"UDP over IPv6", udp6, local6, as_it_is, IN6, false},
    {"UDP to 0.0.0.0", udp4, zero4, as_it_is, IN4, false},
    {"UDP to ::", udp6, zero6, as_it_is, IN6, false},
    {"UDP to 192.0.2.9", udp4, documentation4, as_it_is, IN4, false},
    {"UDP to 255.255.255.255", udp4, broadcast4, as_it_is, IN4, false},
    {"UDP to 224.0.0.1", udp4, multicast4, as_it_is, IN4, false},
    {"UDP to port 0", udp4, local4_port0, as_it_is, IN4, false},
    {"UDP to 0.0.0.0 again", connected_udp4, zero4, as_it_is, IN4, false},

    {"0.0.0.0 with a listener", tcp4, zero4, as_it_is, IN4, true},
    {"0.0.0.0 without one", tcp4, zero4_refused, as_it_is, IN4, true},
    {"0.0.0.0 of length 128", tcp4, zero4, as_it_is, 128, true},
    {"0.0.0.0, non-blocking", tcp4_nonblock, zero4, as_it_is, IN4, true},
    {"0.0.0.0, non-blocking, refused", tcp4_nonblock, zero4_refused, as_it_is, IN4, true},
    {"0.0.0.0, bound", bound4, zero4, as_it_is, IN4, true},
    {"0.0.0.0, read-only", tcp4, zero4, read_only, IN4, true},
    {"0.0.0.0, misaligned", tcp4, zero4, misaligned, IN4, true},
    {"0.0.0.0 at the end of a page", tcp4, zero4, page_end, IN4, true},
    {"0.0.0.0 behind a refusal", refused_before, zero4, as_it_is, IN4, true},
    {"0.0.0.0, fast open", fast_open, zero4, as_it_is, IN4, true},
    {"0.0.0.0 behind a shutdown", shut_down, zero4, as_it_is, IN4, false},
    {"0.0.0.1", tcp4, network4, as_it_is, IN4, true},
    {"192.0.2.9", tcp4, documentation4, as_it_is, IN4, true},
    {"192.0.2.9, non-blocking", tcp4_nonblock, documentation4, as_it_is, IN4, true},
    {"240.0.0.1", tcp4, reserved4, as_it_is, IN4, true},
    {"255.255.255.255", tcp4, broadcast4, as_it_is, IN4, true},
    {"224.0.0.1", tcp4, multicast4, as_it_is, IN4, true},
    {":: with a listener", tcp6, zero6, as_it_is, IN6, true},
    {":: of length 24", tcp6, zero6, as_it_is, 24, true},
    {"::ffff:0.0.0.0", tcp6, mapped_zero6, as_it_is, IN6, true},
    {"::ffff:0.0.0.0 on a v6only socket", only_six, mapped_zero6, as_it_is, IN6, true},
    {"2001:db8::9", tcp6, documentation6, as_it_is, IN6, true},
    {"fe80::1 without a zone", tcp6, link_local6, as_it_is, IN6, true},
    {"ff02::1", tcp6, multicast6, as_it_is, IN6, true},
};
// clang-format on

static const char *error_name(int error)
{
    const char *name = error == 0 ? "0" : strerrorname_np(error);
    return name != NULL ? name : "?";
}

static void print_peer(int descriptor)
{
    union {
        struct sockaddr_storage storage;
        struct sockaddr any;
    } peer;
    socklen_t length = sizeof peer;
    char host[NI_MAXHOST], service[NI_MAXSERV];

    if (getpeername(descriptor, &peer.any, &length) != 0)
        printf(", no peer (%s)", error_name(errno));
    else if (getnameinfo(&peer.any, length, host, sizeof host, service, sizeof service,
                         NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        printf(", peer %s port %s", host, service);
    else
        printf(", a peer of family %d", peer.any.sa_family);
}

static void print_pending(int descriptor)
{
    int error = -1;
    socklen_t size = sizeof error;

    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0)
        printf(", pending %s", error_name(error));
}

static void run_connect(const struct odd_connect *odd)
{
    memset(address, 0, sizeof address);
    int descriptor = odd->descriptor();
    odd->address();
    const void *place = odd->place();

    errno = EXDEV;
    int result = connect(descriptor, (const struct sockaddr *)place, odd->length);
    int error = errno;
    printf("%s: %d, errno %s", odd->name, result, error_name(error));
    if (error == EINPROGRESS) {
        struct pollfd wait = {.fd = descriptor, .events = POLLOUT};
        poll(&wait, 1, 1000);
    }
    print_peer(descriptor);
    print_pending(descriptor);
    putchar('\n');
    fflush(stdout);
    if (descriptor > 2)
        close(descriptor);
}

struct odd_lookup {
    const char *node, *service;
    struct addrinfo hints;
    bool no_hints;
};

static const struct odd_lookup lookups[] = {
    {.node = "0", .service = "80", .no_hints = true},
    {.node = "0", .service = "80"},
    {.node = "0.0.0.0", .service = "http"},
    {.node = "::", .service = "80"},
    {.node = "1", .service = "80"},
    {.node = "8099"},
    {.node = "0x7f.1"},
    {.node = ""},
    {.node = "localhost", .hints = {.ai_socktype = SOCK_STREAM}},
    {.node = "localhost", .hints = {.ai_family = AF_INET6, .ai_flags = AI_CANONNAME}},
    {.node = "no-such-name.invalid", .hints = {.ai_flags = AI_NUMERICHOST}},
    {.node = "no-such-name.invalid", .hints = {.ai_socktype = SOCK_STREAM}},
    {.node = "a name with blanks", .service = "80"},
    {.service = "80", .hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}},
    {.service = "80", .hints = {.ai_socktype = SOCK_STREAM}},
    {.service = "no-such-service"},
    {.no_hints = true},
    {.node = "0", .hints = {.ai_flags = 0x40000000}},
    {.node = "0", .hints = {.ai_family = 99}},
    {.node = "0", .hints = {.ai_socktype = 99}},
    {.node = "0", .hints = {.ai_flags = AI_CANONNAME}},
    {.hints = {.ai_flags = AI_CANONNAME}, .service = "80"},
    {.node = "::ffff:0.0.0.0", .hints = {.ai_family = AF_INET}},
    {.node = "fe80::1%lo", .hints = {.ai_socktype = SOCK_STREAM}},
    {.node = "0.0.0.0", .service = "80", .hints = {.ai_flags = AI_PASSIVE}},
    {.node = "0", .service = "99999"},
};

static void run_lookup(const struct odd_lookup *odd)
{
    struct addrinfo *list = NULL;
    char host[NI_MAXHOST], service[NI_MAXSERV];

    errno = EXDEV;
    int result = getaddrinfo(odd->node, odd->service, odd->no_hints ? NULL : &odd->hints, &list);
    printf("look up %s %s: %d, errno %s", odd->node != NULL ? odd->node : "NULL",
           odd->service != NULL ? odd->service : "NULL", result,
           result == 0 || result == EAI_SYSTEM ? error_name(errno) : "-");
    for (const struct addrinfo *at = list; result == 0 && at != NULL; at = at->ai_next) {
        getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV);
        printf("; %d %d %d %d %s %s %s", at->ai_flags, at->ai_family, at->ai_socktype,
               at->ai_protocol, host, service, at->ai_canonname != NULL ? at->ai_canonname : "-");
    }
    putchar('\n');
    if (result == 0)
        freeaddrinfo(list);
}

static void serve(int descriptor, void (*at)(void), socklen_t length)
{
    const int yes = 1;
    at();
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(descriptor, (struct sockaddr *)address, length) != 0 || listen(descriptor, 512) != 0) {
        perror("oddconnect: listen");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    proof_write();
    if (argc != 3 || (strcmp(argv[1], "all") != 0 && strcmp(argv[1], "plain") != 0))
        return 2;
    bool all = strcmp(argv[1], "all") == 0;
    port = (uint16_t)atoi(argv[2]);
    serve(tcp4(), local4, IN4);
    serve(only_six(), local6, IN6);
    for (size_t i = 0; i < sizeof connects / sizeof *connects; i++) {
        if (all || !connects[i].stray)
            run_connect(&connects[i]);
    }
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
        run_lookup(&lookups[i]);
    return 0;
}
