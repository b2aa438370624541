#include "windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "when.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define START (UINT64_C(1789948800) * WHEN_SECOND)

/* What was told, a letter each: "r" a record, "t" a threshold, "9" repeated so often. */
static char told[256];
static uint64_t attempts; /* that all of it stands for */
static struct alert last;
static char last_program[128];

static void tell(void *context, const struct alert *alert)
{
    static const char *const letters[] = {"r", "t", ""};
    size_t length = strlen(told);
    (void)context;
    snprintf(told + length, sizeof told - length, "%s", letters[alert->reason]);
    if (alert->reason == ALERT_REPEATED)
        snprintf(told + length, sizeof told - length, "(%u)", (unsigned)alert->group.attempts);
    attempts += alert->group.attempts;
    last = *alert;
    struct slice program = alert->group.texts[GROUP_PROGRAM];
    snprintf(last_program, sizeof last_program, "%.*s", (int)program.length, program.data);
}

static void start(struct windows *windows, uint32_t count, uint64_t span, uint64_t dedup,
                  size_t limit)
{
    const struct windows_rule rule = {{count, span * WHEN_SECOND}, dedup * WHEN_SECOND};
    told[0] = '\0';
    attempts = 0;
    windows_start(windows, &rule, limit, 42);
    windows->tell = tell;
}

/* An attempt to IP by PROGRAM at SECOND. */
static void take(struct windows *windows, const char *ip, const char *program, uint64_t second)
{
    char line[4096];
    struct record_line record;
    struct sight sight;
    int length =
        snprintf(line, sizeof line,
                 "{\"event\":{\"type\":[\"connection\",\"start\"],\"module\":\"astray\",\"action\":"
                 "\"detected\"},\"destination\":{\"ip\":\"%s\",\"port\":80},\"process\":{\"name\":"
                 "\"%s\"},\"host\":{\"name\":\"web-%u\"},\"astray\":{\"class\":\"unspecified\"}}",
                 ip, program, (unsigned)(second % 2));
    struct slice text = {line, (size_t)length};
    ck_assert_int_eq(record_decode(text, &record), RECORD_OK);
    sight_read(&record, &sight);
    sight_read_texts(&sight);
    windows_take(windows, &sight, text, START + second * WHEN_SECOND);
}

START_TEST(tells_once_and_then_how_often)
{
    static const struct {
        uint32_t count;
        uint64_t span, dedup;
        uint64_t seconds[8]; /* ended by 0 */
        uint64_t now;
        const char *wanted, *why;
    } rows[] = {
        {0, 0, 60, {1}, 100, "r", "one alone is not told again"},
        {0, 0, 60, {1, 2, 3}, 50, "r", "the time is not over"},
        {0, 0, 60, {1, 2, 3}, 61, "r(2)", "the time is over"},
        {0, 0, 60, {1, 2, 3, 61}, 61, "r(2)r", "the next one closes it and is told"},
        {0, 0, 60, {1, 2, 3, 61, 62}, 200, "r(2)r(1)", "twice"},
        {0, 0, 60, {100, 40}, 200, "r(1)", "one that is late belongs to it"},
        {3, 60, 0, {1, 2, 3, 4, 5, 6, 7}, 200, "tt", "a threshold begins anew"},
        {3, 60, 0, {1, 2}, 200, "", "below the threshold nothing is told"},
        {3, 10, 0, {1, 2, 30, 31}, 200, "", "too slow"},
        {3, 10, 0, {1, 20, 21, 22}, 200, "t", "the old one does not count"},
        {3, 60, 60, {1, 2, 3, 4, 5}, 200, "t(2)", "both: what follows is counted"},
        {3, 60, 60, {1, 2, 3, 4, 5, 63, 64, 65}, 200, "t(2)t", "both, and once more"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct windows windows;
        start(&windows, rows[i].count, rows[i].span, rows[i].dedup, WINDOWS_MAX);
        for (size_t j = 0; j < 8 && rows[i].seconds[j] != 0; j++)
            take(&windows, "0.0.0.0", "curl", rows[i].seconds[j]);
        windows_expire(&windows, START + rows[i].now * WHEN_SECOND);
        ck_assert_msg(strcmp(told, rows[i].wanted) == 0, "%s: %s", rows[i].why, told);
        windows_free(&windows);
    }
}
END_TEST

START_TEST(program_and_destination_tell_apart)
{
    struct windows windows;
    start(&windows, 0, 0, 60, WINDOWS_MAX);
    take(&windows, "0.0.0.0", "curl", 1);
    take(&windows, "0.0.0.0", "wget", 1);
    take(&windows, "240.0.0.1", "curl", 1);
    take(&windows, "0.0.0.0", "curl", 2);
    ck_assert_str_eq(told, "rrr");
    ck_assert_uint_eq(windows_expire(&windows, START), START + 61 * WHEN_SECOND);
    windows_expire(&windows, UINT64_MAX);
    ck_assert_str_eq(told, "rrr(1)");
    ck_assert_str_eq(last_program, "curl");
    ck_assert((last.group.varies >> GROUP_HOST & 1) != 0); /* web-1 and web-0 */
    ck_assert((last.group.varies >> GROUP_IP & 1) == 0);
    windows_free(&windows);
}
END_TEST

START_TEST(too_many_are_told_as_one_and_none_is_lost)
{
    struct windows windows;
    start(&windows, 0, 0, 3600, 8);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < 100; i++) {
            char ip[32];
            snprintf(ip, sizeof ip, "240.0.0.%u", i);
            take(&windows, ip, "curl", 1 + round);
        }
    ck_assert_uint_eq(windows.count, 8);
    ck_assert_uint_eq(windows.folded_records, 3 * 92);
    windows_expire(&windows, UINT64_MAX);
    ck_assert_uint_eq(attempts, 300);
    ck_assert(last.group.folded);
    windows_free(&windows);
}
END_TEST

