#include "explain.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

#include "json_out.h"

static void put_text(FILE *stream, const char *text)
{
    json_out_text(stream, slice_of(text));
}

/* `,"key":` */
static void put_key(FILE *stream, const char *key)
{
    fprintf(stream, ",\"%s\":", key);
}

static void put_null_or_text(FILE *stream, const char *text)
{
    if (text == NULL || *text == '\0')
        fputs("null", stream);
    else
        put_text(stream, text);
}

static void put_null_or_slice(FILE *stream, struct slice text)
{
    if (text.length == 0)
        fputs("null", stream);
    else
        json_out_text(stream, text);
}

static void put_null_or_port(FILE *stream, int32_t port)
{
    if (port < 0)
        fputs("null", stream);
    else
        fprintf(stream, "%" PRId32, port);
}

static void put_bool(FILE *stream, bool value)
{
    fputs(value ? "true" : "false", stream);
}

static void put_addr(FILE *stream, const struct addr *addr)
{
    char text[ADDR_TEXT_SIZE];
    addr_format(addr, text);
    put_null_or_text(stream, text);
}

static void put_interface(FILE *stream, uint32_t index)
{
    char name[IF_NAMESIZE];
    put_null_or_text(stream, index == 0 ? NULL : if_indextoname(index, name));
}

static void put_route(FILE *stream, const struct explain_address *address)
{
    struct addr to = outcome_leads_to(&address->facts.outcome);
    fputs("{\"to\":", stream);
    put_addr(stream, &to);
    put_key(stream, "type");
    put_null_or_text(stream,
                     address->route_status == 0 ? explain_route_name(address->route.type) : NULL);
    put_key(stream, "prefix");
    if (address->route_status == 0)
        fprintf(stream, "%u", address->route.length);
    else
        fputs("null", stream);
    put_key(stream, "interface");
    put_interface(stream, address->route_status == 0 ? address->route.interface : 0);
    put_key(stream, "error");
    put_null_or_text(stream, outcome_error_name(-address->route_status));
    putc('}', stream);
}

static void put_outcomes(FILE *stream, const struct explain_address *address)
{
    for (int system = 0; system < OUTCOME_SYSTEM_COUNT; system++) {
        const struct outcome *outcome = &address->outcomes[system];
        fprintf(stream, "%c\"%s\":{\"outcome\":\"%s\",\"error\":", system == 0 ? '{' : ',',
                outcome_system_key((enum outcome_system)system), outcome_kind_name(outcome->kind));
        put_null_or_text(stream, outcome->error);
        putc('}', stream);
    }
    putc('}', stream);
}

/* "address" to "outcomes" of one address; nulls for none. */
static void put_address(FILE *stream, const struct explain_address *address)
{
    char why[EXPLAIN_ADVICE_SIZE];
    struct text text;
    text_start(&text, why, sizeof why);
    if (address == NULL) {
        fputs("\"address\":null,\"class\":null,\"range\":null,\"source\":null,\"action\":null,"
              "\"reason\":null,\"explanation\":null,\"route\":null,\"outcomes\":null",
              stream);
        return;
    }
    reason_describe(address->reason, &address->facts, &text);
    fputs("\"address\":", stream);
    put_addr(stream, &address->destination.addr);
    put_key(stream, "class");
    put_text(stream, addr_class_name(address->verdict.class));
    put_key(stream, "range");
    put_null_or_text(stream, address->range != NULL ? address->range->prefix : NULL);
    put_key(stream, "source");
    put_null_or_text(stream, address->range != NULL ? address->range->source : NULL);
    put_key(stream, "action");
    put_null_or_text(stream, policy_action_name(address->verdict.action));
    put_key(stream, "reason");
    put_null_or_text(stream, reason_name(address->reason));
    put_key(stream, "explanation");
    put_null_or_text(stream, text_finish(&text));
    put_key(stream, "route");
    put_route(stream, address);
    put_key(stream, "outcomes");
    put_outcomes(stream, address);
}

