#include "alert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <astray/addr.h>

#include "json_out.h"
#include "phrase.h"
#include "say.h"
#include "when.h"

#define TEXT(alert, id) ((alert)->group.texts[GROUP_##id])
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define VALUE_MAX 1024 /* of a variable's value */

void alert_of_sight(struct alert *alert, const struct sight *sight)
{
    *alert = (struct alert){
        .reason = ALERT_RECORD,
        .group = {.kind = sight->kind,
                  .attempts = 1,
                  .first = sight->time,
                  .last = sight->time,
                  .ambiguous = sight->line->fields[RECORD_AMBIGUOUS].data != NULL},
        .executable = sight->line->fields[RECORD_PROCESS_EXECUTABLE],
    };
    memcpy(alert->group.texts, sight->texts, sizeof alert->group.texts);
    /* Where there is no destination, the record's own sentence says what it is about. */
    struct slice message = sight->line->fields[RECORD_MESSAGE];
    if (TEXT(alert, MESSAGE).length == 0 && message.length > 0 && message.length < SIGHT_TEXT_MAX)
        alert->group.texts[GROUP_MESSAGE] = message;
}

const char *alert_kind_name(const struct alert *alert)
{
    static const char *const names[] = {
        [GROUP_STRAY] = "stray",
        [GROUP_FAILED] = "failed",
        [GROUP_NOTE] = "misconfigured",
    };
    if (slice_equal(TEXT(alert, ACTION), SLICE("uncovered")))
        return "uncovered";
    return names[alert->group.kind];
}

/* May TEXT of the group be told: is there one, and the same for all? */
static bool is_known(const struct alert *alert, enum group_text text)
{
    return alert->group.texts[text].length > 0 && (alert->group.varies >> text & 1) == 0;
}

/* ---- for people ------------------------------------------------------- */

static const struct colors {
    const char *dim, *strong, *end;
} plain = {"", "", ""}, colored = {"\033[2m", "\033[1;31m", "\033[0m"};

static void put_count(const struct alert *alert, FILE *stream)
{
    if (alert->reason == ALERT_REPEATED) {
        fputs("repeated ", stream);
        phrase_counted(stream, alert->group.attempts, "time: ", "times: ");
    } else if (alert->reason == ALERT_THRESHOLD) {
        phrase_count(stream, alert->group.attempts);
        fprintf(stream, " times within %" PRIu64 " s: ", alert->span / WHEN_SECOND);
    }
}

static void put_class(const struct alert *alert, FILE *stream)
{
    enum addr_class class;
    struct slice name = TEXT(alert, CLASS);
    if (name.length == 0)
        return;
    fputs(", ", stream);
    phrase_raw(stream, name);
    if (addr_class_parse(name.data, name.length, &class))
        fprintf(stream, " (%s)", addr_class_why(class));
}

static void put_what_was_done(const struct alert *alert, FILE *stream)
{
    struct slice action = TEXT(alert, ACTION);
    if (!is_known(alert, GROUP_ACTION))
        return;
    if (slice_equal(action, SLICE("blocked"))) {
        fputs("; blocked", stream);
    } else if (slice_equal(action, SLICE("rewritten")) && is_known(alert, GROUP_NAT_IP)) {
        fputs("; sent to ", stream);
        phrase_raw(stream, TEXT(alert, NAT_IP));
    }
}

static void put_connection(const struct alert *alert, FILE *stream, const struct colors *colors)
{
    const struct group *group = &alert->group;
    phrase_who(stream, group, true);
    fprintf(stream, " -> %s", colors->strong);
    phrase_destination(stream, group);
    fputs(colors->end, stream);
    if (group->kind == GROUP_STRAY)
        put_class(alert, stream);
    else
        fputs(", failed", stream);
    put_what_was_done(alert, stream);
    if (is_known(alert, GROUP_ORIGIN)) {
        fputs("; ", stream);
        phrase_origin(stream, group);
    }
}

/* All but the time. */
static void put_sentence(const struct alert *alert, FILE *stream, const struct colors *colors)
{
    const struct group *group = &alert->group;
    put_count(alert, stream);
    if (group->folded) {
        fputs("others, too many to be told apart", stream);
    } else if (TEXT(alert, IP).length > 0 || TEXT(alert, ADDRESS).length > 0) {
        put_connection(alert, stream, colors);
    } else {
        fprintf(stream, "%s: ", alert_kind_name(alert));
        phrase_who(stream, group, true);
        if (TEXT(alert, MESSAGE).length > 0) {
            fputs(": ", stream);
            phrase_raw(stream, TEXT(alert, MESSAGE));
        }
    }
}

void alert_write_text(const struct alert *alert, FILE *stream, bool color)
{
    const struct colors *colors = color ? &colored : &plain;
    uint64_t time = alert->group.last;
    fputs(colors->dim, stream);
    if (time != 0)
        phrase_time(stream, time, false);
    else
        fputs("at an unknown time", stream);
    fprintf(stream, "%s ", colors->end);
    put_sentence(alert, stream, colors);
    putc('\n', stream);
}

