#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target.h"

/* ---- on real files ------------------------------------------------------ */

static char folder[64];

static const char *write_file(const char *name, const char *text, mode_t mode)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
    return path;
}

static void make_folder(void)
{
    strcpy(folder, "/tmp/astray-target.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(follows_scripts_to_the_program)
{
    struct target target;
    char text[256], path[128];
    make_folder();
    ck_assert_int_eq(target_find("sh", &target), TARGET_OK);
    ck_assert_str_eq(target.path, target.program);

    ck_assert_int_eq(target_find(write_file("plain", "#!/bin/sh\n", 0755), &target), TARGET_OK);
    ck_assert_str_eq(target.program, "/bin/sh");
    ck_assert_int_eq(target_find(write_file("none", "true\n", 0755), &target), TARGET_OK);
    ck_assert_str_eq(target.program, "/bin/sh");
    ck_assert_int_eq(target_find(write_file("env", "#!/usr/bin/env -S -i cat\n", 0755), &target),
                     TARGET_OK);
    ck_assert_ptr_nonnull(strstr(target.program, "/cat"));
    ck_assert(target.clears);

    snprintf(path, sizeof path, "%s/plain", folder);
    snprintf(text, sizeof text, "#!%s\n", path);
    ck_assert_int_eq(target_find(write_file("second", text, 0755), &target), TARGET_OK);
    ck_assert_str_eq(target.program, "/bin/sh");
    remove_folder();
}
END_TEST

START_TEST(tells_what_cannot_be_started)
{
    struct target target;
    char text[256];
    make_folder();
    ck_assert_int_eq(target_find("", &target), TARGET_NOT_FOUND);
    ck_assert_int_eq(target_find("astray-no-such-command", &target), TARGET_NOT_FOUND);
    ck_assert_int_eq(target_find("/astray/no/such", &target), TARGET_NOT_FOUND);
    ck_assert_int_eq(target_find(folder, &target), TARGET_NOT_EXECUTABLE);
    ck_assert_int_eq(target_find(write_file("mode", "#!/bin/sh\n", 0644), &target),
                     TARGET_NOT_EXECUTABLE);
    ck_assert_int_eq(target_find(write_file("gone", "#!/astray/gone\n", 0755), &target),
                     TARGET_NOT_FOUND);
    ck_assert_str_eq(target.program, "/astray/gone");
    snprintf(text, sizeof text, "#!%s/loop\n", folder);
    ck_assert_int_eq(target_find(write_file("loop", text, 0755), &target), TARGET_NOT_EXECUTABLE);
    remove_folder();
}
END_TEST

START_TEST(the_path_is_searched_in_order)
{
    struct target target;
    char path[256], expected[128];
    make_folder();
    write_file("cat", "#!/bin/sh\n", 0755);
    write_file("ls", "#!/bin/sh\n", 0644);
    snprintf(path, sizeof path, "/astray/gone:%s:/bin:/usr/bin", folder);
    setenv("PATH", path, 1);
    ck_assert_int_eq(target_find("cat", &target), TARGET_OK);
    snprintf(expected, sizeof expected, "%s/cat", folder);
    ck_assert_str_eq(target.path, expected);
    ck_assert_int_eq(target_find("ls", &target), TARGET_OK);
    ck_assert_str_ne(target.path, target.program[0] == '\0' ? "" : folder);
    setenv("PATH", folder, 1);
    ck_assert_int_eq(target_find("ls", &target), TARGET_NOT_EXECUTABLE);
    ck_assert_int_eq(chdir(folder), 0);
    setenv("PATH", "", 1);
    ck_assert_int_eq(target_find("cat", &target), TARGET_OK);
    ck_assert_int_eq(chdir("/"), 0);
    setenv("PATH", "/usr/bin:/bin", 1);
    remove_folder();
}
END_TEST

START_TEST(refuses_with_the_reason)
{
    struct elf library = {.bits = 64, .machine = 62, .executable = true, .libc = ELF_LIBC_GLIBC};
    static const struct {
        struct elf elf;
        bool clears;
        const char *part;
    } rows[] = {
        {{.bits = 64, .machine = 62, .libc = ELF_LIBC_GLIBC, .interpreter = "/lib64/ld.so"},
         false,
         NULL},
        {{.bits = 64, .machine = 62, .libc = ELF_LIBC_UNKNOWN, .interpreter = "/lib64/x"},
         false,
         NULL},
        {{.bits = 64, .machine = 62, .libc = ELF_LIBC_MUSL, .interpreter = "/lib/ld-musl"},
         false,
         NULL},
        {{.bits = 64, .machine = 62}, false, "statically"},
        {{.bits = 64, .machine = 62, .go = true}, false, "a Go program"},
        {{.bits = 32, .machine = 3, .interpreter = "/lib/ld-linux.so.2"}, false, "is for i386"},
        {{.bits = 64, .machine = 62, .libc = ELF_LIBC_GLIBC, .interpreter = "/lib64/ld.so"},
         true,
         "env -i"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct target target = {.program = "/bin/sh", .elf = rows[i].elf, .clears = rows[i].clears};
        char reason[256] = "";
        bool refused = target_refuses(&target, &library, reason, sizeof reason);
        ck_assert_msg(refused == (rows[i].part != NULL), "row %zu: %s", i, reason);
        if (refused)
            ck_assert_msg(strstr(reason, rows[i].part) != NULL, "row %zu: %s", i, reason);
    }
}
END_TEST

/* glibc's loader would not find what it needs, and the program would not start. */
START_TEST(refuses_a_library_that_needs_musl_in_a_program_of_glibc)
{
    struct elf library = {.bits = 64, .machine = 62, .executable = true, .libc = ELF_LIBC_MUSL};
    struct target target = {
        .program = "/bin/sh",
        .elf = {.bits = 64, .machine = 62, .libc = ELF_LIBC_GLIBC, .interpreter = "/lib64/ld.so"}};
    char reason[256];
    ck_assert(target_refuses(&target, &library, reason, sizeof reason));
    ck_assert_str_eq(reason, "uses glibc, the library was built for musl");
    library.libc = ELF_LIBC_UNKNOWN;
    ck_assert(!target_refuses(&target, &library, reason, sizeof reason));
}
END_TEST

static const TTest *const tests[] = {
    follows_scripts_to_the_program,
    tells_what_cannot_be_started,
    the_path_is_searched_in_order,
    refuses_with_the_reason,
    refuses_a_library_that_needs_musl_in_a_program_of_glibc,
};

UNIT_MAIN("target", tests)
