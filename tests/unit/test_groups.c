#include "groups.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define START "[\"connection\",\"start\"]"
#define END "[\"connection\",\"end\"]"
#define BOTH "[\"connection\",\"start\",\"end\"]"
#define DENIED "[\"connection\",\"denied\"]"

static const struct group_filter everything = {.until = UINT64_MAX};

static const struct group_by *by_called(const char *name)
{
    const struct group_by *by = group_bys;
    while (strcmp(by->name, name) != 0)
        by++;
    return by;
}

static void take(struct groups *groups, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    groups_take(groups, (struct slice){line, (size_t)length}, true);
}

/* A record of an attempt to 0.0.0.0:80 by PROGRAM. */
static void take_attempt(struct groups *groups, const char *time, const char *type,
                         const char *action, const char *outcome, const char *program)
{
    take(groups,
         "{\"@timestamp\":\"2026-09-21T%sZ\",\"event\":{\"type\":%s,\"module\":\"astray\","
         "\"action\":\"%s\",\"outcome\":\"%s\"},\"destination\":{\"address\":\"0\","
         "\"ip\":\"0.0.0.0\",\"port\":80},\"process\":{\"name\":\"%s\","
         "\"parent\":{\"name\":\"deploy.sh\"}},\"astray\":{\"class\":\"unspecified\"}}",
         time, type, action, outcome, program);
}

static void check_text(const struct group *group, enum group_text text, const char *wanted)
{
    ck_assert_msg(slice_equal(group->texts[text], slice_of(wanted)), "%.*s instead of %s",
                  (int)group->texts[text].length, group->texts[text].data, wanted);
}

