/* promise.c - connections whose success is none:  promise [-l] WAY HOST PORT
 *     -l listens on 127.0.0.1:PORT
 *
 * WAY is a name of the table below: through TCP fast open, for which a cookie is got from a server
 * of its own on 127.0.0.1 before, and from a socket to itself, which is bound to PORT. Prints what
 * each call gave, "CALL: RESULT ERRNO". HOST is an IPv4 address. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proof.h"

static struct sockaddr_in target;

static void tell(const char *call, long result)
{
    printf("%s: %ld %s\n", call, result, result < 0 ? strerrorname_np(errno) : "ok");
}

static int stream(int flags)
{
    return socket(AF_INET, SOCK_STREAM | flags, 0);
}

static void set(int descriptor, int level, int name)
{
    const int value = 1;
    if (setsockopt(descriptor, level, name, &value, sizeof value) != 0)
        tell("setsockopt", -1);
}

static long reach(int descriptor, const struct sockaddr_in *address)
{
    return connect(descriptor, (const struct sockaddr *)address, sizeof *address);
}

static int listen_at(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int descriptor = stream(0);
    set(descriptor, SOL_SOCKET, SO_REUSEADDR);
    set(descriptor, IPPROTO_TCP, TCP_FASTOPEN);
    if (bind(descriptor, (struct sockaddr *)address, size) != 0 || listen(descriptor, 8) != 0 ||
        getsockname(descriptor, (struct sockaddr *)address, &size) != 0)
        tell("listen", -1);
    return descriptor;
}

/* The kernel keeps it for the address, whatever the port. */
static void get_cookie(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int server = listen_at(&address);
    int client = stream(0);
    set(client, IPPROTO_TCP, TCP_FASTOPEN_CONNECT);
    if (reach(client, &address) != 0 || send(client, "x", 1, 0) != 1)
        tell("cookie", -1);
    close(client);
    close(server);
}

static void tell_error(int descriptor)
{
    socklen_t size = sizeof errno;
    int error = -1;
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    printf("SO_ERROR: %s\n", error == 0 ? "0" : strerrorname_np(error));
}

/* ---- fast open ------------------------------------------------------------ */

static int open_fast(int flags)
{
    get_cookie();
    int descriptor = stream(flags);
    set(descriptor, IPPROTO_TCP, TCP_FASTOPEN_CONNECT);
    tell("connect", reach(descriptor, &target));
    return descriptor;
}

static void by_connect(void)
{
    int descriptor = open_fast(0);
    tell("send", send(descriptor, "x", 1, MSG_NOSIGNAL));
    tell_error(descriptor);
    close(descriptor);
}

static void without_a_look(void)
{
    int descriptor = open_fast(0);
    tell("send", send(descriptor, "x", 1, MSG_NOSIGNAL));
    close(descriptor);
}

static void twice(void)
{
    int descriptor = open_fast(SOCK_NONBLOCK); /* the kernel would wait for ever */
    tell_error(descriptor);
    tell("connect again", reach(descriptor, &target));
    tell("send", send(descriptor, "x", 1, MSG_NOSIGNAL));
    close(descriptor);
}

static void without_a_byte(void)
{
    close(open_fast(0));
}

static void send_fast(int flags)
{
    get_cookie();
    int descriptor = stream(flags);
    tell("sendto", sendto(descriptor, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                          (struct sockaddr *)&target, sizeof target));
    tell_error(descriptor);
    close(descriptor);
}

static void by_sendto(void)
{
    send_fast(0);
}

static void by_sendto_that_does_not_wait(void)
{
    send_fast(SOCK_NONBLOCK);
}

/* ---- to itself ------------------------------------------------------------ */

static int bound(int flags)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = target.sin_port};
    int descriptor = stream(flags);
    set(descriptor, SOL_SOCKET, SO_REUSEADDR);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        tell("bind", -1);
    return descriptor;
}

static int to_itself(int flags)
{
    char byte = 'x';
    int descriptor = bound(flags);
    long result = reach(descriptor, &target);
    struct pollfd wait = {.fd = descriptor, .events = POLLOUT};
    tell("connect", result);
    poll(&wait, 1, 10000);
    if (send(descriptor, &byte, 1, MSG_NOSIGNAL) == 1)
        tell("what was sent came back", recv(descriptor, &byte, 1, 0));
    return descriptor;
}

static void and_waits(void)
{
    close(to_itself(0));
}

static void and_asks(void)
{
    int descriptor = to_itself(SOCK_NONBLOCK);
    tell_error(descriptor);
    close(descriptor);
}

static void and_closes(void)
{
    close(to_itself(SOCK_NONBLOCK));
}

static void and_connects_again(void)
{
    int descriptor = to_itself(SOCK_NONBLOCK);
    tell("connect again", reach(descriptor, &target));
    close(descriptor);
}

static const struct way {
    const char *name;
    void (*go)(void);
} ways[] = {
    {"connect", by_connect},    {"unread", without_a_look},
    {"twice", twice},           {"silent", without_a_byte},
    {"sendto", by_sendto},      {"sendto-later", by_sendto_that_does_not_wait},
    {"self", and_waits},        {"self-error", and_asks},
    {"self-close", and_closes}, {"self-again", and_connects_again},
};

int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "-l") == 0 ? 2 : 1;
    proof_write();
    if (argc - first != 3 || inet_pton(AF_INET, argv[first + 1], &target.sin_addr) != 1) {
        fputs("usage: promise [-l] WAY HOST PORT\n", stderr);
        return 2;
    }
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(argv[first + 2]));
    if (first == 2) {
        struct sockaddr_in here = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = target.sin_port};
        listen_at(&here);
    }
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, argv[first]) == 0)
            ways[i].go();
    return 0;
}
