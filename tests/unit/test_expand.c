#include "expand.h"

#include <stdio.h>
#include <string.h>

#include "guard.h"
#include "unit.h"

/* In rows, <d...> stands for a mark of dialect d, '?' in a result for what nobody knows, '!' for an
 * unset variable. */
static size_t mark(const char *text, char *out)
{
    size_t length = 0;
    for (; *text != '\0'; text++)
        out[length++] = *text == '<' ? SCAN_OPEN : *text == '>' ? SCAN_CLOSE : *text;
    return length;
}

static void show(struct buffer *out)
{
    for (size_t i = 0; i < out->length; i++)
        out->data[i] = out->data[i] == EXPAND_UNKNOWN ? '?'
                       : out->data[i] == EXPAND_UNSET ? '!'
                                                      : out->data[i];
    buffer_finish(out);
}

struct row {
    const char *why, *text, *result;
};

static void check_rows(const struct row *rows, size_t count, const struct expand_values *file,
                       const struct expand_values *given)
{
    for (size_t i = 0; i < count; i++) {
        char marked[256];
        struct buffer out = {0};
        struct expand_result result;
        size_t length = mark(rows[i].text, marked);
        const char *copy = guard_copy(marked, length);
        expand_text(&out, (struct slice){.data = copy, .length = length}, file, given, &result);
        show(&out);
        ck_assert_msg(strcmp(out.data, rows[i].result) == 0, "%s: %s", rows[i].why, out.data);
        buffer_free(&out);
    }
}

#define ROWS(rows) rows, sizeof(rows) / sizeof *(rows)

START_TEST(a_shell_expands_as_posix_says)
{
    static const struct row rows[] = {
        {"a value", "<0A>", "a"},
        {"braces", "x<0{A}>y", "xay"},
        {"nothing sets it", "<0U>", "!"},
        {"a default", "<0{U:-d}>", "d"},
        {"a default that is not needed", "<0{A:-d}>", "a"},
        {"a default for an empty one", "<0{E:-d}>", "d"},
        {"- leaves an empty one alone", "<0{E-d}>", "!"},
        {"an empty default", "<0{U:-}>", "!"},
        {"a default in a default", "<0{U:-${V:-w}}>", "w"},
        {"a value in a default", "<0{U:-$A}>", "a"},
        {"quotes in a default", "<0{U:-\"d\"}>", "d"},
        {"an end when it is missing", "<0{U:?no}>", "?"},
        {"another word", "<0{A:+w}><0{U:+v}>", "w"},
        {"arithmetic on nothing", "<0((U))>", "!"},
        {"arithmetic on a number", "<0((N))><0((7))>",
         "42"
         "7"},
        {"arithmetic on a word is 0", "<0((A))>", "0"},
        {"other arithmetic", "<0((N + 1))>", "?"},
        {"a command", "<0(date)><0`date`>", "??"},
        {"arguments", "<01><0@><0{1:-d}>", "??d"},
        {"a length, an indirect one", "<0{#A}><0{!A}>", "??"},
        {"a cut value is not looked into", "<0{A%x}>", "?"},
        {"a cut unset one is empty all the same", "<0{U%x}>", "!"},
        {"what was set twice", "<0T>", "?"},
        {"what was tested", "<0G>", "?"},
        {"what is always set", "<0HOME>", "?"},
        {"an array", "<0{A[0]}>", "?"},
        {"nonsense", "<0><0{}><0{:-x}>", "???"},
    };
    struct expand_values values = {0};
    expand_set(&values, SLICE("A"), SLICE("a"), false);
    expand_set(&values, SLICE("E"), SLICE(""), false);
    expand_set(&values, SLICE("N"), SLICE("42"), false);
    expand_set(&values, SLICE("T"), SLICE("x"), false);
    expand_set(&values, SLICE("T"), SLICE("y"), false);
    expand_guard(&values, SLICE("G"));
    check_rows(ROWS(rows), &values, NULL);
    expand_free(&values);
}
END_TEST

START_TEST(each_dialect_expands_its_own_way)
{
    static const struct row rows[] = {
        {"compose makes an unknown one empty", "<2U><2{U:-d}>", "!d"},
        {"systemd's specifiers", "<3%H><3{A}>", "?a"},
        {"Kubernetes leaves what it does not know", "<4(U)><4(A)>", "$(U)a"},
        {"Kubernetes sets service links", "<4(REDIS_SERVICE_HOST)>", "?"},
        {"an env file leaves what it does not set", "<5{U}><5U><5{A}>", "${U}$Ua"},
        {"nginx knows at run time", "<6host><6A>", "?a"},
        {"a container's shell has other variables", "<1U><1{U:-d}>", "?d"},
    };
    struct expand_values values = {0};
    expand_set(&values, SLICE("A"), SLICE("a"), false);
    check_rows(ROWS(rows), &values, NULL);
    expand_free(&values);
}
END_TEST

START_TEST(what_ends_the_program_is_no_mistake)
{
    static const struct row rows[] = {{"set -u", "<0U>", "?"}};
    static const struct row sourced[] = {{"another file may set it", "<0U>", "?"}};
    struct expand_values values = {.strict = true};
    check_rows(ROWS(rows), &values, NULL);
    values = (struct expand_values){.sourced = true};
    check_rows(ROWS(sourced), &values, NULL);
}
END_TEST

START_TEST(given_values_are_taken_and_prove)
{
    struct expand_values file = {0}, given = {.source = "x.env"};
    struct buffer out = {0};
    struct expand_result result;
    char marked[64];
    expand_replace(&given, SLICE("Z"), SLICE("1"));
    expand_replace(&given, SLICE("Z"), SLICE("0"));
    size_t length = mark("a<0Z>b<0U>", marked);
    expand_text(&out, (struct slice){.data = marked, .length = length}, &file, &given, &result);
    ck_assert_uint_eq(result.zero_at, 1);
    ck_assert(slice_equal(result.zero, SLICE("Z")));
    ck_assert(slice_equal(result.unset, SLICE("U")));
    ck_assert_int_eq(result.proof, EXPAND_MISSING);
    ck_assert_str_eq(result.source, "x.env");
    given.complete = true;
    out.length = 0;
    expand_text(&out, (struct slice){.data = marked, .length = length}, &file, &given, &result);
    ck_assert_int_eq(result.proof, EXPAND_PROVEN);
    buffer_free(&out);
    expand_free(&given);
}
END_TEST

START_TEST(many_variables_are_kept_apart)
{
    struct expand_values values = {0};
    char name[16];
    struct slice text;
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "V%d", i);
        expand_set(&values, slice_of(name), slice_of(name + 1), false);
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "V%d", i);
        ck_assert(expand_get(&values, slice_of(name), &text));
        ck_assert(slice_equal(text, slice_of(name + 1)));
    }
    expand_free(&values);
}
END_TEST

static const TTest *const tests[] = {
    a_shell_expands_as_posix_says, each_dialect_expands_its_own_way,
    what_ends_the_program_is_no_mistake, given_values_are_taken_and_prove,
    many_variables_are_kept_apart};
UNIT_MAIN("expand", tests)
