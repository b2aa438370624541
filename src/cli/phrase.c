#include "phrase.h"

#include <inttypes.h>
#include <string.h>

#include <astray/addr.h>

#include "say.h"
#include "why.h"

/* The most of an argument that is shown. */
#define QUOTED_MAX 60

#define TEXT(group, id) ((group)->texts[GROUP_##id])
#define VARIES(group, id) (((group)->varies >> GROUP_##id & 1) != 0)

/* ---- pieces ----------------------------------------------------------- */

void phrase_raw(FILE *stream, struct slice raw)
{
    char text[SIGHT_TEXT_MAX];
    size_t length = record_unescape(raw, text, sizeof text);
    say_printable(stream, (struct slice){text, length});
}

static void put_quoted(FILE *stream, struct slice raw)
{
    char text[SIGHT_TEXT_MAX];
    size_t length = record_unescape(raw, text, sizeof text);
    say_quoted(stream, (struct slice){text, length});
}

/* The beginning of RAW: a whole program may stand in one argument. */
static void put_quoted_start(FILE *stream, struct slice raw)
{
    char text[QUOTED_MAX + 3];
    size_t length = record_unescape(raw, text, QUOTED_MAX);
    if (length + 4 > QUOTED_MAX && length < raw.length) {
        memcpy(text + length, "...", 3);
        length += 3;
    }
    say_quoted(stream, (struct slice){text, length});
}

void phrase_count(FILE *stream, uint64_t count)
{
    if (count >= 1000) {
        phrase_count(stream, count / 1000);
        fprintf(stream, ",%03u", (unsigned)(count % 1000));
    } else {
        fprintf(stream, "%u", (unsigned)count);
    }
}

void phrase_counted(FILE *stream, uint64_t count, const char *one, const char *many)
{
    phrase_count(stream, count);
    fprintf(stream, " %s", count == 1 ? one : many);
}

const char *phrase_kind(enum group_kind kind, uint64_t count)
{
    static const struct {
        const char *one, *many;
    } kinds[GROUP_KINDS] = {
        [GROUP_STRAY] = {"connection went astray", "connections went astray"},
        [GROUP_FAILED] = {"ordinary connection failed", "ordinary connections failed"},
        [GROUP_NOTE] = {"setting was not understood", "settings were not understood"},
    };
    return count == 1 ? kinds[kind].one : kinds[kind].many;
}

void phrase_total(FILE *stream, const struct groups *groups, enum group_kind kind)
{
    phrase_count(stream, groups->totals[kind]);
    fprintf(stream, " %s", phrase_kind(kind, groups->totals[kind]));
}

void phrase_time(FILE *stream, uint64_t time, bool same_day)
{
    char text[RECORD_TIME_SIZE];
    record_time_format(time, text);
    if (!same_day)
        fprintf(stream, "%.10s ", text);
    fprintf(stream, "%.8s", text + 11);
}

static bool is_ipv6(struct slice ip)
{
    return slice_find(ip, ':') < ip.length;
}

static void put_ip_and_port(FILE *stream, struct slice ip, struct slice port)
{
    bool brackets = is_ipv6(ip) && port.length > 0;
    fputs(brackets ? "[" : "", stream);
    phrase_raw(stream, ip);
    fputs(brackets ? "]" : "", stream);
    if (port.length > 0)
        fprintf(stream, ":%.*s", (int)port.length, port.data);
}

/* Did the program write something else than the address? */
static bool is_spelled(const struct group *group)
{
    struct slice address = TEXT(group, ADDRESS);
    return address.length > 0 && !slice_equal(address, TEXT(group, IP));
}

static bool is_named(const struct group *group)
{
    return TEXT(group, DOMAIN).length > 0 && !VARIES(group, DOMAIN);
}

void phrase_destination(FILE *stream, const struct group *group)
{
    if (is_named(group)) {
        put_ip_and_port(stream, TEXT(group, DOMAIN), TEXT(group, PORT));
        if (TEXT(group, IP).length > 0) {
            fputs(" (", stream);
            phrase_raw(stream, TEXT(group, IP));
            putc(')', stream);
        }
        return;
    }
    put_ip_and_port(stream, TEXT(group, IP).length > 0 ? TEXT(group, IP) : TEXT(group, ADDRESS),
                    TEXT(group, PORT));
    if (is_spelled(group) && TEXT(group, IP).length > 0) {
        fputs(" (written ", stream);
        put_quoted(stream, TEXT(group, ADDRESS));
        putc(')', stream);
    }
}

