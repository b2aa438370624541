#include "unit.h"

#include <string.h>

#include <astray/script.h>

#include "guard.h"

START_TEST(parses_the_line_as_linux_does)
{
    static const struct {
        const char *text, *interpreter, *argument, *why;
    } rows[] = {
        {"#!/bin/sh\n", "/bin/sh", "", "the usual"},
        {"#!/bin/sh", "/bin/sh", "", "no end of line"},
        {"#! \t/bin/sh -e\n", "/bin/sh", "-e", "blanks before it"},
        {"#!/usr/bin/env -S a b  c \t\nrest", "/usr/bin/env", "-S a b  c", "one argument only"},
        {"#!/bin/sh\r\n", "/bin/sh", "", "a carriage return is left out, as a blank"},
        {"#!\n", NULL, NULL, "no interpreter"},
        {"#!   \n/bin/sh\n", NULL, NULL, "blanks only"},
        {"#", NULL, NULL, "half of it"},
        {"", NULL, NULL, "nothing"},
        {" #!/bin/sh\n", NULL, NULL, "not at the start"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct script script;
        size_t length = strlen(rows[i].text);
        bool read = script_parse(guard_copy(rows[i].text, length), length, &script);
        ck_assert_msg(read == (rows[i].interpreter != NULL), "%s", rows[i].why);
        if (!read)
            continue;
        ck_assert_str_eq(script.interpreter, rows[i].interpreter);
        ck_assert_str_eq(script.argument, rows[i].argument);
    }
}
END_TEST

START_TEST(a_name_that_is_cut_off_is_none)
{
    char text[300];
    struct script script;
    memset(text, 'x', sizeof text);
    memcpy(text, "#!/", 3);
    ck_assert(!script_parse(text, sizeof text, &script));
    ck_assert(script_parse(text, 255, &script));
    text[200] = ' ';
    ck_assert(script_parse(text, sizeof text, &script));
    ck_assert_uint_eq(strlen(script.interpreter), 198);
    ck_assert(!script_parse("#!\0/bin/sh\n", 11, &script));
}
END_TEST

START_TEST(finds_the_program_behind_env)
{
    static const struct {
        const char *argument, *program;
        bool clears;
        const char *why;
    } rows[] = {
        {"python3", "python3", false, "the usual"},
        {"python3 -u", "python3 -u", false, "without -S it is one word, and no program"},
        {"-S python3 -u", "python3", false, "-S"},
        {"-Spython3 -u", "python3", false, "-S with its word"},
        {"-S A=1 B=2 perl -w", "perl", false, "assignments"},
        {"-S -i perl", "perl", true, "-i"},
        {"-iS perl", "perl", true, "a cluster"},
        {"-vS -u PATH -C /tmp perl", "perl", false, "options with a value"},
        {"-S -uPATH perl", "perl", false, "a value in the same word"},
        {"-S - perl", "perl", true, "a dash means -i"},
        {"-S --ignore-environment perl", "perl", true, "the long option"},
        {"--split-string=perl -w", "perl", false, "the long -S"},
        {"--split-string=-i perl -w", "perl", true, "an option in it"},
        {"-i", NULL, false, "an option only"},
        {"-i perl", NULL, false, "no -S: one argument, which is no program"},
        {"A=1", NULL, false, "an assignment only"},
        {"-S", NULL, false, "nothing behind it"},
        {"-S -u", NULL, false, "a value is missing"},
        {"", NULL, false, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char program[256];
        bool clears = false;
        bool read = script_parse_env(rows[i].argument, program, &clears);
        ck_assert_msg(read == (rows[i].program != NULL), "%s", rows[i].why);
        if (!read)
            continue;
        ck_assert_str_eq(program, rows[i].program);
        ck_assert_msg(clears == rows[i].clears, "%s", rows[i].why);
    }
}
END_TEST

static const TTest *const tests[] = {
    parses_the_line_as_linux_does,
    a_name_that_is_cut_off_is_none,
    finds_the_program_behind_env,
};

UNIT_MAIN("script", tests)
