#include "check.h"
#include "unit.h"

#include <string.h>

START_TEST(patterns_match_as_gitignore_says)
{
    static const struct {
        const char *patterns, *path;
        bool directory, matches;
    } rows[] = {
        {"*.env", "r/a.env", false, true},
        {"*.env", "r/b/c/a.env", false, true},
        {"*.env", "r/a.envx", false, false},
        {"/a.env", "r/a.env", false, true},
        {"/a.env", "r/b/a.env", false, false},
        {"b/*.env", "r/b/a.env", false, true},
        {"b/*.env", "r/c/b/a.env", false, false},
        {"b/*.env", "r/b/c/a.env", false, false},
        {"b/**/a.env", "r/b/a.env", false, true},
        {"b/**/a.env", "r/b/c/d/a.env", false, true},
        {"**/a.env", "r/b/a.env", false, true},
        {"b/", "r/b", true, true},
        {"b/", "r/b", false, false},
        {"*.env\n!a.env", "r/a.env", false, false},
        {"!a.env\n*.env", "r/a.env", false, true},
        {"# a.env", "r/a.env", false, false},
        {"\\#a", "r/#a", false, true},
        {"[ab].env", "r/a.env", false, true},
        {"[!ab].env", "r/a.env", false, false},
        {"[a-c].env", "r/b.env", false, true},
        {"a?.env", "r/ab.env", false, true},
        {"a.env   ", "r/a.env", false, true},
        {"\n\n", "r/a.env", false, false},
        {"[", "r/a.env", false, false},
        {"**", "r/a.env", false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct check_gitignore *patterns =
            check_gitignore_new(NULL, slice_of(rows[i].patterns), strlen("r/"));
        ck_assert_msg(check_gitignore_matches(patterns, slice_of(rows[i].path),
                                              rows[i].directory) == rows[i].matches,
                      "%s: %s", rows[i].patterns, rows[i].path);
        ck_assert_ptr_null(check_gitignore_free(patterns));
    }
}
END_TEST

START_TEST(the_nearest_file_wins)
{
    struct check_gitignore *outer = check_gitignore_new(NULL, SLICE("*.env\n"), 2);
    struct check_gitignore *inner = check_gitignore_new(outer, SLICE("!a.env\n"), 4);
    ck_assert(!check_gitignore_matches(inner, SLICE("r/b/a.env"), false));
    ck_assert(check_gitignore_matches(inner, SLICE("r/b/c.env"), false));
    ck_assert_ptr_eq(check_gitignore_free(inner), outer);
    check_gitignore_free(outer);
}
END_TEST

START_TEST(hostile_patterns_end)
{
    char many[2001];
    memset(many, '*', sizeof many - 1);
    for (size_t i = 0; i + 1 < sizeof many; i += 2)
        many[i] = 'a';
    many[sizeof many - 1] = '\0';
    struct check_gitignore *patterns = check_gitignore_new(NULL, slice_of(many), 0);
    char path[501];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    check_gitignore_matches(patterns, slice_of(path), false);
    check_gitignore_free(patterns);
}
END_TEST

static const TTest *const tests[] = {patterns_match_as_gitignore_says, the_nearest_file_wins,
                                     hostile_patterns_end};
UNIT_MAIN("check_gitignore", tests)
