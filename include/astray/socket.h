/* socket.h - what a descriptor is, without disturbing it.
 *
 * Raw system calls; async-signal-safe; errno is left alone. Nothing here consumes the socket's
 * pending error. */
#ifndef ASTRAY_SOCKET_H
#define ASTRAY_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include <astray/endpoint.h>
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

/* How far an attempt to connect over TCP has come. */
enum socket_progress {
    SOCKET_CONNECTING,
    SOCKET_CONNECTED, /* or was, before it was closed */
    SOCKET_REFUSED,   /* the peer answered, and there never was a connection: ECONNREFUSED */
    SOCKET_FAILED,    /* the attempt is over without an answer from the peer */
    SOCKET_OTHER,     /* no TCP socket, one that listens, one that never tried, or no descriptor */
};

/* Looks at TCP_INFO, which takes nothing away: a segment that was sent tells an attempt from a new
 * socket, one that was acknowledged tells a connection from a failure, and one that came in without
 * that was a reset, to which the kernel gives but one error. */
enum socket_progress socket_progress_of(int descriptor);

/* Is the socket's peer DESTINATION? Also true where 0.0.0.0 or :: was connected to, and the kernel
 * made it an address of this host. */
bool socket_is_at(int descriptor, const struct destination *destination);

/* Has the socket a peer at this moment? */
bool socket_has_peer(int descriptor);

/* Is it a TCP socket whose connect() promises (TCP_FASTOPEN_CONNECT)? */
bool socket_opens_fast(int descriptor);

/* Is the socket connected to itself: does it have one address and port at both ends? */
bool socket_is_at_itself(int descriptor);

#endif
