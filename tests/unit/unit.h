/* unit.h - the frame of a Check suite: each test_<module>.c is a program of its own.
 *
 * A test's name is a claim; its rows carry a `why`. Data files are found through
 * ASTRAY_TEST_DATA, which the Makefile sets. */
#ifndef ASTRAY_TESTS_UNIT_H
#define ASTRAY_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

/* Check's own START_TEST makes a test's name a pointer variable, which no constant
 * table can hold; as an array of one it is an address. */
#undef START_TEST
#define START_TEST(name)                                                                           \
    static void name##_fn(int _i CK_ATTRIBUTE_UNUSED);                                             \
    static const TTest name[1] = {{#name, name##_fn, __FILE__, __LINE__}};                         \
    static void name##_fn(int _i CK_ATTRIBUTE_UNUSED)

/* Runs every test of the list TESTS (an array of const TTest *) as suite NAME. */
#define UNIT_MAIN(name, tests)                                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        Suite *suite = suite_create(name);                                                         \
        TCase *group = tcase_create(name);                                                         \
        for (size_t i = 0; i < sizeof(tests) / sizeof *(tests); i++)                               \
            tcase_add_test(group, (tests)[i]);                                                     \
        tcase_set_timeout(group, 120); /* only against a hang: a busy machine is no failure */     \
        suite_add_tcase(suite, group);                                                             \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_NORMAL);                                                        \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }

#endif