START_TEST(windows_that_mean_nothing_any_more_make_room)
{
    struct windows windows;
    start(&windows, 0, 0, 10, 8);
    for (unsigned i = 0; i < 100; i++) {
        char ip[32];
        snprintf(ip, sizeof ip, "240.0.0.%u", i);
        windows_expire(&windows, START + (1 + i * 10) * WHEN_SECOND);
        take(&windows, ip, "curl", 1 + i * 10);
    }
    ck_assert_uint_eq(windows.folded_records, 0);
    ck_assert_uint_eq(attempts, 100);
    windows_free(&windows);
}
END_TEST

START_TEST(long_texts_are_cut_for_keeping_and_still_tell_apart)
{
    struct windows windows;
    char a[400], b[400];
    memset(a, 'x', sizeof a);
    memcpy(a + 85, "\\\\\\\\\\\\\\\\\\\\\\u00e9\xc3\xa9\xc3\xa9", 20);
    a[399] = '\0';
    memcpy(b, a, sizeof b);
    b[398] = 'y'; /* differs behind what is kept */
    start(&windows, 0, 0, 60, WINDOWS_MAX);
    take(&windows, "0.0.0.0", a, 1);
    take(&windows, "0.0.0.0", b, 1);
    take(&windows, "0.0.0.0", b, 2);
    ck_assert_str_eq(told, "rr");
    windows_expire(&windows, UINT64_MAX);
    ck_assert_str_eq(told, "rr(1)");
    ck_assert_uint_le(last.group.texts[GROUP_PROGRAM].length, WINDOWS_TEXT_MAX);
    windows_free(&windows);
}
END_TEST

/* Saves FROM and loads it into TO, which was started. */
static void carry_over(const struct windows *from, struct windows *to)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    windows_save(from, stream);
    ck_assert_int_eq(fclose(stream), 0);
    struct slice rest = {text, length}, line;
    while (slice_cut(&rest, '\n', &line) && line.length > 0)
        ck_assert_msg(windows_load(to, line), "%.*s", (int)line.length, line.data);
    free(text);
}

START_TEST(a_restart_loses_no_count)
{
    struct windows before, after;
    start(&before, 3, 60, 100, WINDOWS_MAX);
    take(&before, "0.0.0.0", "curl", 1);
    take(&before, "0.0.0.0", "curl", 2);
    for (unsigned i = 0; i < 5; i++)
        take(&before, "240.0.0.1", "a \\u000a\x7f%", 3);
    ck_assert_str_eq(told, "t");
    start(&after, 3, 60, 100, WINDOWS_MAX);
    carry_over(&before, &after);
    take(&after, "0.0.0.0", "curl", 4); /* the third */
    ck_assert_str_eq(told, "t");
    take(&after, "240.0.0.1", "a \\u000a\x7f%", 5);
    windows_expire(&after, UINT64_MAX);
    ck_assert_str_eq(told, "t(3)");
    windows_free(&before);
    windows_free(&after);
}
END_TEST

START_TEST(another_threshold_counts_from_nothing)
{
    static const struct {
        uint32_t count;
        uint64_t span;
    } rules[] = {{3, 30}, {20, 60}, {2, 60}};
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct windows before, after;
        start(&before, 3, 60, 0, WINDOWS_MAX);
        take(&before, "0.0.0.0", "curl", 1);
        take(&before, "0.0.0.0", "curl", 2);
        start(&after, rules[i].count, rules[i].span, 0, WINDOWS_MAX);
        carry_over(&before, &after);
        take(&after, "0.0.0.0", "curl", 3);
        ck_assert_str_eq(told, "");
        windows_free(&before);
        windows_free(&after);
    }
}
END_TEST

START_TEST(lines_that_are_no_windows_are_refused)
{
    static const char *const lines[] = {
        "",
        "window",
        "windows",
        "windows 1 2",
        "window 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 =",
        "window 0 0 1 0 0 0 0 0 0 0 99 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 =",
        "file 1 2 3",
    };
    struct windows windows;
    start(&windows, 0, 0, 60, WINDOWS_MAX);
    for (size_t i = 0; i < COUNT(lines); i++)
        ck_assert_msg(!windows_load(&windows, slice_of(lines[i])), "%s", lines[i]);
    windows_free(&windows);
}
END_TEST

static const TTest *const tests[] = {
    tells_once_and_then_how_often,
    program_and_destination_tell_apart,
    too_many_are_told_as_one_and_none_is_lost,
    windows_that_mean_nothing_any_more_make_room,
    long_texts_are_cut_for_keeping_and_still_tell_apart,
    a_restart_loses_no_count,
    another_threshold_counts_from_nothing,
    lines_that_are_no_windows_are_refused,
};
UNIT_MAIN("windows", tests)
