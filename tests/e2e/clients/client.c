/* Looks HOST up and connects to PORT there: client HOST PORT. */
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../programs/proof.h"

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    proof_write();
    if (argc != 3 || getaddrinfo(argv[1], argv[2], &hints, &list) != 0)
        return 2;
    int descriptor = socket(list->ai_family, SOCK_STREAM, 0);
    if (connect(descriptor, list->ai_addr, list->ai_addrlen) != 0) {
        perror("connect");
        return 1;
    }
    close(descriptor);
    freeaddrinfo(list);
    return 0;
}
