#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library.h"

START_TEST(what_is_preloaded_already_stays)
{
    static const char ours[] = "/lib/astray/libastray.so";
    static const struct {
        const char *present, *wanted, *why;
    } rows[] = {
        {NULL, "/lib/astray/libastray.so", "nothing"},
        {"", "/lib/astray/libastray.so", "an empty variable"},
        {"libx.so", "/lib/astray/libastray.so:libx.so", "one"},
        {"a.so:b.so c.so", "/lib/astray/libastray.so:a.so:b.so c.so", "both separators"},
        {" a.so", "/lib/astray/libastray.so:a.so", "a separator in front"},
        {"::a.so::", "/lib/astray/libastray.so:a.so::", "empty entries"},
        {"/lib/astray/libastray.so", "/lib/astray/libastray.so", "ours"},
        {"a.so:/lib/astray/libastray.so b.so", "a.so:/lib/astray/libastray.so b.so",
         "ours among others"},
        {"/lib/astray/libastray.so.old", "/lib/astray/libastray.so:/lib/astray/libastray.so.old",
         "a longer name is another file"},
        {"libasan.so.8", "libasan.so.8:/lib/astray/libastray.so", "a sanitizer"},
        {"/usr/lib/libtsan.so.2 a.so", "/usr/lib/libtsan.so.2:/lib/astray/libastray.so:a.so",
         "a sanitizer and another"},
        {"libasan.so.8:libclang_rt.ubsan_standalone-x86_64.so",
         "libasan.so.8:libclang_rt.ubsan_standalone-x86_64.so:/lib/astray/libastray.so",
         "two of them"},
        {"a.so:libasan.so.8", "/lib/astray/libastray.so:a.so:libasan.so.8",
         "a sanitizer that is not the first"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *value = library_preload(rows[i].present, ours);
        ck_assert_msg(strcmp(value, rows[i].wanted) == 0, "%s: %s", rows[i].why, value);
        free(value);
    }
}
END_TEST

START_TEST(another_name_of_the_same_file_is_the_same)
{
    char present[64], *value;
    snprintf(present, sizeof present, "a.so:/proc/%d/exe", (int)getpid());
    value = library_preload(present, "/proc/self/exe");
    ck_assert_str_eq(value, present);
    free(value);
}
END_TEST

START_TEST(some_paths_cannot_be_preloaded)
{
    static const struct {
        const char *path;
        bool good;
    } rows[] = {
        {"/usr/lib/astray/libastray.so", true}, {"/opt/a b/libastray.so", false},
        {"/opt/a:b/libastray.so", false},       {"/opt/a\tb/libastray.so", false},
        {"/opt/$LIB/libastray.so", false},      {"/opt/\xc3\xbc-\"'\\/libastray.so", true},
    };
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(library_can_be_preloaded(rows[i].path) == rows[i].good, "%s", rows[i].path);
}
END_TEST

static const TTest *const tests[] = {
    what_is_preloaded_already_stays,
    another_name_of_the_same_file_is_the_same,
    some_paths_cannot_be_preloaded,
};

UNIT_MAIN("library", tests)
