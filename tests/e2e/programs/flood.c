/* flood.c - many processes that connect astray at once: flood PROCESSES COUNT PORT
 *
 * Each connects COUNT datagram sockets to 0.0.0.0:PORT: one record each. Exits 0 when all behaved.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proof.h"

static int connect_many(long count, int port)
{
    struct sockaddr_in destination = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    for (long i = 0; i < count; i++) {
        int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
        if (connect(descriptor, (struct sockaddr *)&destination, sizeof destination) != 0)
            return 1;
        close(descriptor);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int gate[2], status, failures = 0;
    char byte;

    proof_write();
    if (argc != 4 || pipe(gate) != 0)
        return 2;
    long processes = atol(argv[1]);
    for (long i = 0; i < processes; i++) {
        if (fork() == 0) {
            close(gate[1]);
            if (read(gate[0], &byte, 1) != 0) /* all begin when the gate is closed */
                exit(2);
            exit(connect_many(atol(argv[2]), atoi(argv[3])));
        }
    }
    close(gate[1]);
    for (long i = 0; i < processes; i++) {
        if (wait(&status) < 0 || status != 0)
            failures++;
    }
    return failures == 0 ? 0 : 1;
}
