#include "rules.h"

#include <stdint.h>
#include <string.h>

#include "tsv.h"
#include "unit.h"

START_TEST(every_rule_is_explained)
{
    for (int id = 0; id < RULE_COUNT; id++) {
        const struct rule *rule = &rules[id];
        ck_assert_int_eq(rules_named(slice_of(rule->slug)), id);
        ck_assert_msg(rule->summary != NULL && rule->fix != NULL && rule->why != NULL &&
                          rule->happens != NULL && rule->right != NULL && rule->source != NULL,
                      "%s", rule->slug);
        ck_assert_msg(rule->summary[strlen(rule->summary) - 1] != '.', "%s", rule->slug);
        for (const char *c = rule->slug; *c != '\0'; c++)
            ck_assert_msg((*c >= 'a' && *c <= 'z') || *c == '-' || (*c >= '0' && *c <= '9'), "%s",
                          rule->slug);
    }
    ck_assert_int_eq(rules_named(SLICE("no-such-rule")), RULE_COUNT);
}
END_TEST

START_TEST(every_stray_class_has_a_rule)
{
    for (int class = 0; class < ADDR_CLASS_COUNT; class ++) {
        bool stray = (addr_classes_stray >> class & 1) != 0;
        /* a sinkhole is a property of a name that was looked up */
        if (stray && class != ADDR_SINKHOLE)
            ck_assert_msg(rules_of_class((enum addr_class) class) != RULE_COUNT, "%s",
                          addr_class_name((enum addr_class) class));
        if (!stray)
            ck_assert_int_eq(rules_of_class((enum addr_class) class), RULE_COUNT);
    }
}
END_TEST

START_TEST(every_rule_of_the_corpora_exists)
{
    static const char *const files[] = {"check/corpus.tsv", "check/cases.tsv"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct tsv tsv;
        tsv_open(&tsv, files[i]);
        while (tsv_next(&tsv, 5))
            if (strcmp(tsv.column[2], "-") != 0)
                ck_assert_msg(rules_named(slice_of(tsv.column[2])) != RULE_COUNT, "%s",
                              tsv.column[2]);
    }
}
END_TEST

static const TTest *const tests[] = {every_rule_is_explained, every_stray_class_has_a_rule,
                                     every_rule_of_the_corpora_exists};
UNIT_MAIN("rules", tests)
