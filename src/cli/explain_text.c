#include "explain.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "opt.h"
#include "say.h"

enum { COLUMN = 13 }; /* where values begin: "  listeners  " */

/* ---- lines -------------------------------------------------------------- */

/* A line whose text is written to `stream`, printable, before it is printed as a whole. */
struct line {
    FILE *stream;
    char *text;
    size_t length;
};

static bool line_start(struct line *line)
{
    *line = (struct line){0};
    line->stream = open_memstream(&line->text, &line->length);
    return line->stream != NULL;
}

static void line_print(struct line *line, const char *label, unsigned width)
{
    if (fclose(line->stream) == 0 && line->length > 0) {
        printf("  %-*s", COLUMN - 2, label);
        opt_print_wrapped(line->text, COLUMN, COLUMN, width);
    }
    free(line->text);
}

static void put_place(FILE *stream, const struct addr *addr, int32_t port)
{
    char text[DESTINATION_TEXT_SIZE];
    struct destination place = {.addr = *addr, .port = (uint16_t)port};
    if (port < 0)
        addr_format(addr, text);
    else
        destination_format(&place, text);
    fputs(text, stream);
}

static void put_reason(FILE *stream, enum reason reason, const struct reason_facts *facts)
{
    char text[EXPLAIN_ADVICE_SIZE];
    struct text out;
    text_start(&out, text, sizeof text);
    reason_describe(reason, facts, &out);
    say_printable(stream, text_done(&out));
}

/* With several addresses each value begins with its own. */
static void put_whose(FILE *stream, const struct explanation *explanation, size_t index)
{
    if (explanation->address_count < 2)
        return;
    put_place(stream, &explanation->addresses[index].destination.addr, explanation->port);
    fputs(": ", stream);
}

/* ---- the verdict -------------------------------------------------------- */

static void put_name_verdict(FILE *stream, const struct explanation *explanation)
{
    if (explanation->placeholder) {
        fputs(" is no name: nobody filled in what should stand there", stream);
    } else if (!explanation->asked) {
        fputs(" is a name, which was not looked up", stream);
    } else {
        fputs(" leads nowhere: the resolver says: ", stream);
        say_printable(stream, slice_of(explanation->lookup.error));
    }
}

static void put_verdict(FILE *stream, const struct explanation *explanation,
                        const struct explain_address *first)
{
    char address[ADDR_TEXT_SIZE];
    if (first == NULL) {
        put_name_verdict(stream, explanation);
        return;
    }
    addr_format(&first->destination.addr, address);
    fputs(first->stray ? " goes astray: " : " is no stray destination: ", stream);
    if (explanation->source == EXPLAIN_EMPTY)
        fprintf(stream, "without a host, some clients connect to %s, ", address);
    else if (first->verdict.class == ADDR_PORT_ZERO)
        fputs("it names ", stream);
    else
        fprintf(stream, "%s is ", address);
    fputs(addr_class_why(first->verdict.class), stream);
}

static void print_verdict(const struct explanation *explanation, unsigned width, bool color)
{
    struct line line;
    if (!line_start(&line))
        return;
    size_t quoted = say_quoted(line.stream, slice_of(explanation->input));
    put_verdict(line.stream, explanation, explain_first(explanation));
    if (fclose(line.stream) == 0) {
        fputs(color ? (explanation->stray ? "\033[1;31m" : "\033[1m") : "", stdout);
        fwrite(line.text, 1, quoted < line.length ? quoted : line.length, stdout);
        fputs(color ? "\033[0m" : "", stdout);
        if (quoted < line.length)
            opt_print_wrapped(line.text + quoted, (unsigned)quoted, 2, width);
    }
    free(line.text);
}

/* ---- the facts ---------------------------------------------------------- */

/* "[RFC1122], Section 3.2.1.3" as "RFC 1122, Section 3.2.1.3". */
static void put_source(FILE *stream, const char *source)
{
    for (const char *c = source; *c != '\0'; c++) {
        if (strncmp(c, "[RFC", 4) == 0 && c[4] >= '0' && c[4] <= '9') {
            fputs(c > source && c[-1] == ']' ? ", RFC " : "RFC ", stream);
            c += 3;
        } else if (*c != '[' && *c != ']') {
            putc(*c, stream);
        }
    }
}

static void print_class(const struct explanation *explanation, size_t index, unsigned width)
{
    const struct explain_address *address = &explanation->addresses[index];
    struct line line;
    if (!line_start(&line))
        return;
    put_whose(line.stream, explanation, index);
    enum addr_class class = addr_classify(&address->destination.addr);
    fputs(addr_class_name(address->verdict.class), line.stream);
    if (address->verdict.class != class)
        fprintf(line.stream, "; the address is %s", addr_class_name(class));
    if (address->range != NULL) {
        fprintf(line.stream, ", %s: %s (", address->range->prefix, address->range->name);
        put_source(line.stream, address->range->source);
        putc(')', line.stream);
    }
    line_print(&line, index == 0 ? "class" : "", width);
}