static void put_addresses(FILE *stream, const struct explanation *explanation)
{
    putc('[', stream);
    for (size_t i = 0; i < explanation->address_count; i++) {
        const struct explain_address *address = &explanation->addresses[i];
        fputs(i == 0 ? "{" : ",{", stream);
        put_address(stream, address);
        put_key(stream, "stray");
        put_bool(stream, address->stray);
        putc('}', stream);
    }
    putc(']', stream);
}

static void put_readers(FILE *stream, const struct explanation *explanation)
{
    putc('[', stream);
    for (size_t i = 0; i < reader_count && i < EXPLAIN_READERS_MAX; i++) {
        const struct reader_result *reading = &explanation->readings[i];
        fprintf(stream, "%s{\"reader\":\"%s\",\"reading\":\"%s\",\"address\":", i == 0 ? "" : ",",
                readers[i].key, reader_kind_name(reading->kind));
        put_addr(stream, &reading->addr);
        put_key(stream, "port");
        put_null_or_port(stream, reading->port);
        put_key(stream, "same");
        put_bool(stream, reader_same(reading, &explanation->readings[0]));
        putc('}', stream);
    }
    putc(']', stream);
}

static void put_listener(FILE *stream, const struct explanation *explanation, size_t index)
{
    const struct netlink_listener *listener = &explanation->listeners[index];
    const struct owner *owner = &explanation->owners[index];
    fputs("{\"address\":", stream);
    put_addr(stream, &listener->at.addr);
    put_key(stream, "port");
    put_null_or_port(stream, explanation->port);
    put_key(stream, "ipv6_only");
    put_bool(stream, listener->at.v6only);
    put_key(stream, "interface");
    put_interface(stream, listener->at.interface);
    fprintf(stream, ",\"uid\":%u,\"sockets\":%u,\"process\":", listener->uid, listener->sockets);
    if (owner->pid == 0) {
        fputs("null}", stream);
        return;
    }
    fprintf(stream, "{\"pid\":%d,\"name\":", (int)owner->pid);
    put_text(stream, owner->name);
    fputs("}}", stream);
}

/* null when nobody can tell, or there is no port. */
static void put_listeners(FILE *stream, const struct explanation *explanation)
{
    if (explanation->listeners_status != 0) {
        fputs("null", stream);
        return;
    }
    putc('[', stream);
    for (size_t i = 0; i < explanation->listener_count; i++) {
        fputs(i == 0 ? "" : ",", stream);
        put_listener(stream, explanation, i);
    }
    putc(']', stream);
}

static void put_resolver(FILE *stream, const struct explanation *explanation)
{
    if (!explanation->asked) {
        fputs("null", stream);
        return;
    }
    fprintf(stream, "{\"addresses\":%zu,\"timed_out\":", explanation->lookup.count);
    put_bool(stream, explanation->lookup.timed_out);
    put_key(stream, "error");
    put_null_or_text(stream, explanation->lookup.error);
    putc('}', stream);
}

void explain_json(FILE *stream, const struct explanation *explanation)
{
    char advice[EXPLAIN_ADVICE_SIZE];
    explain_advise(explanation, advice);
    fputs("{\"input\":", stream);
    put_text(stream, explanation->input);
    put_key(stream, "scheme");
    put_null_or_slice(stream, explanation->endpoint.scheme);
    put_key(stream, "host");
    json_out_text(stream, explanation->endpoint.host);
    put_key(stream, "port");
    put_null_or_port(stream, explanation->port);
    put_key(stream, "stray");
    put_bool(stream, explanation->stray);
    put_key(stream, "advice");
    put_null_or_text(stream, advice);
    putc(',', stream);
    put_address(stream, explain_first(explanation));
    put_key(stream, "addresses");
    put_addresses(stream, explanation);
    put_key(stream, "resolver");
    put_resolver(stream, explanation);
    put_key(stream, "listeners");
    put_listeners(stream, explanation);
    put_key(stream, "readers");
    put_readers(stream, explanation);
    fputs("}\n", stream);
}
