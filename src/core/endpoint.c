#include <astray/endpoint.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <astray/host.h>

/* No literal with a zone that an interface can have is longer. */
#define LITERAL_MAX 128

static const struct {
    char scheme[12];
    uint16_t port; /* 0: none, although what stands before the "+" has one */
} default_ports[] = {
    /* IANA, Service Name and Transport Protocol Port Number Registry */
    {"amqp", 5672},
    {"amqps", 5671},
    {"dict", 2628},
    {"ftp", 21},
    {"ftps", 990},
    {"git", 9418},
    {"gopher", 70},
    {"http", 80},
    {"https", 443},
    {"imap", 143},
    {"imaps", 993},
    {"ipp", 631},
    {"ipps", 631},
    {"ldap", 389},
    {"ldaps", 636},
    {"mqtt", 1883},
    {"mqtts", 8883},
    {"mysql", 3306},
    {"pop3", 110},
    {"pop3s", 995},
    {"postgresql", 5432},
    {"redis", 6379},
    {"rsync", 873},
    {"rtsp", 554},
    {"rtsps", 322},
    {"sftp", 22},
    {"smtp", 25},
    {"smtps", 465},
    {"socks", 1080},
    {"ssh", 22},
    {"svn", 3690},
    {"telnet", 23},
    {"tftp", 69},
    {"ws", 80},
    {"wss", 443},
    /* the manuals of curl, git, redis, PostgreSQL, MongoDB, NATS, memcached and MariaDB's,
       SQL Server's and Oracle's JDBC drivers */
    {"git+ssh", 22},
    {"mariadb", 3306},
    {"memcached", 11211},
    {"mongodb", 27017},
    {"mongodb+srv", 0},
    {"mssql", 1433},
    {"nats", 4222},
    {"oracle", 1521},
    {"postgres", 5432},
    {"rediss", 6379},
    {"rtmp", 1935},
    {"scp", 22},
    {"smb", 445},
    {"smbs", 445},
    {"socks4", 1080},
    {"socks4a", 1080},
    {"socks5", 1080},
    {"socks5h", 1080},
    {"sqlserver", 1433},
    {"ssh+git", 22},
    {"svn+ssh", 22},
    /* a socket's path stands where the host would */
    {"http+unix", 0},
};

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

bool destination_surely_fine(const void *address, size_t length)
{
    const uint8_t *from = address;
    sa_family_t family;
    in_port_t port;
    uint32_t scope = 0;
    if (length < sizeof(struct sockaddr_in))
        return true;
    memcpy(&family, from, sizeof family);
    memcpy(&port, from + offsetof(struct sockaddr_in, sin_port), sizeof port); /* sin6_port too */
    if (family == AF_INET)
        return port != 0 && addr_ipv4_surely_fine(from + offsetof(struct sockaddr_in, sin_addr));
    if (family != AF_INET6 || length < SOCKADDR_IN6_OLD)
        return true;
    if (length >= sizeof(struct sockaddr_in6))
        memcpy(&scope, from + SOCKADDR_IN6_OLD, sizeof scope);
    return port != 0 &&
           addr_ipv6_surely_fine(from + offsetof(struct sockaddr_in6, sin6_addr), scope);
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

static bool has_blank_or_control(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f)
            return true;
    return false;
}

/* The index of the first '/', '?' or '#', or TEXT's length. */
static size_t authority_length(struct slice text)
{
    size_t end = 0;
    while (end < text.length && memchr("/?#", text.data[end], 3) == NULL)
        end++;
    return end;
}

/* Cuts "scheme://" or "//" off *REST. False when it does not begin so. */
static bool cut_scheme(struct slice *rest, struct slice *scheme)
{
    size_t end = authority_length(*rest);
    if (!slice_starts_with(slice_from(*rest, end), SLICE("//")))
        return false;
    struct slice before = {.data = rest->data, .length = end};
    if (end > 0 && before.data[--before.length] != ':')
        return false;
    if (slice_find(before, '@') < before.length || slice_find(before, '[') < before.length)
        return false;
    *scheme = before;
    *rest = slice_from(*rest, end + 2);
    return true;
}