static void print_resolved(const struct explanation *explanation, unsigned width)
{
    struct line line;
    if (explanation->source != EXPLAIN_RESOLVED || !line_start(&line))
        return;
    for (size_t i = 0; i < explanation->address_count; i++) {
        fputs(i > 0 ? ", " : "", line.stream);
        put_place(line.stream, &explanation->addresses[i].destination.addr, -1);
    }
    line_print(&line, "resolves", width);
}

static void put_route(FILE *stream, const struct explanation *explanation,
                      const struct explain_address *address)
{
    char name[IF_NAMESIZE];
    struct addr to = outcome_leads_to(&address->facts.outcome);
    put_place(stream, &to, explanation->port);
    if (address->route_status != 0) {
        const char *error = outcome_error_name(-address->route_status);
        fprintf(stream, ", and there is no route%s%s", *error != '\0' ? ": " : "", error);
        return;
    }
    if (address->facts.outcome.route == OUTCOME_ROUTE_LOCAL) {
        fputs(" on this host", stream);
        return;
    }
    if (address->facts.outcome.route != OUTCOME_ROUTE_ELSEWHERE)
        fprintf(stream, " (%s)", explain_route_name(address->route.type));
    if (if_indextoname(address->route.interface, name) != NULL) {
        fputs(" through ", stream);
        say_printable(stream, slice_of(name));
    }
    fputs(address->route.length == 0 ? ", by the default route" : "", stream);
}

static void print_route(const struct explanation *explanation, size_t index, unsigned width)
{
    struct line line;
    if (!line_start(&line))
        return;
    put_whose(line.stream, explanation, index);
    put_route(line.stream, explanation, &explanation->addresses[index]);
    line_print(&line, index == 0 ? "leads to" : "", width);
}

static void print_outcome(const struct explanation *explanation, size_t index, unsigned width)
{
    const struct explain_address *address = &explanation->addresses[index];
    const struct outcome *outcome = &address->outcomes[OUTCOME_ON_LINUX];
    struct line line;
    if (!line_start(&line))
        return;
    put_whose(line.stream, explanation, index);
    fprintf(line.stream, "%s", outcome_kind_phrase(outcome->kind));
    if (*outcome->error != '\0')
        fprintf(line.stream, " (%s)", outcome->error);
    if (address->reason != REASON_NONE) {
        fputs(": ", line.stream);
        put_reason(line.stream, address->reason, &address->facts);
    }
    line_print(&line, index == 0 ? "outcome" : "", width);
}

static void put_owner(FILE *stream, const struct netlink_listener *listener,
                      const struct owner *owner)
{
    if (owner->pid == 0) {
        fprintf(stream, ", user %u", listener->uid);
        return;
    }
    fputs(", ", stream);
    say_printable(stream, slice_of(owner->name));
    fprintf(stream, " (%d)", (int)owner->pid);
    if (owner->more > 0 || listener->sockets > 1)
        fputs(" and others", stream);
}

/* Else the listeners of this host say nothing. */
static bool leads_here(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->address_count; i++) {
        const struct outcome_facts *facts = &explanation->addresses[i].facts.outcome;
        struct addr to = outcome_leads_to(facts);
        if (facts->route == OUTCOME_ROUTE_LOCAL || addr_classify(&to) == ADDR_LOOPBACK)
            return true;
    }
    return false;
}

static void print_listeners(const struct explanation *explanation, unsigned width)
{
    enum { SHOWN = 8 };
    struct line line;
    if (explanation->listeners_status == -ENODATA || !leads_here(explanation))
        return;
    for (size_t i = 0; i < explanation->listener_count && i < SHOWN; i++) {
        const struct netlink_listener *listener = &explanation->listeners[i];
        static const struct addr any = {.family = ADDR_IPV6};
        if (!line_start(&line))
            return;
        put_place(line.stream, &listener->at.addr, explanation->port);
        if (listener->at.v6only && addr_equal(&listener->at.addr, &any))
            fputs(" (IPv6 only)", line.stream);
        put_owner(line.stream, listener, &explanation->owners[i]);
        line_print(&line, i == 0 ? "listeners" : "", width);
    }
    if (explanation->listener_count > SHOWN)
        printf("  %-*sand %zu more\n", COLUMN - 2, "", explanation->listener_count - SHOWN);
    if (explanation->listeners_status != 0)
        printf("  %-*snot known: %s\n", COLUMN - 2, "listeners",
               strerror(-explanation->listeners_status));
    else if (explanation->listener_count == 0)
        printf("  %-*snobody on port %d of this host\n", COLUMN - 2, "listeners",
               (int)explanation->port);
}

