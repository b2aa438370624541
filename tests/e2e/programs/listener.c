/* listener.c - answers HTTP on one address until it is ended: listener ADDRESS PORT
 *
 * Prints "listening" when it does. Every answer is 200 and the body "here ADDRESS". */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static socklen_t address_of(const char *host, const char *port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)atoi(port));
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
        die(host);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)atoi(port));
    return sizeof *six;
}

/* One exchange; a client that says nothing for a second is let go. */
static void answer(int client, const char *host)
{
    char request[4096], reply[512];
    struct pollfd wait = {.fd = client, .events = POLLIN};

    if (poll(&wait, 1, 1000) == 1 && read(client, request, sizeof request) > 0) {
        int length = snprintf(reply, sizeof reply,
                              "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n"
                              "Content-Length: %zu\r\nConnection: close\r\n\r\nhere %s\n",
                              strlen(host) + 6, host);
        if (write(client, reply, (size_t)length) != length)
            fputs("listener: short write\n", stderr);
    }
    shutdown(client, SHUT_WR);
    close(client);
}

int main(int argc, char **argv)
{
    struct sockaddr_storage address = {0};
    const int yes = 1;

    if (argc != 3)
        return 2;
    socklen_t length = address_of(argv[1], argv[2], &address);
    int server = socket(address.ss_family, SOCK_STREAM, 0);
    if (server < 0)
        die("socket");
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address.ss_family == AF_INET6)
        setsockopt(server, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(server, (struct sockaddr *)&address, length) != 0 || listen(server, 128) != 0)
        die("listen");
    puts("listening");
    fflush(stdout);
    for (;;) {
        int client = accept(server, NULL, NULL);
        if (client >= 0)
            answer(client, argv[1]);
    }
}
