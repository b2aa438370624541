#include <astray/socket.h>

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* tcpi_state (net/tcp_states.h of the kernel). */
enum { ESTABLISHED = 1, SYN_SENT = 2, SYN_RECEIVED = 3, CLOSE = 7, LISTEN = 10 };

enum socket_progress socket_progress_of(int descriptor)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    int saved = errno;
    long result = syscall(SYS_getsockopt, descriptor, IPPROTO_TCP, TCP_INFO, &info, &size);
    errno = saved;
    if (result != 0 || info.tcpi_state == LISTEN)
        return SOCKET_OTHER;
    if (info.tcpi_state == SYN_SENT || info.tcpi_state == SYN_RECEIVED)
        return SOCKET_CONNECTING;
    if (info.tcpi_state != CLOSE || info.tcpi_bytes_acked > 0)
        return SOCKET_CONNECTED;
    if (info.tcpi_segs_out == 0)
        return SOCKET_OTHER;
    return info.tcpi_segs_in > 0 && info.tcpi_total_retrans == 0 ? SOCKET_REFUSED : SOCKET_FAILED;
}

bool socket_opens_fast(int descriptor)
{
    int set = 0;
    socklen_t size = sizeof set;
    int saved = errno;
    long result =
        syscall(SYS_getsockopt, descriptor, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &set, &size);
    errno = saved;
    return result == 0 && set != 0;
}

/* CALL is SYS_getpeername or SYS_getsockname. */
static bool get_end(long call, int descriptor, struct destination *out)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int saved = errno;
    long result = syscall(call, descriptor, &address, &size);
    errno = saved;
    return result == 0 && destination_from_sockaddr(&address, size, out);
}

static bool is_unspecified(const struct addr *address)
{
    return addr_classify(address) == ADDR_UNSPECIFIED;
}

bool socket_is_at(int descriptor, const struct destination *destination)
{
    struct destination peer;
    return get_end(SYS_getpeername, descriptor, &peer) && peer.port == destination->port &&
           (is_unspecified(&destination->addr) || addr_equal(&peer.addr, &destination->addr));
}

bool socket_has_peer(int descriptor)
{
    struct destination peer;
    return get_end(SYS_getpeername, descriptor, &peer);
}

bool socket_is_at_itself(int descriptor)
{
    struct destination here, there;
    return get_end(SYS_getsockname, descriptor, &here) &&
           get_end(SYS_getpeername, descriptor, &there) && here.port == there.port &&
           addr_equal(&here.addr, &there.addr);
}
