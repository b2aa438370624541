#include <astray/netlink.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <astray/descriptor.h>

/* Since Linux 4.6; the number is that of linux/inet_diag.h. */
enum { SKV6ONLY = 11 };

/* TCP_LISTEN of the kernel's net/tcp_states.h. */
enum { STATE_LISTEN = 10 };

/* The kernel answers in parts of up to 8 KiB, which no guest has room for: a part is looked at
 * through a window. A message is about 120 bytes long; one at the window's start is whole. */
enum { WINDOW = 384, PIECES = 24, PART_MAX = (PIECES - 1) * WINDOW, PARTS_MAX = 64 };

/* "sport >= PORT and sport <= PORT" in the language of INET_DIAG_REQ_BYTECODE: pairs of an
 * instruction and its operand, and how many bytes to go on when it holds (`yes`) or not. Behind the
 * end by four means no match. Kernels before 5.11 lack the instruction for equality. */
struct filter {
    struct nlattr header;
    struct inet_diag_bc_op at_least, least, at_most, most;
};

/* The older question is answered for both families at once, with one walk through the kernel's
 * table instead of two; that walk is what it costs. */
struct question_of_both {
    struct nlmsghdr header;
    struct inet_diag_req request;
    struct filter filter;
};

struct question_of_one {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
    struct filter filter;
};

union window {
    struct nlmsghdr header;
    char bytes[WINDOW];
};

struct search {
    int descriptor;
    struct netlink_listener *out;
    size_t max;
    size_t count;
};

static struct nlmsghdr header_of(unsigned short type, size_t length)
{
    return (struct nlmsghdr){.nlmsg_len = (uint32_t)length,
                             .nlmsg_type = type,
                             .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP};
}

static struct filter filter_of(uint16_t port)
{
    const unsigned char op = sizeof(struct inet_diag_bc_op), program = 4 * op;
    return (struct filter){
        .header = {.nla_len = sizeof(struct filter), .nla_type = INET_DIAG_REQ_BYTECODE},
        .at_least = {.code = INET_DIAG_BC_S_GE, .yes = 2 * op, .no = program + 4},
        .least = {.no = port},
        .at_most = {.code = INET_DIAG_BC_S_LE, .yes = 2 * op, .no = 2 * op + 4},
        .most = {.no = port},
    };
}

static int send_question(const struct search *search, const void *question, size_t length)
{
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    return syscall(SYS_sendto, search->descriptor, question, length, MSG_NOSIGNAL, &kernel,
                   sizeof kernel) < 0
               ? -errno
               : 0;
}

static int ask_for_both(const struct search *search, uint16_t port)
{
    const struct question_of_both question = {
        .header = header_of(TCPDIAG_GETSOCK, sizeof question),
        .request = {.idiag_family = AF_INET, .idiag_states = 1u << STATE_LISTEN},
        .filter = filter_of(port),
    };
    return send_question(search, &question, sizeof question);
}

static int ask_for_one(const struct search *search, uint8_t family, uint16_t port)
{
    const struct question_of_one question = {
        .header = header_of(SOCK_DIAG_BY_FAMILY, sizeof question),
        .request = {.sdiag_family = family,
                    .sdiag_protocol = IPPROTO_TCP,
                    .idiag_states = 1u << STATE_LISTEN},
        .filter = filter_of(port),
    };
    return send_question(search, &question, sizeof question);
}

/* Shows the first part that waits, from byte OFFSET on, and leaves it there: what lies before goes
 * to the window as well, and is overwritten. Returns the part's whole length, or -errno. Not
 * inlined, for the stack's sake. */
