/* calls.c - times calls that lead nowhere astray, so the price of looking at each of them.
 *
 * Usage: calls MODE...
 *
 * Prints "MODE NANOSECONDS" for each: the median of many blocks of calls, in ns a call. The modes
 * are the rows of the tables below. It connects to 127.0.0.1 and ::1 alone; exits with 1 when a
 * call ends in another way than its row says, since then something else was timed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sample.h"

enum { BLOCKS = 21, PORT = 1 /* tcpmux: nobody listens there */ };

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The same call again and again with one descriptor. */
static const struct connect_mode {
    const char *name;
    int calls; /* in a block */
    int type;  /* of the descriptor's socket; 0 for no descriptor at all */
    int family;
    bool heap; /* the address is not on the stack */
    bool send; /* sendto() of nothing, instead of connect() */
    int error; /* that the call ends in */
} connect_modes[] = {
    {"fails", 4000, 0, AF_INET, false, false, EBADF},
    {"fails-heap", 4000, 0, AF_INET, true, false, EBADF},
    {"fails-ipv6", 4000, 0, AF_INET6, false, false, EBADF},
    {"send-fails", 4000, 0, AF_INET, false, true, EBADF},
    {"udp", 1000, SOCK_DGRAM, AF_INET, false, false, 0},
    {"refused", 100, SOCK_STREAM, AF_INET, false, false, ECONNREFUSED},
};

/* What a program that connects without waiting calls. `open`: while an attempt is in flight,
 * which nobody has asked about, on another descriptor than that. */
static const struct flight_mode {
    const char *name;
    enum { FLY, ASK, CLOSE } call;
    int calls;
    bool open;
} flight_modes[] = {
    {"flies", FLY, 200, false},          {"asks", ASK, 4000, false},
    {"closes", CLOSE, 4000, false},      {"asks-aloft", ASK, 4000, true},
    {"closes-aloft", CLOSE, 4000, true},
};

/* getaddrinfo() and freeaddrinfo(). */
static const struct lookup_mode {
    const char *name;
    int calls;
    const char *node;
} lookup_modes[] = {
    {"lookup-literal", 500, "127.0.0.1"},
    {"lookup-hosts", 50, "localhost"},
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t fill(union address *address, int family)
{
    memset(address, 0, sizeof *address);
    address->any.sa_family = (sa_family_t)family;
    if (family == AF_INET6) {
        address->v6.sin6_port = htons(PORT);
        address->v6.sin6_addr = in6addr_loopback;
        return sizeof address->v6;
    }
    address->v4.sin_port = htons(PORT);
    address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sizeof address->v4;
}

static bool send_often(int descriptor, const union address *address, socklen_t length,
                       const struct connect_mode *mode)
{
    bool as_expected = true;
    for (int i = 0; i < mode->calls; i++) {
        int error = sendto(descriptor, "", 0, 0, &address->any, length) >= 0 ? 0 : errno;
        as_expected &= error == mode->error;
    }
    return as_expected;
}

static bool connect_often(int descriptor, const union address *address, socklen_t length,
                          const struct connect_mode *mode)
{
    bool as_expected = true;
    if (mode->send)
        return send_often(descriptor, address, length, mode);
    for (int i = 0; i < mode->calls; i++) {
        int error = connect(descriptor, &address->any, length) == 0 ? 0 : errno;
        as_expected &= error == mode->error;
    }
    return as_expected;
}

static double time_connect(const struct connect_mode *mode)
{
    double blocks[BLOCKS];
    union address on_stack, *address = mode->heap ? malloc(sizeof *address) : &on_stack;
    int descriptor = mode->type == 0 ? -1 : socket(mode->family, mode->type | SOCK_CLOEXEC, 0);
    if (address == NULL)
        return -1;
    socklen_t length = fill(address, mode->family);
    bool as_expected = connect_often(descriptor, address, length, mode); /* warms up */
    for (int i = 0; i < BLOCKS; i++) {
        double began = sample_now_ns();
        as_expected &= connect_often(descriptor, address, length, mode);
        blocks[i] = (sample_now_ns() - began) / mode->calls;
    }
    if (descriptor >= 0)
        close(descriptor);
    if (mode->heap)
        free(address);
    return as_expected ? sample_median(blocks, BLOCKS) : -1;
}

static bool look_up_often(const struct lookup_mode *mode)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    bool as_expected = true;
    for (int i = 0; i < mode->calls; i++) {
        if (getaddrinfo(mode->node, "80", &hints, &list) == 0)
            freeaddrinfo(list);
        else
            as_expected = false;
    }
    return as_expected;
}

