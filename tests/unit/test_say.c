#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"
#include "say.h"

/* What PRINT writes of LENGTH bytes of TEXT; owned by the caller. */
static char *printed(size_t print(FILE *, struct slice), const char *text, size_t length,
                     size_t *columns)
{
    char *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);
    ck_assert_ptr_nonnull(stream);
    *columns = print(stream, (struct slice){guard_copy(text, length), length});
    ck_assert_int_eq(fclose(stream), 0);
    return out;
}

START_TEST(nothing_raw_reaches_a_terminal)
{
    static const struct {
        const char *text;
        size_t length;
        const char *wanted;
        size_t columns;
        const char *why;
    } rows[] = {
        {"", 0, "", 0, "nothing"},
        {"plain text", 10, "plain text", 10, "plain text"},
        {"\n\t\r", 3, "\\n\\t\\r", 6, "the named ones"},
        {"\033[31m", 5, "\\x1b[31m", 8, "an escape sequence"},
        {"a\0b", 3, "a\\x00b", 6, "NUL"},
        {"\177", 1, "\\x7f", 4, "DEL"},
        {"gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f", 4, "UTF-8"},
        {"\xe6\xbc\xa2", 3, "\xe6\xbc\xa2", 2, "a wide character"},
        {"e\xcc\x81", 3, "e\xcc\x81", 1, "a combining one"},
        {"\xc2\x9b", 2, "\\u009b", 6, "C1: CSI in one character"},
        {"\x9b", 1, "\\x9b", 4, "the same as a byte"},
        {"\xe2\x80\xae", 3, "\\u202e", 6, "right-to-left override"},
        {"\xe2\x81\xa6", 3, "\\u2066", 6, "an isolate"},
        {"\xe2\x80\x8b", 3, "\\u200b", 6, "no width"},
        {"\xef\xbb\xbf", 3, "\\ufeff", 6, "a byte order mark"},
        {"\xf3\xa0\x80\x81", 4, "\\U000e0001", 10, "a tag character"},
        {"\xc0\xaf", 2, "\\xc0\\xaf", 8, "an over-long slash"},
        {"\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf", 12, "a longer one"},
        {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80", 12, "a surrogate"},
        {"\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80", 16, "above the last code point"},
        {"\xc3", 1, "\\xc3", 4, "cut off"},
        {"\xe6\xbc", 2, "\\xe6\\xbc", 8, "cut off later"},
        {"\xff\xfe", 2, "\\xff\\xfe", 8, "never in UTF-8"},
        {"a\"\\", 3, "a\"\\", 3, "quotes stay"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t columns;
        char *out = printed(say_printable, rows[i].text, rows[i].length, &columns);
        ck_assert_msg(strcmp(out, rows[i].wanted) == 0, "%s: %s", rows[i].why, out);
        ck_assert_msg(columns == rows[i].columns, "%s: %zu", rows[i].why, columns);
        free(out);
    }
}
END_TEST

START_TEST(every_byte_is_printable_afterwards)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        size_t columns;
        char *out = printed(say_printable, (const char[]){(char)byte}, 1, &columns);
        for (const char *c = out; *c != '\0'; c++)
            ck_assert_msg(*c >= 0x20 && *c < 0x7f, "byte %u", byte);
        ck_assert_uint_eq(columns, strlen(out));
        free(out);
    }
}
END_TEST

START_TEST(quotes_are_escaped_within_quotes)
{
    size_t columns;
    char *out = printed(say_quoted, "a\"b\\\n", 5, &columns);
    ck_assert_str_eq(out, "\"a\\\"b\\\\\\n\"");
    ck_assert_uint_eq(columns, 10);
    free(out);
}
END_TEST

/* What CALL writes to standard error. */
static const char *told(void call(void))
{
    static char out[512];
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    ck_assert(file != NULL && before >= 0);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    call();
    ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
    close(before);
    rewind(file);
    size_t length = fread(out, 1, sizeof out - 1, file);
    out[length] = '\0';
    fclose(file);
    return out;
}

static void tell_input(void)
{
    say_error("--mode", "f\"o\033o", "is not known");
}

static void tell_no_input(void)
{
    say_errno("run", NULL, 2);
}

static void tell_note(void)
{
    say_note("%d of %s", 3, "them");
}

START_TEST(a_message_names_what_failed_the_input_and_the_reason)
{
    ck_assert_str_eq(told(tell_input), "astray: --mode: \"f\\\"o\\x1bo\": is not known\n");
    ck_assert_str_eq(told(tell_no_input), "astray: run: No such file or directory\n");
    ck_assert_str_eq(told(tell_note), "astray: 3 of them\n");
}
END_TEST

START_TEST(color_is_for_terminals_unless_it_is_asked_for)
{
    FILE *file = tmpfile();
    setenv("TERM", "xterm", 1);
    ck_assert(!say_colored(file, "auto"));
    ck_assert(say_colored(file, "always"));
    ck_assert(!say_colored(file, "never"));
    fclose(file);
    FILE *terminal = fopen("/dev/ptmx", "r+");
    if (terminal == NULL)
        return;
    unsetenv("NO_COLOR");
    ck_assert(say_colored(terminal, "auto"));
    setenv("NO_COLOR", "", 1);
    ck_assert(say_colored(terminal, "auto"));
    setenv("NO_COLOR", "1", 1);
    ck_assert(!say_colored(terminal, "auto"));
    ck_assert(say_colored(terminal, "always"));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    ck_assert(!say_colored(terminal, "auto"));
    unsetenv("TERM");
    ck_assert(!say_colored(terminal, "auto"));
    fclose(terminal);
}
END_TEST

START_TEST(columns_wins_and_eighty_is_the_guess)
{
    static const struct {
        const char *columns;
        unsigned width;
    } rows[] = {{"132", 132}, {"1", 1}, {"0", 80}, {"-3", 80}, {"x", 80}, {"", 80}, {"99999", 80}};
    FILE *file = tmpfile();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv("COLUMNS", rows[i].columns, 1);
        ck_assert_uint_eq(say_width(file), rows[i].width);
    }
    unsetenv("COLUMNS");
    ck_assert_uint_eq(say_width(file), 80);
    fclose(file);
}
END_TEST

static const TTest *const tests[] = {
    nothing_raw_reaches_a_terminal,
    every_byte_is_printable_afterwards,
    quotes_are_escaped_within_quotes,
    a_message_names_what_failed_the_input_and_the_reason,
    color_is_for_terminals_unless_it_is_asked_for,
    columns_wins_and_eighty_is_the_guess,
};

UNIT_MAIN("say", tests)
