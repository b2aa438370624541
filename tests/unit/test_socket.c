#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <astray/socket.h>

static struct sockaddr_in local(const char *address, uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    ck_assert_int_eq(inet_pton(AF_INET, address, &name.sin_addr), 1);
    return name;
}

static int bind_to(int descriptor, const char *address, struct sockaddr_in *name)
{
    socklen_t size = sizeof *name;
    *name = local(address, 0);
    ck_assert_int_eq(bind(descriptor, (struct sockaddr *)name, sizeof *name), 0);
    return getsockname(descriptor, (struct sockaddr *)name, &size);
}

static int connect_to(int descriptor, const struct sockaddr_in *name)
{
    return connect(descriptor, (const struct sockaddr *)name, sizeof *name);
}

static struct socket_state inspect(int descriptor)
{
    struct socket_state state;
    memset(&state, 0xa5, sizeof state);
    errno = 4711;
    ck_assert_int_eq(socket_inspect(descriptor, &state), 0);
    ck_assert_int_eq(errno, 4711);
    return state;
}

/* A port of 127.0.0.1 that nobody listens on: a socket is bound to it and stays so. */
static int closed_port(struct sockaddr_in *name)
{
    int holder = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind_to(holder, "127.0.0.1", name), 0);
    return holder;
}

static int listener(struct sockaddr_in *name)
{
    int server = closed_port(name);
    ck_assert_int_eq(listen(server, 1), 0);
    return server;
}

START_TEST(tells_kinds_of_sockets_apart)
{
    static const struct {
        int domain, type, protocol;
        enum policy_socket kind;
        const char *why;
    } rows[] = {
        {AF_INET, SOCK_STREAM, 0, POLICY_SOCKET_STREAM, "TCP"},
        {AF_INET6, SOCK_STREAM, IPPROTO_TCP, POLICY_SOCKET_STREAM, "TCP over IPv6"},
        {AF_INET, SOCK_STREAM, 262, POLICY_SOCKET_STREAM, "MPTCP"},
        {AF_INET, SOCK_STREAM, 132, POLICY_SOCKET_STREAM, "SCTP"},
        {AF_INET, SOCK_DGRAM, 0, POLICY_SOCKET_DATAGRAM, "UDP"},
        {AF_INET6, SOCK_DGRAM, 0, POLICY_SOCKET_DATAGRAM, "UDP over IPv6"},
        {AF_INET, SOCK_DGRAM, 136, POLICY_SOCKET_DATAGRAM, "UDP-Lite"},
        {AF_INET, SOCK_DGRAM, IPPROTO_ICMP, POLICY_SOCKET_OTHER, "ping"},
        {AF_INET, SOCK_RAW, IPPROTO_ICMP, POLICY_SOCKET_OTHER, "raw"},
        {AF_INET, SOCK_RAW, IPPROTO_UDP, POLICY_SOCKET_OTHER, "raw, though UDP"},
        {AF_UNIX, SOCK_STREAM, 0, POLICY_SOCKET_OTHER, "a stream, not over IP"},
        {AF_UNIX, SOCK_DGRAM, 0, POLICY_SOCKET_OTHER, "datagrams, not over IP"},
        {AF_NETLINK, SOCK_RAW, 0, POLICY_SOCKET_OTHER, "netlink"},
        {AF_PACKET, SOCK_DGRAM, 0, POLICY_SOCKET_OTHER, "packets"},
        {AF_ALG, SOCK_SEQPACKET, 0, POLICY_SOCKET_OTHER, "has no getsockname()"},
    };
    unsigned seen = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int descriptor = socket(rows[i].domain, rows[i].type, rows[i].protocol);
        if (descriptor < 0)
            continue; /* not in this kernel, or not for this user */
        struct socket_state state = inspect(descriptor);
        ck_assert_msg(state.kind == rows[i].kind, "%s", rows[i].why);
        ck_assert_msg(state.domain == rows[i].domain, "%s", rows[i].why);
        ck_assert_msg(rows[i].protocol == 0 || state.protocol == rows[i].protocol, "%s",
                      rows[i].why);
        ck_assert_msg(!state.bound && !state.device, "%s", rows[i].why);
        ck_assert_msg(state.idle == (rows[i].kind == POLICY_SOCKET_STREAM), "%s", rows[i].why);
        close(descriptor);
        seen++;
    }
    ck_assert_uint_ge(seen, 7);
}
END_TEST