void phrase_who(FILE *stream, const struct group *group, bool place)
{
    if (TEXT(group, PROGRAM).length > 0)
        phrase_raw(stream, TEXT(group, PROGRAM));
    else
        fputs("an unknown program", stream);
    if (TEXT(group, SCRIPT).length > 0) {
        fputs(" in ", stream);
        phrase_raw(stream, TEXT(group, SCRIPT));
    }
    if (!place)
        return;
    if (VARIES(group, UNIT)) {
        fputs(", several units", stream);
    } else if (TEXT(group, UNIT).length > 0) {
        fputs(", ", stream);
        phrase_raw(stream, TEXT(group, UNIT));
    }
    if (VARIES(group, HOST)) {
        fputs(", on several hosts", stream);
    } else if (TEXT(group, HOST).length > 0) {
        fputs(", on ", stream);
        phrase_raw(stream, TEXT(group, HOST));
    }
}

void phrase_title(FILE *stream, const struct groups *groups, const struct group *group)
{
    const struct group_by *by = groups->by;
    if (group->folded) {
        fprintf(stream, "others, beyond %zu groups", groups->limit);
    } else if (group->kind == GROUP_NOTE && by == group_bys) {
        phrase_raw(stream, group->texts[GROUP_MESSAGE]);
    } else if (by == group_bys) {
        phrase_destination(stream, group);
        if (group->kind == GROUP_STRAY && group->texts[GROUP_CLASS].length > 0) {
            fputs(", ", stream);
            phrase_raw(stream, group->texts[GROUP_CLASS]);
        }
    } else if ((by->texts >> GROUP_IP & 1) != 0) {
        phrase_destination(stream, group);
    } else {
        struct slice text = group->texts[__builtin_ctz(by->texts)];
        if (text.length > 0)
            phrase_raw(stream, text);
        else
            fprintf(stream, "no %s known", by->name);
    }
}

/* ---- outcomes --------------------------------------------------------- */

static const struct {
    const char *name, *words;
} error_words[] = {
    {"ECONNREFUSED", "connection refused"},
    {"ETIMEDOUT", "timed out"},
    {"ENETUNREACH", "network unreachable"},
    {"EHOSTUNREACH", "no route to host"},
    {"ECONNRESET", "connection reset"},
    {"EADDRNOTAVAIL", "address not available"},
    {"EINVAL", "invalid argument"},
    {"EACCES", "permission denied"},
    {"EPERM", "not permitted"},
    {"EAFNOSUPPORT", "address family not supported"},
};

static void put_error(FILE *stream, const char *name)
{
    for (size_t i = 0; i < sizeof error_words / sizeof *error_words; i++)
        if (strcmp(name, error_words[i].name) == 0) {
            fputs(error_words[i].words, stream);
            return;
        }
    /* A reason of ours ("connection-refused") reads as words. */
    for (; *name != '\0'; name++) {
        char c = *name == '-' ? ' ' : *name;
        say_printable(stream, (struct slice){&c, 1});
    }
}

/* Parts of a whole, parted by commas. */
struct parts {
    FILE *stream;
    uint64_t whole;
    bool bare, any;
};

static void put_part(struct parts *parts, uint64_t count)
{
    fputs(parts->any ? ", " : "", parts->stream);
    parts->any = true;
    if (parts->bare && count == parts->whole)
        return;
    phrase_count(parts->stream, count);
    putc(' ', parts->stream);
}

static void put_words(struct parts *parts, uint64_t count, const char *words)
{
    if (count == 0)
        return;
    put_part(parts, count);
    fputs(words, parts->stream);
}

/* "(by TCP fast open)", "(2 by TCP fast open)" */
static void put_fast_open(FILE *stream, const struct group *group)
{
    if (group->fast_open == 0)
        return;
    fputs(" (", stream);
    if (group->fast_open < group_count(group)) {
        phrase_count(stream, group->fast_open);
        putc(' ', stream);
    }
    fputs("by TCP fast open)", stream);
}

void phrase_outcomes(FILE *stream, const struct group *group, bool bare)
{
    struct parts parts = {stream, group_count(group), bare, false};
    uint64_t told = 0;
    if (group->rewritten > 0) {
        put_part(&parts, group->rewritten);
        fputs("sent to ", stream);
        phrase_raw(stream,
                   TEXT(group, NAT_IP).length > 0 ? TEXT(group, NAT_IP) : SLICE("localhost"));
    }
    put_words(&parts, group->blocked, "blocked");
    for (size_t i = 0; i < GROUP_ERRORS && group->errors[i].count > 0; i++) {
        put_part(&parts, group->errors[i].count);
        put_error(stream, group->errors[i].name);
        told += group->errors[i].count;
    }
    put_words(&parts, group->failed > told ? group->failed - told : 0, "failed");
    put_words(&parts, group->succeeded, "connected");
    put_words(&parts, group_unknown(group), "outcome unknown");
    put_fast_open(stream, group);
}

