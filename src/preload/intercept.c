#include "intercept.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include <astray/host.h>
#include <astray/memory.h>
#include <astray/netlink.h>
#include <astray/socket.h>

#include "failures.h"
#include "names.h"
#include "real.h"

/* A resolver's list is hostile input as well: no more than this many of its answers. */
#define REMEMBERED_MAX 64

/* As much of an address of LENGTH bytes as is ever looked at. */
static size_t readable_part(socklen_t length)
{
    return length < sizeof(struct sockaddr_in6) ? length : sizeof(struct sockaddr_in6);
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

/* Fills in the verdict of an attempt whose destination is set. Whether it is stray. */
static bool judge(int descriptor, struct attempt *attempt, enum policy_call call)
{
    struct socket_state socket;
    if (socket_inspect(descriptor, &socket) != 0 ||
        !begins_an_attempt(&socket, &attempt->destination.addr))
        return false;
    attempt_ask_names(attempt);
    attempt->stream = socket.kind == POLICY_SOCKET_STREAM;
    struct policy_facts facts = {
        .socket = socket.kind,
        .call = call,
        .bound = socket.bound,
        .device = socket.device,
        .routed = is_routed_on_purpose(&attempt->destination),
        .sinkhole = attempt->has_answer && !attempt->answer.literal,
    };
    attempt->verdict = policy_judge(state.policy, &attempt->destination, &facts);
    return attempt->verdict.action != POLICY_NONE;
}

void intercept_rewrite(const struct attempt *attempt, union intercept_address *copy)
{
    const struct addr *target = &attempt->verdict.target;
    struct sockaddr_in *v4 = (struct sockaddr_in *)copy;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)copy;
    if (attempt->verdict.action != POLICY_DO_REWRITE)
        return;
    if (copy->any.sa_family == AF_INET) {
        memcpy(&v4->sin_addr, target->bytes, sizeof v4->sin_addr);
        return;
    }
    memcpy(&v6->sin6_addr, target->bytes, sizeof v6->sin6_addr);
    v6->sin6_scope_id = target->scope;
}

/* ---- connect ------------------------------------------------------------ */

/* The kernel went on without us: nobody knows yet how it ends. */
static bool is_open(int error)
{
    return error == EINPROGRESS || error == EINTR || error == EALREADY;
}

/* The error of a socket that is connected. */
static int connected(int descriptor)
{
    return socket_is_at_itself(descriptor) ? ERRORS_SELF : 0;
}

/* How a call went that came back with ERROR. A connection that is there at once may still be none:
 * with TCP fast open the kernel only promises, and a socket can meet itself. */
static int really(struct attempt *attempt, int descriptor, int error)
{
    if (error != 0 && error != EISCONN)
        return error;
    enum socket_progress progress = socket_progress_of(descriptor);
    if (progress == SOCKET_CONNECTED)
        return connected(descriptor);
    if (progress == SOCKET_OTHER)
        return 0; /* not TCP, so there are no promises */
    attempt->fast_open = true;
    return EINPROGRESS;
}

/* An attempt at a stray destination came back with ERROR. */
static void land_stray(struct attempt *attempt, int descriptor, int error)
{
    if (!attempt->stream) {
        attempt_tell(attempt, ATTEMPT_START_AND_END, error);
        return;
    }
    error = really(attempt, descriptor, error);
    if (is_open(error))
        flights_add(descriptor, attempt);
    else
        attempt_tell(attempt, ATTEMPT_END, error);
}

static int connect_stray(struct attempt *attempt, int descriptor, const struct sockaddr *address,
                         socklen_t length)
{
    union intercept_address copy;
    int saved = errno;
    attempt_begin(attempt);
    if (attempt->verdict.action == POLICY_DO_BLOCK)
        return intercept_deny(attempt);
    if (attempt->stream)
        attempt_tell(attempt, ATTEMPT_START, 0);
    memcpy(&copy, address, length);
    intercept_rewrite(attempt, &copy);
    int result = real_connect()(descriptor, &copy.any, length);
    int error = result == 0 ? 0 : errno;
    land_stray(attempt, descriptor, error);
    errno = result == 0 ? saved : error;
    return result;
}

/* An attempt ends, stray or ordinary. */
static void land(struct attempt *attempt, int error)
{
    if (attempt->verdict.action != POLICY_NONE)
        attempt_tell(attempt, ATTEMPT_END, error);
    else if (error == 0)
        failures_forgive(attempt);
    else if (errors_end_an_attempt(error))
        failures_tell(attempt, error);
}

/* ---- an attempt under way ------------------------------------------------ */

