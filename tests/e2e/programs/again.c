/* again.c - what a program may do to an attempt that is under way:  again [-b] WAY HOST PORT
 *     -b listens on 127.0.0.1:PORT with a full backlog, so that no attempt is answered
 *
 * WAY is a name of the table below. Prints what each call gave, "CALL: RESULT ERRNO". HOST is an
 * IPv4 address. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proof.h"

static struct sockaddr_in target;

static void tell(const char *call, long result)
{
    printf("%s: %ld %s\n", call, result, result < 0 ? strerrorname_np(errno) : "ok");
    fflush(stdout);
}

static int stream(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static long reach(int descriptor, const struct sockaddr_in *address)
{
    return connect(descriptor, (const struct sockaddr *)address, sizeof *address);
}

/* The rest of what is sent there is dropped. Past the library, which is to tell of one attempt. */
static void listen_and_be_full(void)
{
    struct sockaddr_in here = target;
    int server = stream(), full = 0;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
        bind(server, (struct sockaddr *)&here, sizeof here) != 0 || listen(server, 0) != 0)
        tell("listen", -1);
    do {
        struct pollfd wait = {.fd = stream(), .events = POLLOUT};
        syscall(SYS_connect, wait.fd, &here, sizeof here);
        full = poll(&wait, 1, 300) == 0;
    } while (!full);
}

static int begin(void)
{
    int descriptor = stream();
    tell("connect", reach(descriptor, &target));
    return descriptor;
}

static int wait_for_refusal(int descriptor)
{
    struct pollfd wait = {.fd = descriptor, .events = POLLOUT};
    poll(&wait, 1, 10000);
    return descriptor;
}

static void dissolve(int descriptor)
{
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    tell("connect AF_UNSPEC", connect(descriptor, &none, sizeof none));
    close(descriptor);
}

static void dissolve_it(void)
{
    dissolve(begin());
}

static void dissolve_a_refused_one(void)
{
    dissolve(wait_for_refusal(begin()));
}

static void read_the_error(void)
{
    char byte;
    int descriptor = wait_for_refusal(begin());
    tell("read", read(descriptor, &byte, sizeof byte));
    tell("connect again", reach(descriptor, &target));
    close(descriptor);
}

/* Nothing of this ends an attempt. */
static void err(void)
{
    int descriptor = begin();
    tell("connect nowhere", connect(descriptor, NULL, sizeof target));
    tell("connect briefly", connect(descriptor, (struct sockaddr *)&target, 1));
    tell("connect again", reach(descriptor, &target));
    close(descriptor);
}

static const struct way {
    const char *name;
    void (*go)(void);
} ways[] = {
    {"dissolve", dissolve_it},
    {"dissolve-refused", dissolve_a_refused_one},
    {"read", read_the_error},
    {"err", err},
};

int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "-b") == 0 ? 2 : 1;
    proof_write();
    if (argc - first != 3 || inet_pton(AF_INET, argv[first + 1], &target.sin_addr) != 1) {
        fputs("usage: again [-b] WAY HOST PORT\n", stderr);
        return 2;
    }
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(argv[first + 2]));
    if (first == 2)
        listen_and_be_full();
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, argv[first]) == 0)
            ways[i].go();
    return 0;
}