__attribute__((noinline)) static long look(const struct search *search, size_t offset,
                                           union window *window)
{
    struct iovec pieces[PIECES];
    struct msghdr message = {.msg_iov = pieces};
    for (size_t left = offset; left > 0; left -= pieces[message.msg_iovlen++].iov_len)
        pieces[message.msg_iovlen] =
            (struct iovec){.iov_base = window, .iov_len = left < WINDOW ? left : WINDOW};
    pieces[message.msg_iovlen++] = (struct iovec){.iov_base = window, .iov_len = WINDOW};
    long length =
        syscall(SYS_recvmsg, search->descriptor, &message, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
    return length < 0 ? -errno : length;
}

static void take_away(const struct search *search)
{
    char byte;
    syscall(SYS_recvfrom, search->descriptor, &byte, sizeof byte, MSG_DONTWAIT, NULL, NULL);
}

static bool is_v6only(const union window *window, size_t length)
{
    for (size_t at = NLMSG_SPACE(sizeof(struct inet_diag_msg));
         at + sizeof(struct rtattr) < length;) {
        const struct rtattr *attribute = (const struct rtattr *)(window->bytes + at);
        if (attribute->rta_len < sizeof *attribute || attribute->rta_len > length - at)
            break;
        if (attribute->rta_type == SKV6ONLY && attribute->rta_len > sizeof *attribute)
            return window->bytes[at + RTA_LENGTH(0)] != 0;
        at += RTA_ALIGN(attribute->rta_len);
    }
    return false;
}

static struct netlink_listener read_listener(const union window *window, size_t length)
{
    const struct inet_diag_msg *message = NLMSG_DATA(&window->header);
    struct netlink_listener found = {
        .at = {.addr.family = message->idiag_family == AF_INET ? ADDR_IPV4 : ADDR_IPV6,
               .interface = message->id.idiag_if,
               .v6only = is_v6only(window, length)},
        .inode = message->idiag_inode,
        .uid = message->idiag_uid,
        .sockets = 1,
    };
    memcpy(found.at.addr.bytes, message->id.idiag_src, found.at.addr.family == ADDR_IPV4 ? 4 : 16);
    if (found.at.addr.family == ADDR_IPV6 &&
        addr_classify(&found.at.addr) == ADDR_LINK_LOCAL_NO_ZONE)
        found.at.addr.scope = found.at.interface;
    return found;
}

/* The order of the answer: IPv4 first, then by address, so that it is the same each time. */
static int compare(const struct outcome_listener *a, const struct outcome_listener *b)
{
    int order = (int)a->addr.family - (int)b->addr.family;
    if (order == 0)
        order = memcmp(a->addr.bytes, b->addr.bytes, sizeof a->addr.bytes);
    if (order == 0)
        order = (a->interface > b->interface) - (a->interface < b->interface);
    return order != 0 ? order : (int)a->v6only - (int)b->v6only;
}

/* Puts FOUND in its place; a known endpoint is counted, and what has no room is lost at the end. */
static void store(struct search *search, const struct netlink_listener *found)
{
    size_t at = 0;
    while (at < search->count && compare(&search->out[at].at, &found->at) < 0)
        at++;
    if (at < search->count && compare(&search->out[at].at, &found->at) == 0) {
        search->out[at].sockets++;
        return;
    }
    if (at == search->max)
        return;
    if (search->count < search->max)
        search->count++;
    memmove(&search->out[at + 1], &search->out[at], (search->count - 1 - at) * sizeof *search->out);
    search->out[at] = *found;
}

static bool is_listener(const struct nlmsghdr *header)
{
    return (header->nlmsg_type == SOCK_DIAG_BY_FAMILY || header->nlmsg_type == TCPDIAG_GETSOCK) &&
           header->nlmsg_len >= NLMSG_SPACE(sizeof(struct inet_diag_msg));
}

/* Reads the messages of the part that waits. Returns 0 when more parts follow, 1 behind the last,
 * or -errno. */
static int read_part(struct search *search)
{
    union window window;
    for (size_t offset = 0; offset <= PART_MAX;) {
        long whole = look(search, offset, &window);
        if (whole < 0)
            return (int)whole;
        size_t left = (size_t)whole - offset, length = window.header.nlmsg_len;
        const struct nlmsgerr *error = NLMSG_DATA(&window.header);
        if (left < sizeof window.header || length < sizeof window.header || length > left)
            return -EPROTO;
        if (window.header.nlmsg_type == NLMSG_DONE)
            return 1;
        if (window.header.nlmsg_type == NLMSG_ERROR)
            return length >= NLMSG_LENGTH(sizeof error->error) && error->error < 0 ? error->error
                                                                                   : -EPROTO;
        if (is_listener(&window.header)) {
            struct netlink_listener found =
                read_listener(&window, length < WINDOW ? length : WINDOW);
            store(search, &found);
        }
        offset += NLMSG_ALIGN(length);
        if (offset >= (size_t)whole)
            return 0;
    }
    return 0;
}

/* FAMILY 0: both. */
static int search_family(struct search *search, uint8_t family, uint16_t port)
{
    int status = family == 0 ? ask_for_both(search, port) : ask_for_one(search, family, port);
    for (unsigned parts = 0; status == 0 && parts < PARTS_MAX; parts++) {
        status = read_part(search);
        if (status == 0)
            take_away(search);
    }
    return status < 0 ? status : 0;
}

/* Each question gets a socket of its own: an answer may have been left unfinished. */
static int search_on_socket(struct search *search, uint8_t family, uint16_t port)
{
    search->descriptor = descriptor_above_standard(
        syscall(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (search->descriptor < 0)
        return search->descriptor;
    int status = search_family(search, family, port);
    descriptor_close(search->descriptor);
    return status;
}

/* Should a kernel not know the older question any more, the newer one is asked twice. */
static int search_families(struct search *search, uint16_t port)
{
    search->count = 0;
    int status = search_on_socket(search, AF_INET, port);
    if (status != 0)
        return status;
    status = search_on_socket(search, AF_INET6, port);
    return status == -ENOENT ? 0 : status; /* a kernel without IPv6 */
}

int netlink_listeners(uint16_t port, struct netlink_listener *out, size_t max, size_t *count)
{
    struct search search = {.out = out, .max = max};
    int saved = errno;
    int status = search_on_socket(&search, 0, port);
    if (status < 0 && search.descriptor >= 0)
        status = search_families(&search, port);
    *count = status == 0 ? search.count : 0;
    errno = saved;
    return status;
}
