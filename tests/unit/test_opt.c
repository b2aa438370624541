#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <astray/text.h>

#include "opt.h"

/* ---- two commands of our own -------------------------------------------- */

static bool more(size_t index, struct option_row *out)
{
    static const struct option_row rows[] = {
        {.name = "log_limit", .value = "SIZE", .summary = "how large", .initial = "1G"},
        {.name = "mode", .value = "MODE", .choices = "audit|block", .summary = "what happens"},
    };
    if (index >= sizeof rows / sizeof *rows)
        return false;
    *out = rows[index];
    return true;
}

static const struct option_row own[] = {
    {.name = "quiet", .letter = 'q', .summary = "say nothing"},
    {.name = "verbose", .letter = 'v', .summary = "say more"},
    {.name = "top", .letter = 'n', .value = "NUMBER", .summary = "how many"},
    {0},
};

static const struct command_example examples[] = {{"astray list -q", "a list"}, {0}};

static const struct command list = {
    .name = "list",
    .operands = "[FILE...]",
    .summary = "list things",
    .options = own,
    .more_options = more,
    .examples = examples,
};
static const struct command start = {
    .name = "start",
    .operands = "COMMAND",
    .summary = "start things",
    .options = own,
    .stop_at_operand = true,
};
static const struct command bare = {.name = "bare", .operands = "", .summary = "nothing to choose"};

const struct command *const commands[] = {&list, &start, &bare, NULL};

/* ---- parsing ------------------------------------------------------------ */

enum { WORDS = 8 };

/* Everything that a command line comes to, as text: "quiet top=3 | a b". */
static const char *parsed(const struct command *command, const char *const words[WORDS])
{
    static char out[256];
    char *argv[WORDS + 1] = {NULL};
    int argc = 0;
    for (; argc < WORDS && words[argc] != NULL; argc++)
        argv[argc] = strdup(words[argc]);
    struct text text;
    struct opt opt;
    const struct option_row *option;
    char *all[WORDS];
    memcpy(all, argv, sizeof all);
    text_start(&text, out, sizeof out);
    opt_start(&opt, command, argc, argv);
    while ((option = opt_next(&opt)) != NULL && option != OPT_BAD && option != OPT_HELP) {
        text_string(&text, option->name);
        text_string(&text, opt.value != NULL ? "=" : "");
        text_string(&text, opt.value != NULL ? opt.value : "");
        text_char(&text, ' ');
    }
    text_string(&text, option == OPT_BAD ? "bad" : option == OPT_HELP ? "help" : "|");
    for (int i = command->stop_at_operand ? opt.at : 0;
         option == NULL && i < (command->stop_at_operand ? argc : opt.operands); i++) {
        text_char(&text, ' ');
        text_string(&text, argv[i]);
    }
    for (int i = 0; i < argc; i++)
        free(all[i]);
    return text_finish(&text);
}

