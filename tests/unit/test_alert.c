#include "alert.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <astray/utf8.h>

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* An alert out of the record LINE, which must live on. */
static void read_alert(struct alert *alert, const char *text)
{
    static struct record_line record;
    static struct sight sight;
    ck_assert_int_eq(record_decode(slice_of(text), &record), RECORD_OK);
    sight_read(&record, &sight);
    sight_read_texts(&sight);
    alert_of_sight(alert, &sight);
    alert->line = slice_of(text);
}

/* What WRITE writes, on the heap. */
static char *written(const struct alert *alert, void (*write)(const struct alert *, FILE *))
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    write(alert, stream);
    ck_assert_int_eq(fclose(stream), 0);
    ck_assert_uint_eq(strlen(text), length);
    return text;
}

static void write_text(const struct alert *alert, FILE *stream)
{
    alert_write_text(alert, stream, false);
}

#define GOOD                                                                                       \
    "{\"@timestamp\":\"2026-09-21T08:14:02.123456Z\",\"event\":{\"type\":[\"connection\","         \
    "\"start\"],\"module\":\"astray\",\"action\":\"detected\"},\"destination\":{\"address\":"      \
    "\"0\","                                                                                       \
    "\"ip\":\"0.0.0.0\",\"port\":80},\"process\":{\"name\":\"curl\",\"executable\":"               \
    "\"/usr/bin/curl\",\"parent\":{\"name\":\"deploy.sh\"}},\"user\":{\"id\":\"33\"},\"host\":{"   \
    "\"name\":\"web-10\"},\"astray\":{\"class\":\"unspecified\",\"unit\":\"ingest.service\","      \
    "\"origin\":[\"env:API_ADDR@deploy.sh[4710]\"]}}"

/* Terminal escapes, C1 controls, bidi overrides, quotes, newlines, NUL, a shell's words. */
#define EVIL "a\\u001b[2J\\u009b31m\xc2\x9b\x7f\xe2\x80\xae\xe2\x81\xa6\\n\\u0000$(id)`id`;'\\\""
#define HOSTILE                                                                                    \
    "{\"event\":{\"type\":[\"connection\",\"start\"],\t\"module\":\"astray\",\"action\":\"" EVIL   \
    "\"},\r\"destination\":{\"address\":\"" EVIL "\",\"ip\":\"" EVIL "\",\"domain\":\"" EVIL       \
    "\",\"port\":80},\"process\":{\"name\":\"" EVIL "\",\"executable\":\"" EVIL                    \
    "\",\"args\":[\"" EVIL "\"]},\"user\":{\"id\":\"" EVIL "\"},\"host\":{\"name\":\"" EVIL        \
    "\"},\"astray\":{\"class\":\"" EVIL "\",\"unit\":\"" EVIL "\",\"origin\":[\"env:" EVIL         \
    "@" EVIL "[1]\"],\"ancestry\":[\"" EVIL "[2]\"],\"run\":\"" EVIL "\"}}"

/* Nothing that a terminal obeys, but newlines at the ends of lines. */
static void check_harmless(const char *text, const char *why)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        ck_assert_msg(*at == '\n' || (*at >= 0x20 && *at != 0x7f), "%s: \\x%02x", why, *at);
        ck_assert_msg(*at != 0xc2 || at[1] >= 0xa0, "%s: a C1 control", why);
        ck_assert_msg(strncmp((const char *)at, "\xe2\x80\xae", 3) != 0, "%s: a bidi override",
                      why);
        ck_assert_msg(strncmp((const char *)at, "\xe2\x81\xa6", 3) != 0, "%s: a bidi isolate", why);
    }
}

START_TEST(a_record_is_told_in_one_line)
{
    struct alert alert;
    read_alert(&alert, GOOD);
    char *text = written(&alert, write_text);
    ck_assert_str_eq(text, "2026-09-21 08:14:02 curl in deploy.sh, ingest.service, on web-10 -> "
                           "0.0.0.0:80 (written \"0\"), unspecified (the address to bind, no "
                           "destination); from API_ADDR, set in deploy.sh[4710]\n");
    free(text);
    text = written(&alert, alert_write_json);
    ck_assert_str_eq(text, GOOD "\n");
    free(text);
    text = written(&alert, alert_write_environment);
    ck_assert_str_eq(text, "ASTRAY_KIND=stray\nASTRAY_REASON=record\nASTRAY_COUNT=1\n"
                           "ASTRAY_PROGRAM=curl\nASTRAY_ADDRESS=0\nASTRAY_CLASS=unspecified\n"
                           "ASTRAY_ACTION=detected\nASTRAY_VARIABLE=API_ADDR\n"
                           "ASTRAY_SOURCE=env:API_ADDR@deploy.sh\nASTRAY_SCRIPT=deploy.sh\n"
                           "ASTRAY_UNIT=ingest.service\nASTRAY_HOST=web-10\nASTRAY_USER_ID=33\n"
                           "ASTRAY_EXECUTABLE=/usr/bin/curl\nASTRAY_DESTINATION=0.0.0.0:80\n"
                           "ASTRAY_FIRST=2026-09-21T08:14:02.123456Z\n"
                           "ASTRAY_LAST=2026-09-21T08:14:02.123456Z\n");
    free(text);
}
END_TEST