/* ---- JSON ------------------------------------------------------------- */

static void put_raw(FILE *stream, const char *key, struct slice raw)
{
    char text[SIGHT_TEXT_MAX];
    size_t length = record_unescape(raw, text, sizeof text);
    fprintf(stream, "\"%s\":", key);
    json_out_text(stream, (struct slice){text, length});
}

static void put_time(FILE *stream, const char *key, uint64_t time)
{
    char text[RECORD_TIME_SIZE];
    record_time_format(time, text);
    fprintf(stream, "\"%s\":\"%s\"", key, text);
}

/* Writes the members that are known, the first behind SEPARATOR, the others behind commas. */
struct member {
    const char *key;
    enum group_text text;
};

static void put_members(const struct alert *alert, FILE *stream, const char *separator,
                        const struct member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice raw = alert->group.texts[members[i].text];
        if (!is_known(alert, members[i].text))
            continue;
        fputs(separator, stream);
        if (members[i].text == GROUP_PORT)
            fprintf(stream, "\"port\":%" PRIu64, record_number(raw));
        else
            put_raw(stream, members[i].key, raw);
        separator = ",";
    }
}

static void put_message(const struct alert *alert, FILE *stream)
{
    char *text = NULL;
    size_t length = 0;
    FILE *draft = open_memstream(&text, &length);
    if (draft == NULL)
        return;
    put_sentence(alert, draft, &plain);
    if (fclose(draft) == 0) {
        fputs(",\"message\":", stream);
        json_out_text(stream, (struct slice){text, length});
    }
    free(text);
}

static void put_event(const struct alert *alert, FILE *stream)
{
    static const char *const actions[ALERT_REASONS] = {"record", "threshold", "repeated"};
    fprintf(stream,
            ",\"ecs.version\":\"" RECORD_ECS "\",\"event\":{\"kind\":\"alert\","
            "\"category\":[\"network\"],\"type\":[\"info\"],\"module\":\"astray\","
            "\"dataset\":\"astray.alerts\",\"action\":\"%s\"",
            actions[alert->reason]);
    if (is_known(alert, GROUP_CLASS)) {
        putc(',', stream);
        put_raw(stream, "reason", TEXT(alert, CLASS));
    }
    putc(',', stream);
    put_time(stream, "start", alert->group.first);
    putc(',', stream);
    put_time(stream, "end", alert->group.last);
    putc('}', stream);
}

static void put_process(const struct alert *alert, FILE *stream)
{
    fputs(",\"process\":{", stream);
    if (is_known(alert, GROUP_PROGRAM))
        put_raw(stream, "name", TEXT(alert, PROGRAM));
    if (alert->executable.length > 0) {
        fputs(is_known(alert, GROUP_PROGRAM) ? "," : "", stream);
        put_raw(stream, "executable", alert->executable);
    }
    putc('}', stream);
}

static void put_own(const struct alert *alert, FILE *stream)
{
    static const struct member members[] = {
        {"class", GROUP_CLASS},       {"unit", GROUP_UNIT},         {"script", GROUP_SCRIPT},
        {"variable", GROUP_VARIABLE}, {"set_in", GROUP_INTRODUCER}, {"source", GROUP_ORIGIN},
        {"argument", GROUP_ARGUMENT}, {"run", GROUP_RUN},
    };
    fprintf(stream, ",\"astray\":{\"kind\":\"%s\",\"count\":%" PRIu64 ",\"folded\":%s",
            alert_kind_name(alert), alert->group.attempts, alert->group.folded ? "true" : "false");
    put_members(alert, stream, ",", members, COUNT(members));
    putc('}', stream);
}

static void put_object(const struct alert *alert, FILE *stream)
{
    static const struct member destination[] = {{"address", GROUP_ADDRESS},
                                                {"ip", GROUP_IP},
                                                {"port", GROUP_PORT},
                                                {"domain", GROUP_DOMAIN}};
    static const struct member user[] = {{"id", GROUP_USER}};
    static const struct member host[] = {{"name", GROUP_HOST}};
    putc('{', stream);
    put_time(stream, "@timestamp", alert->group.last);
    fputs(",\"log.level\":\"warning\"", stream);
    put_message(alert, stream);
    put_event(alert, stream);
    fputs(",\"destination\":{", stream);
    put_members(alert, stream, "", destination, COUNT(destination));
    fputs("}", stream);
    put_process(alert, stream);
    fputs(",\"user\":{", stream);
    put_members(alert, stream, "", user, COUNT(user));
    fputs("},\"host\":{", stream);
    put_members(alert, stream, "", host, COUNT(host));
    putc('}', stream);
    put_own(alert, stream);
    putc('}', stream);
}

/* The length of what stands at AT and may not reach a terminal as it is, 0 for anything else; its
 * code point to *CODE. Such a character stands within a string, but for blanks. */
