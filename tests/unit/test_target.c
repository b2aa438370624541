#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard.h"
#include "target.h"

START_TEST(parses_the_line_as_linux_does)
{
    static const struct {
        const char *text, *interpreter, *argument, *why;
    } rows[] = {
        {"#!/bin/sh\n", "/bin/sh", "", "the usual"},
        {"#!/bin/sh", "/bin/sh", "", "no end of line"},
        {"#! \t/bin/sh -e\n", "/bin/sh", "-e", "blanks before it"},
        {"#!/usr/bin/env -S a b  c \t\nrest", "/usr/bin/env", "-S a b  c", "one argument only"},
        {"#!/bin/sh\r\n", "/bin/sh", "", "a carriage return is left out, as a blank"},
        {"#!\n", NULL, NULL, "no interpreter"},
        {"#!   \n/bin/sh\n", NULL, NULL, "blanks only"},
        {"#", NULL, NULL, "half of it"},
        {"", NULL, NULL, "nothing"},
        {" #!/bin/sh\n", NULL, NULL, "not at the start"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct target_script script;
        size_t length = strlen(rows[i].text);
        bool read = target_parse_script(guard_copy(rows[i].text, length), length, &script);
        ck_assert_msg(read == (rows[i].interpreter != NULL), "%s", rows[i].why);
        if (!read)
            continue;
        ck_assert_str_eq(script.interpreter, rows[i].interpreter);
        ck_assert_str_eq(script.argument, rows[i].argument);
    }
}
END_TEST

START_TEST(a_name_that_is_cut_off_is_none)
{
    char text[300];
    struct target_script script;
    memset(text, 'x', sizeof text);
    memcpy(text, "#!/", 3);
    ck_assert(!target_parse_script(text, sizeof text, &script));
    ck_assert(target_parse_script(text, 255, &script));
    text[200] = ' ';
    ck_assert(target_parse_script(text, sizeof text, &script));
    ck_assert_uint_eq(strlen(script.interpreter), 198);
    ck_assert(!target_parse_script("#!\0/bin/sh\n", 11, &script));
}
END_TEST

START_TEST(finds_the_program_behind_env)
{
    static const struct {
        const char *argument, *program;
        bool clears;
        const char *why;
    } rows[] = {
        {"python3", "python3", false, "the usual"},
        {"python3 -u", "python3 -u", false, "without -S it is one word, and no program"},
        {"-S python3 -u", "python3", false, "-S"},
        {"-Spython3 -u", "python3", false, "-S with its word"},
        {"-S A=1 B=2 perl -w", "perl", false, "assignments"},
        {"-S -i perl", "perl", true, "-i"},
        {"-iS perl", "perl", true, "a cluster"},
        {"-vS -u PATH -C /tmp perl", "perl", false, "options with a value"},
        {"-S -uPATH perl", "perl", false, "a value in the same word"},
        {"-S - perl", "perl", true, "a dash means -i"},
        {"-S --ignore-environment perl", "perl", true, "the long option"},
        {"--split-string=perl -w", "perl", false, "the long -S"},
        {"--split-string=-i perl -w", "perl", true, "an option in it"},
        {"-i", NULL, false, "an option only"},
        {"-i perl", NULL, false, "no -S: one argument, which is no program"},
        {"A=1", NULL, false, "an assignment only"},
        {"-S", NULL, false, "nothing behind it"},
        {"-S -u", NULL, false, "a value is missing"},
        {"", NULL, false, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char program[256];
        bool clears = false;
        bool read = target_parse_env(rows[i].argument, program, &clears);
        ck_assert_msg(read == (rows[i].program != NULL), "%s", rows[i].why);
        if (!read)
            continue;
        ck_assert_str_eq(program, rows[i].program);
        ck_assert_msg(clears == rows[i].clears, "%s", rows[i].why);
    }
}
END_TEST

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
         "uses musl"},
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

static const TTest *const tests[] = {
    parses_the_line_as_linux_does,  a_name_that_is_cut_off_is_none, finds_the_program_behind_env,
    follows_scripts_to_the_program, tells_what_cannot_be_started,   the_path_is_searched_in_order,
    refuses_with_the_reason,
};

UNIT_MAIN("target", tests)
