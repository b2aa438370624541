#include <astray/endpoint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define SOCKADDR_IN6_OLD offsetof(struct sockaddr_in6, sin6_scope_id)
_Static_assert(SOCKADDR_IN6_OLD == 24, "the length of a sockaddr_in6 before RFC 2553");

/* Each field is copied once, from any alignment: another thread may change them. */
bool destination_from_sockaddr(const void *address, size_t length, struct destination *out)
{
    const char *from = address;
    sa_family_t family = AF_UNSPEC;
    in_port_t port;
    if (length < sizeof(struct sockaddr_in))
        return false;
    memcpy(&family, from, sizeof family);
    if (family == AF_INET) {
        memcpy(&port, from + offsetof(struct sockaddr_in, sin_port), sizeof port);
        *out = (struct destination){.addr.family = ADDR_IPV4, .port = ntohs(port)};
        memcpy(out->addr.bytes, from + offsetof(struct sockaddr_in, sin_addr), 4);
        return true;
    }
    if (family == AF_INET6 && length >= SOCKADDR_IN6_OLD) {
        memcpy(&port, from + offsetof(struct sockaddr_in6, sin6_port), sizeof port);
        *out = (struct destination){.addr.family = ADDR_IPV6, .port = ntohs(port)};
        memcpy(out->addr.bytes, from + offsetof(struct sockaddr_in6, sin6_addr), 16);
        if (length >= sizeof(struct sockaddr_in6))
            memcpy(&out->addr.scope, from + SOCKADDR_IN6_OLD, sizeof out->addr.scope);
        return true;
    }
    return false;
}

size_t destination_format(const struct destination *destination,
                          char out[static DESTINATION_TEXT_SIZE])
{
    char addr[ADDR_TEXT_SIZE];
    struct text text;
    bool brackets = destination->addr.family == ADDR_IPV6;
    text_start(&text, out, DESTINATION_TEXT_SIZE);
    if (addr_format(&destination->addr, addr) > 0) {
        text_string(&text, brackets ? "[" : "");
        text_string(&text, addr);
        text_string(&text, brackets ? "]:" : ":");
        text_number(&text, destination->port);
    }
    text_finish(&text);
    return text.length;
}