/* Is the socket where the attempt went, or was, before its peer closed it? */
static bool is_still(int descriptor, const struct attempt *attempt)
{
    struct destination target = attempt->destination;
    if (attempt->verdict.action == POLICY_DO_REWRITE)
        target.addr = attempt->verdict.target;
    return socket_is_at(descriptor, &target) || !socket_has_peer(descriptor);
}

/* A send that fails on a promise leaves a socket behind that looks as if it had never tried. */
static enum socket_progress progress_of(const struct attempt *attempt, int descriptor)
{
    enum socket_progress progress = socket_progress_of(descriptor);
    bool was_promised = progress == SOCKET_OTHER && attempt->fast_open;
    return was_promised && socket_opens_fast(descriptor) ? SOCKET_FAILED : progress;
}

/* Takes the attempt that is under way on DESCRIPTOR, and sets *PROGRESS. False when there is none,
 * or when the descriptor was closed unseen and is another socket by now, which ends nothing. */
static bool take(int descriptor, struct attempt *out, enum socket_progress *progress)
{
    if (!flights_take(descriptor, out))
        return false;
    *progress = progress_of(out, descriptor);
    return *progress != SOCKET_OTHER && is_still(descriptor, out);
}

/* How the attempt that came this far went; an open one is EINPROGRESS. */
static int end_of(int descriptor, enum socket_progress progress)
{
    if (progress == SOCKET_CONNECTED)
        return connected(descriptor);
    if (progress == SOCKET_CONNECTING)
        return EINPROGRESS;
    return progress == SOCKET_REFUSED ? ECONNREFUSED : ERRORS_UNSEEN;
}

/* Is the socket taken back from its peer? */
static bool dissolves(const struct sockaddr *address, socklen_t length)
{
    sa_family_t family;
    if (length < sizeof family || !memory_readable(address, sizeof family))
        return false;
    memcpy(&family, address, sizeof family);
    return family == AF_UNSPEC;
}

/* A second connect() on a socket that is connecting tells how the first one went; but not when it
 * takes the socket back, nor when it is a mistake itself, nor when the error was read before. */
static int connect_again(struct attempt *attempt, enum socket_progress progress, int descriptor,
                         const struct sockaddr *address, socklen_t length)
{
    int saved = errno, before = end_of(descriptor, progress);
    bool dissolved = dissolves(address, length);
    int result = real_connect()(descriptor, address, length);
    int error = result == 0 ? 0 : errno;
    int end = before;
    if (dissolved && result == 0)
        end = before == EINPROGRESS ? ERRORS_ABANDONED : before;
    else if (result == 0 || is_open(error) || error == EISCONN || errors_end_an_attempt(error))
        end = really(attempt, descriptor, error);
    if (is_open(end))
        flights_add(descriptor, attempt);
    else
        land(attempt, end);
    errno = result == 0 ? saved : error;
    return result;
}

static bool read_destination(const struct sockaddr *address, socklen_t length,
                             struct destination *out)
{
    return address != NULL && length >= sizeof(struct sockaddr_in) &&
           length <= sizeof(struct sockaddr_storage) &&
           memory_readable(address, readable_part(length)) &&
           destination_from_sockaddr(address, readable_part(length), out);
}

static bool is_stream(int descriptor)
{
    struct socket_state socket;
    return socket_inspect(descriptor, &socket) == 0 && socket.kind == POLICY_SOCKET_STREAM;
}

/* failures = 1, and the destination is fine: only how it ends is of interest. */
static int connect_ordinary(struct attempt *attempt, int descriptor, const struct sockaddr *address,
                            socklen_t length)
{
    int saved = errno;
    attempt->began = attempt_clock();
    int result = real_connect()(descriptor, address, length);
    int error = result == 0 ? 0 : errno;
    int end = result == 0 ? really(attempt, descriptor, 0) : error;
    bool matters = end == 0 ? failures_any() || flights_any() : errors_end_an_attempt(end);
    if (is_open(end))
        flights_add(descriptor, attempt);
    else if (matters && is_stream(descriptor))
        land(attempt, end);
    errno = result == 0 ? saved : error;
    return result;
}

