#include "unit.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <astray/text.h>

#include "guard.h"

/* A slice whose end is the end of readable memory. */
static struct slice guarded(struct slice slice)
{
    return (struct slice){.data = guard_copy(slice.data, slice.length), .length = slice.length};
}

START_TEST(slices_compare_by_bytes)
{
    static const struct {
        struct slice a, b;
        bool equal, fold;
        const char *why;
    } rows[] = {
        {SLICE("abc"), SLICE("abc"), true, true, "the same"},
        {SLICE("abc"), SLICE("abC"), false, true, "another case"},
        {SLICE("abc"), SLICE("ab"), false, false, "shorter"},
        {SLICE("a\0c"), SLICE("a\0d"), false, false, "a NUL ends nothing"},
        {SLICE("a\0c"), SLICE("A\0C"), false, true, "a NUL ends nothing"},
        {SLICE("[@`{"), SLICE("{`@["), false, false, "beside the letters"},
        {SLICE("@"), SLICE("`"), false, false, "32 apart, but no letters"},
        {SLICE("\xc3\x84"), SLICE("\xc3\xa4"), false, false, "only ASCII letters fold"},
        {SLICE(""), {NULL, 0}, true, true, "both empty"},
        {{NULL, 0}, {NULL, 0}, true, true, "both empty"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice a = guarded(rows[i].a);
        ck_assert_msg(slice_equal(a, rows[i].b) == rows[i].equal, "%s", rows[i].why);
        ck_assert_msg(slice_equal_fold(a, rows[i].b) == rows[i].fold, "%s", rows[i].why);
    }
    ck_assert(slice_equal(slice_of("abc"), SLICE("abc")));
    ck_assert(slice_of(NULL).data == NULL && slice_of(NULL).length == 0);
}
END_TEST

START_TEST(slices_know_their_ends)
{
    static const struct {
        struct slice whole, end;
        bool starts, ends;
    } rows[] = {
        {SLICE("abcab"), SLICE("ab"), true, true},   {SLICE("abc"), SLICE("abc"), true, true},
        {SLICE("abc"), SLICE("abcd"), false, false}, {SLICE("abc"), SLICE("bc"), false, true},
        {SLICE("abc"), SLICE(""), true, true},       {SLICE(""), SLICE(""), true, true},
        {{NULL, 0}, {NULL, 0}, true, true},          {{NULL, 0}, SLICE("a"), false, false},
        {SLICE("a\0b"), SLICE("a\0"), true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice whole = guarded(rows[i].whole);
        ck_assert_int_eq(slice_starts_with(whole, rows[i].end), rows[i].starts);
        ck_assert_int_eq(slice_ends_with(whole, rows[i].end), rows[i].ends);
    }
}
END_TEST

START_TEST(slices_are_cut_from_a_byte_on)
{
    struct slice whole = SLICE("abc");
    ck_assert(slice_equal(slice_from(whole, 0), whole));
    ck_assert(slice_equal(slice_from(whole, 2), SLICE("c")));
    ck_assert_msg(slice_from(whole, 3).data == whole.data + 3, "empty, but it stands in the text");
    ck_assert_uint_eq(slice_from(whole, 3).length, 0);
    ck_assert(slice_from(whole, 4).data == NULL);
    ck_assert(slice_from(whole, SIZE_MAX).data == NULL);
    ck_assert(slice_from((struct slice){0}, 0).data == NULL);
}
END_TEST

START_TEST(finds_the_first_of_a_byte)
{
    struct slice whole = guarded(SLICE("a:b\0:"));
    ck_assert_uint_eq(slice_find(whole, 'a'), 0);
    ck_assert_uint_eq(slice_find(whole, ':'), 1);
    ck_assert_uint_eq(slice_find(whole, '\0'), 3);
    ck_assert_uint_eq(slice_find(whole, 'x'), 5);
    ck_assert_uint_eq(slice_find((struct slice){0}, 'x'), 0);
}
END_TEST

/* The values are those of the authors' own test suite. */
START_TEST(hashes_are_those_of_fnv_1a)
{
    ck_assert_uint_eq(slice_hash(SLICE_HASH_START, SLICE("")), UINT64_C(0xcbf29ce484222325));
    ck_assert_uint_eq(slice_hash(SLICE_HASH_START, SLICE("a")), UINT64_C(0xaf63dc4c8601ec8c));
    uint64_t head = slice_hash(SLICE_HASH_START, SLICE("foo"));
    ck_assert_uint_eq(slice_hash(head, SLICE("bar")), UINT64_C(0x85944171f73967e8));
}
END_TEST

START_TEST(trims_blanks_at_both_ends)
{
    static const struct {
        struct slice text, trimmed;
    } rows[] = {
        {SLICE(" \t\r\na b\n\r\t "), SLICE("a b")},
        {SLICE("a"), SLICE("a")},
        {SLICE("a "), SLICE("a")},
        {SLICE(" a"), SLICE("a")},
        {SLICE(" \n "), SLICE("")},
        {SLICE(""), SLICE("")},
        {{NULL, 0}, SLICE("")},
        {SLICE("\va\f"), SLICE("\va\f")},
        {SLICE("\0 a"), SLICE("\0 a")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(slice_equal(slice_trim(guarded(rows[i].text)), rows[i].trimmed), "row %zu",
                      i);
}
END_TEST

START_TEST(cuts_every_piece_and_then_stops)
{
    static const struct {
        struct slice text;
        const char *pieces; /* each in < > */
    } rows[] = {
        {SLICE("a,,b"), "<a><><b>"},
        {SLICE(""), "<>"},
        {SLICE(","), "<><>"},
        {SLICE("a"), "<a>"},
        {SLICE("a,"), "<a><>"},
        {SLICE(",a"), "<><a>"},
        {{NULL, 0}, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[64] = "";
        struct slice rest = guarded(rows[i].text), piece = SLICE("untouched");
        if (rows[i].text.data == NULL)
            rest = (struct slice){0};
        while (slice_cut(&rest, ',', &piece))
            snprintf(got + strlen(got), sizeof got - strlen(got), "<%.*s>", (int)piece.length,
                     piece.data);
        ck_assert_str_eq(got, rows[i].pieces);
        struct slice before = piece;
        ck_assert(!slice_cut(&rest, ',', &piece));
        ck_assert(piece.data == before.data && rest.data == NULL && rest.length == 0);
    }
}
END_TEST

START_TEST(reads_numbers_up_to_a_limit)
{
    static const struct {
        struct slice text;
        uint64_t max;
        bool read;
        uint64_t number;
        const char *why;
    } rows[] = {
        {SLICE("0"), 0, true, 0, "the only number up to 0"},
        {SLICE("1"), 0, false, 0, "above the limit"},
        {SLICE("00"), 0, true, 0, "zeros"},
        {SLICE("007"), 7, true, 7, "zeros before it"},
        {SLICE("8"), 7, false, 0, "a digit above the limit"},
        {SLICE("65535"), 65535, true, 65535, "the limit"},
        {SLICE("65536"), 65535, false, 0, "one more"},
        {SLICE("18446744073709551615"), UINT64_MAX, true, UINT64_MAX, "the greatest"},
        {SLICE("18446744073709551616"), UINT64_MAX, false, 0, "one more"},
        {SLICE("99999999999999999999"), UINT64_MAX, false, 0, "no wrap around"},
        {SLICE("00000000000000000001"), 1, true, 1, "20 digits"},
        {SLICE("000000000000000000001"), 1, false, 0, "21 digits"},
        {SLICE(""), 9, false, 0, "empty"},
        {{NULL, 0}, 9, false, 0, "empty"},
        {SLICE("+1"), 9, false, 0, "a sign"},
        {SLICE("-1"), 9, false, 0, "a sign"},
        {SLICE(" 1"), 9, false, 0, "a blank"},
        {SLICE("1 "), 9, false, 0, "a blank"},
        {SLICE("1\0"), 9, false, 0, "a NUL"},
        {SLICE("0x1"), 9, false, 0, "no hex"},
        {SLICE("1/"), 99, false, 0, "the byte before 0"},
        {SLICE("1:"), 99, false, 0, "the byte behind 9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t number = 4711;
        ck_assert_msg(slice_number(guarded(rows[i].text), rows[i].max, &number) == rows[i].read,
                      "%s", rows[i].why);
        ck_assert_msg(number == (rows[i].read ? rows[i].number : 4711), "%s", rows[i].why);
    }
}
END_TEST

START_TEST(matches_shell_patterns)
{
    static const struct {
        const char *text, *glob;
        bool match;
        const char *why;
    } rows[] = {
        {"curl", "curl", true, "no wildcard"},
        {"curl", "cur", false, "the whole text"},
        {"curl", "curls", false, "the whole pattern"},
        {"", "", true, "nothing"},
        {"", "*", true, "a star takes nothing"},
        {"", "?", false, "a question mark takes one"},
        {"/usr/bin/curl", "/usr/*", true, "a star takes slashes"},
        {"/usr/bin/curl", "*/curl", true, "a star first"},
        {"/usr/bin/curl", "*bin*l", true, "two stars"},
        {"php8.2", "php?.?", true, "question marks"},
        {"php82", "php?.?", false, "a dot is a dot"},
        {"aXbXc", "*Xc", true, "the last of two"},
        {"abab", "*ab", true, "going back once"},
        {"aab", "*a*b*", true, "stars that take nothing"},
        {"[ab]", "[ab]", true, "brackets are bytes"},
        {"a", "[ab]", false, "brackets are bytes"},
        {"a", "\\a", false, "a backslash is a byte"},
        {"a*c", "a*c", true, "a star in the text"},
        {"Curl", "curl", false, "the case counts"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice text = guarded(slice_of(rows[i].text));
        ck_assert_msg(slice_matches(text, slice_of(rows[i].glob)) == rows[i].match, "%s",
                      rows[i].why);
        struct slice glob = guarded(slice_of(rows[i].glob));
        ck_assert_msg(slice_matches(slice_of(rows[i].text), glob) == rows[i].match, "%s",
                      rows[i].why);
    }
    ck_assert(slice_matches((struct slice){0}, (struct slice){0}));
    ck_assert(!slice_matches(SLICE("a\0b"), SLICE("a\0c")));
}
END_TEST

/* Recursive and slow, but plainly right. */
static bool matches_plainly(const char *text, const char *glob)
{
    if (*glob == '\0')
        return *text == '\0';
    if (*glob == '*')
        return matches_plainly(text, glob + 1) ||
               (*text != '\0' && matches_plainly(text + 1, glob));
    return *text != '\0' && (*glob == '?' || *glob == *text) && matches_plainly(text + 1, glob + 1);
}

static void spell(unsigned number, const char *alphabet, char out[static 7])
{
    size_t base = strlen(alphabet), length = 0;
    for (; number > 0 && length < 6; number /= (unsigned)base + 1)
        if (number % (base + 1) > 0)
            out[length++] = alphabet[number % (base + 1) - 1];
    out[length] = '\0';
}

START_TEST(matches_as_a_plain_matcher_does)
{
    for (unsigned g = 0; g < 1024; g++) { /* five letters of a, b, *, or none */
        for (unsigned t = 0; t < 243; t++) {
            char glob[7], text[7];
            spell(g, "a*b", glob);
            spell(t, "ab", text);
            ck_assert_msg(slice_matches(slice_of(text), slice_of(glob)) ==
                              matches_plainly(text, glob),
                          "\"%s\" and \"%s\"", text, glob);
        }
    }
}
END_TEST

START_TEST(matches_in_bounded_time)
{
    static char text[4000];
    memset(text, 'a', sizeof text);
    /* 16 stars: a matcher that backtracks over all of them never ends. */
    ck_assert(!slice_matches((struct slice){.data = text, .length = sizeof text},
                             SLICE("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b")));
}
END_TEST

START_TEST(text_is_built_and_ended)
{
    char buffer[64];
    struct text text;
    text_start(&text, buffer, sizeof buffer);
    text_string(&text, "port ");
    text_number(&text, 80);
    text_char(&text, ' ');
    text_slice(&text, SLICE("a\0b"));
    text_bytes(&text, "xyz", 2);
    text_bytes(&text, NULL, 0);
    text_slice(&text, (struct slice){0});
    text_string(&text, NULL);
    ck_assert(slice_equal(text_done(&text), SLICE("port 80 a\0bxy")));
    ck_assert(text_finish(&text) == buffer);
    ck_assert_mem_eq(buffer, "port 80 a\0bxy", 14);
    ck_assert(!text.cut);
}
END_TEST

START_TEST(text_takes_what_fits_and_nothing_behind_it)
{
    for (size_t size = 1; size < 12; size++) {
        char content[16];
        memset(content, '#', sizeof content);
        char *buffer = guard_copy(content, size);
        struct text text;
        text_start(&text, buffer, size);
        text_string(&text, "01234");
        text_string(&text, "56789");
        ck_assert_int_eq(text.cut, size < 10);
        ck_assert_uint_eq(text.length, size < 10 ? size : 10);
        ck_assert(slice_equal(text_done(&text), (struct slice){"0123456789", text.length}));
        text_char(&text, 'x');
        ck_assert_msg(text.length == size, "nothing after a cut");
        ck_assert(text_finish(&text) == buffer);
        ck_assert_uint_eq(strlen(buffer), size - 1);
        ck_assert_int_eq(strncmp(buffer, "0123456789x", size - 1), 0);
        ck_assert_msg(text.cut == (size < 12), "the NUL took a byte's place");
    }
}
END_TEST

START_TEST(a_shorter_piece_does_not_slip_in_after_a_cut)
{
    char buffer[4];
    struct text text;
    text_start(&text, buffer, sizeof buffer);
    text_string(&text, "abc");
    text_bytes(&text, "de", 2);
    text_finish(&text);
    text_char(&text, 'f');
    ck_assert_str_eq(buffer, "abc");
    ck_assert(text.cut);
}
END_TEST

START_TEST(numbers_are_written_in_decimal)
{
    static const struct {
        uint64_t number;
        unsigned digits;
        const char *text;
    } rows[] = {
        {0, 0, "0"},
        {0, 1, "0"},
        {0, 3, "000"},
        {7, 2, "07"},
        {123, 2, "123"},
        {999999, 6, "999999"},
        {1, 6, "000001"},
        {UINT64_MAX, 1, "18446744073709551615"},
        {1, 20, "00000000000000000001"},
        {1, 99, "00000000000000000001"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char buffer[32];
        struct text text;
        text_start(&text, buffer, sizeof buffer);
        text_number_padded(&text, rows[i].number, rows[i].digits);
        ck_assert_str_eq(text_finish(&text), rows[i].text);
    }
    for (uint64_t number = 1, i = 0; i < 64; i++, number = number * 3 + i) {
        char ours[32], theirs[32];
        struct text text;
        uint64_t again;
        text_start(&text, ours, sizeof ours);
        text_number(&text, number);
        snprintf(theirs, sizeof theirs, "%" PRIu64, number);
        ck_assert_str_eq(text_finish(&text), theirs);
        ck_assert(slice_number(text_done(&text), UINT64_MAX, &again) && again == number);
    }
}
END_TEST

static const TTest *const tests[] = {
    slices_compare_by_bytes,
    slices_know_their_ends,
    slices_are_cut_from_a_byte_on,
    finds_the_first_of_a_byte,
    hashes_are_those_of_fnv_1a,
    trims_blanks_at_both_ends,
    cuts_every_piece_and_then_stops,
    reads_numbers_up_to_a_limit,
    matches_shell_patterns,
    matches_as_a_plain_matcher_does,
    matches_in_bounded_time,
    text_is_built_and_ended,
    text_takes_what_fits_and_nothing_behind_it,
    a_shorter_piece_does_not_slip_in_after_a_cut,
    numbers_are_written_in_decimal,
};

UNIT_MAIN("text", tests)