START_TEST(refuses_what_is_no_socket)
{
    struct socket_state state = {.domain = 4711};
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    errno = 4711;
    ck_assert_int_eq(socket_inspect(-1, &state), -EBADF);
    ck_assert_int_eq(socket_inspect(9999, &state), -EBADF);
    ck_assert_int_eq(socket_inspect(pipes[0], &state), -ENOTSOCK);
    ck_assert_int_eq(errno, 4711);
    ck_assert_int_eq(state.domain, 4711);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

START_TEST(an_idle_stream_is_one_whose_connect_begins_an_attempt)
{
    struct sockaddr_in name;
    int server = listener(&name);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert(inspect(client).idle);
    ck_assert(!inspect(server).idle);
    ck_assert_int_eq(connect_to(client, &name), 0);
    ck_assert(!inspect(client).idle);
    int peer = accept(server, NULL, NULL);
    ck_assert(!inspect(peer).idle);
    close(peer);
    ck_assert(!inspect(client).idle);
    close(client);
    close(server);
}
END_TEST

START_TEST(a_refused_blocking_attempt_leaves_the_socket_idle)
{
    struct sockaddr_in name;
    int holder = closed_port(&name);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect_to(client, &name), -1);
    ck_assert_int_eq(errno, ECONNREFUSED);
    struct socket_state state = inspect(client);
    ck_assert(state.idle && !state.bound);
    close(client);
    close(holder);
}
END_TEST

START_TEST(an_error_that_nobody_has_read_is_seen_and_kept)
{
    struct sockaddr_in name;
    int error = 0, holder = closed_port(&name);
    socklen_t size = sizeof error;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(connect_to(client, &name), -1);
    ck_assert_int_eq(errno, EINPROGRESS);
    struct pollfd question = {.fd = client, .events = POLLOUT};
    ck_assert_int_eq(poll(&question, 1, 5000), 1);
    for (int i = 0; i < 3; i++)
        ck_assert(!inspect(client).idle);
    ck_assert_int_eq(connect_to(client, &name), -1);
    ck_assert_int_eq(errno, ECONNREFUSED); /* told, and no new attempt */
    ck_assert(inspect(client).idle);
    ck_assert_int_eq(connect_to(client, &name), -1);
    ck_assert_int_eq(errno, EINPROGRESS);
    ck_assert_int_eq(poll(&question, 1, 5000), 1);
    inspect(client);
    ck_assert_int_eq(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    ck_assert_int_eq(error, ECONNREFUSED);
    struct socket_state state = inspect(client);
    ck_assert(state.idle && state.bound);
    ck_assert_int_eq(connect_to(client, &name), -1);
    ck_assert_int_eq(errno, ECONNABORTED);
    state = inspect(client);
    ck_assert(state.idle && !state.bound);
    close(client);
    close(holder);
}
END_TEST

START_TEST(a_datagram_socket_keeps_its_error_too)
{
    struct sockaddr_in name;
    int error = 0, holder = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t size = sizeof error;
    ck_assert_int_eq(bind_to(holder, "127.0.0.1", &name), 0);
    int client = socket(AF_INET, SOCK_DGRAM, 0);
    close(holder);
    ck_assert_int_eq(connect_to(client, &name), 0);
    ck_assert_int_eq(send(client, "x", 1, 0), 1);
    inspect(client);
    ck_assert_int_eq(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    ck_assert_int_eq(error, ECONNREFUSED);
    close(client);
}
END_TEST

START_TEST(tells_what_a_socket_is_bound_to)
{
    static const struct {
        int type;
        const char *address;
        bool bound;
        const char *why;
    } rows[] = {
        {SOCK_STREAM, "127.0.0.2", true, "an address"},
        {SOCK_STREAM, "0.0.0.0", false, "a port alone"},
        {SOCK_DGRAM, "127.0.0.1", true, "an address"},
        {SOCK_DGRAM, "0.0.0.0", false, "a port alone"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sockaddr_in name;
        int descriptor = socket(AF_INET, rows[i].type, 0);
        ck_assert_int_eq(bind_to(descriptor, rows[i].address, &name), 0);
        struct socket_state state = inspect(descriptor);
        ck_assert_msg(state.bound == rows[i].bound, "%s", rows[i].why);
        ck_assert(!state.device);
        close(descriptor);
    }
}
END_TEST

START_TEST(tells_ipv6_addresses_a_socket_is_bound_to)
{
    int descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&name, sizeof name) != 0) {
        puts("skipped: no IPv6 on the loopback device");
        return;
    }
    ck_assert(inspect(descriptor).bound);
    close(descriptor);
    descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    name.sin6_addr = in6addr_any;
    ck_assert_int_eq(bind(descriptor, (struct sockaddr *)&name, sizeof name), 0);
    ck_assert(!inspect(descriptor).bound);
    close(descriptor);
    descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:127.0.0.1", &name.sin6_addr), 1);
    ck_assert_int_eq(bind(descriptor, (struct sockaddr *)&name, sizeof name), 0);
    ck_assert(inspect(descriptor).bound);
    close(descriptor);
}
END_TEST

START_TEST(tells_that_a_socket_is_bound_to_a_device)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (size_t i = 0; i < 2; i++) {
        int descriptor = socket(AF_INET, types[i], 0);
        ck_assert(!inspect(descriptor).device);
        if (setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0) {
            printf("skipped: no binding to a device: %s\n", strerror(errno));
            close(descriptor);
            return;
        }
        struct socket_state state = inspect(descriptor);
        ck_assert(state.device && !state.bound);
        close(descriptor);
    }
}
END_TEST