static void cut_userinfo(struct slice *authority, struct slice *userinfo)
{
    size_t at = authority->length;
    while (at > 0 && authority->data[at - 1] != '@')
        at--;
    if (at == 0)
        return;
    *userinfo = (struct slice){.data = authority->data, .length = at - 1};
    *authority = slice_from(*authority, at);
}

/* A URL's zone follows "%25" (RFC 6874); "%25" alone is zone 25, as curl takes it. */
static struct addr literal_in(struct slice host, bool encoded)
{
    char decoded[LITERAL_MAX];
    struct host literal;
    size_t percent = slice_find(host, '%');
    if (host.length > LITERAL_MAX)
        encoded = false;
    if (encoded && host.length > percent + 3 &&
        slice_starts_with(slice_from(host, percent), SLICE("%25"))) {
        struct text text;
        text_start(&text, decoded, sizeof decoded);
        text_bytes(&text, host.data, percent + 1);
        text_slice(&text, slice_from(host, percent + 3));
        host = text_done(&text);
    }
    if (!host_parse(host.data, host.length, &literal))
        return (struct addr){0};
    return literal.addr;
}

static int32_t port_of(struct slice text)
{
    uint64_t port;
    if (text.length == 0)
        return ENDPOINT_NO_PORT;
    return slice_number(text, 65535, &port) ? (int32_t)port : ENDPOINT_BAD_PORT;
}

/* Takes "[host]", "host", a bare IPv6 literal, and a port behind the first two apart. */
static bool split_host(struct slice text, struct endpoint *endpoint)
{
    size_t end = slice_find(text, ':');
    endpoint->bracketed = text.length > 0 && text.data[0] == '[';
    if (endpoint->bracketed) {
        end = slice_find(text, ']');
        if (end == text.length)
            return false;
        endpoint->host = (struct slice){.data = text.data + 1, .length = end - 1};
        end++;
        if (end < text.length && text.data[end] != ':')
            return false;
    } else {
        size_t next = end + 1;
        if (end < text.length && slice_find(slice_from(text, next), ':') < text.length - next)
            end = text.length;
        endpoint->host = (struct slice){.data = text.data, .length = end};
    }
    if (end < text.length)
        endpoint->port_text = slice_from(text, end + 1);
    return true;
}

bool endpoint_parse(const char *text, size_t length, struct endpoint *out)
{
    struct slice rest = {.data = text, .length = length};
    struct endpoint endpoint = {0};
    bool url = cut_scheme(&rest, &endpoint.scheme);
    struct slice authority = {.data = rest.data, .length = authority_length(rest)};
    if (!url && authority.length == 0)
        return false;
    if (has_blank_or_control(endpoint.scheme) || has_blank_or_control(authority))
        return false;
    endpoint.rest = slice_from(rest, authority.length);
    cut_userinfo(&authority, &endpoint.userinfo);
    if (!split_host(authority, &endpoint))
        return false;
    endpoint.addr = literal_in(endpoint.host, url && endpoint.bracketed);
    bool colons = slice_find(endpoint.host, ':') < endpoint.host.length;
    if (colons && !endpoint.bracketed && endpoint.addr.family != ADDR_IPV6)
        return false;
    endpoint.port = port_of(endpoint.port_text);
    *out = endpoint;
    return true;
}

static int32_t look_up_port(struct slice scheme)
{
    for (size_t i = 0; i < sizeof default_ports / sizeof *default_ports; i++)
        if (slice_equal_fold(scheme, slice_of(default_ports[i].scheme)))
            return default_ports[i].port;
    return ENDPOINT_NO_PORT;
}

int32_t endpoint_default_port(struct slice scheme)
{
    struct slice jdbc = SLICE("jdbc:");
    if (scheme.length > jdbc.length &&
        slice_equal_fold((struct slice){.data = scheme.data, .length = jdbc.length}, jdbc))
        scheme = slice_from(scheme, jdbc.length);
    int32_t port = look_up_port(scheme);
    if (port == ENDPOINT_NO_PORT)
        port = look_up_port((struct slice){.data = scheme.data, .length = slice_find(scheme, '+')});
    return port == 0 ? ENDPOINT_NO_PORT : port;
}
