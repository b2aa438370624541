#include "check.h"
#include "guard.h"
#include "unit.h"

#include <string.h>

START_TEST(a_comment_covers_its_line_or_the_statement_below)
{
    static const struct {
        const char *why, *text;
        size_t first, last;
        bool covered;
    } rows[] = {
        {"on the line", "A=0 # astray: ignore=unspecified -- lab\n", 0, 0, true},
        {"above", "# astray: ignore=unspecified -- lab\nA=0\n", 1, 1, true},
        {"above, with lines between", "# astray: ignore=unspecified -- lab\n# x\n\nA=0\n", 3, 3,
         true},
        {"a statement of several lines", "# astray: ignore=unspecified -- lab\na \\\n 0\n", 1, 2,
         true},
        {"not the line after that", "# astray: ignore=unspecified -- lab\nA=0\nB=0\n", 2, 2, false},
        {"another rule", "A=0 # astray: ignore=documentation -- lab\n", 0, 0, false},
        {"one of two rules", "A=0 # astray: ignore=documentation,unspecified -- lab\n", 0, 0, true},
        {"no reason", "A=0 # astray: ignore=unspecified\n", 0, 0, false},
        {"an empty reason", "A=0 # astray: ignore=unspecified -- \n", 0, 0, false},
        {"in a JavaScript comment", "a: 0, // astray: ignore=unspecified -- lab\n", 0, 0, true},
        {"in a string", "a: \"astray: ignore=unspecified -- lab\"\n", 0, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct check_ignores ignores = {0};
        size_t length = strlen(rows[i].text);
        struct slice text = {.data = guard_copy(rows[i].text, length), .length = length};
        check_ignore_find(&ignores, text, 0);
        ck_assert_msg(check_ignore_covers(&ignores, RULE_UNSPECIFIED, rows[i].first,
                                          rows[i].last) == rows[i].covered,
                      "%s", rows[i].why);
        if (rows[i].covered)
            ck_assert(ignores.items[0].used);
        check_ignore_free(&ignores);
    }
}
END_TEST

static const TTest *const tests[] = {a_comment_covers_its_line_or_the_statement_below};
UNIT_MAIN("check_ignore", tests)
