/* finding.c - times blocking TCP connections that go astray and end at once.
 *
 * Usage: finding first|later          (in a network namespace with nothing but loopback in it)
 *
 * What is timed is connect() alone, on a socket that was made before. Under the library each of
 * them writes two records, one at the call and one when it was refused, so what the library adds
 * to it is a finding: two records, and the search for what they tell. Prints medians in
 * microseconds:
 *
 *   first   the first finding of a process: who is it, whence came the address
 *   new     the first one to each of 7 destinations more: whence came that address
 *   later   further ones to these 8 destinations
 *   routed  further ones to 192.0.2.1, for which the routes are asked whether they know it
 *   many    further ones to 100 destinations, more than have their origin remembered */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sample.h"

enum { FEW = 8, MANY = 100, REPEATS = 12 };

static bool as_expected = true;

/* Nobody listens on PORT, or no route leads there. Returns microseconds. */
static double time_connect(const char *ip, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, ip, &address.sin_addr);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    double began = sample_now_ns();
    int status = connect(descriptor, (const struct sockaddr *)&address, sizeof address);
    double time = sample_now_ns() - began;
    as_expected &= status != 0 && (errno == ECONNREFUSED || errno == ENETUNREACH);
    close(descriptor);
    return time / 1e3;
}

/* The median over ports FROM to TO, each REPEAT times in turn. */
static double time_ports(const char *ip, unsigned from, unsigned to, unsigned repeats)
{
    double times[MANY * REPEATS];
    size_t count = 0;
    for (unsigned i = 0; i < repeats; i++)
        for (unsigned port = from; port <= to; port++)
            times[count++] = time_connect(ip, port);
    return sample_median(times, count);
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    double first = time_connect("0.0.0.0", 1);
    if (strcmp(what, "first") == 0) {
        printf("first %.2f\n", first);
    } else if (strcmp(what, "later") == 0) {
        printf("new %.2f\n", time_ports("0.0.0.0", 2, FEW, 1));
        printf("later %.2f\n", time_ports("0.0.0.0", 1, FEW, REPEATS));
        time_connect("192.0.2.1", 1);
        printf("routed %.2f\n", time_ports("192.0.2.1", 1, 1, REPEATS));
        time_ports("0.0.0.0", FEW + 1, MANY, 1);
        printf("many %.2f\n", time_ports("0.0.0.0", FEW + 1, MANY, 1));
    } else {
        fputs("usage: finding first|later\n", stderr);
        return 2;
    }
    return as_expected ? 0 : 1;
}