static const struct {
    const struct command *command;
    const char *words[WORDS], *wanted, *why;
} lines[] = {
    {&list, {0}, "|", "nothing"},
    {&list, {"a", "b"}, "| a b", "operands"},
    {&list, {"--quiet", "a"}, "quiet | a", "a flag"},
    {&list, {"a", "--quiet", "b", "-v", "c"}, "quiet verbose | a b c", "options among operands"},
    {&list, {"--top", "3", "a"}, "top=3 | a", "a value"},
    {&list, {"--top=3"}, "top=3 |", "in one word"},
    {&list, {"--top="}, "top= |", "an empty value"},
    {&list, {"--top", ""}, "top= |", "an empty value in a word of its own"},
    {&list, {"--top", "--quiet"}, "top=--quiet |", "a value that looks like an option"},
    {&list, {"--top=a=b"}, "top=a=b |", "the first = counts"},
    {&list, {"-n", "3"}, "top=3 |", "a letter"},
    {&list, {"-n3"}, "top=3 |", "in one word"},
    {&list, {"-n=3"}, "top==3 |", "a letter takes no ="},
    {&list, {"-qv"}, "quiet verbose |", "a cluster"},
    {&list, {"-qn3", "a"}, "quiet top=3 | a", "a cluster that ends in a value"},
    {&list, {"-qn", "3"}, "quiet top=3 |", "with the value behind it"},
    {&list, {"--log-limit", "5"}, "log_limit=5 |", "a made row"},
    {&list, {"--log_limit=5"}, "log_limit=5 |", "an underscore is as good"},
    {&list, {"--mode=block"}, "mode=block |", "a choice"},
    {&list, {"--mode=bloc"}, "bad", "not a choice"},
    {&list, {"--mode=audit|block"}, "bad", "all the choices are none"},
    {&list, {"--mode="}, "bad", "an empty choice"},
    {&list, {"--", "-q", "--top"}, "| -q --top", "operands behind --"},
    {&list, {"a", "--", "--", "-q"}, "| a -- -q", "only the first -- counts"},
    {&list, {"-"}, "| -", "a dash is an operand"},
    {&list, {""}, "| ", "the empty operand"},
    {&list, {"--quiet=1"}, "bad", "a flag with a value"},
    {&list, {"--top"}, "bad", "a value is missing"},
    {&list, {"-n"}, "bad", "a value is missing behind a letter"},
    {&list, {"--quie"}, "bad", "no abbreviations"},
    {&list, {"--"}, "|", "nothing behind --"},
    {&list, {"--=3"}, "bad", "no name"},
    {&list, {"-x"}, "bad", "an unknown letter"},
    {&list, {"-qx"}, "quiet bad", "an unknown letter in a cluster"},
    {&list, {"--help"}, "help", "--help"},
    {&list, {"-q", "-h", "-x"}, "quiet help", "-h, and nothing behind it"},
    {&list, {"--help=1"}, "bad", "--help takes no value"},
    {&start, {"-q", "make", "-v", "--", "x"}, "quiet | make -v -- x", "what follows is not ours"},
    {&start, {"--", "-q"}, "| -q", "-- in front of a command"},
    {&start, {"-q", "--", "make"}, "quiet | make", "-- behind options"},
    {&start, {"make", "--help"}, "| make --help", "the command's own --help"},
    {&start, {"-q"}, "quiet |", "no command"},
    {&bare, {"--help"}, "help", "a command without options has --help"},
    {&bare, {"--quiet"}, "bad", "and nothing else"},
};

/* Takes what is printed out of the way. */
static FILE *redirect(int descriptor, int *before)
{
    FILE *file = tmpfile();
    fflush(stdout);
    *before = dup(descriptor);
    ck_assert(file != NULL && *before >= 0);
    ck_assert_int_ge(dup2(fileno(file), descriptor), 0);
    return file;
}

static const char *restore(FILE *file, int descriptor, int before)
{
    static char out[4096];
    fflush(stdout);
    ck_assert_int_ge(dup2(before, descriptor), 0);
    close(before);
    rewind(file);
    size_t length = fread(out, 1, sizeof out - 1, file);
    out[length] = '\0';
    fclose(file);
    return out;
}

START_TEST(reads_command_lines)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int out, err;
        FILE *stdout_file = redirect(STDOUT_FILENO, &out);
        FILE *stderr_file = redirect(STDERR_FILENO, &err);
        const char *got = parsed(lines[i].command, lines[i].words);
        bool told = *restore(stderr_file, STDERR_FILENO, err) != '\0';
        bool printed = *restore(stdout_file, STDOUT_FILENO, out) != '\0';
        ck_assert_msg(strcmp(got, lines[i].wanted) == 0, "%s: %s", lines[i].why, got);
        ck_assert_msg(told == (strstr(got, "bad") != NULL), "%s: told", lines[i].why);
        ck_assert_msg(printed == (strstr(got, "help") != NULL && strchr(got, '|') == NULL),
                      "%s: printed", lines[i].why);
    }
}
END_TEST

