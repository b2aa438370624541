/* clean.c - ordinary connections between two marks in a trace of system calls: clean COUNT PORT
 *
 * The marks are getppid(). Connects to 127.0.0.1, ::1 and over UDP. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proof.h"

static int failures;

static void connect_four(int type, uint16_t port)
{
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, type, 0);
    failures += connect(descriptor, (struct sockaddr *)&four, sizeof four) != 0;
    close(descriptor);
}

static void connect_six(int type, uint16_t port)
{
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int descriptor = socket(AF_INET6, type, 0);
    failures += connect(descriptor, (struct sockaddr *)&six, sizeof six) != 0;
    close(descriptor);
}

int main(int argc, char **argv)
{
    proof_write();
    if (argc != 3)
        return 2;
    long count = atol(argv[1]);
    uint16_t port = (uint16_t)atoi(argv[2]);
    connect_four(SOCK_STREAM, port); /* what is found at the first use is found */
    syscall(SYS_getppid);
    for (long i = 0; i < count; i++) {
        connect_four(SOCK_STREAM, port);
        connect_six(SOCK_STREAM, port);
        connect_four(SOCK_DGRAM, port);
        connect_six(SOCK_DGRAM, port);
    }
    syscall(SYS_getppid);
    printf("failed: %d\n", failures);
    return 0;
}
