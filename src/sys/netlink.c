#include <astray/netlink.h>

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <astray/descriptor.h>

/* Since Linux 4.13. */
#ifndef RTM_F_FIB_MATCH
#define RTM_F_FIB_MATCH 0x2000
#endif

/* Enough for the first part of any answer; what is behind it (many next hops) is not needed. */
enum { ANSWER_SIZE = 512 };

struct question {
    struct nlmsghdr header;
    struct rtmsg route;
    char attributes[RTA_SPACE(16) + RTA_SPACE(sizeof(uint32_t))];
};

union answer {
    struct nlmsghdr header;
    char bytes[ANSWER_SIZE];
};

static void add_attribute(struct question *question, unsigned short type, const void *value,
                          unsigned short size)
{
    struct rtattr *attribute = (struct rtattr *)((char *)question + question->header.nlmsg_len);
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), value, size);
    question->header.nlmsg_len += RTA_SPACE(size);
}

static void write_question(const struct addr *address, struct question *question)
{
    unsigned char size = address->family == ADDR_IPV4 ? 4 : 16;
    *question = (struct question){
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof question->route),
                   .nlmsg_type = RTM_GETROUTE,
                   .nlmsg_flags = NLM_F_REQUEST},
        .route = {.rtm_family = size == 4 ? AF_INET : AF_INET6,
                  .rtm_dst_len = (unsigned char)(size * 8),
                  .rtm_flags = RTM_F_FIB_MATCH},
    };
    add_attribute(question, RTA_DST, address->bytes, size);
    if (address->scope != 0 && address->scope != ADDR_SCOPE_NAMED)
        add_attribute(question, RTA_OIF, &address->scope, sizeof address->scope);
}

static int read_route(const union answer *answer, size_t length, struct netlink_route *out)
{
    const struct rtmsg *route = NLMSG_DATA(&answer->header);
    const size_t start = NLMSG_SPACE(sizeof *route);
    if (length < start)
        return -EPROTO;
    *out = (struct netlink_route){.type = route->rtm_type, .length = route->rtm_dst_len};
    for (size_t at = start; at + sizeof(struct rtattr) <= length;) {
        const struct rtattr *attribute = (const struct rtattr *)(answer->bytes + at);
        if (attribute->rta_len < sizeof *attribute || attribute->rta_len > length - at)
            break;
        if (attribute->rta_type == RTA_OIF &&
            attribute->rta_len == RTA_LENGTH(sizeof out->interface))
            memcpy(&out->interface, RTA_DATA(attribute), sizeof out->interface);
        at += RTA_ALIGN(attribute->rta_len);
    }
    return 0;
}

static int read_answer(const union answer *answer, size_t length, struct netlink_route *out)
{
    const struct nlmsgerr *error = NLMSG_DATA(&answer->header);
    if (length < sizeof answer->header)
        return -EPROTO;
    if (length > answer->header.nlmsg_len)
        length = answer->header.nlmsg_len;
    if (answer->header.nlmsg_type == RTM_NEWROUTE)
        return read_route(answer, length, out);
    if (answer->header.nlmsg_type != NLMSG_ERROR || length < NLMSG_LENGTH(sizeof error->error) ||
        error->error >= 0)
        return -EPROTO;
    return error->error;
}

/* The kernel has answered when sendto() returns. */
static int ask(int descriptor, const struct question *question, struct netlink_route *out)
{
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    union answer answer;
    if (syscall(SYS_sendto, descriptor, question, question->header.nlmsg_len, MSG_NOSIGNAL, &kernel,
                sizeof kernel) < 0)
        return -errno;
    long length =
        syscall(SYS_recvfrom, descriptor, &answer, sizeof answer, MSG_DONTWAIT, NULL, NULL);
    return length < 0 ? -errno : read_answer(&answer, (size_t)length, out);
}

int netlink_route_to(const struct addr *address, struct netlink_route *out)
{
    struct question question;
    struct addr inner = *address;
    int saved = errno;
    if (address->family == ADDR_NONE)
        return -EAFNOSUPPORT;
    addr_unmap(address, &inner);
    write_question(&inner, &question);
    int descriptor = descriptor_above_standard(
        syscall(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    int status = descriptor;
    if (descriptor >= 0) {
        status = ask(descriptor, &question, out);
        descriptor_close(descriptor);
    }
    errno = saved;
    return status;
}
