#include "why.h"

#include <errno.h>
#include <string.h>

#include <astray/host.h>
#include <astray/reason.h>
#include <astray/record.h>

#include "say.h"

#define LISTENERS_MAX 16
#define SENTENCE_SIZE 512

struct known {
    struct reason_facts facts;
    struct outcome_listener listeners[LISTENERS_MAX];
    char spelling[256];
    enum reason reason;
};

/* The errors that there is something to say about. */
static const struct {
    char name[16];
    int number;
} errors[] = {
    {"ECONNREFUSED", ECONNREFUSED},
    {"ENETUNREACH", ENETUNREACH},
    {"EADDRNOTAVAIL", EADDRNOTAVAIL},
    {"EADDRINUSE", EADDRINUSE},
    {"ETIMEDOUT", ETIMEDOUT},
    {"EPERM", EPERM},
    {"EACCES", EACCES},
    {"EHOSTUNREACH", EHOSTUNREACH},
    {"abandoned", REASON_GAVE_UP_FIRST},
};

/* What the whole group came to: 0 for connected, -1 when it is several things, or not known. */
static int error_of(const struct group *group)
{
    if (group->rewritten > 0 || group->blocked > 0 || group->errors[1].count > 0)
        return -1;
    if (group->errors[0].count == 0)
        return group->succeeded > 0 && group->failed == 0 ? 0 : -1;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(group->errors[0].name, errors[i].name) == 0)
            return group->succeeded == 0 ? errors[i].number : -1;
    return -1;
}

static bool read_destination(const struct group *group, struct destination *out)
{
    struct host host;
    uint64_t port;
    struct slice ip = group->texts[GROUP_IP];
    if (!host_parse(ip.data, ip.length, &host) ||
        !slice_number(group->texts[GROUP_PORT], UINT16_MAX, &port))
        return false;
    *out = (struct destination){.addr = host.addr, .port = (uint16_t)port};
    return true;
}

static void read_listeners(const struct group *group, struct known *known)
{
    struct slice rest = group->listeners, item;
    struct endpoint endpoint;
    size_t count = 0;
    while (count < LISTENERS_MAX && record_list_next(&rest, &item))
        if (endpoint_parse(item.data, item.length, &endpoint) && endpoint.addr.family != ADDR_NONE)
            known->listeners[count++].addr = endpoint.addr;
    known->facts.outcome.listeners = known->listeners;
    known->facts.outcome.listener_count = count;
    known->facts.outcome.listeners_known = group->listeners_known;
}

static bool find_reason(const struct group *group, struct known *known)
{
    struct reason_facts *facts = &known->facts;
    struct slice class = group->texts[GROUP_CLASS], spelling = group->texts[GROUP_ADDRESS];
    memset(known, 0, sizeof *known);
    facts->error = error_of(group);
    facts->stray = group->kind == GROUP_STRAY;
    if (group->kind == GROUP_NOTE || group->folded || facts->error < 0 ||
        !read_destination(group, &facts->outcome.destination) ||
        !addr_class_parse(class.data, class.length, &facts->class))
        return false;
    facts->spelling.data = known->spelling;
    facts->spelling.length = record_unescape(spelling, known->spelling, sizeof known->spelling);
    read_listeners(group, known);
    known->reason = reason_of(facts);
    return known->reason != REASON_NONE;
}

/* Of these the line with the fix says as much. */
static bool is_plain_from_class(enum reason reason)
{
    static const enum reason plain[] = {REASON_PORT_AS_HOST, REASON_PORT_ZERO,
                                        REASON_NO_ZONE,      REASON_MANY_HOSTS,
                                        REASON_EXAMPLE,      REASON_NO_DESTINATION};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (reason == plain[i])
            return true;
    return false;
}

bool why_describe(FILE *stream, const struct group *group)
{
    struct known known;
    struct text text;
    char sentence[SENTENCE_SIZE];
    if (!find_reason(group, &known) || is_plain_from_class(known.reason))
        return false;
    text_start(&text, sentence, sizeof sentence);
    reason_describe(known.reason, &known.facts, &text);
    say_printable(stream, text_done(&text));
    return true;
}

bool why_advise(FILE *stream, const struct group *group)
{
    struct known known;
    struct text text;
    char sentence[SENTENCE_SIZE];
    if (!find_reason(group, &known))
        return false;
    text_start(&text, sentence, sizeof sentence);
    reason_advise(known.reason, &known.facts, &text);
    say_printable(stream, text_done(&text));
    return true;
}
