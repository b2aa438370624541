/* connect.c - one connection, as its options say, and what came of it on standard output.
 *
 *   connect [-ugpnw] [-a ADDRESS] [-d DEVICE] [-r COUNT] HOST PORT
 *     -u UDP   -g look HOST up with getaddrinfo()   -p the same, as a server does (AI_PASSIVE)
 *     -n non-blocking
 *     -w wait for a non-blocking connection, and read its error with SO_ERROR
 *     -a bind to ADDRESS   -d bind to DEVICE   -r connect COUNT times, a socket each
 *
 * Prints "connect: RESULT ERROR", "outcome: ERROR" with -w, and "peer: ADDRESS PORT" of a
 * socket that is connected. Exits 0 when the last one was connected. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proof.h"

struct options {
    bool datagram, lookup, passive, nonblocking, wait;
    const char *address, *device;
    long repeat;
};

static const char *error_text(int error)
{
    if (error == 0)
        return "ok";
#ifdef __GLIBC__
    return strerrorname_np(error);
#else
    return error == ECONNREFUSED  ? "ECONNREFUSED"
           : error == ENETUNREACH ? "ENETUNREACH"
           : error == EINPROGRESS ? "EINPROGRESS"
                                  : strerror(error);
#endif
}

static void die(const char *what)
{
    fprintf(stderr, "connect: %s: %s\n", what, strerror(errno));
    exit(2);
}

static socklen_t numeric_address(const char *host, const char *port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)atoi(port));
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)atoi(port));
        return sizeof *six;
    }
    fprintf(stderr, "connect: no address: \"%s\"\n", host);
    exit(2);
}

static socklen_t looked_up_address(const char *host, const char *port, bool passive,
                                   struct sockaddr_storage *out)
{
    struct addrinfo hints = {.ai_flags = passive ? AI_PASSIVE : 0, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0) {
        fprintf(stderr, "connect: \"%s\": %s\n", host, gai_strerror(error));
        exit(2);
    }
    socklen_t length = list->ai_addrlen;
    memcpy(out, list->ai_addr, length);
    freeaddrinfo(list);
    return length;
}

static void bind_to(int socket, const char *address)
{
    struct sockaddr_storage local;
    socklen_t length = numeric_address(address, "0", &local);
    if (bind(socket, (struct sockaddr *)&local, length) != 0)
        die("bind");
}

static void print_peer(int socket)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getpeername(socket, (struct sockaddr *)&peer, &length) == 0 &&
        getnameinfo((struct sockaddr *)&peer, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        printf("peer: %s %s\n", host, port);
}

static int connect_once(const struct options *options, const struct sockaddr_storage *address,
                        socklen_t length)
{
    int type =
        (options->datagram ? SOCK_DGRAM : SOCK_STREAM) | (options->nonblocking ? SOCK_NONBLOCK : 0);
    int descriptor = socket(address->ss_family, type, 0);
    if (descriptor < 0)
        die("socket");
    if (options->device != NULL &&
        setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, options->device,
                   (socklen_t)strlen(options->device)) != 0)
        die("SO_BINDTODEVICE");
    if (options->address != NULL)
        bind_to(descriptor, options->address);
    errno = 0;
    int result = connect(descriptor, (const struct sockaddr *)address, length);
    int error = errno;
    printf("connect: %d %s\n", result, error_text(error));
    if (options->wait && error == EINPROGRESS) {
        struct pollfd wait = {.fd = descriptor, .events = POLLOUT};
        socklen_t size = sizeof error;
        poll(&wait, 1, 10000);
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
        printf("outcome: %s\n", error_text(error));
    }
    print_peer(descriptor);
    close(descriptor);
    return error;
}

int main(int argc, char **argv)
{
    struct options options = {.repeat = 1};
    int error = 0;

    proof_write();
    for (int option; (option = getopt(argc, argv, "ugpnwa:d:r:")) != -1;) {
        switch (option) {
        case 'u':
            options.datagram = true;
            break;
        case 'g':
            options.lookup = true;
            break;
        case 'p':
            options.lookup = options.passive = true;
            break;
        case 'n':
            options.nonblocking = true;
            break;
        case 'w':
            options.nonblocking = options.wait = true;
            break;
        case 'a':
            options.address = optarg;
            break;
        case 'd':
            options.device = optarg;
            break;
        case 'r':
            options.repeat = atol(optarg);
            break;
        default:
            return 2;
        }
    }
    if (argc - optind != 2) {
        fputs("usage: connect [-ugpnw] [-a ADDRESS] [-d DEVICE] [-r COUNT] HOST PORT\n", stderr);
        return 2;
    }
    struct sockaddr_storage address;
    const char *host = argv[optind], *port = argv[optind + 1];
    socklen_t length = options.lookup ? looked_up_address(host, port, options.passive, &address)
                                      : numeric_address(host, port, &address);
    for (long i = 0; i < options.repeat; i++)
        error = connect_once(&options, &address, length);
    return error == 0 ? 0 : 1;
}