static size_t is_obeyed(const unsigned char *at, size_t left, unsigned *code)
{
    *code = at[0];
    if (at[0] < 0x20 || at[0] == 0x7f)
        return 1;
    if (at[0] == 0xc2 && left >= 2 && at[1] < 0xa0) {
        *code = at[1];
        return 2;
    }
    if (at[0] != 0xe2 || left < 3 || (at[1] != 0x80 && at[1] != 0x81))
        return 0;
    *code = 0x2000u | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
    return (*code >= 0x200b && *code <= 0x200f) || (*code >= 0x2028 && *code <= 0x202e) ||
                   *code >= 0x2060
               ? 3
               : 0;
}

/* A line that was read as a record: valid JSON, in which whatever is not ASCII is in strings. */
static void put_line(struct slice line, FILE *stream)
{
    const unsigned char *bytes = (const unsigned char *)line.data;
    size_t done = 0, at = 0;
    while (at < line.length) {
        unsigned code;
        size_t length = is_obeyed(bytes + at, line.length - at, &code);
        if (length == 0) {
            at++;
            continue;
        }
        fwrite(line.data + done, 1, at - done, stream);
        if (code < 0x20)
            putc(' ', stream);
        else
            fprintf(stream, "\\u%04x", code);
        done = at += length;
    }
    fwrite(line.data + done, 1, at - done, stream);
    putc('\n', stream);
}

/* An object of ours, as harmless as a line. */
static void put_safe_object(const struct alert *alert, FILE *stream)
{
    char *text = NULL;
    size_t length = 0;
    FILE *draft = open_memstream(&text, &length);
    if (draft == NULL)
        return;
    put_object(alert, draft);
    if (fclose(draft) == 0)
        put_line((struct slice){text, length}, stream);
    free(text);
}

void alert_write_json(const struct alert *alert, FILE *stream)
{
    if (alert->reason == ALERT_RECORD && alert->line.length > 0)
        put_line(alert->line, stream);
    else
        put_safe_object(alert, stream);
}

void alert_write_json_short(const struct alert *alert, FILE *stream)
{
    /* Each byte becomes six at the most. */
    if (alert->reason == ALERT_RECORD && alert->line.length < ALERT_JSON_MAX / 6)
        put_line(alert->line, stream);
    else
        put_safe_object(alert, stream);
}

/* ---- variables -------------------------------------------------------- */

/* A line NAME=value; the value is cut to a sensible length. */
static void put_variable(FILE *stream, const char *name, const char *value)
{
    fprintf(stream, "ASTRAY_%s=%.*s\n", name, VALUE_MAX, value);
}

static void put_raw_variable(FILE *stream, const char *name, struct slice raw)
{
    char *value = NULL;
    size_t length = 0;
    FILE *draft = open_memstream(&value, &length);
    if (draft == NULL)
        return;
    phrase_raw(draft, raw);
    if (fclose(draft) == 0)
        put_variable(stream, name, value);
    free(value);
}

static void put_destination(const struct alert *alert, FILE *stream)
{
    struct slice ip = TEXT(alert, IP), port = TEXT(alert, PORT);
    struct slice host = ip.length > 0 ? ip : TEXT(alert, ADDRESS);
    bool brackets = slice_find(host, ':') < host.length;
    char text[SIGHT_TEXT_MAX + 32];
    int length = snprintf(text, sizeof text, "%s%.*s%s%s%.*s", brackets ? "[" : "",
                          (int)host.length, host.data, brackets ? "]" : "",
                          port.length > 0 ? ":" : "", (int)port.length, port.data);
    put_raw_variable(stream, "DESTINATION", (struct slice){text, (size_t)length});
}

void alert_write_environment(const struct alert *alert, FILE *stream)
{
    static const struct {
        const char *name;
        enum group_text text;
    } rows[] = {
        {"PROGRAM", GROUP_PROGRAM}, {"ADDRESS", GROUP_ADDRESS},   {"CLASS", GROUP_CLASS},
        {"ACTION", GROUP_ACTION},   {"VARIABLE", GROUP_VARIABLE}, {"SOURCE", GROUP_ORIGIN},
        {"SCRIPT", GROUP_SCRIPT},   {"UNIT", GROUP_UNIT},         {"HOST", GROUP_HOST},
        {"USER_ID", GROUP_USER},
    };
    static const char *const reasons[ALERT_REASONS] = {"record", "threshold", "repeated"};
    char first[RECORD_TIME_SIZE], last[RECORD_TIME_SIZE];
    put_variable(stream, "KIND", alert_kind_name(alert));
    put_variable(stream, "REASON", reasons[alert->reason]);
    fprintf(stream, "ASTRAY_COUNT=%" PRIu64 "\n", alert->group.attempts);
    for (size_t i = 0; i < COUNT(rows); i++)
        put_raw_variable(stream, rows[i].name,
                         is_known(alert, rows[i].text) ? alert->group.texts[rows[i].text]
                                                       : SLICE(""));
    put_raw_variable(stream, "EXECUTABLE", alert->executable);
    put_destination(alert, stream);
    record_time_format(alert->group.first, first);
    record_time_format(alert->group.last, last);
    put_variable(stream, "FIRST", first);
    put_variable(stream, "LAST", last);
}
