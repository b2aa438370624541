#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOW UINT64_C(1789999999000000)

/* Too large for a stack under a sanitizer. */
static struct metrics *new_metrics(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    ck_assert_ptr_nonnull(metrics);
    return metrics;
}

static void take(struct metrics *metrics, const char *types, const char *action, const char *class,
                 const char *unit, const char *rest)
{
    char line[2048];
    struct record_line record;
    struct sight sight;
    int length =
        snprintf(line, sizeof line,
                 "{\"@timestamp\":\"2026-09-21T08:14:02.5Z\",\"event\":{\"type\":[%s],\"module\":"
                 "\"astray\",\"action\":\"%s\"},\"astray\":{\"class\":\"%s\",\"unit\":\"%s\"%s}}",
                 types, action, class, unit, rest);
    ck_assert_int_eq(record_decode((struct slice){line, (size_t)length}, &record), RECORD_OK);
    sight_read(&record, &sight);
    sight_read_texts(&sight);
    metrics_take(metrics, &sight, NOW);
}

/* The metrics as text, on the heap. */
static char *text_of(const struct metrics *metrics)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    metrics_write(metrics, stream);
    ck_assert_int_eq(fclose(stream), 0);
    return text;
}

/* Is LINE one of the lines of TEXT? */
static bool has_line(const char *text, const char *line)
{
    size_t length = strlen(line);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        if ((at == text || at[-1] == '\n') && at[length] == '\n')
            return true;
    return false;
}

static void check_line(const struct metrics *metrics, const char *line, const char *why)
{
    char *text = text_of(metrics);
    ck_assert_msg(has_line(text, line), "%s: %s", why, line);
    free(text);
}

#define START "\"connection\",\"start\""
#define END "\"connection\",\"end\""
#define BOTH "\"connection\",\"start\",\"end\""
#define DENIED "\"connection\",\"denied\""

START_TEST(counts_starts_and_never_ends)
{
    static const struct {
        const char *types, *action, *class, *unit, *rest, *line, *why;
    } rows[] = {
        {START, "detected", "unspecified", "", "",
         "astray_connections_total{action=\"detected\",class=\"unspecified\",unit=\"\"} 1",
         "a start"},
        {BOTH, "detected", "unspecified", "", "",
         "astray_connections_total{action=\"detected\",class=\"unspecified\",unit=\"\"} 1",
         "start and end at once"},
        {END, "detected", "unspecified", "", "",
         "astray_connections_total{action=\"detected\",class=\"unspecified\",unit=\"\"} 0",
         "an end was counted at its start"},
        {DENIED, "blocked", "reserved", "web.service", "",
         "astray_connections_total{action=\"blocked\",class=\"reserved\",unit=\"web.service\"} 1",
         "what was denied has no start"},
        {START, "rewritten", "port-zero", "", "",
         "astray_connections_total{action=\"rewritten\",class=\"port-zero\",unit=\"\"} 1",
         "a class that is no range"},
        {START, "frobbed", "unspecified", "", "",
         "astray_connections_total{action=\"other\",class=\"unspecified\",unit=\"\"} 1",
         "an action that nobody knows"},
        {START, "detected", "made-up", "", "",
         "astray_connections_total{action=\"detected\",class=\"other\",unit=\"\"} 1",
         "a class that nobody knows"},
        {START, "detected", "private", "web.service", "",
         "astray_connections_total{action=\"detected\",class=\"private\",unit=\"web.service\"} 1",
         "a class that a setting made stray"},
        {"\"info\"", "misconfigured", "", "", "", "astray_misconfigured_total 1",
         "a setting that was not understood"},
        {"\"info\"", "uncovered", "", "", "", "astray_uncovered_total 1",
         "a program that is out of reach"},
        {"\"info\"", "suppressed", "", "", ",\"suppressed\":12",
         "astray_records_suppressed_total 12", "what was suppressed"},
        {START, "detected", "unspecified", "", ",\"suppressed\":3,\"dropped\":4",
         "astray_records_dropped_total 4", "told by the next record"},
        {START, "detected", "unspecified", "", "",
         "astray_last_record_timestamp_seconds 1789978442.500000", "its time"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct metrics *metrics = new_metrics();
        take(metrics, rows[i].types, rows[i].action, rows[i].class, rows[i].unit, rows[i].rest);
        check_line(metrics, rows[i].line, rows[i].why);
        free(metrics);
    }
}
END_TEST

START_TEST(a_forged_number_takes_no_counter_back)
{
    static const char *const numbers[] = {"18446744073709551615", "4294967296"};
    struct metrics *metrics = new_metrics();
    take(metrics, START, "detected", "unspecified", "", ",\"suppressed\":7,\"dropped\":7");
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char rest[96];
        snprintf(rest, sizeof rest, ",\"suppressed\":%s,\"dropped\":%s", numbers[i], numbers[i]);
        take(metrics, START, "detected", "unspecified", "", rest);
        check_line(metrics, "astray_records_suppressed_total 7", numbers[i]);
        check_line(metrics, "astray_records_dropped_total 7", numbers[i]);
    }
    take(metrics, START, "detected", "unspecified", "", ",\"dropped\":4294967295");
    check_line(metrics, "astray_records_dropped_total 4294967302", "as much as one can tell");
    free(metrics);
}
END_TEST