/* ---- other systems and clients ------------------------------------------ */

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
    return a->kind == b->kind && strcmp(a->error, b->error) == 0;
}

/* Fails as well, and nobody knows how: not worth a word. */
static bool as_on_linux(const struct explain_address *address, const struct outcome *outcome)
{
    return *outcome->error == '\0' && outcome->kind == address->outcomes[OUTCOME_ON_LINUX].kind;
}

static void put_outcome(FILE *stream, const struct outcome *outcome)
{
    if (*outcome->error != '\0')
        fputs(outcome->error, stream);
    else
        fputs(outcome_kind_phrase(outcome->kind), stream);
}

/* Systems that agree stand together: "macOS, FreeBSD 14: leads to this host; ...". Said only where
 * something is known that Linux does not do. */
static void print_elsewhere(const struct explain_address *address, unsigned width)
{
    struct line line;
    bool told[OUTCOME_SYSTEM_COUNT] = {false}, any = false;
    if (address == NULL || !address->stray || !line_start(&line))
        return;
    for (int i = OUTCOME_ON_MACOS; i < OUTCOME_SYSTEM_COUNT; i++) {
        const struct outcome *outcome = &address->outcomes[i];
        if (told[i] || outcome->kind == OUTCOME_UNKNOWN || as_on_linux(address, outcome))
            continue;
        fputs(any ? "; " : "", line.stream);
        any = true;
        for (int j = i; j < OUTCOME_SYSTEM_COUNT; j++) {
            if (!same_outcome(outcome, &address->outcomes[j]))
                continue;
            fprintf(line.stream, "%s%s", j > i ? ", " : "",
                    outcome_system_name((enum outcome_system)j));
            told[j] = true;
        }
        fputs(": ", line.stream);
        put_outcome(line.stream, outcome);
    }
    line_print(&line, "elsewhere", width);
}

static void put_reading(FILE *stream, const struct reader_result *reading)
{
    if (reading->kind == READER_ADDRESS)
        put_place(stream, &reading->addr, -1);
    else
        fputs(reading->kind == READER_NAME ? "a name to look up" : "refuses it", stream);
}

static bool differs(const struct explanation *explanation, size_t index)
{
    return explanation->readings[index].kind != READER_NOTHING &&
           (index == 0 || !reader_same(&explanation->readings[index], &explanation->readings[0]));
}

/* "libc: 127.0.0.1; Java: 177.0.0.1; Go: a name to look up": libc, and those that differ. */
static void print_readers(const struct explanation *explanation, unsigned width)
{
    struct line line;
    bool told[EXPLAIN_READERS_MAX] = {false};
    if (!explanation->disagreed || explanation->placeholder || !line_start(&line))
        return;
    for (size_t i = 0; i < reader_count && i < EXPLAIN_READERS_MAX; i++) {
        if (told[i] || !differs(explanation, i))
            continue;
        fprintf(line.stream, "%s%s", i > 0 ? "; " : "", readers[i].name);
        for (size_t j = i + 1; i > 0 && j < reader_count && j < EXPLAIN_READERS_MAX; j++) {
            if (!differs(explanation, j) ||
                !reader_same(&explanation->readings[i], &explanation->readings[j]))
                continue;
            fprintf(line.stream, ", %s", readers[j].name);
            told[j] = true;
        }
        fputs(": ", line.stream);
        put_reading(line.stream, &explanation->readings[i]);
    }
    line_print(&line, "read as", width);
}

static void print_advice(const struct explanation *explanation, unsigned width)
{
    char advice[EXPLAIN_ADVICE_SIZE];
    struct line line;
    explain_advise(explanation, advice);
    if (*advice == '\0' || !line_start(&line))
        return;
    say_printable(line.stream, slice_of(advice));
    line_print(&line, "advice", width);
}

void explain_text(const struct explanation *explanation, unsigned width, bool color)
{
    static void (*const of_each[])(const struct explanation *, size_t,
                                   unsigned) = {print_class, print_route, print_outcome};
    print_verdict(explanation, width, color);
    putchar('\n');
    print_resolved(explanation, width);
    for (size_t i = 0; i < sizeof of_each / sizeof *of_each; i++)
        for (size_t j = 0; j < explanation->address_count; j++)
            of_each[i](explanation, j, width);
    print_listeners(explanation, width);
    print_elsewhere(explain_first(explanation), width);
    print_readers(explanation, width);
    print_advice(explanation, width);
}