/* ---- where it came from ----------------------------------------------- */

static struct slice introducer_name(const struct group *group)
{
    struct slice origin = TEXT(group, ORIGIN);
    return slice_from(origin, slice_find(origin, '@') + 1);
}

bool phrase_origin(FILE *stream, const struct group *group)
{
    struct slice origin = TEXT(group, ORIGIN);
    if (origin.length == 0 || VARIES(group, ORIGIN))
        return false;
    if (TEXT(group, VARIABLE).length > 0) {
        fputs("from ", stream);
        phrase_raw(stream, TEXT(group, VARIABLE));
        if (TEXT(group, INTRODUCER).length > 0) {
            fputs(", set in ", stream);
            phrase_raw(stream, VARIES(group, INTRODUCER) ? introducer_name(group)
                                                         : TEXT(group, INTRODUCER));
        } else {
            fputs(" in its environment", stream);
        }
    } else if (slice_starts_with(origin, SLICE("argv:"))) {
        fputs("from argument ", stream);
        phrase_raw(stream, slice_from(origin, 5));
        if (TEXT(group, ARGUMENT).length > 0 && !VARIES(group, ARGUMENT)) {
            fputs(", ", stream);
            put_quoted_start(stream, TEXT(group, ARGUMENT));
        }
    } else {
        fputs("origin ", stream);
        phrase_raw(stream, origin);
    }
    if (group->ambiguous > 0)
        fputs("; other names lead to the same address", stream);
    return true;
}

bool phrase_listeners(FILE *stream, const struct group *group)
{
    struct slice rest = group->listeners, item;
    if (!group->listeners_known || group->failed == 0)
        return false;
    size_t count = 0;
    for (; record_list_next(&rest, &item); count++) {
        fputs(count == 0 ? "only " : ", ", stream);
        phrase_raw(stream, item);
    }
    if (count == 0)
        fprintf(stream, "nobody listens on port %.*s", (int)TEXT(group, PORT).length,
                TEXT(group, PORT).data);
    else
        fputs(count == 1 ? " listens there" : " listen there", stream);
    return true;
}

/* ---- what to do ------------------------------------------------------- */

/* A row a class: what to give instead, and what to write. */
static const struct fix {
    const char *class, *give, *write;
} fixes[] = {
    {"unspecified", "a real host", "write localhost or the server's name"},
    {"this-network", "a real host", "write the server's name or its whole address"},
    {"documentation", "a real host", "write the real server's name"},
    {"port-zero", "a real port", "write the server's port"},
    {"broadcast", "one host", "write the server's name"},
    {"multicast", "one host", "write the server's name"},
    {"link-local-no-zone", "an interface", "write it behind the address, such as %eth0"},
    {"", "a real host", "write the server's name, or allow the address if it is meant"},
};

static const struct fix *fix_of(struct slice class)
{
    const struct fix *fix = fixes;
    while (*fix->class != '\0' && !slice_equal(class, slice_of(fix->class)))
        fix++;
    return fix;
}

/* What has to change: the variable, the argument, or the program. */
static void put_culprit(FILE *stream, const struct group *group)
{
    struct slice origin = TEXT(group, ORIGIN);
    struct slice place = TEXT(group, SCRIPT);
    if (TEXT(group, VARIABLE).length > 0) {
        phrase_raw(stream, TEXT(group, VARIABLE));
        if (TEXT(group, INTRODUCER).length > 0)
            place = introducer_name(group);
    } else if (slice_starts_with(origin, SLICE("argv:"))) {
        fputs("argument ", stream);
        phrase_raw(stream, slice_from(origin, 5));
        fputs(" of ", stream);
        phrase_raw(stream, TEXT(group, PROGRAM));
    } else {
        phrase_raw(stream, TEXT(group, PROGRAM));
    }
    if (place.length > 0) {
        fputs(" in ", stream);
        phrase_raw(stream, place);
    }
}

/* A port in the place of a host is read as 0.0.x.y: the port, or 0. */
static unsigned bare_port(const struct group *group)
{
    uint64_t written;
    struct slice ip = TEXT(group, IP);
    unsigned parts[4] = {0}, count = 0;
    struct slice rest = ip, piece;
    while (slice_cut(&rest, '.', &piece)) {
        uint64_t number;
        if (count == 4 || !slice_number(piece, 255, &number))
            return 0;
        parts[count++] = (unsigned)number;
    }
    unsigned port = parts[2] * 256 + parts[3];
    if (count != 4 || parts[0] != 0 || parts[1] != 0 || port < 256)
        return 0;
    if (is_spelled(group) &&
        (!slice_number(TEXT(group, ADDRESS), 65535, &written) || written != port))
        return 0;
    return port;
}