START_TEST(failures_of_ordinary_destinations_are_counted_by_error)
{
    static const struct {
        const char *event, *error, *why;
    } rows[] = {
        {"\"error\":{\"type\":\"ECONNREFUSED\"},", "ECONNREFUSED", "an error"},
        {"\"error\":{\"type\":\"EVIL\\\"} 99\"},", "other", "one that nobody knows"},
        {"", "abandoned", "the reason where there is none"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[512], wanted[128];
        struct record_line record;
        struct sight sight;
        struct metrics *metrics = new_metrics();
        int length = snprintf(line, sizeof line,
                              "{\"event\":{\"type\":[" END "],\"module\":\"astray\",\"action\":"
                              "\"failed\",\"reason\":\"abandoned\"},%s\"astray\":{\"schema\":1}}",
                              rows[i].event);
        ck_assert_int_eq(record_decode((struct slice){line, (size_t)length}, &record), RECORD_OK);
        sight_read(&record, &sight);
        sight_read_texts(&sight);
        metrics_take(metrics, &sight, NOW);
        snprintf(wanted, sizeof wanted, "astray_failures_total{error=\"%s\",unit=\"\"} 1",
                 rows[i].error);
        check_line(metrics, wanted, rows[i].why);
        check_line(
            metrics,
            "astray_connections_total{action=\"detected\",class=\"unspecified\",unit=\"\"} 0",
            "it did not go astray");
        free(metrics);
    }
}
END_TEST

START_TEST(every_class_and_action_is_there_from_the_start)
{
    static const char *const names[] = {"detected", "rewritten", "blocked"};
    struct metrics *metrics = new_metrics();
    for (size_t i = 0; i < COUNT(names); i++)
        for (unsigned class = 0; class < ADDR_CLASS_COUNT; class ++) {
            char line[160];
            snprintf(line, sizeof line,
                     "astray_connections_total{action=\"%s\",class=\"%s\",unit=\"\"} 0", names[i],
                     addr_class_name((enum addr_class) class));
            check_line(metrics, line, "at the start");
        }
    check_line(metrics, "astray_failures_total{error=\"ECONNREFUSED\",unit=\"\"} 0", "errors");
    check_line(metrics, "astray_unreadable_lines_total 0", "totals");
    take(metrics, START, "detected", "unspecified", "web.service", "");
    check_line(
        metrics,
        "astray_connections_total{action=\"blocked\",class=\"reserved\",unit=\"web.service\"} 0",
        "of a new unit too");
    free(metrics);
}
END_TEST

START_TEST(units_come_from_a_bounded_set_of_valid_names)
{
    static const struct {
        const char *unit, *label, *why;
    } rows[] = {
        {"ingest.service", "ingest.service", "a service"},
        {"a@b\\\\x2dc.service", "a@b\\\\x2dc.service", "an escape of systemd's"},
        {"session-12.scope", "session.scope", "a session"},
        {"session-c1.scope", "session.scope", "a session without a number of its own"},
        {"run-u34.service", "run.service", "a command of systemd-run"},
        {"run-r0123abcd.scope", "run.scope", "likewise"},
        {"run-parts.service", "run-parts.service", "a service that is only called so"},
        {"other", "other", "no name of a unit"},
        {"web", "other", "no ending"},
        {"a b.service", "other", "a blank"},
        {"\\u001b[31m.service", "other", "an escape sequence"},
        {"x\\\"} 1\\n.service", "other", "what would end the label"},
        {"\\u00e9.service", "other", "not ASCII"},
        {"\\u0000.service", "other", "a NUL"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.service",
         "other", "too long"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[256];
        struct metrics *metrics = new_metrics();
        take(metrics, START, "detected", "unspecified", rows[i].unit, "");
        snprintf(
            line, sizeof line,
            "astray_connections_total{action=\"detected\",class=\"unspecified\",unit=\"%s\"} 1",
            rows[i].label);
        check_line(metrics, line, rows[i].why);
        free(metrics);
    }
}
END_TEST

START_TEST(the_fifty_first_unit_is_other)
{
    struct metrics *metrics = new_metrics();
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 60; i++) {
            char unit[32];
            snprintf(unit, sizeof unit, "u%u.service", i);
            take(metrics, START, "detected", "unspecified", unit, "");
        }
    check_line(metrics,
               "astray_connections_total{action=\"detected\",class=\"unspecified\",unit=\"u49."
               "service\"} 2",
               "the fiftieth");
    check_line(
        metrics,
        "astray_connections_total{action=\"detected\",class=\"unspecified\",unit=\"other\"} 20",
        "the rest, twice");
    char *text = text_of(metrics);
    ck_assert_ptr_null(strstr(text, "u50.service"));
    free(text);
    free(metrics);
}
END_TEST

START_TEST(no_record_is_from_the_future)
{
    struct metrics *metrics = new_metrics();
    char line[] = "{\"@timestamp\":\"2099-01-01T00:00:00Z\",\"event\":{\"module\":\"astray\"}}";
    struct record_line record;
    struct sight sight;
    ck_assert_int_eq(record_decode(slice_of(line), &record), RECORD_OK);
    sight_read(&record, &sight);
    sight_read_texts(&sight);
    metrics_take(metrics, &sight, NOW);
    ck_assert_uint_eq(metrics->last, NOW);
    free(metrics);
}
END_TEST

START_TEST(a_restart_takes_nothing_back)
{
    struct metrics *before = new_metrics(), *after = new_metrics();
    for (unsigned i = 0; i < 60; i++) {
        char unit[32];
        snprintf(unit, sizeof unit, "u%u.service", i);
        take(before, START, "detected", i % 2 ? "unspecified" : "made-up", unit, ",\"dropped\":1");
        take(before, END, "failed", "", unit, ",\"suppressed\":1");
        take(before, DENIED, "blocked", "sinkhole", "", "");
    }
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    metrics_save(before, stream);
    ck_assert_int_eq(fclose(stream), 0);
    struct slice rest = {text, length}, line;
    while (slice_cut(&rest, '\n', &line) && line.length > 0)
        ck_assert_msg(metrics_load(after, line), "%.*s", (int)line.length, line.data);
    char *first = text_of(before), *second = text_of(after);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    free(text);
    free(before);
    free(after);
}
END_TEST

START_TEST(lines_that_are_no_metrics_are_refused)
{
    static const char *const lines[] = {
        "",
        "unit",
        "unit x",
        "unit =no-unit",
        "unit =a%00.service",
        "connections",
        "connections 1 =detected",
        "connections x =detected =unspecified =",
        "failures 1",
        "failures 1 =ECONNREFUSED",
        "total 1",
        "total 1 =astray_made_up_total",
        "last",
        "last x",
        "window 1",
    };
    struct metrics *metrics = new_metrics();
    for (size_t i = 0; i < COUNT(lines); i++)
        ck_assert_msg(!metrics_load(metrics, slice_of(lines[i])), "%s", lines[i]);
    free(metrics);
}
END_TEST

static const TTest *const tests[] = {
    counts_starts_and_never_ends,
    a_forged_number_takes_no_counter_back,
    failures_of_ordinary_destinations_are_counted_by_error,
    every_class_and_action_is_there_from_the_start,
    units_come_from_a_bounded_set_of_valid_names,
    the_fifty_first_unit_is_other,
    no_record_is_from_the_future,
    a_restart_takes_nothing_back,
    lines_that_are_no_metrics_are_refused,
};
UNIT_MAIN("metrics", tests)
