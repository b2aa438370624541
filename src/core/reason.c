#include <astray/reason.h>

#include <errno.h>
#include <string.h>

static const struct addr loopback_v4 = {.bytes = {127, 0, 0, 1}, .family = ADDR_IPV4};
static const struct addr loopback_v6 = {.bytes = {[15] = 1}, .family = ADDR_IPV6};

static struct addr plain(const struct addr *addr)
{
    struct addr inner;
    return addr_unmap(addr, &inner) ? inner : *addr;
}

static bool is_in(enum addr_class class, addr_class_set set)
{
    return ((addr_class_set)1 << class & set) != 0;
}

#define CLASS(id) ((addr_class_set)1 << ADDR_##id)

unsigned reason_port_in_address(const struct addr *address, struct slice spelling)
{
    struct addr addr = plain(address);
    if (addr.family != ADDR_IPV4 || addr.bytes[0] != 0 || addr.bytes[1] != 0 ||
        slice_find(spelling, '.') < spelling.length)
        return 0;
    return addr.bytes[2] * 256u + addr.bytes[3];
}

/* ---- which one ---------------------------------------------------------- */

/* This host refused: which listeners there are says why. */
static enum reason refused_here(const struct outcome_facts *facts)
{
    struct addr whole = outcome_leads_to(facts), to = plain(&whole);
    size_t ipv4 = 0, any_ipv6 = 0, loopback_ipv6 = 0, count = facts->listener_count;
    if (count == 0)
        return REASON_NOBODY;
    for (size_t i = 0; i < count; i++) {
        struct addr at = plain(&facts->listeners[i].addr);
        enum addr_class class = addr_classify(&at);
        if (outcome_reaches(facts, &facts->listeners[i]))
            return REASON_LISTENS_NOW;
        ipv4 += at.family == ADDR_IPV4;
        any_ipv6 += at.family == ADDR_IPV6 && class == ADDR_UNSPECIFIED;
        loopback_ipv6 += at.family == ADDR_IPV6 && class == ADDR_LOOPBACK;
    }
    if (to.family == ADDR_IPV4 && loopback_ipv6 == count)
        return REASON_ONLY_IPV6_LOOPBACK;
    if (to.family == ADDR_IPV4 && any_ipv6 > 0 && ipv4 == 0)
        return REASON_ONLY_IPV6;
    return to.family == ADDR_IPV6 && ipv4 == count ? REASON_ONLY_IPV4 : REASON_ONLY_ANOTHER;
}

/* Is it an address of this host, as far as that is known? */
static bool is_here(const struct reason_facts *facts)
{
    struct addr whole = outcome_leads_to(&facts->outcome), to = plain(&whole);
    return facts->outcome.route == OUTCOME_ROUTE_LOCAL || addr_classify(&to) == ADDR_LOOPBACK;
}

static enum reason refused(const struct reason_facts *facts)
{
    if (is_here(facts))
        return facts->outcome.listeners_known ? refused_here(&facts->outcome) : REASON_NOBODY;
    return facts->outcome.route == OUTCOME_ROUTE_ELSEWHERE ? REASON_NOT_THIS_HOST
                                                           : REASON_REFUSED_THERE;
}

/* The network has no place for it. */
static enum reason unreachable(const struct reason_facts *facts)
{
    struct addr whole = outcome_leads_to(&facts->outcome), to = plain(&whole);
    if (facts->outcome.route == OUTCOME_ROUTE_GROUP)
        return REASON_GROUP_ADDRESS;
    if (to.family == ADDR_IPV4 && addr_classify(&to) == ADDR_LOOPBACK)
        return facts->error == EADDRNOTAVAIL ? REASON_NO_LOCAL_PORT : REASON_LOOPBACK_DOWN;
    if (facts->outcome.loopback_down && addr_classify(&to) == ADDR_LOOPBACK)
        return REASON_LOOPBACK_DOWN;
    if (to.family == ADDR_IPV6 && (facts->outcome.ipv6_off || facts->error == EADDRNOTAVAIL))
        return REASON_NO_IPV6;
    return facts->error == EADDRNOTAVAIL ? REASON_NO_LOCAL_PORT : REASON_NO_ROUTE;
}

static enum reason unanswered(const struct reason_facts *facts)
{
    struct addr to = outcome_leads_to(&facts->outcome);
    if (facts->outcome.loopback_down && addr_classify(&to) == ADDR_LOOPBACK)
        return REASON_LOOPBACK_DOWN;
    return facts->error == REASON_GAVE_UP_FIRST ? REASON_GAVE_UP : REASON_NO_ANSWER;
}

