#include "intercept.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/rtnetlink.h>

#include <astray/memory.h>
#include <astray/netlink.h>
#include <astray/socket.h>

#include "attempt.h"
#include "names.h"
#include "real.h"
#include "state.h"

/* A resolver's list is hostile input as well: no more than this many of its answers. */
#define REMEMBERED_MAX 64

union sockaddr_copy {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* As much of an address of LENGTH bytes as is ever looked at. */
static size_t readable_part(socklen_t length)
{
    return length < sizeof(union sockaddr_copy) ? length : sizeof(union sockaddr_copy);
}

/* Not within the caller: its frame would be set up for every clean call, too. */
__attribute__((noinline)) static bool suspects_in_full(const void *address, size_t size)
{
    struct destination destination;
    return destination_from_sockaddr(address, size, &destination) &&
           policy_suspects(state.policy, &destination);
}

bool intercept_suspects(const struct sockaddr *address, socklen_t length)
{
    if (!state_active() || length < sizeof(struct sockaddr_in) ||
        length > sizeof(struct sockaddr_storage))
        return false; /* the kernel refuses these lengths, or the family is none of ours */
    size_t size = readable_part(length);
    if (!memory_readable(address, size))
        return false;
    if (state.policy->plain && destination_surely_fine(address, size))
        return false;
    return suspects_in_full(address, size);
}

static bool is_routed_on_purpose(const struct destination *destination)
{
    struct netlink_route route;
    return policy_wants_route(state.policy, destination) &&
           netlink_route_to(&destination->addr, &route) == 0 && route.length > 0 &&
           (route.type == RTN_UNICAST || route.type == RTN_LOCAL);
}

/* Does the kernel take this address on this socket at all? Where it does not, its own error
 * comes first, and nothing is attempted. */
static bool begins_an_attempt(const struct socket_state *socket, const struct addr *addr)
{
    if (socket->kind == POLICY_SOCKET_STREAM)
        return socket->idle && socket->domain == (addr->family == ADDR_IPV4 ? AF_INET : AF_INET6);
    return socket->kind == POLICY_SOCKET_DATAGRAM;
}

/* A JVM looks up an IPv4 address and connects to it v4-mapped. */
static bool find_answer(const struct addr *addr, struct names_answer *out)
{
    struct addr inner;
    return names_find(addr, out) || (addr_unmap(addr, &inner) && names_find(&inner, out));
}

static bool judge(int descriptor, struct attempt *attempt)
{
    struct socket_state socket;
    if (socket_inspect(descriptor, &socket) != 0 ||
        !begins_an_attempt(&socket, &attempt->destination.addr))
        return false;
    attempt->has_answer = find_answer(&attempt->destination.addr, &attempt->answer);
    attempt->stream = socket.kind == POLICY_SOCKET_STREAM;
    struct policy_facts facts = {
        .socket = socket.kind,
        .call = POLICY_CONNECT,
        .bound = socket.bound,
        .device = socket.device,
        .routed = is_routed_on_purpose(&attempt->destination),
        .sinkhole = attempt->has_answer && !attempt->answer.literal,
    };
    attempt->verdict = policy_judge(state.policy, &attempt->destination, &facts);
    return attempt->verdict.action != POLICY_NONE;
}

static void rewrite(union sockaddr_copy *copy, const struct addr *target)
{
    if (copy->any.sa_family == AF_INET) {
        memcpy(&copy->v4.sin_addr, target->bytes, sizeof copy->v4.sin_addr);
        return;
    }
    memcpy(&copy->v6.sin6_addr, target->bytes, sizeof copy->v6.sin6_addr);
    copy->v6.sin6_scope_id = target->scope;
}

/* The kernel went on without us: nobody knows yet how it ends. */
static bool is_open(int error)
{
    return error == EINPROGRESS || error == EINTR || error == EALREADY;
}

static int call_and_tell(struct attempt *attempt, int descriptor, const struct sockaddr *address,
                         socklen_t length)
{
    int saved = errno;
    int result = real_connect()(descriptor, address, length);
    int error = result == 0 ? 0 : errno;
    if (!attempt->stream)
        attempt_tell(attempt, ATTEMPT_START_AND_END, error);
    else if (!is_open(error))
        attempt_tell(attempt, ATTEMPT_END, error);
    errno = result == 0 ? saved : error;
    return result;
}

int intercept_connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    int saved = errno;
    union sockaddr_copy copy = {0};
    struct attempt attempt = {.call = "connect"};
    memcpy(&copy, address, readable_part(length));
    bool stray = destination_from_sockaddr(&copy, readable_part(length), &attempt.destination) &&
                 judge(descriptor, &attempt);
    errno = saved;
    if (!stray)
        return real_connect()(descriptor, address, length);

    attempt_begin(&attempt);
    if (attempt.verdict.action == POLICY_DO_BLOCK) {
        attempt_tell(&attempt, ATTEMPT_DENIED, ENETUNREACH);
        errno = ENETUNREACH;
        return -1;
    }
    if (attempt.stream)
        attempt_tell(&attempt, ATTEMPT_START, 0);
    if (attempt.verdict.action != POLICY_DO_REWRITE)
        return call_and_tell(&attempt, descriptor, address, length);

    rewrite(&copy, &attempt.verdict.target);
    return call_and_tell(&attempt, descriptor, &copy.any, (socklen_t)readable_part(length));
}

static bool addr_of(const struct addrinfo *answer, struct addr *out)
{
    struct destination destination;
    if (answer->ai_addr == NULL ||
        !destination_from_sockaddr(answer->ai_addr, answer->ai_addrlen, &destination))
        return false;
    *out = destination.addr;
    return true;
}

void intercept_remember(const char *node, const struct addrinfo *list)
{
    if (!state_active())
        return;
    struct addr before = {0}, addr;
    for (int i = 0; list != NULL && i < REMEMBERED_MAX; list = list->ai_next, i++) {
        if (!addr_of(list, &addr) || addr_equal(&addr, &before))
            continue; /* the same again for another socket type */
        names_remember(slice_of(node), &addr);
        before = addr;
    }
}