START_TEST(a_group_is_an_object_like_a_record_that_counts_as_no_attempt)
{
    static const struct {
        enum alert_reason reason;
        const char *action, *message;
    } rows[] = {
        {ALERT_THRESHOLD, "threshold", "7 times within 60 s: curl"},
        {ALERT_REPEATED, "repeated", "repeated 7 times: curl"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct alert alert;
        const char *action, *message, *unit, *ip, *type;
        int count, port;
        read_alert(&alert, GOOD);
        alert.reason = rows[i].reason;
        alert.group.attempts = 7;
        alert.span = 60000000;
        char *text = written(&alert, alert_write_json);
        json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_ptr_nonnull(json);
        ck_assert_int_eq(json_unpack(json, "{s:s, s:{s:s, s:[s!]}, s:{s:s, s:i}, s:{s:s, s:i}}",
                                     "message", &message, "event", "action", &action, "type", &type,
                                     "destination", "ip", &ip, "port", &port, "astray", "unit",
                                     &unit, "count", &count),
                         0);
        ck_assert_str_eq(action, rows[i].action);
        ck_assert(strncmp(message, rows[i].message, strlen(rows[i].message)) == 0);
        ck_assert_str_eq(type, "info");
        ck_assert_str_eq(ip, "0.0.0.0");
        ck_assert_str_eq(unit, "ingest.service");
        ck_assert_int_eq(port, 80);
        ck_assert_int_eq(count, 7);
        json_decref(json);
        /* Our own reader takes it, and counts nothing. */
        struct record_line record;
        struct sight sight;
        ck_assert_int_eq(record_decode((struct slice){text, strlen(text) - 1}, &record), RECORD_OK);
        sight_read(&record, &sight);
        ck_assert(!sight.attempt && !sight.outcome);
        free(text);
    }
}
END_TEST

START_TEST(hostile_records_reach_nothing_that_obeys)
{
    struct alert alert;
    for (unsigned reason = 0; reason < ALERT_REASONS; reason++) {
        read_alert(&alert, HOSTILE);
        alert.reason = (enum alert_reason)reason;
        char *text = written(&alert, write_text);
        check_harmless(text, "text");
        ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
        free(text);
        text = written(&alert, alert_write_environment);
        check_harmless(text, "environment");
        for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';)
            ck_assert_msg(strncmp(line, "ASTRAY_", 7) == 0, "%s", line);
        free(text);
        text = written(&alert, alert_write_json);
        check_harmless(text, "JSON");
        ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
        json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        ck_assert_ptr_nonnull(json);
        const char *name =
            json_string_value(json_object_get(json_object_get(json, "host"), "name"));
        ck_assert_ptr_nonnull(name); /* and still says what it said */
        ck_assert(strncmp(name, "a\x1b[2J\xc2\x9b", 7) == 0);
        json_decref(json);
        free(text);
    }
}
END_TEST

START_TEST(a_huge_record_is_told_short)
{
    struct alert alert;
    char *line = malloc(65536);
    int length =
        sprintf(line, "{\"event\":{\"module\":\"astray\",\"type\":[\"start\"]},\"message\":\"");
    memset(line + length, 'x', 60000);
    strcpy(line + length + 60000, "\"}");
    read_alert(&alert, line);
    char *text = written(&alert, alert_write_json_short);
    ck_assert_uint_lt(strlen(text), ALERT_JSON_MAX);
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(json);
    json_decref(json);
    free(text);
    free(line);
}
END_TEST

START_TEST(kinds_are_named)
{
    static const struct {
        const char *action, *name;
    } rows[] = {{"detected", "stray"},
                {"blocked", "stray"},
                {"failed", "failed"},
                {"misconfigured", "misconfigured"},
                {"uncovered", "uncovered"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[256];
        struct alert alert;
        snprintf(line, sizeof line,
                 "{\"event\":{\"module\":\"astray\",\"type\":[\"info\"],\"action\":\"%s\"}}",
                 rows[i].action);
        read_alert(&alert, line);
        ck_assert_str_eq(alert_kind_name(&alert), rows[i].name);
        char *text = written(&alert, write_text);
        check_harmless(text, rows[i].name);
        free(text);
    }
}
END_TEST

static const TTest *const tests[] = {
    a_record_is_told_in_one_line,
    a_group_is_an_object_like_a_record_that_counts_as_no_attempt,
    hostile_records_reach_nothing_that_obeys,
    a_huge_record_is_told_short,
    kinds_are_named,
};
UNIT_MAIN("alert", tests)