/* Of its own addresses a host says so only where it is told to. */
static enum reason without_a_host(const struct reason_facts *facts)
{
    return is_here(facts) ? REASON_FIREWALL : REASON_NO_HOST;
}

static enum reason forbidden(const struct reason_facts *facts)
{
    return facts->outcome.route == OUTCOME_ROUTE_FAILS && facts->outcome.route_error == facts->error
               ? REASON_ROUTE_FORBIDS
               : REASON_FIREWALL;
}

/* By the destination alone, whatever came of it. */
static enum reason of_destination(const struct reason_facts *facts)
{
    const struct destination *destination = &facts->outcome.destination;
    if (facts->class == ADDR_SINKHOLE)
        return REASON_SINKHOLE;
    if (facts->class == ADDR_PORT_ZERO || (!facts->outcome.no_port && destination->port == 0))
        return REASON_PORT_ZERO;
    if (facts->stray && facts->class == ADDR_THIS_NETWORK &&
        reason_port_in_address(&destination->addr, facts->spelling) != 0)
        return REASON_PORT_AS_HOST;
    if (facts->class == ADDR_LINK_LOCAL_NO_ZONE && destination->addr.family == ADDR_IPV6)
        return REASON_NO_ZONE;
    if (is_in(facts->class, CLASS(BROADCAST) | CLASS(MULTICAST)))
        return REASON_MANY_HOSTS;
    if (!facts->stray || !is_in(facts->class, addr_classes_range))
        return REASON_NONE;
    return facts->class == ADDR_DOCUMENTATION ? REASON_EXAMPLE : REASON_NO_DESTINATION;
}

static enum reason of_error(const struct reason_facts *facts)
{
    static const struct {
        int error;
        enum reason (*judge)(const struct reason_facts *facts);
    } judges[] = {
        {ECONNREFUSED, refused},
        {ENETUNREACH, unreachable},
        {EADDRNOTAVAIL, unreachable},
        {EADDRINUSE, unreachable},
        {ETIMEDOUT, unanswered},
        {EPERM, forbidden},
        {EACCES, forbidden},
        {EINVAL, forbidden},
        {EHOSTUNREACH, without_a_host},
        {EHOSTDOWN, without_a_host},
        {REASON_GAVE_UP_FIRST, unanswered},
    };
    for (size_t i = 0; i < sizeof judges / sizeof *judges; i++)
        if (judges[i].error == facts->error)
            return judges[i].judge(facts);
    return REASON_NONE;
}

enum reason reason_of(const struct reason_facts *facts)
{
    struct addr inner = plain(&facts->outcome.destination.addr);
    enum reason reason = of_destination(facts);
    if (reason != REASON_NONE)
        return reason;
    if (facts->error == 0)
        return addr_classify(&inner) == ADDR_UNSPECIFIED ? REASON_LUCK : REASON_NONE;
    return of_error(facts);
}

/* ---- words -------------------------------------------------------------- */

static void put_addr(const struct addr *addr, struct text *out)
{
    char text[ADDR_TEXT_SIZE];
    addr_format(addr, text);
    text_string(out, text);
}

static void put_place(const struct addr *addr, const struct outcome_facts *facts, struct text *out)
{
    char text[DESTINATION_TEXT_SIZE];
    struct destination place = {.addr = *addr, .port = facts->destination.port};
    if (facts->no_port) {
        put_addr(addr, out);
        return;
    }
    destination_format(&place, text);
    text_string(out, text);
}

static void put_given(const struct reason_facts *facts, struct text *out)
{
    put_place(&facts->outcome.destination.addr, &facts->outcome, out);
}

static void put_address(const struct reason_facts *facts, struct text *out)
{
    put_addr(&facts->outcome.destination.addr, out);
}

static void put_to(const struct reason_facts *facts, struct text *out)
{
    struct addr to = outcome_leads_to(&facts->outcome);
    put_place(&to, &facts->outcome, out);
    if (addr_equal(&to, &facts->outcome.destination.addr))
        return;
    text_string(out, ", where ");
    put_address(facts, out);
    text_string(out, " leads");
}

static void put_port(const struct reason_facts *facts, struct text *out)
{
    if (facts->outcome.no_port)
        text_string(out, "that port");
    else
        text_number(out, facts->outcome.destination.port);
}

static void put_here(const struct reason_facts *facts, struct text *out)
{
    if (!facts->outcome.no_port)
        text_string(out, "port ");
    put_port(facts, out);
    text_string(out, " of this host");
}

