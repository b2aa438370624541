#include <astray/outcome.h>

#include <errno.h>
#include <string.h>

/* RFC 4007 leaves the number to the system; Linux gives the loopback interface of every network
 * namespace this one, and all that a host sends to itself arrives there. */
#define LOOPBACK_INTERFACE 1

static const struct addr loopback_v4 = {.bytes = {127, 0, 0, 1}, .family = ADDR_IPV4};
static const struct addr loopback_v6 = {.bytes = {[15] = 1}, .family = ADDR_IPV6};

static bool is_zero(const struct addr *addr)
{
    static const uint8_t zero[16];
    return memcmp(addr->bytes, zero, sizeof zero) == 0;
}

/* A v4-mapped address as the IPv4 address that it stands for. */
static struct addr plain(const struct addr *addr)
{
    struct addr inner;
    return addr_unmap(addr, &inner) ? inner : *addr;
}

static struct addr mapped(const struct addr *inner)
{
    struct addr out = {.bytes = {[10] = 0xff, [11] = 0xff}, .family = ADDR_IPV6};
    memcpy(out.bytes + 12, inner->bytes, 4);
    return out;
}

/* By tcp_v6_connect() and ip_route_output_key_hash() of Linux. */
struct addr outcome_leads_to(const struct outcome_facts *facts)
{
    const struct addr *given = &facts->destination.addr;
    struct addr inner = plain(given), bound = plain(&facts->bound);
    if (!is_zero(&inner))
        return *given;
    if (given->family == ADDR_IPV6 && inner.family == ADDR_IPV6)
        return facts->bound.family == ADDR_IPV6 && bound.family == ADDR_IPV4 ? mapped(&loopback_v4)
                                                                             : loopback_v6;
    struct addr to = bound.family == ADDR_IPV4 && !is_zero(&bound) ? bound : loopback_v4;
    return given->family == ADDR_IPV6 ? mapped(&to) : to;
}

bool outcome_reaches(const struct outcome_facts *facts, const struct outcome_listener *listener)
{
    struct addr whole = outcome_leads_to(facts), to = plain(&whole), at = plain(&listener->addr);
    if (listener->interface != 0 && listener->interface != LOOPBACK_INTERFACE &&
        (to.scope == 0 || listener->interface != to.scope))
        return false;
    if (is_zero(&at))
        return at.family == to.family || (at.family == ADDR_IPV6 && !listener->v6only);
    return addr_equal(&at, &to);
}

/* ---- Linux -------------------------------------------------------------- */

static struct outcome failing(int code)
{
    return (struct outcome){OUTCOME_FAILS, code, outcome_error_name(code)};
}

static struct outcome unanswered(void)
{
    return (struct outcome){OUTCOME_NO_ANSWER, ETIMEDOUT, outcome_error_name(ETIMEDOUT)};
}

/* What this host says of its own address. */
static struct outcome at_this_host(const struct outcome_facts *facts)
{
    if (facts->loopback_down)
        return unanswered();
    if (!facts->listeners_known || facts->no_port)
        return (struct outcome){OUTCOME_THIS_HOST, 0, ""};
    for (size_t i = 0; i < facts->listener_count; i++)
        if (outcome_reaches(facts, &facts->listeners[i]))
            return (struct outcome){OUTCOME_CONNECTS, 0, ""};
    return (struct outcome){OUTCOME_REFUSED, ECONNREFUSED, outcome_error_name(ECONNREFUSED)};
}

/* Another host's: nobody has a stray address, and an ordinary one is that host's affair. */
static struct outcome at_another_host(const struct outcome_facts *facts)
{
    addr_class_set class = (addr_class_set)1 << addr_classify(&facts->destination.addr);
    if ((class & addr_classes_stray) != 0 && facts->default_route)
        return unanswered();
    return (struct outcome){OUTCOME_UNKNOWN, 0, ""};
}

static struct outcome on_linux(const struct outcome_facts *facts)
{
    struct addr to = outcome_leads_to(facts), inner = plain(&to);
    enum addr_class class = addr_classify(&to);
    if (inner.family == ADDR_IPV6 && class == ADDR_LINK_LOCAL_NO_ZONE)
        return failing(EINVAL);
    if (class == ADDR_MULTICAST || class == ADDR_BROADCAST || facts->route == OUTCOME_ROUTE_GROUP)
        return failing(ENETUNREACH);
    switch (facts->route) {
    case OUTCOME_ROUTE_LOCAL:
        return at_this_host(facts);
    case OUTCOME_ROUTE_ELSEWHERE:
        return at_another_host(facts);
    case OUTCOME_ROUTE_FAILS:
        if (inner.family == ADDR_IPV6 && facts->ipv6_off && facts->route_error == ENETUNREACH)
            return failing(EADDRNOTAVAIL);
        return failing(facts->route_error);
    default:
        return class == ADDR_LOOPBACK ? at_this_host(facts)
                                      : (struct outcome){OUTCOME_UNKNOWN, 0, ""};
    }
}

/* ---- other systems ------------------------------------------------------ */

struct cell {
    uint8_t kind;
    char error[20];
};

/* What systems do with a destination that is none, a row a class. Sources: FreeBSD's
 * net.inet.ip.connect_inaddr_wild, which is on up to 14; OpenBSD's tcp_connect(); in_pcbconnect()
 * of the BSDs and macOS for port 0; the page of Winsock's connect(). */