__attribute__((noinline)) int intercept_connect(int descriptor, const struct sockaddr *address,
                                                socklen_t length, bool suspect)
{
    struct attempt attempt;
    enum socket_progress progress;
    int saved = errno;
    if (flights_any() && take(descriptor, &attempt, &progress))
        return connect_again(&attempt, progress, descriptor, address, length);
    attempt_init(&attempt, "connect");
    attempt.stream = true;
    if (!read_destination(address, length, &attempt.destination))
        return real_connect()(descriptor, address, length);
    attempt.began = suspect ? attempt_clock() : 0;
    bool stray = suspect && judge(descriptor, &attempt, POLICY_CONNECT);
    errno = saved;
    if (stray)
        return connect_stray(&attempt, descriptor, address, length);
    if (!state.policy->failures)
        return real_connect()(descriptor, address, length);
    return connect_ordinary(&attempt, descriptor, address, length);
}

/* ---- how it ended -------------------------------------------------------- */

void intercept_learn_error(int descriptor, int error)
{
    struct attempt attempt;
    enum socket_progress progress;
    int saved = errno;
    if (!take(descriptor, &attempt, &progress))
        return;
    int end = error != 0 ? error : end_of(descriptor, progress);
    if (is_open(end))
        flights_add(descriptor, &attempt);
    else
        land(&attempt, end);
    errno = saved;
}

void intercept_learn_close(int descriptor)
{
    struct attempt attempt;
    enum socket_progress progress;
    int saved = errno;
    if (!take(descriptor, &attempt, &progress))
        return;
    int end = end_of(descriptor, progress);
    land(&attempt, is_open(end) ? ERRORS_ABANDONED : end);
    errno = saved;
}

/* What is open when the program ends is told as at a close. */
__attribute__((destructor)) static void learn_the_end(void)
{
    unsigned place = 0;
    for (int descriptor; flights_any() && (descriptor = flights_next(&place)) >= 0;)
        intercept_learn_close(descriptor);
}

/* ---- sends --------------------------------------------------------------- */

bool intercept_judge_send(struct attempt *attempt, const char *call, int descriptor,
                          const struct sockaddr *address, socklen_t length, int flags)
{
    int saved = errno;
    attempt_init(attempt, call);
    attempt->began = attempt_clock();
    bool stray = read_destination(address, length, &attempt->destination) &&
                 judge(descriptor, attempt, POLICY_SEND);
    errno = saved;
    /* A stream takes an address only to open a connection (TCP fast open). */
    if (!stray || (attempt->stream && !(flags & MSG_FASTOPEN)))
        return false;
    attempt_begin(attempt);
    return true;
}

void intercept_keep_address(struct attempt *attempt)
{
    if (attempt->verdict.action != POLICY_DO_REWRITE)
        return;
    attempt->verdict.action = POLICY_DETECT;
    attempt->verdict.skipped = "several-messages";
}

int intercept_deny(struct attempt *attempt)
{
    attempt_tell(attempt, ATTEMPT_DENIED, ENETUNREACH);
    errno = ENETUNREACH;
    return -1;
}

void intercept_tell_send(struct attempt *attempt, int descriptor, int error)
{
    int end = attempt->stream ? really(attempt, descriptor, error) : error;
    if (!attempt->stream || !is_open(end)) {
        attempt_tell(attempt, ATTEMPT_START_AND_END, end);
        return;
    }
    attempt_tell(attempt, ATTEMPT_START, 0);
    flights_add(descriptor, attempt);
}

/* ---- the resolver -------------------------------------------------------- */

static bool addr_of(const struct addrinfo *answer, struct addr *out)
{
    struct destination destination;
    if (answer->ai_addr == NULL ||
        !destination_from_sockaddr(answer->ai_addr, answer->ai_addrlen, &destination))
        return false;
    *out = destination.addr;
    return true;
}

void intercept_remember(const char *node, const struct addrinfo *list, bool passive)
{
    struct host literal;
    struct slice name = slice_of(node);
    if (!state_active() || (passive && host_parse(name.data, name.length, &literal)))
        return;
    struct addr before = {0}, addr;
    for (int i = 0; list != NULL && i < REMEMBERED_MAX; list = list->ai_next, i++) {
        if (!addr_of(list, &addr) || addr_equal(&addr, &before))
            continue; /* the same again for another socket type */
        names_remember(name, &addr);
        before = addr;
    }
}

void intercept_remember_host(const char *node, const struct hostent *host)
{
    struct addr addr = {.family = host->h_addrtype == AF_INET ? ADDR_IPV4 : ADDR_IPV6};
    size_t size = addr.family == ADDR_IPV4 ? 4 : 16;
    if (!state_active() || (size_t)host->h_length != size)
        return;
    for (int i = 0; i < REMEMBERED_MAX && host->h_addr_list[i] != NULL; i++) {
        memcpy(addr.bytes, host->h_addr_list[i], size);
        names_remember(slice_of(node), &addr);
    }
}
