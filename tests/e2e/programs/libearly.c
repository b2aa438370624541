/* libearly.c - a preloaded library whose constructor connects, astray, before others are ready. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((constructor)) static void connect_early(void)
{
    const char *port = getenv("E2E_EARLY_PORT");
    if (port == NULL)
        return;
    struct sockaddr_in destination = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)atoi(port))};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int result = connect(descriptor, (struct sockaddr *)&destination, sizeof destination);
    dprintf(1, "early: %d %s\n", result, result == -1 && errno == EINPROGRESS ? "as ever" : "odd");
    close(descriptor);
}