// clang-format off
static const struct {
    uint8_t class;
    struct cell on[OUTCOME_SYSTEM_COUNT];
} elsewhere[] = {
    {ADDR_UNSPECIFIED, {
        [OUTCOME_ON_MACOS] = {OUTCOME_THIS_HOST, ""},
        [OUTCOME_ON_FREEBSD_14] = {OUTCOME_THIS_HOST, ""},
        [OUTCOME_ON_FREEBSD_15] = {OUTCOME_FAILS, "ENETUNREACH"},
        [OUTCOME_ON_OPENBSD] = {OUTCOME_FAILS, "EINVAL"},
        [OUTCOME_ON_WINDOWS] = {OUTCOME_FAILS, "WSAEADDRNOTAVAIL"}}},
    {ADDR_PORT_ZERO, {
        [OUTCOME_ON_MACOS] = {OUTCOME_FAILS, "EADDRNOTAVAIL"},
        [OUTCOME_ON_FREEBSD_14] = {OUTCOME_FAILS, "EADDRNOTAVAIL"},
        [OUTCOME_ON_FREEBSD_15] = {OUTCOME_FAILS, "EADDRNOTAVAIL"},
        [OUTCOME_ON_OPENBSD] = {OUTCOME_FAILS, "EADDRNOTAVAIL"},
        [OUTCOME_ON_WINDOWS] = {OUTCOME_FAILS, "WSAEADDRNOTAVAIL"}}},
    {ADDR_BROADCAST, {
        [OUTCOME_ON_MACOS ... OUTCOME_ON_WINDOWS] = {OUTCOME_FAILS, ""}}},
    {ADDR_MULTICAST, {
        [OUTCOME_ON_MACOS ... OUTCOME_ON_WINDOWS] = {OUTCOME_FAILS, ""}}},
};
// clang-format on

static const struct outcome not_known = {OUTCOME_UNKNOWN, 0, ""};

/* Only an address that is every host's own means the same everywhere. */
static struct outcome on_another(enum outcome_system system, const struct outcome_facts *facts)
{
    struct addr to = plain(&facts->destination.addr);
    enum addr_class class = addr_classify(&to);
    if (!facts->no_port && facts->destination.port == 0)
        class = ADDR_PORT_ZERO;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (elsewhere[i].class == class)
            return (struct outcome){(enum outcome_kind)elsewhere[i].on[system].kind, 0,
                                    elsewhere[i].on[system].error};
    if (addr_equal(&to, &loopback_v4) || addr_equal(&to, &loopback_v6))
        return (struct outcome){OUTCOME_THIS_HOST, 0, ""};
    return not_known;
}

struct outcome outcome_of(enum outcome_system system, const struct outcome_facts *facts)
{
    if (facts->destination.addr.family == ADDR_NONE || system >= OUTCOME_SYSTEM_COUNT)
        return not_known;
    return system == OUTCOME_ON_LINUX ? on_linux(facts) : on_another(system, facts);
}

/* ---- names -------------------------------------------------------------- */

const char *outcome_kind_name(enum outcome_kind kind)
{
#define NAME(id, name, phrase) name,
    static const char names[][12] = {OUTCOME_KINDS(NAME)};
#undef NAME
    return kind < OUTCOME_KIND_COUNT ? names[kind] : "";
}

const char *outcome_kind_phrase(enum outcome_kind kind)
{
#define PHRASE(id, name, phrase) phrase,
    static const char phrases[][24] = {OUTCOME_KINDS(PHRASE)};
#undef PHRASE
    return kind < OUTCOME_KIND_COUNT ? phrases[kind] : "";
}

const char *outcome_system_key(enum outcome_system system)
{
#define KEY(id, key, name) key,
    static const char keys[][12] = {OUTCOME_SYSTEMS(KEY)};
#undef KEY
    return system < OUTCOME_SYSTEM_COUNT ? keys[system] : "";
}

const char *outcome_system_name(enum outcome_system system)
{
#define NAME(id, key, name) name,
    static const char names[][12] = {OUTCOME_SYSTEMS(NAME)};
#undef NAME
    return system < OUTCOME_SYSTEM_COUNT ? names[system] : "";
}

const char *outcome_error_name(int code)
{
    /* connect(2), tcp(7), and what routes and security modules answer. */
    static const struct {
        int code;
        char name[16];
    } errors[] = {
        {EPERM, "EPERM"},
        {EINTR, "EINTR"},
        {EBADF, "EBADF"},
        {EAGAIN, "EAGAIN"},
        {EACCES, "EACCES"},
        {EFAULT, "EFAULT"},
        {EINVAL, "EINVAL"},
        {ENOTSOCK, "ENOTSOCK"},
        {EAFNOSUPPORT, "EAFNOSUPPORT"},
        {EADDRINUSE, "EADDRINUSE"},
        {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
        {ENETDOWN, "ENETDOWN"},
        {ENETUNREACH, "ENETUNREACH"},
        {ECONNABORTED, "ECONNABORTED"},
        {ECONNRESET, "ECONNRESET"},
        {EISCONN, "EISCONN"},
        {ETIMEDOUT, "ETIMEDOUT"},
        {ECONNREFUSED, "ECONNREFUSED"},
        {EHOSTDOWN, "EHOSTDOWN"},
        {EHOSTUNREACH, "EHOSTUNREACH"},
        {EALREADY, "EALREADY"},
        {EINPROGRESS, "EINPROGRESS"},
    };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            return errors[i].name;
    return "";
}
