#include "summary.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define LINE(program, run)                                                                         \
    "{\"@timestamp\":\"2026-09-21T08:14:02Z\",\"event\":{\"type\":[\"connection\",\"start\","      \
    "\"end\"],"                                                                                    \
    "\"module\":\"astray\",\"action\":\"detected\",\"outcome\":\"failure\"},"                      \
    "\"error\":{\"type\":\"ECONNREFUSED\"},\"destination\":{\"address\":\"0\",\"ip\":\"0.0.0.0\"," \
    "\"port\":80},\"process\":{\"name\":\"" program "\",\"parent\":{\"name\":\"deploy.sh\"}},"     \
    "\"astray\":{\"class\":\"unspecified\",\"origin\":[\"env:API_ADDR@deploy.sh[4710]\"],"         \
    "\"listeners\":[\"[::1]:80\"],\"run\":\"" run "\"}}\n"

static char path[64];

static void make_log(void)
{
    strcpy(path, "/tmp/astray-summary-XXXXXX");
    int descriptor = mkstemp(path);
    ck_assert_int_ge(descriptor, 0);
    close(descriptor);
}

static uint64_t write_log(const char *text)
{
    FILE *file = fopen(path, "a");
    fputs(text, file);
    uint64_t size = (uint64_t)ftell(file);
    fclose(file);
    return size;
}

static int print(const struct summary_request *request, char *text, size_t size,
                 struct summary_result *result)
{
    memset(text, 0, size);
    FILE *stream = fmemopen(text, size, "w");
    int error = summary_print_run(request, stream, result);
    fclose(stream);
    return error;
}

START_TEST(tells_only_of_this_run)
{
    static const char wanted[] =
        "astray: 2 connections went astray\n"
        "  0.0.0.0:80 (written \"0\") by curl in deploy.sh, connection refused, 2 times\n"
        "    from API_ADDR, set in deploy.sh[4710]\n"
        "    the server listens on [::1]:80 only, not on 127.0.0.1:80, where 0.0.0.0\n"
        "    leads\n"
        "    fix: give API_ADDR in deploy.sh a real host: \"0\" is 0.0.0.0, the address to\n"
        "         bind, no destination; write localhost or the server's name\n";
    char text[4096];
    struct summary_result result;
    make_log();
    write_log(LINE("curl", "mine")); /* an earlier run with the same label */
    uint64_t offset = write_log("not a record\n");
    write_log(LINE("curl", "mine") LINE("wget", "other") LINE("curl", "mine"));
    struct summary_request request = {
        .path = path, .offset = offset, .run = "mine", .top = 5, .width = 80};
    ck_assert_int_eq(print(&request, text, sizeof text, &result), 0);
    ck_assert_str_eq(text, wanted);
    ck_assert_uint_eq(result.stray, 2);
    ck_assert_uint_eq(result.failed, 0);

    request.offset = 100000; /* the log was replaced: all of it is new */
    ck_assert_int_eq(summary_print_run(&request, NULL, &result), 0);
    ck_assert_uint_eq(result.stray, 3);
    unlink(path);
}
END_TEST

START_TEST(names_what_it_leaves_out)
{
    char text[4096], wanted[256];
    struct summary_result result;
    make_log();
    write_log(LINE("curl", "r1") LINE("curl", "r1") LINE("wget", "r1") LINE("nc", "r1"));
    struct summary_request request = {.path = path, .run = "r1", .top = 1, .width = 80};
    ck_assert_int_eq(print(&request, text, sizeof text, &result), 0);
    snprintf(wanted, sizeof wanted, "astray: 2 more findings: astray summary --run r1 %s\n", path);
    ck_assert_ptr_nonnull(strstr(text, wanted));
    ck_assert_ptr_null(strstr(text, "wget"));
    ck_assert_uint_eq(result.stray, 4);
    unlink(path);
}
END_TEST

START_TEST(says_nothing_when_there_is_nothing)
{
    char text[256];
    struct summary_result result;
    struct summary_request request = {.path = "/proc/self/none.ndjson", .top = 5, .width = 80};
    ck_assert_int_eq(print(&request, text, sizeof text, &result), 0);
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(result.stray, 0);
    request.path = "/";
    ck_assert_int_lt(print(&request, text, sizeof text, &result), 0);
}
END_TEST

static const TTest *const tests[] = {
    tells_only_of_this_run,
    names_what_it_leaves_out,
    says_nothing_when_there_is_nothing,
};

UNIT_MAIN("summary", tests)