static double time_lookup(const struct lookup_mode *mode)
{
    double blocks[BLOCKS];
    bool as_expected = look_up_often(mode);
    for (int i = 0; i < BLOCKS; i++) {
        double began = sample_now_ns();
        as_expected &= look_up_often(mode);
        blocks[i] = (sample_now_ns() - began) / mode->calls;
    }
    return as_expected ? sample_median(blocks, BLOCKS) : -1;
}

/* A server that lets nobody wait: who comes is in its queue, and taken out by accept(). */
static int listen_anywhere(union address *address)
{
    socklen_t length = fill(address, AF_INET);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address->v4.sin_port = 0;
    if (bind(server, &address->any, length) != 0 || listen(server, 8) != 0 ||
        getsockname(server, &address->any, &length) != 0)
        return -1;
    return server;
}

/* A socket whose attempt nobody has asked about; *TOOK is given the time of connect() alone. -1
 * when it ended at once. It is closed by a reset, so that no port has to wait. */
static int fly(const union address *address, double *took)
{
    const struct linger reset = {.l_onoff = 1};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    double began = sample_now_ns();
    int result = connect(descriptor, &address->any, sizeof address->v4);
    *took += sample_now_ns() - began;
    return result < 0 && errno == EINPROGRESS ? descriptor : -1;
}

/* The time of MODE's calls, in ns; negative when one ended in another way. */
static double flight_calls(const struct flight_mode *mode, int descriptor, int server,
                           const union address *address)
{
    int error, other = -1;
    bool as_expected = true;
    double took = 0, began = sample_now_ns();
    for (int i = 0; i < mode->calls; i++) {
        socklen_t size = sizeof error;
        if (mode->call == FLY) {
            as_expected &= (other = fly(address, &took)) >= 0;
            close(other);
            close(accept(server, NULL, NULL));
        } else if (mode->call == ASK) {
            as_expected &= getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0;
        } else {
            as_expected &= close(descriptor + 1) == -1 && errno == EBADF;
        }
    }
    if (mode->call != FLY)
        took = sample_now_ns() - began;
    return as_expected ? took : -1e9;
}

static double time_flight(const struct flight_mode *mode)
{
    double blocks[BLOCKS], unused = 0;
    union address address;
    int server = listen_anywhere(&address);
    int aloft = mode->open ? fly(&address, &unused) : -1;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    flight_calls(mode, descriptor, server, &address); /* warms up */
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = flight_calls(mode, descriptor, server, &address) / mode->calls;
    close(descriptor);
    if (mode->open)
        close(aloft);
    close(server);
    return mode->open && aloft < 0 ? -1 : sample_median(blocks, BLOCKS);
}

static double time_mode(const char *name)
{
    for (size_t i = 0; i < COUNT(connect_modes); i++)
        if (strcmp(connect_modes[i].name, name) == 0)
            return time_connect(&connect_modes[i]);
    for (size_t i = 0; i < COUNT(flight_modes); i++)
        if (strcmp(flight_modes[i].name, name) == 0)
            return time_flight(&flight_modes[i]);
    for (size_t i = 0; i < COUNT(lookup_modes); i++)
        if (strcmp(lookup_modes[i].name, name) == 0)
            return time_lookup(&lookup_modes[i]);
    return -1;
}

int main(int argc, char **argv)
{
    int status = argc > 1 ? 0 : 2;
    for (int i = 1; i < argc; i++) {
        double time = time_mode(argv[i]);
        if (time > 0)
            printf("%s %.2f\n", argv[i], time);
        else
            status = 1;
    }
    return status;
}