/* Waits until the attempt on CLIENT is over; leaves its error. */
static void wait_for_the_end(int client)
{
    struct pollfd question = {.fd = client, .events = POLLOUT};
    ck_assert_int_eq(poll(&question, 1, 5000), 1);
}

START_TEST(tells_how_far_an_attempt_has_come)
{
    struct sockaddr_in name;
    int holder = closed_port(&name);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(socket_progress_of(client), SOCKET_OTHER);
    ck_assert_int_eq(connect_to(client, &name), -1);
    wait_for_the_end(client);
    errno = 4711;
    ck_assert_int_eq(socket_progress_of(client), SOCKET_REFUSED);
    ck_assert_int_eq(errno, 4711);
    char byte;
    ck_assert_int_eq(read(client, &byte, 1), -1);
    ck_assert_int_eq(errno, ECONNREFUSED); /* it was still there */
    ck_assert_int_eq(socket_progress_of(client), SOCKET_REFUSED);
    close(client);
    ck_assert_int_eq(socket_progress_of(client), SOCKET_OTHER);
    close(holder);
}
END_TEST

START_TEST(a_connection_that_was_reset_was_not_refused)
{
    struct sockaddr_in name;
    int server = listener(&name);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect_to(client, &name), 0);
    ck_assert_int_eq(socket_progress_of(client), SOCKET_CONNECTED);
    int peer = accept(server, NULL, NULL);
    struct linger at_once = {.l_onoff = 1};
    ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(peer);
    wait_for_the_end(client);
    ck_assert_int_eq(socket_progress_of(client), SOCKET_CONNECTED);
    close(client);
    close(server);
}
END_TEST

static const TTest *const tests[] = {
    tells_how_far_an_attempt_has_come,
    a_connection_that_was_reset_was_not_refused,
    tells_kinds_of_sockets_apart,
    refuses_what_is_no_socket,
    an_idle_stream_is_one_whose_connect_begins_an_attempt,
    a_refused_blocking_attempt_leaves_the_socket_idle,
    an_error_that_nobody_has_read_is_seen_and_kept,
    a_datagram_socket_keeps_its_error_too,
    tells_what_a_socket_is_bound_to,
    tells_ipv6_addresses_a_socket_is_bound_to,
    tells_that_a_socket_is_bound_to_a_device,
};

UNIT_MAIN("socket", tests)