START_TEST(counts_attempts_once_and_their_outcomes)
{
    static const struct {
        const char *types[4], *outcomes[4];
        uint64_t count, succeeded, failed, unknown;
        const char *why;
    } rows[] = {
        {{START}, {"unknown"}, 1, 0, 0, 1, "an attempt alone"},
        {{START, END}, {"unknown", "failure"}, 1, 0, 1, 0, "an attempt and its outcome"},
        {{BOTH}, {"success"}, 1, 1, 0, 0, "both at once"},
        {{END}, {"failure"}, 1, 0, 1, 0, "an outcome whose attempt is in another log"},
        {{START, START, END}, {"unknown", "unknown", "success"}, 2, 1, 0, 1, "one is open"},
        {{END, START}, {"failure", "unknown"}, 1, 0, 1, 0, "the order does not matter"},
        {{START, END, BOTH}, {"unknown", "failure", "success"}, 2, 1, 1, 0, "mixed"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct groups groups;
        groups_start(&groups, group_bys, &everything, GROUPS_MAX);
        for (size_t j = 0; j < 4 && rows[i].types[j] != NULL; j++)
            take_attempt(&groups, "08:00:00", rows[i].types[j], "detected", rows[i].outcomes[j],
                         "curl");
        groups_finish(&groups);
        ck_assert_uint_eq(groups.count, 1);
        const struct group *group = groups.all[0];
        ck_assert_msg(group_count(group) == rows[i].count, "%s", rows[i].why);
        ck_assert_msg(group->succeeded == rows[i].succeeded, "%s", rows[i].why);
        ck_assert_msg(group->failed == rows[i].failed, "%s", rows[i].why);
        ck_assert_msg(group_unknown(group) == rows[i].unknown, "%s", rows[i].why);
        ck_assert_uint_eq(groups.totals[GROUP_STRAY], rows[i].count);
        groups_free(&groups);
    }
}
END_TEST

START_TEST(a_blocked_attempt_is_not_unknown)
{
    struct groups groups;
    groups_start(&groups, group_bys, &everything, GROUPS_MAX);
    take_attempt(&groups, "08:00:00", DENIED, "blocked", "failure", "curl");
    take_attempt(&groups, "08:00:00", START, "rewritten", "unknown", "curl");
    groups_finish(&groups);
    ck_assert_uint_eq(groups.all[0]->blocked, 1);
    ck_assert_uint_eq(groups.all[0]->rewritten, 1);
    ck_assert_uint_eq(group_count(groups.all[0]), 2);
    ck_assert_uint_eq(group_unknown(groups.all[0]), 1);
    groups_free(&groups);
}
END_TEST

START_TEST(keeps_stray_failed_and_misconfigured_apart)
{
    struct groups groups;
    groups_start(&groups, by_called("program"), &everything, GROUPS_MAX);
    take_attempt(&groups, "08:00:00", END, "failed", "failure", "curl");
    take_attempt(&groups, "08:00:00", END, "failed", "failure", "curl");
    take_attempt(&groups, "08:00:00", START, "detected", "unknown", "curl");
    take_attempt(&groups, "08:00:00", "[\"error\"]", "misconfigured", "failure", "curl");
    groups_finish(&groups);
    ck_assert_uint_eq(groups.count, 3);
    for (unsigned kind = 0; kind < GROUP_KINDS; kind++)
        ck_assert_int_eq(groups.all[kind]->kind, kind);
    ck_assert_uint_eq(groups.totals[GROUP_STRAY], 1);
    ck_assert_uint_eq(groups.totals[GROUP_FAILED], 2);
    ck_assert_uint_eq(groups.totals[GROUP_NOTE], 1);
    groups_free(&groups);
}
END_TEST

START_TEST(a_failure_followed_by_a_success_to_the_same_name_is_folded_away)
{
    for (const struct group_by *by = group_bys; by->name != NULL; by++) {
        struct groups groups;
        groups_start(&groups, by, &everything, GROUPS_MAX);
        take_attempt(&groups, "08:00:00", BOTH, "failed", "failure", "curl");
        take_attempt(&groups, "08:00:01", BOTH, "failed", "failure", "curl");
        take_attempt(&groups, "08:00:02", END, "failed", "success", "curl");
        groups_finish(&groups);
        ck_assert_msg(groups.count == 1, "by %s", by->name);
        ck_assert_uint_eq(groups.totals[GROUP_FAILED], 1);
        groups_free(&groups);
        groups_start(&groups, by, &everything, GROUPS_MAX);
        take_attempt(&groups, "08:00:02", END, "failed", "success", "curl");
        take_attempt(&groups, "08:00:00", BOTH, "failed", "failure", "curl");
        groups_finish(&groups);
        ck_assert_msg(groups.count == 0, "by %s, the other way round", by->name);
        groups_free(&groups);
    }
}
END_TEST

START_TEST(sorts_by_count_and_then_by_text)
{
    static const char *const programs[] = {"wget", "curl", "curl", "nc", "ab", "curl", "nc"};
    static const char *const wanted[] = {"curl", "nc", "ab", "wget"};
    struct groups groups;
    groups_start(&groups, group_bys, &everything, GROUPS_MAX);
    for (size_t i = 0; i < COUNT(programs); i++)
        take_attempt(&groups, "08:00:00", START, "detected", "unknown", programs[i]);
    groups_finish(&groups);
    ck_assert_uint_eq(groups.count, COUNT(wanted));
    for (size_t i = 0; i < COUNT(wanted); i++)
        check_text(groups.all[i], GROUP_PROGRAM, wanted[i]);
    groups_free(&groups);
}
END_TEST

START_TEST(folds_what_is_too_much)
{
    struct groups groups;
    groups_start(&groups, group_bys, &everything, 3);
    for (int i = 0; i < 10; i++) {
        char program[32];
        snprintf(program, sizeof program, "program%d", i);
        take_attempt(&groups, "08:00:00", START, "detected", "unknown", program);
    }
    take_attempt(&groups, "08:00:00", START, "detected", "unknown", "program1");
    groups_finish(&groups);
    ck_assert_uint_eq(groups.count, 4);
    check_text(groups.all[0], GROUP_PROGRAM, "program1");
    ck_assert_uint_eq(group_count(groups.all[0]), 2);
    ck_assert(groups.all[3]->folded); /* the last, though it is the largest */
    ck_assert_uint_eq(group_count(groups.all[3]), 7);
    ck_assert_uint_eq(groups.totals[GROUP_STRAY], 11);
    groups_free(&groups);
}
END_TEST

START_TEST(names_the_script_and_not_the_shell)
{
    static const struct {
        const char *parent, *ancestry, *wanted, *why;
    } rows[] = {
        {"deploy.sh", "[\"deploy.sh[2]\",\"cron[1]\"]", "deploy.sh", "the parent"},
        {"bash", "[\"bash[3]\",\"deploy.sh[2]\"]", "deploy.sh", "above a shell"},
        {"timeout", "[\"timeout[4]\",\"sh[3]\",\"cron[2]\",\"systemd[1]\"]", "cron",
         "above wrappers"},
        {"bash", "[\"bash[3]\",\"sshd[2]\"]", "", "a person at a shell"},
        {"systemd", "[\"systemd[1]\"]", "", "a service: the unit says more"},
        {"sh", "[]", "", "nothing is known above"},
        {"", "[\"deploy.sh[2]\"]", "deploy.sh", "only the ancestry is known"},
        {"my[1]", "[\"my[1][2]\"]", "my[1]", "a name with brackets"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct groups groups;
        groups_start(&groups, group_bys, &everything, GROUPS_MAX);
        take(&groups,
             "{\"event\":{\"type\":" START ",\"module\":\"astray\",\"action\":\"detected\"},"
             "\"process\":{\"name\":\"curl\",\"parent\":{\"name\":\"%s\"}},"
             "\"astray\":{\"ancestry\":%s}}",
             rows[i].parent, rows[i].ancestry);
        groups_finish(&groups);
        ck_assert_uint_eq(groups.count, 1);
        ck_assert_msg(slice_equal(groups.all[0]->texts[GROUP_SCRIPT], slice_of(rows[i].wanted)),
                      "%s: %.*s", rows[i].why, (int)groups.all[0]->texts[GROUP_SCRIPT].length,
                      groups.all[0]->texts[GROUP_SCRIPT].data);
        groups_free(&groups);
    }
}
END_TEST

START_TEST(prefers_the_variable_over_the_argument_it_became)
{
    static const struct {
        const char *origin, *wanted, *variable, *introducer, *argument, *why;
    } rows[] = {
        {"[\"argv:1\",\"env:API_URL@deploy.sh[4710]\"]", "env:API_URL@deploy.sh", "API_URL",
         "deploy.sh[4710]", "", "both"},
        {"[\"env:API_URL\"]", "env:API_URL", "API_URL", "", "", "the process's own"},
        {"[\"argv:1\"]", "argv:1", "", "", "http://0:80", "an argument"},
        {"[\"argv:9\"]", "argv:9", "", "", "", "an argument that was cut away"},
        {"[\"unknown above cron[812]\",\"argv:1\"]", "argv:1", "", "", "http://0:80",
         "known first"},
        {"[\"unknown above cron[812]\"]", "unknown above cron", "", "", "", "not known"},
        {"[]", "", "", "", "", "none"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct groups groups;
        groups_start(&groups, group_bys, &everything, GROUPS_MAX);
        take(&groups,
             "{\"event\":{\"type\":" START ",\"module\":\"astray\",\"action\":\"detected\"},"
             "\"process\":{\"name\":\"curl\",\"args\":[\"curl\",\"http://0:80\"]},"
             "\"astray\":{\"origin\":%s}}",
             rows[i].origin);
        groups_finish(&groups);
        check_text(groups.all[0], GROUP_ORIGIN, rows[i].wanted);
        check_text(groups.all[0], GROUP_VARIABLE, rows[i].variable);
        check_text(groups.all[0], GROUP_INTRODUCER, rows[i].introducer);
        check_text(groups.all[0], GROUP_ARGUMENT, rows[i].argument);
        groups_free(&groups);
    }
}
END_TEST

START_TEST(one_script_run_many_times_is_one_group)
{
    struct groups groups;
    groups_start(&groups, group_bys, &everything, GROUPS_MAX);
    for (int pid = 1; pid <= 50; pid++)
        take(&groups,
             "{\"event\":{\"type\":" START ",\"module\":\"astray\",\"action\":\"detected\"},"
             "\"host\":{\"name\":\"web-%d\"},\"astray\":{\"origin\":[\"env:A@deploy.sh[%d]\"],"
             "\"ancestry\":[\"deploy.sh[%d]\"]}}",
             pid % 2, pid, pid);
    groups_finish(&groups);
    ck_assert_uint_eq(groups.count, 1);
    ck_assert_uint_eq(group_count(groups.all[0]), 50);
    ck_assert_uint_eq(groups.all[0]->varies, (1u << GROUP_INTRODUCER) | (1u << GROUP_HOST) |
                                                 (1u << GROUP_ANCESTRY)); /* and nothing else */
    groups_free(&groups);
}
END_TEST

START_TEST(filters_by_time_and_run)
{
    static const struct {
        const char *since, *until, *run;
        uint64_t wanted;
        const char *why;
    } rows[] = {
        {NULL, NULL, NULL, 4, "everything"},
        {"09:00:00", NULL, NULL, 3, "since is included"},
        {NULL, "09:00:00", NULL, 1, "until is not"},
        {"09:00:00", "10:00:00", NULL, 1, "a span"},
        {NULL, NULL, "job 7", 2, "a label, with and without an escape"},
        {NULL, NULL, "job", 0, "a part of a label"},
        {"10:00:00", NULL, "job 7", 1, "both"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct groups groups;
        struct group_filter filter = {.until = UINT64_MAX, .run = rows[i].run};
        char time[32];
        if (rows[i].since != NULL) {
            snprintf(time, sizeof time, "2026-09-21T%sZ", rows[i].since);
            ck_assert(record_time_parse(time, strlen(time), &filter.since));
        }
        if (rows[i].until != NULL) {
            snprintf(time, sizeof time, "2026-09-21T%sZ", rows[i].until);
            ck_assert(record_time_parse(time, strlen(time), &filter.until));
        }
        groups_start(&groups, group_bys, &filter, GROUPS_MAX);
        for (int hour = 8; hour < 12; hour++)
            take(&groups,
                 "{\"@timestamp\":\"2026-09-21T%02d:00:00Z\",\"event\":{\"type\":" START
                 ",\"module\":\"astray\"},\"astray\":{\"run\":\"%s\"}}",
                 hour,
                 hour == 8    ? "job 7"
                 : hour == 11 ? "job\\u00207"
                              : "job 8");
        groups_finish(&groups);
        ck_assert_msg(groups.totals[GROUP_STRAY] == rows[i].wanted, "%s: %d", rows[i].why,
                      (int)groups.totals[GROUP_STRAY]);
        ck_assert_uint_eq(groups.records + groups.filtered, 4);
        groups_free(&groups);
    }
}
END_TEST

START_TEST(groups_by_outcome_count_each_attempt_once)
{
    struct groups groups;
    groups_start(&groups, by_called("outcome"), &everything, GROUPS_MAX);
    for (int i = 0; i < 5; i++)
        take_attempt(&groups, "08:00:00", START, "detected", "unknown", "curl");
    for (int i = 0; i < 3; i++)
        take_attempt(&groups, "08:00:01", END, "detected", "failure", "curl");
    groups_finish(&groups);
    ck_assert_uint_eq(groups.count, 2);
    check_text(groups.all[0], GROUP_OUTCOME, "failure");
    ck_assert_uint_eq(group_count(groups.all[0]), 3);
    check_text(groups.all[1], GROUP_OUTCOME, "unknown");
    ck_assert_uint_eq(group_count(groups.all[1]), 2);
    ck_assert_uint_eq(groups.totals[GROUP_STRAY], 5);
    groups_free(&groups);
}
END_TEST

START_TEST(sums_what_was_lost_and_counts_what_is_foreign)
{
    struct groups groups;
    groups_start(&groups, group_bys, &everything, GROUPS_MAX);
    take(&groups,
         "{\"event\":{\"module\":\"astray\"},\"astray\":{\"suppressed\":7,\"dropped\":1}}");
    take(&groups,
         "{\"event\":{\"type\":" START ",\"module\":\"astray\"},\"astray\":{\"suppressed\":3}}");
    take(&groups, "plain text");
    take(&groups, "%s", "");
    groups_take(&groups, SLICE("{\"event\":{\"mod"), false);
    groups_finish(&groups);
    ck_assert_uint_eq(groups.suppressed, 10);
    ck_assert_uint_eq(groups.dropped, 1);
    ck_assert_uint_eq(groups.foreign, 1);
    ck_assert_uint_eq(groups.cut_off, 1);
    ck_assert_uint_eq(groups.totals[GROUP_STRAY], 1); /* what only tells of losses is no attempt */
    groups_free(&groups);
}
END_TEST

START_TEST(merged_parts_equal_the_whole)
{
    static const char *const programs[] = {"curl", "wget", "nc", "ab", "python3"};
    struct groups whole, parts[3];
    groups_start(&whole, group_bys, &everything, GROUPS_MAX);
    groups_start(&parts[0], group_bys, &everything, GROUPS_MAX);
    for (int i = 1; i < 3; i++)
        groups_start_alike(&parts[i], &parts[0]);
    for (int i = 0; i < 300; i++) {
        char time[48];
        snprintf(time, sizeof time, "%02d:%02d:%02d", i % 24, i % 60, i % 59);
        const char *type = i % 3 == 0 ? START : i % 3 == 1 ? END : BOTH;
        const char *program = programs[i % 7 < 5 ? i % 7 : 0];
        take_attempt(&whole, time, type, "detected", i % 2 ? "failure" : "success", program);
        take_attempt(&parts[i / 100], time, type, "detected", i % 2 ? "failure" : "success",
                     program);
    }
    groups_merge(&parts[0], &parts[1]);
    groups_merge(&parts[0], &parts[2]);
    groups_finish(&parts[0]);
    groups_finish(&whole);
    ck_assert_uint_eq(parts[0].count, whole.count);
    ck_assert_uint_eq(parts[0].totals[GROUP_STRAY], whole.totals[GROUP_STRAY]);
    ck_assert_uint_eq(parts[0].first, whole.first);
    ck_assert_uint_eq(parts[0].last, whole.last);
    for (size_t i = 0; i < whole.count; i++) {
        const struct group *a = parts[0].all[i], *b = whole.all[i];
        ck_assert_uint_eq(a->folded, b->folded);
        ck_assert(slice_equal(a->texts[GROUP_PROGRAM], b->texts[GROUP_PROGRAM]));
        ck_assert_uint_eq(a->attempts, b->attempts);
        ck_assert_uint_eq(a->outcomes, b->outcomes);
        ck_assert_uint_eq(a->succeeded, b->succeeded);
        ck_assert_uint_eq(a->first, b->first);
        ck_assert_uint_eq(a->last, b->last);
    }
    groups_free(&parts[0]);
    groups_free(&whole);
}
END_TEST

START_TEST(merging_folds_but_loses_nothing)
{
    struct groups groups, other;
    groups_start(&groups, group_bys, &everything, 3);
    groups_start_alike(&other, &groups);
    for (int i = 0; i < 40; i++) {
        char program[32];
        snprintf(program, sizeof program, "program%d", i % 20);
        take_attempt(i % 3 == 0 ? &groups : &other, "08:00:00", START, "detected", "unknown",
                     program);
    }
    groups_merge(&groups, &other);
    groups_finish(&groups);
    ck_assert_uint_eq(groups.count, 4);
    ck_assert(groups.all[3]->folded);
    ck_assert_uint_eq(groups.totals[GROUP_STRAY], 40);
    groups_free(&groups);
}
END_TEST

START_TEST(long_texts_take_no_memory)
{
    static char line[70000];
    struct groups groups;
    groups_start(&groups, group_bys, &everything, GROUPS_MAX);
    int length = sprintf(line, "{\"event\":{\"module\":\"astray\",\"type\":" START
                               "},\"process\":{\"name\":\"");
    memset(line + length, 'x', 60000);
    length += 60000;
    length += sprintf(line + length, "\"}}");
    groups_take(&groups, (struct slice){line, (size_t)length}, true);
    groups_finish(&groups);
    check_text(groups.all[0], GROUP_PROGRAM, "...");
    groups_free(&groups);
}
END_TEST

/* ---- histograms ------------------------------------------------------- */

static uint64_t sum(const struct histogram *histogram)
{
    uint64_t total = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        total += histogram->counts[i];
    return total;
}

START_TEST(histograms_lose_nothing_in_any_order)
{
    uint64_t state = 7;
    for (int round = 0; round < 200; round++) {
        struct histogram one = {.used = 0}, two = {.used = 0};
        uint64_t first = UINT64_MAX, last = 0, columns[24], total = 0;
        uint64_t spread = UINT64_C(1) << (round % 50);
        for (int i = 0; i < 100; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            uint64_t time = UINT64_C(1789978442123456) + (state >> 11) % spread;
            first = time < first ? time : first;
            last = time > last ? time : last;
            histogram_add(i % 2 == 0 ? &one : &two, time, 1);
        }
        histogram_merge(&one, &two);
        ck_assert_uint_eq(sum(&one), 100);
        histogram_spread(&one, first, last, columns, 24);
        for (size_t i = 0; i < 24; i++)
            total += columns[i];
        ck_assert_uint_eq(total, 100);
    }
}
END_TEST

START_TEST(histograms_tell_early_from_late)
{
    struct histogram histogram = {.used = 0};
    uint64_t columns[4], hour = UINT64_C(3600000000), base = UINT64_C(1789978442123456);
    histogram_add(&histogram, base + 3 * hour, 5);
    histogram_add(&histogram, base, 1);
    histogram_add(&histogram, base + hour * 7 / 4, 2);
    histogram_spread(&histogram, base, base + 3 * hour, columns, 4);
    ck_assert_uint_eq(columns[0], 1);
    ck_assert_uint_eq(columns[1], 0);
    ck_assert_uint_eq(columns[2], 2);
    ck_assert_uint_eq(columns[3], 5);
}
END_TEST

static const TTest *const tests[] = {
    counts_attempts_once_and_their_outcomes,
    a_blocked_attempt_is_not_unknown,
    keeps_stray_failed_and_misconfigured_apart,
    a_failure_followed_by_a_success_to_the_same_name_is_folded_away,
    sorts_by_count_and_then_by_text,
    folds_what_is_too_much,
    names_the_script_and_not_the_shell,
    prefers_the_variable_over_the_argument_it_became,
    one_script_run_many_times_is_one_group,
    filters_by_time_and_run,
    groups_by_outcome_count_each_attempt_once,
    sums_what_was_lost_and_counts_what_is_foreign,
    merged_parts_equal_the_whole,
    merging_folds_but_loses_nothing,
    long_texts_take_no_memory,
    histograms_lose_nothing_in_any_order,
    histograms_tell_early_from_late,
};

UNIT_MAIN("groups", tests)
