#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coverage.h"
#include "uncovered.h"

#define LINE(reason, process, program, run)                                                        \
    "{\"@timestamp\":\"2026-09-21T08:14:02.123456Z\",\"event\":{\"kind\":\"event\",\"type\":["     \
    "\"info\"],\"module\":\"astray\",\"action\":\"uncovered\",\"reason\":\"" reason                \
    "\"},\"process\":{\"name\":\"" process "\"},\"astray\":{\"program\":\"" program                \
    "\",\"run\":\"" run "\"}}\n"

/* What is printed of LOG, from OFFSET on. */
static const char *printed(const char *log, size_t offset, const char *run)
{
    static char out[4096];
    char path[] = "/tmp/uncovered.XXXXXX";
    int descriptor = mkstemp(path);
    struct uncovered uncovered;
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(write(descriptor, log, strlen(log)), (ssize_t)strlen(log));
    close(descriptor);
    memset(out, 0, sizeof out);
    FILE *stream = fmemopen(out, sizeof out - 1, "w");
    uncovered_start(&uncovered, run);
    ck_assert_int_eq(uncovered_read(&uncovered, path, offset), 0);
    uncovered_print(&uncovered, stream, 80);
    uncovered_free(&uncovered);
    fclose(stream);
    unlink(path);
    return out;
}

START_TEST(names_each_program_with_its_reason_and_count)
{
    static const struct {
        const char *log, *wanted, *why;
    } rows[] = {
        {"", "", "nothing"},
        {LINE("static", "sh", "/opt/backup", "r"), "astray: not covered: backup (static)\n", "one"},
        {LINE("static", "sh", "/opt/backup", "r") LINE("set-id", "sh", "/bin/ping", "r")
             LINE("static", "cron", "backup", "r"),
         "astray: not covered: backup (static), 2 times; ping (set-id)\n",
         "two, whoever started them"},
        {LINE("unreadable", "sh", "/opt/x", "r"),
         "astray: unknown whether covered: x (may not be read)\n", "what cannot be known"},
        {LINE("deepbind", "php", "curl.so", "r") LINE("deepbind", "php", "a.so", "r"),
         "astray: plug-ins not covered, loaded by php, 2 times; --deepbind strip covers\n"
         "        them\n",
         "plug-ins, by their program"},
        {LINE("new", "sh", "/opt/x", "r"), "astray: not covered: x (new)\n",
         "a reason that is not known here"},
        {LINE("static", "sh", "/opt/x", "another"), "", "another run"},
        {LINE("static", "sh", "/opt/", "r"), "", "no name"},
        {LINE("static", "sh", "/opt/a\\u001b[31m", "r"),
         "astray: not covered: a\\x1b[31m (static)\n", "control bytes reach no terminal"},
        {"{\"event\":{\"module\":\"astray\",\"action\":\"detected\",\"reason\":\"unspecified\"},"
         "\"astray\":{\"run\":\"r\"}}\nno record\n",
         "", "other lines"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *out = printed(rows[i].log, 0, "r");
        ck_assert_msg(strcmp(out, rows[i].wanted) == 0, "%s: %s", rows[i].why, out);
    }
}
END_TEST

START_TEST(reads_what_was_added_and_all_of_a_log_that_was_replaced)
{
    static const char before[] = LINE("static", "sh", "/opt/old", "r");
    static const char log[] =
        LINE("static", "sh", "/opt/old", "r") LINE("static", "sh", "/opt/new", "r");
    ck_assert_str_eq(printed(log, strlen(before), "r"), "astray: not covered: new (static)\n");
    ck_assert_str_eq(printed(log, sizeof log + 100, "r"),
                     "astray: not covered: old (static); new (static)\n");
    ck_assert_str_eq(printed(log, 0, NULL), "astray: not covered: old (static); new (static)\n");
}
END_TEST

START_TEST(programs_that_are_too_many_are_counted)
{
    static char log[(UNCOVERED_MAX + 3) * 400];
    struct uncovered uncovered;
    for (int i = 0; i < UNCOVERED_MAX + 2; i++)
        snprintf(log + strlen(log), 400, LINE("static", "sh", "/opt/p%d", "r"), i);
    const char *out = printed(log, 0, "r");
    ck_assert(strstr(out, "p63 (static)") != NULL);
    ck_assert(strstr(out, "p64 (static)") == NULL);
    ck_assert(strstr(out, "; and 2") != NULL);
    uncovered_start(&uncovered, NULL);
    ck_assert_int_eq(uncovered_read(&uncovered, "/nonexistent/log", 0), -2);
    uncovered_free(&uncovered);
}
END_TEST

/* `astray status` and the records speak of the same. */
START_TEST(reasons_are_those_of_status)
{
    static const char *const names[] = {"go",   "static",  "set-id",    "machine",
                                        "libc", "cleared", "unreadable"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int found = 0;
        for (int reason = 0; reason < COVERAGE_REASON_COUNT; reason++)
            found += strcmp(coverage_name((enum coverage_reason)reason), names[i]) == 0;
        ck_assert_msg(found == 1, "%s", names[i]);
    }
}
END_TEST

static const TTest *const tests[] = {
    names_each_program_with_its_reason_and_count,
    reads_what_was_added_and_all_of_a_log_that_was_replaced,
    programs_that_are_too_many_are_counted,
    reasons_are_those_of_status,
};

UNIT_MAIN("uncovered", tests)
