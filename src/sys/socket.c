#include <astray/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* tcpi_state, the first byte of TCP_INFO (net/tcp_states.h of the kernel). */
enum { STATE_CLOSE = 7 };

/* The longest name of a network device, with its NUL. */
enum { DEVICE_SIZE = 16 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool get_number(int descriptor, int name, int *out)
{
    socklen_t size = sizeof *out;
    return syscall(SYS_getsockopt, descriptor, SOL_SOCKET, name, out, &size) == 0;
}

static enum policy_socket kind_of(int domain, int type, int protocol)
{
    if (domain != AF_INET && domain != AF_INET6)
        return POLICY_SOCKET_OTHER;
    if (type == SOCK_STREAM)
        return POLICY_SOCKET_STREAM;
    if (type == SOCK_DGRAM && (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE))
        return POLICY_SOCKET_DATAGRAM;
    return POLICY_SOCKET_OTHER;
}

static bool has_peer(int descriptor)
{
    union address name;
    socklen_t size = sizeof name;
    return syscall(SYS_getpeername, descriptor, &name, &size) == 0;
}

/* A refused attempt whose error nobody has been told is in the state CLOSE as well; poll(2) shows
 * that error without taking it away. */
static bool has_error(int descriptor)
{
    struct pollfd question = {.fd = descriptor};
    struct timespec at_once = {0};
    return syscall(SYS_ppoll, &question, 1, &at_once, NULL, 0) > 0 &&
           (question.revents & POLLERR) != 0;
}

static bool is_idle(int descriptor)
{
    unsigned char state;
    socklen_t size = sizeof state;
    if (syscall(SYS_getsockopt, descriptor, IPPROTO_TCP, TCP_INFO, &state, &size) != 0)
        return !has_peer(descriptor); /* SCTP */
    return state == STATE_CLOSE && !has_error(descriptor);
}

static bool is_wildcard(const union address *name)
{
    static const struct in6_addr any;
    if (name->any.sa_family == AF_INET)
        return name->v4.sin_addr.s_addr == INADDR_ANY;
    return memcmp(&name->v6.sin6_addr, &any, sizeof any) == 0;
}

static bool has_device(int descriptor)
{
    char name[DEVICE_SIZE];
    socklen_t size = sizeof name;
    if (syscall(SYS_getsockopt, descriptor, SOL_SOCKET, SO_BINDTODEVICE, name, &size) == 0)
        return size > 0;
    return errno == ENODEV; /* it is gone by now */
}

/* getsockname(2) tells the domain too, which spares a system call; some other families lack it. */
static int inspect(int descriptor, struct socket_state *state)
{
    union address name = {0};
    socklen_t size = sizeof name;
    int type;
    if (syscall(SYS_getsockname, descriptor, &name, &size) == 0)
        state->domain = name.any.sa_family;
    else if (!get_number(descriptor, SO_DOMAIN, &state->domain))
        return -errno;
    if (!get_number(descriptor, SO_TYPE, &type) ||
        !get_number(descriptor, SO_PROTOCOL, &state->protocol))
        return -errno;
    state->kind = kind_of(state->domain, type, state->protocol);
    if (state->kind == POLICY_SOCKET_OTHER)
        return 0;
    state->idle = state->kind == POLICY_SOCKET_STREAM && is_idle(descriptor);
    state->bound = !is_wildcard(&name);
    state->device = has_device(descriptor);
    return 0;
}

int socket_inspect(int descriptor, struct socket_state *out)
{
    struct socket_state state = {0};
    int saved = errno;
    int status = inspect(descriptor, &state);
    if (status == 0)
        *out = state;
    errno = saved;
    return status;
}