static void put_error(const struct reason_facts *facts, struct text *out)
{
    text_string(out, outcome_error_name(facts->error));
}

static void put_class(const struct reason_facts *facts, struct text *out)
{
    text_string(out, addr_class_why(facts->class));
}

static void put_number(const struct reason_facts *facts, struct text *out)
{
    text_number(out, reason_port_in_address(&facts->outcome.destination.addr, facts->spelling));
}

static void put_listeners(const struct reason_facts *facts, struct text *out)
{
    const struct outcome_facts *outcome = &facts->outcome;
    enum { SHOWN = 3 };
    for (size_t i = 0; i < outcome->listener_count; i++) {
        if (i == SHOWN) {
            text_string(out, " and others");
            return;
        }
        if (i > 0)
            text_string(out, i + 1 == outcome->listener_count ? " and " : ", ");
        put_place(&outcome->listeners[i].addr, outcome, out);
    }
}

/* The address at which a client of this host reaches LISTENER. */
static struct addr place_of(const struct outcome_listener *listener)
{
    struct addr at = plain(&listener->addr);
    if (addr_classify(&at) != ADDR_UNSPECIFIED)
        return at;
    return at.family == ADDR_IPV6 && listener->v6only ? loopback_v6 : loopback_v4;
}

static void put_localhost(const struct reason_facts *facts, struct text *out)
{
    text_string(out, "localhost");
    if (!facts->outcome.no_port) {
        text_char(out, ':');
        put_port(facts, out);
    }
}

/* The listener that is worth writing, or family ADDR_NONE. */
static struct addr best_listener(const struct outcome_facts *facts)
{
    for (size_t i = 0; i < facts->listener_count; i++)
        if (addr_classify(&facts->listeners[i].addr) != ADDR_LINK_LOCAL_NO_ZONE)
            return place_of(&facts->listeners[i]);
    return (struct addr){0};
}

/* "localhost:80 or 127.0.0.1:80": the name where it will do, and the literal that surely does. Not
 * every host gives localhost the address ::1. */
static void put_write(const struct reason_facts *facts, struct text *out)
{
    struct addr at = best_listener(&facts->outcome);
    bool is_name = at.family == ADDR_NONE || addr_equal(&at, &loopback_v4);
    if (is_name)
        put_localhost(facts, out);
    if (is_name && at.family != ADDR_NONE)
        text_string(out, " or ");
    if (at.family != ADDR_NONE)
        put_place(&at, &facts->outcome, out);
    if (addr_equal(&at, &loopback_v6)) {
        text_string(out, " (or ");
        put_localhost(facts, out);
        text_string(out, " where that is ::1)");
    }
}

static void put_and_write(const struct reason_facts *facts, struct text *out)
{
    if (!facts->stray)
        return;
    text_string(out, ", and write ");
    put_write(facts, out);
}

/* A template with its {words} replaced. */
static void fill(const char *template, const struct reason_facts *facts, struct text *out)
{
    static const struct {
        char word[12];
        void (*put)(const struct reason_facts *facts, struct text *out);
    } words[] = {
        {"{to}", put_to},       {"{address}", put_address},     {"{given}", put_given},
        {"{port}", put_port},   {"{here}", put_here},           {"{error}", put_error},
        {"{class}", put_class}, {"{number}", put_number},       {"{listeners}", put_listeners},
        {"{write}", put_write}, {"{and_write}", put_and_write},
    };
    struct slice rest = slice_of(template);
    while (rest.length > 0) {
        size_t count = sizeof words / sizeof *words, i = 0;
        while (i < count && !slice_starts_with(rest, slice_of(words[i].word)))
            i++;
        if (i < count)
            words[i].put(facts, out);
        else
            text_char(out, *rest.data);
        rest = slice_from(rest, i < count ? strlen(words[i].word) : 1);
    }
}

#define ROW(id, name, sentence, advice) {name, sentence, advice},
static const struct {
    const char *name, *sentence, *advice;
} rows[] = {REASONS(ROW)};
#undef ROW

const char *reason_name(enum reason reason)
{
    return reason < REASON_COUNT ? rows[reason].name : "";
}

void reason_describe(enum reason reason, const struct reason_facts *facts, struct text *out)
{
    if (reason < REASON_COUNT)
        fill(rows[reason].sentence, facts, out);
}

void reason_advise(enum reason reason, const struct reason_facts *facts, struct text *out)
{
    if (reason < REASON_COUNT)
        fill(rows[reason].advice, facts, out);
}
