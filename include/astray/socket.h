/* socket.h - what a descriptor is, without disturbing it.
 *
 * Raw system calls; async-signal-safe; errno is left alone. Nothing here consumes the socket's
 * pending error. */
#ifndef ASTRAY_SOCKET_H
#define ASTRAY_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include <astray/policy.h>

struct socket_state {
    enum policy_socket
        kind;     /* stream: TCP and other stream sockets over IP; datagram: UDP and UDP-Lite */
    int domain;   /* AF_INET, AF_INET6, ... */
    int protocol; /* IPPROTO_TCP, ... */
    bool idle;    /* a stream that is neither connected, connecting nor listening, and
                     has no error to tell: connect() begins an attempt */
    bool bound;   /* to a local address other than the wildcard; a connected socket
                     counts as bound */
    bool device;  /* to a network device */
};

/* A refused non-blocking attempt whose error has been read leaves a stream idle and bound; the
 * kernel answers its next connect() with ECONNABORTED, and begins an attempt with the one after
 * that.
 *
 * Six system calls at the most. Of a socket that is neither stream nor datagram over IP, `idle`,
 * `bound` and `device` stay false. Returns 0, or -errno (-EBADF, -ENOTSOCK) with *OUT as it was. */
int socket_inspect(int descriptor, struct socket_state *out);

#endif
