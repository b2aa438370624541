/* check.h - as much of Check as our unit tests use, for worlds in which Debian has no Check: other
 * machines and other C libraries. Each test runs in a process of its own, and the closing line is
 * Check's. */
#ifndef ASTRAY_TESTS_WORLDS_CHECK_H
#define ASTRAY_TESTS_WORLDS_CHECK_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CK_ATTRIBUTE_UNUSED __attribute__((unused))
#define CK_NORMAL 0

typedef struct {
    const char *name;
    void (*run)(int);
    const char *file;
    int line;
} TTest;

enum { CHECK_TESTS_MAX = 128 };

/* Check has three kinds of lists; one is enough for a program with one suite. */
typedef struct {
    const char *name;
    const TTest *tests[CHECK_TESTS_MAX];
    int count, failed;
    unsigned seconds; /* a test may take */
} Suite;
typedef Suite TCase;
typedef Suite SRunner;

static Suite check_suite;

static inline Suite *suite_create(const char *name)
{
    check_suite.name = name;
    return &check_suite;
}

static inline TCase *tcase_create(const char *name)
{
    (void)name;
    return &check_suite;
}

static inline void tcase_set_timeout(TCase *group, double seconds)
{
    group->seconds = (unsigned)seconds;
}

static inline void tcase_add_test(TCase *group, const TTest *test)
{
    if (group->count == CHECK_TESTS_MAX)
        abort();
    group->tests[group->count++] = test;
}

static inline void suite_add_tcase(Suite *suite, TCase *group)
{
    (void)suite, (void)group;
}

static inline SRunner *srunner_create(Suite *suite)
{
    return suite;
}

static inline void srunner_run_all(SRunner *runner, int mode)
{
    (void)mode;
    for (int i = 0; i < runner->count; i++) {
        const TTest *test = runner->tests[i];
        int status = -1;
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            alarm(runner->seconds);
            test->run(0);
            exit(EXIT_SUCCESS);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            printf("%s:%d: %s ended with status %#x\n", test->file, test->line, test->name,
                   (unsigned)status);
            runner->failed++;
        }
    }
    printf("%d%%: Checks: %d, Failures: %d, Errors: 0\n",
           runner->count == 0 ? 0 : 100 * (runner->count - runner->failed) / runner->count,
           runner->count, runner->failed);
}

static inline int srunner_ntests_failed(SRunner *runner)
{
    return runner->failed;
}

static inline void srunner_free(SRunner *runner)
{
    (void)runner;
}

__attribute__((noreturn, format(printf, 3, 4))) static inline void
check_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", file, line);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    exit(EXIT_FAILURE);
}

#define ck_abort() check_fail(__FILE__, __LINE__, "aborted")
#define ck_abort_msg(...) check_fail(__FILE__, __LINE__, __VA_ARGS__)
#define ck_assert_msg(claim, ...)                                                                  \
    do {                                                                                           \
        if (!(claim))                                                                              \
            check_fail(__FILE__, __LINE__, __VA_ARGS__);                                           \
    } while (0)
#define ck_assert(claim) ck_assert_msg(claim, "%s", "not so: " #claim)

#define CHECK_NUMBERS(type, print, a, op, b)                                                       \
    do {                                                                                           \
        type check_a = (a), check_b = (b);                                                         \
        ck_assert_msg(check_a op check_b, "%s: %" print ", %" print, #a " " #op " " #b, check_a,   \
                      check_b);                                                                    \
    } while (0)
#define ck_assert_int_eq(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, ==, b)
#define ck_assert_int_ne(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, !=, b)
#define ck_assert_int_lt(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, <, b)
#define ck_assert_int_le(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, <=, b)
#define ck_assert_int_gt(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, >, b)
#define ck_assert_int_ge(a, b) CHECK_NUMBERS(intmax_t, PRIdMAX, a, >=, b)
#define ck_assert_uint_eq(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, ==, b)
#define ck_assert_uint_ne(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, !=, b)
#define ck_assert_uint_lt(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, <, b)
#define ck_assert_uint_le(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, <=, b)
#define ck_assert_uint_gt(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, >, b)
#define ck_assert_uint_ge(a, b) CHECK_NUMBERS(uintmax_t, PRIuMAX, a, >=, b)
#define ck_assert_ptr_eq(a, b) ck_assert((const void *)(a) == (const void *)(b))
#define ck_assert_ptr_ne(a, b) ck_assert((const void *)(a) != (const void *)(b))
#define ck_assert_ptr_null(a) ck_assert((a) == NULL)
#define ck_assert_ptr_nonnull(a) ck_assert((a) != NULL)
#define ck_assert_mem_eq(a, b, size) ck_assert(memcmp(a, b, size) == 0)
#define ck_assert_mem_ne(a, b, size) ck_assert(memcmp(a, b, size) != 0)

#define CHECK_TEXTS(a, op, b)                                                                      \
    do {                                                                                           \
        const char *check_a = (a), *check_b = (b);                                                 \
        ck_assert_msg(check_a != NULL && check_b != NULL && strcmp(check_a, check_b) op 0,         \
                      "%s: \"%s\", \"%s\"", #a " " #op " " #b, check_a == NULL ? "NULL" : check_a, \
                      check_b == NULL ? "NULL" : check_b);                                         \
    } while (0)
#define ck_assert_str_eq(a, b) CHECK_TEXTS(a, ==, b)
#define ck_assert_str_ne(a, b) CHECK_TEXTS(a, !=, b)

#define START_TEST(name) /* unit.h makes its own */
#define END_TEST

#endif