static void put_class_why(FILE *stream, struct slice class)
{
    enum addr_class known;
    if (addr_class_parse(class.data, class.length, &known))
        fputs(addr_class_why(known), stream);
    else
        phrase_raw(stream, class);
}

/* `"0" is 0.0.0.0, the address to bind, no destination` */
static void put_reason(FILE *stream, const struct group *group)
{
    struct slice class = TEXT(group, CLASS);
    if (slice_equal(class, SLICE("port-zero"))) {
        fputs("nothing can listen on port 0", stream);
        return;
    }
    if (is_spelled(group)) {
        put_quoted(stream, TEXT(group, ADDRESS));
        fputs(" is ", stream);
        phrase_raw(stream, TEXT(group, IP));
        fputs(", ", stream);
    } else {
        (is_ipv6(TEXT(group, IP)) ? put_quoted : phrase_raw)(stream, TEXT(group, IP));
        fputs(" is ", stream);
    }
    put_class_why(stream, class);
}

static void fix_failed(FILE *stream, const struct group *group)
{
    fputs("astray explain ", stream);
    put_ip_and_port(stream, is_named(group) ? TEXT(group, DOMAIN) : TEXT(group, IP),
                    TEXT(group, PORT));
    fputs(" shows who listens and which way leads there", stream);
}

static void fix_sinkhole(FILE *stream, const struct group *group)
{
    fputs("a block list answers ", stream);
    phrase_raw(stream, is_named(group) ? TEXT(group, DOMAIN) : TEXT(group, ADDRESS));
    fputs(" with ", stream);
    phrase_raw(stream, TEXT(group, IP));
    fputs("; allow the name there if ", stream);
    put_culprit(stream, group);
    fputs(" needs it", stream);
}

void phrase_fix(FILE *stream, const struct group *group)
{
    struct slice class = TEXT(group, CLASS);
    unsigned port = slice_equal(class, SLICE("this-network")) ? bare_port(group) : 0;
    if (group->kind == GROUP_FAILED) {
        if (!why_advise(stream, group))
            fix_failed(stream, group);
        return;
    }
    if (slice_equal(class, SLICE("sinkhole"))) {
        fix_sinkhole(stream, group);
        return;
    }
    const struct fix *fix = fix_of(class);
    fputs("give ", stream);
    put_culprit(stream, group);
    if (port != 0) {
        fprintf(stream, " a host: %u was used as a host; write host:%u", port, port);
        return;
    }
    fprintf(stream, " %s: ", fix->give);
    put_reason(stream, group);
    fprintf(stream, "; %s", fix->write);
}

/* ---- lines ------------------------------------------------------------ */

unsigned phrase_columns(struct slice text)
{
    unsigned columns = 0;
    for (size_t i = 0; i < text.length; i++)
        columns += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return columns;
}

/* The bytes of the first COLUMNS characters of TEXT. */
static size_t bytes_of(struct slice text, unsigned columns)
{
    size_t at = 0;
    while (at < text.length && columns > 0) {
        at++;
        while (at < text.length && ((unsigned char)text.data[at] & 0xc0) == 0x80)
            at++;
        columns--;
    }
    return at;
}

static void put_slice(FILE *stream, struct slice text)
{
    fwrite(text.data, 1, text.length, stream);
}

void phrase_wrap(FILE *stream, const char *text, unsigned column, unsigned indent, unsigned width)
{
    struct slice rest = slice_of(text), word;
    bool fresh = true; /* no word on this line yet */
    if (width < indent + 20)
        width = indent + 20;
    while (slice_cut(&rest, ' ', &word)) {
        unsigned columns = phrase_columns(word);
        if (!fresh && column + 1 + columns > width) {
            fprintf(stream, "\n%*s", (int)indent, "");
            column = indent;
            fresh = true;
        }
        if (!fresh) {
            putc(' ', stream);
            column++;
        }
        while (column + columns > width && columns > 0) { /* a word longer than a line */
            size_t head = column < width ? bytes_of(word, width - column) : 0;
            put_slice(stream, (struct slice){word.data, head});
            fprintf(stream, "\n%*s", (int)indent, "");
            word = slice_from(word, head);
            column = indent;
            columns = phrase_columns(word);
        }
        put_slice(stream, word);
        column += columns;
        fresh = false;
    }
    putc('\n', stream);
}