START_TEST(mistakes_are_told_with_a_way_out)
{
    static const struct {
        const char *word, *message;
    } rows[] = {
        {"--qiuet", "astray: list: \"--qiuet\": is no option; did you mean --quiet?\n"},
        {"--log-limt=3",
         "astray: list: \"--log-limt=3\": is no option; did you mean --log-limit?\n"},
        {"--mod", "astray: list: \"--mod\": is no option; did you mean --mode?\n"},
        {"--zebra", "astray: list: \"--zebra\": is no option; see astray list --help\n"},
        {"-z", "astray: list: \"-z\": is no option; see astray list --help\n"},
        {"--mode=x", "astray: --mode: \"x\": is not one of audit, block\n"},
        {"--log-limit", "astray: --log-limit: needs a value\n"},
        {"--quiet=x", "astray: --quiet: \"x\": takes no value\n"},
        {"--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "astray: list: \"--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": is no option; "
         "see "
         "astray list --help\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *words[WORDS] = {rows[i].word};
        int before;
        FILE *file = redirect(STDERR_FILENO, &before);
        parsed(&list, words);
        ck_assert_str_eq(restore(file, STDERR_FILENO, before), rows[i].message);
    }
}
END_TEST

START_TEST(commands_are_found_and_guessed)
{
    static const struct {
        const char *name, *near;
    } rows[] = {
        {"lits", "list"}, {"lst", "list"}, {"sta", "start"}, {"strat", "start"}, {"lisst", "list"},
        {"zebra", NULL},  {"", NULL},      {"l", NULL},      {"xy", NULL},
    };
    ck_assert_ptr_eq(opt_command("list"), &list);
    ck_assert_ptr_null(opt_command("lis"));
    ck_assert_ptr_null(opt_command(""));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct command *near = opt_command_near(rows[i].name);
        ck_assert_msg((near == NULL) == (rows[i].near == NULL), "%s", rows[i].name);
        if (near != NULL)
            ck_assert_str_eq(near->name, rows[i].near);
    }
}
END_TEST

START_TEST(rows_come_from_both_tables_and_help_is_the_last)
{
    static const char *const names[] = {"quiet", "verbose", "top", "log_limit", "mode", "help"};
    struct option_row row;
    size_t count = 0;
    for (; opt_row(&list, count, &row); count++)
        ck_assert_str_eq(row.name, names[count]);
    ck_assert_uint_eq(count, sizeof names / sizeof *names);
    ck_assert(opt_row(&bare, 0, &row) && strcmp(row.name, "help") == 0);
    ck_assert(!opt_row(&bare, 1, &row));
    ck_assert(!opt_row(&list, 1000, &row));
}
END_TEST

START_TEST(help_names_every_option_within_eighty_columns)
{
    int before;
    FILE *file = redirect(STDOUT_FILENO, &before);
    opt_print_help(&list);
    const char *help = restore(file, STDOUT_FILENO, before);
    static const char *const parts[] = {
        "Usage: astray list [OPTIONS] [FILE...]\n",
        "  -q, --quiet",
        "  -n, --top NUMBER",
        "      --log-limit SIZE",
        "how large (default 1G)",
        "audit, block",
        "  -h, --help",
        "astray list -q",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(help, parts[i]) != NULL, "%s", parts[i]);
    for (const char *line = help; *line != '\0'; line += strcspn(line, "\n") + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 80);
}
END_TEST

START_TEST(text_is_wrapped_between_words)
{
    static const struct {
        const char *text;
        unsigned column, width;
        const char *wanted;
    } rows[] = {
        {"one two three", 0, 80, "one two three\n"},
        {"one two three", 0, 7, "one two\n  three\n"},
        {"one two three", 4, 7, "one\n  two\n  three\n"},
        {"a-very-long-word b", 0, 7, "a-very-long-word\n  b\n"},
        {"one\n  two", 0, 80, "one two\n"},
        {"", 0, 80, "\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int before;
        FILE *file = redirect(STDOUT_FILENO, &before);
        opt_print_wrapped(rows[i].text, rows[i].column, 2, rows[i].width);
        ck_assert_str_eq(restore(file, STDOUT_FILENO, before), rows[i].wanted);
    }
}
END_TEST

static const TTest *const tests[] = {
    reads_command_lines,
    mistakes_are_told_with_a_way_out,
    commands_are_found_and_guessed,
    rows_come_from_both_tables_and_help_is_the_last,
    help_names_every_option_within_eighty_columns,
    text_is_wrapped_between_words,
};

UNIT_MAIN("opt", tests)
